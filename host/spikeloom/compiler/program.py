"""`Program`: a network as the bytes that a board takes, and where its parts lie there.

A program is loaded by ``RESET ALL``, then all images, then the control registers.
"""

import dataclasses
import os
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig, ConfigError, MemoryMap, ValueRangeError
from spikeloom.contract.registers import CONTROL_REGISTERS
from spikeloom.network.encoders import encoder_from_dict

from ..archives import Arrays
from .container import read_container, write_container
from .errors import ProgramFileError, ProgramMismatchError
from .placed import Image, PlacedInput, PlacedPopulation, PlacedProjection, PlacedReadout
from .report import Report

__all__ = ["Program"]

Indices = npt.NDArray[np.int64]

_LAYOUT_FIELDS = (
    "cores",
    "neurons_per_core",
    "axons",
    "rows_per_core",
    "lanes",
    "delay_slots",
    "weight_bits",
    "state_bits",
    "theta",
    "plastic",
    "eligibility",
)
"""Fields of `ArrayConfig` that a program depends on; name, clock, rings and probes are free."""


_SAMPLING_WINDOWS = frozenset({"levels", "encoders", "pattern", "readout"})

_PROJECTION_ARRAYS = ("pre_index", "post_index", "core", "row", "neuron", "plastic")


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Program:
    """A compiled network.

    Attributes
    ----------
    config : ArrayConfig
        What it was compiled for.
    control : dict of int to int
        Value of each control register that differs from run to run, by offset in ``control``.
    images : tuple of Image
        What to write after ``RESET ALL``; everything else stays 0.
    populations, inputs, projections : dict by name
        Where the parts of the network are.
    relays : ndarray of int64
        Global indices of relay neurons. The array reports their spikes; they belong to no
        population.
    report : Report
        What was rounded, clipped, merged and added, and how full each memory is.
    readout : PlacedReadout or None
        Which neurons the chip counts, and for what.
    """

    config: ArrayConfig
    control: dict[int, int]
    images: tuple[Image, ...]
    populations: dict[str, PlacedPopulation]
    inputs: dict[str, PlacedInput]
    projections: dict[str, PlacedProjection]
    relays: Indices
    report: Report
    readout: PlacedReadout | None = None

    @property
    def writes(self) -> tuple[Image, ...]:
        """Everything that loading writes after ``RESET all``: images, then control registers."""
        control = MemoryMap(self.config)["control"]
        registers = (
            Image("control", 0, offset, control.pack(value=[value]))
            for offset, value in sorted(self.control.items())
        )
        return (*self.images, *registers)

    @property
    def samples(self) -> bool:
        """Whether it needs an array with samples built in: it stimulates or counts on the chip."""
        return any(image.window in _SAMPLING_WINDOWS for image in self.images)

    @property
    def size_bytes(self) -> int:
        """Bytes of all `writes`."""
        return sum(len(write.data) for write in self.writes)

    def __repr__(self) -> str:
        parts = ", ".join([*self.inputs, *self.populations])
        return (
            f"<Program of {self.report.network!r} for {self.config.name!r}: {parts}; "
            f"{len(self.images)} images, {self.size_bytes} bytes>"
        )

    def _repr_html_(self) -> str:
        return self.report._repr_html_()

    def check_fits(self, config: ArrayConfig) -> None:
        """Check that the program can be loaded into an array.

        Parameters
        ----------
        config : ArrayConfig
            The array, for example that of an open board.

        Raises
        ------
        ProgramMismatchError
            Naming the first field that differs; name, clock, rings and probes may differ.
        """
        for field in _LAYOUT_FIELDS:
            mine, theirs = getattr(self.config, field), getattr(config, field)
            if mine != theirs:
                raise ProgramMismatchError(
                    f"{field} of the array must be {mine}, for which the program was compiled "
                    f"({self.config.name!r}), not {theirs} ({config.name!r}); compile the network "
                    f"for the array's configuration"
                )
        if self.samples and not config.sampling:
            raise ProgramMismatchError(
                f"sampling of the array must be True, since the program stimulates or counts on "
                f"the chip, not False ({config.name!r}); compile the network for the array's "
                f"configuration"
            )
        length = self.control.get(CONTROL_REGISTERS["pattern_length"].offset, 0)
        if length > config.pattern_words:
            raise ProgramMismatchError(
                f"pattern_words of the array must be {length} or more, which the program's "
                f"pattern has, not {config.pattern_words} ({config.name!r}); make it shorter"
            )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the program to a versioned file, by custom ``*.loom``."""
        arrays: Arrays = {"relays": self.relays}
        for k, image in enumerate(self.images):
            arrays[f"image{k}"] = np.frombuffer(image.data, np.uint8)
        for k, population in enumerate(self.populations.values()):
            arrays[f"population{k}"] = population.neurons
        for k, source in enumerate(self.inputs.values()):
            arrays[f"input{k}"] = np.array(source.axons, np.int64).reshape(-1, source.size)
        for k, projection in enumerate(self.projections.values()):
            parts = [getattr(projection, name) for name in _PROJECTION_ARRAYS]
            arrays[f"projection{k}"] = np.array(parts, np.int64)
        if self.readout is not None:
            arrays["readout"] = np.stack([self.readout.neurons, self.readout.group])
        header = {
            "config": self.config.to_dict(),
            "control": sorted(self.control.items()),
            "images": [(image.window, image.core, image.offset) for image in self.images],
            "populations": [
                (p.name, p.size, p.scale, p.latency, p.report) for p in self.populations.values()
            ],
            "inputs": [
                (s.name, s.size, None if s.encoder is None else s.encoder.to_dict(), s.noise)
                for s in self.inputs.values()
            ],
            "readout": None if self.readout is None else (
                self.readout.populations, self.readout.names
            ),
            "projections": [
                (p.name, p.pre, p.post, p.scale, p.eligibility_scale)
                for p in self.projections.values()
            ],
            "report": self.report.to_dict(),
        }  # fmt: skip
        write_container(path, header, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a program that `save` wrote.

        Raises
        ------
        ProgramFileError
            If the file is no program, is damaged or is of another version.
        OSError
            If the file cannot be opened.
        """
        header, arrays = read_container(path)
        try:
            program = cls(**_program_fields(header, arrays))
            program._check_images()
        except (KeyError, TypeError, ValueError, ConfigError, ValueRangeError) as error:
            raise ProgramFileError(
                f"{os.fspath(path)!r} must hold a whole program, but parts are missing or damaged "
                f"({error}); compile and save it again"
            ) from None
        return program

    def _check_images(self) -> None:
        memory = MemoryMap(self.config)
        for image in self.images:
            window = memory[image.window]
            words, rest = divmod(len(image.data), window.word_bytes)
            if rest or not words:
                raise ValueRangeError(f"an image of {image.window!r} must hold whole words")
            window.address(image.offset, image.core)
            window.address(image.offset + words - 1, image.core)


