"""The parser of all commands, and the one place that turns errors into exit codes."""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points, version

from .output import Subparsers

__all__ = ["COMMAND_GROUP", "EXIT_ENVIRONMENT", "EXIT_INTERRUPTED", "build_parser", "main"]

COMMAND_GROUP = "spikeloom.commands"
"""Entry point group in which packages announce commands."""
EXIT_USAGE = 2
EXIT_ENVIRONMENT = 3
EXIT_INTERRUPTED = 130
_STATUS = "No physical board has been tried yet: what runs today is the model and the simulation."
_EPILOG = f"""\
examples:
  spikeloom doctor                     what this computer lacks, and the command that mends it
  spikeloom demo digits                classify 594 handwritten digits on the simulated gateware
  spikeloom info sim:                  what the array behind a URL is
  spikeloom run model: net.loom --input in.csv --steps 100 -o out.npz

URLs:
  model:[CONFIG]   reference model          sim:[CONFIG]   gateware, simulated by Verilator
  /dev/ttyUSB1     board on a serial port   socket://H:P   board on a network

exit codes: 0 good, 1 device, 2 usage or build, 3 environment, 130 interrupted.

{_STATUS}
"""


def _commands(argv: Sequence[str]) -> Iterable[EntryPoint]:
    """Return the commands to load: only the one that is asked for, if one is."""
    points = sorted(entry_points(group=COMMAND_GROUP), key=lambda point: point.name)
    wanted = [point for point in points if argv and point.name == argv[0]]
    return wanted or points


def _add_unavailable(subparsers: Subparsers, point: EntryPoint, reason: ImportError) -> None:
    """Add a command that says why it cannot be used."""
    # No character begins an option here, so that whatever was meant for the command is taken.
    parser = subparsers.add_parser(
        point.name, help=f"not available: {reason}", add_help=False, prefix_chars="\0"
    )
    parser.add_argument("rest", nargs="*")

    def handler(_: argparse.Namespace) -> int:
        print(
            f"spikeloom: command {point.name!r} needs {point.value!r}, which cannot be imported "
            f"({reason}); run: pip install 'spikeloom[sim]'",
            file=sys.stderr,
        )
        return EXIT_ENVIRONMENT

    parser.set_defaults(handler=handler)


def build_parser(argv: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser of all commands, or of the command with which `argv` begins.

    Parameters
    ----------
    argv : sequence of str
        Arguments, without the program's name.
    """
    parser = argparse.ArgumentParser(
        prog="spikeloom",
        description="Run spiking neural networks on FPGA gateware, simulated or on a board.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"spikeloom {version('spikeloom')}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for point in _commands(argv):
        try:
            module = point.load()
        except ImportError as error:
            _add_unavailable(subparsers, point, error)
        else:
            module.register(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; those of the process if None.

    Returns
    -------
    int
        0 good, 1 device, 2 usage or build, 3 environment, 130 interrupted.

    Raises
    ------
    SystemExit
        By argparse: 0 after ``--help``, 2 for wrong arguments.
    """
    arguments = sys.argv[1:] if argv is None else list(argv)
    args = build_parser(arguments).parse_args(arguments)
    try:
        code: int = args.handler(args)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("spikeloom: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output is gone, as in `spikeloom info | head`. Python would complain
        # once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        exit_code = _exit_code(error)
        if exit_code is None:
            raise
        print(f"spikeloom: {error}", file=sys.stderr)
        return exit_code


def _exit_code(error: Exception) -> int | None:
    """Return the exit code of an error that a user can mend, None for one of ours."""
    from spikeloom.contract import SpikeloomError

    if isinstance(error, SpikeloomError):
        return error.exit_code
    if isinstance(error, OSError) and error.filename is not None:
        return EXIT_USAGE
    return None
