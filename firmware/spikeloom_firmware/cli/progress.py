"""What is under way, on standard error: with a clock on a terminal, a line a step elsewhere."""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import TextIO

__all__ = ["StepLines"]

_TICK_S = 1.0


class StepLines:
    """A `spikeloom_firmware.progress.Progress` that writes a line for each step.

    Parameters
    ----------
    file : text file, optional
        Where to; standard error if None.
    """

    def __init__(self, file: TextIO | None = None) -> None:
        self._file = sys.stderr if file is None else file

    @contextlib.contextmanager
    def __call__(self, title: str) -> Iterator[None]:
        """Show a step while the context lasts, then how long it took."""
        began = time.monotonic()
        done = threading.Event()
        terminal = self._file.isatty()

        def line() -> str:
            return f"{title} ... {time.monotonic() - began:.0f} s"

        def show() -> None:
            while not done.wait(_TICK_S):
                self._write(f"\r{line()}")

        ticker = threading.Thread(target=show, daemon=True) if terminal else None
        if ticker:
            ticker.start()
        elif not terminal:
            self._write(f"{title} ...")
        try:
            yield
        finally:
            done.set()
            if ticker:
                ticker.join()
                self._write(f"\r{line()}\n")
            else:
                self._write(f" {time.monotonic() - began:.0f} s\n")

    def _write(self, text: str) -> None:
        self._file.write(text)
        self._file.flush()
