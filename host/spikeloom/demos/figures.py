"""Figures that need no display."""

from typing import Any

from .digits_data import MissingPackageError

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
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackageError(
            f"figures need matplotlib, which cannot be imported ({error}); "
            f"run: pip install 'spikeloom[demo]'"
        ) from error
    return Figure(figsize=(width, height), layout="constrained")
