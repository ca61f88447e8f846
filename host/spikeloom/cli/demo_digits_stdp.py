"""``spikeloom demo digits-stdp``: learn digits without labels."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .demo_support import (
    WIDTH,
    add_common,
    add_seeds,
    count,
    cycles_text,
    percent,
    print_board,
    spread,
)
from .output import Subparsers, add_command, print_json, print_pairs

if TYPE_CHECKING:
    from spikeloom.board import Board

__all__ = ["register"]


def register(subparsers: Subparsers) -> None:
    """Add the demo."""
    parser = add_command(
        subparsers,
        "digits-stdp",
        summary="learn handwritten digits without labels, by STDP",
        description="Show the training images of scikit-learn's digits to neurons that inhibit\n"
        "each other and learn by STDP. Then freeze the weights, label the neurons by the training\n"
        "part, and classify the 594 test images. Saves features.png and confusion.png of the\n"
        "first seed.",
        examples="  spikeloom demo digits-stdp\n"
        "  spikeloom demo digits-stdp --target model: --seed 0 --images 500 --epochs 1",
    )
    add_seeds(parser, range(3), "training")
    parser.add_argument("--images", type=count, metavar="N",
                        help="learn from N training images (default: all 1,203)")  # fmt: skip
    parser.add_argument("--epochs", type=count, default=2, metavar="N",
                        help="how often each is shown (default: 2)")  # fmt: skip
    add_common(parser, Path("spikeloom-digits-stdp"))
    parser.set_defaults(handler=digits_stdp)


def digits_stdp(args: argparse.Namespace) -> int:
    """Run the demo of unsupervised digits."""
    import spikeloom
    from spikeloom.demos.digits_data import load_digits
    from spikeloom.demos.digits_plots import plot_confusion
    from spikeloom.demos.digits_stdp import TrainingPlan, evaluate, learn
    from spikeloom.demos.digits_stdp_plots import plot_features

    digits = load_digits()
    args.out.mkdir(parents=True, exist_ok=True)
    files = [args.out / name for name in ("features.png", "confusion.png")]
    runs = []
    with spikeloom.open(args.target) as board:
        if not args.json:
            print_board(board)
        for number, seed in enumerate(args.seed):
            plan = TrainingPlan(seed=seed, images=args.images, epochs=args.epochs)
            learnt = learn(board, digits.train_images, plan)
            result = evaluate(board, learnt, digits)[0]
            runs.append({"seed": seed, **learnt.figures(), **result.figures()})
            if not number:
                plot_features(files[0], learnt.weights, result.shares)
                plot_confusion(files[1], result.confusion)
            if not args.json:
                _print_training(runs[-1], board)
        url = board.url
    accuracy = spread([run["accuracy"] for run in runs])
    if args.json:
        names = list(map(str, files))
        print_json({"target": url, "runs": runs, "accuracy": accuracy, "files": names})
        return 0
    print_pairs({"figures": ", ".join(map(str, files))}, WIDTH)
    print(f"\naccuracy {percent(accuracy)} on {runs[0]['images']} test images, {len(runs)} seeds")
    return 0


def _print_training(run: dict[str, Any], board: "Board") -> None:
    presentations, seconds = run["presentations"], run["seconds"]
    print_pairs(
        {
            f"seed {run['seed']}": f"{run['right']} of {run['images']} right, "
            f"{run['accuracy']:.1%}",
            "learnt": f"from {presentations:,} images in {seconds:.1f} s, "
            f"{run['steps'] / seconds:,.0f} steps/s; {run['spikes'] / presentations:.1f} spikes "
            "an image",
            "cycles": cycles_text(run["cycles"], run["steps"], board),
        },
        WIDTH,
    )
    sys.stdout.flush()
