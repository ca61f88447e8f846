"""`Board.classify` and what belongs to it: words that are sent, results, and refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples_support import PLAIN, SAMPLING, brightest, register

import spikeloom
from spikeloom import LIF, Board, Count, LatencyEncoder, Margin, Network, RandomEncoder, RateEncoder
from spikeloom.board import NoProgramError, RecordError, SampleError, StimulusError
from spikeloom.board.levels import axon_levels, levels_rows
from spikeloom.compiler import SamplingError, compile
from spikeloom.contract.sampling import SampleField
from spikeloom.contract.words import DECIDED_BIT, MAX_LEVELS, SampleFlag
from spikeloom.decisions import Decisions, LabelsError
from spikeloom.network import NetworkError
from spikeloom.target import Target
from spikeloom_sim.reference.input_words import ControlWrite, Decoder, LevelsWrite, SampleEnd

SHADES = [[0.2, 0.9, 0.5], [1.0, 0.0, 0.3], [0.0, 0.0, 0.0], [0.1, 0.2, 0.8]]


@pytest.fixture
def board():
    with spikeloom.open("model:", config=SAMPLING) as board:
        board.program(brightest())
        yield board


class Spy:
    """A target that keeps the words of its runs, and what is written."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.runs: list[np.ndarray] = []
        self.writes: list[tuple[str, int]] = []

    def __getattr__(self, name):
        return getattr(self._target, name)

    def run(self, words):
        chunks = list(words)
        self.runs.append(np.concatenate(chunks))
        return self._target.run(chunks)

    def write(self, window, data, core=0, offset=0):
        self.writes.append((window, len(data)))
        return self._target.write(window, data, core, offset)


def spied(network: Network) -> tuple[Board, Spy]:
    board = spikeloom.open("model:", config=SAMPLING)
    spy = Spy(board.target)
    board.target = spy
    board.program(network)
    return board, spy


# What is sent


