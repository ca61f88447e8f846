"""The array: scheduler, cores, spike bus, sequencer, registers. One component a file."""

from .array import Array

__all__ = ["Array"]
