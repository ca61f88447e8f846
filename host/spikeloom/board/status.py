"""`BoardStatus`: status registers by name, with a look at those that should be zero."""

import html

from spikeloom.contract.registers import STATUS_BITS, STATUS_REGISTERS, BootState, SessionEnd
from spikeloom.target import Target

__all__ = ["BoardStatus", "read_status"]

_MODULUS = 1 << STATUS_BITS
_WIDE = {
    "cycles": ("cycles_low", "cycles_high"),
    "wait_cycles": ("wait_cycles_low", "wait_cycles_high"),
}
_ATTENTION = (
    "overruns", "dropped", "refused_events", "bad_frames", "line_errors", "out_of_order",
    "refused",
)  # fmt: skip
_COUNTED = (
    "steps", "spikes", "arrivals", "overruns", "dropped", "refused_events", "bad_frames",
    "line_errors", "out_of_order", "repeated", "refused",
)  # fmt: skip
_CODES: dict[str, type[BootState] | type[SessionEnd]] = {
    "boot": BootState,
    "session_end": SessionEnd,
}
_BOOT_FAILURES = {
    BootState.BAD_CRC: "the boot network in the flash is damaged; write it again",
    BootState.OTHER_ARRAY: "the boot network in the flash is for another array; make it for this",
    BootState.REFUSED: "the array refused the boot network in the flash; make it again",
}


class BoardStatus(dict[str, int]):
    """Status registers by name; 64-bit counters ``cycles`` and ``wait_cycles`` are joined."""

    @property
    def attention(self) -> dict[str, str]:
        """Registers that tell of something wrong, with their meaning."""
        found = {name: STATUS_REGISTERS[name].doc for name in _ATTENTION if self[name]}
        if self.boot in _BOOT_FAILURES:
            found["boot"] = f"{self.boot.name}: {_BOOT_FAILURES[self.boot]}"
        return found

    @property
    def boot(self) -> BootState:
        """What became of the boot network in the board's flash."""
        return BootState(self["boot"])

    def since(self, earlier: "BoardStatus") -> dict[str, int]:
        """Return what the counters added since `earlier`."""
        added = {name: (self[name] - earlier[name]) % _MODULUS for name in _COUNTED}
        return added | {name: (self[name] - earlier[name]) % _MODULUS**2 for name in _WIDE}

    def __repr__(self) -> str:
        attention = self.attention
        width = max(map(len, self), default=0) + 1
        lines = []
        for name, value in self.items():
            code = _CODES[name]._value2member_map_.get(value) if name in _CODES else None
            word = f"  {code.name}" if code is not None else ""
            meaning = f"  (!) {attention[name]}" if name in attention else ""
            lines.append(f"{name + ':':{width}} {value:>10,}{word}{meaning}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        attention = self.attention
        rows = "".join(
            f"<tr><td>{name}</td><td>{'<b>' * (name in attention)}{value}</td>"
            f"<td>{html.escape(attention.get(name, ''))}</td></tr>"
            for name, value in self.items()
        )
        return f"<table>{rows}</table>"


def read_status(target: Target) -> BoardStatus:
    """Read all status registers."""
    data = target.read("status")
    values = {
        name: int.from_bytes(data[4 * register.offset : 4 * register.offset + 4], "little")
        for name, register in STATUS_REGISTERS.items()
    }
    for name, (low, high) in _WIDE.items():
        values[name] = values.pop(low) | values.pop(high) << STATUS_BITS
    return BoardStatus(values)
