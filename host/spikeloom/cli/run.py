"""``spikeloom run URL FILE``: load a compiled network, stream events, save what fired."""

import argparse
from pathlib import Path

from .output import Subparsers, add_command, add_json, print_json, print_pairs

__all__ = ["register"]

QUANTITIES = ("spikes", "v", "i", "theta")
SUFFIXES = (".csv", ".npz")


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        subparsers,
        "run",
        summary="load a compiled network, stream events, save what fired",
        description="Load a program that Program.save wrote, run it on the events of a file, and\n"
        "save the recording.\n\n"
        "Events: a .csv with the columns t (step, from 0), channel and, where the program has\n"
        "several inputs, input; or a .npz with a dense array [steps, channels] (or [samples,\n"
        "steps, channels]) under the input's name, or lists under NAME.t and NAME.channel.\n"
        "Output: .npz for spikeloom.Recording.load, or .csv with the spikes.",
        examples="  spikeloom run model: net.loom --input in.csv --steps 100 -o out.csv\n"
        "  spikeloom run sim: net.loom --input in.npz -o out.npz --record spikes v\n"
        "  spikeloom run /dev/ttyUSB1 net.loom --steps 1000 --step-interval 0.001 --json",
    )
    parser.add_argument("url", help="target")
    parser.add_argument("file", type=Path, help="program, by custom *.loom")
    parser.add_argument("--input", type=_table, metavar="EVENTS", help=".csv or .npz; else silence")
    parser.add_argument("-o", "--output", type=_table, metavar="OUT", help=".npz or .csv")
    parser.add_argument("--steps", type=int, help="steps to run (default: as long as the events)")
    parser.add_argument(
        "--record", nargs="+", choices=QUANTITIES, default=["spikes"], help="default: spikes"
    )
    parser.add_argument(
        "--step-interval",
        type=float,
        default=0.0,
        metavar="S",
        help="real time: seconds from step to step (default: as fast as possible)",
    )
    parser.add_argument(
        "--align",
        action="store_true",
        help="count each layer's steps from the one that it answers to (imported networks)",
    )
    add_json(parser)
    parser.set_defaults(handler=handle)


def _table(text: str) -> Path:
    path = Path(text)
    if path.suffix not in SUFFIXES:
        raise argparse.ArgumentTypeError(f"{text!r} must end in {' or '.join(SUFFIXES)}")
    return path


def handle(args: argparse.Namespace) -> int:
    """Load, run, save, print."""
    import spikeloom

    from .events import read_events, write_recording

    program = spikeloom.Program.load(args.file)
    stimulus = read_events(args.input, list(program.inputs)) if args.input else None
    with spikeloom.open(args.url) as board:
        board.program(program)
        recording = board.run(
            stimulus,
            args.steps,
            record=args.record,
            step_interval_s=args.step_interval,
            align=args.align,
        )
    if args.output:
        write_recording(recording, args.output)
    spikes = {name: int(recording.counts(name).sum()) for name in recording.populations}
    steps = recording.steps * (recording.samples or 1)
    facts = {
        "network": program.report.network,
        "steps": recording.steps,
        "samples": recording.samples,
        "spikes": spikes,
        "seconds": recording.seconds,
        "counters": recording.counters,
        "output": str(args.output) if args.output else None,
    }
    if args.json:
        print_json(facts)
    else:
        rate = f"{steps / recording.seconds:,.0f} steps/s" if recording.seconds else ""
        print_pairs(
            {
                "ran": f"{program.report.network!r}, {steps:,} steps in "
                f"{recording.seconds:.2f} s, {rate}",
                **{f"spikes of {name}": count for name, count in spikes.items()},
                "saved": args.output or "nothing; -o FILE saves the recording",
            }
        )
    return 0
