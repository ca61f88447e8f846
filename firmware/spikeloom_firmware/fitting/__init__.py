"""Fitting: which arrays a part has room for, without building them."""

from .estimates import Size, estimated_size
from .fit import Candidate, Fit, fit_board
from .memories import MemoryUse, Shape, memory_use, shapes_of

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
