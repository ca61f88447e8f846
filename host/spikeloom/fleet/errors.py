"""What can go wrong with a sweep; whatever happened, finished runs are in the table."""

from spikeloom.contract import SpikeloomError

__all__ = [
    "BoardOpenError",
    "ClusterLostError",
    "FleetError",
    "FunctionError",
    "NoBoardsError",
    "PlainDataError",
    "RunFailedError",
    "SweepError",
    "TableBusyError",
    "TableDamagedError",
    "TableError",
    "TableExistsError",
    "TableMismatchError",
    "WorkerVersionError",
]


class FleetError(SpikeloomError):
    """Root of all errors of `spikeloom.fleet`."""


class SweepError(FleetError, ValueError):
    """Runs or options that make no sweep."""


class PlainDataError(FleetError, TypeError):
    """A value that a table, or a run's key, cannot hold."""


class TableError(FleetError):
    """Root of all errors of tables."""


class TableExistsError(TableError):
    """A table that is there already and was not to be resumed."""


class TableMismatchError(TableError):
    """A table of another sweep."""


class TableDamagedError(TableError):
    """A file that is no table, or one whose lines were changed."""


class TableBusyError(TableError):
    """A table that another process writes to."""


class FunctionError(FleetError):
    """A function that cannot be sent to workers, or that they cannot load."""


class NoBoardsError(FleetError):
    """No worker with a board within the time limit."""

    exit_code = 1


class BoardOpenError(FleetError):
    """Boards that their workers could not open."""

    exit_code = 1


class ClusterLostError(FleetError):
    """A cluster that does not answer, or went away in the middle."""

    exit_code = 1


class WorkerVersionError(FleetError):
    """A worker that cannot take part: another version of Spikeloom, or none."""

    exit_code = 3


class RunFailedError(FleetError):
    """Runs whose function raised, or that lost their worker or board too often.

    Attributes
    ----------
    failed : list of dict
        Their rows, as of `Table.failed`.
    """

    def __init__(self, message: str, failed: list[dict[str, object]]) -> None:
        self.failed = failed
        super().__init__(message)
