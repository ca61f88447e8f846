"""Options of the netlist suite, which takes minutes and is left out unless asked for."""

import sys
from pathlib import Path

import pytest

# The networks are those of the lock-step suite.
sys.path.insert(0, str(Path(__file__).parents[1] / "cosim"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--netlist",
        action="append",
        default=[],
        metavar="BOARD[=FILE]",
        help="run the lock-step on a board's netlist: the one that `spikeloom build` left in the "
        "cache, or is made now, or FILE; may be repeated",
    )
    parser.addoption(
        "--netlist-networks",
        type=int,
        default=4,
        help="random networks per netlist (default: 4)",
    )
    parser.addoption(
        "--netlist-cells",
        action="store_true",
        help="compare the models of cells with the RTL",
    )


@pytest.fixture(scope="session")
def cells_wanted(request: pytest.FixtureRequest) -> None:
    """Skip unless asked for."""
    if not request.config.getoption("--netlist-cells"):
        pytest.skip("takes minutes; run: python -m pytest tests/netlist --netlist-cells")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "netlist_choice" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--netlist")
        reason = "takes minutes; run: python -m pytest tests/netlist --netlist icebreaker"
        none = [pytest.param("", marks=pytest.mark.skip(reason=reason), id="none")]
        metafunc.parametrize("netlist_choice", chosen or none, scope="module")


@pytest.fixture(scope="session")
def netlist_networks(request: pytest.FixtureRequest) -> int:
    """How many random networks to run on each netlist."""
    return int(request.config.getoption("--netlist-networks"))
