"""Short versions of the demos that learn: the same on every target, and better than chance."""

import json

import numpy as np
import pytest

import spikeloom
from spikeloom.cli import main
from spikeloom.compiler import LearningError
from spikeloom.demos import check_digits_stdp
from spikeloom.demos.digits_data import load_digits
from spikeloom.demos.digits_stdp import TrainingPlan, evaluate, learn
from spikeloom.demos.graph import answer, karate_club, split_nodes
from spikeloom.demos.reward import CONFIG, Condition, Game, play
from spikeloom.demos.stdp_settings import SETTINGS
from spikeloom.demos.stdp_window import LAGS, measure_stdp_window


@pytest.fixture(scope="module")
def digits():
    return load_digits()


def is_picture(path) -> bool:
    data = path.read_bytes()
    return data.startswith(b"\x89PNG") and len(data) > 10_000


def test_digits_are_learnt_without_labels(digits):
    """150 images already do."""
    plan = TrainingPlan(seed=0, images=150, epochs=1)
    with spikeloom.open("model:") as board:
        learnt = learn(board, digits.train_images, plan)
        assert board.learning
        after, _ = evaluate(board, learnt, digits)
    assert not np.array_equal(learnt.weights, plan.initial_weights())
    assert learnt.theta.any()
    assert after.accuracy >= 0.78
    assert after.confusion.sum() == 594


@pytest.mark.verilated
def test_gateware_learns_the_digits_of_the_model(digits):
    """In short; the whole training is compared by hand with `check_digits_stdp`."""
    plan = TrainingPlan(seed=0, images=20, epochs=1)
    learnt = []
    for url in ("model:", "sim:"):
        with spikeloom.open(url) as board:
            learnt.append(learn(board, digits.train_images, plan))
    assert check_digits_stdp.same_learning(*learnt)
    assert not np.array_equal(learnt[0].weights, plan.initial_weights())
    assert learnt[1].cycles > 0


def test_check_notices_a_difference(monkeypatch, capsys):
    real = check_digits_stdp.learn

    def flawed(board, images, plan):
        learnt = real(board, images, plan)
        learnt.weights[3, 5] += len(seen)
        seen.append(board)
        return learnt

    seen = []
    monkeypatch.setattr(check_digits_stdp, "learn", flawed)
    argv = ["--targets", "model:", "model:", "--images", "4", "--epochs", "1", "--seed", "1"]
    assert check_digits_stdp.main(argv) == 1
    assert "DIFFERENT" in capsys.readouterr().out
    monkeypatch.setattr(check_digits_stdp, "learn", real)
    assert check_digits_stdp.main(argv) == 0
    assert "10,240 weights and thresholds are identical" in capsys.readouterr().out


def answers_of(url, seeds):
    club = karate_club()
    with spikeloom.open(url) as board:
        return [answer(board, club, split_nodes(club, seed)) for seed in seeds]


def test_graph_beats_the_majority():
    club = karate_club()
    accuracies = [
        answers.accuracy(club, split_nodes(club, seed))
        for seed, answers in enumerate(answers_of("model:", range(3)))
    ]
    assert np.mean(accuracies) > 0.8  # the majority has 0.5
    assert min(accuracies) > 0.7


@pytest.mark.verilated
def test_graph_on_the_gateware():
    (one,), (other,) = answers_of("model:", [5]), answers_of("sim:", [5])
    assert np.array_equal(one.weights, other.weights)
    assert one.weights.any()
    assert other.cycles > 0


def test_reward_beats_no_reward():
    with spikeloom.open(f"model:{CONFIG}") as board:
        shares = {
            condition: play(board, Game(seed=0, trials=120), condition).share
            for condition in Condition
        }
    assert shares[Condition.REWARD] > 0.7
    assert shares[Condition.NONE] < 0.65
    assert shares[Condition.CONSTANT] < 0.65


