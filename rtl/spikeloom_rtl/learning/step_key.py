"""The step's key: a hash of seed and step, which all random numbers of a step come from."""

from typing import NamedTuple

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract.learning import STEP_KEY_ROUNDS

from .randomness import KEY_BITS

__all__ = ["StepKey"]


class _Cycle(NamedTuple):
    """One cycle of the hash: ``(h + added) xor (h shifted) xor constant``."""

    constant: int = 0
    adds_shifted: int = 0
    adds_constant: bool = False
    shifted: int = 0


def _cycles() -> list[_Cycle]:
    """Split the rounds into cycles with one addition each; shifts to the left are positive."""
    cycles = []
    for first, constant, second, places in STEP_KEY_ROUNDS:
        shift = places if second.endswith("<<") else -places
        if second[0] == "+":
            # h + constant + shifted h: in any order.
            cycles.append(_Cycle(adds_shifted=shift))
            cycles.append(_Cycle(constant=constant, adds_constant=True))
        else:
            cycles.append(_Cycle(constant, adds_constant=first == "+", shifted=shift))
    return cycles


_CYCLES = _cycles()
_COUNT = len(_CYCLES)


class StepKey(wiring.Component):
    """Hashes the seed, then the result with the step, with one adder.

    The key is ready 20 cycles after seed or step have changed, and `ready` is low meanwhile, from
    the second cycle on.

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
        cycle, of_step, busy = Signal(range(_COUNT)), Signal(), Signal(init=1)
        current = Signal()
        m.d.comb += current.eq((seed == self.seed) & (t == self.t))
        # A cycle late, which nobody sees: a row needs more from the beginning of a step to here.
        m.d.sync += self.ready.eq(current & ~busy)
        mixed = self._mixed(m, cycle)
        last = cycle == _COUNT - 1
        with m.If(~current):
            m.d.sync += [
                seed.eq(self.seed),
                t.eq(self.t),
                self.key.eq(self.seed),
                cycle.eq(0),
                of_step.eq(0),
                busy.eq(1),
            ]
        with m.Elif(busy):
            m.d.sync += [
                self.key.eq(mixed ^ Mux(last & ~of_step, t, 0)),
                cycle.eq(Mux(last, 0, cycle + 1)),
            ]
            with m.If(last):
                m.d.sync += [of_step.eq(1), busy.eq(~of_step)]
        return m

    def _mixed(self, m: Module, cycle: Signal) -> Value:
        """Return the key after one more cycle."""
        added, changed = Signal(KEY_BITS), Signal(KEY_BITS)
        with m.Switch(cycle):
            for k, each in enumerate(_CYCLES):
                with m.Case(k):
                    constant = Const(each.constant, KEY_BITS)
                    if each.adds_shifted:
                        m.d.comb += added.eq(_moved(self.key, each.adds_shifted))
                    elif each.adds_constant:
                        m.d.comb += added.eq(constant)
                    else:
                        m.d.comb += changed.eq(constant)
                    if each.shifted:
                        shifted = _moved(self.key, each.shifted)
                        m.d.comb += changed.eq(
                            shifted if each.adds_constant else shifted ^ constant
                        )
        return (self.key + added)[:KEY_BITS] ^ changed


def _moved(key: Value, places: int) -> Value:
    """Return a key shifted to the left, or to the right if negative."""
    if places < 0:
        return Cat(key[-places:], Const(0, -places))
    return Cat(Const(0, places), key[: KEY_BITS - places])
