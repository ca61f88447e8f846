"""The register file: one memory behind the windows of registers and of probes."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.registers import (
    CONTROL_BITS,
    CORE_REGISTER_BASE,
    CORE_REGISTER_STRIDE,
    STATUS_REGISTERS,
    array_registers,
    core_registers,
    reset_value,
)

__all__ = [
    "FILE_WINDOWS",
    "HALF_BITS",
    "FilePlace",
    "RegisterFile",
    "RegisterPort",
    "RegisterWrite",
    "file_base",
    "file_bits",
]

HALF_BITS = CONTROL_BITS // 2
"""Width of the memory: a register is two words of it."""

FILE_WINDOWS = ("control", "status", "probe")
"""Windows that stand in the register file."""

_LIVE = ("busy", "session_end", "input_free", "boot")
"""Status registers that are shown as they are."""


def _bases(config: ArrayConfig) -> dict[str, tuple[int, int]]:
    """Return where each window begins and how many registers are set aside for it."""
    memory_map = MemoryMap(config)
    sizes = {
        name: 1 << (memory_map[name].depth - 1).bit_length()
        for name in FILE_WINDOWS
        if name in memory_map
    }
    # Each at a multiple of its size: so bases are set bits, not sums. Control registers are first.
    bases, end = {}, 0
    for name in sorted(sizes, key=lambda name: (name != "control", sizes[name])):
        base = -(-end // sizes[name]) * sizes[name]
        bases[name] = (base, sizes[name])
        end = base + sizes[name]
    return bases


def file_base(config: ArrayConfig, window: str) -> int:
    """Return the place of a window's first register."""
    return _bases(config)[window][0]


def file_bits(config: ArrayConfig) -> int:
    """Return the width of a register's place."""
    return (max(base + size for base, size in _bases(config).values()) - 1).bit_length()


class FilePlace(data.StructLayout):
    """Address of half a register.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Members
    -------
    index
        The register; `file_base` says where each window begins.
    half : 1
        0: bits 0 to 15, 1: bits 16 to 31.
    """

    def __init__(self, config: ArrayConfig) -> None:
        super().__init__({"index": file_bits(config), "half": 1})


class RegisterPort(wiring.Signature):
    """The host's way to the registers, seen from the bus fabric.

    Members
    -------
    soon : Out(1)
        High in the cycle before each cycle in which `select` is high.
    select : Out(1)
        The memory follows the host.
    place : Out(FilePlace)
        Half a register.
    commit : Out(1)
        Write `data`, if `select` is high.
    data : Out(32)
        A whole register, of which the half at `place` is written.
    read_data : In(16)
        The half at the `place` of the cycle before.
    clears : Out(1)
        With `commit`: write what the register is cleared to.
    """

    def __init__(self, config: ArrayConfig) -> None:
        super().__init__(
            {
                "soon": Out(1),
                "select": Out(1),
                "place": Out(FilePlace(config)),
                "commit": Out(1),
                "data": Out(CONTROL_BITS),
                "read_data": In(HALF_BITS),
                "clears": Out(1),
            }
        )


class RegisterWrite(wiring.Signature):
    """A write of half a control register, seen from who writes.

    Parameters
    ----------
    data_bits : int
        Width of `data`.

    Members
    -------
    en : Out(1)
    offset : Out(14)
        In window ``control``.
    half : Out(1)
        0: bits 0 to 15, 1: bits 16 to 31.
    data : Out(data_bits)
        The half, or a whole register of which it is written.
    """

    def __init__(self, data_bits: int = HALF_BITS) -> None:
        super().__init__({"en": Out(1), "offset": Out(14), "half": Out(1), "data": Out(data_bits)})


