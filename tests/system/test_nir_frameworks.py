"""Networks trained elsewhere: the same spikes as the framework's, the same accuracy at 8 bits.

``tests/frameworks/make_nir.py`` made the files, with the frameworks; here they are not needed.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest
from digit_spikes import STEPS, encode, split

import spikeloom
from spikeloom import nir

ROOT = Path(__file__).parents[2]
FILES = ROOT / "tests/data/nir"
FRAMEWORKS = {
    "snntorch_leaky": {"dt": 1e-4, "framework": "snntorch", "reset": "value"},
    "snntorch_synaptic": {"dt": 1e-4, "framework": "snntorch", "reset": "value"},
    "spikingjelly_lif": {"dt": 1e-4, "framework": "spikingjelly"},
    "norse_lif_box": {"dt": 1e-3, "framework": "norse"},
}
UNTRAINED = {
    "snntorch_rleaky": FRAMEWORKS["snntorch_leaky"],
    "spikingjelly_conv": FRAMEWORKS["spikingjelly_lif"],
}
TARGETS = [
    "model:quad_plain",
    pytest.param(
        "sim:quad_plain",
        marks=[
            pytest.mark.verilated,
            pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++ and make"),
        ],
    ),
]


@pytest.fixture(scope="module")
def digits():
    """Spikes and labels of the 594 test images."""
    _, images, _, labels = split()
    return encode(images), labels


@pytest.fixture(scope="module", params=TARGETS)
def board(request):
    with spikeloom.open(request.param) as board:
        yield board


def layers_of(imported, recording):
    names = [layer.population for layer in imported.layers]
    return np.concatenate([recording.dense(name) for name in names], axis=2)


@pytest.mark.parametrize("name", [*FRAMEWORKS, *UNTRAINED])
def test_weights_on_a_grid_give_the_frameworks_spikes(board, digits, name):
    stored = np.load(FILES / f"{name}.npz")
    shape = tuple(stored["shape"])
    assert shape[:2] == (len(digits[1]), STEPS)
    wanted = np.unpackbits(stored["grid_spikes"], count=np.prod(shape)).reshape(shape) > 0
    imported = nir.read(FILES / f"{name}_grid.nir", **(FRAMEWORKS | UNTRAINED)[name])
    recording = imported.run(board, digits[0])
    assert board.loaded is not None
    assert max(p.weight_error for p in board.loaded.report.populations) < 1e-6
    assert np.count_nonzero(layers_of(imported, recording) != wanted) == 0
    assert wanted.mean() > 0.05


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_accuracy_at_8_bits_is_that_of_the_floats(board, digits, name):
    trained = float(np.load(FILES / f"{name}.npz")["accuracy"])
    imported = nir.read(FILES / f"{name}.nir", **FRAMEWORKS[name])
    recording = imported.run(board, digits[0])
    (output,) = imported.outputs["output"]
    accuracy = (recording.counts(output).argmax(axis=1) == digits[1]).mean()
    assert trained > 0.95
    assert abs(accuracy - trained) <= 0.01
