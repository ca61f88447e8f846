"""``spikeloom fleet``: sweeps over many boards, their tables, and workers for clusters."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .output import NOTHING, Subparsers, add_command, add_json, format_table, print_json

if TYPE_CHECKING:
    from spikeloom.fleet import Table
    from spikeloom.fleet.cluster import Cluster

__all__ = ["register"]

_LISTED = 10
"""Runs that ``--list`` shows."""


def register(subparsers: Subparsers) -> None:
    """Add the command and those below it."""
    parser = add_command(
        subparsers,
        "fleet",
        summary="spread a sweep over many boards: run, show, worker",
        description="Spread the runs of a sweep over boards, real, simulated or compiled. Each\n"
        "worker process owns one board; results stream into one table; runs are repeated\n"
        "elsewhere when a board or its computer dies.",
        examples="  spikeloom fleet run sweep.py --workers 4 --board sim:tiny\n"
        "  spikeloom fleet show sweep.jsonl",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _register_run(commands)
    _register_show(commands)
    _register_worker(commands)


def _register_run(subparsers: Subparsers) -> None:
    parser = add_command(
        subparsers,
        "run",
        summary="do the runs of a sweep",
        description="Do the runs of a sweep, and append each result to a table. A sweep is a file\n"
        "of plain Python with two functions:\n\n"
        "  from spikeloom import fleet\n\n"
        "  def runs():\n"
        "      return fleet.grid(seed=range(50), rate=[0.1, 0.2])\n\n"
        "  def run(board, run):\n"
        "      board.program(my_network(run['seed']))\n"
        "      recording = board.run(my_stimulus(run['rate']))\n"
        "      return {'spikes': int(recording.counts('cells').sum())}\n\n"
        "Without --address it starts workers on this computer. With it, workers are those of a\n"
        "dask cluster: `dask scheduler` on one computer, `spikeloom fleet worker` on those with\n"
        "boards.",
        examples="  spikeloom fleet run sweep.py --workers 4 --board sim:tiny --out table.jsonl\n"
        "  spikeloom fleet run sweep.py --resume          what was interrupted, or has new runs\n"
        "  spikeloom fleet run sweep.py --list            what would be done\n"
        "  spikeloom fleet run sweep.py --board /dev/ttyUSB0 --board /dev/ttyUSB1\n"
        "  spikeloom fleet run lab.sweeps:measure --address tcp://10.0.0.5:8786",
    )
    parser.add_argument(
        "sweep", metavar="SWEEP", help="FILE.py or MODULE, with :FUNCTION if that is not `run`"
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", help="workers (default: a processor, or board, each)"
    )
    parser.add_argument(
        "--board", action="append", metavar="URL",
        help="board of all workers; given several times, one for each (default: sim: or model:)",
    )  # fmt: skip
    parser.add_argument("--address", help="scheduler of a cluster that is there, tcp://HOST:PORT")
    parser.add_argument(
        "--out", type=Path, metavar="TABLE", help="table (default: name of the sweep, .jsonl)"
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with a table; what it has is not repeated"
    )
    parser.add_argument(
        "--retries", type=int, default=3, metavar="N",
        help="how often a run that lost its board or worker begins again (default: 3)",
    )  # fmt: skip
    parser.add_argument(
        "--on-error", choices=("finish", "stop", "record"), default="finish",
        help="a run fails: do the others, then exit with an error; stop; or only record it",
    )  # fmt: skip
    parser.add_argument(
        "--wait", type=float, default=60.0, metavar="S",
        help="seconds to wait for a worker with a board (default: 60)",
    )  # fmt: skip
    parser.add_argument("--list", action="store_true", help="show the runs and do none")
    add_json(parser)
    parser.set_defaults(handler=run)


def run(args: argparse.Namespace) -> int:
    """Do a sweep."""
    from spikeloom import fleet
    from spikeloom.fleet.runs import checked_runs
    from spikeloom.fleet.sweep_files import load_sweep

    sweep = load_sweep(args.sweep)
    runs = checked_runs(sweep.runs)
    path = args.out or Path(f"{Path(sweep.name).name.removesuffix('.py')}.jsonl")
    if args.list:
        return _list(runs, args.json)

    def started(cluster: "Cluster") -> None:
        if not args.json:
            where = args.address or f"{len(cluster.processes)} workers"
            print(f"{len(runs)} runs on {where} -> {path}", flush=True)
            if cluster.dashboard:
                print(f"dashboard: {cluster.dashboard}", flush=True)

    boards = args.board[0] if args.board and len(args.board) == 1 else args.board
    began_s = time.monotonic()
    table = fleet.map(
        sweep.function,
        runs,
        table=path,
        resume=args.resume,
        workers=args.workers,
        boards=boards,
        address=args.address,
        retries=args.retries,
        on_error=args.on_error,
        wait_s=args.wait,
        started=started,
    )
    seconds = time.monotonic() - began_s
    if args.json:
        print_json(_facts(table, path) | {"wall_seconds": seconds})
    else:
        failed = f", {len(table.failed)} failed" if table.failed else ""
        print(f"{len(table)} of {len(runs)} runs are done{failed}; {seconds:.1f} s")
        print(f"look at them: spikeloom fleet show {path}")
    return 0


def _list(runs: Any, as_json: bool) -> int:
    if as_json:
        print_json([{"run": run.name, "key": run.key} for run in runs])
        return 0
    for each in runs[:_LISTED]:
        print(each.name)
    more = len(runs) - _LISTED
    print(f"{f'and {more} more; ' if more > 0 else ''}{len(runs)} runs")
    return 0


def _register_show(subparsers: Subparsers) -> None:
    parser = add_command(
        subparsers,
        "show",
        summary="what a table holds",
        description="Summarise the table of a sweep, also while it is being written. In Python:\n"
        "spikeloom.fleet.read(TABLE), with to_numpy() and to_pandas().",
        examples="  spikeloom fleet show sweep.jsonl\n"
        "  spikeloom fleet show sweep.jsonl --by rate\n"
        "  spikeloom fleet show sweep.jsonl --by rate --plot spikes.png --field spikes",
    )
    parser.add_argument("table", type=Path, metavar="TABLE", help="what `fleet run` wrote")
    parser.add_argument("--by", metavar="PARAMETER", help="means for each of its values")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="a field over --by, as a picture")
    parser.add_argument("--field", help="what --plot draws (default: the first with numbers)")
    add_json(parser)
    parser.set_defaults(handler=show)


def show(args: argparse.Namespace) -> int:
    """Summarise a table."""
    from spikeloom import fleet
    from spikeloom.fleet import summary

    table = fleet.read(args.table)
    if args.plot and not args.by:
        from .errors import OptionError

        raise OptionError("--plot must have --by PARAMETER, which is its axis; add it")
    groups = summary.by_parameter(table, args.by) if args.by else []
    if args.plot:
        from spikeloom.fleet.plotting import plot

        plot(table, args.by, args.field, args.plot)
    if args.json:
        print_json(_facts(table, args.table) | ({"by": groups} if args.by else {}))
        return 0
    print(f"{len(table)} of {table.header['runs']} runs of {table.header['function']!r} are done")
    for row in table.failed:
        print(f"failed: {row['run']}: {row['error']['type']}: {row['error']['message']}")
    for rows in (summary.by_board(table), summary.by_field(table), groups):
        if rows:
            print("\n" + _table(rows))
    if args.plot:
        print(f"\nsaved {args.plot}")
    return 0


def _table(rows: list[dict[str, Any]]) -> str:
    def cell(value: Any) -> Any:
        if value is None:
            return NOTHING
        return float(f"{value:.6g}") if isinstance(value, float) else value

    return format_table(list(rows[0]), [[cell(each) for each in row.values()] for row in rows])


def _facts(table: "Table", path: Path) -> dict[str, Any]:
    from spikeloom.fleet import summary
    from spikeloom.fleet.plain import encode

    failed = [{name: row[name] for name in ("run", "key", "error")} for row in table.failed]
    facts = {
        "table": str(path),
        "function": table.header["function"],
        "runs": table.header["runs"],
        "done": len(table),
        "failed": failed,
        "boards": summary.by_board(table),
        "fields": summary.by_field(table),
    }
    encoded: dict[str, Any] = encode(facts, "facts")
    return encoded


def _register_worker(subparsers: Subparsers) -> None:
    parser = add_command(
        subparsers,
        "worker",
        summary="offer boards to a cluster",
        description="Start a worker process for each board and keep it running until Ctrl-C, or\n"
        "until the scheduler goes away or sends it home because its board does not open. A\n"
        "worker that dies is started again.",
        examples="  dask scheduler                                          prints an address\n"
        "  spikeloom fleet worker tcp://10.0.0.5:8786 --board /dev/ttyUSB1\n"
        "  spikeloom fleet worker tcp://10.0.0.5:8786 --board sim: --board sim:",
    )
    parser.add_argument("address", metavar="ADDRESS", help="of the scheduler, tcp://HOST:PORT")
    parser.add_argument(
        "--board", action="append", required=True, metavar="URL", help="a board; may be repeated"
    )
    parser.set_defaults(handler=worker)


def worker(args: argparse.Namespace) -> int:
    """Offer boards until there is nobody to offer them to."""
    from spikeloom.fleet.cluster import board_urls, offered_boards

    with offered_boards(args.address, board_urls(args.board, None)) as processes:
        for process in processes:
            print(f"{process.name}: board {process.board}, process {process.pid}", flush=True)
        for process in processes:
            process.ended.wait()
    for process in processes:
        if process.problem:
            print(process.problem)
    return 1 if any(process.problem for process in processes) else 0
