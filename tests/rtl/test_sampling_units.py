"""Units of stimulus and read-out, in Amaranth's own simulator, against the reference model."""

import random

import numpy as np
import pytest
from amaranth.sim import SimulatorContext
from learning_arithmetic import SEED, run
from rtl_configs import CONFIGS

from spikeloom.contract import ArrayConfig
from spikeloom.contract.registers import CONTROL_REGISTERS
from spikeloom.contract.sampling import EncoderMode, SampleField
from spikeloom.contract.words import BITMAP_TAG, LEVELS_TAG, SAMPLE_TAG, SampleFlag
from spikeloom_rtl.sampling.readout_map import ReadoutMap
from spikeloom_rtl.sampling.sample_words import SampleWords
from spikeloom_rtl.sampling.sampler import Sampler
from spikeloom_sim.reference.control import ControlRegisters
from spikeloom_sim.reference.sampling import Sample, SamplingMemory

SAMPLING = {
    name: config.replace(sampling=True, pattern_words=64) for name, config in CONFIGS.items()
}
MOST_CYC = 400


@pytest.fixture(params=SAMPLING)
def config(request: pytest.FixtureRequest) -> ArrayConfig:
    return SAMPLING[request.param]


WINDOWS = ("sample", "levels", "encoders", "pattern", "readout", "counts")


def _select(ctx: SimulatorContext, dut, window: str, offset: int):
    """Select a window as the bus fabric does: all have the same offset."""
    for other in WINDOWS:
        ctx.set(getattr(dut, f"host_{other}").offset, offset)
    host = getattr(dut, f"host_{window}")
    ctx.set(host.select, 1)
    return host


async def write(ctx: SimulatorContext, dut, window: str, offset: int, word: int) -> None:
    """Write a word as the bus fabric does."""
    host = _select(ctx, dut, window, offset)
    ctx.set(host.data, word)
    await ctx.tick().repeat(2)
    ctx.set(host.commit, 1)
    await ctx.tick()
    ctx.set(host.commit, 0)
    ctx.set(host.select, 0)


async def read(ctx: SimulatorContext, dut, window: str, offset: int) -> int:
    """Read a word as the bus fabric does."""
    host = _select(ctx, dut, window, offset)
    await ctx.tick().repeat(2)
    word = ctx.get(host.read_data)
    ctx.set(host.select, 0)
    await ctx.tick()
    return word


class _Model:
    """The reference's sample, its memories and its registers."""

    def __init__(self, config: ArrayConfig, rng: np.random.Generator) -> None:
        self.config, self.rng = config, rng
        self.memory = SamplingMemory(config)
        self.sample = Sample(config, self.memory)
        self.control = ControlRegisters(config)

    def set(self, name: str, value: int) -> None:
        self.control.write(CONTROL_REGISTERS[name].offset, value)

    def fill(self) -> dict[str, list[int]]:
        """Draw memories; return their words by window."""
        rng, memory, config = self.rng, self.memory, self.config
        memory.level[:] = rng.integers(0, 256, config.inputs)
        memory.level[rng.random(config.inputs) < 0.2] = 0
        memory.mode[:] = rng.choice([*EncoderMode], config.inputs)
        memory.scale[:] = rng.choice([0, 0, 1, 2, *range(8)], config.inputs)
        kind = rng.random(config.pattern_words)
        events = rng.integers(config.neurons - 2, config.axons + 2, config.pattern_words)
        pauses = 0x8000 | rng.integers(0, 3, config.pattern_words)
        junk = rng.integers(0xC000, 0x10000, config.pattern_words)
        memory.word[:] = np.where(kind < 0.7, events, np.where(kind < 0.95, pauses, junk))
        memory.group[:] = rng.integers(0, 1 << config.group_bits, config.neurons)
        memory.group[rng.random(config.neurons) < 0.7] = rng.integers(0, config.neurons)
        memory.counted[:] = rng.random(config.neurons) < 0.8
        memory.silent[:] = rng.random(config.neurons) < 0.4
        bits = config.group_bits
        return {
            "levels": memory.level.tolist(),
            "encoders": (memory.mode | memory.scale << 2).tolist(),
            "pattern": memory.word.tolist(),
            "readout": (
                memory.group | memory.counted << bits | memory.silent << (bits + 1)
            ).tolist(),
        }


