"""The skid buffer: every item once and in order, at any pace, and at full pace without gaps."""

import random

import pytest
from amaranth.sim import Simulator, SimulatorContext

from spikeloom_rtl.skid import Skid

SEED = 11
ITEMS = 300


@pytest.mark.parametrize(("given", "taken"), [(1.0, 1.0), (0.5, 1.0), (1.0, 0.5), (0.6, 0.6)])
def test_items_pass_once_and_in_order(given: float, taken: float) -> None:
    """Whoever gives holds an item until it is taken; who takes may not be ready at any time."""
    dut, rng = Skid(16), random.Random(SEED)
    items = [rng.randrange(1 << 16) for _ in range(ITEMS)]
    seen: list[int] = []
    cycles = 0

    async def give(ctx: SimulatorContext) -> None:
        for item in items:
            while rng.random() >= given:
                await ctx.tick()
            ctx.set(dut.i.payload, item)
            ctx.set(dut.i.valid, 1)
            await ctx.tick().until(dut.i.ready)
            ctx.set(dut.i.valid, 0)
            ctx.set(dut.i.payload, 0)

    async def take(ctx: SimulatorContext) -> None:
        nonlocal cycles
        while len(seen) < ITEMS:
            ready = rng.random() < taken
            ctx.set(dut.o.ready, ready)
            if ready and ctx.get(dut.o.valid):
                seen.append(ctx.get(dut.o.payload))
            await ctx.tick()
            cycles += 1
            assert cycles < 10 * ITEMS, f"{len(seen)} of {ITEMS} items after {cycles} cycles"

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(give)
    simulator.add_testbench(take)
    simulator.run()
    assert seen == items
    if given == taken == 1.0:
        assert cycles <= ITEMS + 2
