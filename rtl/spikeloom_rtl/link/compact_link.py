"""The link for a part with few cells: a processor where `link.py` has units."""

from typing import Any

from amaranth.hdl import Array, Cat, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.frames import BAUD_PHASE_BITS, RX_BUFFER_BYTES, baud_increment
from spikeloom.contract.memory import CORE_BITS, WINDOW_BITS

from ..ports import ArrayPort
from .assembler import CONDITIONS, INPUTS, output_bits
from .baud_control import fallback_cyc
from .byte_queue import ByteQueue
from .firmware import COUNTS, WORD_BYTES, firmware
from .processor import Processor
from .separate_rings import SeparateRings
from .serial_checksum import SerialChecksum
from .shared_rings import SharedRings

__all__ = ["CompactLink", "is_compact"]

_WORD_CYC = 2
"""Cycles after which a word that left the input ring shows in the array's `busy`."""
_MOST_RING_WORDS = 256


def is_compact(config: ArrayConfig) -> bool:
    """Return whether an array has this link: where synapses have one port, cells are few."""
    memory = MemoryMap(config)
    return (
        config.synapse_ports == 1
        and max(config.input_words, config.output_words) <= _MOST_RING_WORDS
        and memory.data_bits <= 8 * WORD_BYTES
        and all(window.cores <= 16 and window.depth <= 1 << 16 for window in memory)
    )


