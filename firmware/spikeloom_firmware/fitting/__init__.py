"""Fitting: which arrays a part has room for, without building them."""

from .estimates import Size, estimated_size
from .fit import Candidate, Fit, fit_board
from .memories import MemoryUse, memory_use
from .shapes import Shape, shapes_of

__all__ = [
    "Candidate",
    "Fit",
    "MemoryUse",
    "Shape",
    "Size",
    "estimated_size",
    "fit_board",
    "memory_use",
    "shapes_of",
]
