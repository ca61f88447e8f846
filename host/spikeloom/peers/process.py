"""A simulator in a process, with the Python of the peers' environment; ``scripts/peer.py``."""

import contextlib
import json
import os
import queue
import subprocess
import tempfile
import threading
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np

from .errors import MissingPeerError, PeerError
from .networks import PeerNetwork
from .outcome import Outcome

__all__ = ["PeerProcess"]

_PREPARE_TIMEOUT_S = 900.0
"""Brian2 compiles; a busy machine takes a minute."""
_RUN_TIMEOUT_S = 900.0
_EXIT_TIMEOUT_S = 10.0
_ONE_THREAD = {
    f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB_MAXIMUM")
}
_LOG_TAIL_LINES = 5


class PeerProcess:
    """A script of folder ``scripts`` that runs one network; a `Simulator`.

    Parameters
    ----------
    network : PeerNetwork
        What to run.
    script : str
        Name of the script's file.
    python : path
        The Python of the peers' environment.

    Raises
    ------
    MissingPeerError
        If a package is not there, or no such Python.
    PeerError
        If it ends, or does not answer in time.
    """

    def __init__(self, network: PeerNetwork, script: str, python: str | os.PathLike[str]) -> None:
        self._name = script
        self._closing = contextlib.ExitStack()
        try:
            self._start(network, script, python)
            self.version = str(self._answer(_PREPARE_TIMEOUT_S)["version"])
        except BaseException:
            self.close()
            raise

    def _start(self, network: PeerNetwork, script: str, python: str | os.PathLike[str]) -> None:
        temporary = tempfile.TemporaryDirectory(
            prefix="spikeloom-peer-", ignore_cleanup_errors=True
        )
        self._folder = Path(self._closing.enter_context(temporary))
        scripts = self._closing.enter_context(as_file(files(__package__) / "scripts"))
        work = self._folder / "work"
        work.mkdir()
        network.save(self._folder / "network.npz")
        log = self._closing.enter_context((self._folder / "log.txt").open("wb"))
        command = [str(python), str(scripts / script), str(self._folder / "network.npz"), str(work)]
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                cwd=self._folder, env=os.environ | _ONE_THREAD | {"PYTHONDONTWRITEBYTECODE": "1"},
            )  # fmt: skip
        except OSError as error:
            raise MissingPeerError(
                f"the peers' Python must be a program that runs, and {python} ends with: {error}; "
                f"give another one, or --install-peers"
            ) from error
        self._closing.callback(self._end)
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        """Pass answers on; an empty one says that the process has ended."""
        assert self._process.stdout is not None
        with contextlib.suppress(ValueError, OSError):
            for line in self._process.stdout:
                self._answers.put(line)
        self._answers.put("")

    def _answer(self, timeout_s: float) -> dict[str, Any]:
        try:
            line = self._answers.get(timeout=timeout_s)
        except queue.Empty:
            raise PeerError(
                f"{self._name} must answer within {timeout_s:.0f} s and did not; run fewer steps"
            ) from None
        if not line:
            raise self._ended()
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _ended(self) -> PeerError | MissingPeerError:
        text = (self._folder / "log.txt").read_text("utf-8", errors="replace")
        last = text.strip().splitlines()[-_LOG_TAIL_LINES:] or ["no message"]
        if last[-1].startswith("ModuleNotFoundError"):
            package = last[-1].partition("named ")[2].strip("'")
            return MissingPeerError(
                f"{self._name} needs the package {package!r}, which the peers' environment does "
                f"not have; --install-peers makes one that has"
            )
        return PeerError(
            f"{self._name} must run until it is closed, and ended; its last lines:\n"
            + "\n".join(last)
        )

    def run(self, steps: int) -> Outcome:
        """Run `steps` steps from the beginning of the network."""
        result = self._folder / "result.npz"
        request = json.dumps({"steps": steps, "result": str(result)})
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(request + "\n")
            self._process.stdin.flush()
        except OSError:
            raise self._ended() from None
        seconds = float(self._answer(_RUN_TIMEOUT_S)["seconds"])
        with np.load(result) as arrays:
            return Outcome(seconds, arrays["counts"], arrays["spikes"])

    def _end(self) -> None:
        """Let the process end: its input does."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_EXIT_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """End the process and remove its folder."""
        self._closing.close()
