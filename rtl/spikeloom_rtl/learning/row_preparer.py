"""The row preparer: what all synapses of a row need to learn, found once per row."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.learning import ROW_KEY_ROUNDS, TRACE_BITS, Phase

from ..array.host_memory import HostMemory, HostPort
from .effect import EFFECT_STAGES
from .fractions import CHANGE_BITS, exceeds
from .randomness import KEY_BITS, hash_rounds, mixed_key

__all__ = ["PHASE_BITS", "PreparedRow", "RowPreparer", "TracedRow"]

PHASE_BITS = max(Phase).bit_length()

_ROUNDS_A_STAGE = len(ROW_KEY_ROUNDS) // (EFFECT_STAGES - 1)


class TracedRow(data.StructLayout):
    """A row and its trace."""

    def __init__(self, config: ArrayConfig) -> None:
        super().__init__({"row": config.row_bits, "trace": TRACE_BITS})


class PreparedRow(data.StructLayout):
    """A row with its key, whether it has a trace and is plastic, and the effect of its trace."""

    def __init__(self, config: ArrayConfig) -> None:
        super().__init__(
            {
                "row": config.row_bits,
                "key": KEY_BITS,
                "traced": 1,
                "plastic": 1,
                "effect": signed(CHANGE_BITS),
            }
        )


class RowPreparer(wiring.Component):
    """Looks a row's axon up and hashes its key, while the effect of its trace is computed.

    Latency 5 cycles, throughput one row a cycle. All stages wait together while the last one is
    not taken. Takes no row while the step's key is not ready.

    Parameters
    ----------
    config : ArrayConfig
        R, and where flags are kept.

    Members
    -------
    rows : In(stream.Signature(TracedRow))
    prepared : Out(stream.Signature(PreparedRow))
    idle : Out(1)
        No row is inside.
    key, key_ready : In
        From the step key.
    phase : In(2)
        Why the synapses of rows are visited, a `Phase`; stays while rows are inside.
    step : Out(1)
        All stages move on; so must the computation of effects.
    trace : Out(8), effect : In(signed(18))
        To the computation of effects, and from it.
    plastic_rows : In
        Rows from here on have no trace and do not learn.
    host : In(HostPort)
        Window ``sources``, where the build has it.
    """

    rows: stream.Interface
    prepared: stream.Interface
    idle: Signal
    key: Signal
    key_ready: Signal
    phase: Signal
    step: Signal
    trace: Signal
    effect: Signal
    plastic_rows: Signal
    host: Any

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        self._window = next((w for w in MemoryMap(config) if w.name == "sources"), None)
        super().__init__(
            {
                "rows": In(stream.Signature(TracedRow(config))),
                "prepared": Out(stream.Signature(PreparedRow(config))),
                "idle": Out(1),
                "key": In(KEY_BITS),
                "key_ready": In(1),
                "phase": In(PHASE_BITS),
                "step": Out(1),
                "trace": Out(TRACE_BITS),
                "effect": In(signed(CHANGE_BITS)),
                "plastic_rows": In(config.rows_per_core.bit_length()),
                **({"host": In(HostPort(self._window.word_bits))} if self._window else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the table and the pipeline behind it."""
        m = Module()
        stages = EFFECT_STAGES + 1
        valid = [Signal(name=f"valid_{k}") for k in range(stages)]
        row = [Signal(self._config.row_bits, name=f"row_{k}") for k in range(stages)]
        trace = Signal(TRACE_BITS)
        traced = [Signal(name=f"traced_{k}") for k in range(1, stages)]
        plastic = [Signal(name=f"plastic_{k}") for k in range(1, stages)]
        key = [Signal(KEY_BITS, name=f"key_{k}") for k in range(1, stages)]
        go = Signal()
        axon, flag = self._looked_up(m, go)
        rows = Cat(self.plastic_rows, Const(0, 1))
        below = exceeds(rows, Cat(row[0], Const(0, len(rows) - len(row[0]))))
        m.d.comb += [
            go.eq(~valid[-1] | self.prepared.ready),
            self.rows.ready.eq(go & self.key_ready),
            self.trace.eq(trace),
            self.step.eq(go & Cat(valid).any()),
            self.idle.eq(~Cat(valid).any()),
            self.prepared.valid.eq(valid[-1]),
            self.prepared.payload.row.eq(row[-1]),
            self.prepared.payload.traced.eq(traced[-1]),
            self.prepared.payload.plastic.eq(plastic[-1]),
            self.prepared.payload.key.eq(key[-1]),
            self.prepared.payload.effect.eq(self.effect),
        ]
        with m.If(go):
            m.d.sync += valid[0].eq(self.rows.valid & self.key_ready)
            with m.If(self.rows.valid):
                m.d.sync += [row[0].eq(self.rows.payload.row), trace.eq(self.rows.payload.trace)]
            with m.If(valid[0]):
                m.d.sync += [
                    traced[0].eq(below),
                    plastic[0].eq(flag & below),
                    key[0].eq(mixed_key(self.key, axon, self.phase)),
                ]
            for k in range(1, stages):
                m.d.sync += valid[k].eq(valid[k - 1])
                with m.If(valid[k - 1]):
                    m.d.sync += row[k].eq(row[k - 1])
            for k in range(1, stages - 1):
                first = (k - 1) * _ROUNDS_A_STAGE
                rounds = ROW_KEY_ROUNDS[first : first + _ROUNDS_A_STAGE]
                with m.If(valid[k]):
                    m.d.sync += [
                        traced[k].eq(traced[k - 1]),
                        plastic[k].eq(plastic[k - 1]),
                        key[k].eq(hash_rounds(key[k - 1], rounds)),
                    ]
        return m

    def _looked_up(self, m: Module, go: Signal) -> tuple[Value, Value]:
        """Return axon and plastic flag of the row that was taken in the cycle before."""
        axon, flag = Const(0, 15), Const(1)
        if self._window is None:
            return axon, flag
        m.submodules.sources = sources = HostMemory(
            width=self._window.word_bits, depth=self._window.depth
        )
        wiring.connect(m, wiring.flipped(self.host), sources.host)
        m.d.comb += [
            sources.read_address.eq(self.rows.payload.row),
            sources.read_en.eq(go),
        ]
        entry = sources.read_data
        return (
            entry[:15] if self._config.draws else axon,
            entry[-1] if self._config.plastic == "row" else flag,
        )
