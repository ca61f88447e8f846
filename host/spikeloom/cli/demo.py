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
EARLY_MARGIN = 3
"""Lead of `spikeloom.demos.digits_on_chip.EARLY`, which takes long to import."""


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
        "confusion.png. The first run on sim: builds the simulated board. With --on-chip the\n"
        "array makes the spikes of an image itself, from a byte a pixel, and says who won.",
        examples="  spikeloom demo digits\n"
        "  spikeloom demo digits --on-chip --early-stop\n"
        "  spikeloom demo digits --target model:\n"
        "  spikeloom demo digits --target /dev/ttyUSB1 --images 100 --out figures",
    )
    parser.add_argument("--images", type=count, metavar="N", help="only the first N images")
    parser.add_argument(
        "--on-chip",
        action="store_true",
        help="encode, count and judge on the chip (needs samples built in)",
    )
    parser.add_argument(
        "--early-stop",
        type=count,
        nargs="?",
        const=EARLY_MARGIN,
        metavar="SPIKES",
        help=f"with --on-chip: end an image at that lead of the winner (default: {EARLY_MARGIN})",
    )
    add_common(parser, DEFAULT_FOLDER)
    parser.set_defaults(handler=digits)


def digits(args: argparse.Namespace) -> int:
    """Run the digits demo."""
    if args.on_chip:
        return digits_on_chip(args)
    if args.early_stop is not None:
        from .errors import OptionError

        raise OptionError("--early-stop must come with --on-chip, not alone; add --on-chip")
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


def digits_on_chip(args: argparse.Namespace) -> int:
    """Run the digits demo with stimulus and read-out on the chip."""
    import spikeloom
    from spikeloom.demos.digits_data import load_digits
    from spikeloom.demos.digits_on_chip import classify_on_chip, program_on_chip, save_chip_figures

    data = load_digits()
    images, labels = data.test_images[: args.images], data.test_labels[: args.images]
    until = None if args.early_stop is None else spikeloom.Margin(args.early_stop)
    with spikeloom.open(args.target) as board:
        if not args.json:
            print_board(board)
        program_bytes = program_on_chip(board)
        result = classify_on_chip(board, images, labels, until)
        paths = save_chip_figures(board, result, images, args.out)
        url = board.url
    facts = {"target": url, "program_bytes": program_bytes, **result.figures()}
    facts["files"] = [str(path) for path in paths]
    if args.json:
        print_json(facts)
    else:
        print_pairs(_chip_rows(facts), WIDTH)
        _print_accuracy(facts)
    return 0


def _chip_rows(facts: dict[str, Any]) -> dict[str, object]:
    line = "not used: the model has none"
    if facts["bytes_per_image"] is not None:
        line = (
            f"{facts['bytes_sent_per_image']:.1f} bytes to the board and "
            f"{facts['bytes_received_per_image']:.1f} back an image, "
            f"{facts['bytes_per_image']:.1f} together: {facts['line_images_per_s']:,.0f} "
            f"images/s at 1 Mbaud, or {facts['line_images_per_s_one_way']:,.0f} one way at a time"
        )
    return {
        "program": f"{facts['program_bytes']:,} bytes",
        "images": f"{facts['images']}, {facts['steps_per_image']:.2f} steps each on average; "
        f"{facts['decided_early']} decided early",
        "speed": f"{facts['images_per_s']:,.0f} images/s on this computer",
        "line": line,
        "figures": ", ".join(facts["files"]),
    }


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
    _print_accuracy(facts)


def _print_accuracy(facts: dict[str, Any]) -> None:
    rows = [[k, *(count or NOTHING for count in row)] for k, row in enumerate(facts["confusion"])]
    head = ["digit", *(f"as {k}" for k in range(len(rows)))]
    print("\n" + format_table(head, rows))
    share = facts["right"] / facts["images"]
    print(f"\naccuracy {share:.1%}: {facts['right']} of {facts['images']} right")
