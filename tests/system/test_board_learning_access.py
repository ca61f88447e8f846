"""Reward, freezing and traces through a board, and what is refused of them."""

import numpy as np
import pytest
from learners import RULE, STEPS, WINDOW, learner, learnt, stimulus

from spikeloom import LIF, STDP, Network
from spikeloom.board import RecordError, StateError, StimulusError
from spikeloom.compiler import LearningError, compile
from spikeloom.contract import CONFIGS
from spikeloom.demos.stdp_window import measure_stdp_window

LEARNS = pytest.mark.needs_config(learning=True, plastic=["synapse", "row"], stochastic=True)


@LEARNS
@pytest.mark.needs_config(cores=2)
def test_reward_and_freezing_by_population(board):
    other = STDP(a_plus=0.06, a_minus=0.05, w_max=1.0, group="other")
    board.program(learner(other=other))
    board.set_reward(-0.5, "b")
    board.set_reward(0.25, ["c"])
    assert board.read_rewards() == {"b": -0.5, "c": 0.25}
    with pytest.raises(StateError, match=r"reward must be one .*; read_rewards\(\)"):
        _ = board.reward
    board.reward = 1
    board.set_learning(False, "c")
    assert board.learning is False
    before = learnt(board)
    board.run(stimulus(), control=[(100, "learning", True, "c"), (100, "learning", False, "b")],
              steps=STEPS)  # fmt: skip
    after = learnt(board)
    assert not np.array_equal(before["a->b"], after["a->b"])
    assert not np.array_equal(before["b->c"], after["b->c"])


@LEARNS
def test_a_core_has_one_reward(board):
    net = Network("sharing")
    a = net.input("a", 1)
    for name, size in (("b", 9), ("c", 2)):  # 9 neurons need both cores
        net.connect(a, net.population(name, size, LIF(threshold=1.0)), 0.5, stdp=RULE)
    board.program(net)
    before = board.snapshot()
    with pytest.raises(StateError, match=r"c must be set together with b, .*; give their rules"):
        board.set_reward(0.5, "c")
    assert board.snapshot().windows == before.windows
    board.set_reward(0.5, ["b", net["c"]])
    assert board.reward == 0.5


@LEARNS
def test_traces_are_those_of_the_last_spikes(board):
    net = Network("traces")
    a = net.input("a", 2)
    b = net.population("b", 2, LIF(threshold=1.0))
    rule = STDP.raw(x_plus=200, x_decay=64, x_nearest=True, y_plus=100, y_decay=128)
    net.connect(a, b, [[2.0, 0.0], [0.0, 0.5]], mask=[[True, False], [True, True]], stdp=rule)
    board.program(net)
    board.run(([0, 1], [0, 1]), steps=2)
    values = board.read_traces("a->b", dense=True)
    # channel 0 arrived in step 0 and decayed once, channel 1 in step 1; neuron 0 fired in step 0
    assert values["x"].tolist() == [[150, 0], [200, 200]]
    assert values["y"].tolist() == [[50, 0], [50, 0]]
    assert board.read_state("b")["y"].tolist() == [50, 0]
    board.write_state("b", y=[7, 9])
    assert board.read_state("b")["y"].tolist() == [7, 9]
    board.reset_state()
    assert not board.read_traces("a->b")["x"].any()
    assert not board.read_state("b")["y"].any()


@pytest.mark.needs_config(name="tiny")
def test_traces_are_read_where_they_are(board):
    """Of synapses whose rows and neurons begin within a word, against the whole memories."""
    net = Network("places")
    a = net.input("a", 7)
    b = net.population("b", 9, LIF(threshold=1.0))
    c = net.population("c", 7, LIF(threshold=1.0))
    everywhere = np.ones((7, 9), bool)
    net.connect(a, b, 0.5, mask=everywhere, stdp=STDP.raw(x_plus=1))
    net.connect(b, c, 0.5, pre=[5, 6, 7, 8], post=[3, 4, 5, 6], stdp=STDP.raw(x_plus=1))
    program = board.program(net)
    rng = np.random.default_rng(1)
    wanted = {
        "x": rng.integers(0, 256, (2, 32)),
        "y": rng.integers(0, 256, (2, 8)),
    }
    for name, values in wanted.items():
        for core in range(2):
            board.write(name, core, **{name: values[core].reshape(-1, 4)})
    starts = []
    for name, placed in program.projections.items():
        got = board.read_traces(name)
        assert np.array_equal(got["x"], wanted["x"][placed.core, placed.row])
        assert np.array_equal(got["y"], wanted["y"][placed.core, placed.neuron])
        starts += [min(placed.row[placed.core == core]) for core in set(placed.core.tolist())]
    assert max(starts) >= 4
    for name, placed in program.populations.items():
        core, neuron = placed.neurons // 8, placed.neurons % 8
        assert np.array_equal(board.read_state(name)["y"], wanted["y"][core, neuron])
        board.write_state(name, y=np.arange(placed.size))
        wanted["y"][core, neuron] = np.arange(placed.size)
    assert neuron.min() >= 4 or len(set(core.tolist())) > 1
    for core in range(2):
        assert np.array_equal(board.read("y", core)["y"].reshape(-1), wanted["y"][core])


