"""From a `Network` and an `ArrayConfig` to a `Program`: placement, delays, integers, report."""

from .errors import (
    CompileError,
    NetworkTooLargeError,
    ProgramFileError,
    ProgramMismatchError,
    QuantisationError,
    ThetaError,
)
from .pipeline import compile
from .program import Image, PlacedInput, PlacedPopulation, PlacedProjection, Program
from .report import MemoryUse, PopulationReport, Report

__all__ = [
    "CompileError",
    "Image",
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
    "ThetaError",
    "compile",
]
