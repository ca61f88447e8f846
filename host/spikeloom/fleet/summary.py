"""What a table holds, in numbers: by board, by field, by the values of a parameter."""

from typing import Any

import numpy as np

from .errors import SweepError
from .reading import Table

__all__ = ["by_board", "by_field", "by_parameter", "numeric_fields"]


def numeric_fields(table: Table) -> list[str]:
    """Return the fields whose values are single numbers in every row."""
    return [
        name
        for name in table.fields
        if (column := table.column(name)).ndim == 1 and column.dtype.kind in "biuf"
    ]


def by_field(table: Table) -> list[dict[str, Any]]:
    """Return mean, least and largest value of each numeric field."""
    found = []
    for name in numeric_fields(table):
        values = table.column(name).astype(float)
        low, high = values.min(), values.max()
        found.append(
            {"field": name, "mean": float(values.mean()), "min": float(low), "max": float(high)}
        )
    return found


def by_board(table: Table) -> list[dict[str, Any]]:
    """Return runs, repetitions and seconds of each worker with its board."""
    found = []
    for worker, url in dict.fromkeys((row["worker"], row["board"]) for row in table):
        mine = [row for row in table if row["worker"] == worker]
        found.append(
            {
                "worker": worker,
                "board": url,
                "runs": len(mine),
                "repeated": sum(row["attempts"] > 1 for row in mine),
                "seconds": sum(row["duration_s"] for row in mine),
            }
        )
    return found


def by_parameter(table: Table, name: str) -> list[dict[str, Any]]:
    """Return number of runs and mean of each numeric field for each value of a parameter.

    Raises
    ------
    SweepError
        If there is no such parameter.
    """
    if name not in table.parameters:
        known = ", ".join(table.parameters) or "none"
        raise SweepError(f"parameters of the table are {known}; there is no {name!r}")
    groups: dict[str, list[int]] = {}
    for index, row in enumerate(table):
        groups.setdefault(repr(row.get(name)), []).append(index)
    columns = {field: table.column(field).astype(float) for field in numeric_fields(table)}
    return [
        {name: table[mine[0]].get(name), "runs": len(mine)}
        | {field: float(np.mean(values[mine])) for field, values in columns.items()}
        for mine in groups.values()
    ]
