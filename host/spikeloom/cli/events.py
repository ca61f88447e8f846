"""Tables of ``spikeloom run``: CSV and npz in; CSV, npz and HDF5 out."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.archives import DAMAGE
from spikeloom.recording import Recording

from .errors import EventFileError

__all__ = ["read_arrays", "read_events", "write_recording"]

Events = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


def read_events(path: Path, inputs: list[str]) -> dict[str, Any]:
    """Read a stimulus for `Board.run`.

    Parameters
    ----------
    path : Path
        ``*.csv`` with a header and the columns ``t``, ``channel`` and, for programs with several
        inputs, ``input``; or ``*.npz`` with, per input, a dense array under its name, or two lists
        under ``NAME.t`` and ``NAME.channel``.
    inputs : list of str
        Inputs of the program.

    Returns
    -------
    dict
        Stimulus by name of the input.

    Raises
    ------
    EventFileError
        If the file has another form.
    """
    if path.suffix == ".csv":
        return dict(_read_csv(path, inputs))
    if path.suffix == ".npz":
        return _read_npz(path, inputs)
    raise EventFileError(f"events must be in a .csv or .npz file, not {path.name!r}; convert it")


def _read_csv(path: Path, inputs: list[str]) -> dict[str, Events]:
    parts: dict[str, list[tuple[int, int]]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        columns = set(reader.fieldnames or ())
        if not {"t", "channel"} <= columns or ("input" not in columns and len(inputs) != 1):
            raise EventFileError(
                f"{path.name!r} must have the columns t, channel and, as the program has the "
                f"inputs {', '.join(inputs)}, input; not {', '.join(sorted(columns)) or 'none'}"
            )
        for row in reader:
            name = row.get("input") or inputs[0]
            try:
                event = int(row["t"]), int(row["channel"])
            except (TypeError, ValueError):
                raise EventFileError(
                    f"line {reader.line_num} of {path.name!r} must hold integers, not "
                    f"{row['t']!r} and {row['channel']!r}; t counts steps from 0"
                ) from None
            parts.setdefault(name, []).append(event)
    tables = {name: np.array(events, np.int64) for name, events in parts.items()}
    return {name: (table[:, 0], table[:, 1]) for name, table in tables.items()}


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of a file that ``numpy.savez`` wrote, by name.

    Raises
    ------
    EventFileError
        If the file is something else, or cut off.
    OSError
        If it cannot be opened.
    """
    with path.open("rb") as file:
        try:
            with np.load(file) as stored:
                return {name: stored[name] for name in stored.files}
        except DAMAGE as error:
            raise EventFileError(
                f"{path.name!r} must be a file that numpy.savez wrote, but: {error}; save it again"
            ) from None


def _read_npz(path: Path, inputs: list[str]) -> dict[str, Any]:
    arrays = read_arrays(path)
    stimulus: dict[str, Any] = {}
    for name in inputs:
        if name in arrays:
            stimulus[name] = arrays.pop(name)
        elif f"{name}.t" in arrays and f"{name}.channel" in arrays:
            stimulus[name] = (arrays.pop(f"{name}.t"), arrays.pop(f"{name}.channel"))
    if arrays:
        raise EventFileError(
            f"arrays of {path.name!r} must be named NAME, or NAME.t and NAME.channel, with NAME "
            f"among {', '.join(inputs)}, not {sorted(arrays)[0]!r}; rename it"
        )
    return stimulus


def write_recording(
    recording: Recording, path: Path, *, step_s: float | None = None, labels: Any = None
) -> None:
    """Save a recording: all of it as ``*.npz`` or ``*.h5``, its spikes as ``*.csv``.

    Parameters
    ----------
    recording : Recording
        What to save.
    path : Path
        Where; npz is for `Recording.load`, HDF5 for everybody.
    step_s : float, optional
        Length of a step, in seconds; noted in HDF5.
    labels : ndarray of int, optional
        Labels of the samples; noted in HDF5.

    Raises
    ------
    EventFileError
        If the name ends otherwise.
    """
    if path.suffix == ".npz":
        recording.save(path)
    elif path.suffix in (".h5", ".hdf5"):
        recording.to_hdf5(path, step_s=step_s, labels=labels)
    elif path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["population", "sample", "t", "neuron"])
            for name, times in recording.spike_times.items():
                rows = zip(times.sample, times.t, times.neuron, strict=True)
                writer.writerows([name, *map(int, row)] for row in rows)
    else:
        raise EventFileError(
            f"the output must be a .npz, .h5 or .csv file, not {path.name!r}; name it so"
        )
