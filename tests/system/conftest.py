"""One body, several targets: the reference model, a board in Python, the simulated gateware.

Fixtures `board`, `board_url` and `model` are those of `spikeloom.testing`: with ``--board URL``
the tests run on that board instead.
"""

from collections.abc import Callable

import numpy as np
import pytest
from system_support import TARGETS, layered, noise, open_url

from spikeloom import Board, Network


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Without a board of the command line's, what needs one runs on each of `TARGETS`."""
    options = metafunc.config.option
    if "board_url" in metafunc.fixturenames and not (options.board or options.replay_wire):
        metafunc.parametrize("board_url", TARGETS, indirect=True)


@pytest.fixture(scope="session")
def board_opener() -> Callable[[str], Board]:
    """The board in Python has no URL that everybody knows."""
    return open_url


@pytest.fixture
def network() -> Network:
    return layered()


@pytest.fixture
def stimulus() -> Callable[..., dict[str, np.ndarray]]:
    return noise
