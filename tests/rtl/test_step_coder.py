"""The step coder: what it hands out is the shorter way to say which neurons fired."""

import random

import pytest
from amaranth.sim import Simulator, SimulatorContext

from spikeloom.contract import ArrayConfig
from spikeloom.contract.words import map_words
from spikeloom_rtl.array.step_coder import StepCoder

SEED = 20_261_122
STEPS = 60
PATIENCE_CYC = 40_000

Word = tuple[int, int, int]


def array(neurons: int) -> ArrayConfig:
    return ArrayConfig(
        name="coder", cores=1, neurons_per_core=neurons, axons=neurons + 1, rows_per_core=1,
        lanes=1, sampling=True,
    )  # fmt: skip


def expected(config: ArrayConfig, fired: set[int]) -> list[Word]:
    """Word, mapped and first of everything that tells of a step."""
    words = map_words(config)
    if len(fired) <= words:
        return [(neuron, 0, 0) for neuron in sorted(fired)]
    bitmap = [sum(1 << n % 16 for n in fired if n // 16 == k) for k in range(words)]
    return [(word, 1, int(k == 0)) for k, word in enumerate(bitmap)]


@pytest.mark.parametrize("neurons", [1, 16, 17, 96, 250])
@pytest.mark.parametrize("taken", [1.0, 0.4])
def test_each_step_is_told_in_the_shorter_way(neurons: int, taken: float) -> None:
    config = array(neurons)
    dut, rng = StepCoder(config), random.Random(SEED)
    densities = [rng.choice([0, 0.03, 0.0625, 0.2, 1]) for _ in range(STEPS)]
    steps = [{n for n in range(neurons) if rng.random() < density} for density in densities]
    steps[0] = set(range(map_words(config)))  # as many as still go one by one
    seen: list[list[Word]] = []
    busy: list[int] = []

    async def fire(ctx: SimulatorContext) -> None:
        for fired in steps:
            for neuron in rng.sample(sorted(fired), len(fired)):
                while rng.random() < 0.3:
                    await ctx.tick()
                ctx.set(dut.spikes.payload, neuron)
                ctx.set(dut.spikes.valid, 1)
                await ctx.tick().until(dut.spikes.ready)
                ctx.set(dut.spikes.valid, 0)
            await ctx.tick().until(~dut.busy)
            seen.append([])
            busy.append(0)
            ctx.set(dut.ended, 1)
            await ctx.tick()
            ctx.set(dut.ended, 0)
            await ctx.tick().until(~dut.busy)

    async def take(ctx: SimulatorContext) -> None:
        for _ in range(PATIENCE_CYC):
            ctx.set(dut.words.ready, rng.random() < taken)
            if ctx.get(dut.words.valid & dut.words.ready):
                told = dut.words.payload
                seen[-1].append((ctx.get(told.word), ctx.get(told.mapped), ctx.get(told.first)))
            if busy:
                busy[-1] += ctx.get(dut.busy)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(fire)
    simulator.add_testbench(take, background=True)
    simulator.run()
    assert seen == [expected(config, fired) for fired in steps]
    if taken == 1.0:
        longest = [map_words(config) + min(len(fired), map_words(config)) + 2 for fired in steps]
        assert all(cycles <= most for cycles, most in zip(busy, longest, strict=True))


def test_spikes_pass_at_once_where_they_go_singly() -> None:
    config = array(96)
    dut, seen = StepCoder(config), []

    async def run(ctx: SimulatorContext) -> None:
        await ctx.tick().until(~dut.busy)
        ctx.set(dut.singly, 1)
        ctx.set(dut.words.ready, 1)
        for neuron in [95, *range(50)]:
            ctx.set(dut.spikes.payload, neuron)
            ctx.set(dut.spikes.valid, 1)
            assert ctx.get(dut.words.valid & dut.spikes.ready & ~dut.words.payload.mapped)
            seen.append(ctx.get(dut.words.payload.word))
            await ctx.tick()
        ctx.set(dut.spikes.valid, 0)
        ctx.set(dut.ended, 1)
        await ctx.tick()
        assert not ctx.get(dut.busy)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(run)
    simulator.run()
    assert seen == [95, *range(50)]
