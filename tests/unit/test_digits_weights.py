"""The committed digits network is what its metadata says, and training can make it again."""

import json

import numpy as np
import pytest

from spikeloom.compiler import compile
from spikeloom.contract import CONFIGS
from spikeloom.demos import train_digits
from spikeloom.demos.digits_data import INPUT_STEPS, MAX_PIXEL, PIXELS, encode, load_digits
from spikeloom.demos.digits_model import (
    STEPS,
    DigitsWeights,
    WeightsFileError,
    digits_network,
    hidden_counts,
    output_counts,
)


@pytest.fixture(scope="module")
def digits():
    return load_digits()


def test_the_split_is_the_parents(digits):
    assert digits.test_images.shape == (594, PIXELS)
    assert digits.train_images.shape == (1203, PIXELS)
    assert digits.test_labels[:10].tolist() == [6, 9, 3, 7, 2, 1, 5, 2, 5, 2]
    assert digits.train_images.max() == MAX_PIXEL
    train = {image.tobytes() for image in digits.train_images}
    assert not any(image.tobytes() in train for image in digits.test_images)


def test_encoding_is_even_and_counts_pixels():
    images = np.tile(np.arange(MAX_PIXEL + 1)[:, None], PIXELS)
    spikes = encode(images)
    assert spikes.shape == (MAX_PIXEL + 1, INPUT_STEPS, PIXELS)
    np.testing.assert_array_equal(spikes.sum(axis=1), 2 * images)
    for pixel in range(1, MAX_PIXEL + 1):
        gaps = np.diff(np.flatnonzero(spikes[pixel, :, 0]))
        assert gaps.max() - gaps.min() <= 1


def test_accuracy_in_the_file_is_right(digits):
    weights, metadata = DigitsWeights.load()
    for part in ("train", "test"):
        images, labels = getattr(digits, f"{part}_images"), getattr(digits, f"{part}_labels")
        right = np.mean(output_counts(weights, images).argmax(axis=1) == labels)
        assert right == pytest.approx(metadata[f"{part}_accuracy"], abs=1e-6)
    assert metadata["test_accuracy"] >= 0.97
    assert metadata["steps"] == STEPS
    assert metadata["command"] == train_digits.COMMAND


def test_neurons_by_hand():
    """One pixel, one hidden neuron, one output neuron; counted on paper."""
    zeros = np.zeros((PIXELS, 1), np.int64)
    weights = DigitsWeights(
        hidden_weights=np.where(np.arange(PIXELS)[:, None] == 5, 10, zeros),
        hidden_bias=np.array([1]),
        hidden_threshold=np.array([20]),
        output_weights=np.eye(1, 10, 3, dtype=np.int64),
        output_bias=np.zeros(10, np.int64),
        output_threshold=np.full(10, 2),
    )
    image = np.zeros((1, PIXELS), np.int64)
    image[0, 5] = MAX_PIXEL
    # v gains 11 a step for 32 steps, then 1 for two: 354 in all. It exceeds 20 k for k = 1..17,
    # all before the last step.
    counts = hidden_counts(
        image, weights.hidden_weights, weights.hidden_bias, weights.hidden_threshold
    )
    assert counts.tolist() == [[17]]
    # Each spike adds 1 to output 3, which fires above 2, 4, ... 16.
    assert output_counts(weights, image)[0].tolist() == [0, 0, 0, 8, 0, 0, 0, 0, 0, 0]


def test_nothing_is_rounded():
    weights, _ = DigitsWeights.load()
    for config in CONFIGS.values():
        if config.neurons < 128:
            continue
        report = compile(digits_network(weights), config).report
        assert report.clipped_weights == 0
        assert all(part.weight_error == part.parameter_error == 0 for part in report.populations)


def test_a_little_training(digits):
    """A short training reaches nearly the same, and twice gives the same."""
    options = train_digits.TrainingOptions(hidden=64, mixtures=1000, epochs=15, seed=3)
    images, labels = digits.train_images, digits.train_labels
    fit, held = slice(0, 900), slice(900, None)
    one = train_digits.train(images[fit], labels[fit], options)
    other = train_digits.train(images[fit], labels[fit], options)
    np.testing.assert_equal(vars(one), vars(other))
    assert abs(one.hidden_weights).max() <= train_digits.WEIGHT_LIMIT
    assert abs(one.output_weights).max() == train_digits.WEIGHT_LIMIT
    right = np.mean(output_counts(one, images[held]).argmax(axis=1) == labels[held])
    assert right >= 0.9


def test_the_command_writes_a_file(tmp_path, digits, monkeypatch, capsys):
    path = tmp_path / "weights.npz"
    monkeypatch.setattr(train_digits, "load_digits", lambda: digits)
    argv = ["-o", str(path), "--hidden", "16", "--mixtures", "50", "--epochs", "3"]
    assert train_digits.main(argv) == 0
    assert "test part 0." in capsys.readouterr().out
    weights, metadata = DigitsWeights.load(path)
    assert weights.hidden_bias.size <= 16
    assert metadata["options"]["hidden"] == 16


def test_damaged_files_are_refused(tmp_path):
    path = tmp_path / "weights.npz"
    with pytest.raises(WeightsFileError, match=r"must hold the digits network.*train it again"):
        DigitsWeights.load(path)
    path.write_bytes(b"not a file of arrays")
    with pytest.raises(WeightsFileError, match="must hold the digits network"):
        DigitsWeights.load(path)
    np.savez(path, metadata=np.array(json.dumps({})))
    with pytest.raises(WeightsFileError, match="hidden_weights"):
        DigitsWeights.load(path)
    weights, _ = DigitsWeights.load()
    with pytest.raises(WeightsFileError, match=r"hidden_bias must have shape|hidden_weights must"):
        DigitsWeights(**vars(weights) | {"hidden_bias": weights.hidden_bias[1:]})
