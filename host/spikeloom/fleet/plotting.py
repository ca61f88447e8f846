"""A field of a table over a parameter."""

import os

import numpy as np

from spikeloom.extras import import_extra

from .errors import SweepError
from .reading import Table
from .summary import numeric_fields

__all__ = ["plot"]

_SIZE_IN = (6.0, 3.6)
_DPI = 150
_COLOUR = "#0072B2"


def plot(table: Table, parameter: str, field: str | None, path: str | os.PathLike[str]) -> None:
    """Draw each run as a point, and the mean of each value of the parameter as a line.

    Parameters
    ----------
    table : Table
        With at least one run.
    parameter, field : str, str or None
        Axes; None: the first numeric field.
    path : path-like
        Where to save it; the suffix says in which format.

    Raises
    ------
    SweepError
        If there is no such field with numbers, or no such parameter.
    MissingPackageError
        If matplotlib is not installed.
    """
    fields = numeric_fields(table)
    if parameter not in table.parameters or not fields or (field or fields[0]) not in fields:
        raise SweepError(
            f"a plot must be of one of {', '.join(fields) or 'no field'} over one of "
            f"{', '.join(table.parameters) or 'no parameter'}, not of {field!r} over {parameter!r}"
        )
    field = field or fields[0]
    # matplotlib's axes take numbers, or names in the order in which they come.
    column = table.column(parameter)
    numeric = column.ndim == 1 and column.dtype.kind in "biuf"
    x = column.astype(float) if numeric else np.array([str(each) for each in column])
    y = table.column(field).astype(float)
    values = np.unique(x) if numeric else np.array(list(dict.fromkeys(x.tolist())))
    figure = import_extra("matplotlib.figure", "plot", "drawing a table").Figure(
        figsize=_SIZE_IN, layout="constrained"
    )
    axes = figure.add_subplot()
    axes.plot(values, [y[x == value].mean() for value in values], color=_COLOUR, label="mean")
    axes.plot(x, y, "o", color=_COLOUR, alpha=0.4, markersize=4, label="runs")
    axes.set_xlabel(parameter)
    axes.set_ylabel(field)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=_DPI)
