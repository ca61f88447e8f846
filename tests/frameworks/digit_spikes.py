"""Digits as spikes: what the networks in ``tests/data/nir`` were trained on."""

import numpy as np
import numpy.typing as npt

__all__ = ["HIDDEN", "OUTPUTS", "PIXELS", "STEPS", "encode", "split"]

PIXELS = 64
HIDDEN = 32
OUTPUTS = 10
STEPS = 8
MAX_PIXEL = 16


def split() -> list[npt.NDArray[np.int64]]:
    """Return training images, test images, training labels, test labels, as the demos do."""
    from sklearn import datasets, model_selection

    images, labels = datasets.load_digits(return_X_y=True)
    parts: list[npt.NDArray[np.int64]] = model_selection.train_test_split(
        images.astype(np.int64), labels.astype(np.int64), test_size=0.33, random_state=42
    )
    return parts


def encode(images: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Turn images into spikes: a pixel of p spikes in about p/2 of 8 steps, evenly.

    Returns
    -------
    ndarray of bool, shape (images, steps, pixels)
    """
    until = np.floor(np.arange(STEPS + 1)[:, None] * images[:, None, :] / MAX_PIXEL + 0.5)
    return np.diff(until, axis=1) > 0
