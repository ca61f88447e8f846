"""`Dispatcher`: hands runs to boards, again where boards or workers die, and takes what comes."""

import asyncio
import dataclasses
import queue
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Any

from .cluster import Cluster
from .errors import (
    BoardOpenError,
    ClusterLostError,
    FunctionError,
    NoBoardsError,
    WorkerVersionError,
)
from .execution import execute
from .messages import Blobs, Outcome, Task, pack
from .runs import Run

__all__ = ["Dispatcher", "Job", "Result"]

AHEAD = 2
"""Runs on their way to each board: one that runs, one that waits there, so that none is idle."""
_LOOK_S = 0.5
"""How often the dispatcher looks which workers there are, in seconds."""
_INLINE_BYTES = 16 << 10
"""Blobs up to this size go along with every run; asking for them would take longer."""
_UNBEGUN = 20
"""How often a run may be lost with its worker before it has begun there."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be done.

    Attributes
    ----------
    runs : sequence of Run
        All that are left.
    function : str
        Hash of the function.
    blobs : dict
        Function, networks and data, pickled, by hash.
    board : str or None
        URL for workers without a board of their own.
    retries : int
        How often a run may begin again after its worker or board was lost.
    wait_s : float
        How long to wait for a worker with a board, in seconds.
    """

    runs: Sequence[Run]
    function: str
    blobs: Blobs
    board: str | None
    retries: int
    wait_s: float


@dataclasses.dataclass(frozen=True)
class Result:
    """A run that is over.

    Attributes
    ----------
    run : Run
        The run.
    outcome : Outcome
        ``done`` or ``raised``, or what it was lost by the last time.
    attempts : int
        How often the function was begun.
    """

    run: Run
    outcome: Outcome
    attempts: int


@dataclasses.dataclass(eq=False)
class _Attempts:
    """What is known of a run that is not over."""

    run: Run
    begun: int = 0
    lost: int = 0
    """How often it lost its worker or board after it had begun."""
    unbegun: int = 0
    wanted: frozenset[str] = frozenset()
    """Blobs that a worker lacked."""
    spurned: frozenset[str] = frozenset()
    """Workers that lost their board with it."""


@dataclasses.dataclass(eq=False)
class _Flight:
    """A run that was handed out."""

    attempts: _Attempts
    future: Any
    only: frozenset[str]
    """Workers that it may go to; empty: all."""
    begun_at: list[str] = dataclasses.field(default_factory=list)


