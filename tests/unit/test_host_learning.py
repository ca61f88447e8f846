"""What the host adds to learning: control within a stimulus, histories of weights, pictures."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikeloom
from spikeloom import LIF, STDP, Network, plot
from spikeloom.board.steering import Change
from spikeloom.board.stimulus import encode_stream
from spikeloom.compiler import PlacedInput
from spikeloom.contract.registers import CONTROL_REGISTERS, CORE_REGISTERS, core_register
from spikeloom.contract.words import CONTROL_TAG, STEP_TAG, TAG_MASK, control_words
from spikeloom.demos import stdp_window
from spikeloom.plot import PlotError
from spikeloom.weight_history import WeightHistory, WeightHistoryError

SOURCE = PlacedInput("in", 3, (np.array([16, 17, 18]),))
INPUTS = {"in": SOURCE}


def read(words):
    """Read event words one by one: (step, axon), (step, register, value), and the steps."""
    t, events, controls = 0, [], []
    rest = iter(int(word) for word in words)
    for word in rest:
        if word & TAG_MASK == STEP_TAG:
            t += word ^ STEP_TAG
        elif word & TAG_MASK == CONTROL_TAG:
            low, high = next(rest), next(rest)
            controls.append((t, word ^ CONTROL_TAG, low | high << 16))
        else:
            events.append((t, word))
    return events, controls, t


PLAN = st.tuples(
    st.lists(st.lists(st.integers(0, 2), unique=True, max_size=3), min_size=1, max_size=25),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5), st.integers(0, 2**32 - 1))),
    st.integers(0, 9),
    st.one_of(st.none(), st.integers(1, 12)),
)


@settings(deadline=None)
@given(PLAN)
def test_pieces_and_changes_leave_the_stimulus_as_it_is(plan):
    rows, wanted, more, every = plan
    steps = len(rows) + more
    wanted = sorted((entry for entry in wanted if entry[0] < steps), key=lambda entry: entry[0])
    changes = [Change(t, control_words(register, value)) for t, register, value in wanted]
    dense = np.zeros((len(rows), 3), bool)
    for t, channels in enumerate(rows):
        dense[t, channels] = True
    events = [(t, 16 + k) for t, channels in enumerate(rows) for k in sorted(channels)]
    for stimulus in (dense, iter(rows)):
        stream = encode_stream(INPUTS, stimulus, steps, lambda _: changes)
        lengths, got = [], ([], [])
        for piece in stream.pieces(every):
            words = np.concatenate([np.empty(0, np.uint16), *piece])
            some_events, some_changes, length = read(words)
            start = sum(lengths)
            got[0].extend((start + t, axon) for t, axon in some_events)
            got[1].extend((start + t, *entry) for t, *entry in some_changes)
            lengths.append(length)
        assert got == (events, wanted)
        assert sum(lengths) == stream.steps == steps
        if every is None:
            assert len(lengths) == 1
        else:
            assert set(lengths[:-1]) <= {every}
            assert lengths[-1] <= every


def test_an_iterator_without_limit_ends_where_it_ends():
    taken = []

    def items():
        for k in range(5):
            taken.append(k)
            yield [k % 3]

    stream = encode_stream(INPUTS, items(), None)
    lengths = []
    for piece in stream.pieces(2):
        before = len(taken)
        assert before <= sum(lengths) + 1  # no more than one step ahead of what runs
        lengths.append(read(np.concatenate(list(piece)))[2])
    assert lengths == [2, 2, 1]
    assert stream.steps == 5
    assert list(encode_stream(INPUTS, iter([]), None).pieces(4)) == []


def test_control_words_are_those_of_the_registers():
    net = Network("words")
    a = net.input("a", 1)
    b = net.population("b", 1, LIF(threshold=1.0))
    net.connect(a, b, 0.5, stdp=STDP(a_plus=0.1, a_minus=0.1, w_max=1.0))
    sent = []
    with spikeloom.open("model:tiny") as board:
        program = board.program(net)
        run = board.target.run

        def spy(words):
            sent.extend(words)
            return run(iter(sent))

        board.target.run = spy
        control = [(2, "reward", -0.5), (2, "learning", False), (1, "seed", 7)]
        board.run(([0], [0]), steps=4, control=control)
    core = int(program.populations["b"].neurons[0]) // program.config.neurons_per_core
    learning = CORE_REGISTERS["learning"].pack(change=0, stochastic=1, eligibility=0)
    assert read(np.concatenate(sent))[1] == [
        (1, CONTROL_REGISTERS["seed"].offset, 7),
        (2, core_register("reward", core), 0x100 - 32),
        (2, core_register("learning", core), learning),
    ]


HISTORY = WeightHistory(
    steps=np.array([0, 10, 20]),
    raw=np.array([[1, 2, 3], [4, 5, 6], [7, 8, -9]]),
    scale=2.0,
    pre_index=np.array([0, 1, 3]),
    post_index=np.array([1, 0, 1]),
    shape=(4, 2),
)


def test_histories():
    assert len(HISTORY) == 3
    assert repr(HISTORY) == "<WeightHistory of 3 synapses: 3 snapshots>"
    assert HISTORY.values[1].tolist() == [2.0, 2.5, 3.0]
    assert HISTORY.matrix(raw=True).tolist() == [[0, 7], [8, 0], [0, 0], [0, -9]]
    assert HISTORY.matrix(0).tolist() == [[0, 0.5], [1.0, 0], [0, 0], [0, 1.5]]
    with pytest.raises(WeightHistoryError, match=r"snapshot must be in -3..2, not 3; every="):
        HISTORY.matrix(3)


def test_pictures(tmp_path):
    lags = [-1, 0, 1]
    drawn = {
        "weights": lambda path: plot.weights(HISTORY, path),
        "matrix": lambda path: plot.weight_matrix(HISTORY.matrix(), path),
        "fields": lambda path: plot.receptive_fields(abs(HISTORY.matrix()), (2, 2), path),
        "window": lambda path: plot.stdp_window(lags, {"rule": lags, "measured": lags}, path),
    }
    for name, draw in drawn.items():
        path = tmp_path / f"{name}.png"
        axes = draw(path)
        assert path.read_bytes().startswith(b"\x89PNG")
        assert axes.figure is not None
    lines = plot.weights(HISTORY, most=2).get_lines()
    assert len(lines) == 3  # two synapses and the mean
    assert lines[-1].get_ydata().tolist() == HISTORY.values.mean(axis=1).tolist()
    picture = plot.receptive_fields(HISTORY.matrix(), (1, 4)).get_images()[0].get_array()
    assert picture[0, :4].tolist() == HISTORY.matrix()[:, 0].tolist()


@pytest.mark.parametrize(
    ("draw", "text"),
    [
        (lambda: plot.receptive_fields(np.ones((6, 2)), (2, 2)), "6 pixels, one per source, not 2"),
        (lambda: plot.weight_matrix(np.ones(3)), r"must be a matrix .* not an array of shape \(3,"),
        (
            lambda: plot.weights(
                WeightHistory(
                    HISTORY.steps[:1], HISTORY.raw[:1], 1.0, HISTORY.pre_index, HISTORY.post_index,
                    (4, 2),
                )
            ),
            "need at least 2 snapshots, not 1; give every=",
        ),
    ],
)  # fmt: skip
def test_pictures_of_nothing_are_refused(draw, text):
    with pytest.raises(PlotError, match=text):
        draw()


@pytest.mark.parametrize("window", ["exponential", "rectangular"])
def test_a_measured_window_is_the_rule(window):
    """At every lag, on the reference model, within what the report says of rounding."""
    rule = STDP(
        a_plus=0.1, a_minus=0.08, w_max=1.0, window=window, tau_plus=12, tau_minus=8,
        pairing="nearest",
    )  # fmt: skip
    lags = list(itertools.chain(range(-40, 41, 5), [-9, -8, -1, 1, 11, 12]))
    measured = stdp_window.measure_stdp_window("model:tiny", rule, lags, rounds=6)
    assert np.abs(measured - rule.changes(lags)).max() < 0.06 * rule.a_plus


def test_measuring_notices_cells_that_stay_silent(monkeypatch):
    monkeypatch.setattr(stdp_window, "_TRIGGERS", 1)
    rule = STDP(a_plus=0.1, a_minus=0.08, w_max=1.0)
    with pytest.raises(stdp_window.WindowError, match="each cell must fire once, in step 4 at lag"):
        stdp_window.measure_stdp_window("model:tiny", rule, [3])


def test_reward_turns_eligibility_into_weight():
    rule = STDP(
        a_plus=0.05, a_minus=0.0, w_max=1.0, tau_eligibility=40, eligibility_every=4,
        eligibility_rate=0.25, reward=0.0,
    )  # fmt: skip
    net = Network("credit")
    a = net.input("a", 2)
    b = net.population("b", 1, LIF(threshold=0.9, v_decay=1.0))
    net.connect(a, b, [[0.8], [0.4]], stdp=rule)
    net.connect(net.input("teacher", 1), b, 1.0)
    gained = {}
    for reward in (0.0, 1.0, -1.0):
        with spikeloom.open("model:quad_elig") as board:
            board.program(net)
            assert board.reward == 0.0
            board.run({"a": ([5], [0]), "teacher": ([6], [0])}, steps=8)
            traces = board.read_traces("a->b")["eligibility"]
            assert traces[0] == pytest.approx(rule.changes(1), rel=0.15)
            assert traces[1] == 0
            before = board.read_weights("a->b")
            board.reward = reward
            board.run(steps=200)
            change = board.read_weights("a->b") - before
            assert change[1] == 0
            assert not board.read_traces("a->b", raw=True)["eligibility"].any()
            gained[reward] = change[0]
    # a quarter of the trace in every 4th step, while it decays with exp(-4/40)
    wanted = rule.changes(1) * 0.25 / (1 - np.exp(-4 / 40))
    assert gained[0.0] == 0
    assert gained[1.0] == pytest.approx(wanted, rel=0.25)
    assert gained[-1.0] == pytest.approx(-wanted, rel=0.25)
