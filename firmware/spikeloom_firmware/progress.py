"""How long work tells what it is doing."""

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeAlias

__all__ = ["Progress", "step_of"]

Progress: TypeAlias = Callable[[str], AbstractContextManager[Any]]
"""Called with the title of a step; what it returns is entered while the step runs."""


def step_of(progress: Progress | None, title: str) -> AbstractContextManager[Any]:
    """Return what is to be entered while a step runs; nothing happens without a `progress`."""
    return contextlib.nullcontext() if progress is None else progress(title)
