"""Lines of a table: JSON with a checksum, so that a line is whole or known not to be.

A table is a text file of JSON lines; the first one, the header, says of which sweep it is, each
other one holds a run. Lines are only ever appended. Whatever follows the last line feed was cut off
by a crash and counts for nothing.
"""

import json
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import TableDamagedError
from .plain import decode

__all__ = ["FORMAT", "format_line", "read_lines"]

FORMAT = 1
"""Version of the format, in the header."""
_HEADER = "spikeloom_fleet_table"
_BEGIN = '{"crc":"'
_CRC_DIGITS = 8


def format_line(content: dict[str, Any]) -> bytes:
    """Return a line: the content behind a CRC-32 of its text."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return f'{_BEGIN}{_crc(text)}",{text[1:]}\n'.encode()


def _crc(text: str) -> str:
    return f"{zlib.crc32(text.encode()):0{_CRC_DIGITS}x}"


def _content(line: bytes) -> dict[str, Any] | None:
    """Return the content of a line, None if it is not as it was written."""
    try:
        text = line.decode()
        begin = len(_BEGIN)
        body = "{" + text[begin + _CRC_DIGITS + 2 :]
        if text != f'{_BEGIN}{_crc(body)}",{body[1:]}':
            return None
        content = json.loads(body)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def read_lines(path: str | os.PathLike[str]) -> tuple[dict[str, Any] | None, Iterator[Any], int]:
    """Read a table.

    Returns
    -------
    header : dict or None
        None if the file ends before the first line does.
    lines : iterator of dict
        The content of each other line, arrays as arrays.
    whole_bytes : int
        Length of all whole lines; what follows was cut off.

    Raises
    ------
    TableDamagedError
        If it is no table, or a whole line is not as it was written.
    OSError
        If it cannot be read.
    """
    path = Path(path)
    data = path.read_bytes()
    whole_bytes = data.rfind(b"\n") + 1
    lines = data[:whole_bytes].splitlines()
    if not lines:
        if not _BEGIN.encode().startswith(data[: len(_BEGIN)]):
            raise _no_table(path)
        return None, iter(()), 0
    header = _content(lines[0])
    if header is None or _HEADER not in header:
        raise _no_table(path)
    if header[_HEADER] != FORMAT:
        raise TableDamagedError(
            f"table {str(path)!r} must have format {FORMAT}, not {header[_HEADER]!r}; read it with "
            f"the version of Spikeloom that wrote it, {header.get('spikeloom')}"
        )
    return header, (decode(each) for each in _checked(path, lines)), whole_bytes


def _checked(path: Path, lines: list[bytes]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines[1:], 2):
        content = _content(line)
        if content is None:
            raise TableDamagedError(
                f"line {number} of table {str(path)!r} must be as it was written, but its checksum "
                f"differs; delete that line, and --resume repeats its run"
            )
        yield content


def _no_table(path: Path) -> TableDamagedError:
    return TableDamagedError(
        f"file {str(path)!r} must be a table of a sweep, but its first line is none; name another"
    )
