"""``spikeloom run URL FILE``: load a compiled network, stream events, save what fired."""

import argparse
from pathlib import Path
from typing import Any

from .event_data import SUFFIXES as EVENT_DATA
from .event_data import add_event_options, event_input
from .output import Subparsers, add_command, add_json, print_json, print_pairs

__all__ = ["register"]

QUANTITIES = ("spikes", "v", "i", "theta")
TABLES = (".csv", ".npz")
OUTPUTS = (".npz", ".h5", ".hdf5", ".csv")


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        subparsers,
        "run",
        summary="load a compiled network, stream events, save what fired",
        description="Load a program that Program.save wrote, run it on the events of a file, and\n"
        "save the recording.\n\n"
        "Tables: a .csv with the columns t (step, from 0), channel and, where the program has\n"
        "several inputs, input; or a .npz with a dense array [steps, channels] (or [samples,\n"
        "steps, channels]) under the input's name, or lists under NAME.t and NAME.channel.\n"
        "Event data: HDF5 (.h5) with t, x, y, p or t, channel, or with samples as in SHD; .npy\n"
        "with a structured array; .dat, .raw (EVT2, EVT3) and .aedat4 of cameras. Recordings of\n"
        "any length are streamed; samples run as a batch, each from the reset state.\n"
        "Output: .npz for spikeloom.Recording.load, .h5 for everybody, or .csv with the spikes.",
        examples="  spikeloom run model: net.loom --input in.csv --steps 100 -o out.csv\n"
        "  spikeloom run sim: net.loom --input in.npz -o out.npz --record spikes v\n"
        "  spikeloom run sim: net.loom --input hand.raw --step-s 0.001 --polarity merge --pool 80\n"
        "  spikeloom run model:ecp5_85f net.loom --input shd.h5 --step-s 0.01 --samples 0:10 \\\n"
        "    --pool 2 -o out.h5\n"
        "  spikeloom run /dev/ttyUSB1 net.loom --steps 1000 --step-interval 0.001 --json",
    )
    parser.add_argument("url", help="target")
    parser.add_argument("file", type=Path, help="program, by custom *.loom")
    parser.add_argument(
        "--input", type=_input, metavar="EVENTS", help="table or event data; else silence"
    )
    parser.add_argument("-o", "--output", type=_output, metavar="OUT", help=".npz, .h5 or .csv")
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
    add_event_options(parser)
    parser.set_defaults(handler=handle)


def _input(text: str) -> Path:
    return _path(text, (*TABLES, *EVENT_DATA))


def _output(text: str) -> Path:
    return _path(text, OUTPUTS)


def _path(text: str, suffixes: tuple[str, ...]) -> Path:
    path = Path(text)
    if path.suffix not in suffixes:
        raise argparse.ArgumentTypeError(
            f"{text!r} must end in {', '.join(suffixes[:-1])} or {suffixes[-1]}"
        )
    return path


def handle(args: argparse.Namespace) -> int:
    """Load, run, save, print."""
    import spikeloom

    from .events import read_events, write_recording

    program = spikeloom.Program.load(args.file)
    data = event_input(args, list(program.inputs))
    if data is not None:
        stimulus: Any = data.stimulus
    else:
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
        labels, step_s = (None, None) if data is None else (data.labels, data.step_s)
        write_recording(recording, args.output, step_s=step_s, labels=labels)
    spikes = {name: int(recording.counts(name).sum()) for name in recording.populations}
    steps = recording.steps * (recording.samples or 1)
    facts = {
        "network": program.report.network,
        "steps": recording.steps,
        "samples": recording.samples,
        "spikes": spikes,
        "seconds": recording.seconds,
        "counters": recording.counters,
        "events": None if data is None else data.report().to_dict(),
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
                **({} if data is None else {"events": data.report()}),
                **{f"spikes of {name}": count for name, count in spikes.items()},
                "saved": args.output or "nothing; -o FILE saves the recording",
            }
        )
    return 0
