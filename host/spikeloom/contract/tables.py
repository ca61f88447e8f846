"""Write ``docs/memory-map.md`` from the contract: ``python -m spikeloom.contract.tables``."""

import argparse
import enum
import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from . import frames, learning, registers, sampling, words
from .config import ArrayConfig
from .configs import CONFIGS, DEFAULT_CONFIG
from .memory import CORE_BITS, OFFSET_BITS, WINDOW_BITS, Field, MemoryMap, Window

__all__ = ["main", "memory_map_page"]

_INTRODUCTION = f"""\
# Memory map, registers and codes

Generated from `spikeloom.contract` by `python -m spikeloom.contract.tables`; change it there. A
test keeps this page current. How the link uses all this is told in [link.md](link.md), what the
numbers mean in [semantics.md](semantics.md).

## Addresses

`address = window << {CORE_BITS + OFFSET_BITS} | core << {OFFSET_BITS} | offset`, with
{WINDOW_BITS} bits of window, {CORE_BITS} of core and {OFFSET_BITS} of offset, counted in words.
A word holds its fields from bit 0 upwards and takes `ceil(bits / 8)` bytes on the line,
little-endian. In the synapse windows the fields repeat for each of H lanes: H is L, halved while
above 8, so that no word is much wider than 64 bits.
"""


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    cells = ([str(cell).replace("|", "\\|") for cell in row] for row in rows)
    lines.extend("| " + " | ".join(row) + " |" for row in cells)
    return "\n".join(lines) + "\n"


def _field(field: Field) -> str:
    return f"`{field.name}`:{field.bits}{' signed' if field.signed else ''}"


def _access(window: Window) -> str:
    return ("read, write" if window.writable else "read") + (", live" if window.live else "")


def _windows(config: ArrayConfig) -> list[Window]:
    """Return the windows of a configuration, then those that only others have."""
    windows = {window.name: window for window in MemoryMap(config)}
    for other in CONFIGS.values():
        for window in MemoryMap(other):
            windows.setdefault(window.name, window)
    return list(windows.values())


def _window_rows(config: ArrayConfig) -> Iterator[tuple[object, ...]]:
    for window in _windows(config):
        fields = ", ".join(map(_field, window.fields))
        copies = f"{window.cores} × {window.depth}" if window.per_core else str(window.depth)
        lanes = f" × {window.lanes} lanes" if window.lanes > 1 else ""
        yield (
            f"`{window.name}`", window.id, copies, fields + lanes, window.word_bytes,
            _access(window), window.doc,
        )  # fmt: skip


def _field_rows(config: ArrayConfig) -> Iterator[tuple[object, ...]]:
    for window in _windows(config):
        for field in window.fields:
            low, high = field.range
            yield f"`{window.name}`", f"`{field.name}`", f"{low}..{high}", field.doc


def _config_rows() -> Iterator[tuple[object, ...]]:
    for name, c in CONFIGS.items():
        yield (
            f"`{name}`", c.cores, c.neurons_per_core, c.axons, c.rows_per_core, c.lanes,
            c.delay_slots, c.weight_bits, c.state_bits, "yes" if c.theta else "no", c.plastic,
            "yes" if c.eligibility else "no", "yes" if c.draws else "no", c.synapse_ports,
            f"{c.pattern_words} words" if c.sampling else "no", c.probes, c.clock_hz / 1e6,
            "none" if c.boot_offset is None else f"{c.boot_offset:#x}",
        )  # fmt: skip


def _register_rows(
    table: dict[str, registers.Register], base: str = ""
) -> Iterator[tuple[object, ...]]:
    for register in table.values():
        yield f"`{register.name}`", f"{base}{register.offset}", register.bits, register.doc


def _packed_rows(table: dict[str, registers.Register]) -> Iterator[tuple[object, ...]]:
    """Yield the numbers in registers that hold more than one, or a signed one."""
    for register in table.values():
        place = 0
        for field in register.fields:
            bits = f"{place}..{place + field.bits - 1}" if field.bits > 1 else str(place)
            low, high = field.range
            yield f"`{register.name}`", bits, f"`{field.name}`", f"{low}..{high}", field.doc
            place += field.bits


