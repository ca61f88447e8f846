"""How traces decay and grow, as functions on Amaranth values, for both kinds of traces."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from spikeloom.contract.learning import TRACE_BITS, TRACE_ONE, TraceMode

__all__ = ["decayed", "grown"]


def decayed(m: Module, trace: Value, rule: Any, name: str) -> Signal:
    """Return a trace after one step.

    Parameters
    ----------
    m : Module
        Where to build it.
    trace : Value
        8 bits.
    rule : View
        Register ``x_trace`` or ``y_trace``.
    name : str
        Name of the result.
    """
    result = Signal(TRACE_BITS, name=name)
    with m.Switch(rule.mode):
        with m.Case(TraceMode.WINDOW):
            m.d.comb += result.eq(Mux(trace == 0, 0, trace - 1))
        with m.Case(TraceMode.HISTORY):
            m.d.comb += result.eq(Cat(Const(0, 1), trace[:-1]))
        with m.Default():
            factor = (TRACE_ONE - rule.decay)[: TRACE_BITS + 1]
            m.d.comb += result.eq((trace * factor) >> TRACE_BITS)
    return result


def grown(m: Module, trace: Value, rule: Any, name: str) -> Signal:
    """Return a trace after a spike; parameters as `decayed`."""
    result = Signal(TRACE_BITS, name=name)
    total = Signal(TRACE_BITS + 1, name=f"{name}_total")
    m.d.comb += total.eq(trace + rule.plus)
    with m.If(rule.mode == TraceMode.HISTORY):
        m.d.comb += result.eq(trace | 1)
    with m.Elif(rule.nearest):
        m.d.comb += result.eq(rule.plus)
    with m.Else():
        m.d.comb += result.eq(Mux(total[-1], TRACE_ONE - 1, total))
    return result
