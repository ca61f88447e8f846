"""`map`: a function over the runs of a sweep, spread over boards."""

import contextlib
import hashlib
import inspect
import logging
import os
import pickle
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from spikeloom.board import Board
from spikeloom.board.progress import Progress, reporting
from spikeloom.contract import SpikeloomError
from spikeloom.extras import import_extra

from .cluster import Cluster, board_urls, joined_cluster, local_cluster
from .dispatching import Dispatcher, Job, Result
from .errors import FunctionError, RunFailedError, SweepError
from .keeper import release_lent
from .reading import Table, read
from .runs import Run, checked_runs
from .table import Sweep, TableWriter, now

__all__ = ["RETRIES", "WAIT_S", "map"]

RETRIES = 3
"""How often a run may begin again after its worker or board was lost."""
WAIT_S = 60.0
"""How long to wait for a worker with a board, in seconds."""
_NAMED = 5
"""Failed runs that a message names."""

_log = logging.getLogger("spikeloom")

OnError = Literal["finish", "stop", "record"]
_ON_ERROR = ("finish", "stop", "record")


def map(
    function: Callable[[Board, Run], Any],
    runs: Iterable[Any],
    *,
    table: str | os.PathLike[str] | None = None,
    resume: bool = False,
    workers: int | None = None,
    boards: str | Sequence[str] | None = None,
    address: str | None = None,
    retries: int = RETRIES,
    on_error: OnError = "finish",
    wait_s: float = WAIT_S,
    progress: Progress = None,
    processes: bool = True,
    started: Callable[[Cluster], None] | None = None,
) -> Table:
    """Call a function with a board and each run, on as many boards as there are.

    A run that loses its worker or its board begins again, on another one where there is one. Each
    result is appended to the table as it comes.

    Parameters
    ----------
    function : callable
        Given a `Board` and a `Run`. The board is as if it had just been opened, with the run's
        network, if it has one. Returns plain data: a dict of fields, or one value.
    runs : iterable of Run or of dict
        What to do, see `grid`. All must differ.
    table : path-like, optional
        Where results go, by custom ``*.jsonl``. None: a temporary file that is removed when all
        went well.
    resume : bool
        Go on with a table that is there: only runs without a result are done.
    workers : int, optional
        Worker processes of this computer, with a board each. None: one for each board of a list,
        else one for each processor.
    boards : str or sequence of str, optional
        URL for all workers, or one for each, as `spikeloom.open` takes them. None: ``sim:`` where
        it can be built, else ``model:``. With an `address`: for workers there that own no board.
    address : str, optional
        Scheduler of a dask cluster that is there, ``tcp://host:port``, in place of workers of this
        computer.
    retries : int
        How often a run may begin again after its worker or board was lost, 0 or more.
    on_error : {"finish", "stop", "record"}
        What to do about a run whose function raises, or that was lost too often: do all others,
        then raise; raise at once; or only write it into the table (`Table.failed`). It is not
        repeated, but by `resume`.
    wait_s : float
        How long to wait for a worker with a board, at first and whenever none is left, in seconds.
    progress : bool or callable, optional
        None: a bar on terminals when it takes long. A callable gets runs done and all.
    processes : bool
        False: workers are threads of this process, which start sooner and share one processor.
    started : callable, optional
        Given the cluster once it is there.

    Returns
    -------
    Table
        Of the runs given, in their order.

    Raises
    ------
    SweepError, PlainDataError, FunctionError
        If runs, options or function make no sweep; nothing has run then.
    TableError
        If the table is of another sweep, or there and not to be resumed; nothing has run then.
    RunFailedError
        If runs failed.
    NoBoardsError, BoardOpenError
        If there is no board, at first or any more.
    ClusterLostError
        If the scheduler does not answer, or goes away.

    Examples
    --------
    >>> def spikes(board, run):
    ...     return {"neurons": board.config.neurons, "seed_twice": 2 * run["seed"]}
    >>> table = map(spikes, [{"seed": 4}], boards="model:tiny", workers=1, processes=False)
    >>> table[0]["neurons"], table[0]["seed_twice"]
    (16, 8)
    """
    _check_options(retries, on_error, wait_s)
    listed = checked_runs(runs)
    name, source, packed = packed_function(function)
    sweep = Sweep(name, source, [run.key for run in listed])
    urls = [] if address is not None else board_urls(boards, workers)
    lent = _lent_board(address, boards, workers)
    with _table_path(table) as path, TableWriter(path, sweep, resume) as writer:
        if writer.changed_source and writer.done:
            _log.warning("%s: %s was changed since %d results", path, name, len(writer.done))
        left = [run for run in listed if run.key not in writer.done]
        recorder = _Recorder(writer, listed, on_error)
        if left:
            job = _job(left, packed, lent, retries, wait_s)
            cluster = joined_cluster(address, wait_s) if address else local_cluster(urls, processes)
            with recorder.saved(path), cluster as there:
                if started is not None:
                    started(there)
                with reporting(progress, len(listed), "runs", "run") as report:
                    recorder.report = report
                    Dispatcher(there, job).run(recorder.take)
                if lent is not None:
                    with contextlib.suppress(OSError, TimeoutError):
                        there.client.run(release_lent)
        writer.close()
        result = read(path)
        recorder.check(path, result)
    return result


