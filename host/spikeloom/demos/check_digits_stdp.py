"""Train on two targets and compare every weight: ``python -m spikeloom.demos.check_digits_stdp``.

The training of `spikeloom demo digits-stdp`, all of it by default, on the reference model and on
the simulated gateware. Weights and thresholds must be identical; the command fails if they are not.
"""

import argparse

import numpy as np

import spikeloom
from spikeloom.board import Board

from .digits_data import Digits, load_digits
from .digits_stdp import Learnt, TrainingPlan, evaluate, learn

__all__ = ["main", "same_learning"]

COMMAND = "python -m spikeloom.demos.check_digits_stdp"


def same_learning(one: Learnt, other: Learnt) -> bool:
    """Return whether two targets learnt the same, bit for bit, with as many spikes."""
    return (
        np.array_equal(one.weights, other.weights)
        and np.array_equal(one.theta, other.theta)
        and one.spikes == other.spikes
    )


def _train(board: Board, digits: Digits, plan: TrainingPlan) -> Learnt:
    learnt = learn(board, digits.train_images, plan)
    result, _ = evaluate(board, learnt, digits)
    cycles = f", {learnt.cycles:,} cycles" if learnt.cycles else ""
    print(
        f"seed {plan.seed} on {board.url}: {learnt.presentations:,} images in "
        f"{learnt.seconds:.1f} s{cycles}; {result.right} of {len(result.labels)} right "
        f"({result.accuracy:.2%})",
        flush=True,
    )
    return learnt


def main(argv: list[str] | None = None) -> int:
    """Train, compare, and return 1 if anything differs."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--targets", nargs=2, default=["model:", "sim:"], metavar="URL")
    parser.add_argument("--seed", type=int, nargs="+", default=[0, 1, 2], metavar="N")
    parser.add_argument("--images", type=int, metavar="N", help="images of the training part")
    parser.add_argument("--epochs", type=int, default=TrainingPlan().epochs, metavar="N")
    args = parser.parse_args(argv)
    digits = load_digits()
    good = True
    with spikeloom.open(args.targets[0]) as one, spikeloom.open(args.targets[1]) as other:
        for seed in args.seed:
            plan = TrainingPlan(seed=seed, images=args.images, epochs=args.epochs)
            first, second = (_train(board, digits, plan) for board in (one, other))
            same = same_learning(first, second)
            good &= same
            verdict = "identical" if same else "DIFFERENT"
            print(f"seed {seed}: {first.weights.size:,} weights and thresholds are {verdict}")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
