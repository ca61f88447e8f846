"""What was built for each board: a table in ``docs/boards.md``, from ``docs/boards.json``."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from spikeloom.contract import ArrayConfig
from spikeloom.replacing import replacing
from spikeloom_boards import BoardTable

from .activity import cycles_per_step
from .build import Synthesis
from .tools import disk_errors

__all__ = [
    "BEGIN", "END", "read_results", "result_key", "result_of", "results_table", "write_results",
]  # fmt: skip

BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
"""Between these the page is generated."""
_HEAD = (
    "board", "part", "configuration", "neurons", "axons", "weights a cycle",
    "LUT", "FF", "block RAM", "DSP",
    "clock, MHz", "Fmax, MHz", "cycles a step", "steps/s", "learning: cycles", "steps/s",
    "limited by",
)  # fmt: skip


def result_key(board: BoardTable, config: ArrayConfig | None = None) -> str:
    """Return the key of a result in ``boards.json``: the board, and a configuration not its own."""
    if config is None or config.name == board.config:
        return board.name
    return f"{board.name}:{config.name}"


def result_of(
    board: BoardTable,
    result: Synthesis | None,
    *,
    config: ArrayConfig | None = None,
    proofs: Iterable[str] = (),
    error: str = "",
) -> dict[str, Any]:
    """Return what came out for a board, as plain values.

    Parameters
    ----------
    board : BoardTable
        The board.
    result : Synthesis or None
        What was built; None if nothing could be.
    config : ArrayConfig, optional
        What could not be built; the board's own if None.
    proofs : iterable of str
        What was proved of the bitstream.
    error : str
        Why there is no bitstream.
    """
    if result is not None:
        config = result.config
    elif config is None:
        config = board.array_config
    cycles = cycles_per_step(config)
    learning = cycles_per_step(config, learning=True) if config.learns else None
    timing = None if result is None else result.report.timing
    return {
        "board": board.name,
        "title": board.title,
        "part": board.part,
        "config": config.name,
        "neurons": config.neurons,
        "axons": config.axons,
        "lanes": config.cores * config.lanes,
        "clock_hz": config.clock_hz,
        "usage": {} if result is None else result.report.to_dict()["usage"],
        "fmax_hz": None if timing is None else round(timing.got_hz),
        "timing_met": None if timing is None else timing.met,
        "seed": getattr(result, "seed", None),
        "tools": {} if result is None else result.tools,
        "cycles_per_step": cycles,
        "cycles_per_step_learning": learning,
        "proofs": list(proofs),
        "error": error,
    }


def read_results(path: Path) -> dict[str, dict[str, Any]]:
    """Return what is in ``boards.json``, by board; empty if it is not there yet."""
    if not path.is_file():
        return {}
    found: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def write_results(json_path: Path, page: Path, results: dict[str, dict[str, Any]]) -> None:
    """Write both files; each is replaced only when it is complete.

    What a person wrote in ``boards.json``, under "limited_by" and "tried", is kept by the caller.
    """
    _replace(json_path, json.dumps(dict(sorted(results.items())), indent=2) + "\n")
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} must hold {BEGIN!r} and {END!r}")
    _replace(page, f"{before}{BEGIN}\n\n{results_table(results)}\n{END}{after}")


def _replace(path: Path, text: str) -> None:
    with disk_errors(path), replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def results_table(results: dict[str, dict[str, Any]]) -> str:
    """Return the tables of the page, in Markdown."""
    lines = [_line(_HEAD), _line(["---"] * len(_HEAD))]
    lines += [_line(_row(each)) for _, each in sorted(results.items())]
    notes = [
        f"* **{each['title']}**, `{each['config']}`: {text}"
        for _, each in sorted(results.items())
        for text in (each.get("tried", ""), each.get("error", ""))
        if text
    ]
    return "\n".join([*lines, "", *notes, ""] if notes else [*lines, ""])


def _line(cells: Iterable[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _row(each: dict[str, Any]) -> list[str]:
    usage = each["usage"]

    def used(*names: str) -> str:
        texts = []
        for name in names:
            if name in usage:
                use = usage[name]
                share = 100 * use["used"] / use["available"] if use["available"] else 0
                texts.append(f"{use['used']:,g} ({share:.0f} %)")
        return " + ".join(texts) or "-"

    def rate(cycles: int | None) -> tuple[str, str]:
        if cycles is None:
            return "-", "-"
        return f"{cycles:,}", f"{each['clock_hz'] / cycles:,.0f}"

    fmax = each["fmax_hz"]
    speed = (
        "-" if fmax is None else f"{fmax / 1e6:.1f}" + ("" if each["timing_met"] else ", missed")
    )
    return [
        each["title"], each["part"], f"`{each['config']}`", str(each["neurons"]),
        str(each["axons"]), str(each["lanes"]),
        used("LUT"), used("FF"), used("block RAM", "single-port RAM"), used("DSP"),
        f"{each['clock_hz'] / 1e6:g}", speed,
        *rate(each["cycles_per_step"]), *rate(each["cycles_per_step_learning"]),
        each.get("limited_by", "") or "-",
    ]  # fmt: skip
