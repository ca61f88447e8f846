"""`WorkerProcess`: a worker in a process of its own, started anew when it dies."""

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import uuid
from pathlib import Path
from typing import Any

__all__ = ["STOP_S", "WorkerProcess", "worker_options"]

STOP_S = 5.0
"""How long a worker may take to end by itself before it is killed, in seconds."""
_STARTS = 3
"""Starts in a row after which a worker that never became ready is given up."""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables that keep numpy to one thread: there are as many workers as there are boards."""


def worker_options(name: str) -> dict[str, Any]:
    """Return options of `distributed.Worker`: one thread, one board, no limit of memory.

    A board serves one run at a time, and a worker whose memory is limited would be killed with it.
    """
    return {"name": name, "nthreads": 1, "resources": {"board": 1}, "memory_limit": 0}


class WorkerProcess:
    """Keeps a worker alive until it is stopped.

    A worker that the scheduler lets go of ends by itself and stays ended. One that dies is started
    again; one that dies `_STARTS` times without having reached the scheduler is given up.

    Parameters
    ----------
    address : str
        Of the scheduler.
    board : str
        URL of its board.
    name : str
        Unique on the cluster.

    Attributes
    ----------
    ended : Event
        Set when no process runs and none will.
    problem : str
        Why it was given up, "" if it was not.
    """

    def __init__(self, address: str, board: str, name: str) -> None:
        self.board = board
        self.name = name
        self.ended = threading.Event()
        self.problem = ""
        self._address = address
        self._stopping = False
        self._lock = threading.Lock()
        self._ready = Path(tempfile.gettempdir()) / f"spikeloom-ready-{uuid.uuid4().hex}"
        self._process = self._start()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """The process that runs now, or ran last."""
        return self._process.pid

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "spikeloom.fleet.worker", self._address]
        options = {"--board": self.board, "--name": self.name, "--ready": str(self._ready)}
        # What can be imported here can be imported there: modules beside a script, for example.
        path = os.pathsep.join(each or os.getcwd() for each in sys.path)
        environment = dict.fromkeys(_THREADS, "1") | os.environ | {"PYTHONPATH": path}
        return subprocess.Popen(
            [*command, *(word for pair in options.items() for word in pair)],
            stdin=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the client, which stops its workers in order
        )

    def _watch(self) -> None:
        failed = 0
        while True:
            code = self._process.wait()
            with self._lock:
                failed = 0 if self._ready.exists() else failed + 1
                self._ready.unlink(missing_ok=True)
                if failed >= _STARTS:
                    self.problem = (
                        f"worker {self.name!r} ended {failed} times before it reached the "
                        f"scheduler, with exit code {code}"
                    )
                if self._stopping or code == 0 or self.problem:
                    break
                self._process = self._start()
        self.ended.set()

    def stop(self) -> None:
        """Ask the worker to end; `join` waits for it."""
        with self._lock:
            self._stopping = True
            with contextlib.suppress(OSError):
                self._process.terminate()

    def join(self) -> None:
        """Wait until it has ended, `STOP_S` at the most, then kill it."""
        if not self.ended.wait(STOP_S):
            with contextlib.suppress(OSError):
                self._process.kill()
            self.ended.wait(STOP_S)
        self._thread.join(STOP_S)
