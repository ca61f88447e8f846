"""Progress of long calls: a tqdm bar, a callable, or nothing."""

import contextlib
import sys
from collections.abc import Callable, Iterator

__all__ = ["Progress", "Report", "reporting"]

Report = Callable[[int, int | None], None]
"""Called with what is done and what there is to do (None if unknown)."""
Progress = bool | Report | None
"""True: always a bar; None: a bar on terminals if it takes long; False: none; or a callable."""

_DELAY_S = 2.0
"""How long something takes before a bar appears by itself, in seconds."""


@contextlib.contextmanager
def reporting(progress: Progress, total: int | None, label: str, unit: str) -> Iterator[Report]:
    """Give a function to report progress with."""
    if callable(progress):
        yield progress
        return
    if progress is False or (progress is None and not sys.stderr.isatty()):
        yield lambda done, total: None
        return
    from tqdm.auto import tqdm

    delay = 0.0 if progress else _DELAY_S
    with tqdm(total=total, desc=label, unit=unit, delay=delay, leave=False) as bar:

        def update(done: int, total: int | None) -> None:
            bar.update(done - bar.n)

        yield update
