"""``spikeloom demo reward``: learn from reward."""

import argparse
import time
from pathlib import Path

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
from .output import Subparsers, add_command, format_table, print_json, print_pairs

__all__ = ["register"]


def register(subparsers: Subparsers) -> None:
    """Add the demo."""
    parser = add_command(
        subparsers,
        "reward",
        summary="learn from reward which arm pays, and again when arms are swapped",
        description="Play a game with two arms, of which one pays more often; they are swapped\n"
        "half-way. The same network plays it with reward, without, and with a reward that does\n"
        "not depend on what it does. Needs a build with eligibility traces. Saves learning.png.",
        examples="  spikeloom demo reward\n"
        "  spikeloom demo reward --target model:quad_elig --seed 0 1",
    )
    add_seeds(parser, range(10, 15), "game")
    parser.add_argument("--trials", type=count, default=200, metavar="N",
                        help="trials of a game (default: 200)")  # fmt: skip
    add_common(parser, Path("spikeloom-reward"),
               "default: sim:quad_elig where g++ is, else model:quad_elig")  # fmt: skip
    parser.set_defaults(handler=reward)


def reward(args: argparse.Namespace) -> int:
    """Run the reward demo."""
    import numpy as np

    import spikeloom
    from spikeloom.board.opening import default_url
    from spikeloom.demos.reward import CONFIG, Condition, Game, play
    from spikeloom.demos.reward_plots import plot_learning

    args.out.mkdir(parents=True, exist_ok=True)
    file = args.out / "learning.png"
    good: dict[str, list[np.ndarray]] = {condition.value: [] for condition in Condition}
    cycles = steps = 0
    with spikeloom.open(args.target or default_url() + CONFIG) as board:
        began_s = time.monotonic()
        if not args.json:
            print_board(board)
        for condition in Condition:
            for seed in args.seed:
                session = play(board, Game(seed=seed, trials=args.trials), condition)
                good[condition.value].append(session.good)
                cycles, steps = cycles + session.cycles, steps + session.steps
        url, summary = board.url, cycles_text(cycles, steps, board)
    seconds = time.monotonic() - began_s
    plot_learning(file, {name: np.array(rows) for name, rows in good.items()})
    shares = {name: [float(row.mean()) for row in rows] for name, rows in good.items()}
    spreads = {name: spread(values) for name, values in shares.items()}
    if args.json:
        print_json({"target": url, "seeds": args.seed, "trials": args.trials,
                    "better_arm": spreads, "better_arm_by_seed": shares, "cycles": cycles,
                    "steps": steps, "seconds": seconds, "files": [str(file)]})  # fmt: skip
        return 0
    print_pairs({"games": f"{len(args.seed)} of {args.trials} trials, three times",
                 "time": f"{seconds:.1f} s, {steps:,} steps", "cycles": summary,
                 "figure": file}, WIDTH)  # fmt: skip
    rows = [[name, percent(values)] for name, values in spreads.items()]
    print("\n" + format_table(["condition", "better arm chosen"], rows))
    return 0
