"""`Target`: what a `Board` talks to, and how URLs become targets.

A target is a device behind the serial link (`spikeloom.link.LinkTarget`) or something that
behaves alike (the reference model). Entry points of group ``spikeloom.targets`` add schemes: the
name is the scheme of the URL, the value is a callable ``(url: str, **options) -> Target``.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol, runtime_checkable

from spikeloom.contract import Capability, SpikeloomError
from spikeloom.contract.frames import ResetKind
from spikeloom.contract.words import Words

__all__ = ["TARGET_GROUP", "Target", "UnknownTargetError", "Write", "open_target", "target_schemes"]

TARGET_GROUP = "spikeloom.targets"
"""Entry point group in which packages announce their targets."""


class UnknownTargetError(SpikeloomError):
    """A target whose package is not installed or cannot be imported."""

    exit_code = 3


class Write(Protocol):
    """Consecutive words of one window, to be written; `spikeloom.compiler.Image` is one."""

    @property
    def window(self) -> str:
        """Name of the window."""
        ...

    @property
    def core(self) -> int:
        """Core, 0 for windows that are not per core."""
        ...

    @property
    def offset(self) -> int:
        """First word."""
        ...

    @property
    def data(self) -> bytes:
        """The words, in the format of `Window.pack`."""
        ...


@runtime_checkable
class Target(Protocol):
    """An array that can be programmed and run.

    Every method returns only when what it asks for is done. An error leaves the target usable
    unless it says that the connection is gone.

    Attributes
    ----------
    url : str
        What was opened.
    capability : Capability
        What the device says of itself.
    """

    url: str
    capability: Capability

    def read(self, window: str, core: int = 0, offset: int = 0, count: int | None = None) -> bytes:
        """Return consecutive words of a window in the format of `Window.pack`.

        Parameters
        ----------
        window : str
            Name of the window.
        core : int
            Core, 0 for windows that are not per core.
        offset : int
            First word.
        count : int, optional
            Words; all to the end of the window if None.
        """
        ...

    def write(self, window: str, data: bytes, core: int = 0, offset: int = 0) -> None:
        """Write consecutive words of a window, in the format of `Window.pack`."""
        ...

    def write_all(self, writes: Sequence[Write], done: Callable[[int], None] | None = None) -> None:
        """Write to many windows without waiting in between.

        Parameters
        ----------
        writes : sequence of Write
            What to write, in this order; checked as a whole before any of it is written.
        done : callable, optional
            Called with the number of bytes of each write that is on its way.
        """
        ...

    def run(self, words: Iterable[Words]) -> Iterator[Words]:
        """Stream input words in, output words out.

        Parameters
        ----------
        words : iterable of ndarray of uint16
            Input words in chunks of any size; taken only as room is there, so that the stream
            may be endless.

        Yields
        ------
        ndarray of uint16
            Output words in chunks. The iterator ends when all steps are done and all output is
            out. If it is closed early or fails, the array is stopped and its rings are emptied.
        """
        ...

    def run_batch(self, samples: Sequence[Words]) -> list[Words]:
        """Run each sample from the reset state and return the output words of each.

        Samples run in their order; weights that one changes and registers that one sets are those
        of the next.
        """
        ...

    def reset(self, kind: ResetKind) -> None:
        """Reset what `kind` names."""
        ...

    def close(self) -> None:
        """Let go of the device; closing twice is allowed."""
        ...


def target_schemes() -> dict[str, EntryPoint]:
    """Return the entry points of all targets that are installed, by scheme."""
    return {point.name: point for point in entry_points(group=TARGET_GROUP)}


def open_target(url: str, **options: Any) -> Target:
    """Open whatever a URL names.

    Parameters
    ----------
    url : str
        ``scheme:rest`` of an announced target, else anything that pyserial's `serial_for_url`
        takes: a device name, ``socket://host:port``, ``rfc2217://host:port``.
    **options
        Given to the target.

    Raises
    ------
    UnknownTargetError
        If the target's package cannot be imported.
    LinkError
        If a serial port does not lead to a board.
    """
    scheme, colon, _ = url.partition(":")
    point = target_schemes().get(scheme) if colon else None
    if point is None:
        from spikeloom.link import open_serial

        return open_serial(url, **options)
    try:
        opener = point.load()
    except ImportError as error:
        raise UnknownTargetError(
            f"target {scheme!r} must be importable from {point.value!r}, but {error}; install its "
            f"package, for example with pip install 'spikeloom[sim]'"
        ) from error
    target: Target = opener(url, **options)
    return target
