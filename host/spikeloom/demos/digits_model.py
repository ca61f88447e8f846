"""The digits network as integers, and a plain simulation of it that training uses.

Two layers of integrate-and-fire neurons without leak: ``v <- v + sum of weights + bias``, a spike
if ``v > threshold``, and then the threshold is subtracted. That is the update of
``docs/semantics.md`` with both decays and everything optional at the values that switch it off.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any, Self

import numpy as np

from spikeloom.archives import DAMAGE
from spikeloom.contract import SpikeloomError
from spikeloom.network import LIF, Encoder, Input, Network, Population

from .digits_data import CLASSES, INPUT_STEPS, PIXELS, Images, encode

__all__ = [
    "DRAIN_STEPS",
    "STEPS",
    "WEIGHTS_FILE",
    "DigitsWeights",
    "WeightsFileError",
    "digits_network",
    "hidden_counts",
    "output_counts",
]

DRAIN_STEPS = 2
"""Steps after the last input step: one for the hop to the output layer, one to let go of what is
left over in the hidden neurons."""
STEPS = INPUT_STEPS + DRAIN_STEPS
"""Steps an image takes."""
WEIGHTS_FILE = Path(__file__).with_name("digits_weights.npz")
"""The file that `spikeloom.demos.train_digits` writes."""
_BATCH = 1024


class WeightsFileError(SpikeloomError):
    """A file that does not hold the digits network."""


@dataclasses.dataclass(frozen=True)
class DigitsWeights:
    """Everything that training finds, as integers of the array.

    Attributes
    ----------
    hidden_weights : ndarray of int, shape (64, hidden)
        From pixels to hidden neurons, -127..127.
    hidden_bias, hidden_threshold : ndarray of int, shape (hidden,)
        Added to v in every step; a spike subtracts the threshold.
    output_weights : ndarray of int, shape (hidden, 10)
        From hidden to output neurons, -127..127.
    output_bias, output_threshold : ndarray of int, shape (10,)
        As for the hidden neurons.
    """

    hidden_weights: Images
    hidden_bias: Images
    hidden_threshold: Images
    output_weights: Images
    output_bias: Images
    output_threshold: Images

    def __post_init__(self) -> None:
        hidden = self.hidden_bias.size
        shapes = {
            "hidden_weights": (PIXELS, hidden),
            "hidden_bias": (hidden,),
            "hidden_threshold": (hidden,),
            "output_weights": (hidden, CLASSES),
            "output_bias": (CLASSES,),
            "output_threshold": (CLASSES,),
        }
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise WeightsFileError(
                    f"{name} must have shape {shape}, not {getattr(self, name).shape}; "
                    f"train again: python -m spikeloom.demos.train_digits"
                )

    def save(self, path: Path, metadata: dict[str, Any]) -> None:
        """Write the weights as int8, the rest as int32, and the metadata as JSON."""
        arrays = {
            name: values.astype(np.int8 if name.endswith("weights") else np.int32)
            for name, values in dataclasses.asdict(self).items()
        }
        with path.open("wb") as file:
            np.savez_compressed(file, metadata=np.array(json.dumps(metadata)), **arrays)

    @classmethod
    def load(cls, path: Path = WEIGHTS_FILE) -> tuple[Self, dict[str, Any]]:
        """Read a file and return weights and metadata.

        Raises
        ------
        WeightsFileError
            If the file is absent or lacks an array.
        """
        try:
            with np.load(path) as file:
                arrays = [file[field.name].astype(np.int64) for field in dataclasses.fields(cls)]
                return cls(*arrays), json.loads(str(file["metadata"]))
        except DAMAGE as error:
            raise WeightsFileError(
                f"{path} must hold the digits network, but: {error}; "
                f"train it again: python -m spikeloom.demos.train_digits"
            ) from error


def digits_network(weights: DigitsWeights, encoder: Encoder | None = None) -> Network:
    """Return the network: input "pixels", populations "hidden" and "digits".

    Parameters
    ----------
    weights : DigitsWeights
        Trained integers. They are taken as they are (``scale=1``), so nothing is rounded.
    encoder : Encoder, optional
        Makes the input's spikes on the chip, which then also counts those of "digits".
    """
    network = Network("digits")
    source: Input | Population = network.input("pixels", PIXELS, encoder=encoder)
    layers = (
        ("hidden", weights.hidden_weights, weights.hidden_bias, weights.hidden_threshold),
        ("digits", weights.output_weights, weights.output_bias, weights.output_threshold),
    )
    for name, matrix, bias, threshold in layers:
        neuron = LIF(threshold=threshold, bias=bias, reset_mode="subtract")
        layer = network.population(name, threshold.size, neuron, scale=1)
        network.connect(source, layer, matrix)
        source = layer
    if encoder is not None:
        network.readout("digits")
    return network


def hidden_counts(images: Images, weights: Images, bias: Images, threshold: Images) -> Images:
    """Return the spikes that each hidden neuron fires for each image, shape (images, hidden).

    Counts the spikes that reach the output layer in time, so not those of the last step.
    """
    parts = [
        _hidden_spikes(images[start : start + _BATCH], weights, bias, threshold)[:-1].sum(axis=0)
        for start in range(0, len(images), _BATCH)
    ]
    counts: Images = np.concatenate(parts).astype(np.int64)
    return counts


def output_counts(weights: DigitsWeights, images: Images) -> Images:
    """Return the spikes that each output neuron fires for each image, shape (images, 10)."""
    w = weights
    hidden = _hidden_spikes(images, w.hidden_weights, w.hidden_bias, w.hidden_threshold)
    arriving = np.concatenate([np.zeros_like(hidden[:1]), hidden[:-1]])
    current = arriving.astype(np.float64) @ w.output_weights.astype(np.float64)
    spikes = _integrate(current + w.output_bias, w.output_threshold)
    counts: Images = spikes.sum(axis=0, dtype=np.int64)
    return counts


def _hidden_spikes(
    images: Images, weights: Images, bias: Images, threshold: Images
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return the spikes of the hidden layer, shape (STEPS, images, hidden)."""
    inputs = encode(images).transpose(1, 0, 2)
    quiet = np.zeros((DRAIN_STEPS, *inputs.shape[1:]), bool)
    # Sums of 64 8-bit weights are exact in doubles, and BLAS is many times faster than integers.
    current = np.concatenate([inputs, quiet]).astype(np.float64) @ weights.astype(np.float64)
    return _integrate(current + bias, threshold)


def _integrate(
    current: np.ndarray[Any, np.dtype[np.float64]], threshold: Images
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Integrate and fire with reset by subtraction, along axis 0."""
    v = np.zeros(current.shape[1:])
    spikes = np.zeros(current.shape, bool)
    for t, step in enumerate(current):
        v += step
        spikes[t] = v > threshold
        v -= spikes[t] * threshold
    return spikes
