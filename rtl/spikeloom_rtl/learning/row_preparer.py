"""The row preparer: what all synapses of a row need to learn, found once per row."""

from typing import Any

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.learning import ROW_KEY_ROUNDS, TRACE_BITS, Phase

from ..array.host_memory import HostMemory, HostPort
from .coefficients import Side
from .effect import EFFECT_STAGES, Effect
from .fractions import CHANGE_BITS
from .randomness import KEY_BITS, hash_rounds, mixed_key

__all__ = ["PHASE_BITS", "PreparedRow", "RowPreparer", "TracedRow"]

PHASE_BITS = max(Phase).bit_length()

_ROUNDS_A_STAGE = len(ROW_KEY_ROUNDS) // (EFFECT_STAGES - 1)


class TracedRow(data.StructLayout):
    """A row, its trace, and why its synapses are visited: a `Phase`."""

    def __init__(self, config: ArrayConfig) -> None:
        super().__init__({"row": config.row_bits, "trace": TRACE_BITS, "phase": PHASE_BITS})


class PreparedRow(data.StructLayout):
    """A row with its key, its flag and the effect of its trace."""

    def __init__(self, config: ArrayConfig) -> None:
        super().__init__(
            {
                "row": config.row_bits,
                "phase": PHASE_BITS,
                "key": KEY_BITS,
                "plastic": 1,
                "effect": signed(CHANGE_BITS),
            }
        )


class RowPreparer(wiring.Component):
    """Looks a row's axon up, hashes its key and computes the effect of its trace.

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
    side : In(Side)
        Coefficients of spikes.
    plastic_rows : In(15)
        Rows from here on do not learn.
    host : In(HostPort)
        Window ``sources``.
    """

    rows: stream.Interface
    prepared: stream.Interface
    idle: Signal
    key: Signal
    key_ready: Signal
    side: Any
    plastic_rows: Signal
    host: Any

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        self._window = MemoryMap(config)["sources"]
        super().__init__(
            {
                "rows": In(stream.Signature(TracedRow(config))),
                "prepared": Out(stream.Signature(PreparedRow(config))),
                "idle": Out(1),
                "key": In(KEY_BITS),
                "key_ready": In(1),
                "side": In(Side()),
                "plastic_rows": In(15),
                "host": In(HostPort(self._window.word_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the table and two pipelines beside each other."""
        m = Module()
        m.submodules.sources = sources = HostMemory(
            width=self._window.word_bits, depth=self._window.depth
        )
        m.submodules.effect = effect = Effect()
        wiring.connect(m, wiring.flipped(self.host), sources.host)
        stages = EFFECT_STAGES + 1
        valid = [Signal(name=f"valid_{k}") for k in range(stages)]
        row = [Signal(TracedRow(self._config), name=f"row_{k}") for k in range(stages)]
        plastic = [Signal(name=f"plastic_{k}") for k in range(1, stages)]
        key = [Signal(KEY_BITS, name=f"key_{k}") for k in range(1, stages)]
        go = Signal()
        entry = sources.read_data
        flag = entry[15] if self._config.plastic == "row" else 1
        m.d.comb += [
            go.eq(~valid[-1] | self.prepared.ready),
            self.rows.ready.eq(go & self.key_ready),
            sources.read_address.eq(self.rows.payload.row),
            sources.read_en.eq(go),
            effect.side.eq(self.side),
            effect.trace.eq(row[0].trace),
            effect.enable.eq(go & Cat(valid).any()),
            self.idle.eq(~Cat(valid).any()),
            self.prepared.valid.eq(valid[-1]),
            self.prepared.payload.row.eq(row[-1].row),
            self.prepared.payload.phase.eq(row[-1].phase),
            self.prepared.payload.plastic.eq(plastic[-1]),
            self.prepared.payload.key.eq(key[-1]),
            self.prepared.payload.effect.eq(effect.effect),
        ]
        with m.If(go):
            m.d.sync += valid[0].eq(self.rows.valid & self.key_ready)
            with m.If(self.rows.valid):
                m.d.sync += row[0].eq(self.rows.payload)
            with m.If(valid[0]):
                m.d.sync += [
                    plastic[0].eq(flag & (row[0].row < self.plastic_rows)),
                    key[0].eq(mixed_key(self.key, entry[:15], row[0].phase)),
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
                        plastic[k].eq(plastic[k - 1]),
                        key[k].eq(hash_rounds(key[k - 1], rounds)),
                    ]
        return m