def _projection_arrays(stored: Indices) -> dict[str, Any]:
    values: dict[str, Any] = dict(zip(_PROJECTION_ARRAYS, stored, strict=True))
    return values | {"plastic": values["plastic"].astype(bool)}


def _program_fields(header: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """Return the arguments of `Program` from a file's header and arrays."""
    populations = [
        PlacedPopulation(name, size, arrays[f"population{k}"], scale, latency, report)
        for k, (name, size, scale, latency, report) in enumerate(header["populations"])
    ]
    inputs = [
        PlacedInput(
            name,
            size,
            tuple(arrays[f"input{k}"]),
            None if encoder is None else encoder_from_dict(encoder),
            noise,
        )
        for k, (name, size, encoder, noise) in enumerate(header["inputs"])
    ]
    projections = [
        PlacedProjection(
            name, pre, post, scale,
            **_projection_arrays(arrays[f"projection{k}"]),
            eligibility_scale=eligibility_scale,
        )
        for k, (name, pre, post, scale, eligibility_scale) in enumerate(header["projections"])
    ]  # fmt: skip
    return {
        "config": ArrayConfig.from_dict(header["config"]),
        "control": dict(header["control"]),
        "images": tuple(
            Image(window, core, offset, arrays[f"image{k}"].tobytes())
            for k, (window, core, offset) in enumerate(header["images"])
        ),
        "populations": {p.name: p for p in populations},
        "inputs": {source.name: source for source in inputs},
        "projections": {p.name: p for p in projections},
        "relays": arrays["relays"],
        "report": Report.from_dict(header["report"]),
        "readout": _readout(header["readout"], arrays),
    }


def _readout(stored: Any, arrays: Arrays) -> PlacedReadout | None:
    if stored is None:
        return None
    populations, names = stored
    neurons, group = arrays["readout"]
    return PlacedReadout(tuple(populations), neurons, group, tuple(names))
