"""``spikeloom bench peers``: the same networks on other simulators, ``fast:`` and boards.

Networks of 96, 256 and 512 neurons, each connected to all, 5 % of which fire in a step: without
learning, with a window of 4 steps, and with exponential STDP. Times are processor times of one
thread. A simulator that is not there is named, with what would bring it.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from spikeloom.cli.output import print_json
from spikeloom.contract import SpikeloomError
from spikeloom.peers.bench import SIMULATORS, measure
from spikeloom.peers.boards import BoardBuild, board_builds
from spikeloom.peers.environment import found_python, install_peers
from spikeloom.peers.figures import batch_speed, board_figures
from spikeloom.peers.networks import NETWORKS, RULES, PeerNetwork, make_network
from spikeloom.peers.report import Report, draw, tables

from .errors import OptionError

__all__ = ["add_arguments", "run"]

BOARDS, BATCH = "boards", "batch"
_BATCH_STEPS = 2000


def _at_least_one(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {value}")
    return value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of the bench."""
    names = (*SIMULATORS, BOARDS, BATCH)
    add = parser.add_argument
    add(
        "--only",
        action="append",
        choices=names,
        metavar="NAME",
        help=f"only this one of {', '.join(names)}; may be repeated (default: all)",
    )
    add(
        "--network",
        action="append",
        type=int,
        choices=list(NETWORKS.values()),
        help="only the network of so many neurons; may be repeated (default: all)",
    )
    add("--rule", action="append", choices=list(RULES), help="only this rule; may be repeated")
    add(
        "--steps",
        type=_at_least_one,
        help="steps of a round (default: what takes each simulator 0.4 s, 200 to 200,000)",
    )
    add("--rounds", type=_at_least_one, default=5, help="rounds; medians are shown (default: 5)")
    add(
        "--cycle-steps",
        type=_at_least_one,
        default=200,
        help="steps whose cycles are counted on sim: (default: 200)",
    )
    add("--threads", type=_at_least_one, default=2, help="threads of the batch (default: 2)")
    add(
        "--peers-python",
        type=Path,
        metavar="PATH",
        help="Python of an environment with Brian2, numba and SuperNeuroMAT",
    )
    add(
        "--install-peers",
        action="store_true",
        help="make that environment in the user's cache, by venv and pip",
    )
    add(
        "--boards",
        type=Path,
        default=Path("docs/boards.json"),
        metavar="FILE",
        help="builds and their Fmax (default: docs/boards.json)",
    )
    add(
        "--board",
        action="append",
        metavar="NAME",
        help="only this board of that file; may be repeated (default: all that have room)",
    )
    add("--plot", type=Path, metavar="FILE", help="draw a picture")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    only = args.only or [*SIMULATORS, BOARDS, BATCH]
    names = [name for name in SIMULATORS if name in only]
    python = _python(args)
    report = Report([], [], [], [])
    builds = _builds(args, report) if BOARDS in only else []
    for network in _networks(args):

        def told(text: str, network: PeerNetwork = network) -> None:
            print(f"{network.name}, {network.rule.name}: {text}", file=sys.stderr, flush=True)

        if names:
            report.speeds.extend(
                measure(network, names, python, steps=args.steps, rounds=args.rounds, progress=told)
            )
        report.boards.extend(board_figures(network, builds, args.cycle_steps, progress=told))
        if BATCH in only and network.rule.name == "none":
            for threads in sorted({1, args.threads}):
                told(f"batch, {threads} threads")
                report.batches.append(batch_speed(network, threads, args.rounds, _BATCH_STEPS))
    _note(report)
    if args.json:
        print_json(report.to_dict())
    else:
        print(tables(report))
    if args.plot:
        draw(report, args.plot)
    return 0


def _networks(args: argparse.Namespace) -> Iterator[PeerNetwork]:
    for name, neurons in NETWORKS.items():
        for rule in RULES.values():
            if neurons in (args.network or NETWORKS.values()) and rule.name in (args.rule or RULES):
                yield make_network(name, rule)


def _python(args: argparse.Namespace) -> Callable[[], Path]:
    """Return what gives the Python of the peers' environment, or tells that there is none."""
    if args.peers_python is not None:
        path: Path = args.peers_python
        return lambda: path
    if args.install_peers:
        print("making the peers' environment (first use, some minutes) ...", file=sys.stderr)
        made = install_peers()
        return lambda: made
    return found_python


def _builds(args: argparse.Namespace, report: Report) -> list[BoardBuild]:
    try:
        builds = board_builds(args.boards)
    except SpikeloomError as error:
        report.notes.append(f"boards: {error}")
        return []
    unknown = sorted(set(args.board or ()) - {build.board for build in builds})
    if unknown:
        names = ", ".join(build.board for build in builds)
        raise OptionError(
            f"--board must be one of {names}, which have an Fmax in {args.boards}, not "
            f"{unknown[0]!r}; choose one"
        )
    return [build for build in builds if not args.board or build.board in args.board]


def _note(report: Report) -> None:
    """Name what is missing, once each, and the versions of what is not."""
    lines = [f"{s.simulator}: {s.missing}" for s in report.speeds if s.missing]
    lines += [f"sim:{f.config}: {f.missing}" for f in report.boards if f.missing]
    lines += [f"{s.simulator}: {s.version}" for s in report.speeds if s.version]
    report.notes.extend(dict.fromkeys(lines))