def _enum_rows(kind: type[enum.IntEnum] | type[enum.IntFlag]) -> Iterator[tuple[object, ...]]:
    """Yield name, value and the string that follows each member in the source."""
    docs = dict(
        re.findall(r'^    (\w+) = \d+\n    """(.*?)"""', inspect.getsource(kind), re.M | re.S)
    )
    for member in kind:
        yield f"`{member.name}`", int(member), " ".join(docs.get(str(member.name), "").split())


def _parts() -> Iterator[str]:
    config = CONFIGS[DEFAULT_CONFIG]
    yield _INTRODUCTION
    yield f"## Windows of `{DEFAULT_CONFIG}`\n"
    yield (
        "Other configurations have other depths and widths; `spikeloom info URL` shows them. "
        "`eligibility`,\nwhere it is built in, is shown for `quad_elig`. Builds without samples "
        "lack `sample`, `levels`,\n`encoders`, `pattern`, `readout` and `counts`.\n"
    )
    window_head = ("window", "number", "words", "fields", "bytes a word", "access", "what")
    yield _table(window_head, _window_rows(config))
    yield "*live*: may be read while steps run.\n"
    yield "## Fields\n"
    yield _table(("window", "field", "range", "meaning"), _field_rows(config))
    yield "## Control registers\n"
    yield "Window `control`; also set by `CONTROL` words in the event stream.\n"
    head = ("register", "offset", "bits", "meaning")
    yield _table(head, _register_rows(registers.CONTROL_REGISTERS))
    yield "Builds without samples lack those from `stimulus_seed` on.\n"
    yield (
        f"Per core, at `{registers.CORE_REGISTER_BASE} + "
        f"{registers.CORE_REGISTER_STRIDE} * core +`:\n"
    )
    yield _table(head, _register_rows(registers.CORE_REGISTERS))
    yield "All builds have the first two, those that learn the others; eligibility is an option.\n"
    yield "### Numbers in these registers\n"
    packed_head = ("register", "bits", "number", "range", "meaning")
    yield _table(packed_head, _packed_rows(registers.CORE_REGISTERS))
    yield "## Status registers\n"
    yield (
        "Window `status`, read only. All but `busy`, the `last_...`, `input_free` and `boot` keep "
        "their value\nuntil `RESET counters`.\n"
    )
    yield _table(head, _register_rows(registers.STATUS_REGISTERS))
    for title, kind in (
        ("Op codes", frames.Op),
        ("Status codes", frames.Status),
        ("Kinds of reset", frames.ResetKind),
        ("Flags of PULL", frames.PullFlags),
        ("Session ends", registers.SessionEnd),
        ("Boot states", registers.BootState),
        ("Output policies", registers.OutputPolicy),
        ("Modes of a trace", learning.TraceMode),
        ("Effects of a trace", learning.Effect),
        ("Modes of an encoder", sampling.EncoderMode),
        ("Words of a sample", sampling.SampleField),
        ("Flags of SAMPLE", words.SampleFlag),
    ):
        yield f"## {title}\n"
        yield _table(("name", "value", "meaning"), _enum_rows(kind))
    yield "## Named configurations\n"
    config_head = (
        "name", "cores", "neurons a core", "axons", "rows a core", "lanes", "delay slots",
        "weight bits", "state bits", "theta", "plastic", "eligibility", "stochastic",
        "synapse ports", "sampling", "probes", "clock, MHz", "boot offset",
    )  # fmt: skip
    yield _table(config_head, _config_rows())


def memory_map_page() -> str:
    """Return the text of ``docs/memory-map.md``."""
    return "\n".join(_parts())


def main(argv: list[str] | None = None) -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path("docs/memory-map.md")
    parser.add_argument("-o", "--output", type=Path, default=default, help="file to write")
    args = parser.parse_args(argv)
    args.output.write_text(memory_map_page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
