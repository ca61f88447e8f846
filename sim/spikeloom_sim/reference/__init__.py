"""The reference model: ``docs/semantics.md`` in numpy integers, without Amaranth."""

from .coverage import Coverage
from .learning_coverage import LearningCoverage
from .model import ArrayModel

__all__ = ["ArrayModel", "Coverage", "LearningCoverage"]
