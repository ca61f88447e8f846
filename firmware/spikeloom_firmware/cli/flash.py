"""``spikeloom flash BOARD``: program a board, and make sure that it answers."""

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spikeloom.cli.output import Subparsers, add_command, add_json, print_json, print_pairs

if TYPE_CHECKING:
    from spikeloom.boot import BootImage
    from spikeloom_boards import BoardTable

    from ..image import Image

__all__ = ["register"]


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        subparsers,
        "flash",
        summary="program a board, with a boot network if you like",
        description="Program a board through openFPGALoader, wait until it answers, and compare\n"
        "what it says of itself with the image. Without --image the board's bitstream is taken\n"
        "from the cache, or built. No physical board has been tried yet.",
        examples="  spikeloom flash icebreaker\n"
        "  spikeloom flash ulx3s_25f --image mine.slimage --volatile\n"
        "  spikeloom flash icebreaker --network net.loom --steps 1000 --step-interval 0.001\n"
        "  spikeloom flash icebreaker --dry-run        # the commands, nothing else",
    )
    parser.add_argument("board", help="board, by name; `spikeloom boards` lists them")
    parser.add_argument("--image", type=Path, metavar="FILE", help="what `spikeloom build` wrote")
    parser.add_argument(
        "--volatile", action="store_true", help="load the bitstream until power goes"
    )
    parser.add_argument("--serial", help="USB serial number, where several boards are plugged in")
    parser.add_argument("--port", help="serial port, where several boards are plugged in")
    parser.add_argument("--dry-run", action="store_true", help="print the commands, do nothing")
    network = parser.add_argument_group("boot network")
    network.add_argument(
        "--network", type=Path, metavar="FILE", help="program (*.loom) that is loaded at power-up"
    )
    network.add_argument(
        "--network-only", action="store_true", help="leave the bitstream that is there"
    )
    network.add_argument(
        "--input", type=Path, metavar="EVENTS", help="what repeats: .csv or .npz, as for run"
    )
    network.add_argument("--steps", type=int, help="steps of a round")
    network.add_argument(
        "--step-interval", type=float, default=0.0, metavar="S", help="seconds from step to step"
    )
    add_json(parser)
    parser.set_defaults(handler=handle)


def handle(args: argparse.Namespace) -> int:
    """Find or build the image, program, print."""
    from spikeloom_boards import find_board

    from ..flashing import flash
    from .progress import StepLines

    board = find_board(args.board)
    _check_options(args)
    image = _image(args, board)
    if args.dry_run:
        return _dry_run(args, board, image)
    flashed = flash(
        board,
        image,
        volatile=args.volatile,
        bitstream=not args.network_only,
        serial=args.serial,
        port=args.port,
        progress=StepLines(),
    )
    facts: dict[str, Any] = {
        "board": board.name,
        "port": flashed.port,
        "build_id": flashed.build_id.hex(),
        "boot": None if flashed.boot is None else flashed.boot.name,
        "volatile": args.volatile,
        "seconds": flashed.seconds,
    }
    if args.json:
        print_json(facts)
    else:
        print_pairs(
            {
                "board": f"{board.title} on {flashed.port}",
                "build id": f"{flashed.build_id.hex()}, as in the image",
                "boot network": facts["boot"] or "no loader built in",
                "took": f"{flashed.seconds:.1f} s",
            }
        )
    return 0


def _check_options(args: argparse.Namespace) -> None:
    """Refuse options that contradict each other.

    Raises
    ------
    ImageError
        If they do.
    """
    from ..image import ImageError

    if args.network is None:
        for name in ("network_only", "input", "steps", "step_interval"):
            if getattr(args, name):
                option = name.replace("_", "-")
                raise ImageError(f"--{option} must come with --network FILE, and there is none")
    elif args.network_only and args.volatile:
        raise ImageError("--network-only leaves the bitstream, so it must come without --volatile")


def _image(args: argparse.Namespace, board: "BoardTable") -> "Image":
    """Return the image to program: from a file, or of the board's own build."""
    from ..image import Image

    if args.image is not None:
        image = Image.load(args.image)
        image.check_board(board)
    else:
        from ..build import build
        from .progress import StepLines

        image = Image.from_build(build(board, progress=StepLines()))
    if args.network is not None:
        image = image.with_network(_network(args, image))
        image.check_room(board)
    return image


def _network(args: argparse.Namespace, image: "Image") -> "BootImage":
    import spikeloom
    from spikeloom.boot import boot_image
    from spikeloom.cli.events import read_events

    program = spikeloom.Program.load(args.network)
    return boot_image(
        program,
        read_events(args.input, list(program.inputs)) if args.input else None,
        args.steps,
        step_interval_s=args.step_interval,
        config=image.config,
    )


def _dry_run(args: argparse.Namespace, board: "BoardTable", image: "Image") -> int:
    from ..attached import attached, choose
    from ..errors import FirmwareError
    from ..flashing import plan_commands
    from ..loader import LOADER

    try:
        chosen = choose(board, attached(board), serial=args.serial, port=args.port)
        selector: tuple[str, ...] = chosen.selector()
    except FirmwareError:
        # Without a board the commands are those for the only one that is plugged in.
        selector = ("--ftdi-serial", args.serial) if args.serial else ()
    plan = plan_commands(
        board,
        image,
        Path(tempfile.gettempdir()),
        volatile=args.volatile,
        bitstream=not args.network_only,
        selector=selector,
    )
    lines = plan.lines(LOADER)
    if args.json:
        print_json(lines)
    else:
        print("\n".join(lines))
    return 0
