"""Learning steered and read through a board: the same on every target."""

import numpy as np
import pytest

from spikeloom import LIF, STDP, Network, Recording
from spikeloom.board import RecordError, StateError, StimulusError
from spikeloom.compiler import LearningError, compile
from spikeloom.contract import CONFIGS
from spikeloom.demos.stdp_window import measure_stdp_window

RULE = STDP(a_plus=0.06, a_minus=0.05, w_max=1.0, tau_plus=10, tau_minus=12)
STEPS = 240


def learner(rule=RULE, other=None) -> Network:
    """Two populations; inputs and neurons of both learn, by one rule or by two."""
    rng = np.random.default_rng(11)
    net = Network("learner")
    a = net.input("a", 6)
    neuron = LIF(threshold=1.0, v_decay=0.2, refractory=1)
    b = net.population("b", 6, neuron)
    c = net.population("c", 5, neuron)
    plastic = rng.random((6, 6)) < 0.7
    net.connect(a, b, rng.uniform(0.2, 0.8, (6, 6)), stdp=rule, plastic=plastic)
    net.connect(b, c, rng.uniform(0.3, 0.9, (6, 5)), stdp=other or rule, delay=2)
    net.connect(c, b, -0.25)
    return net


def stimulus(steps=STEPS, seed=3):
    return np.random.default_rng(seed).random((steps, 6)) < 0.15


def learnt(board) -> dict[str, np.ndarray]:
    return {name: board.read_weights(name, raw=True) for name in board.loaded.projections}


def traces(board):
    return {name: board.read_traces(name) for name in ("a->b", "b->c")}


def same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        if isinstance(one[name], dict):
            same(one[name], other[name])
        else:
            assert np.array_equal(one[name], other[name]), name
    return True


WINDOW = STDP(
    a_plus=3, a_minus=2, w_max=100, window="rectangular", tau_plus=9, tau_minus=14,
    stochastic=False,
)  # fmt: skip
HISTORY = STDP(
    a_plus=0.1, a_minus=0.1, w_max=1, w_min=-1, window="history", lags_plus=4,
    lags_minus=[-2, -5], on_pre=0.01, forget_post=1 / 16,
)  # fmt: skip
RULES = [
    pytest.param(RULE, id="exponential"),
    pytest.param(WINDOW, id="rectangular"),
    pytest.param(HISTORY, id="history"),
    pytest.param(STDP.raw(a1=(-3, 7), b1=(5, 7), b0=(-1, 8), x_plus=60, x_decay=30), id="raw"),
]


@pytest.mark.parametrize("rule", RULES)
def test_targets_learn_what_the_model_learns(board, model, rule):
    results = []
    for each in (board, model):
        each.program(learner(rule))
        each.seed = 99
        before = learnt(each)
        run = each.run(stimulus(), record=("spikes", "v"))
        after = learnt(each)
        assert not np.array_equal(before["a->b"], after["a->b"])
        fixed = ~each.loaded.projections["a->b"].plastic
        assert fixed.any()
        assert np.array_equal(before["a->b"][fixed], after["a->b"][fixed])
        assert np.array_equal(before["c->b"], after["c->b"])
        results.append((after, traces(each), run.dense("b"), run.values("v", "c", raw=True)))
    assert same(results[0][0], results[1][0])
    assert same(results[0][1], results[1][1])
    assert np.array_equal(results[0][2], results[1][2])
    assert np.array_equal(results[0][3], results[1][3])


def test_freeze_and_resume_between_runs(board):
    board.program(learner())
    assert board.learning is True
    board.learning = False
    assert board.learning is False
    before = learnt(board)
    board.run(stimulus())
    assert same(learnt(board), before)
    assert board.read_traces("a->b")["x"].any()
    assert board.read_state("b")["y"].any()
    board.learning = True
    board.run(stimulus())
    assert not np.array_equal(learnt(board)["a->b"], before["a->b"])


def test_control_within_a_run_is_control_between_runs(board):
    """Words in the event stream act where a write between two runs would."""
    drive = stimulus()
    board.program(learner())
    control = [(150, "learning", True), (60, "learning", False), (0, "seed", 5)]
    control += [(0, "reward", 0.5), (200, "reward", -1.0)]
    run = board.run(drive, control=control)
    one = learnt(board), traces(board), run.spikes("c")[0].tolist()
    assert board.reward == -1.0
    board.program(learner())
    board.seed, board.reward = 5, 0.5
    times = []
    for begin, end in ((0, 60), (60, 150), (150, 200), (200, STEPS)):
        if begin in (60, 150):
            board.learning = begin == 150
        if begin == 200:
            board.reward = -1.0
        times += (board.run(drive[begin:end]).spikes("c")[0] + begin).tolist()
    assert same(one[0], learnt(board))
    assert same(one[1], traces(board))
    assert one[2] == times


