"""Sweeps as files of plain Python, or as modules: functions `runs` and `run`."""

import dataclasses
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from spikeloom.extras import import_extra

from .errors import FleetError

__all__ = ["SweepFile", "SweepFileError", "load_sweep"]

_FUNCTION = "run"


class SweepFileError(FleetError):
    """A file that defines no sweep."""


@dataclasses.dataclass(frozen=True)
class SweepFile:
    """A sweep.

    Attributes
    ----------
    name : str
        Of file or module, without suffix.
    function : callable
        Takes a board and a run.
    runs : iterable
        Runs, or dicts of parameters.
    """

    name: str
    function: Callable[[Any, Any], Any]
    runs: Iterable[Any]


def load_sweep(text: str) -> SweepFile:
    """Load a sweep.

    Parameters
    ----------
    text : str
        ``FILE.py`` or ``MODULE``, with ``:FUNCTION`` if that is not called ``run``. Workers get
        the code of a file along with their runs; a module must be importable there.

    Raises
    ------
    SweepFileError
        If there is no such file or module, if it fails, or defines no ``runs`` or no function.
    """
    home, _, function = text.rpartition(":")
    # C:\sweep.py has a colon, too, and modules have names without slashes.
    if not home or not function.isidentifier():
        home, function = text, _FUNCTION
    try:
        module = _file(Path(home)) if home.endswith(".py") else importlib.import_module(home)
        made = _member(module, "runs", home)
        runs = made() if callable(made) else made
    except SweepFileError:
        raise
    except (Exception, SystemExit) as error:
        raise SweepFileError(
            f"sweep {home!r} must be Python that can be imported and defines runs() and "
            f"{function}(board, run), but {type(error).__name__}: {error}"
        ) from error
    return SweepFile(home, _member(module, function, home), runs)


def _file(path: Path) -> ModuleType:
    """Import a file under the name of its stem, and let its functions travel as code."""
    if not path.is_file():
        raise SweepFileError(f"sweep {str(path)!r} must be a file, but there is none; name another")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.resolve().parent))  # what stands beside it
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    import_extra("cloudpickle", "fleet", "sending a function").register_pickle_by_value(module)
    return module


def _member(module: ModuleType, name: str, home: str) -> Any:
    if not hasattr(module, name):
        raise SweepFileError(
            f"sweep {home!r} must define {name!r}, but does not; `spikeloom fleet run --help` "
            f"shows a whole one"
        )
    return getattr(module, name)