def test_habit_follows_the_arm_that_pays():
    with spikeloom.open(f"model:{CONFIG}") as board:
        session = play(board, Game(seed=0), Condition.REWARD)
        held = play(board, Game(seed=0, trials=20), Condition.NONE)
    first = Game(seed=0).better[0]
    before, after = session.weights[80:100].mean(axis=0), session.weights[180:].mean(axis=0)
    assert before[first] > before[1 - first]
    assert after[first] < after[1 - first]
    assert (held.weights == held.weights[0]).all()


@pytest.mark.slow
@pytest.mark.verilated
def test_reward_on_the_gateware():
    game = Game(seed=3, trials=12)
    sessions = []
    for url in (f"model:{CONFIG}", f"sim:{CONFIG}"):
        with spikeloom.open(url) as board:
            sessions.append(play(board, game, Condition.REWARD))
    one, other = sessions
    assert np.array_equal(one.choices, other.choices)
    assert np.array_equal(one.weights, other.weights)
    assert len(np.unique(one.weights)) > 2


def test_reward_needs_eligibility():
    with spikeloom.open("model:") as board, pytest.raises(LearningError, match="eligibility"):
        play(board, Game(trials=2), Condition.REWARD)


@pytest.mark.parametrize("name", SETTINGS)
def test_windows_are_the_rules(name):
    lags = LAGS[::8]
    with spikeloom.open("model:tiny") as board:
        measured = measure_stdp_window(board, SETTINGS[name], lags, rounds=4)
    np.testing.assert_allclose(measured, SETTINGS[name].changes(lags), atol=0.01)


def run(capsys, *argv):
    assert main(["demo", *map(str, argv)]) == 0
    return capsys.readouterr().out


def test_digits_command(tmp_path, capsys):
    argv = ["digits-stdp", "--target", "model:", "--seed", 0, "--images", 12, "--epochs", 1,
            "--out", tmp_path]  # fmt: skip
    text = run(capsys, *argv)
    assert "learnt    from 12 images" in text
    assert "not counted: the model has no clock" in text
    assert "on 594 test images, 1 seeds" in text
    facts = json.loads(run(capsys, *argv, "--json"))
    assert facts["runs"][0]["presentations"] == 12
    assert facts["accuracy"]["mean"] == facts["runs"][0]["accuracy"]
    assert is_picture(tmp_path / "features.png")
    assert is_picture(tmp_path / "confusion.png")


def test_graph_command(tmp_path, capsys):
    argv = ["graph", "--target", "model:", "--seed", 0, "--out", tmp_path]
    text = run(capsys, *argv)
    assert "1 splits, 8 nodes known and 26 asked in each" in text
    facts = json.loads(run(capsys, *argv, "--json"))
    assert facts["accuracies"]["majority"] == [0.5]
    assert facts["steps"] == 26 * 48
    assert is_picture(tmp_path / "graph.png")


def test_reward_command(tmp_path, capsys):
    argv = ["reward", "--target", f"model:{CONFIG}", "--seed", 0, "--trials", 10, "--out", tmp_path]
    text = run(capsys, *argv)
    assert "1 of 10 trials, three times" in text
    facts = json.loads(run(capsys, *argv, "--json"))
    assert set(facts["better_arm"]) == {"reward", "no reward", "constant reward"}
    assert is_picture(tmp_path / "learning.png")


def test_stdp_command(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("spikeloom.demos.stdp_window._ROUNDS", 1)
    text = run(capsys, "stdp", "--target", "model:tiny", "--out", tmp_path)
    assert "largest difference over all 81 lags" in text
    assert is_picture(tmp_path / "exponential.png")
    assert is_picture(tmp_path / "rectangular.png")


@pytest.mark.parametrize("argv", [["digits-stdp", "--images", "0"], ["reward", "--trials", "x"]])
def test_demos_refuse(argv, capsys):
    with pytest.raises(SystemExit) as end:
        main(["demo", *argv])
    assert end.value.code == 2
