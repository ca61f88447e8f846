"""Fleet: sweeps over many boards, real, simulated or compiled, on one computer or several.

`map` calls a function with a board and each run of a sweep, `grid` makes the runs, `read` reads the
table of results. Needs dask.distributed (``pip install 'spikeloom[fleet]'``); reading does not.
"""

from .errors import (
    BoardOpenError,
    ClusterLostError,
    FleetError,
    FunctionError,
    NoBoardsError,
    PlainDataError,
    RunFailedError,
    SweepError,
    TableBusyError,
    TableDamagedError,
    TableError,
    TableExistsError,
    TableMismatchError,
    WorkerVersionError,
)
from .mapping import map
from .reading import Table, read
from .runs import Run, grid

__all__ = [
    "BoardOpenError",
    "ClusterLostError",
    "FleetError",
    "FunctionError",
    "NoBoardsError",
    "PlainDataError",
    "Run",
    "RunFailedError",
    "SweepError",
    "Table",
    "TableBusyError",
    "TableDamagedError",
    "TableError",
    "TableExistsError",
    "TableMismatchError",
    "WorkerVersionError",
    "grid",
    "map",
    "read",
]