@pytest.mark.parametrize("ready", [0.4, 1.0])
def test_sampler_equals_the_reference(config: ArrayConfig, ready: float) -> None:
    """Stimulus, reported spikes, counts and judgement of many steps of many samples."""
    dut = Sampler(config)
    rng = random.Random(SEED)
    model = _Model(config, np.random.default_rng(SEED))
    told: list[int] = []
    decided = 0

    async def registers(ctx: SimulatorContext) -> None:
        words, inputs = config.pattern_words, config.inputs
        for name, values in {
            "stimulus_seed": [rng.getrandbits(32)],
            "encoded_inputs": [0, 1, inputs, inputs + 1, 32_767],
            "pattern_length": [0, 1, rng.randrange(words), words, words + 3],
            "stop_count": [0, 0, 5, 20],
            "stop_margin": [0, 0, 2, 9],
            "stop_after": [0, 0, 3],
        }.items():
            value = rng.choice(values)
            model.set(name, value)
            ctx.set(getattr(dut, name), value)

    async def restart(ctx: SimulatorContext) -> None:
        model.sample.restart()
        age = rng.choice([0, 0, 0, 7, 65_533])
        state = {SampleField.AGE: age, SampleField.PLACE: rng.randrange(config.pattern_words)}
        for field in SampleField:
            model.sample.value[field] = state.get(field, 0)
            await write(ctx, dut, "sample", field, state.get(field, 0))
        for group in range(config.neurons):
            await write(ctx, dut, "counts", group, 0)

    async def stimulate(ctx: SimulatorContext) -> None:
        if rng.random() < 0.3:  # a CONTROL word right before the step
            seed = rng.getrandbits(32)
            model.set("stimulus_seed", seed)
            ctx.set(dut.stimulus_seed, seed)
        expected = sorted(model.sample.stimulate(model.control).tolist())
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        spikes = []
        for _ in range(MOST_CYC):
            if not ctx.get(dut.stimulating):
                break
            ctx.set(dut.spikes.ready, rng.random() < ready)
            if ctx.get(dut.spikes.valid) and ctx.get(dut.spikes.ready):
                spikes.append(ctx.get(dut.spikes.payload))
            await ctx.tick()
        assert not ctx.get(dut.stimulating)
        assert sorted(spikes) == expected

    async def fire(ctx: SimulatorContext) -> None:
        neurons = [n for n in range(config.neurons) if rng.random() < rng.choice([0.2, 0.9])]
        expected = [n for n in neurons if not model.memory.silent[n]]
        model.sample.count_spikes(np.array(neurons, np.intp))
        told.clear()
        for _ in range(MOST_CYC):
            ctx.set(dut.neurons.valid, bool(neurons) and rng.random() < 0.8)
            ctx.set(dut.neurons.payload, neurons[0] if neurons else 0)
            ctx.set(dut.reported.ready, rng.random() < ready)
            if ctx.get(dut.reported.valid) and ctx.get(dut.reported.ready):
                told.append(ctx.get(dut.reported.payload))
            if ctx.get(dut.neurons.valid) and ctx.get(dut.neurons.ready):
                neurons.pop(0)
            await ctx.tick()
            if not (neurons or ctx.get(dut.reporting) or ctx.get(dut.judging)):
                break
        ctx.set(dut.neurons.valid, 0)
        assert told == expected

    async def bench(ctx: SimulatorContext) -> None:
        nonlocal decided
        for number in range(12):
            await registers(ctx)
            if number % 3 == 0:
                for name, words in model.fill().items():
                    for offset, word in enumerate(words):
                        await write(ctx, dut, name, offset, word)
                        if offset == 3:
                            assert await read(ctx, dut, name, 3) == word
            await restart(ctx)
            for _ in range(rng.randrange(12)):
                await stimulate(ctx)
                await fire(ctx)
                ctx.set(dut.step_done, 1)
                await ctx.tick()
                ctx.set(dut.step_done, 0)
                model.sample.judge(model.control)
                shown = [await read(ctx, dut, "sample", field) for field in SampleField]
                assert shown == model.sample.value.tolist()
                assert ctx.get(dut.decided) == model.sample.decided
                decided += model.sample.decided
                counts = [await read(ctx, dut, "counts", g) for g in range(config.neurons)]
                assert counts == (model.sample.count | model.sample.first << 16).tolist()
                if model.sample.decided:
                    break  # no step runs then

    run(dut, bench)
    assert decided


