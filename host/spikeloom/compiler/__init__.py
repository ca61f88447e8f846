"""From a `Network` and an `ArrayConfig` to a `Program`: placement, delays, integers, report."""

from .errors import (
    CompileError,
    LearningError,
    NetworkTooLargeError,
    ProgramFileError,
    ProgramMismatchError,
    QuantisationError,
    ThetaError,
)
from .pipeline import compile
from .placed import Image, PlacedInput, PlacedPopulation, PlacedProjection
from .program import Program
from .report import LearningReport, MemoryUse, PopulationReport, Report, RoundedNumber

__all__ = [
    "CompileError",
    "Image",
    "LearningError",
    "LearningReport",
    "MemoryUse",
    "NetworkTooLargeError",
    "PlacedInput",
    "PlacedPopulation",
    "PlacedProjection",
    "PopulationReport",
    "Program",
    "ProgramFileError",
    "ProgramMismatchError",
    "QuantisationError",
    "Report",
    "RoundedNumber",
    "ThetaError",
    "compile",
]
