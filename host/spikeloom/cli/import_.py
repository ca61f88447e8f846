"""``spikeloom import FILE -o NET``: a network from another package, compiled for an array."""

import argparse
import warnings
from pathlib import Path
from typing import Any

from .output import Subparsers, add_command, add_json, print_json, print_pairs

__all__ = ["register"]


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        subparsers,
        "import",
        summary="turn a NIR or SuperNeuroMAT file into a program",
        description="Read a network that another package wrote, compile it for an array and save\n"
        "the program, which `spikeloom run` and `spikeloom program` take. What was guessed,\n"
        "rounded or cannot be is printed.\n\n"
        ".nir: from snnTorch, SpikingJelly, Norse and others. The file does not say how long a\n"
        "step is: give --dt (snnTorch and SpikingJelly 1e-4, Norse 1e-3). `spikeloom run\n"
        "--align` counts the steps of each layer from those of its stimulus.\n"
        ".json: from SuperNeuroMAT.",
        examples="  spikeloom import net.nir --dt 1e-4 -o net.loom\n"
        "  spikeloom import net.nir --dt 1e-3 --framework norse --config ecp5_85f -o net.loom\n"
        "  spikeloom run sim: net.loom --align --input in.npz -o out.npz",
    )
    parser.add_argument("file", type=Path, help="*.nir or *.json")
    parser.add_argument("-o", "--output", type=Path, metavar="NET", help="program, *.loom")
    parser.add_argument(
        "--config", default=None, help="configuration or URL of the array (default: quad)"
    )
    parser.add_argument("--dt", type=float, help=".nir: duration of a step")
    parser.add_argument(
        "--framework",
        choices=("snntorch", "spikingjelly", "norse"),
        help=".nir: whose exporter wrote it, to read it as it was meant",
    )
    parser.add_argument(
        "--reset", choices=("value", "subtract"), help=".nir: what a spike does to v"
    )
    parser.add_argument(
        "--bits", type=int, metavar="N", help="round weights to N bits, 2 to 8 (default: 8)"
    )
    parser.add_argument(
        "--sample",
        type=Path,
        metavar="NPZ",
        help="sample input, to tell what 8, 6 and 4 bits (or --bits) cost: arrays [samples, "
        "steps, channels] under the inputs' names, and labels if there are",
    )
    parser.add_argument(
        "--shared",
        action="store_true",
        help="with 2 to 4 bits: potentials share the scale of the weights, decays are powers of 2",
    )
    parser.add_argument("--plot", type=Path, metavar="PNG", help="picture of what they cost")
    add_json(parser)
    parser.set_defaults(handler=handle)


def handle(args: argparse.Namespace) -> int:
    """Read, compile, save, print."""
    import spikeloom
    from spikeloom.contract import DEFAULT_CONFIG

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the report has them all
        imported = _read(args)
    network = imported.network
    mode: Any = "shared" if args.shared else "scaled"
    study = _study(args, network, mode) if args.sample else None
    if study is not None and args.bits is not None:
        network = study.networks[args.bits]
    elif args.bits is not None:
        from spikeloom.quantising import rounded

        network = rounded(network, args.bits, mode=mode)
    program = spikeloom.compile(network, args.config or DEFAULT_CONFIG)
    if args.output:
        program.save(args.output)
    if args.json:
        print_json(
            {
                "network": network.name,
                "config": program.config.name,
                "neurons": network.neurons,
                "synapses": network.synapses,
                "notes": _notes(imported),
                "report": program.report.to_dict(),
                "study": None if study is None else _plain(study),
                "output": str(args.output) if args.output else None,
            }
        )
        return 0
    print(imported.report)
    print()
    print(program.report)
    print()
    if study is not None:
        print(study)
        print()
    print_pairs({"saved": args.output or "nothing; -o NET.loom saves the program"})
    return 0


def _study(args: argparse.Namespace, network: Any, mode: Any) -> Any:
    """Compare widths on the sample input of a file."""
    from spikeloom.quantising import study

    from .events import read_arrays

    arrays = read_arrays(args.sample)
    labels = arrays.pop("labels", None)
    bits = ((4, 3, 2) if args.shared else (8, 6, 4)) if args.bits is None else (args.bits,)
    result = study(network, arrays, labels, bits=bits, mode=mode)
    if args.plot:
        result.plot(args.plot)
    return result


def _plain(study: Any) -> dict[str, Any]:
    import dataclasses

    return {
        "rows": [dataclasses.asdict(row) for row in study.rows],
        "accuracy": study.accuracy,
        "accuracies": study.accuracies,
    }


def _notes(imported: Any) -> list[str]:
    return [str(note) for note in getattr(imported, "notes", ())]


def _read(args: argparse.Namespace) -> Any:
    """Read a file of any form."""
    if args.file.suffix == ".json":
        _refuse(args, "dt", "framework", "reset")
        from spikeloom import superneuromat

        return superneuromat.read(args.file)
    from spikeloom import nir

    return nir.read(args.file, dt=args.dt, framework=args.framework, reset=args.reset)


def _refuse(args: argparse.Namespace, *names: str) -> None:
    from .errors import OptionError

    for name in names:
        if getattr(args, name) is not None:
            raise OptionError(
                f"--{name} must come with a .nir file, not with {args.file.name!r}; leave it out"
            )
