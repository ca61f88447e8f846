"""What the learning demos are made of, without a target."""

import numpy as np
import pytest

from spikeloom.compiler import compile
from spikeloom.contract import named_config
from spikeloom.demos.digits_data import PIXELS
from spikeloom.demos.digits_stdp import (
    NEURONS,
    RULE,
    TrainingPlan,
    class_shares,
    frozen_network,
    plastic_network,
    vote,
)
from spikeloom.demos.graph import baselines, graph_network, karate_club, split_nodes
from spikeloom.demos.reward import CONFIG, Game, bandit_network
from spikeloom.demos.reward_plots import running_mean


def test_neurons_vote_with_their_classes():
    counts = np.array([[4, 0, 0], [2, 2, 0], [0, 4, 0], [0, 2, 0]])
    shares = class_shares(counts, np.array([3, 3, 7, 7]))
    assert shares.shape == (3, 10)
    assert shares[0, 3] == 1.0
    assert shares[1, [3, 7]].tolist() == [0.25, 0.75]
    assert not shares[2].any()
    assert vote(np.array([[1, 0, 0], [0, 3, 0]]), shares).tolist() == [3, 7]


def test_training_shows_each_image_once_an_epoch():
    order = TrainingPlan(seed=4, images=30, epochs=3).order(1203)
    assert order.shape == (90,)
    first = np.sort(order[:30])
    assert len(set(first.tolist())) == 30
    for epoch in (1, 2):
        assert np.array_equal(np.sort(order[30 * epoch : 30 * epoch + 30]), first)
        assert not np.array_equal(order[30 * epoch : 30 * epoch + 30], order[:30])
    assert not np.array_equal(TrainingPlan(seed=5, images=30).order(1203)[:30], order[:30])


def test_digits_learn_by_a_hundred_neurons_with_inhibition():
    weights = TrainingPlan().initial_weights()
    net = plastic_network(weights)
    assert weights.shape == (PIXELS, NEURONS)
    assert NEURONS >= 100
    program = compile(net, "quad")
    features, inhibition = (program.projections[name] for name in ("features", "inhibition"))
    assert features.plastic.all()
    assert len(features.pre_index) == PIXELS * NEURONS
    assert not inhibition.plastic.any()
    assert len(inhibition.pre_index) == NEURONS * (NEURONS - 1)


def test_nothing_learns_in_the_frozen_network():
    weights = TrainingPlan(seed=2).initial_weights()
    program = compile(frozen_network(weights, np.arange(NEURONS)), "quad")
    assert not any(placed.plastic.any() for placed in program.projections.values())


def test_rule_moves_weights_toward_the_trace():
    """The docstring's ``dw = (2*x - w)/16 - 1/2``, from the terms."""

    def change(x, w):
        terms = ((RULE.term(name), value) for name, value in (("b0", 256), ("b1", x), ("b2", w)))
        return sum(coefficient * value / 2**shift for (coefficient, shift), value in terms)

    for x, w in ((0, 0), (9, 10), (5, -64)):
        assert change(x, w) == (2 * x - w) / 16 - 0.5
    assert change(9, 2 * 9 - 8) == 0


def test_karate_club_is_the_published_one():
    club = karate_club()
    assert club.strengths.shape == (34, 34)
    assert np.array_equal(club.strengths, club.strengths.T)
    assert (club.strengths > 0).sum() == 2 * 78
    assert np.bincount(club.classes).tolist() == [17, 17]
    assert (club.classes[0], club.classes[33]) == (0, 1)  # the teacher and the officer themselves


def test_splits_know_four_of_each_class():
    club = karate_club()
    splits = [split_nodes(club, seed) for seed in range(5)]
    for split in splits:
        assert np.bincount(club.classes[split.known]).tolist() == [4, 4]
        assert sorted([*split.known, *split.asked]) == list(range(34))
    assert len({tuple(split.known) for split in splits}) == 5


def test_graph_network_tells_only_known_classes():
    club = karate_club()
    split = split_nodes(club, 3)
    program = compile(graph_network(club, split), "quad")
    labels, answers = program.projections["labels"], program.projections["answers"]
    assert sorted(labels.pre_index) == split.known.tolist()
    assert np.array_equal(labels.post_index, club.classes[labels.pre_index])
    assert set(answers.pre_index) == set(split.asked.tolist())
    assert len(answers.pre_index) == 2 * len(split.asked)
    assert answers.plastic.all()


def test_baselines():
    club = karate_club()
    accuracies = baselines(club, split_nodes(club, 0))
    assert accuracies["majority"] == 0.5
    assert accuracies["label propagation"] > 0.85


def test_game_swaps_arms_half_way_and_pays_as_it_says():
    game = Game(seed=1, trials=4000)
    assert set(game.better[:2000]) == {1}
    assert set(game.better[2000:]) == {0}
    noise, pays, coins = game.draw()
    trials = np.arange(4000)
    assert pays[trials, game.better].mean() == pytest.approx(0.85, abs=0.02)
    assert pays[trials, 1 - game.better].mean() == pytest.approx(0.15, abs=0.02)
    assert noise.mean() == pytest.approx(0.3, abs=0.01)
    assert coins.mean() == pytest.approx(0.5, abs=0.03)


def test_bandit_fits_the_build_with_eligibility():
    program = compile(bandit_network(), named_config(CONFIG))
    assert program.projections["habit"].plastic.all()


def test_running_mean_begins_with_fewer():
    values = np.arange(20.0)
    means = running_mean(values, 4)
    assert means[:3].tolist() == [0.0, 0.5, 1.0]
    assert means[10] == values[7:11].mean()
