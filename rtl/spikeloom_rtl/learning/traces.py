"""How traces decay and grow, as functions on Amaranth values, for both kinds of traces.

One multiplication does for all modes: a window loses 1 a step as ``trace * 255 >> 8``, and a
history moves up as ``trace * 512 >> 8``, without the bits beyond.
"""

from typing import Any

from amaranth.hdl import Module, Mux, Signal, Value

from spikeloom.contract.learning import TRACE_BITS, TRACE_ONE, TraceMode

__all__ = ["FACTOR_BITS", "TraceRule", "decayed", "grown", "stepped"]

FACTOR_BITS = TRACE_BITS + 2


class TraceRule:
    """What a trace register says, made ready: a cycle behind it.

    Parameters
    ----------
    m : Module
        Where to build it.
    register : View
        Register ``x_trace`` or ``y_trace``.

    Attributes
    ----------
    factor : Signal
        A trace is multiplied by it and divided by 256 at each step.
    plus : Signal
        Added by a spike.
    replaces : Signal
        A spike sets the trace to `plus` instead.
    moves : Value
        Decay moves bits up, and what leaves the trace is lost.
    """

    def __init__(self, m: Module, register: Any) -> None:
        self.factor = Signal(FACTOR_BITS)
        self.plus = Signal(TRACE_BITS)
        self.replaces = Signal()
        history = register.mode == TraceMode.HISTORY
        self.moves = history
        m.d.sync += [
            # A history has room for a spike in bit 0 once it has moved.
            self.plus.eq(Mux(history, 1, register.plus)),
            self.replaces.eq(register.nearest & ~history),
        ]
        with m.Switch(register.mode):
            with m.Case(TraceMode.WINDOW):
                m.d.sync += self.factor.eq(TRACE_ONE - 1)
            with m.Case(TraceMode.HISTORY):
                m.d.sync += self.factor.eq(2 * TRACE_ONE)
            with m.Default():
                m.d.sync += self.factor.eq((TRACE_ONE - register.decay)[: TRACE_BITS + 1])


def decayed(trace: Value, factor: Value) -> Value:
    """Return a trace of 8 bits after one step."""
    return (trace * factor)[TRACE_BITS : 2 * TRACE_BITS]


def grown(m: Module, trace: Value, plus: Value, name: str) -> Signal:
    """Return a trace that something is added to; it stays at 255 at most."""
    total, result = Signal(TRACE_BITS + 1, name=f"{name}_total"), Signal(TRACE_BITS, name=name)
    m.d.comb += [
        total.eq(trace + plus),
        result.eq(total[:TRACE_BITS] | total[-1].replicate(TRACE_BITS)),
    ]
    return result


def stepped(m: Module, trace: Value, rule: TraceRule, grows: Value, name: str) -> Signal:
    """Return a trace of 8 bits after one step, in which it may grow, a cycle later.

    One multiply and add, with a register without a reset, so that it may stand in the multiplier.
    """
    total = Signal(2 * TRACE_BITS + 1, name=f"{name}_sum", reset_less=True)
    result, grew = Signal(TRACE_BITS, name=name), Signal(name=f"{name}_grew")
    plus = rule.plus & grows.replicate(TRACE_BITS)
    beyond = total[-1] & ~rule.moves
    limited = total[TRACE_BITS:-1] | beyond.replicate(TRACE_BITS)
    m.d.sync += [total.eq(trace * rule.factor + (plus << TRACE_BITS)), grew.eq(grows)]
    m.d.comb += result.eq(Mux(grew & rule.replaces, rule.plus, limited))
    return result
