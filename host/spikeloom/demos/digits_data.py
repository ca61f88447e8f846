"""The handwritten digits: data set, split, and how an image becomes spikes.

Source: UCI "Optical Recognition of Handwritten Digits" as shipped with scikit-learn, 1,797 images
of 8 x 8 pixels with values 0..16. The split is that of the system this project descends from, so
that accuracies compare: 594 test images.
"""

import dataclasses

import numpy as np
import numpy.typing as npt

from spikeloom.extras import import_extra

__all__ = [
    "CLASSES",
    "INPUT_STEPS",
    "MAX_PIXEL",
    "PIXELS",
    "Digits",
    "encode",
    "load_digits",
]

PIXELS = 64
"""Inputs of the network: one per pixel."""
MAX_PIXEL = 16
"""Largest pixel value."""
CLASSES = 10
INPUT_STEPS = 32
"""Steps during which an image is shown."""
TEST_SIZE = 0.33
SPLIT_SEED = 42

Images = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Digits:
    """Images and labels of both parts.

    Attributes
    ----------
    train_images, test_images : ndarray of int, shape (images, 64)
        Pixel values 0..16; 1,203 and 594 images.
    train_labels, test_labels : ndarray of int, shape (images,)
        Digits 0..9.
    """

    train_images: Images
    test_images: Images
    train_labels: Images
    test_labels: Images


def load_digits() -> Digits:
    """Load the data set and split it as ``train_test_split(test_size=0.33, random_state=42)``.

    Raises
    ------
    MissingPackageError
        If scikit-learn is not installed.
    """
    datasets = import_extra("sklearn.datasets", "demo", "loading the digits")
    model_selection = import_extra("sklearn.model_selection", "demo", "splitting the digits")
    images, labels = datasets.load_digits(return_X_y=True)
    parts = model_selection.train_test_split(
        images.astype(np.int64),
        labels.astype(np.int64),
        test_size=TEST_SIZE,
        random_state=SPLIT_SEED,
    )
    return Digits(*parts)


def encode(images: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Turn images into input spikes: a pixel of value p spikes 2p times, evenly, in 32 steps.

    Parameters
    ----------
    images : array_like of int, shape (images, 64)
        Pixel values 0..16.

    Returns
    -------
    ndarray of bool, shape (images, 32, 64)
        Whether a pixel spikes in a step.

    Examples
    --------
    >>> spikes = encode(np.full((1, 64), 4))
    >>> spikes[0, :8, 0].astype(int).tolist()
    [0, 0, 0, 1, 0, 0, 0, 1]
    """
    pixels = np.asarray(images, np.int64)
    steps = np.arange(INPUT_STEPS + 1)[None, :, None]
    total = steps * pixels[:, None, :] // MAX_PIXEL
    return np.diff(total, axis=1) > 0
