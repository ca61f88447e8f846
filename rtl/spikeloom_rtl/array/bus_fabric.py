"""The bus fabric: brings each access of the bus to its memory, and clears memories."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap, Window
from spikeloom.contract.words import SampleFlag

from ..ports import BusSignature
from ..sampling.sample_words import CLEAR_BITS, clear_bit
from .host_memory import HostPort
from .register_file import FILE_WINDOWS, HALF_BITS, RegisterPort, file_base, file_bits
from .spike_gather import GATHERED_CORES

__all__ = ["BusFabric"]

_GROUP_BITS = 2
"""Windows are chosen among first by so many low bits of their numbers."""
_NEAR_BITS = (GATHERED_CORES - 1).bit_length()
"""So are cores where they are many: those that stand together differ in these bits only."""

_CLEARED = {
    SampleFlag.RESTART: ("sample", "counts"),
    SampleFlag.CLEAR_STATE: ("v", "i", "c", "pending"),
    SampleFlag.CLEAR_THETA: ("theta",),
    SampleFlag.CLEAR_TRACES: ("x", "y"),
    SampleFlag.CLEAR_ELIGIBILITY: ("eligibility",),
}
"""Windows of state by the flag of a SAMPLE word that clears them."""


class BusFabric(wiring.Component):
    """Decodes addresses; one access at a time.

    A write takes 4 cycles, a read 5 until its response; 5 and 7 in fast builds, which decode in a
    cycle of its own and choose among the words that were read in two; where cores are many a read
    takes 10, since it stops at a register on the way there and at two on the way back, where first
    one of a few cores is chosen. Registers are read and written in halves. Clearing takes one cycle
    a word of the deepest memory that is cleared: all of them, in all cores, are cleared side by
    side.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Members
    -------
    bus : In(BusSignature)
    clear_state : In(1)
        Hold high until `cleared`: write 0 to all state windows.
    clear_network : In(1)
        With `clear_state`: to all network windows and the probe table as well, and reset values
        to the control registers.
    cleared : Out(1)
        High for one cycle when clearing is done.
    clear_sample : In(1), what : In(5)
        Where samples are built in: hold high until `cleared`: write 0 to windows of state alone,
        for each flag of a SAMPLE word but REPORT to those that it names. Not while `clear_state`.
    host_<window> : Out(HostPort).array(cores)
        One for each window of the memory map that is not in the register file.
    registers : Out(RegisterPort)
        The register file.
    """

    bus: Any
    clear_state: Signal
    clear_network: Signal
    cleared: Signal
    clear_sample: Signal
    what: Signal
    registers: Any

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        self._fast = config.memories_registered
        self._far = config.cores_are_many
        self._memory = MemoryMap(config)
        self._windows = [w for w in self._memory if w.name not in FILE_WINDOWS]
        super().__init__(
            {
                "bus": In(BusSignature(self._memory.data_bits)),
                "clear_state": In(1),
                "clear_network": In(1),
                "cleared": Out(1),
                **({"clear_sample": In(1), "what": In(CLEAR_BITS)} if config.sampling else {}),
                **{
                    f"host_{window.name}": Out(HostPort(window.word_bits)).array(window.cores)
                    for window in self._windows
                },
                "registers": Out(RegisterPort(config)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the access state machine, the decoder and the choice of what is read."""
        m = Module()
        request, response = self.bus.request, self.bus.response
        asked = request.payload
        offset = Signal(self._clear_bits(network=True))
        data = Signal(self._memory.data_bits)
        accesses, clears = Signal(), Signal()  # the next cycle does
        clearing, second, commit = Signal(), Signal(), Signal()
        self._decode(m, accesses, clears)
        for each in self._windows:
            for port in getattr(self, f"host_{each.name}"):
                there = m.d.sync if self._far else m.d.comb
                there += [port.offset.eq(offset), port.commit.eq(commit), port.data.eq(data)]
        of_registers, bases = self._reach_registers(
            m, offset, data, accesses, clears, clearing, second
        )
        chosen = self._choose(m)
        # The master holds its request until it is carried out: window and core are not kept.
        m.d.sync += [offset.eq(asked.offset | bases), data.eq(asked.data)]
        low, high = response.payload[:HALF_BITS], response.payload[HALF_BITS:]

        def end() -> None:
            """Take the request; the word that it reads is there, or the high half of a register."""
            m.d.comb += request.ready.eq(1)
            if not self._far:
                m.d.sync += high.eq(chosen[HALF_BITS:])
            with m.If(~of_registers):
                m.d.sync += (response.payload if self._far else low).eq(chosen)
            m.next = "RESPOND"
            with m.If(asked.write):
                m.next = "IDLE"

        with m.FSM(name="access"):
            with m.State("IDLE"):
                clear: Value = self.clear_state
                if self._config.sampling:
                    clear = clear | self.clear_sample
                with m.If(clear):
                    m.d.comb += clears.eq(1)
                    m.d.sync += [offset.eq(0), data.eq(0)]
                    m.next = "CLEAR"
                with m.Elif(request.valid):
                    if self._fast:
                        m.next = "DECODE"
                    else:
                        m.d.comb += accesses.eq(1)
                        m.next = "SELECT"
            if self._fast:
                with m.State("DECODE"):
                    m.d.comb += accesses.eq(1)
                    m.next = "SELECT"
            with m.State("SELECT"):
                m.d.comb += [accesses.eq(1), self.registers.commit.eq(asked.write)]
                m.next = "WAIT"
            with m.State("WAIT"):  # some memories see the offset a cycle late
                m.d.comb += [accesses.eq(1), second.eq(1), self.registers.commit.eq(asked.write)]
                m.next = "COMMIT"
                if not self._fast:
                    m.d.sync += low.eq(chosen)
            with m.State("COMMIT"):
                m.d.comb += commit.eq(asked.write)
                if self._fast:
                    m.d.sync += low.eq(chosen)
                    m.next = "CHOOSE"
                else:
                    end()
            if self._fast:
                with m.State("CHOOSE"):
                    if self._far:
                        m.d.sync += high.eq(chosen[HALF_BITS:])
                        m.next = "FAR"
                    else:
                        end()
            if self._far:  # what is read there comes three cycles later than a register
                with m.State("FAR"):
                    m.next = "GATHERED"
                with m.State("GATHERED"):
                    m.next = "BACK"
                with m.State("BACK"):
                    end()
            with m.State("RESPOND"):
                m.d.comb += response.valid.eq(1)
                with m.If(response.ready):
                    m.next = "IDLE"
            with m.State("CLEAR"):
                m.d.comb += [clearing.eq(1), clears.eq(1), commit.eq(1)]
                m.d.sync += [offset.eq(offset + 1), data.eq(0)]
                with m.If(self._is_last(offset)):
                    m.next = "CLEARED"
            with m.State("CLEARED"):  # here too
                m.d.comb += [clearing.eq(1), commit.eq(1), self.cleared.eq(not self._far)]
                m.next = "CLEARED FAR" if self._far else "IDLE"
            if self._far:
                with m.State("CLEARED FAR"):
                    m.d.comb += self.cleared.eq(1)
                    m.next = "IDLE"
        return m

    def _reach_registers(
        self,
        m: Module,
        offset: Signal,
        data: Signal,
        accesses: Signal,
        clears: Signal,
        clearing: Signal,
        second: Signal,
    ) -> tuple[Signal, Signal]:
        """Drive the register file's port.

        Returns
        -------
        tuple of Signal
            Whether a register is addressed, and which bits of an offset its window sets.
        """
        port, bits = self.registers, file_bits(self._config)
        bases, here = Signal(bits), Signal()
        domain = m.d.sync if self._fast else m.d.comb
        domain += [here.eq(0), bases.eq(0)]
        for name in FILE_WINDOWS:
            if name in self._memory:
                with m.If(self._window == self._memory[name].id):
                    domain += [here.eq(1), bases.eq(file_base(self._config, name))]
        # A clear of all goes through the low halves, then the high ones, then on without registers:
        # once more than needed it writes the first one. Among state is `t`, the first of all.
        only_t = clearing & ~self.clear_network
        past = clearing & offset[bits + 1 :].any()
        commits = self.clear_network | (offset[1:bits] == 0)
        if self._config.sampling:
            past, commits = past | self.clear_sample, commits & ~self.clear_sample
        m.d.comb += [
            port.soon.eq((accesses & here) | (clears & ~past)),
            port.place.index.eq(Cat(offset[0] & ~only_t, offset[1:bits])),
            port.place.half.eq(Mux(clearing, Mux(only_t, offset[0], offset[bits]), second)),
            port.data.eq(data),
            port.clears.eq(clearing),
        ]
        m.d.sync += port.select.eq(port.soon)
        with m.If(clearing & commits):
            m.d.comb += port.commit.eq(1)
        return here, bases

    @property
    def _window(self) -> Value:
        """The number of the addressed window, which is one that there is."""
        last = max(window.id for window in self._memory)
        number: Value = self.bus.request.payload.window[: last.bit_length()]
        return number

    @property
    def _core(self) -> Value:
        """The number of the addressed core."""
        number: Value = self.bus.request.payload.core
        return number

    def _cleared(self, *, network: bool) -> list[Window]:
        """Return the windows that a clear writes: state, or what a program writes as well."""
        kinds = ("state", "network") if network else ("state",)
        return [window for window in self._windows if window.kind in kinds]

    def _clear_bits(self, *, network: bool) -> int:
        """Return the width of the offsets that a clear goes through, up to a power of two."""
        deepest = max(window.depth for window in self._cleared(network=network))
        registers = file_bits(self._config) + 1 if network else 1
        return max((deepest - 1).bit_length(), registers)

    def _is_last(self, offset: Signal) -> Value:
        """Return whether the deepest memory has been cleared."""
        state, network = (self._clear_bits(network=kind) for kind in (False, True))
        last = offset[:state].all() & (~self.clear_network | offset[state:network].all())
        if not self._config.sampling:
            return last
        parts: list[Value] = []
        for flag, names in _CLEARED.items():
            depth = max([w.depth for w in self._windows if w.name in names], default=2)
            through = offset[: max(1, (depth - 1).bit_length())].all()
            parts.append(~self.what[clear_bit(flag)] | through)
        return Mux(self.clear_sample, Cat(parts).all(), last)

    def _decode(self, m: Module, accesses: Signal, clears: Signal) -> None:
        """Select ports; beyond its end a memory is empty, or its words come anew."""
        core = self._core
        state, network = self._cleared(network=False), self._cleared(network=True)
        for each in self._windows:
            clear: Value = Const(0)
            if each in state:
                clear = clears
                if self._config.sampling:
                    flag = next(flag for flag, names in _CLEARED.items() if each.name in names)
                    clear = clears & (~self.clear_sample | self.what[clear_bit(flag)])
            elif each in network:
                clear = clears & self.clear_network
                if self._config.sampling:
                    clear = clear & ~self.clear_sample
            ports = getattr(self, f"host_{each.name}")
            for k, port in enumerate(ports):
                here: Value = accesses & (self._window == each.id)
                if len(ports) > 1:
                    here &= core == k
                selected = Signal(name=f"{each.name}_{k}_selected")
                m.d.sync += selected.eq(here | clear)
                there = m.d.sync if self._far else m.d.comb
                there += port.select.eq(selected)

    def _choose(self, m: Module) -> Value:
        """Return the word that the addressed window reads; what lies beyond its bytes is any."""
        asked, core = self._window, self._core
        if self._far:  # the master holds its request, so this is known long before a word is back
            known = Signal.like(core, name="known_core")
            m.d.sync += known.eq(core)
            core = known
        groups: dict[int, dict[int, Value]] = {}
        word: Value
        for window in self._windows:
            ports = getattr(self, f"host_{window.name}")
            of_cores = {k: _whole_bytes(port.read_data) for k, port in enumerate(ports)}
            group = groups.setdefault(window.id >> _GROUP_BITS, {})
            word = (
                self._bring_back(m, window, of_cores, core)
                if self._far
                else _chosen(of_cores, core)
            )
            group[window.id & (1 << _GROUP_BITS) - 1] = word
        half = self.registers.read_data
        sources: list[tuple[Value, Value]] = [(Cat(half, half), self.registers.select)]
        for number, group in groups.items():
            shows = Signal(name=f"shows_group_{number}")
            m.d.sync += shows.eq((asked[_GROUP_BITS:] == number) & ~self.registers.soon)
            sources.append((_chosen(group, asked[:_GROUP_BITS]), shows))
        result: Value = Const(0, self._memory.data_bits)
        here: Value
        for k, (word, here) in enumerate(sources):
            if self._fast:
                late = Signal(1 + len(word), name=f"word_{k}")
                m.d.sync += late.eq(Cat(here, word))
                here, word = late[0], late[1:]
            result |= Mux(here, word, 0)
        return result

    def _bring_back(
        self, m: Module, window: Window, of_cores: dict[int, Value], core: Value
    ) -> Value:
        """Choose among the words of a few cores that stand together, then among those."""
        near: dict[int, dict[int, Value]] = {}
        for k, word in of_cores.items():
            near.setdefault(k >> _NEAR_BITS, {})[k & (1 << _NEAR_BITS) - 1] = word
        gathered: dict[int, Value] = {}
        for number, words in near.items():
            gathered[number] = stop = Signal(
                len(of_cores[0]), name=f"{window.name}_gathered_{number}"
            )
            m.d.sync += stop.eq(_chosen(words, core[:_NEAR_BITS]))
        back = Signal(len(of_cores[0]), name=f"{window.name}_back")
        m.d.sync += back.eq(_chosen(gathered, core[_NEAR_BITS:]))
        return back


def _whole_bytes(word: Value) -> Value:
    """Return a word with zeros up to the end of its last byte."""
    return Cat(word, Const(0, -len(word) % 8))


def _chosen(words: dict[int, Value], number: Value) -> Value:
    """Return the word of a number that is among the keys, byte by byte.

    Where a word has no such byte, that of any other may show: so few are chosen among.
    """
    size = max(len(word) for word in words.values()) // 8
    result: list[Value] = []
    for k in range(size):
        here = {n: word.word_select(k, 8) for n, word in words.items() if len(word) > 8 * k}
        result.append(_among(here, number))
    return Cat(result)


def _among(words: dict[int, Value], number: Value) -> Value:
    """Return one of equally wide words by the bits of its number that tell them apart."""
    if len(words) == 1:
        return next(iter(words.values()))
    top = max(words).bit_length() - 1
    low = {n: word for n, word in words.items() if not n >> top}
    high = {n ^ 1 << top: word for n, word in words.items() if n >> top}
    if not low:
        return _among(high, number)
    return Mux(number[top], _among(high, number), _among(low, number))
