"""Runs that learn: the same on every target, whatever steers them."""

import numpy as np
import pytest
from learners import RULE, STEPS, WINDOW, learner, learnt, same, stimulus, traces

from spikeloom import STDP, Recording

pytestmark = pytest.mark.needs_config(learning=True, plastic=["synapse", "row"], stochastic=True)

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
