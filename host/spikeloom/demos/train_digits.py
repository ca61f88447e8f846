"""Train the network of `spikeloom demo digits`: ``python -m spikeloom.demos.train_digits``.

Only the training part of the split is used. A support vector machine with a Gaussian kernel
learns the labels; a small network with one layer of rectified units learns the machine's ten
decision values, on the training images and on mixtures of two of them (Hinton et al. 2015,
"Distilling the Knowledge in a Neural Network"; Zhang et al. 2018, "mixup"). The rectified units
become integrate-and-fire neurons with reset by subtraction (Rueckauer et al. 2017), 8-bit
weights and integer thresholds, and the output weights are then fitted once more, to the spike
counts that those neurons really produce. ``--cross-validate`` shows how it does on held-out
fifths of the training part; the test part is looked at once, when the file is written.
"""

import argparse
import dataclasses
import warnings
from pathlib import Path

import numpy as np

from .digits_data import CLASSES, INPUT_STEPS, MAX_PIXEL, Images, load_digits
from .digits_model import (
    STEPS,
    WEIGHTS_FILE,
    DigitsWeights,
    hidden_counts,
    output_counts,
)

__all__ = ["TrainingOptions", "cross_validate", "main", "train"]

COMMAND = "python -m spikeloom.demos.train_digits"
WEIGHT_LIMIT = 127
_INPUT_SCALE = 4.0  # units learn faster on 0..4 than on 0..1
_CLIP = 1.5  # decision values beyond the margin carry no more information
_SILENT = 1e-3  # units whose largest value is below this share of the layer's are left out
_LIFT = 0.5  # raises all outputs alike, so that the winner spikes even when it is unsure


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """Hyperparameters, chosen by cross-validation inside the training part.

    Attributes
    ----------
    hidden : int
        Hidden neurons.
    mixtures : int
        Mixed images that are added to the training images.
    epochs : int
        Passes over the data.
    seed : int
        Of mixing, initial weights and order.
    top_spikes : int
        Spikes in the image's time that the surest output neuron shall fire, about.
    """

    hidden: int = 128
    mixtures: int = 10_000
    epochs: int = 60
    seed: int = 0
    top_spikes: int = 32


def _mixed(images: Images, count: int, rng: np.random.Generator) -> Images:
    """Return mixtures of two images with some noise on the ink, as pixels 0..16."""
    first, second = rng.integers(len(images), size=(2, count))
    share = rng.beta(0.4, 0.4, size=(count, 1))
    mixed = share * images[first] + (1 - share) * images[second]
    mixed += rng.normal(0, 1, mixed.shape) * (mixed > 0)
    pixels: Images = np.rint(np.clip(mixed, 0, MAX_PIXEL)).astype(np.int64)
    return pixels


