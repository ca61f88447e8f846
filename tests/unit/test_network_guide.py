"""The blocks of docs/networks.md run as they stand."""

import doctest
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "networks.md"


def test_the_guide_runs():
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.testfile(str(GUIDE), module_relative=False, optionflags=flags)
    assert result.attempted > 20
    assert result.failed == 0


def test_every_block_of_python_is_doctested():
    blocks = GUIDE.read_text(encoding="utf-8").split("```python\n")[1:]
    for block in blocks:
        assert block.startswith(">>> ")
        assert block.split("```")[0].endswith("\n\n")
