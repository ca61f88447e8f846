"""One body, several targets: the reference model, a board in Python, the simulated gateware."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from system_support import TARGETS, layered, noise, open_url

import spikeloom
from spikeloom import Board, Network


@pytest.fixture(params=TARGETS)
def target_url(request) -> str:
    return request.param


@pytest.fixture
def board(target_url) -> Iterator[Board]:
    with open_url(target_url) as board:
        yield board


@pytest.fixture
def model() -> Iterator[Board]:
    """What every target must agree with."""
    with spikeloom.open("model:tiny") as board:
        yield board


@pytest.fixture
def network() -> Network:
    return layered()


@pytest.fixture
def stimulus() -> Callable[..., dict[str, np.ndarray]]:
    return noise