def test_control_acts_in_iterators_and_in_each_sample_of_a_batch(board):
    drive = stimulus()
    control = [(40, "learning", False), (90, "learning", True), (230, "reward", 0.25)]
    results = []
    for form in (drive, iter([np.flatnonzero(row) for row in drive[:100]])):
        board.program(learner())
        steps = STEPS if form is not drive else None
        quiet = drive.copy()
        quiet[100:] = False
        board.run(quiet if form is drive else form, steps, control=control)
        results.append(learnt(board))
    assert same(*results)
    board.program(learner())
    board.run(drive.reshape(4, 60, 6), control=control[:1])
    batch = learnt(board)
    board.program(learner())
    for k in range(4):
        board.reset_state()
        # what the sample before has set stays set, so only the first one learns
        board.run(drive[60 * k :][:60], control=control[:1])
    assert same(batch, learnt(board))


def test_samples_of_a_batch_learn_one_after_the_other(board, model):
    samples = stimulus().reshape(8, 30, 6)
    results = []
    for each in (board, model):
        each.program(learner())
        run = each.run(samples, record=["spikes", "weights"], every=3)
        history = run.weights["a->b"]
        assert history.steps.tolist() == [0, 3, 6, 8]
        results.append({name: each_.raw for name, each_ in run.weights.items()})
        assert np.array_equal(history.raw[-1], learnt(each)["a->b"])
    assert same(*results)
    board.program(learner())
    for sample in samples[:6]:
        board.reset_state()
        board.run(sample)
    assert np.array_equal(learnt(board)["a->b"], results[0]["a->b"][2])


def test_weights_are_recorded_between_steps(board, tmp_path):
    drive = stimulus()
    board.program(learner())
    plain = board.run(drive)
    final = learnt(board)
    board.program(learner())
    first = learnt(board)
    run = board.run(drive, record=("spikes", "weights"), every=70)
    assert run.spikes("b")[0].tolist() == plain.spikes("b")[0].tolist()
    assert set(run.weights) == {"a->b", "b->c"}
    history = run.weights["a->b"]
    assert history.steps.tolist() == [0, 70, 140, 210, STEPS]
    assert np.array_equal(history.raw[0], first["a->b"])
    assert np.array_equal(history.raw[-1], final["a->b"])
    assert np.array_equal(history.values[-1], board.read_weights("a->b"))
    assert np.array_equal(history.matrix(), board.read_weights("a->b", dense=True))
    board.program(learner())
    board.run(drive[:140])
    assert np.array_equal(history.raw[2], learnt(board)["a->b"])
    assert board.run(None, 0, record="weights", every=5).weights["a->b"].steps.tolist() == [0]
    items = iter([np.flatnonzero(row) for row in drive])
    board.program(learner())
    again = board.run(items, record={"weights": ["c->b", "a->b"]}, every=70)
    assert list(again.weights) == ["c->b", "a->b"]
    assert np.array_equal(again.weights["a->b"].raw, history.raw)
    path = tmp_path / "run.npz"
    run.save(path)
    loaded = Recording.load(path)
    assert repr(loaded) == repr(run)
    assert np.array_equal(loaded.weights["b->c"].values, run.weights["b->c"].values)
    assert np.array_equal(loaded.weights["b->c"].matrix(1), run.weights["b->c"].matrix(1))


def test_seed_decides_what_is_rounded(board):
    results = {}
    for seed in (1, 2, 1):
        board.program(learner())
        assert board.seed == 0
        board.seed = seed
        assert board.seed == seed
        board.run(stimulus())
        if seed in results:
            assert same(results[seed], learnt(board))
        results[seed] = learnt(board)
    assert not np.array_equal(results[1]["a->b"], results[2]["a->b"])


def test_a_snapshot_goes_on_learning(board, model):
    drive = stimulus()
    board.program(learner())
    board.seed, board.reward = 12, 0.75
    board.run(drive[:100])
    snapshot = board.snapshot()
    board.run(drive[100:])
    went_on = learnt(board), traces(board), board.read_state("b", raw=True)
    for each in (board, model):
        each.program(learner(WINDOW))
        each.program(board.loaded)
        each.restore(snapshot)
        assert (each.seed, each.reward, each.learning) == (12, 0.75, True)
        each.run(drive[100:])
        assert same(went_on[0], learnt(each))
        assert same(went_on[1], traces(each))
        assert same(went_on[2], each.read_state("b", raw=True))


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
        (lambda b: b.run(None, 9, control=[(1, "gain", 1)]), StateError, "'seed', not 'gain'"),
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
        (
            lambda b: b.program(learner(STDP.raw(eligibility=True))),
            LearningError,
            "must do without eligibility traces",
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


def test_programs_for_learning_need_a_board_that_learns(board):
    without = CONFIGS["tiny"].replace(plastic="none")
    with pytest.raises(LearningError, match="is built without learning"):
        compile(learner(), without)
    before = board.snapshot()
    with pytest.raises(LearningError, match="tiny' is built without them"):
        board.program(learner(STDP(a_plus=1, a_minus=1, w_max=2, tau_eligibility=9)))
    assert board.snapshot().windows == before.windows


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
