"""``spikeloom demo``: whole applications, from real input to figures."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import demo_digits_stdp, demo_graph, demo_reward, demo_stdp
from .demo_support import WIDTH, add_common, count, print_board
from .output import NOTHING, Subparsers, add_command, format_table, print_json, print_pairs

if TYPE_CHECKING:
    from spikeloom.demos.digits import DigitsResult

__all__ = ["register"]

DEFAULT_FOLDER = Path("spikeloom-digits")


def register(subparsers: Subparsers) -> None:
    """Add the command and the demos below it."""
    parser = add_command(
        subparsers,
        "demo",
        summary="run a whole application: digits, digits-stdp, graph, reward, stdp",
        description="Run a whole application on a target.",
        examples="  spikeloom demo digits\n"
        "  spikeloom demo digits --target model: --images 50\n"
        "  spikeloom demo reward",
    )
    demos = parser.add_subparsers(title="demos", metavar="DEMO", required=True)
    _register_digits(demos)
    for demo in (demo_digits_stdp, demo_graph, demo_reward, demo_stdp):
        demo.register(demos)


def _register_digits(subparsers: Subparsers) -> None:
    parser = add_command(
        subparsers,
        "digits",
        summary="classify 594 handwritten digits",
        description="Load a trained network, stream the test images of scikit-learn's digits and\n"
        "print accuracy, confusion matrix, cycles per step and line use. Saves raster.png and\n"
        "confusion.png. The first run on sim: builds the simulated board.",
        examples="  spikeloom demo digits\n"
        "  spikeloom demo digits --target model:\n"
        "  spikeloom demo digits --target /dev/ttyUSB1 --images 100 --out figures",
    )
    parser.add_argument("--images", type=count, metavar="N", help="only the first N images")
    add_common(parser, DEFAULT_FOLDER)
    parser.set_defaults(handler=digits)


def digits(args: argparse.Namespace) -> int:
    """Run the digits demo."""
    import spikeloom
    from spikeloom.demos.digits import classify, program_digits, save_figures
    from spikeloom.demos.digits_data import load_digits

    data = load_digits()
    images, labels = data.test_images[: args.images], data.test_labels[: args.images]
    with spikeloom.open(args.target) as board:
        if not args.json:
            print_board(board)
        program_bytes = program_digits(board)
        result = classify(board, images, labels)
        url = board.url
    paths = save_figures(result, args.out)
    facts = {"target": url, "program_bytes": program_bytes, **result.figures()}
    facts["files"] = [str(path) for path in paths]
    if args.json:
        print_json(facts)
    else:
        _print_result(facts, result)
    return 0


def _print_result(facts: dict[str, Any], result: "DigitsResult") -> None:
    if facts["cycles_per_step"] is None:
        cycles = "not counted: the model has no clock"
    else:
        cycles = (
            f"{facts['cycles_per_step']:.0f} a step; an image takes the array "
            f"{facts['array_seconds_per_image'] * 1e6:.0f} µs at {result.clock_hz / 1e6:g} MHz"
        )
    if facts["bytes_sent_per_image"] is None:
        line = "not used: the model has none"
    else:
        line = (
            f"{facts['bytes_sent_per_image']:.0f} bytes to the board and "
            f"{facts['bytes_received_per_image']:.0f} back an image, "
            f"{facts['line_efficiency']:.0%} of them payload, {facts['retries']} retries"
        )
    print_pairs(
        {
            "program": f"{facts['program_bytes']:,} bytes",
            "images": f"{facts['images']} of {facts['steps_per_image']} steps each",
            "speed": f"{facts['steps_per_s']:,.0f} steps/s, "
            f"{facts['images'] / facts['seconds']:,.0f} images/s on this computer",
            "cycles": cycles,
            "spikes": f"{facts['input_events_per_image']:.0f} in and "
            f"{facts['spikes_per_image']:.0f} out an image",
            "line": line,
            "figures": ", ".join(facts["files"]),
        },
        WIDTH,
    )
    rows = [[k, *(count or NOTHING for count in row)] for k, row in enumerate(facts["confusion"])]
    head = ["digit", *(f"as {k}" for k in range(len(rows)))]
    print("\n" + format_table(head, rows))
    share = facts["right"] / facts["images"]
    print(f"\naccuracy {share:.1%}: {facts['right']} of {facts['images']} right")
