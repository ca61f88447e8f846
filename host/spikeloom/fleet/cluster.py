"""Where runs go: a cluster of this computer, or one that is there."""

import contextlib
import importlib.util
import logging
import os
import socket
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from spikeloom.extras import import_extra
from spikeloom.target import target_schemes

from .errors import ClusterLostError, SweepError
from .keeper import let_go, own
from .supervising import WorkerProcess, worker_options

__all__ = [
    "ANSWER_S",
    "Cluster",
    "board_urls",
    "joined_cluster",
    "local_cluster",
    "offered_boards",
]

ANSWER_S = 30.0
"""How long a scheduler may take to answer, in seconds."""
_ONE_FILE = ("record",)
"""Schemes that open something of which there is one, like a port."""
_PURPOSE = "spreading runs over workers"


class Cluster:
    """A scheduler, and what is known of its workers.

    Parameters
    ----------
    client : distributed.Client
        Connected.
    processes : sequence of WorkerProcess
        Workers that belong to this cluster alone.
    local : bool
        Whether all its workers were started along with it.

    Attributes
    ----------
    client : distributed.Client
        As given.
    dashboard : str
        Where it shows what it does, "" if it does not.
    """

    def __init__(self, client: Any, processes: Sequence[WorkerProcess], local: bool) -> None:
        self.client = client
        self.processes = processes
        self.local = local
        self.dashboard = _dashboard(client)

    def boards(self) -> dict[str, int]:
        """Return how many boards each worker has, by address.

        Raises
        ------
        ClusterLostError
            If the scheduler does not answer.
        """
        try:
            identity = self.client.sync(
                self.client.scheduler.identity, n_workers=-1, callback_timeout=ANSWER_S
            )
        except (OSError, TimeoutError, RuntimeError) as error:
            raise ClusterLostError(
                f"the scheduler must answer within {ANSWER_S:g} s, but {type(error).__name__}: "
                f"{error}"
            ) from error
        found = {
            address: int(worker["resources"].get("board", 0))
            for address, worker in identity["workers"].items()
        }
        return {address: count for address, count in found.items() if count}

    def workers(self) -> int:
        """Return how many workers there are, with or without a board."""
        return len(self.client.scheduler_info(n_workers=-1)["workers"])

    def retire(self, address: str) -> None:
        """Send a worker home; runs that wait there go elsewhere.

        Not by ``retire_workers``, which refuses when there is nobody to take its results.
        """
        with contextlib.suppress(OSError, TimeoutError):
            self.client.sync(
                self.client.scheduler.unregister,
                address=address,
                stimulus_id="spikeloom-board-closed",
                expected=True,
                callback_timeout=ANSWER_S,
            )

    def hopeless(self) -> bool:
        """Whether no worker will come any more."""
        ended = all(process.ended.is_set() for process in self.processes)
        return self.local and bool(self.processes) and ended

    def problems(self) -> list[str]:
        """Return why workers were given up."""
        return [process.problem for process in self.processes if process.problem]


def _dashboard(client: Any) -> str:
    """Return the link; without bokeh a scheduler serves no such page."""
    if importlib.util.find_spec("bokeh") is None:
        return ""
    try:
        return str(client.dashboard_link or "")
    except (KeyError, AttributeError):
        return ""


def board_urls(boards: str | Sequence[str] | None, workers: int | None) -> list[str]:
    """Return the URL of each worker of a local cluster.

    Parameters
    ----------
    boards : str, sequence of str, or None
        One for all, or one for each worker; None: that of `spikeloom.open`.
    workers : int, optional
        How many; None: one for each board of a list, else one for each processor.

    Raises
    ------
    SweepError
        If there is no worker, if numbers differ, or if several would open one port.
    """
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise SweepError(
            f"a fleet must have at least 1 worker, not {workers!r}; leave it out for one for each "
            f"processor"
        )
    if boards is None:
        from spikeloom.board import default_url

        boards = default_url()
    if isinstance(boards, str) or len(boards) == 1:
        url = boards if isinstance(boards, str) else boards[0]
        listed = not isinstance(boards, str) or not _many(url)
        urls = [url] * (workers or (1 if listed else _processors()))
    else:
        urls = list(boards)
        if not urls or (workers is not None and workers != len(urls)):
            raise SweepError(
                f"{workers or 'workers'} workers must have a board each, but {len(urls)} boards "
                f"are given; give one URL for all, or one for each"
            )
    for url in set(urls):
        if not isinstance(url, str) or not url:
            raise SweepError(f"a board must be a URL such as 'sim:tiny', not {url!r}")
        if urls.count(url) > 1 and not _many(url):
            raise SweepError(
                f"board {url!r} can be opened by one worker, not by {urls.count(url)}; give each "
                f"worker a port of its own, or workers=1"
            )
    return urls


