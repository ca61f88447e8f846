"""Boards that Spikeloom runs on: a table each, and the parts that are on them.

A board is a module in `spikeloom_boards.tables`, or one that a package announces as an entry point
of group ``spikeloom.boards``; see ``docs/adding-a-board.md``.
"""

from .board import BoardTable, Flash, Leds, Loader, Resource, Usb
from .errors import BoardTableError, UnknownBoardError
from .parts import PARTS, Part, part_of
from .registry import BOARD_GROUP, boards, find_board

__all__ = [
    "BOARD_GROUP",
    "PARTS",
    "BoardTable",
    "BoardTableError",
    "Flash",
    "Leds",
    "Loader",
    "Part",
    "Resource",
    "UnknownBoardError",
    "Usb",
    "boards",
    "find_board",
    "part_of",
]
