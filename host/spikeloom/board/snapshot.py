"""`Snapshot`: every register, network and state word of an array."""

import dataclasses
import os
from typing import Self

import numpy as np

from spikeloom.archives import DAMAGE, read_arrays, write_arrays
from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.target import Target

from .errors import SnapshotError

__all__ = ["Snapshot", "restore_snapshot", "take_snapshot"]

FILE_MAGIC = "spikeloom-snapshot"
FILE_VERSION = 1
_KINDS = ("register", "network", "state")


@dataclasses.dataclass(frozen=True, eq=False)
class Snapshot:
    """A frozen array, taken between runs.

    Attributes
    ----------
    config : ArrayConfig
        Of the array; only one of the same configuration can go on from here.
    windows : dict of (str, int) to bytes
        All words of each window and core, as on the wire.
    """

    config: ArrayConfig
    windows: dict[tuple[str, int], bytes]

    def __repr__(self) -> str:
        size = sum(len(data) for data in self.windows.values())
        return f"<Snapshot of {self.config.name!r}: {len(self.windows)} memories, {size} bytes>"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the snapshot to a numpy file (npz)."""
        header = {
            "magic": FILE_MAGIC,
            "version": FILE_VERSION,
            "config": self.config.to_dict(),
            "windows": list(self.windows),
        }
        arrays = {
            f"window{k}": np.frombuffer(data, np.uint8)
            for k, data in enumerate(self.windows.values())
        }
        write_arrays(path, header, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a file that `save` wrote.

        Raises
        ------
        SnapshotError
            If the file is no snapshot, is damaged or is of another version.
        OSError
            If the file cannot be opened.
        """
        with open(path, "rb") as file:
            try:
                header, arrays = read_arrays(file)
                if (header["magic"], header["version"]) != (FILE_MAGIC, FILE_VERSION):
                    raise ValueError(f"it says {header['magic']!r} version {header['version']!r}")
                config = ArrayConfig.from_dict(header["config"])
                windows = {
                    (name, core): arrays[f"window{k}"].tobytes()
                    for k, (name, core) in enumerate(header["windows"])
                }
            except DAMAGE as error:
                raise SnapshotError(
                    f"{os.fspath(path)!r} must be a complete snapshot of version {FILE_VERSION}, "
                    f"but cannot be read ({error}); take it again"
                ) from None
        return cls(config, windows)


def take_snapshot(target: Target) -> Snapshot:
    """Read every memory of an array that does not run."""
    config = target.capability.config
    windows = {
        (window.name, core): target.read(window.name, core)
        for window in MemoryMap(config)
        if window.kind in _KINDS
        for core in range(window.cores)
    }
    return Snapshot(config, windows)


def restore_snapshot(target: Target, snapshot: Snapshot) -> None:
    """Write every memory; everything is checked before the first word is written.

    Raises
    ------
    SnapshotError
        If the snapshot is of another configuration or incomplete.
    """
    config = target.capability.config
    for field, value in config.to_dict().items():
        theirs = snapshot.config.to_dict()[field]
        if theirs != value:
            raise SnapshotError(
                f"{field} of a snapshot for this array must be {value}, not {theirs}; restore it "
                f"into an array of configuration {snapshot.config.name!r}"
            )
    wanted = {
        (window.name, core): window.depth * window.word_bytes
        for window in MemoryMap(config)
        if window.kind in _KINDS
        for core in range(window.cores)
    }
    sizes = {key: len(data) for key, data in snapshot.windows.items()}
    if sizes != wanted:
        odd = sorted(set(sizes.items()) ^ set(wanted.items()))[0][0]
        raise SnapshotError(
            f"a snapshot must hold every memory of {config.name!r} in full, but {odd[0]!r} of core "
            f"{odd[1]} differs; take it again"
        )
    for (name, core), data in snapshot.windows.items():
        target.write(name, data, core)