class RegisterFile(wiring.Component):
    """Keeps what the host reads of registers, in halves of 16 bits, and the probe table.

    Three use it: the host, with precedence; the status registers, which count here; and the
    prober. Latency of a read 1 cycle, of a write by host or CONTROL word 2, of the array's 1; one
    read and one write a cycle.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Members
    -------
    host : In(RegisterPort)
    words : In(RegisterWrite)
        Writes by CONTROL words; not while the host writes.
    written : Out(RegisterWrite)
        Writes of control registers, by whom ever, one cycle late. Bits that a register does not
        have may be anything.
    busy, session_end, input_free, boot : In
        Shown as they are.
    read_place : In(FilePlace), read_data : Out(16)
        Reads for the array, in cycles without `host.select`.
    write_en : In(1), write_place : In(FilePlace), write_data : In(16)
        Writes by the array, not in the cycle after one in which host or CONTROL words write.
    """

    host: Any
    words: Any
    written: Any
    busy: Signal
    session_end: Signal
    input_free: Signal
    boot: Signal
    read_place: data.View
    read_data: Signal
    write_en: Signal
    write_place: data.View
    write_data: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        self._control, self._control_size = _bases(config)["control"]
        super().__init__(
            {
                "host": In(RegisterPort(config)),
                "words": In(RegisterWrite(CONTROL_BITS)),
                "written": Out(RegisterWrite()),
                **{name: In(STATUS_REGISTERS[name].bits) for name in _LIVE},
                "read_place": In(FilePlace(config)),
                "read_data": Out(HALF_BITS),
                "write_en": In(1),
                "write_place": In(FilePlace(config)),
                "write_data": In(HALF_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory and what chooses who uses it."""
        m = Module()
        words: memory.Memory = memory.Memory(
            shape=HALF_BITS,
            depth=2 << file_bits(self._config),
            init=[],
            attrs={"ram_style": "block"},
        )
        m.submodules.words = words
        write = words.write_port()
        read = words.read_port()
        place, value, writes = self._by_host(m)
        m.d.comb += [
            read.addr.eq(Mux(self.host.select, self.host.place, self.read_place)),
            self.read_data.eq(read.data),
            write.addr.eq(Mux(writes, place, self.write_place)),
            write.data.eq(Mux(writes, value, self.write_data)),
            write.en.eq(writes | self.write_en),
        ]
        # The host reads while the array counts: what is written in the same cycle shows. The array
        # never meets its own writes, and its adders do not wait for this choice.
        meets, newest = Signal(), Signal(HALF_BITS)
        m.d.sync += [meets.eq(write.en & (write.addr == read.addr)), newest.eq(write.data)]
        self._show(m, Mux(meets, newest, read.data))
        return m

    def _by_host(self, m: Module) -> tuple[Value, Value, Value]:
        """Return where the host or a CONTROL word writes what, and whether one does; registered."""
        host, words, written = self.host, self.words, self.written
        bits = self._control_size.bit_length() - 1
        here = self._control >> bits
        place = Signal(FilePlace(self._config))
        whole, value, known = Signal(CONTROL_BITS), Signal(HALF_BITS), Signal(HALF_BITS)
        allowed = Signal()
        with m.If(host.commit):
            m.d.comb += [
                place.eq(host.place),
                whole.eq(host.data),
                allowed.eq(host.select & ~self._is_in("status", host.place.index)),
            ]
        with m.Else():
            m.d.comb += [
                place.index.eq(Cat(words.offset[:bits], Const(here, len(place.index) - bits))),
                place.half.eq(words.half),
                whole.eq(words.data),
                allowed.eq(words.en & ~words.offset[bits:].any()),
            ]
        m.d.comb += value.eq(Mux(place.half, whole[HALF_BITS:], whole[:HALF_BITS]))
        with m.If(host.commit & host.clears):
            m.d.comb += value.eq(self._reset_value(m, host.place))
        late_place = Signal.like(place)
        late_value, writes = Signal.like(value), Signal()
        m.d.sync += [late_place.eq(place), late_value.eq(value), writes.eq(allowed)]
        of_control = late_place.index[bits:] == here
        m.d.comb += [
            written.en.eq(writes & of_control),
            written.offset.eq(late_place.index[:bits]),
            written.half.eq(late_place.half),
            written.data.eq(late_value),
            known.eq(late_value),
        ]
        with m.If(of_control):
            m.d.comb += known.eq(late_value & self._bits_at(m, written.offset, written.half))
        return late_place, known, writes

    def _is_in(self, window: str, index: Value) -> Value:
        """Return whether a register is one of a window."""
        base, size = _bases(self._config)[window]
        bits = size.bit_length() - 1
        return index[bits:] == base >> bits

    def _reset_value(self, m: Module, place: data.View) -> Signal:
        """Return what a register is cleared to; those that are not 0 are low halves."""
        value = Signal(HALF_BITS)
        with m.Switch(Cat(place.index, place.half)):
            for offset in range(MemoryMap(self._config)["control"].depth):
                if reset_value(self._config, offset):
                    with m.Case(self._control + offset):
                        m.d.comb += value.eq(reset_value(self._config, offset))
        return value

    def _bits_at(self, m: Module, offset: Signal, half: Signal) -> Signal:
        """Return the bits that half a control register has as a mask; 0 where there is none."""
        mask = Signal(CONTROL_BITS)
        place_bits = (CORE_REGISTER_STRIDE - 1).bit_length()
        of_core = offset[place_bits:] >= CORE_REGISTER_BASE // CORE_REGISTER_STRIDE
        with m.Switch(Cat(offset[:place_bits], of_core)):
            for register in array_registers(self._config).values():
                with m.Case(register.offset):
                    m.d.comb += mask.eq((1 << register.bits) - 1)
            for register in core_registers(self._config).values():
                with m.Case(register.offset + CORE_REGISTER_STRIDE):
                    m.d.comb += mask.eq((1 << register.bits) - 1)
        shown = Signal(HALF_BITS)
        m.d.comb += shown.eq(Mux(half, mask[HALF_BITS:], mask[:HALF_BITS]))
        return shown

    def _show(self, m: Module, stored: Value) -> None:
        """Show the host the memory, where 0 stands for what is shown as it is."""
        status = file_base(self._config, "status")
        shown = Signal(HALF_BITS)
        m.d.sync += shown.eq(0)
        with m.Switch(Cat(self.host.place.index, self.host.place.half)):
            for name in _LIVE:
                with m.Case(status + STATUS_REGISTERS[name].offset):
                    m.d.sync += shown.eq(getattr(self, name))
        m.d.comb += self.host.read_data.eq(stored | shown)
