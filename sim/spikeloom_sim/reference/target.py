"""`ModelTarget`: the reference model where a board could be."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from spikeloom.contract import (
    DEFAULT_CONFIG,
    ArrayConfig,
    Capability,
    ConfigError,
    MemoryMap,
    ValueRangeError,
    Window,
    named_config,
)
from spikeloom.contract.frames import ResetKind
from spikeloom.contract.words import Words
from spikeloom.target import Write

from .batch import run_samples
from .coverage import Coverage
from .errors import ReadOnlyWindowError, RunError, UnknownWindowError
from .flash import boot_from_flash, flash_option
from .learning_coverage import LearningCoverage
from .memory import MODEL_BUILD_ID, read_words, write_words
from .model import ArrayModel
from .stream import Stream, WordStream

__all__ = ["ModelTarget", "chosen_config", "open_model"]

_SCHEME = "model:"


class ModelTarget:
    """The reference model behind the calls of `spikeloom.target.Target`.

    It starts as a board does after power-up. Not for use from several threads.

    Parameters
    ----------
    config : ArrayConfig
        The array.
    url : str, optional
        Its name, for messages.
    coverage : Coverage, optional
        Counts the branches that neurons take; slower.
    learning_coverage : LearningCoverage, optional
        Counts the branches of learning; slower.

    Attributes
    ----------
    url : str
        As given.
    capability : Capability
        The configuration, with a build id of zeros.
    model : ArrayModel
        The model itself.
    """

    def __init__(
        self,
        config: ArrayConfig,
        url: str | None = None,
        *,
        coverage: Coverage | None = None,
        learning_coverage: LearningCoverage | None = None,
    ) -> None:
        self.url = f"{_SCHEME}{config.name}" if url is None else url
        self.capability = Capability(MODEL_BUILD_ID, config)
        self.model = ArrayModel(config, coverage=coverage, learning_coverage=learning_coverage)
        self._memory = MemoryMap(config)
        self._running = False
        self._closed = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url!r}: {self.capability.config.name!r}>"

    def read(self, window: str, core: int = 0, offset: int = 0, count: int | None = None) -> bytes:
        """Return consecutive words of a window in the format of `Window.pack`.

        Raises
        ------
        UnknownWindowError
            If the configuration has no such window.
        ValueRangeError
            If a word does not exist.
        RunError
            If a run is under way and the window is not live.
        """
        place = self._window(window)
        words = place.depth - offset if count is None else count
        if words < 0:
            raise ValueRangeError(f"count must be 0 or more words, not {words}; read at least one")
        _check_words(place, core, offset, words)
        if not place.live:
            self._check_idle(f"reading window {window!r}")
        return read_words(self.model, place, core, offset, words)

    def write_all(self, writes: Sequence[Write], done: Callable[[int], None] | None = None) -> None:
        """Write to many windows; checked as a whole before any of it is written."""
        for write in writes:
            self._checked_write(write.window, write.data, write.core, write.offset)
        for write in writes:
            self.write(write.window, write.data, write.core, write.offset)
            if done is not None:
                done(len(write.data))

    def write(self, window: str, data: bytes, core: int = 0, offset: int = 0) -> None:
        """Write consecutive words of a window, in the format of `Window.pack`.

        Raises
        ------
        UnknownWindowError
            If the configuration has no such window.
        ReadOnlyWindowError
            If it cannot be written.
        ValueRangeError
            If the data are not whole words or do not fit; nothing is written then.
        RunError
            If a run is under way.
        """
        place = self._checked_write(window, data, core, offset)
        write_words(self.model, place, core, offset, data)

    def _checked_write(self, window: str, data: bytes, core: int, offset: int) -> Window:
        """Check a write and return its window."""
        place = self._window(window)
        if not place.writable:
            raise ReadOnlyWindowError(
                f"window {window!r} must be writable, but can only be read; write another one"
            )
        words, rest = divmod(len(data), place.word_bytes)
        if rest:
            raise ValueRangeError(
                f"data for window {window!r} must be a multiple of {place.word_bytes} bytes, "
                f"not {len(data)}; use Window.pack"
            )
        _check_words(place, core, offset, words)
        self._check_idle(f"writing window {window!r}")
        return place

    def run(self, words: Iterable[Words]) -> Iterator[Words]:
        """Stream input words in, output words out; see `Target.run`.

        Spikes of a step are sorted by neuron. Steps without output are told as late as possible.

        Raises
        ------
        ValueRangeError
            If a chunk is no sequence of 16-bit words.
        RunError
            If another run is under way or the input ends within a CONTROL word.
        """
        self._check_idle("another run")
        self._running = True
        try:
            stream = self._stream()
            for chunk in words:
                yield from stream.feed(_checked(chunk))
            last = stream.finish()
            if last.size:
                yield last
        finally:
            self._running = False

    def run_batch(self, samples: Sequence[Words]) -> list[Words]:
        """Run each sample from the reset state and return the output words of each.

        Samples advance together, which is several times as fast as one after the other; the
        state that is left is that of the last. Samples with CONTROL words run one by one.

        Raises
        ------
        ValueRangeError
            If a sample is no sequence of 16-bit words; nothing is run then.
        RunError
            If a run is under way or a sample ends within a CONTROL word; nothing is run then.
        """
        self._check_idle("running a batch")
        return self._run_samples([_checked(sample) for sample in samples])

    def reset(self, kind: ResetKind) -> None:
        """Reset what `kind` names.

        Raises
        ------
        RunError
            If a run is under way, except to reset the counters.
        """
        if self._closed or kind != ResetKind.COUNTERS:
            self._check_idle(f"reset {ResetKind(kind).name}")
        self.model.reset(ResetKind(kind))

    def close(self) -> None:
        """Refuse further runs; closing twice is allowed."""
        self._closed = True

    # The two places at which steps are run: `fast:` has others.
    def _stream(self) -> WordStream:
        return Stream(self.model)

    def _run_samples(self, samples: Sequence[Words]) -> list[Words]:
        return run_samples(self.model, samples)

    def _window(self, name: str) -> Window:
        if self._closed:
            raise RunError(f"target {self.url!r} must be open, but it was closed; open it again")
        try:
            return self._memory[name]
        except KeyError as error:
            raise UnknownWindowError(
                f"{error.args[0]}; choose one of these or another configuration"
            ) from None

    def _check_idle(self, what: str) -> None:
        if self._closed:
            raise RunError(f"target {self.url!r} must be open, but it was closed; open it again")
        if self._running:
            raise RunError(
                f"{what} must wait until the run on {self.url!r} has ended; exhaust or close it"
            )


def _check_words(window: Window, core: int, offset: int, words: int) -> None:
    """Raise `ValueRangeError` if one of some consecutive words does not exist."""
    window.address(0, core)
    if words:
        window.address(offset, core)
        window.address(offset + words - 1, core)


def _checked(words: Words) -> Words:
    """Return words as an array of 16-bit words."""
    array = np.asarray(words)
    if array.dtype == np.uint16 and array.ndim == 1:
        return array
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueRangeError(
            f"words must be a sequence of integers, not {array.dtype} of shape {array.shape}; "
            f"use numpy.uint16"
        )
    if array.size and (array.min() < 0 or array.max() > np.iinfo(np.uint16).max):
        raise ValueRangeError(
            f"words must be in 0..65535, not {array.min()}..{array.max()}; use numpy.uint16"
        )
    return array.astype(np.uint16)


def chosen_config(name: str, config: ArrayConfig | None) -> ArrayConfig:
    """Return the configuration that a URL names or an option gives, or else the default one.

    Raises
    ------
    ConfigError
        If there is none of that name, or two are given.
    """
    if config is None:
        return named_config(name or DEFAULT_CONFIG)
    if name and name != config.name:
        raise ConfigError(
            f"configuration must be given once, not as {name!r} in the URL and {config.name!r} as "
            f"an option; leave one out"
        )
    return config


def open_model(
    url: str,
    *,
    config: ArrayConfig | None = None,
    coverage: Coverage | None = None,
    flash: str | None = None,
) -> ModelTarget:
    """Open the reference model; entry point of scheme ``model``.

    Parameters
    ----------
    url : str
        ``model:`` for the default configuration, or ``model:NAME`` for a named one;
        ``model:NAME?flash=FILE`` as with `flash`.
    config : ArrayConfig, optional
        A configuration without a name in `spikeloom.contract.CONFIGS`; the URL must not name
        one then.
    coverage : Coverage, optional
        Counts the branches that neurons take.
    flash : str, optional
        A file that stands in the flash at `boot_offset`. Its setup is loaded; of its stimulus, in
        which a host would interrupt it anyway, nothing has been played yet.

    Raises
    ------
    ConfigError
        If there is no configuration of that name, or two are given, or there is a flash but no
        boot loader.
    ValueRangeError
        If another option is in the URL, or the flash's file cannot be read.

    Examples
    --------
    >>> open_model("model:tiny").capability.config.neurons
    16
    """
    name, _, query = url.removeprefix(_SCHEME).partition("?")
    flash = flash_option(url, query) if query else flash
    target = ModelTarget(chosen_config(name, config), url, coverage=coverage)
    if flash is not None:
        boot_from_flash(target, flash)
    return target