class CompactLink(wiring.Component):
    """What `Link` is, in a third of the cells and several times the cycles.

    Takes a byte in about 30 cycles, and 20 to 40 more to carry it out; a byte of a reply takes
    about 65, 100 where each is a word of its own. Writes keep up with a line that needs 80 cycles
    for a byte; reads fill two thirds of it. A rate on trial lasts while the processor waits:
    `trial_cyc`, and what it takes to receive the bytes that come meanwhile.

    Parameters
    ----------
    config : ArrayConfig
        The array: rings of at most 256 words, words of the memory map of at most 32 bits, at most
        16 cores.
    trial_cyc : int, optional
        Cycles that a new rate may go without a good frame; default `FALLBACK_MS`.

    Members
    -------
    rx, line_error, tx, tx_idle, increment, array, quiet
        See `Link`.
    """

    rx: stream.Interface
    line_error: Signal
    tx: stream.Interface
    tx_idle: Signal
    increment: Signal
    array: Any
    quiet: Signal

    def __init__(self, config: ArrayConfig, trial_cyc: int | None = None) -> None:
        assert is_compact(config.replace(synapse_ports=1))
        self._config = config
        program, data = firmware(config, fallback_cyc(config) if trial_cyc is None else trial_cyc)
        self._processor = Processor(program, data)
        first = baud_increment(config.baud_rates[0], config.clock_hz)
        super().__init__(
            {
                "rx": In(stream.Signature(8)),
                "line_error": In(1),
                "tx": Out(stream.Signature(8)),
                "tx_idle": In(1),
                "increment": Out(BAUD_PHASE_BITS, init=first),
                "array": Out(ArrayPort(config)),
                "quiet": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build what the processor reads and writes."""
        m = Module()
        m.submodules.processor = processor = self._processor
        m.submodules.queue = queue = ByteQueue(RX_BUFFER_BYTES)
        m.submodules.checksum = checksum = SerialChecksum()
        wiring.connect(m, wiring.flipped(self.rx), queue.i)
        strobe, a = self._strobe, processor.a
        takes = processor.reads & processor.instruction[6]
        data = self._bus(m)
        free = self._rings(m)
        array = self.array
        ports = {
            "x": processor.x,
            "crc": checksum.lowest,
            "data": data,
            "rx": queue.o.payload,
            **free,
        }
        inputs = sorted(ports, key=lambda name: INPUTS[name] & 7)
        m.d.comb += [
            processor.input.eq(Array(ports[name] for name in inputs)[processor.instruction[:3]]),
            processor.set_x.eq(strobe("x")),
            queue.o.ready.eq(takes),
            checksum.restart.eq(strobe("crc_start")),
            checksum.byte.eq(a),
            checksum.valid.eq(strobe("crc")),
            self.tx.valid.eq(strobe("tx")),
            self.tx.payload.eq(a),
            array.reset.valid.eq(strobe("reset")),
            array.reset.payload.eq(a),
            array.count_line_error.eq(self.line_error),
            *(
                getattr(array, "count_" + name).eq(strobe("count") & a[k])
                for k, name in enumerate(COUNTS)
            ),
        ]
        busy = self._conditions(m, queue.o.valid)
        uses_sum = (processor.reads & processor.instruction[5]) | checksum.valid
        m.d.comb += [
            processor.hold.eq(
                (takes & ~queue.o.valid)
                | (uses_sum & ~checksum.ready)
                | (self.tx.valid & ~self.tx.ready)
                | (array.reset.valid & ~array.reset.ready)
                | (array.bus.request.valid & ~array.bus.request.ready)
                | (array.bus.response.ready & ~array.bus.response.valid)
                | (strobe("increment_0") & ~self.tx_idle)
            ),
            self.quiet.eq(takes & queue.empty & ~busy & self.tx_idle),
        ]
        self._registers(m)
        return m

    def _strobe(self, port: str) -> Value:
        row, column = output_bits(port)
        code = self._processor.instruction
        return self._processor.writes & code[row] & code[column]

    def _registers(self, m: Module) -> None:
        """Build what keeps a byte of the accumulator."""
        a = self._processor.a
        for k in range(BAUD_PHASE_BITS // 8):
            with m.If(self._strobe(f"increment_{k}")):
                m.d.sync += self.increment.word_select(k, 8).eq(a)
        with m.If(self._strobe("end")):
            m.d.sync += self.array.session_end.eq(a[:2])
        with m.If(self._strobe("stop")):
            m.d.sync += self.array.stop.eq(a[0])

    def _bus(self, m: Module) -> Value:
        """Build address and word of the bus; return the word's lowest byte."""
        a, bus = self._processor.a, self.array.bus
        memory = MemoryMap(self._config)
        # Without a reset, as all that the program writes before it is used.
        word = Signal(8 * WORD_BYTES, reset_less=True)
        window, core = (Signal(bits, reset_less=True) for bits in (WINDOW_BITS, CORE_BITS))
        offset_bits = max(window.depth - 1 for window in memory).bit_length()
        offset = Signal(offset_bits, reset_less=True)
        request = bus.request
        m.d.comb += [
            request.valid.eq(self._strobe("write") | self._strobe("read")),
            request.payload.write.eq(self._strobe("write")),
            request.payload.window.eq(window),
            request.payload.core.eq(core),
            request.payload.offset.eq(offset),
            request.payload.data.eq(word),
            bus.response.ready.eq(self._strobe("response")),
        ]
        with m.If(self._strobe("window")):
            m.d.sync += window.eq(a[8 - WINDOW_BITS :])
        if self._config.cores > 1:
            with m.If(self._strobe("core")):
                m.d.sync += core.eq(a[4:])
        for k in range(-(-offset_bits // 8)):
            with m.If(self._strobe(f"offset_{k}")):
                m.d.sync += offset[8 * k : 8 * k + 8].eq(a)
        with m.If(bus.response.ready):
            m.d.sync += word.eq(bus.response.payload)
        with m.Elif(self._strobe("data")):
            m.d.sync += word.eq(Cat(word[8:], a))
        self._pushed = word[-16:]
        return word[:8]

    def _rings(self, m: Module) -> dict[str, Any]:
        """Build both rings; return what can be read of them."""
        array, processor = self.array, self._processor
        sizes = self._config.input_words, self._config.output_words
        # Two rings that fit into one block memory are worth some cells.
        parts = SharedRings(*sizes) if sum(sizes) <= _MOST_RING_WORDS else SeparateRings(*sizes)
        m.submodules.rings = parts
        rings = parts.rings
        wiring.connect(m, rings.events, wiring.flipped(array.events))
        wiring.connect(m, wiring.flipped(array.spikes), rings.spikes)
        m.d.comb += [
            rings.push.eq(self._strobe("push")),
            rings.pushed.eq(self._pushed),
            rings.look.eq(self._strobe("look")),
            rings.address.eq(processor.a),
            rings.looked.eq(processor.reads & processor.instruction[4]),
            rings.release.eq(self._strobe("release")),
            rings.clear.eq(self._strobe("clear")),
            array.input_free.eq(rings.input_free),
            array.output_free.eq(rings.output_free),
        ]
        recent = Signal(_WORD_CYC)  # words that the array has just taken
        m.d.sync += recent.eq(Cat(array.events.valid & array.events.ready, recent))
        self._input_waits = ~rings.empty | recent.any()
        return {
            "low": rings.data[:8],
            "high": rings.data[8:],
            "input_free": rings.input_free[:8],
            "output_free": rings.output_free[:8],
        }

    def _conditions(self, m: Module, received: Value) -> Signal:
        """Tell the processor what it may ask for; return whether the array has work."""
        busy = Signal()
        array = self.array
        conditions = {
            "received": received,
            "array_busy": array.busy,
            "busy": busy,
            "waiting": array.waiting,
            "input_empty": array.input_free[8],
            "output_empty": array.output_free[8],
        }
        m.d.comb += [
            busy.eq(array.busy | self._input_waits),
            self._processor.conditions.eq(Cat(conditions.get(name, 0) for name in CONDITIONS)),
        ]
        return busy
