"""Stimulus and read-out on the chip as images: what stands where, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from samples_support import PLAIN, SAMPLING, brightest, chip_networks, contents, register

from spikeloom import LIF, Network, RateEncoder
from spikeloom.compiler import (
    CompileError,
    NetworkTooLargeError,
    Program,
    ProgramMismatchError,
    SamplingError,
    compile,
)
from spikeloom.contract import CONFIGS
from spikeloom.contract.sampling import EncoderMode
from spikeloom.contract.words import MAX_STEP_COUNT, STEP_TAG


@settings(deadline=None)
@given(chip_networks())
def test_encoded_inputs_come_first_then_noise_then_those_of_the_host(network):
    program = compile(network, SAMPLING)
    first = SAMPLING.neurons
    encoders, level = contents(program, "encoders"), contents(program, "levels")["level"]
    places = {}
    for name, placed in program.inputs.items():
        axons = np.concatenate([copy[copy >= 0] for copy in placed.axons]) - first
        places[name] = axons
        part = network.inputs[name]
        expected = EncoderMode.NONE if part.encoder is None else part.encoder.mode
        assert set(encoders["mode"][axons].tolist()) <= {expected}
        if part.encoder is not None:
            assert set(encoders["scale"][axons].tolist()) <= {part.encoder.scale}
    used = np.concatenate(list(places.values()))
    assert sorted(used.tolist()) == list(range(used.size))
    order = [places.get(name, np.empty(0, int)) for name in ("eyes", "hum", "ears")]
    bounds = np.cumsum([0, *(each.size for each in order)])
    for each, begin, end in zip(order, bounds, bounds[1:], strict=False):
        assert sorted(each.tolist()) == list(range(begin, end))
    assert register(program, "encoded_inputs") == bounds[2]
    # Only noise has levels; every copy of a channel has the same.
    np.testing.assert_array_equal(np.flatnonzero(level), np.sort(order[1]))
    for copy in program.inputs["hum"].axons if "hum" in program.inputs else ():
        there = copy >= 0
        np.testing.assert_array_equal(
            level[copy[there] - first], network.inputs["hum"].levels[there]
        )


@settings(deadline=None)
@given(chip_networks())
def test_only_neurons_of_the_readout_are_counted(network):
    program = compile(network, SAMPLING)
    table, said = contents(program, "readout"), network.read_out
    group = np.full(SAMPLING.neurons, -1)
    group[program.populations["outer"].neurons] = said.group
    np.testing.assert_array_equal(table["counted"], group >= 0)
    np.testing.assert_array_equal(table["group"], np.maximum(group, 0))
    silent = np.zeros(SAMPLING.neurons, bool)
    silent[program.relays] = True
    silent[program.populations["inner"].neurons] = not network.populations["inner"].report
    np.testing.assert_array_equal(table["silent"], silent)


@settings(deadline=None)
@given(network=chip_networks())
def test_programs_survive_a_file(network, tmp_path_factory):
    program = compile(network, SAMPLING)
    path = tmp_path_factory.mktemp("loom") / "net.loom"
    program.save(path)
    loaded = Program.load(path)
    assert loaded.writes == program.writes
    assert loaded.report == program.report
    for name, placed in program.inputs.items():
        assert loaded.inputs[name].encoder == placed.encoder
        assert loaded.inputs[name].noise == placed.noise
    assert loaded.readout.names == program.readout.names
    assert loaded.readout.populations == program.readout.populations
    np.testing.assert_array_equal(loaded.readout.neurons, program.readout.neurons)
    np.testing.assert_array_equal(loaded.readout.group, program.readout.group)
    assert loaded.populations["inner"].report == program.populations["inner"].report


def played(words: np.ndarray, steps: int) -> list[tuple[int, int]]:
    """Play a pattern as the semantics page says, word by word."""
    events, place, wait = [], 0, 0
    for step in range(steps):
        for _ in range(len(words) if not wait else 0):
            word = int(words[place])
            place = (place + 1) % len(words)
            if word < STEP_TAG:
                events.append((step, word))
            elif word & MAX_STEP_COUNT:
                wait = word & MAX_STEP_COUNT
                break
        if wait:
            wait -= 1
    return events


def test_a_pattern_repeats_itself():
    net = Network("metronome")
    click = net.input("click", 2)
    cell = net.population("cell", 1, LIF(threshold=0.5, v_decay=1.0))
    net.connect(click, cell, [[1.0], [0.2]], delay=[[0], [3]])
    net.pattern({"click": ([2, 2, 4], [0, 1, 1])}, period=7)
    program = compile(net, SAMPLING)
    words = contents(program, "pattern")["word"][: register(program, "pattern_length")]
    left, right = (int(program.inputs["click"].axons[0][k]) for k in (0, 1))
    one = [(2, min(left, right)), (2, max(left, right)), (4, right)]
    expected = [(step + 7 * k, axon) for k in range(4) for step, axon in one]
    assert played(words, 28) == expected


def test_a_pattern_fills_its_memory_and_no_more():
    net = Network()
    source, cell = net.input("in", 1), net.population("cell", 1, LIF(threshold=0.5))
    net.connect(source, cell, 1.0)
    room = SAMPLING.pattern_words // 2
    net.pattern({"in": np.ones((room, 1))})
    assert register(compile(net, SAMPLING), "pattern_length") == 2 * room
    net.pattern({"in": np.ones((room + 1, 1))})
    with pytest.raises(SamplingError, match=r"at most 64 words on 'tiny', not 66 \(33 spikes"):
        compile(net, SAMPLING)


@pytest.mark.parametrize("what", ["encoder", "noise", "pattern", "readout"])
def test_what_needs_the_chip_is_refused_without_it(what, monkeypatch):
    net = Network()
    encoder = RateEncoder() if what == "encoder" else None
    source = net.input("in", 2, encoder=encoder)
    net.population("cell", 1, LIF(threshold=0.5))
    net.connect(source, "cell", 1.0)
    if what == "noise":
        net.noise("hum", 1, 0.1)
    if what == "pattern":
        net.pattern({"in": ([0], [0])}, 2)
    if what == "readout":
        net.readout("cell")
    text = {"encoder": "the encoder of input 'in'", "noise": "the encoder of input 'hum'",
            "pattern": "a pattern", "readout": "a read-out"}[what]  # fmt: skip
    with pytest.raises(SamplingError, match=rf"{text} must run where samples are built in.*'tiny'"):
        compile(net, PLAIN)
    for name in list(CONFIGS):
        monkeypatch.setitem(CONFIGS, name, CONFIGS[name].replace(sampling=name == "quad"))
    with pytest.raises(SamplingError, match="compile it for 'quad'"):
        compile(net, PLAIN)


def test_what_is_too_large_is_sent_to_an_array_with_samples(monkeypatch):
    net = Network()
    source = net.input("in", 60, encoder=RateEncoder())
    net.connect(source, net.population("cell", 1, LIF(threshold=0.5)), 1.0)
    for name in list(CONFIGS):
        monkeypatch.setitem(CONFIGS, name, CONFIGS[name].replace(sampling=name == "ecp5_85f"))
    with pytest.raises(NetworkTooLargeError, match="compile it for 'ecp5_85f'"):
        compile(net, SAMPLING)


def test_more_groups_than_counters_are_refused():
    net = brightest()
    net.readout("cells", [0, 1, SAMPLING.neurons])
    with pytest.raises(SamplingError, match=r"at most 16 on 'tiny', .*, not 17"):
        compile(net, SAMPLING)


def test_programs_are_refused_by_arrays_that_lack_what_they_use():
    program = compile(brightest(), SAMPLING)
    with pytest.raises(ProgramMismatchError, match="sampling of the array must be True"):
        program.check_fits(PLAIN)
    net = brightest()
    net.pattern({"eyes": np.ones((60, 3))})
    large = compile(net, SAMPLING.replace(pattern_words=256))
    with pytest.raises(
        ProgramMismatchError, match="pattern_words of the array must be 240 or more"
    ):
        large.check_fits(SAMPLING)
    plain = Network()
    plain.population("cell", 1, LIF(threshold=0.5))
    compile(plain, PLAIN).check_fits(SAMPLING)
    compile(plain, SAMPLING).check_fits(PLAIN)


def test_the_report_tells_what_was_rounded():
    net = brightest()
    hum = net.noise("hum", 2, [0.3, 0.001])
    net.connect(hum, "cells", 0.1)
    report = compile(net, SAMPLING).report
    eyes, noise = report.inputs
    assert (eyes.name, eyes.rate_wanted) == ("eyes", None)
    assert noise.rate_wanted == 0.001
    assert noise.rate_got == pytest.approx(1 / 512)
    assert "0.001953" in str(report)
    assert "RandomEncoder" in report._repr_html_()
    assert isinstance(SamplingError("x"), CompileError)
