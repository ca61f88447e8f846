"""Write a page for each board: ``python -m spikeloom_firmware.board_pages``.

What a page says stands once: in the board's table, in ``docs/boards.json`` (what was built and
proved) and in the table of lights of ``docs/boards.md``.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spikeloom_boards import BoardTable, boards

from .board_page import GENERATED, TOOLS, UNTRIED, board_page, markdown_table
from .results import read_results

__all__ = ["FOLDER", "main", "overview_page", "write_pages"]

FOLDER = Path("how-to/boards")
"""Where the pages are, within the folder of pages."""
_COMMAND = "python -m spikeloom_firmware.board_pages"


def _lights(page: str, board: BoardTable) -> str:
    """Return the last cell of the board's row in ``docs/boards.md``, else the resources."""
    for line in page.splitlines():
        if line.startswith(f"| `{board.name}` |"):
            return line.strip(" |").split(" | ")[-1]
    leds = {"idle": board.leds.idle, "running": board.leds.running, "error": board.leds.error}
    return ", ".join(f"{what}: {led[0]} {led[1]}" for what, led in leds.items() if led)


def overview_page(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the page that leads to those of the boards."""
    rows = []
    for name, board in boards().items():
        config = board.array_config
        met = results.get(name, {}).get("timing_met")
        rows.append(
            (
                f"[{board.title}]({name}.md)", board.part, config.neurons, config.axons,
                f"{config.clock_hz / 1e6:g}", TOOLS[board.fpga.toolchain],
                "bitstream, timing met" if met else "size only",
            )
        )  # fmt: skip
    head = ("board", "FPGA", "neurons", "axons", "MHz", "built by", "what there is")
    return f"""\
# A page for each board

{GENERATED}

{UNTRIED} Each page tells what is on the board, which cable it
needs, how its bitstream is built and flashed, how it is opened in Python, what its lights say, and
what has been proved without it.

{markdown_table(head, rows)}

[Boards](../../boards.md) has sizes and speeds of all of them; a board that is not here is
[one file](../../adding-a-board.md).
"""


def write_pages(docs: Path) -> list[Path]:
    """Write all pages and return their paths; pages of boards that are gone are removed.

    Parameters
    ----------
    docs : Path
        Folder with ``boards.json`` and ``boards.md``.
    """
    results = read_results(docs / "boards.json")
    overview = docs / "boards.md"
    lights = overview.read_text(encoding="utf-8") if overview.is_file() else ""
    pages = {
        f"{name}.md": board_page(board, results.get(name, {}), _lights(lights, board))
        for name, board in boards().items()
    }
    pages["index.md"] = overview_page(results)
    folder = docs / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.md"):
        if path.name not in pages:
            path.unlink()
    for file, text in pages.items():
        (folder / file).write_text(text, encoding="utf-8")
    return [folder / file for file in pages]


def main(argv: Sequence[str] | None = None) -> int:
    """Write the pages."""
    parser = argparse.ArgumentParser(prog=_COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument("docs", nargs="?", type=Path, default=Path("docs"), help="folder of pages")
    write_pages(parser.parse_args(argv).docs)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