@pytest.mark.parametrize("decided", [False, True])
def test_words_of_samples(config: ArrayConfig, decided: bool) -> None:
    """Events, levels, reports and clears are those that words ask for, however words come."""
    dut = SampleWords(config)
    rng = random.Random(SEED)
    inputs, neurons = config.inputs, config.neurons
    told: list[tuple[str, int, int]] = []

    async def tick(ctx: SimulatorContext) -> bool:
        """Note what happens in this cycle; return whether all is done."""
        if ctx.get(dut.event):
            told.append(("event", ctx.get(dut.axon), 0))
        if ctx.get(dut.levels.en):
            told.append(("level", ctx.get(dut.levels.input), ctx.get(dut.levels.level)))
        ctx.set(dut.reported, ctx.get(dut.report) and rng.random() < 0.3)
        ctx.set(dut.cleared, ctx.get(dut.clear) and rng.random() < 0.3)
        if ctx.get(dut.reported):
            told.append(("report", 0, 0))
        if ctx.get(dut.cleared):
            told.append(("clear", ctx.get(dut.what), 0))
        if ctx.get(dut.steps):
            assert ctx.get(dut.done)
            told.append(("step", 0, 0))
        done = bool(ctx.get(dut.done))
        await ctx.tick()
        return done

    async def carry_out(ctx: SimulatorContext, head: int, words: list[int]) -> None:
        ctx.set(dut.start, 1)
        ctx.set(dut.head, head)
        await tick(ctx)
        ctx.set(dut.start, 0)
        for _ in range(MOST_CYC):
            ctx.set(dut.words.valid, bool(words) and rng.random() < 0.7)
            ctx.set(dut.words.payload, words[0] if words else rng.getrandbits(16))
            if ctx.get(dut.words.valid) and ctx.get(dut.words.ready):
                words.pop(0)
            done = await tick(ctx)
            if done:
                break
        assert done
        assert not words
        ctx.set(dut.words.valid, 0)
        await tick(ctx)

    def bitmap() -> tuple[int, list[int], list[tuple[str, int, int]]]:
        words = [rng.getrandbits(16) for _ in range(rng.randrange(6))]
        bits = [k for k in range(16 * len(words)) if words[k // 16] >> k % 16 & 1]
        events = [("event", neurons + k if k < inputs else 0, 0) for k in bits]
        return BITMAP_TAG | len(words), words, [*([] if decided else events), ("step", 0, 0)]

    def levels(first: int) -> tuple[int, list[int], list[tuple[str, int, int]]]:
        count = rng.choice([0, 1, 2, 7, inputs + 3])
        words = [rng.getrandbits(16) for _ in range(-(-count // 2))]
        written = [
            ("level", first + k, words[k // 2] >> 8 * (k % 2) & 255)
            for k in range(count)
            if first + k < inputs
        ]
        return LEVELS_TAG | count, words, written

    def end() -> tuple[int, list[int], list[tuple[str, int, int]]]:
        flags = rng.choice([0, 1, 2, rng.getrandbits(11)])
        report = [("report", 0, 0)] if flags & SampleFlag.REPORT else []
        clear = [("clear", flags >> 1 & 31, 0)] if flags >> 1 & 31 else []
        return SAMPLE_TAG | flags, [], [*report, *clear]

    async def bench(ctx: SimulatorContext) -> None:
        ctx.set(dut.decided, decided)
        for _ in range(60):
            first = rng.choice([0, 3, inputs - 1, 32_767])
            ctx.set(dut.levels_first, first)
            head, words, expected = rng.choice([bitmap(), levels(first), end()])
            told.clear()
            await carry_out(ctx, head & 0x1FFF, words)
            assert told == expected

    run(dut, bench)


def test_readout_map_takes_a_spike_a_cycle(config: ArrayConfig) -> None:
    """Without a wait behind it nothing waits before it, silent or not."""
    dut = ReadoutMap(config)

    async def bench(ctx: SimulatorContext) -> None:
        ctx.set(dut.reported.ready, 1)
        ctx.set(dut.neurons.valid, 1)
        for neuron in range(40):
            ctx.set(dut.neurons.payload, neuron % config.neurons)
            assert ctx.get(dut.neurons.ready)
            await ctx.tick()

    run(dut, bench)
