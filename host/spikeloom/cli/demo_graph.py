"""``spikeloom demo graph``: classify the nodes of a graph."""

import argparse
import time
from pathlib import Path

from .demo_support import WIDTH, add_common, add_seeds, cycles_text, percent, print_board, spread
from .output import Subparsers, add_command, format_table, print_json, print_pairs

__all__ = ["register"]


def register(subparsers: Subparsers) -> None:
    """Add the demo."""
    parser = add_command(
        subparsers,
        "graph",
        summary="classify the members of a karate club by spikes and STDP",
        description="Turn Zachary's karate club into neurons and synapses, tell the class of 8 of\n"
        "its 34 members, and let spikes and STDP find those of the others. Compares with the\n"
        "majority and with scikit-learn's label propagation. Saves graph.png.",
        examples="  spikeloom demo graph\n  spikeloom demo graph --target model: --seed 0 1 2",
    )
    add_seeds(parser, range(20), "split")
    add_common(parser, Path("spikeloom-graph"))
    parser.set_defaults(handler=graph)


def graph(args: argparse.Namespace) -> int:
    """Run the graph demo."""
    import spikeloom
    from spikeloom.demos.graph import answer, baselines, karate_club, split_nodes
    from spikeloom.demos.graph_plots import plot_graph

    club = karate_club()
    args.out.mkdir(parents=True, exist_ok=True)
    file = args.out / "graph.png"
    accuracies: dict[str, list[float]] = {"STDP": []}
    undecided = cycles = steps = 0
    with spikeloom.open(args.target) as board:
        began_s = time.monotonic()
        if not args.json:
            print_board(board)
        for number, seed in enumerate(args.seed):
            split = split_nodes(club, seed)
            answers = answer(board, club, split)
            accuracies["STDP"].append(answers.accuracy(club, split))
            for name, value in baselines(club, split).items():
                accuracies.setdefault(name, []).append(value)
            undecided += answers.undecided
            cycles, steps = cycles + answers.cycles, steps + answers.steps
            if not number:
                plot_graph(file, club, split, answers)
        url, summary = board.url, cycles_text(cycles, steps, board)
    seconds = time.monotonic() - began_s
    spreads = {name: spread(values) for name, values in accuracies.items()}
    if args.json:
        print_json({"target": url, "seeds": args.seed, "accuracy": spreads,
                    "accuracies": accuracies, "undecided": undecided, "cycles": cycles,
                    "steps": steps, "seconds": seconds, "files": [str(file)]})  # fmt: skip
        return 0
    print_pairs(
        {
            "asked": f"{len(args.seed)} splits, {len(split.known)} nodes known and "
            f"{len(split.asked)} asked in each; {undecided} answers were a draw",
            "time": f"{seconds:.1f} s, {steps:,} steps",
            "cycles": summary,
            "figure": file,
        },
        WIDTH,
    )
    rows = [[name, percent(values)] for name, values in spreads.items()]
    print("\n" + format_table(["method", "accuracy"], rows))
    return 0
