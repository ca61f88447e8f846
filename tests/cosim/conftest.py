"""Options and targets of the lock-step suite."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--networks",
        type=int,
        default=42,
        help="random networks per configuration in the lock-step suite (default: 42, so that "
        "five configurations make more than 200)",
    )


@pytest.fixture(scope="session")
def networks(request: pytest.FixtureRequest) -> int:
    """How many random networks to run on each configuration."""
    return int(request.config.getoption("--networks"))
