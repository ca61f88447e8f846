"""A clock that all benches of the link share, and both ends of a stream.

Every cycle has three parts: agents set inputs, everything settles, agents look. So what they see
is what the rising edge sees, in every simulator.
"""

import os
import random

from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

SEED = int(os.environ.get("SPIKELOOM_TEST_SEED", "20261121"))
LIMIT_CYC = 200_000


def seeded(dut, name):
    """Return a random generator; the log names its seed."""
    dut._log.info("seed %d, case %s (set SPIKELOOM_TEST_SEED to try another)", SEED, name)
    return random.Random(f"{SEED} {name}")


class Ticker:
    """Runs the clock and, in each cycle, every agent."""

    def __init__(self, dut, *agents):
        self.dut = dut
        self.agents = agents
        self.cycle = 0
        Clock(dut.clk, 10, unit="ns").start()

    async def reset(self, *agents):
        """Reset the component, with new agents if there are some."""
        self.agents = agents or self.agents
        self.dut.rst.value = 1
        for agent in self.agents:
            agent.drive()
        for _ in range(3):
            await FallingEdge(self.dut.clk)
        self.dut.rst.value = 0

    async def tick(self, cycles=1):
        for _ in range(cycles):
            for agent in self.agents:
                agent.drive()
            await ReadOnly()
            for agent in self.agents:
                agent.look()
            await FallingEdge(self.dut.clk)
            self.cycle += 1

    async def until(self, condition, what, limit_cyc=LIMIT_CYC):
        """Tick until the condition holds; return the cycles it took."""
        for cycles in range(limit_cyc):
            if condition():
                return cycles
            await self.tick()
        raise AssertionError(f"{what} did not happen within {limit_cyc} cycles")


class Pin:
    """An input that is written only when it changes, since writing costs most of a cycle."""

    def __init__(self, handle):
        self.handle, self.last = handle, None

    def set(self, value):
        if value != self.last:
            self.handle.value = self.last = value


class Source:
    """Offers items to a stream, in random cycles; an item that is offered stays."""

    def __init__(self, dut, name, rng, rate=1.0):
        self.payload = Pin(getattr(dut, f"{name}__payload"))
        self.valid = Pin(getattr(dut, f"{name}__valid"))
        self.ready = getattr(dut, f"{name}__ready")
        self.rng, self.rate = rng, rate
        self.items, self.offered = [], False

    def drive(self):
        if not self.offered and self.items and self.rng.random() < self.rate:
            self.offered = True
            self.payload.set(self.items[0])
        self.valid.set(self.offered)

    def look(self):
        if self.offered and self.ready.value == 1:
            self.items.pop(0)
            self.offered = False

    def idle(self):
        return not self.items


class Sink:
    """Takes items from a stream in random cycles."""

    def __init__(self, dut, name, rng, rate=1.0):
        self.payload = getattr(dut, f"{name}__payload")
        self.valid = getattr(dut, f"{name}__valid")
        self.ready = Pin(getattr(dut, f"{name}__ready"))
        self.rng, self.rate = rng, rate
        self.items, self.taking, self.waiting = [], False, None

    def drive(self):
        self.taking = self.rng.random() < self.rate
        self.ready.set(self.taking)

    def look(self):
        if self.valid.value == 1:
            item = int(self.payload.value)
            assert self.waiting in (None, item), "an item changed before it was taken"
            self.waiting = None if self.taking else item
            if self.taking:
                self.items.append(item)
        else:
            assert self.waiting is None, "an item was withdrawn"
