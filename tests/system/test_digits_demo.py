"""The digits on every target: the same spikes, bit for bit, and the accuracy that was promised."""

import json

import numpy as np
import pytest

import spikeloom
from spikeloom.cli import main
from spikeloom.contract import named_config
from spikeloom.demos.digits import DigitsResult, classify, program_digits
from spikeloom.demos.digits_data import load_digits
from spikeloom.demos.digits_model import DigitsWeights, output_counts

PROMISED_ACCURACY = 0.95


@pytest.fixture(scope="module")
def digits():
    return load_digits()


def result_of(url: str, digits, count: int | None = None) -> DigitsResult:
    with spikeloom.open(url) as board:
        program_digits(board)
        return classify(board, digits.test_images[:count], digits.test_labels[:count])


@pytest.fixture(scope="module")
def model_result(digits):
    return result_of("model:", digits)


def assert_same_spikes(one: DigitsResult, other: DigitsResult, count: int) -> None:
    """Compare sample, step and neuron of every spike of the first `count` images."""
    for population in ("hidden", "digits"):
        times = [np.stack(result.recording.spikes(population)) for result in (one, other)]
        first, second = (spikes[:, spikes[0] < count] for spikes in times)
        assert first.shape[1] > 0
        np.testing.assert_array_equal(first, second, err_msg=population)


def test_model_keeps_the_promise(model_result):
    assert len(model_result.labels) == 594
    assert model_result.accuracy >= PROMISED_ACCURACY
    assert model_result.confusion.sum() == 594
    assert np.trace(model_result.confusion) == model_result.right


def test_model_computes_what_training_assumed(model_result, digits):
    """Two implementations of the neuron, written apart, count the same spikes."""
    weights, metadata = DigitsWeights.load()
    np.testing.assert_array_equal(
        model_result.recording.counts("digits"), output_counts(weights, digits.test_images)
    )
    assert model_result.accuracy == pytest.approx(metadata["test_accuracy"], abs=1e-6)


def test_images_do_not_influence_each_other(model_result, digits):
    backwards = digits.test_images[:40][::-1]
    with spikeloom.open("model:") as board:
        program_digits(board)
        result = classify(board, backwards, digits.test_labels[:40][::-1])
    np.testing.assert_array_equal(
        result.recording.dense("hidden")[::-1], model_result.recording.dense("hidden")[:40]
    )


@pytest.mark.verilated
def test_gateware_gives_every_spike_of_the_model(model_result, digits):
    result = result_of("sim:", digits)
    assert_same_spikes(result, model_result, 594)
    np.testing.assert_array_equal(result.predictions, model_result.predictions)
    assert result.accuracy >= PROMISED_ACCURACY
    assert result.recording.counters["dropped"] == 0
    assert result.recording.link.retries == 0
    figures = result.figures()
    assert figures["cycles_per_step"] > 0
    assert figures["line_efficiency"] > 0.8


@pytest.mark.slow
@pytest.mark.verilated
@pytest.mark.parametrize(
    ("clocks_per_bit", "count"), [(27, 50), (4, 594)], ids=["27 clocks a bit", "4 clocks a bit"]
)
def test_real_uart_bits(model_result, digits, clocks_per_bit, count):
    """Every bit of the serial line goes through the gateware's UART.

    Without learning, which rests here: 110 million clock cycles take half the time.
    """
    default = named_config("quad_plain")
    rates = {clocks: default.clock_hz // clocks for clocks in (27, 4)}
    config = default.replace(baud_rates=(default.baud_rates[0], *rates.values()))
    baud = rates[clocks_per_bit]
    with spikeloom.open("sim:?uart=bits", config=config, baudrate=baud) as board:
        assert board.target.baud == baud
        program_digits(board)
        result = classify(board, digits.test_images[:count], digits.test_labels[:count])
    assert_same_spikes(result, model_result, count)
    np.testing.assert_array_equal(result.predictions, model_result.predictions[:count])
    assert result.recording.link.retries == 0


def test_demo_command(tmp_path, capsys, model_result):
    folder = tmp_path / "figures"
    argv = ["demo", "digits", "--target", "model:", "--images", "60", "--out", str(folder)]
    assert main(argv) == 0
    text = capsys.readouterr().out
    assert "reference model" in text
    assert "of 60 right" in text
    assert main([*argv, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["images"] == 60
    assert facts["right"] == int((model_result.labels == model_result.predictions)[:60].sum())
    assert np.sum(facts["confusion"]) == 60
    for name in ("raster.png", "confusion.png"):
        picture = (folder / name).read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert len(picture) > 10_000


@pytest.mark.verilated
def test_demo_command_on_the_gateware(tmp_path, capsys):
    """The default target, and no figure is missing."""
    assert main(["demo", "digits", "--images", "20", "--out", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "sim: (simulated gateware)" in text
    assert "MHz" in text
    assert "% of them payload, 0 retries" in text


def test_the_default_target_is_the_model_without_a_compiler(tmp_path, monkeypatch, capsys, caplog):
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert main(["demo", "digits", "--images", "5", "--out", str(tmp_path)]) == 0
    assert "model: (reference model)" in capsys.readouterr().out
    assert "using the reference model" in caplog.text
    assert "g++" in caplog.text


@pytest.mark.parametrize("count", ["0", "-3", "many"])
def test_demo_refuses(count, capsys):
    with pytest.raises(SystemExit) as end:
        main(["demo", "digits", "--images", count])
    assert end.value.code == 2