def _many(url: str) -> bool:
    """Whether every opening makes a board of its own: models and simulations, no ports."""
    scheme, colon, _ = url.partition(":")
    return bool(colon) and scheme in target_schemes() and scheme not in _ONE_FILE


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def prepare(urls: Sequence[str]) -> None:
    """Open each board that is made by opening once, so that what is built is built once.

    Raises
    ------
    SpikeloomError
        What opening it raises: no such configuration, no compiler.
    """
    from spikeloom.board import open

    for url in sorted(set(urls)):
        if _many(url) and not url.startswith("replay:"):
            open(url).close()


@contextlib.contextmanager
def local_cluster(urls: Sequence[str], processes: bool) -> Iterator[Cluster]:
    """Start a scheduler in this process and a worker for each board; stop them at the end.

    Parameters
    ----------
    urls : sequence of str
        Boards.
    processes : bool
        Workers in processes of their own, or all in this one.
    """
    distributed = import_extra("distributed", "fleet", _PURPOSE)
    prepare(urls)
    scheduler = {
        "cls": distributed.Scheduler,
        # Deaths of workers are counted here, by run, and not by the scheduler.
        "options": {
            "host": "127.0.0.1",
            "port": 0,
            "allowed_failures": 0,
            "dashboard": importlib.util.find_spec("bokeh") is not None,
            "dashboard_address": "127.0.0.1:0",
        },
    }
    names = {} if processes else _names(urls)
    spec = _worker_spec(distributed, names)
    with contextlib.ExitStack() as stack:
        cluster = distributed.SpecCluster(
            workers=spec, scheduler=scheduler, silence_logs=logging.CRITICAL
        )
        stack.callback(cluster.close)
        client = distributed.Client(cluster, set_as_default=False, timeout=ANSWER_S)
        stack.callback(client.close)
        started: list[WorkerProcess] = []
        if processes:
            started = stack.enter_context(_processes(cluster.scheduler_address, urls))
        for name in names:
            stack.callback(let_go, name)
        yield Cluster(client, started, local=True)


def _names(urls: Sequence[str]) -> dict[str, str]:
    """Return a name for each worker, as nobody else has, with the URL of its board."""
    own = f"{socket.gethostname()}-{uuid.uuid4().hex[:6]}"
    return {f"{own}-{number}": url for number, url in enumerate(urls)}


@contextlib.contextmanager
def offered_boards(address: str, urls: Sequence[str]) -> Iterator[list[WorkerProcess]]:
    """Start a worker process for each board at a scheduler; stop them at the end.

    Parameters
    ----------
    address : str
        Of the scheduler.
    urls : sequence of str
        Boards.
    """
    import_extra("distributed", "fleet", "a worker of a fleet")
    prepare(urls)
    with _processes(address, urls) as started:
        yield started


@contextlib.contextmanager
def _processes(address: str, urls: Sequence[str]) -> Iterator[list[WorkerProcess]]:
    started: list[WorkerProcess] = []
    try:
        for name, url in _names(urls).items():
            started.append(WorkerProcess(address, url, name))
        yield started
    finally:
        _stop(started)


def _worker_spec(distributed: Any, names: dict[str, str]) -> dict[str, Any]:
    for name, url in names.items():
        own(name, url)
    options = {"dashboard": False, "host": "127.0.0.1"}
    return {
        name: {"cls": distributed.Worker, "options": worker_options(name) | options}
        for name in names
    }


def _stop(started: Sequence[WorkerProcess]) -> None:
    for process in started:
        process.stop()
    for process in started:
        process.join()


@contextlib.contextmanager
def joined_cluster(address: str, wait_s: float) -> Iterator[Cluster]:
    """Connect to a scheduler that is there.

    Raises
    ------
    ClusterLostError
        If it does not answer in time.
    """
    distributed = import_extra("distributed", "fleet", _PURPOSE)
    try:
        client = distributed.Client(address, set_as_default=False, timeout=wait_s)
    except (OSError, TimeoutError, ValueError) as error:
        raise ClusterLostError(
            f"a scheduler must answer at {address!r} within {wait_s:g} s, but "
            f"{type(error).__name__}: {error}; start one by `dask scheduler`, and workers by "
            f"`spikeloom fleet worker ADDRESS --board URL`"
        ) from error
    try:
        yield Cluster(client, (), local=False)
    finally:
        with contextlib.suppress(OSError, TimeoutError):
            client.close(timeout=ANSWER_S)
