"""`RecordingExports`: what recordings are given to other tools as; each in a module of its own."""

import os
from typing import TYPE_CHECKING, Any, Self, cast

import numpy.typing as npt

if TYPE_CHECKING:
    from spikeloom.recording import Recording

__all__ = ["RecordingExports"]


class RecordingExports:
    """Methods of `Recording` that write and read forms of others."""

    def to_hdf5(
        self,
        path: str | os.PathLike[str],
        *,
        step_s: float | None = None,
        labels: npt.ArrayLike | None = None,
    ) -> None:
        """Write everything to an HDF5 file whose layout `docs/event-data.md` describes.

        Parameters
        ----------
        path : path-like
            The file; it is there whole or not at all.
        step_s : float, optional
            How long a step is meant to be, in seconds: noted in the file for its readers.
        labels : array_like of int, shape (samples,), optional
            What the samples of a batch were: noted likewise.

        Raises
        ------
        RecordingError
            If there are not as many labels as samples.
        MissingPackageError
            If h5py is not installed.
        ValueRangeError
            If `step_s` is no positive number.
        """
        from spikeloom.recording_hdf5 import write_recording
        from spikeloom.recording_neo import checked_step_s

        step_s = None if step_s is None else checked_step_s(step_s)
        write_recording(cast("Recording", self), path, step_s, labels)

    @classmethod
    def from_hdf5(cls, path: str | os.PathLike[str]) -> Self:
        """Read a file that `to_hdf5` wrote.

        Raises
        ------
        RecordingError
            If the file is no recording, is damaged or is of another version.
        MissingPackageError
            If h5py is not installed.
        OSError
            If there is no such file.
        """
        from spikeloom.recording_hdf5 import read_recording

        return cls(**read_recording(path))

    def to_neo(self, step_s: float) -> Any:
        """Return spikes and values as a `neo.Block`.

        Parameters
        ----------
        step_s : float
            How long a step is meant to be, in seconds; a spike stands at the begin of its step.

        Returns
        -------
        neo.Block
            A Segment a sample. In it a SpikeTrain for each neuron, population by population, also
            of those that were silent, with annotations ``population`` and ``neuron``; an
            AnalogSignal for each quantity of a population.

        Raises
        ------
        MissingPackageError
            If neo is not installed.
        ValueRangeError
            If `step_s` is no positive number.
        """
        from spikeloom.recording_neo import neo_block

        return neo_block(cast("Recording", self), step_s)

    def to_nir_data(self, step_s: float, *, gridded: bool = False) -> Any:
        """Return spikes and values as a `nir.NIRGraphData`, which `nir.write_data` writes.

        Parameters
        ----------
        step_s : float
            How long a step is meant to be, in seconds; a spike stands at the begin of its step.
        gridded : bool
            False: spikes as EventData. True: as TimeGriddedData of booleans.

        Returns
        -------
        nir.NIRGraphData
            A node a population, with observable ``spikes`` and one for each quantity; neurons whose
            values were not recorded have NaN.

        Raises
        ------
        MissingPackageError
            If nir is not installed.
        ValueRangeError
            If `step_s` is no positive number.
        """
        from spikeloom.recording_nir import nir_data_of

        return nir_data_of(cast("Recording", self), step_s, gridded)

    @classmethod
    def from_nir_data(cls, data: Any, step_s: float | None = None) -> Self:
        """Read NIRGraphData of another simulator, to compare it with a run.

        Parameters
        ----------
        data : nir.NIRGraphData
            As `nir.read_data` reads it.
        step_s : float, optional
            Length of a step, in seconds; None: the dt of the data.

        Returns
        -------
        Recording
            Always with samples. Values are rounded to 40 bits.

        Raises
        ------
        RecordingError
            If it is something else, or its parts do not agree.
        MissingPackageError
            If nir is not installed.
        """
        from spikeloom.recording_nir import nir_fields

        return cls(**nir_fields(data, step_s))
