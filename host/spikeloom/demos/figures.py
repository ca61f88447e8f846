"""Figures that need no display."""

from typing import Any

from spikeloom.extras import import_extra

__all__ = ["PNG_DPI", "new_figure"]

PNG_DPI = 110
"""Pixels per inch of the saved pictures."""


def new_figure(width: float, height: float) -> Any:
    """Return an empty matplotlib figure of a size in inches.

    Raises
    ------
    MissingPackageError
        If matplotlib is not installed.
    """
    figure = import_extra("matplotlib.figure", "demo", "drawing figures")
    return figure.Figure(figsize=(width, height), layout="constrained")
