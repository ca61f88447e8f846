"""What client and workers send each other: a `Task` there, an `Outcome` back.

Both travel as bytes, so that a worker with another version of this package is told from one that
fails. What runs share (function, networks, data) is a *blob*, named by a hash: it goes along with
the first task that needs it on a worker, which asks for what it lacks, and is kept there.
"""

import dataclasses
import pickle
from importlib.metadata import version
from typing import Any, Literal

__all__ = ["Blobs", "Outcome", "Task", "pack", "unpack", "version_of"]

Blobs = dict[str, bytes]
"""Pickled contents, by hash."""

Kind = Literal["done", "raised", "link", "closed", "missing", "function", "version"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task:
    """A run, as a worker gets it.

    Attributes
    ----------
    submission : int
        Number of this attempt within the sweep.
    topic : str
        Where the worker announces that it calls the function.
    name : str
        Name of the run.
    parameters : dict
        Of the run.
    function, network, data : str or None
        Hashes of blobs.
    board : str or None
        URL for workers that brought no board of their own.
    blobs : dict
        Those that come along.
    """

    submission: int
    topic: str
    name: str
    parameters: dict[str, Any]
    function: str
    network: str | None
    data: str | None
    board: str | None
    blobs: Blobs = dataclasses.field(default_factory=dict)

    @property
    def needs(self) -> list[str]:
        """Hashes of all blobs that it needs."""
        return [each for each in (self.function, self.network, self.data) if each is not None]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a task.

    Attributes
    ----------
    kind : str
        ``done``; ``raised``: by the function; ``link``: the board was lost, and is open again;
        ``closed``: the board cannot be opened (again); ``missing``: blobs; ``function``: it cannot
        be loaded; ``version``: of Spikeloom.
    worker, address, board : str
        Name and address of the worker, URL of its board.
    result : dict
        Encoded as plain data.
    duration_s : float
        Of the function, in seconds.
    error : dict
        ``type``, ``message`` and ``traceback``.
    missing : tuple of str
        Hashes.
    began : bool
        Whether the function was called.
    """

    kind: Kind
    worker: str
    address: str = ""
    board: str = ""
    result: dict[str, Any] = dataclasses.field(default_factory=dict)
    duration_s: float = 0.0
    error: dict[str, str] = dataclasses.field(default_factory=dict)
    missing: tuple[str, ...] = ()
    began: bool = False


def version_of() -> str:
    """Return the version that both sides must have."""
    return version("spikeloom")


def pack(task: Task) -> bytes:
    """Return a task as bytes, the version in front."""
    return pickle.dumps((version_of(), pickle.dumps(task)))


def unpack(message: bytes) -> tuple[str, Task | None]:
    """Return version and task of a message; None if the version is not this one."""
    there, task = pickle.loads(message)
    return there, pickle.loads(task) if there == version_of() else None
