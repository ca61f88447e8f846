"""What a worker does with a task."""

import asyncio
import pickle
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from spikeloom.board import Board
from spikeloom.contract import SpikeloomError
from spikeloom.extras import import_extra
from spikeloom.link.errors import DeviceRefusedError, LinkError

from .errors import BoardOpenError, PlainDataError
from .keeper import BoardKeeper, keeper_of
from .messages import Outcome, Task, unpack, version_of
from .plain import encode
from .runs import RESERVED, Loadable, Run

__all__ = ["BlobStore", "execute", "result_fields"]

_STORE_BYTES = 256 << 20
"""What a process keeps of blobs; those used longest ago go first, and are sent again if needed."""
_ANNOUNCE_S = 30.0
"""How long the scheduler may take to hear that a run begins, in seconds."""
_SINGLE = "result"
"""Name of the field when a function returns no dict."""


class BlobStore:
    """Blobs by hash, up to a number of bytes."""

    def __init__(self, limit_bytes: int = _STORE_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._blobs: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, blobs: dict[str, bytes]) -> None:
        """Keep blobs; the newest one always stays."""
        with self._lock:
            self._blobs.update(blobs)
            size = sum(map(len, self._blobs.values()))
            while size > self._limit_bytes and len(self._blobs) > 1:
                size -= len(self._blobs.popitem(last=False)[1])

    def get(self, name: str) -> bytes | None:
        """Return a blob, None if it is not there."""
        with self._lock:
            if name in self._blobs:
                self._blobs.move_to_end(name)
            return self._blobs.get(name)


_store = BlobStore()


def execute(message: bytes) -> Outcome:
    """Run a task on this worker's board.

    Whatever happens is an `Outcome`, as an exception need not survive the way back.
    """
    worker = import_extra("distributed", "fleet", "a worker of a fleet").get_worker()
    facts: dict[str, Any] = {"worker": str(worker.name), "address": str(worker.address)}
    there, task = unpack(message)
    if task is None:
        text = f"version of Spikeloom must be {there}, that of the client, not {version_of()}"
        return Outcome(kind="version", error=_error_of("version", text), **facts)
    _store.add(task.blobs)
    blobs = task.blobs | {name: _store.get(name) for name in task.needs if name not in task.blobs}
    missing = tuple(name for name, blob in blobs.items() if blob is None)
    if missing:
        return Outcome(kind="missing", missing=missing, **facts)
    try:
        function = pickle.loads(blobs[task.function] or b"")
        data = None if task.data is None else _frozen(pickle.loads(blobs[task.data] or b""))
    except Exception as error:
        return Outcome(kind="function", error=_described(error), **facts)
    try:
        keeper = keeper_of(worker.name, task.board)
    except BoardOpenError as error:
        return Outcome(kind="closed", error=_described(error), **facts)

    def call(board: Board, run: Run) -> Any:
        # The client counts how often a run began, also if nothing comes back.
        _announce(worker, task)
        return function(board, run)

    with keeper.lock:
        network = None if task.network is None else blobs[task.network]
        run = _SentRun(task, network, data)
        return _run(call, run, task.network, keeper, facts | {"board": keeper.url})


def _announce(worker: Any, task: Task) -> None:
    """Tell the client that a run begins, and go on when the scheduler has got that."""
    message = {"submission": task.submission, "worker": worker.address}
    asyncio.run_coroutine_threadsafe(
        worker.scheduler.log_event(topic=task.topic, msg=message), worker.loop.asyncio_loop
    ).result(_ANNOUNCE_S)


class _SentRun(Run):
    """A run with a network of its own: what the function does to it must not reach the next run."""

    def __init__(self, task: Task, network: bytes | None, data: Any) -> None:
        super().__init__(task.parameters, data=data, name=task.name)
        self._blob = network

    @property
    def network(self) -> Loadable | None:
        """The network; unpacked when the function asks for it, which few do."""
        if self._network is None and self._blob is not None:
            self._network = pickle.loads(self._blob)
        return self._network


def _run(
    call: Callable[[Board, Run], Any],
    run: Run,
    network: str | None,
    keeper: BoardKeeper,
    facts: dict[str, Any],
) -> Outcome:
    """Call the function with board and run."""
    began = False
    try:
        board = keeper.board(network, lambda: run.network)
        began, began_s = True, time.perf_counter()
        value = call(board, run)
        duration_s = time.perf_counter() - began_s
        result = result_fields(value, run)
    except BoardOpenError as error:
        return Outcome(kind="closed", error=_described(error), **facts)
    except DeviceRefusedError as error:
        return Outcome(kind="raised", error=_described(error), began=began, **facts)
    except LinkError as error:
        return _after_loss(error, keeper, began, facts)
    except (Exception, SystemExit) as error:
        keeper.used()
        return Outcome(kind="raised", error=_described(error), began=began, **facts)
    keeper.used()
    return Outcome(kind="done", result=result, duration_s=duration_s, began=True, **facts)


def _after_loss(
    error: LinkError, keeper: BoardKeeper, began: bool, facts: dict[str, Any]
) -> Outcome:
    described = _described(error)
    try:
        keeper.lost()
    except BoardOpenError as closed:
        described["message"] += f"; {closed}"
        return Outcome(kind="closed", error=described, began=began, **facts)
    return Outcome(kind="link", error=described, began=began, **facts)


def result_fields(value: Any, run: Run) -> dict[str, Any]:
    """Return what a function returned as encoded fields of a row.

    Raises
    ------
    PlainDataError
        If it is not plain data, or a field has the name of another column.
    """
    fields = value if isinstance(value, dict) else {_SINGLE: value}
    where = f"result of run {run.name!r}"
    encoded: dict[str, Any] = encode(fields, where)
    for name in encoded:
        if name in RESERVED or name in run:
            raise PlainDataError(
                f"{where} must have names other than those of parameters and {', '.join(RESERVED)},"
                f" not {name!r}; rename it"
            )
    return encoded


def _frozen(value: Any) -> Any:
    """Return data whose arrays cannot be written to: other runs get the same."""
    if isinstance(value, np.ndarray):
        value.setflags(write=False)
    elif isinstance(value, list | tuple):
        for item in value:
            _frozen(item)
    elif isinstance(value, dict):
        _frozen(list(value.values()))
    return value


def _described(error: BaseException) -> dict[str, str]:
    text = "".join(traceback.format_exception(error))
    kind = type(error)
    name = kind.__name__ if issubclass(kind, SpikeloomError) else kind.__qualname__
    return _error_of(name, str(error), text)


def _error_of(name: str, message: str, text: str = "") -> dict[str, str]:
    return {"type": name, "message": message, "traceback": text}
