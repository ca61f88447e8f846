"""`Table`: the results of a sweep, as dicts, an array or a data frame."""

import html
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np

from spikeloom.extras import MissingPackageError

from .errors import TableDamagedError
from .lines import read_lines

__all__ = ["Table", "read"]

_META = ("run", "key", "worker", "board", "duration_s", "attempts")


class Table(Sequence[dict[str, Any]]):
    """Rows of a sweep: one dict a run, in the order of the runs.

    A row has parameters, fields of the result, and ``run`` (name), ``key``, ``worker``, ``board``
    (URL), ``duration_s`` (of the function, seconds), ``attempts`` (how often it was begun).

    Attributes
    ----------
    header : dict
        What the table is of.
    failed : list of dict
        Runs without a result: parameters, ``run``, ``key`` and so on, and ``error``, a dict of
        ``type``, ``message`` and ``traceback``.
    parameters, fields : tuple of str
        Names of parameters and of fields of results.
    """

    def __init__(self, header: dict[str, Any], lines: Iterable[dict[str, Any]]) -> None:
        self.header = header
        # Of a run that failed and was repeated the last line counts.
        kept: dict[str, dict[str, Any]] = {}
        for line in lines:
            if "result" in line or "result" not in kept.get(line["key"], {}):
                kept[line["key"]] = line
        ordered = sorted(kept.values(), key=lambda line: int(line["index"]))
        good = [line for line in ordered if "result" in line]
        self._rows = [{**_row(line), **line["result"]} for line in good]
        self.failed = [
            {**_row(line), "error": line["error"]} for line in ordered if "error" in line
        ]
        self.parameters = _names(line["parameters"] for line in ordered)
        self.fields = _names(line["result"] for line in good)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._rows)

    def column(self, name: str) -> np.ndarray:
        """Return a column, shape (runs,) or, of arrays of one shape, (runs, ...).

        Values that have no common type are objects; runs without the field have None.

        Raises
        ------
        KeyError
            If no run has such a column.
        """
        if self._rows and not any(name in row for row in self._rows):
            known = ", ".join([*self.parameters, *self.fields, *_META])
            raise KeyError(f"columns are {known}; there is no {name!r}")
        return _column([row.get(name) for row in self._rows])

    def to_numpy(self) -> np.ndarray:
        """Return a structured array with a field for each column, shape (runs,)."""
        names = (*self.parameters, *self.fields, *_META)
        columns = {name: self.column(name) for name in names}
        kind = np.dtype([(name, each.dtype, each.shape[1:]) for name, each in columns.items()])
        array = np.empty(len(self), kind)
        for name, each in columns.items():
            array[name] = each
        return array

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with a row for each run.

        Raises
        ------
        MissingPackageError
            If pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise MissingPackageError(
                f"a table as a data frame needs the package 'pandas', which cannot be imported "
                f"({error}); run: pip install pandas"
            ) from error
        return pandas.DataFrame(self._rows, columns=[*self.parameters, *self.fields, *_META])

    def __repr__(self) -> str:
        failed = f", {len(self.failed)} failed" if self.failed else ""
        columns = ", ".join([*self.parameters, *self.fields])
        return f"<Table of {len(self)} runs of {self.header['function']!r}{failed}: {columns}>"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>"


def _row(line: dict[str, Any]) -> dict[str, Any]:
    return {**line["parameters"], **{name: line.get(name) for name in _META}}


def _names(dicts: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for each in dicts for name in each))


def _column(values: list[Any]) -> np.ndarray:
    arrays = {value.shape for value in values if isinstance(value, np.ndarray)}
    if len(arrays) <= 1 and all(isinstance(value, bool | int | float | str) for value in values):
        kinds = {type(value) for value in values}
        # A truth value is no number, and a number no text: numpy would make them one.
        if len(kinds) <= 1 or kinds == {int, float}:
            return np.array(values)
    if len(arrays) == 1 and all(isinstance(value, np.ndarray) for value in values):
        return np.stack(values)
    column = np.empty(len(values), object)
    for k, value in enumerate(values):
        column[k] = value
    return column


def read(path: str | os.PathLike[str]) -> Table:
    """Read the table of a sweep, also while it is being written.

    Raises
    ------
    TableDamagedError
        If the file is no table, or was changed.
    OSError
        If it cannot be read.
    """
    header, lines, _ = read_lines(path)
    if header is None:
        raise TableDamagedError(
            f"table {os.fspath(path)!r} must have a first line, but ends before; start its sweep "
            f"again with resume=True (--resume)"
        )
    return Table(header, lines)
