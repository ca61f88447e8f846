"""``spikeloom bench NAME``: measurements, found by entry points of group ``spikeloom.benches``.

An entry point names a module with ``add_arguments(parser)`` and ``run(args) -> int``. It is
imported only when it is called; ``args.json`` is there for every bench.
"""

import argparse
from importlib.metadata import EntryPoint, entry_points

from spikeloom.cli.output import Subparsers, add_command, add_json

__all__ = ["BENCH_GROUP", "benches", "register"]

BENCH_GROUP = "spikeloom.benches"
"""Entry point group in which packages announce benches."""


def benches() -> dict[str, EntryPoint]:
    """Return the entry points of all benches by name."""
    points = sorted(entry_points(group=BENCH_GROUP), key=lambda point: point.name)
    return {point.name: point for point in points}


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        subparsers,
        "bench",
        summary="measure: clock cycles of the gateware, speed of this computer",
        description="Measure. `spikeloom bench NAME --help` shows the options of one.",
        examples="  spikeloom bench host           steps a second of model: and sim: here\n"
        "  spikeloom bench cycles --json  clock cycles of every step, against their bound",
    )
    parser.add_argument("name", metavar="NAME", choices=list(benches()), help=", ".join(benches()))
    parser.add_argument("options", nargs=argparse.REMAINDER, help="options of that bench")
    parser.set_defaults(handler=handle)


def handle(args: argparse.Namespace) -> int:
    """Load the bench, parse its options and run it."""
    module = benches()[args.name].load()
    parser = argparse.ArgumentParser(
        prog=f"spikeloom bench {args.name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_json(parser)
    module.add_arguments(parser)
    code: int = module.run(parser.parse_args(args.options))
    return code