def test_a_sample_is_its_levels_a_step_word_and_an_end():
    board, spy = spied(brightest())
    board.classify(SHADES, 20)
    (words,) = spy.runs
    parts = list(Decoder(SAMPLING).feed(words))
    begin, *samples = parts
    clear = SampleFlag.CLEAR_STATE | SampleFlag.CLEAR_THETA | SampleFlag.CLEAR_TRACES
    clear |= SampleFlag.CLEAR_ELIGIBILITY
    assert begin == SampleEnd(SampleFlag.RESTART | clear)
    assert len(samples) == 3 * len(SHADES)
    for levels, steps, end, shades in zip(
        samples[::3], samples[1::3], samples[2::3], SHADES, strict=True
    ):
        assert isinstance(levels, LevelsWrite)
        assert levels.levels.tolist() == np.minimum(np.rint(np.array(shades) * 256), 255).tolist()
        assert steps.steps == 20
        assert end == SampleEnd(SampleFlag.REPORT | SampleFlag.RESTART | clear)
    # 3 levels are LEVELS and 2 words; STEP; SAMPLE.
    assert len(words) == 1 + len(SHADES) * 5


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 5000), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_levels_come_back_from_their_words(axons, samples, seed):
    levels = np.random.default_rng(seed).integers(0, 256, (samples, axons)).astype(np.uint8)
    rows = levels_rows(levels)
    for row, sent in zip(rows, levels, strict=True):
        got, first = np.zeros(axons, int), 0
        for part in Decoder(SAMPLING).feed(row):
            if isinstance(part, ControlWrite):
                first = part.value
            else:
                got[first : first + part.levels.size] = part.levels
        np.testing.assert_array_equal(got, sent)
        assert first == 0
    heads = -(-axons // MAX_LEVELS)
    controls = 3 * heads if heads > 1 else 0
    halves = sum(-(-min(MAX_LEVELS, axons - k) // 2) for k in range(0, axons, MAX_LEVELS))
    assert rows.shape[1] == heads + halves + controls


def test_copies_of_a_channel_have_its_level_and_silent_channels_none():
    net = Network()
    eyes = net.input("eyes", 3, encoder=RateEncoder())
    cells = net.population("cells", 2, LIF(threshold=0.5))
    net.connect(eyes, cells, [[1, 1], [0, 0], [0, 1]], delay=[[0, 2], [0, 0], [0, 1]])
    program = compile(net, SAMPLING)
    levels = axon_levels(program, np.array([[10, 20, 30]]), axes=2)
    assert sorted(levels[0].tolist()) == [10, 10, 30]
    for copy in program.inputs["eyes"].axons:
        for channel, axon in enumerate(copy.tolist()):
            if axon >= 0:
                assert levels[0, axon - SAMPLING.neurons] == 10 * (channel + 1)


def test_integers_are_levels_and_floats_are_shares():
    program = compile(brightest(RateEncoder(0.25)), SAMPLING)
    assert axon_levels(program, [[1, 255, 0]], 2).tolist() == [[1, 255, 0]]
    assert axon_levels(program, [[1.0, 0.5, 0.0]], 2).tolist() == [[128, 64, 0]]
    assert axon_levels(program, {"eyes": np.float32([1, 0, 0])}, 1).tolist() == [128, 0, 0]


# What comes back


def test_the_brightest_wins_and_darkness_does_not(board):
    made = board.classify(SHADES, 20)
    assert made.names_won == ["middle", "left", None, "right"]
    assert made.winner.tolist() == [1, 0, -1, 2]
    assert made.steps.tolist() == [20] * 4
    assert not made.decided.any()
    assert (made.best[0], made.second[0]) == (17, 10)
    assert made.accuracy([1, 0, 0, 2]) == made.accuracy(["middle", "left", "left", "right"]) == 0.75
    assert made.confusion([1, 0, 0, 2]).tolist() == [[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0]]
    assert made.mean_steps == 20
    assert (made.link, made.bytes_per_sample, made.samples_per_s()) == (None, None, None)
    assert "without a spike 1" in repr(made)
    assert "without a spike" in made._repr_html_()
    assert made.to_dict()["winner"] == [1, 0, -1, 2]


def test_samples_end_early_at_a_margin_or_a_count(board):
    margin = board.classify(SHADES, 40, until=Margin(3))
    assert margin.decided.tolist() == [True, True, False, True]
    assert margin.steps[2] == 40
    assert np.all((margin.best - margin.second)[margin.decided] == 3)
    count = board.classify(SHADES, 40, until=Count(2))
    assert count.best.tolist() == [2, 2, 0, 2]
    both = board.classify(SHADES, 40, until=[Margin(3), Count(2)])
    assert both.steps.tolist() == np.minimum(margin.steps, count.steps).tolist()
    late = board.classify(SHADES, 40, until=Count(2), after=30)
    assert late.steps.tolist() == [30, 30, 40, 30]


def test_counts_and_first_spikes_on_request(board):
    made = board.classify(SHADES, 10, counts=True)
    spikes = RateEncoder().spikes(RateEncoder().levels(np.array(SHADES)), 10)
    np.testing.assert_array_equal(made.counts, spikes.sum(axis=0))
    np.testing.assert_array_equal(
        made.first, np.where(spikes.any(axis=0), spikes.argmax(axis=0), -1)
    )
    assert made.winner.tolist() == board.classify(SHADES, 10).winner.tolist()


def test_the_first_of_equals_wins(board):
    assert board.classify([[0.5, 0.5, 0.5], [0.0, 0.5, 0.5]]).winner.tolist() == [0, 1]


def test_samples_may_be_spikes_or_both(board):
    spikes = np.zeros((2, 12, 3), bool)
    spikes[0, ::3, 2] = spikes[1, ::2, 0] = True
    made = board.classify(stimulus=spikes)
    assert (made.winner.tolist(), made.best.tolist()) == ([2, 0], [4, 6])
    assert made.steps.tolist() == [12, 12]
    both = board.classify([[0, 0, 0], [0, 1.0, 0]], stimulus={"eyes": spikes}, steps=15)
    assert both.winner.tolist() == [2, 1]
    assert both.steps.tolist() == [15, 15]


def test_latency_gives_the_first_spike(board):
    board.program(brightest(LatencyEncoder(16)))
    made = board.classify(SHADES, 16, until=Count(1), counts=True)
    assert made.winner.tolist() == [1, 0, -1, 2]
    ages = LatencyEncoder(16).ages(LatencyEncoder(16).levels(np.array(SHADES))).max(axis=1)
    earliest = [round((1 - shade) * 15) for shade in (0.9, 1.0, 0.8)]
    assert made.steps[[0, 1, 3]].tolist() == [age + 1 for age in earliest]
    assert ages.shape == (4,)


def test_every_sample_begins_alike(board):
    """Also the first, whatever the array did before."""
    board.run(levels=[1.0, 1.0, 1.0], steps=7)
    made = board.classify([SHADES[0]] * 3, 9, counts=True)
    assert (made.counts == made.counts[0]).all()
    kept = board.classify([SHADES[0]] * 3, 9, clear=(), counts=True)
    np.testing.assert_array_equal(kept.counts, made.counts)  # these neurons forget in a step


def test_state_is_kept_where_it_is_not_cleared():
    net = brightest()
    slow = Network("slow")
    eyes = slow.input("eyes", 1, encoder=RateEncoder())
    cell = slow.population("cell", 1, LIF(threshold=10.0))
    slow.connect(eyes, cell, 4.0)
    slow.readout(cell)
    with spikeloom.open("model:", config=SAMPLING) as board:
        board.program(slow)
        assert board.classify(np.full((4, 1), 255), 3).best.tolist() == [0, 0, 0, 0]
        assert board.classify(np.full((4, 1), 255), 3, clear="theta").best.tolist() == [0, 1, 1, 0]
        board.program(net)


def test_seeds_choose_the_random_numbers():
    net = brightest(RandomEncoder())
    levels = np.full((6, 3), 0.5)
    with spikeloom.open("model:", config=SAMPLING) as board:
        board.program(net)
        one = board.classify(levels, 50, counts=True)
        assert (one.counts == one.counts[0]).all()
        again = board.classify(levels, 50, seed=0, counts=True)
        np.testing.assert_array_equal(again.counts, one.counts)
        each = board.classify(levels, 50, seed=range(6), counts=True)
        np.testing.assert_array_equal(each.counts[0], one.counts[0])
        assert len(np.unique(each.counts, axis=0)) > 3
        last = board.classify(levels, 50, seed=5, counts=True)
        np.testing.assert_array_equal(last.counts[0], each.counts[5])


def test_progress_tells_samples(board):
    seen = []
    board.classify(np.zeros((150, 3)), 2, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (150, 150)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


# What runs are like beside it


def test_spikes_are_reported_only_while_they_are_asked_for():
    board, spy = spied(brightest())
    board.run(levels=[1.0, 0.5, 0], steps=8)
    assert ("readout", 16) not in spy.writes
    output = [np.concatenate(list(board.target.run([np.array([0x8008], np.uint16)])))]
    assert (output[0] < 0x8000).any()
    board.classify(SHADES, 8)
    assert ("readout", 16) in spy.writes
    recording = board.run(levels=[1.0, 0.5, 0], steps=8)
    assert recording.counts("cells").sum() > 8


def test_a_population_that_does_not_report_is_recorded_by_name():
    net = brightest(report=False)
    with spikeloom.open("model:", config=SAMPLING) as board:
        board.program(net)
        assert board.run(levels=[1.0, 0.5, 0], steps=8).spike_times == {}
        told = board.run(levels=[1.0, 0.5, 0], steps=8, record={"spikes": ["cells"]})
        assert told.counts("cells").sum() > 8
        assert board.run(levels=[1.0, 0.5, 0], steps=8).spike_times == {}
        assert board.classify(SHADES[:1], 8).winner.tolist() == [1]
        with pytest.raises(RecordError, match="population must be one of cells, not 'eyes'"):
            board.run(steps=1, record={"spikes": ["eyes"]})


def test_levels_end_with_their_run(board):
    assert board.run(levels=[1.0, 1.0, 1.0], steps=8).counts("cells").sum() > 20
    assert board.run(steps=8).counts("cells").sum() == 0
    board.classify([[1.0, 1.0, 1.0]], 5)
    assert board.run(steps=8).counts("cells").sum() == 0
    batch = board.run(levels=[[1.0, 0, 0], [0, 0.5, 0]], steps=8)
    np.testing.assert_array_equal(batch.counts("cells"), [[7, 0, 0], [0, 4, 0]])
    assert board.run(np.zeros((2, 8, 3))).counts("cells").sum() == 0


def test_age_goes_on_from_run_to_run(board):
    board.reset_state()
    halves = [board.run(levels=[0.3, 0.1, 0.7], steps=n).counts("cells") for n in (7, 13)]
    board.reset_state()
    whole = board.run(levels=[0.3, 0.1, 0.7], steps=20).counts("cells")
    np.testing.assert_array_equal(sum(halves), whole)


def test_noise_runs_by_itself_and_is_repeatable():
    net = Network()
    hum = net.noise("hum", 8, 0.25)
    cells = net.population("cells", 8, LIF(threshold=0.5, v_decay=1.0))
    net.connect(hum, cells, 1.0, one_to_one=True)
    with spikeloom.open("model:", config=SAMPLING) as board:
        board.program(net)
        first = board.run(steps=2000)
        rates = first.counts("cells") / 2000
        assert np.all(np.abs(rates - 0.25) < 0.05)
        assert len(np.unique(first.dense("cells").T, axis=0)) == 8
        other = board.run(steps=2000)
        assert (other.dense("cells") != first.dense("cells")).any()
        board.reset_state()
        np.testing.assert_array_equal(board.run(steps=2000).dense("cells"), first.dense("cells"))
        board.reset_state()
        seeded = board.run(steps=2000, control=[(0, "stimulus_seed", 9)])
        assert (seeded.dense("cells") != first.dense("cells")).any()


def test_a_pattern_repeats_in_runs_and_begins_anew_with_samples(board):
    board.set_pattern({"eyes": ([0, 2], [0, 1])}, period=5)
    dense = board.run(steps=12).dense("cells")
    assert np.argwhere(dense).tolist() == [[0, 0], [2, 1], [5, 0], [7, 1], [10, 0]]
    made = board.classify(np.zeros((3, 3)), 6, counts=True)
    assert made.counts.tolist() == [[2, 1, 0]] * 3
    board.clear_pattern()
    assert board.run(steps=12).counts("cells").sum() == 0
    board.set_pattern({"eyes": np.eye(3)})
    assert board.run(steps=3).counts("cells").tolist() == [1, 1, 1]


# What is refused

NAN = float("nan")
REFUSED = [
    ({}, SampleError, "must have levels, a stimulus, or both"),
    ({"levels": [[0.1, 0.2]]}, SampleError, r"shape \(samples, 3\), not \(1, 2\)"),
    ({"levels": [0.1, 0.2, 0.3]}, SampleError, r"not \(3,\); one sample needs a sample axis"),
    ({"levels": np.zeros((2, 3, 1))}, SampleError, r"not \(2, 3, 1\)"),
    ({"levels": np.zeros((0, 3))}, SampleError, "at least 1 sample, not 0"),
    ({"levels": [[1], [2, 3]]}, SampleError, "not ragged lists"),
    ({"levels": [[256, 0, 0]]}, SampleError, r"0\.\.255 where they are levels, not 256"),
    ({"levels": [[-1, 0, 0]]}, SampleError, r"0\.\.255 where they are levels, not -1"),
    ({"levels": [[1.5, 0, 0]]}, SampleError, r"0\.\.1 where they are floats, not 1\.5"),
    ({"levels": [[0, float("inf"), 0]]}, SampleError, r"0\.\.1 where they are floats, not inf"),
    ({"levels": [[0, NAN, 0]]}, SampleError, r"not NaN at \(0, 1\)"),
    ({"levels": [[True, False, True]]}, SampleError, "not bool"),
    ({"levels": [["a", "b", "c"]]}, SampleError, r"not <U1"),
    ({"levels": {"ears": [[1, 2, 3]]}}, SampleError, "must be for one of eyes, not for 'ears'"),
    ({"levels": {}}, SampleError, "not an empty dict"),
    ({"levels": SHADES, "steps": 0}, SampleError, r"1\.\.65535.*, not 0"),
    ({"levels": SHADES, "steps": 65536}, SampleError, r"age has 16 bits, not 65536"),
    ({"levels": SHADES, "steps": 2.5}, SampleError, r"not 2\.5"),
    ({"levels": SHADES, "until": 3}, SampleError, r"until must be Margin\(spikes\)"),
    ({"levels": SHADES, "until": "soon"}, SampleError, "until must be Margin"),
    ({"levels": SHADES, "until": [Count(1), Count(2)]}, SampleError, "at most one Count"),
    ({"levels": SHADES, "after": 5}, SampleError, "must come with a criterion"),
    ({"levels": SHADES, "after": 99, "until": Margin(1)}, SampleError, r"in 0\.\.32 steps"),
    ({"levels": SHADES, "after": -1, "until": Margin(1)}, SampleError, r"not -1"),
    ({"levels": SHADES, "seed": [1, 2]}, SampleError, "one for each of 4 samples"),
    ({"levels": SHADES, "seed": -1}, SampleError, r"seed must be in 0\.\.4294967295, not -1"),
    ({"levels": SHADES, "seed": 0.5}, SampleError, "must be one integer"),
    ({"levels": SHADES, "clear": "all"}, SampleError, "some of state, theta, .*, not 'all'"),
    ({"stimulus": np.zeros((4, 3))}, SampleError, r"shape \(samples, steps, channels\)"),
    ({"levels": SHADES, "stimulus": np.zeros((2, 5, 3))}, SampleError, "not 4 and 2"),
    ({"stimulus": np.zeros((2, 5, 4))}, StimulusError, r"shape \[steps, 3\]"),
    ({"stimulus": np.zeros((2, 9, 3)), "steps": 5}, StimulusError, "at most steps = 5"),
]


@pytest.mark.parametrize(("arguments", "error", "text"), REFUSED)
def test_what_does_not_fit_is_refused_and_nothing_is_done(arguments, error, text):
    board, spy = spied(brightest())
    before = board.snapshot().windows
    spy.writes.clear()
    with pytest.raises(error, match=text):
        board.classify(**arguments)
    assert not spy.runs
    assert not spy.writes
    assert board.snapshot().windows == before
    assert board.classify(SHADES).winner.tolist() == [1, 0, -1, 2]


@pytest.mark.parametrize("spikes", [0, -1, 65536, 2.5, True, None])
@pytest.mark.parametrize("kind", [Margin, Count])
def test_criteria_out_of_range_are_refused(kind, spikes):
    with pytest.raises(SampleError, match=rf"spikes of a {kind.__name__} must be .* 1\.\.65535"):
        kind(spikes)


def test_what_a_network_lacks_is_named():
    net = Network("bare")
    source = net.input("in", 2)
    cells = net.population("cells", 2, LIF(threshold=0.5))
    net.connect(source, cells, 1.0)
    with spikeloom.open("model:", config=SAMPLING) as board:
        with pytest.raises(NoProgramError):
            board.classify([[1, 2]])
        board.program(net)
        with pytest.raises(SampleError, match=r"network 'bare' has none; add network\.readout"):
            board.classify([[1, 2]])
        with pytest.raises(SampleError, match=r"has none; add network\.readout"):
            board.classify(stimulus=np.zeros((1, 2, 2)), until=Margin(1))
        net.readout(cells)
        board.program(net)
        with pytest.raises(SampleError, match="add encoder=RateEncoder"):
            board.classify([[1, 2]])
        with pytest.raises(SampleError, match="add encoder=RateEncoder"):
            board.run(levels=[1, 2], steps=2)
        with pytest.raises(SamplingError, match="at most 64 words on 'tiny', not 81"):
            board.set_pattern({"in": np.ones((27, 2))})
        with pytest.raises(NetworkError, match="period= where spikes are lists"):
            board.set_pattern({"in": ([0], [0])})
        assert register(board.loaded, "pattern_length") == 0


def test_two_encoded_inputs_need_names():
    net = brightest()
    more = net.input("more", 2, encoder=RateEncoder())
    net.connect(more, "cells", 0.1)
    with spikeloom.open("model:", config=SAMPLING) as board:
        board.program(net)
        with pytest.raises(SampleError, match=r"has 2 \(eyes, more\); give a dict"):
            board.classify(SHADES)
        with pytest.raises(SampleError, match="same number of samples, not eyes: 4, more: 1"):
            board.classify({"eyes": SHADES, "more": [[0, 0]]})
        assert board.classify({"eyes": SHADES}).winner.tolist() == [1, 0, -1, 2]


def test_arrays_without_samples_refuse():
    net = Network()
    net.population("cells", 2, LIF(threshold=0.5))
    with spikeloom.open("model:", config=PLAIN) as board:
        board.program(net)
        for call in (
            lambda: board.classify([[1]]),
            lambda: board.run(levels=[1], steps=1),
            lambda: board.set_pattern({}, 1),
            board.clear_pattern,
        ):
            with pytest.raises(SamplingError, match=r"samples are built in \(sampling=True\)"):
                call()


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ([1, 2], r"one for each of 4 samples, not an array of shape \(2,\)"),
        ([0, 1, 2, 3], r"in 0\.\.2, the groups of the read-out, not 3"),
        ([0, 1, 2, -1], r"not -1"),
        (["left", "up", "left", "left"], r"\(left, middle, right\), not 'up'"),
        ([0.5] * 4, "not float64"),
    ],
)
def test_labels_must_fit(board, labels, text):
    made = board.classify(SHADES, 4)
    with pytest.raises(LabelsError, match=text):
        made.accuracy(labels)


def test_decisions_are_drawn(board, tmp_path):
    made = board.classify(SHADES, 20, until=Margin(2))
    for labels in (None, [1, 0, 0, 2]):
        path = tmp_path / "steps.png"
        made.plot(labels, path)
        assert path.read_bytes().startswith(b"\x89PNG")
    assert isinstance(made, Decisions)


class Cut(Exception):
    """The connection went away."""


def test_after_a_cut_the_next_run_is_whole():
    """A sample that was decided when the line was cut must not freeze later runs."""
    board, spy = spied(brightest())

    def cut(words):
        yield from spy._target.run([np.concatenate(list(words))[:-1]])  # its end never comes
        assert board.read("sample")["value"][SampleField.LEADER] & DECIDED_BIT
        raise Cut

    spy.run = cut
    with pytest.raises(Cut):
        board.classify([SHADES[0]], 30, until=Margin(1))
    del spy.run
    recording = board.run(levels=[1.0, 0, 0], steps=10)
    assert recording.counts("cells")[0] >= 9
    assert board.classify(SHADES, 20).steps.tolist() == [20] * 4
