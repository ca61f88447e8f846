"""`FastTarget`: the reference model with a compiled step."""

import os
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import parse_qsl

from spikeloom.contract import ArrayConfig
from spikeloom.contract.words import Words
from spikeloom_sim.reference.flash import boot_from_flash
from spikeloom_sim.reference.target import ModelTarget, chosen_config

from .batch import run_samples
from .errors import FastOptionError
from .kernel import Kernel
from .stream import FastStream

__all__ = ["FastTarget", "available_threads", "open_fast"]

_SCHEME = "fast:"
_MOST_THREADS = 1024


def available_threads() -> int:
    """Return how many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


class FastTarget(ModelTarget):
    """The reference model, with steps that a compiled kernel runs.

    Memories, registers, checks and errors are those of `ModelTarget`, and so is every bit.

    Parameters
    ----------
    config : ArrayConfig
        The array.
    url : str, optional
        Its name, for messages.
    threads : int, optional
        Threads that share the samples of a batch, 1..1024; as many as there are processors if
        None. A single run has one.

    Attributes
    ----------
    threads : int
        As given or found.

    Raises
    ------
    FastOptionError
        If there are not that many threads.
    ToolchainError, KernelBuildError
        If the kernel cannot be built.
    """

    def __init__(
        self, config: ArrayConfig, url: str | None = None, *, threads: int | None = None
    ) -> None:
        super().__init__(config, f"{_SCHEME}{config.name}" if url is None else url)
        self.threads = available_threads() if threads is None else threads
        if not 1 <= self.threads <= _MOST_THREADS:
            raise FastOptionError(
                f"threads must be in 1..{_MOST_THREADS}, not {threads}; leave it out for one per "
                f"processor"
            )
        self._kernel = Kernel(config)

    def run(self, words: Iterable[Words]) -> Iterator[Words]:
        """Stream input words in, output words out; see `ModelTarget.run`."""
        try:
            yield from super().run(words)
        finally:
            if not self._running:  # else another run holds it
                self._kernel.release()

    def _stream(self) -> FastStream:
        return FastStream(self.model, self._kernel)

    def _run_samples(self, samples: Sequence[Words]) -> list[Words]:
        try:
            return run_samples(self.model, self._kernel, samples, self.threads)
        finally:
            self._kernel.release()


def open_fast(
    url: str,
    *,
    config: ArrayConfig | None = None,
    threads: int | None = None,
    flash: str | None = None,
) -> FastTarget:
    """Open the compiled reference model; entry point of scheme ``fast``.

    The first use compiles the kernel, which takes about ten seconds.

    Parameters
    ----------
    url : str
        ``fast:`` for the default configuration, or ``fast:NAME`` for a named one;
        ``fast:NAME?threads=2&flash=FILE`` as with `threads` and `flash`, which win.
    config : ArrayConfig, optional
        A configuration without a name in `spikeloom.contract.CONFIGS`; the URL must not name
        one then.
    threads : int, optional
        Threads that share the samples of a batch, 1..1024; one per processor if None.
    flash : str, optional
        A file that stands in the flash at `boot_offset`, as with ``model:``.

    Raises
    ------
    ConfigError
        If there is no configuration of that name, or two are given, or there is a flash but no
        boot loader.
    FastOptionError
        If there is no such option, or its value is out of range.
    ValueRangeError
        If the flash's file cannot be read.
    ToolchainError, KernelBuildError
        If the kernel cannot be built.
    """
    name, _, query = url.removeprefix(_SCHEME).partition("?")
    options = _options(url, query)
    config = chosen_config(name, config)
    if threads is None and "threads" in options:
        threads = _number(url, options["threads"])
    flash = flash or options.get("flash")
    target = FastTarget(config, url, threads=threads)
    if flash is not None:
        boot_from_flash(target, flash)
    return target


def _options(url: str, query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(set(options) - {"flash", "threads"})
    if unknown:
        raise FastOptionError(
            f"an option of a fast: URL must be threads=N or flash=FILE, not {unknown[0]!r} as in "
            f"{url!r}; leave it out"
        )
    return options


def _number(url: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise FastOptionError(
            f"threads must be in 1..{_MOST_THREADS}, not {text!r} as in {url!r}; leave it out for "
            f"one per processor"
        ) from None
