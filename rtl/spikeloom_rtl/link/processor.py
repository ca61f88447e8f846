"""A processor of a few dozen cells, for what a line leaves much time for."""

from collections.abc import Sequence

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from .assembler import CONDITIONS, PROGRAM_WORDS

__all__ = ["Processor"]

_ADDRESS_BITS = (PROGRAM_WORDS - 1).bit_length()
_MEMORY_BYTES = 512
_BANK_WORDS = 512


class Processor(wiring.Component):
    """An accumulator, a carry, an index register X, 512 bytes and up to 768 instructions.

    Two cycles an instruction, see `Assembler`: in the first one memory is read, in the second one
    the rest happens, and the next instruction is read. The second one lasts while `hold` is high.

    Parameters
    ----------
    program : sequence of int
        Instructions, more than 512.
    data : sequence of int
        What is in memory after power-up; a reset does not bring it back.

    Members
    -------
    a : Out(8)
        Accumulator.
    x : Out(8)
        Index register.
    set_x : In(1)
        Load X from the accumulator.
    conditions : In(16)
        What jumps ask for; `zero` and `carry` are added here.
    input : In(8)
        What is read from a port.
    instruction : Out(16)
        The one at hand; it says which port.
    reads, writes : Out(1)
        It is a read from, a write to a port, in its second cycle.
    hold : In(1)
        It cannot end yet.
    """

    a: Signal
    x: Signal
    set_x: Signal
    conditions: Signal
    input: Signal
    instruction: Signal
    reads: Signal
    writes: Signal
    hold: Signal

    def __init__(self, program: Sequence[int], data: Sequence[int]) -> None:
        self._program = list(program)
        self._data = list(data)
        super().__init__(
            {
                "a": Out(8),
                "x": Out(8),
                "set_x": In(1),
                "conditions": In(len(CONDITIONS)),
                "input": In(8),
                "instruction": Out(16),
                "reads": Out(1),
                "writes": Out(1),
                "hold": In(1),
            }
        )
        self._second = Signal()  # cycle of an instruction
        self._advance = Signal()  # to the next

    def elaborate(self, platform: object) -> Module:
        """Build both memories and what is between them."""
        m = Module()
        zero, carry = self._compute(m, self._remember(m))
        self._follow(m, zero, carry)
        return m

    def _follow(self, m: Module, zero: Signal, carry: Signal) -> None:
        """Read one instruction after the other."""
        started = Signal()  # there is an instruction
        place = self._place = Signal(_ADDRESS_BITS, init=-1)
        goes = Signal()
        code = self.instruction
        number = Cat(code[12:15], code[10])
        conditions = Array([1, zero, carry, *self.conditions[3:]])
        following = Signal(_ADDRESS_BITS)
        low = self._bank(m, "low", self._program[:_BANK_WORDS], following)
        high = self._bank(m, "high", self._program[_BANK_WORDS:], following)
        m.d.comb += [
            code.eq(Mux(place[-1], high, low)),
            goes.eq(started & code[15] & (conditions[number] ^ code[11])),
            following.eq(Mux(goes, code[:_ADDRESS_BITS], place + 1)),
            self._advance.eq((self._second & ~self.hold) | ~started),
        ]
        m.d.sync += [started.eq(1), self._second.eq(started & ~self._advance)]
        with m.If(self._advance):
            m.d.sync += place.eq(following)

    def _bank(self, m: Module, name: str, words: Sequence[int], address: Signal) -> Value:
        """Build a part of the program, so that few instructions are chosen among."""
        rom: Memory = Memory(
            shape=16,
            depth=1 << (len(words) - 1).bit_length(),
            init=words,
            attrs={"ram_style": "block", "rom_style": "block", "syn_romstyle": "EBR"},
        )
        m.submodules[name] = rom
        read = rom.read_port()
        m.d.comb += [read.addr.eq(address), read.en.eq(self._advance)]
        word: Value = read.data
        return word

    def _remember(self, m: Module) -> Value:
        """Build memory and X; return the byte that was read."""
        memory: Memory = Memory(
            shape=8, depth=_MEMORY_BYTES, init=self._data, attrs={"no_rw_check": "1"}
        )
        m.submodules.memory = memory
        read, write = memory.read_port(), memory.write_port()
        code = self.instruction
        special, indexed, store = code[9], code[7], code[14] & ~code[15]
        address = Cat(Mux(special, self.x, code[:8]), code[8])
        port = Signal()
        m.d.comb += [
            port.eq(self._second & special & ~indexed & ~code[15]),
            self.reads.eq(port & ~code[14]),
            self.writes.eq(port & code[14]),
            read.addr.eq(address),
            read.en.eq(~self._second),
            write.addr.eq(address),
            write.data.eq(self.a),
            write.en.eq(self._second & store & ~(special & ~indexed)),
        ]
        x = Signal(8, reset_less=True)
        m.d.comb += self.x.eq(x)
        with m.If(self.set_x):
            m.d.sync += x.eq(self.a)
        with m.Elif(self._second & ~code[15] & special & indexed & code[6]):
            m.d.sync += x.eq(x + 1)
        stored: Value = read.data
        return stored

    def _compute(self, m: Module, stored: Value) -> tuple[Signal, Signal]:
        """Build accumulator and carry; return whether it is 0, and the carry."""
        code = self.instruction
        operand, changed, total = Signal(8), Signal(8), Signal(9)
        a = Signal(8, reset_less=True)
        zero, carry = Signal(), Signal(reset_less=True)
        adds, with_carry = code[11], code[10]
        m.d.comb += [
            self.a.eq(a),
            zero.eq(a == 0),
            operand.eq(Mux(code[9] & ~code[7], self.input, stored)),
        ]
        with m.Switch(code[12:14]):
            with m.Case(0b00):
                m.d.comb += changed.eq(operand)
            with m.Case(0b01):
                m.d.comb += changed.eq(operand & a)
            with m.Case(0b10):
                m.d.comb += changed.eq(operand ^ a)
            with m.Case(0b11):
                m.d.comb += changed.eq(~operand)
        # To subtract is to add the complement and, unless a carry says otherwise, 1.
        one = Mux(with_carry, carry, code[12])
        m.d.comb += total.eq((Cat(one, a) + Cat(one, changed))[1:])
        with m.If(self._second & ~code[15] & ~code[14]):
            m.d.sync += a.eq(Mux(adds, total, changed))
            with m.If(adds):
                m.d.sync += carry.eq(total[-1])
        return zero, carry
