"""Options and targets of the lock-step suite."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--networks",
        type=int,
        default=45,
        help="random networks per configuration in the lock-step suite (default: 45, so that "
        "the five configurations that learn make more than 200)",
    )
    parser.addoption(
        "--optimise",
        type=int,
        default=None,
        help="how far the compiler optimises simulated boards, 0..3; 0 builds fastest",
    )


@pytest.fixture(scope="session")
def optimise(request: pytest.FixtureRequest) -> dict[str, int]:
    """Options for `open_sim` that say how far to optimise."""
    level = request.config.getoption("--optimise")
    return {} if level is None else {"optimise": level}


@pytest.fixture(scope="session")
def networks(request: pytest.FixtureRequest) -> int:
    """How many random networks to run on each configuration."""
    return int(request.config.getoption("--networks"))
