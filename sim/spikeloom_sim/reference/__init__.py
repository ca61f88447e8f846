"""The reference model: ``docs/semantics.md`` in numpy integers, without Amaranth."""

from .coverage import Coverage
from .model import ArrayModel

__all__ = ["ArrayModel", "Coverage"]
