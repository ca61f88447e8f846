"""From a `Network` and an `ArrayConfig` to a `Program`: placement, delays, integers, report."""

from .errors import (
    CompileError,
    LearningError,
    NetworkTooLargeError,
    ProgramFileError,
    ProgramMismatchError,
    QuantisationError,
    SamplingError,
    ThetaError,
)
from .pipeline import compile
from .placed import Image, PlacedInput, PlacedPopulation, PlacedProjection, PlacedReadout
from .program import Program
from .report import InputReport, LearningReport, MemoryUse, PopulationReport, Report, RoundedNumber

__all__ = [
    "CompileError",
    "Image",
    "InputReport",
    "LearningError",
    "LearningReport",
    "MemoryUse",
    "NetworkTooLargeError",
    "PlacedInput",
    "PlacedPopulation",
    "PlacedProjection",
    "PlacedReadout",
    "PopulationReport",
    "Program",
    "ProgramFileError",
    "ProgramMismatchError",
    "QuantisationError",
    "Report",
    "RoundedNumber",
    "SamplingError",
    "ThetaError",
    "compile",
]
