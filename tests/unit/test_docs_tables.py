"""Generated pages are current."""

from pathlib import Path

from spikeloom.contract import frames, registers
from spikeloom.contract.tables import main, memory_map_page

PAGE = Path(__file__).parents[2] / "docs" / "memory-map.md"


def test_memory_map_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == memory_map_page(), (
        "docs/memory-map.md is stale; run: python -m spikeloom.contract.tables"
    )


def test_page_names_everything():
    page = memory_map_page()
    names = [register.name for register in registers.STATUS_REGISTERS.values()]
    names += [member.name for kind in (frames.Op, frames.Status) for member in kind]
    assert all(f"| `{name}` |" in page for name in names)
    assert "Outside the window, or an offset that is not in the ring." in page


def test_command_writes_it(tmp_path):
    path = tmp_path / "page.md"
    assert main(["-o", str(path)]) == 0
    assert path.read_text(encoding="utf-8") == memory_map_page()
