"""How many images were recognised, whoever recognised them."""

from typing import Any

import numpy as np

from .digits_data import CLASSES, Images

__all__ = ["Recognition"]


class Recognition:
    """Labels and predictions, counted; a base of dataclasses that have both as fields.

    Attributes
    ----------
    labels, predictions : ndarray of int, shape (images,)
        Digits 0..9: what images are, and what they were taken for.
    """

    labels: Images
    predictions: Images

    @property
    def right(self) -> int:
        """Images that were recognised."""
        return int((self.labels == self.predictions).sum())

    @property
    def accuracy(self) -> float:
        """Share of images that were recognised, 0..1."""
        return self.right / len(self.labels)

    @property
    def confusion(self) -> Images:
        """Images by label (row) and prediction (column), shape (10, 10)."""
        matrix = np.zeros((CLASSES, CLASSES), np.int64)
        np.add.at(matrix, (self.labels, self.predictions), 1)
        return matrix

    def figures(self) -> dict[str, Any]:
        """Return what was counted, as plain numbers."""
        return {
            "images": len(self.labels),
            "right": self.right,
            "accuracy": self.accuracy,
            "confusion": self.confusion.tolist(),
        }