class Dispatcher:
    """Does a job on a cluster.

    Parameters
    ----------
    cluster : Cluster
        Where.
    job : Job
        What.
    """

    def __init__(self, cluster: Cluster, job: Job) -> None:
        self._cluster = cluster
        self._client = cluster.client
        self._job = job
        self._waiting = deque(_Attempts(run) for run in job.runs)
        self._uses = Counter(name for run in job.runs for name in _blobs_of(run, job))
        self._flying: dict[int, _Flight] = {}
        self._submissions = 0
        self._boards: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._closed: list[str] = []
        self._nonce = uuid.uuid4().hex
        self._events: queue.SimpleQueue[tuple[str, int, Any]] = queue.SimpleQueue()
        self._looked_s = self._seen_s = time.monotonic()

    def run(self, take: Callable[[Result], None]) -> None:
        """Do the job.

        Parameters
        ----------
        take : callable
            Given each result as it comes, in this thread; what it raises ends the job.

        Raises
        ------
        NoBoardsError, BoardOpenError
            If there is no board, at first or any more.
        ClusterLostError
            If the scheduler goes away.
        FunctionError, WorkerVersionError
            If workers cannot run what they are given.
        """
        topic = f"spikeloom-fleet-{self._nonce}"
        self._client.subscribe_topic(topic, self._began)
        try:
            self._look()
            while self._waiting or self._flying:
                self._hand_out(topic)
                try:
                    kind, submission, what = self._events.get(timeout=_LOOK_S)
                except queue.Empty:
                    kind = ""
                if kind == "began" and submission in self._flying:
                    self._flying[submission].begun_at.append(what)
                elif kind == "came" and submission in self._flying:
                    self._land(self._flying.pop(submission), what, take)
                if time.monotonic() - self._looked_s >= _LOOK_S:
                    self._look()
        finally:
            self._give_up(topic)

    # Going out

    def _hand_out(self, topic: str) -> None:
        """Submit runs until every board has enough."""
        while self._waiting and len(self._flying) < AHEAD * sum(self._boards.values()):
            self._submit(self._waiting.popleft(), topic)

    def _submit(self, attempts: _Attempts, topic: str) -> None:
        run, job = attempts.run, self._job
        self._submissions += 1
        submission = self._submissions
        needs = _blobs_of(run, job)
        blobs = {name: job.blobs[name] for name in needs if self._goes_along(name, attempts)}
        task = Task(
            submission=submission,
            topic=topic,
            name=run.name,
            parameters=run.parameters,
            function=job.function,
            network=run.network_digest,
            data=run.data_digest,
            board=job.board,
            blobs=blobs,
        )
        only = frozenset(self._boards) - attempts.spurned if attempts.spurned else frozenset()
        future = self._client.submit(
            execute,
            pack(task),
            key=f"spikeloom-{self._nonce}-{submission}",
            resources={"board": 1},
            pure=False,
            workers=sorted(only) or None,
        )
        self._flying[submission] = _Flight(attempts, future, only)
        self._fetch(submission, future)

    def _fetch(self, submission: int, future: Any) -> None:
        """Have the client's thread wait for an outcome, also where it is lost and made again."""

        async def fetch() -> None:
            try:
                came = await self._client.gather(future, asynchronous=True)
            except (Exception, asyncio.CancelledError) as error:
                came = error
            self._events.put(("came", submission, came))

        self._client.loop.add_callback(fetch)

    def _goes_along(self, name: str, attempts: _Attempts) -> bool:
        """Whether a blob is sent before it is asked for."""
        small = len(self._job.blobs[name]) <= _INLINE_BYTES
        return small or name in attempts.wanted or self._uses[name] == 1

    def _began(self, event: tuple[float, dict[str, Any]]) -> None:
        """Take what a worker announces; called in the client's thread."""
        _, message = event
        self._events.put(("began", message["submission"], message["worker"]))

    # Coming back

    def _land(
        self, flight: _Flight, came: Outcome | BaseException, take: Callable[[Result], None]
    ) -> None:
        attempts = flight.attempts
        outcome = came if isinstance(came, Outcome) else self._without_outcome(flight, came)
        flight.future.release()
        # The scheduler begins a run again by itself where its worker died with the result.
        attempts.begun += max(0, len(flight.begun_at) - 1) + outcome.began
        if outcome.kind in ("done", "raised"):
            take(Result(attempts.run, outcome, max(1, attempts.begun)))
            return
        if outcome.kind == "missing":
            attempts.wanted |= set(outcome.missing)
            self._waiting.appendleft(attempts)
            return
        self._check_usable(outcome)
        if outcome.kind == "closed":
            self._retire(outcome)
        attempts.lost += outcome.began
        attempts.unbegun += not outcome.began
        attempts.spurned |= {outcome.address} - {""}
        if attempts.lost > self._job.retries or attempts.unbegun > _UNBEGUN:
            take(Result(attempts.run, outcome, max(1, attempts.begun)))
        elif outcome.began:
            # To the end: if this run kills its workers, let it not take others along each time.
            self._waiting.append(attempts)
        else:
            self._waiting.appendleft(attempts)

    def _without_outcome(self, flight: _Flight, error: BaseException) -> Outcome:
        """Return what stands for the outcome of a run whose worker died, or raise."""
        if type(error).__name__ == "KilledWorker":
            return _lost(flight)
        if isinstance(error, asyncio.CancelledError | OSError) or _is_cancelled(error):
            raise ClusterLostError(
                f"the cluster must stay, but run {flight.attempts.run.name!r} was cancelled: the "
                f"scheduler went away, or someone cancelled it"
            ) from error
        raise WorkerVersionError(
            f"workers must be able to run tasks of Spikeloom, but {type(error).__name__}: {error}; "
            f"install this version of spikeloom[fleet] on each"
        ) from error

    def _check_usable(self, outcome: Outcome) -> None:
        message = outcome.error.get("message", "")
        if outcome.kind == "version":
            raise WorkerVersionError(
                f"worker {outcome.worker!r} must run what this computer sends, but {message}; "
                f"install the same version on both"
            )
        if outcome.kind == "function":
            raise FunctionError(
                f"worker {outcome.worker!r} must be able to load the function, but "
                f"{outcome.error['type']}: {message}; install what it imports there, or define it "
                f"in the sweep's own file"
            )

    def _retire(self, outcome: Outcome) -> None:
        self._closed.append(f"{outcome.worker}: {outcome.error['message']}")
        if self._boards.pop(outcome.address, None) is not None:
            self._cluster.retire(outcome.address)

    # Looking after

    def _look(self) -> None:
        """See which workers there are; raise if there have been none for too long."""
        self._boards = self._cluster.boards()
        now = self._looked_s = time.monotonic()
        for submission, flight in list(self._flying.items()):
            if flight.only and not flight.only & self._boards.keys():
                # It may only go where nobody is any more.
                del self._flying[submission]
                flight.future.cancel()
                flight.attempts.spurned = frozenset()
                self._waiting.appendleft(flight.attempts)
        if self._boards:
            self._seen_s = now
        elif now - self._seen_s >= self._job.wait_s or self._cluster.hopeless():
            raise self._no_boards()

    def _no_boards(self) -> NoBoardsError | BoardOpenError:
        if self._closed:
            causes = "; ".join(dict.fromkeys(self._closed))
            return BoardOpenError(f"no worker could open its board: {causes}")
        problems = "; ".join(self._cluster.problems())
        workers = self._cluster.workers()
        lacking = f"{workers} workers have none" if workers else "there is no worker"
        found = problems or lacking
        return NoBoardsError(
            f"a worker with the resource board=1 must come within {self._job.wait_s:g} s, but "
            f"{found}; start one by `spikeloom fleet worker ADDRESS --board URL`"
        )

    def _give_up(self, topic: str) -> None:
        """Let go of whatever is still out."""
        for flight in self._flying.values():
            flight.future.release()
        self._flying.clear()
        if self._client.status == "running":
            self._client.unsubscribe_topic(topic)


def _blobs_of(run: Run, job: Job) -> list[str]:
    wanted = (job.function, run.network_digest, run.data_digest)
    return [each for each in wanted if each is not None]


def _is_cancelled(error: BaseException) -> bool:
    return "Cancelled" in type(error).__name__


def _lost(flight: _Flight) -> Outcome:
    where = flight.begun_at[-1] if flight.begun_at else ""
    message = f"its worker died{f', {where}' if where else ' before it began'}"
    return Outcome(
        kind="link",
        worker=where,
        address=where,
        began=bool(flight.begun_at),
        error={"type": "WorkerLost", "message": message, "traceback": ""},
    )
