"""``spikeloom demo stdp``: measure the STDP window on the target."""

import argparse
import time
from pathlib import Path

from .demo_support import WIDTH, add_common, print_board
from .output import Subparsers, add_command, format_table, print_json, print_pairs

__all__ = ["register"]

_SHOWN_LAGS = (-40, -20, -10, -5, -1, 0, 1, 5, 10, 20, 40)


def register(subparsers: Subparsers) -> None:
    """Add the demo."""
    parser = add_command(
        subparsers,
        "stdp",
        summary="measure the STDP window",
        description="Drive synapses with pairs of spikes, one pair at each lag from -40 to 40\n"
        "steps, and print how their weights change beside what the rule says, for an exponential\n"
        "and a rectangular window. Saves exponential.png and rectangular.png.",
        examples="  spikeloom demo stdp\n  spikeloom demo stdp --target model:tiny --json",
    )
    add_common(parser, Path("spikeloom-stdp"))
    parser.set_defaults(handler=stdp)


def stdp(args: argparse.Namespace) -> int:
    """Run the demo of STDP windows."""
    import numpy as np

    import spikeloom
    from spikeloom.demos.stdp_settings import SETTINGS
    from spikeloom.demos.stdp_window import LAGS, measure_stdp_window
    from spikeloom.plot import stdp_window

    args.out.mkdir(parents=True, exist_ok=True)
    measured, expected, files = {}, {}, []
    with spikeloom.open(args.target) as board:
        began_s = time.monotonic()
        if not args.json:
            print_board(board)
        for name, rule in SETTINGS.items():
            measured[name] = measure_stdp_window(board, rule)
            expected[name] = rule.changes(LAGS)
            files.append(args.out / f"{name}.png")
            curves = {f"rule, {name}": expected[name], "measured": measured[name]}
            stdp_window(LAGS, curves, files[-1])
        url = board.url
    seconds = time.monotonic() - began_s
    worst = {name: float(np.abs(measured[name] - expected[name]).max()) for name in SETTINGS}
    if args.json:
        print_json({"target": url, "lags": list(LAGS), "seconds": seconds,
                    "measured": {name: values.tolist() for name, values in measured.items()},
                    "expected": {name: values.tolist() for name, values in expected.items()},
                    "largest_difference": worst, "files": list(map(str, files))})  # fmt: skip
        return 0
    print_pairs({"time": f"{seconds:.1f} s", "figures": ", ".join(map(str, files))}, WIDTH)
    head = ["lag", *(f"{name}{what}" for name in SETTINGS for what in ("", ", rule"))]
    rows = []
    for lag in _SHOWN_LAGS:
        k = LAGS.index(lag)
        pairs = ((measured[name][k], expected[name][k]) for name in SETTINGS)
        rows.append([f"{lag:+d}", *(f"{value:+.4f}" for pair in pairs for value in pair)])
    print("\n" + format_table(head, rows))
    differences = ", ".join(f"{name} {value:.4f}" for name, value in worst.items())
    print(f"\nlargest difference over all {len(LAGS)} lags: {differences}")
    return 0
