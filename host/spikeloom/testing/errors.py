"""What can go wrong in a test on a board, apart from the test itself."""

from typing import TYPE_CHECKING

from spikeloom.contract import SpikeloomError

if TYPE_CHECKING:
    from .comparing import Difference

__all__ = ["BoardUnavailableError", "RunsDifferError", "TestingError"]


class TestingError(SpikeloomError):
    """A test that asks for something that there is not."""

    # The name begins as those of test classes do.
    __test__ = False


class BoardUnavailableError(TestingError):
    """A board that could not be opened, several times in a row."""

    exit_code = 1


class RunsDifferError(SpikeloomError, AssertionError):
    """Board and model ran the same network on the same stimulus and disagree.

    Attributes
    ----------
    difference : Difference or None
        The first one in the run; None where only memories differ after it.
    """

    exit_code = 1

    def __init__(self, text: str, difference: "Difference | None" = None) -> None:
        self.difference = difference
        super().__init__(text)
