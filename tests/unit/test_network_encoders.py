"""Encoders and noise: what values become, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.contract.sampling import EncoderMode
from spikeloom.network import (
    LIF,
    Input,
    LatencyEncoder,
    Network,
    NetworkError,
    Noise,
    RandomEncoder,
    RateEncoder,
)
from spikeloom.network.encoders import encoder_from_dict

RATES = st.floats(1 / 32768, 1.0)
VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=8).map(np.array)


@given(st.sampled_from([RateEncoder, RandomEncoder]), RATES, VALUES)
def test_rates_are_as_near_as_a_step_of_the_finest_scale(kind, max_rate, values):
    encoder = kind(max_rate)
    levels = encoder.levels(values)
    got, wanted = encoder.rates(levels), values * max_rate
    step = 1 / (256 << encoder.scale)
    clipped = wanted > 255 * step
    assert np.all(np.abs(got - wanted)[~clipped] <= step / 2 * (1 + 1e-9))
    assert np.all(levels[clipped] == 255)
    assert np.all(wanted[clipped] <= 256 * step * (1 + 1e-9))
    if encoder.scale < 7:  # the next scale would not reach it
        assert max_rate * (512 << encoder.scale) > 255.5 * (1 - 1e-9)


@given(RATES, VALUES, st.integers(1, 600))
def test_regular_spikes_come_in_even_intervals(max_rate, values, steps):
    encoder = RateEncoder(max_rate)
    levels = encoder.levels(values)
    spikes = encoder.spikes(levels, steps)
    expected = np.arange(1, steps + 1)[:, None] * levels.astype(int) // (256 << encoder.scale)
    np.testing.assert_array_equal(spikes.cumsum(axis=0), expected)


@given(st.integers(1, 256), VALUES)
def test_latencies_fall_with_the_value_and_stay_in_the_window(window, values):
    encoder = LatencyEncoder(window)
    ages = encoder.ages(encoder.levels(values))
    assert np.all((ages < 0) == (values == 0))
    assert ages.max() < window
    said = values > 0
    # A level of 0 would never spike: the last of 256 steps is out of reach.
    exact = np.minimum((1 - values[said]) * (window - 1), 254)
    assert np.all(np.abs(ages[said] - exact) <= 0.5 + 1e-9)
    spikes = encoder.spikes(encoder.levels(values), window)
    np.testing.assert_array_equal(spikes.sum(axis=0), said)
    np.testing.assert_array_equal(spikes[:, said].argmax(axis=0), ages[said])


def test_a_full_window_and_a_full_rate():
    assert LatencyEncoder(1).ages(LatencyEncoder(1).levels(np.array([0.2, 1]))).tolist() == [0, 0]
    assert LatencyEncoder(256).scale == 0
    assert RateEncoder().rates(255) == 255 / 256
    assert (RateEncoder(0.5).scale, RateEncoder(0.499).scale, RateEncoder(1 / 32768).scale) == (
        0, 1, 7,
    )  # fmt: skip
    assert [kind.mode for kind in (RateEncoder, RandomEncoder, LatencyEncoder)] == [
        EncoderMode.REGULAR, EncoderMode.RANDOM, EncoderMode.LATENCY,
    ]  # fmt: skip


@pytest.mark.parametrize("encoder", [RateEncoder(0.3), RandomEncoder(), LatencyEncoder(9)])
def test_encoders_survive_a_file(encoder):
    assert encoder_from_dict(encoder.to_dict()) == encoder


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_noise_keeps_its_rates_in_proportion_to_the_largest(rates):
    noise = Noise("noise", len(rates), rate=rates)
    step = 1 / (256 << noise.encoder.scale)
    assert np.all(np.abs(noise.rounded_rates - rates) <= step * (1 + 1e-9))
    assert noise.rates.tolist() == rates


@pytest.mark.parametrize("rate", [-0.1, 1.01, 0, 1e-9, float("nan"), "fast", None, True, 2])
@pytest.mark.parametrize("kind", [RateEncoder, RandomEncoder])
def test_rates_out_of_range_are_refused(kind, rate):
    with pytest.raises(NetworkError, match=r"max_rate of a .*Encoder must be in 1/32768\.\.1"):
        kind(rate)


@pytest.mark.parametrize("window", [0, 257, 3.5, None, True])
def test_windows_out_of_range_are_refused(window):
    with pytest.raises(NetworkError, match=r"window of a LatencyEncoder must be .* 1\.\.256"):
        LatencyEncoder(window)


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (-0.01, r"rate of 'n' must be in 0\.\.1 spikes a step, not -0\.01"),
        ([0.1, 1.5], r"must be in 0\.\.1"),
        ([0.1, 0.2, 0.3], r"one for each of 2 channels, not an array of shape \(3,\)"),
        (float("nan"), "must be finite"),
    ],
)
def test_noise_refuses(rate, text):
    net = Network()
    with pytest.raises(NetworkError, match=text):
        net.noise("n", 2, rate)
    assert not net.inputs


def test_an_encoder_must_be_one():
    with pytest.raises(NetworkError, match=r"encoder of 'x' must be a RateEncoder"):
        Input("x", 2, encoder=0.5)
    with pytest.raises(NetworkError, match="noise is random"):
        Noise("x", 2, RateEncoder(), rate=0.1)
    with pytest.raises(NetworkError, match=r"report of 'p' must be True or False"):
        Network().population("p", 1, LIF(threshold=1.0), report="no")


def read() -> Network:
    net = Network("read")
    net.input("in", 2)
    net.population("a", 3, LIF(threshold=1.0))
    net.population("b", 2, LIF(threshold=1.0))
    return net


def test_readouts_name_and_number_groups():
    net = read()
    assert net.readout("a").group.tolist() == [0, 1, 2]
    assert net.readout("a").names == ("0", "1", "2")
    both = net.readout(["a", "b"], ["x", None, "y", "y", "x"])
    assert (both.group.tolist(), both.names) == ([0, -1, 1, 1, 0], ("x", "y"))
    assert net.readout("a", [1, -1, 0], names=["no", "yes", "never"]).names[2] == "never"
    assert net.read_out.group.tolist() == [1, -1, 0]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda n: n.readout("nobody"), "part must be one of .*, not 'nobody'"),
        (lambda n: n.readout("in"), "must be of a population, not of the input 'in'"),
        (lambda n: n.readout([]), "at least 1 population"),
        (lambda n: n.readout(["a", "a"]), "must differ"),
        (lambda n: n.readout("a", [0, 1]), "one entry for each of 3 neurons, not 2"),
        (lambda n: n.readout("a", [0, -2, 1]), r"must be integers in -1"),
        (lambda n: n.readout("a", [-1, -1, None]), "at least 1 group"),
        (lambda n: n.readout("a", 5), "must be a list"),
        (lambda n: n.readout("a", names=["x"]), "3 or more different ones"),
        (lambda n: n.readout("a", names=["x", "x", "y"]), "different"),
        (lambda n: n.readout("a", ["x", "y", "z"], names=["x"]), "left out where groups are"),
        (lambda n: n.pattern(np.ones((3, 2))), "must be a dict"),
        (lambda n: n.pattern({"out": ([], [])}, 5), "must be one of in, not 'out'"),
        (lambda n: n.pattern({"in": ([0], [0])}), "period= where spikes are lists"),
        (lambda n: n.pattern({"in": ([0], [0])}, 0), r"period of a pattern .*, not 0"),
        (lambda n: n.pattern({"in": ([0], [0])}, 2.5), r"period of a pattern"),
        (lambda n: n.pattern({"in": ([5], [0])}, 5), r"steps 0\.\.4 of the pattern, not 5"),
        (lambda n: n.pattern({"in": ([0], [2])}, 5), "channels of 'in' must be integers in 0..1"),
        (lambda n: n.pattern({"in": ([0, 1], [0])}, 5), "as many times as channels"),
        (lambda n: n.pattern({"in": np.ones((3, 4))}), r"shape \(steps, 2\)"),
        (lambda n: n.pattern({"in": np.full((3, 2), 0.5)}), "0 or 1, not 0.5"),
    ],
)
def test_readouts_and_patterns_that_do_not_fit_are_refused(call, text):
    net = read()
    with pytest.raises(NetworkError, match=text):
        call(net)
    assert net.read_out is None
    assert net.repeated is None
