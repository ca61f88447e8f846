"""The step's key: a hash of seed and step, which all random numbers of a step come from."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract.learning import STEP_KEY_ROUNDS

from .randomness import KEY_BITS, hash_rounds

__all__ = ["StepKey"]

_ROUNDS_A_CYCLE = 2
_CYCLES = len(STEP_KEY_ROUNDS) // _ROUNDS_A_CYCLE


class StepKey(wiring.Component):
    """Hashes the seed, then the result with the step, two rounds a cycle.

    The key is ready 7 cycles after seed or step have changed, and `ready` is low meanwhile.

    Members
    -------
    seed, t : In(32)
    key : Out(32)
    ready : Out(1)
        `key` is that of `seed` and `t`.
    """

    seed: Signal
    t: Signal
    key: Signal
    ready: Signal

    def __init__(self) -> None:
        super().__init__({"seed": In(32), "t": In(32), "key": Out(KEY_BITS), "ready": Out(1)})

    def elaborate(self, platform: object) -> Module:
        """Build the hash and the register that shows what it was made of."""
        m = Module()
        seed, t = Signal.like(self.seed), Signal.like(self.t)
        cycle = Signal(range(2 * _CYCLES + 1))
        current = Signal()
        m.d.comb += [
            current.eq((seed == self.seed) & (t == self.t)),
            self.ready.eq(current & (cycle == 2 * _CYCLES)),
        ]
        mixed = Signal(KEY_BITS)
        with m.Switch(cycle):
            for k in range(2 * _CYCLES):
                first = k % _CYCLES * _ROUNDS_A_CYCLE
                rounds = STEP_KEY_ROUNDS[first : first + _ROUNDS_A_CYCLE]
                with m.Case(k):
                    m.d.comb += mixed.eq(hash_rounds(self.key, rounds))
        with m.If(~current):
            m.d.sync += [seed.eq(self.seed), t.eq(self.t), self.key.eq(self.seed), cycle.eq(0)]
        with m.Elif(cycle != 2 * _CYCLES):
            m.d.sync += [self.key.eq(mixed), cycle.eq(cycle + 1)]
            with m.If(cycle == _CYCLES - 1):
                m.d.sync += self.key.eq(mixed ^ t)
        return m
