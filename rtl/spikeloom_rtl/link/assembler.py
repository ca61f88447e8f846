"""The instructions of the link's processor, and what turns names into addresses."""

from collections.abc import Sequence

__all__ = ["CONDITIONS", "INPUTS", "OUTPUTS", "PROGRAM_WORDS", "Assembler", "output_bits"]

PROGRAM_WORDS = 768
"""Instructions that an address reaches."""
_PAGE_BYTES = 256

# An instruction has 16 bits. Bit 15: a jump; then 14..12 and 10 are the condition, 11 inverts it,
# 8..0 are the target. Else bit 14: a store; 13 and 12 choose what becomes of the operand, 11 adds,
# 10 adds the carry. Bit 9: 8..0 are no address, but bit 7: the address is bit 8 and X, bit 6: then
# X + 1; without bit 7 a port.
_JUMP = 1 << 15
_STORE = 1 << 14
_SPECIAL = 1 << 9
_INDEXED = 1 << 7
_STEP = 1 << 6
_OPERATIONS = {
    "ld": 0b0000, "and_": 0b0100, "xor": 0b1000,
    "add": 0b0010, "adc": 0b0011, "sub": 0b1110, "sbc": 0b1111,
}  # fmt: skip
"""Bits 13..10."""

CONDITIONS = (
    "always", "zero", "carry", "received", "array_busy", "busy", "waiting", "input_empty",
    "output_empty",
)  # fmt: skip
"""What a jump can ask for, in the order of their numbers."""
INPUTS = {
    "x": 0, "crc": 1 | 1 << 5, "data": 2, "low": 3, "high": 4 | 1 << 4, "input_free": 5,
    "output_free": 6, "rx": 7 | 1 << 6,
}  # fmt: skip
"""What can be read besides memory. The lowest 3 bits select; three have a bit of their own."""
OUTPUTS = (
    "x", "data", "crc", "crc_start", "tx", "write", "read", "response", "window", "core",
    "offset_0", "offset_1", "increment_0", "increment_1", "increment_2", "push", "look",
    "release", "reset", "stop", "clear", "count", "end",
)  # fmt: skip
"""What the accumulator can be handed to."""
_COLUMNS = 7


def output_bits(name: str) -> tuple[int, int]:
    """Return the two bits of an instruction that mean this output.

    So that each takes one LUT to recognise.
    """
    row, column = divmod(OUTPUTS.index(name), _COLUMNS)
    return 10 + row, column


assert len(OUTPUTS) <= 4 * _COLUMNS


class Assembler:
    """Collects instructions, constants and variables.

    An operand is a name of a variable, a number, which stands for a constant in memory, or
    ``"[x]"`` and ``"[x+]"``: the byte of page 1 that X points to, the latter with X + 1 afterwards;
    ``"[t+]"`` is the same in page 0.

    Parameters
    ----------
    places : dict of str to int
        Variables with a place of their own, addresses 0..511.
    table : sequence of int
        Bytes that stand at the beginning of memory.
    reserved : int
        Where the constants and other variables must end.
    """

    def __init__(self, places: dict[str, int], table: Sequence[int], reserved: int) -> None:
        self._places = dict(places)
        self._constants: dict[int, int] = {}
        self._data = list(table)
        self._reserved = reserved
        self._labels: dict[str, int] = {}
        self._code: list[tuple[int, str | None]] = []

    def label(self, name: str) -> None:
        """Name the next instruction."""
        assert name not in self._labels, name
        self._labels[name] = len(self._code)

    def _new(self, value: int) -> int:
        self._data.append(value)
        assert len(self._data) <= self._reserved, "too many variables"
        return len(self._data) - 1

    def _operand(self, operand: str | int) -> int:
        if isinstance(operand, int):
            if operand not in self._constants:
                self._constants[operand] = self._new(operand)
            return self._constants[operand]
        if operand.startswith("["):
            page, step = operand[1] == "x", operand.endswith("+]")
            return _SPECIAL | _INDEXED | page << 8 | step * _STEP
        if operand not in self._places:
            self._places[operand] = self._new(0)
        return self._places[operand]

    def op(self, name: str, operand: str | int) -> None:
        """Combine the accumulator with an operand: ld, and_, xor, add, adc, sub or sbc."""
        self._code.append((_OPERATIONS[name] << 10 | self._operand(operand), None))

    def store(self, *operands: str) -> None:
        """Store the accumulator at each of the places."""
        for operand in operands:
            self._code.append((_STORE | self._operand(operand), None))

    def move(self, source: str | int, *operands: str) -> None:
        """Load and store."""
        self.op("ld", source)
        self.store(*operands)

    def read(self, port: str) -> None:
        """Load the accumulator from a port."""
        self._code.append((_SPECIAL | INPUTS[port], None))

    def write(self, *ports: str) -> None:
        """Hand the accumulator to each of the ports."""
        for port in ports:
            row, column = output_bits(port)
            self._code.append((_STORE | _SPECIAL | 1 << row | 1 << column, None))

    def jump(self, target: str, condition: str = "always", *, unless: bool = False) -> None:
        """Go on at a label if a condition holds, or unless it does."""
        number = CONDITIONS.index(condition)
        bits = _JUMP | (number & 7) << 12 | (number >> 3) << 10 | unless << 11
        self._code.append((bits, target))

    def program(self) -> list[int]:
        """Return the instructions."""
        assert len(self._code) <= PROGRAM_WORDS, f"{len(self._code)} instructions"
        return [bits | (self._labels[to] if to else 0) for bits, to in self._code]

    def data(self) -> list[int]:
        """Return the initial contents of the memory, as far as it matters."""
        assert len(self._data) <= _PAGE_BYTES
        return self._data
