"""Which boards there are: modules of `spikeloom_boards.tables`, and entry points of others."""

import difflib
import functools
import importlib
import pkgutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from types import ModuleType

from . import tables
from .board import BoardTable
from .errors import BoardTableError, UnknownBoardError

__all__ = ["BOARD_GROUP", "boards", "find_board"]

BOARD_GROUP = "spikeloom.boards"
"""Entry point group in which packages announce modules with boards."""


def _modules() -> Iterator[ModuleType]:
    """Yield all modules with boards: our own, then those of other packages."""
    for found in pkgutil.iter_modules(tables.__path__):
        yield importlib.import_module(f"{tables.__name__}.{found.name}")
    for point in sorted(entry_points(group=BOARD_GROUP), key=lambda point: point.name):
        try:
            yield point.load()
        except Exception as error:
            raise BoardTableError(
                f"entry point {point.name!r} of group {BOARD_GROUP!r} must be a module with "
                f"boards, but {point.value!r} cannot be imported ({error}); mend or remove its "
                f"package"
            ) from error


def _tables_of(module: ModuleType) -> tuple[BoardTable, ...]:
    found = getattr(module, "BOARDS", None)
    if not isinstance(found, tuple) or not all(isinstance(each, BoardTable) for each in found):
        raise BoardTableError(
            f"module {module.__name__!r} must have BOARDS, a tuple of BoardTable, not "
            f"{type(found).__name__}; see docs/adding-a-board.md"
        )
    return found


@functools.cache
def boards() -> dict[str, BoardTable]:
    """Return all boards by name, in alphabetical order; found once per process.

    Raises
    ------
    BoardTableError
        If a module of boards cannot be read, or two boards have one name.
    """
    found: dict[str, BoardTable] = {}
    for module in _modules():
        for board in _tables_of(module):
            if board.name in found:
                raise BoardTableError(
                    f"board {board.name!r} of {module.__name__!r} must have a name of its own, but "
                    f"{found[board.name].title!r} has it already; rename one"
                )
            found[board.name] = board
    return dict(sorted(found.items()))


def find_board(name: str) -> BoardTable:
    """Return a board.

    Parameters
    ----------
    name : str
        Its name; capitals, blanks and hyphens are taken for what they stand for.

    Raises
    ------
    UnknownBoardError
        If there is none of that name; the nearest are offered.

    Examples
    --------
    >>> find_board("iCEBreaker").title
    'iCEBreaker'
    """
    known = boards()
    plain = name.strip().lower().replace("-", "_").replace(" ", "_")
    if plain in known:
        return known[plain]
    near = difflib.get_close_matches(plain, known, n=3, cutoff=0.4)
    near = near or [each for each in known if plain and plain in each][:3]
    offer = f"did you mean {' or '.join(near)}?" if near else "`spikeloom boards` lists them"
    raise UnknownBoardError(f"board must be one of {', '.join(known)}, not {name!r}; {offer}")
