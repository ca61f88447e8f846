"""Options of unit tests that take minutes."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--sim-ecp5-85f",
        action="store_true",
        help="run samples in the form of SHD on sim:ecp5_85f too, whose build takes a minute",
    )
