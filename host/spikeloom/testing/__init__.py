"""Tests of users' own on boards: the pytest plugin's fixtures, and what they are made of.

The plugin is `spikeloom.testing.plugin`; pytest finds it by itself. ``docs/testing.md`` shows how
it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .comparing import Difference
    from .errors import BoardUnavailableError, RunsDifferError, TestingError
    from .requirements import unmet_needs
    from .same_run import assert_same_run

__all__ = [
    "BoardUnavailableError",
    "Difference",
    "RunsDifferError",
    "TestingError",
    "assert_same_run",
    "unmet_needs",
]

# Imported at first use: pytest imports this package in every run, also where nobody needs it.
_HOMES = {
    "BoardUnavailableError": "errors",
    "Difference": "comparing",
    "RunsDifferError": "errors",
    "TestingError": "errors",
    "assert_same_run": "same_run",
    "unmet_needs": "requirements",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