def _check_options(retries: object, on_error: str, wait_s: float) -> None:
    if not isinstance(retries, int) or retries < 0:
        raise SweepError(f"retries must be 0 or more, not {retries!r}; 0 repeats no run")
    if on_error not in _ON_ERROR:
        raise SweepError(f"on_error must be one of {', '.join(_ON_ERROR)}, not {on_error!r}")
    if not wait_s > 0:
        raise SweepError(f"wait_s must be more than 0 seconds, not {wait_s!r}; {WAIT_S:g} is usual")


def _lent_board(
    address: str | None, boards: str | Sequence[str] | None, workers: int | None
) -> str | None:
    """Return the URL for workers of a cluster that own no board."""
    if address is None:
        return None
    if workers is not None:
        raise SweepError(
            f"a cluster at an address has the workers that it has, not {workers!r}; leave workers "
            f"out, or the address"
        )
    if boards is not None and not isinstance(boards, str):
        raise SweepError(
            "workers of a cluster at an address can be given one URL for all, not a list; start "
            "each by `spikeloom fleet worker ADDRESS --board URL`"
        )
    return boards


def packed_function(function: Any) -> tuple[str, str, bytes]:
    """Return name, hash of the source ("" if unknown) and pickled form of a function.

    Raises
    ------
    FunctionError
        If it is none, or refers to something that cannot be sent.
    """
    if not callable(function):
        raise FunctionError(f"a sweep must have a function of (board, run), not {function!r}")
    name = getattr(function, "__qualname__", type(function).__qualname__)
    home = getattr(function, "__module__", None) or "__main__"
    # A script and a prompt have no name of their own; all sweep files call their function `run`.
    name = name if home == "__main__" else f"{home}.{name}"
    try:
        source = hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:16]
    except (OSError, TypeError):
        source = ""
    try:
        packed = import_extra("cloudpickle", "fleet", "sending a function").dumps(function)
    except SpikeloomError:
        raise
    except Exception as error:
        raise FunctionError(
            f"function {name!r} must be one that can be sent to workers, but "
            f"{type(error).__name__}: {error}; open files and boards inside it, or take the one "
            f"that it is given"
        ) from error
    return name, source, packed


def _job(runs: Sequence[Run], packed: bytes, lent: str | None, retries: int, wait_s: float) -> Job:
    function = hashlib.sha256(packed).hexdigest()
    blobs = {function: packed}
    for run in runs:
        for name, value in ((run.network_digest, run.network), (run.data_digest, run.data)):
            if name is not None and name not in blobs:
                blobs[name] = pickle.dumps(value)
    return Job(
        runs=runs, function=function, blobs=blobs, board=lent, retries=retries, wait_s=wait_s
    )


@contextlib.contextmanager
def _table_path(given: str | os.PathLike[str] | None) -> Iterator[Path]:
    """Give the file of a table; one of ours is removed unless something went wrong."""
    if given is not None:
        yield Path(given)
        return
    file, name = tempfile.mkstemp(prefix="spikeloom-fleet-", suffix=".jsonl")
    os.close(file)
    yield Path(name)
    Path(name).unlink()


class _Recorder:
    """Writes results into the table, and says in every error where they are."""

    def __init__(self, writer: TableWriter, runs: Sequence[Run], on_error: OnError) -> None:
        self._writer = writer
        self._on_error = on_error
        self._index = {run.key: index for index, run in enumerate(runs)}
        self._done = len(writer.done)
        self.report: Callable[[int, int | None], None] = lambda done, total: None

    def take(self, result: Result) -> None:
        """Write a result."""
        run, outcome = result.run, result.outcome
        line: dict[str, Any] = {
            "key": run.key,
            "index": self._index[run.key],
            "run": run.name,
            "parameters": run.encoded,
            "worker": outcome.worker,
            "board": outcome.board,
            "duration_s": outcome.duration_s,
            "attempts": result.attempts,
            "finished": now(),
        }
        good = outcome.kind == "done"
        self._writer.append(line | ({"result": outcome.result} if good else _failure(outcome)))
        self._done += good
        self.report(self._done, len(self._index))
        if not good and self._on_error == "stop":
            failed = [run.parameters | {"run": run.name, "key": run.key, "error": outcome.error}]
            raise RunFailedError(f"run {run.name!r} failed: {_short(outcome.error)}", failed)

    @contextlib.contextmanager
    def saved(self, path: Path) -> Iterator[None]:
        """Add to any error how to go on."""
        try:
            yield
        except (SpikeloomError, KeyboardInterrupt) as error:
            text = (
                f"{self._done} of {len(self._index)} results are safe in {str(path)!r}; "
                f"resume=True (--resume) goes on from there"
            )
            if isinstance(error, KeyboardInterrupt):
                _log.warning("interrupted: %s", text)
            else:
                error.args = (f"{error}; {text}", *error.args[1:])
            raise

    def check(self, path: Path, table: Table) -> None:
        """Raise if runs failed and that is not to be overlooked."""
        if not table.failed or self._on_error == "record":
            return
        names = "; ".join(
            f"{row['run']!r}: {_short(row['error'])}" for row in table.failed[:_NAMED]
        )
        more = len(table.failed) - _NAMED
        raise RunFailedError(
            f"{len(table.failed)} of {len(self._index)} runs failed: {names}"
            f"{f'; and {more} more' if more > 0 else ''}; table {str(path)!r} has the others, and "
            f"what was raised; resume=True (--resume) repeats those that failed",
            table.failed,
        )


def _failure(outcome: Any) -> dict[str, Any]:
    return {"error": outcome.error}


def _short(error: dict[str, str]) -> str:
    return f"{error['type']}: {error['message']}"