def train(images: Images, labels: Images, options: TrainingOptions) -> DigitsWeights:
    """Train on the images given, and no others.

    Parameters
    ----------
    images : ndarray of int, shape (images, 64)
        Pixel values 0..16.
    labels : ndarray of int, shape (images,)
        Digits 0..9.
    options : TrainingOptions
        Hyperparameters.

    Returns
    -------
    DigitsWeights
        Integers, ready for the array.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import Ridge
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.neural_network import MLPRegressor
    from sklearn.svm import SVC

    teacher = OneVsRestClassifier(SVC(C=10, gamma=1e-3)).fit(images, labels)
    mixed = _mixed(images, options.mixtures, np.random.default_rng(options.seed))
    pupils = np.concatenate([images, images, images, mixed])
    goal = np.clip(teacher.decision_function(pupils), -_CLIP, _CLIP)
    scaled = pupils * (_INPUT_SCALE / MAX_PIXEL)
    network = MLPRegressor(
        hidden_layer_sizes=(options.hidden,),
        batch_size=64,
        max_iter=options.epochs,
        random_state=options.seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the epochs are chosen, not reached
        network.fit(scaled, goal)
    weights, bias = network.coefs_[0], network.intercepts_[0]
    top = np.percentile(np.maximum(scaled @ weights + bias, 0), 99.9, axis=0)
    alive = top > _SILENT * top.max()
    hidden = _quantise_hidden(weights[:, alive], bias[alive], top[alive])
    counts = hidden_counts(pupils, *hidden)
    readout = Ridge(alpha=0.1).fit(counts / INPUT_STEPS, goal)
    return DigitsWeights(
        *hidden,
        *_quantise_output(
            readout.coef_.T / INPUT_STEPS,
            readout.intercept_ + _LIFT,
            counts[: len(images)],
            options.top_spikes,
        ),
    )


def _quantise_hidden(
    weights: np.ndarray, bias: np.ndarray, top: np.ndarray
) -> tuple[Images, Images, Images]:
    """Return weights, biases and thresholds, scaled neuron by neuron to the full weight range.

    A neuron whose unit has the value `top` fires in every step.
    """
    # An input of value x spikes at the rate x / _INPUT_SCALE, so a step brings that much less.
    scale = WEIGHT_LIMIT / np.abs(weights).max(axis=0)
    return (
        np.rint(weights * scale).astype(np.int64),
        np.rint(bias * scale / _INPUT_SCALE).astype(np.int64),
        np.maximum(np.rint(top * scale / _INPUT_SCALE), 1).astype(np.int64),
    )


def _quantise_output(
    weights: np.ndarray, bias: np.ndarray, counts: Images, top_spikes: int
) -> tuple[Images, Images, Images]:
    """Return weights, biases and the common threshold of the output neurons."""
    scale = WEIGHT_LIMIT / np.abs(weights).max()
    integer = np.rint(weights * scale).astype(np.int64)
    per_step = np.rint(bias * scale / STEPS).astype(np.int64)
    winners = (counts @ integer + per_step * STEPS).max(axis=1)
    threshold = max(1, round(float(np.percentile(winners, 99)) / top_spikes))
    return integer, per_step, np.full(CLASSES, threshold, np.int64)


def _accuracy(weights: DigitsWeights, images: Images, labels: Images) -> float:
    return float(np.mean(output_counts(weights, images).argmax(axis=1) == labels))


def cross_validate(
    images: Images, labels: Images, options: TrainingOptions, folds: int = 5
) -> list[float]:
    """Return the accuracy on each held-out part of the images given."""
    from sklearn.model_selection import StratifiedKFold

    splits = StratifiedKFold(folds, shuffle=True, random_state=options.seed).split(images, labels)
    return [
        _accuracy(train(images[fit], labels[fit], options), images[held], labels[held])
        for fit, held in splits
    ]


def main(argv: list[str] | None = None) -> int:
    """Train, print the accuracies and write the file of weights."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=WEIGHTS_FILE, help="file to write")
    parser.add_argument("--cross-validate", action="store_true", help="show held-out accuracy")
    for field in dataclasses.fields(TrainingOptions):
        option = f"--{field.name.replace('_', '-')}"
        parser.add_argument(option, type=int, default=field.default)
    args = parser.parse_args(argv)
    names = [field.name for field in dataclasses.fields(TrainingOptions)]
    options = TrainingOptions(**{name: getattr(args, name) for name in names})
    digits = load_digits()
    if args.cross_validate:
        parts = cross_validate(digits.train_images, digits.train_labels, options)
        print(f"held-out accuracy inside the training part: {np.mean(parts):.4f} {parts}")
    weights = train(digits.train_images, digits.train_labels, options)
    train_accuracy = _accuracy(weights, digits.train_images, digits.train_labels)
    test_accuracy = _accuracy(weights, digits.test_images, digits.test_labels)
    metadata = {
        "command": COMMAND,
        "options": dataclasses.asdict(options),
        "steps": STEPS,
        "train_accuracy": round(train_accuracy, 6),
        "test_accuracy": round(test_accuracy, 6),
    }
    weights.save(args.output, metadata)
    print(f"training part {train_accuracy:.4f}, test part {test_accuracy:.4f}: {args.output}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
