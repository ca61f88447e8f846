"""Where the recording of a test's wire traffic is."""

import hashlib
import re
from pathlib import Path

__all__ = ["failed_wire_file", "wire_file"]

_MOST_CHARACTERS = 100
SUFFIX = ".wire"


def wire_file(folder: Path, node_id: str) -> Path:
    """Return the file of a test: a folder per test file, a file per test.

    Parameters
    ----------
    folder : Path
        Where all recordings are.
    node_id : str
        The test, as pytest names it. What cannot be in a file name gives way to a dash, and a
        hash keeps such names apart.

    Examples
    --------
    >>> wire_file(Path("wires"), "tests/test_a.py::TestB::test_c").as_posix()
    'wires/tests/test_a/TestB.test_c.wire'
    >>> wire_file(Path("wires"), "test_a.py::test_c[2-x y]").as_posix()
    'wires/test_a/test_c-2-x-y-f1e8a01c.wire'
    """
    module, _, test = node_id.partition("::")
    name = test.replace("::", ".")
    safe = re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-.")[:_MOST_CHARACTERS]
    if safe != name:
        safe += "-" + hashlib.sha256(name.encode()).hexdigest()[:8]
    parts = [re.sub(r"[^A-Za-z0-9_.-]+", "-", part) for part in Path(module).with_suffix("").parts]
    return folder.joinpath(*(p for p in parts if p not in ("..", "-")), safe + SUFFIX)


def failed_wire_file(path: Path) -> Path:
    """Return where the recording of a test that failed goes: no replay takes it for a good one."""
    return path.with_suffix(f".failed{SUFFIX}")