@LEARNS
@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda b: setattr(b, "reward", 2.0), StateError, "reward must be in -2..1.98438, not 2;"),
        (lambda b: setattr(b, "reward", np.nan), StateError, "reward must be a finite number, not"),
        (lambda b: setattr(b, "learning", 1), StateError, "learning must be True or False, not 1"),
        (lambda b: setattr(b, "seed", -1), StateError, "seed must be in 0..4294967295, not -1"),
        (lambda b: setattr(b, "seed", 0.5), StateError, "seed must be an integer, not 0.5"),
        (lambda b: b.set_reward(1.0, "a"), StateError, r"one that learns \(b, c\), not 'a'"),
        (lambda b: b.read_traces("b"), StateError, "projection must be one of a->b"),
        (
            lambda b: b.run(None, 10, control=[(10, "reward", 1.0)]),
            StimulusError,
            "step of a control entry must be an integer in 0..9, not 10; it acts",
        ),
        (
            lambda b: b.run(None, 9, control=[(1, "gain", 1)]),
            StateError,
            "'stimulus_seed', not 'gain'",
        ),
        (lambda b: b.run(None, 9, control=[(1, "reward")]), StimulusError, "entry of control must"),
        (lambda b: b.run(None, 9, control="reward"), StimulusError, "control must be a list of"),
        (lambda b: b.run(None, 9, control=[(1, "reward", 9.0)]), StateError, "not 9; clip"),
        (lambda b: b.run(None, 9, every=3), RecordError, "must come with weights to record, not"),
        (
            lambda b: b.run(None, 9, record="weights", every=0),
            RecordError,
            "every must be an integer of at least 1, not 0; it counts",
        ),
        (
            lambda b: b.run(None, 9, record="weights", every=3, step_interval_s=1e-3),
            RecordError,
            "every must be left out in real time, not 3",
        ),
        (
            lambda b: b.run(None, 9, record={"weights": ["b"]}),
            RecordError,
            "projection must be one of a->b, b->c, c->b, not 'b'",
        ),
        pytest.param(
            lambda b: b.program(learner(STDP.raw(eligibility=True))),
            LearningError,
            "must do without eligibility traces",
            marks=pytest.mark.needs_config(eligibility=False),
        ),
    ],
)
def test_what_does_not_fit_is_not_done(board, call, error, text):
    board.program(learner())
    before = board.snapshot()
    with pytest.raises(error, match=text):
        call(board)
    assert board.snapshot().windows == before.windows
    assert board.loaded is not None


def test_networks_that_do_not_learn_have_no_reward(board, network):
    board.program(network)
    assert board.learning is False
    board.learning = False
    for name, value in (("reward", 1.0), ("learning", True)):
        with pytest.raises(StateError, match=r"must have plastic synapses, .* has none; give"):
            setattr(board, name, value)
    with pytest.raises(RecordError, match="of projections that learn, but none does; name others"):
        board.run(None, 5, record="weights")
    history = board.run(None, 5, record={"weights": "left->hidden"}).weights["left->hidden"]
    assert history.steps.tolist() == [0, 5]
    assert np.array_equal(history.raw[0], history.raw[1])


@LEARNS
@pytest.mark.needs_config(eligibility=False)
def test_programs_for_learning_need_a_board_that_learns(board):
    without = CONFIGS["tiny"].replace(plastic="none")
    with pytest.raises(LearningError, match="is built without learning"):
        compile(learner(), without)
    before = board.snapshot()
    with pytest.raises(LearningError, match=f"{board.config.name}' is built without them"):
        board.program(learner(STDP(a_plus=1, a_minus=1, w_max=2, tau_eligibility=9)))
    assert board.snapshot().windows == before.windows


@LEARNS
def test_the_window_as_measured(board):
    lags = [-20, -14, -2, -1, 0, 1, 8, 9, 30]
    measured, wanted = measure_stdp_window(board, WINDOW, lags), WINDOW.changes(lags)
    step = 100 / 127
    assert np.abs(measured - wanted).max() <= step / 2
    assert np.array_equal(measured == 0, wanted == 0)
    raw = STDP.raw(
        a1=(-1, 8), b1=(1, 8), x_mode="window", y_mode="window", x_plus=9, y_plus=14,
        x_effect="rectangular", y_effect="rectangular",
    )  # fmt: skip
    assert measure_stdp_window(board, raw, lags).tolist() == np.sign(WINDOW.changes(lags)).tolist()
    lags = [-6, -1, 0, 3, 12]
    measured = measure_stdp_window(board, RULE, lags, rounds=4)
    assert np.abs(measured - RULE.changes(lags)).max() < 0.15 * RULE.a_plus
