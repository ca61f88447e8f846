"""Spikes and sums on their way through the array, in Amaranth's own simulator."""

import dataclasses
import random

import pytest
from amaranth.sim import SimulatorContext
from learning_arithmetic import SEED, run
from ref_neuron import NeuronCase, random_neuron, ref_neuron
from rtl_configs import CONFIGS, SMALL, SMALL_FAST

from spikeloom.contract import ArrayConfig
from spikeloom.contract.numbers import DECAY_BITS
from spikeloom_rtl.array.integrator import Integrator
from spikeloom_rtl.array.spike_bus import SpikeBus
from spikeloom_rtl.array.updater import Updater


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("ready", [0.3, 1.0])
def test_spike_bus_keeps_spikes_in_order(config: ArrayConfig, ready: float) -> None:
    """Each spike is told once and heard once, those of a core in order, however both wait."""
    dut = SpikeBus(config)
    rng = random.Random(SEED)
    size = config.neurons_per_core
    queues = [[rng.randrange(size) for _ in range(120)] for _ in range(config.cores)]
    expected = [list(queue) for queue in queues]
    told: list[list[int]] = [[] for _ in queues]
    heard: list[list[int]] = [[] for _ in queues]

    async def bench(ctx: SimulatorContext) -> None:
        for _ in range(4000):
            for core, queue in zip(dut.cores, queues, strict=True):
                ctx.set(core.valid, bool(queue) and rng.random() < 0.8)
                ctx.set(core.payload, queue[0] if queue else 0)
            hears = rng.random() < ready
            ctx.set(dut.heard, hears)
            fresh = ctx.get(dut.fresh)
            ctx.set(dut.neurons.ready, rng.random() < ready and (hears or not fresh))
            neuron = ctx.get(dut.neurons.payload)
            assert ctx.get(dut.neurons.valid) or not fresh
            if fresh and hears:
                heard[neuron // size].append(neuron % size)
            if ctx.get(dut.neurons.valid) and ctx.get(dut.neurons.ready):
                told[neuron // size].append(neuron % size)
            for core, queue in zip(dut.cores, queues, strict=True):
                if ctx.get(core.valid) and ctx.get(core.ready):
                    queue.pop(0)
            await ctx.tick()

    run(dut, bench)
    assert told == expected
    assert heard == expected


@pytest.mark.parametrize(
    "config",
    [
        SMALL,
        SMALL_FAST,
        SMALL.replace(neurons_per_core=6, lanes=6),
        SMALL.replace(cores=1, neurons_per_core=40, lanes=1, axons=53),
        SMALL.replace(cores=1, neurons_per_core=40, lanes=2, axons=53),
        SMALL.replace(cores=1, neurons_per_core=48, lanes=12, axons=53),
    ],
    ids=["two words", "fast", "one word", "serial", "two lanes", "wide"],
)
def test_integrator_adds_rows_and_gives_sums_out(config: ArrayConfig) -> None:
    """Rows in every rhythm, neurons in use and not; sums come two cycles after the take."""
    dut = Integrator(config)
    rng = random.Random(SEED)
    lanes, bits = config.lanes, config.weight_bits
    rows = [
        [rng.randrange(-128, 128) for _ in range(config.neurons_per_core)]
        for _ in range(config.rows_per_core)
    ]

    async def bench(ctx: SimulatorContext) -> None:
        pending = [0]  # addresses on their way through the synapse memory

        async def tick() -> None:
            word = pending.pop(0)
            place = word % config.words_per_row * lanes
            weights = rows[word // config.words_per_row][place : place + lanes]
            packed = sum((w & 255) << (bits * k) for k, w in enumerate(weights))
            pending.append(ctx.get(dut.address) if ctx.get(dut.reads) else 0)
            await ctx.tick()
            ctx.set(dut.weights, packed)

        for _ in range(12):
            in_use = rng.randint(1, config.neurons_per_core)
            ctx.set(dut.words_in_use, -(-in_use // lanes))
            for _ in range(3):
                await tick()
            sums = [0] * config.neurons_per_core
            for row in rng.choices(range(config.rows_per_core), k=rng.randrange(9)):
                ctx.set(dut.rows.payload, row)
                ctx.set(dut.rows.valid, 1)
                sums = [s + w for s, w in zip(sums, rows[row], strict=True)]
                taken = False
                while not taken:
                    ctx.set(dut.wait, rng.random() < 0.2)
                    taken = bool(ctx.get(dut.rows.ready))
                    await tick()
                if rng.random() < 0.3:
                    ctx.set(dut.rows.valid, 0)
                    await tick()
            ctx.set(dut.rows.valid, 0)
            while ctx.get(dut.busy):
                await tick()
            takes: list[int | None] = [None, None]
            neuron = 0
            while neuron < in_use or takes != [None, None]:
                take = neuron < in_use and rng.random() < 0.8
                ctx.set(dut.take, take)
                ctx.set(dut.last, take and neuron == in_use - 1)
                shown = takes.pop(0)
                if shown is not None:
                    assert ctx.get(dut.accumulator) == sums[shown], shown
                takes.append(neuron if take else None)
                neuron += take
                await tick()
            ctx.set(dut.take, 0)

    run(dut, bench)


def _words(case: NeuronCase, config: ArrayConfig) -> dict[str, int]:
    """Return the words of all windows for one neuron."""
    words = dataclasses.asdict(case) | {"c": case.count}
    words["v_decay"] = case.v_decay | case.gain << DECAY_BITS
    words["i_decay"] = case.i_decay | (case.reset_mode | case.hold << 1) << DECAY_BITS
    words["adaptation"] = case.theta_plus | case.theta_decay << (config.state_bits - 1)
    return words


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("ready", [0.3, 1.0])
def test_updater_takes_every_neuron_through(config: ArrayConfig, ready: float) -> None:
    """What the host wrote is updated as the reference says, and what fired is told in order."""
    config = config.replace(neurons_per_core=48, lanes=12, axons=200)
    dut = Updater(config)
    rng = random.Random(SEED)
    windows = {window.name: window for window in dut.windows}

    async def access(ctx: SimulatorContext, name: str, offset: int, word: int | None) -> int:
        """Write or read as the bus fabric does."""
        host, mask = getattr(dut, f"host_{name}"), (1 << windows[name].word_bits) - 1
        ctx.set(host.select, 1)
        for other in windows:
            ctx.set(getattr(dut, f"host_{other}").offset, offset)
            ctx.set(getattr(dut, f"host_{other}").data, (word or 0) & mask)
        await ctx.tick().repeat(2)
        ctx.set(host.commit, word is not None)
        read = ctx.get(host.read_data) & mask
        await ctx.tick()
        ctx.set(host.commit, 0)
        ctx.set(host.select, 0)
        return read

    async def bench(ctx: SimulatorContext) -> None:
        ctx.set(dut.spikes.ready, 1)
        ctx.set(dut.theta_decays, 1)
        for _ in range(3):
            in_use = rng.randint(1, config.neurons_per_core)
            cases = [random_neuron(config, rng) for _ in range(in_use)]
            for k, case in enumerate(cases):
                for name, word in _words(case, config).items():
                    if name in windows:
                        await access(ctx, name, k, word)
            ctx.set(dut.neurons_in_use, in_use)
            await ctx.tick().repeat(3)
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            told, neuron, sums = [], 0, [0, 0]
            while ctx.get(dut.busy):
                ctx.set(dut.spikes.ready, rng.random() < ready)
                if ctx.get(dut.spikes.valid) and ctx.get(dut.spikes.ready):
                    told.append(ctx.get(dut.spikes.payload))
                if ctx.get(dut.go):
                    take = ctx.get(dut.take)
                    assert not take or ctx.get(dut.last) == (neuron == in_use - 1)
                    sums = [sums[1], cases[neuron].accumulator if take else 0]
                    neuron += take
                await ctx.tick()
                ctx.set(dut.accumulator, sums[0])
            ctx.set(dut.spikes.ready, 1)
            results = [ref_neuron(config, case) for case in cases]
            assert told == [k for k, result in enumerate(results) if result[-1]]
            for k, result in enumerate(results):
                for name, expected in zip(("v", "i", "c", "theta"), result, strict=False):
                    if name in windows:
                        mask = (1 << windows[name].word_bits) - 1
                        assert await access(ctx, name, k, None) == expected & mask, (k, name)

    run(dut, bench)
