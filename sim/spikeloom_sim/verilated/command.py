"""``spikeloom sim``: build a simulated board, offer it as a pseudo-terminal, write its Verilog."""

import argparse
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import _SubParsersAction

__all__ = ["register"]

_DESCRIPTION = """\
Run the gateware on this computer, compiled by Verilator. Without an option the board is only
built, so that its first use starts at once; it is opened as sim:CONFIG.
No physical board is involved, and the rate of a pseudo-terminal limits nothing. The board's
clock is slower than a real one's: with --uart bits give the program that uses it time."""
_EXAMPLES = """\
examples:
  spikeloom sim tiny
  spikeloom sim quad --pty --uart bits --link /tmp/spikeloom
  spikeloom sim up5k --verilog build"""


def register(subparsers: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "sim",
        help="run the gateware on this computer, as a pseudo-terminal if asked for",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "config",
        nargs="?",
        default="",
        metavar="CONFIG",
        help="configuration, as in sim:CONFIG (default: that of sim:)",
    )
    parser.add_argument(
        "--pty", action="store_true", help="offer the board as a pseudo-terminal until Ctrl-C"
    )
    parser.add_argument(
        "--uart",
        choices=("bytes", "bits"),
        default="bytes",
        help="with --pty: pass the UART by (bytes, fast) or run it bit by bit (default bytes)",
    )
    parser.add_argument(
        "--link", type=Path, metavar="PATH", help="with --pty: make a symbolic link to it"
    )
    parser.add_argument(
        "--flash", metavar="FILE", help="with --pty: a boot image in the board's flash"
    )
    parser.add_argument(
        "--verilog", type=Path, metavar="DIR", help="write the board's Verilog and a JSON sidecar"
    )
    parser.set_defaults(handler=handle)


def handle(args: argparse.Namespace) -> int:
    """Do what the options say."""
    # numpy comes with it, and `spikeloom --help` must start fast.
    from spikeloom.contract import DEFAULT_CONFIG, named_config

    config = named_config(args.config or DEFAULT_CONFIG)
    if args.verilog is not None:
        # Amaranth and Yosys take a while to import.
        from spikeloom_rtl.emit import emit
        from spikeloom_rtl.top import Top

        for path in emit(Top(config), "spikeloom_top", config).write(args.verilog):
            print(path)
    if args.pty:
        return _serve(args)
    if args.verilog is None:
        from .build import build_board

        folder = build_board(config)
        print(f"sim:{config.name} is built in {folder}")
    return 0


def _serve(args: argparse.Namespace) -> int:
    from .port import SimPort
    from .pty import PtyBridge
    from .url import SimOptions

    options = SimOptions.from_url(f"sim:{args.config}", uart=args.uart, flash=args.flash)
    with SimPort(baudrate=options.config.baud_rates[0], options=options) as port:
        port.open()
        bridge = PtyBridge(port, args.link)

        def stop(*_: Any) -> None:
            bridge.stop()

        before = signal.signal(signal.SIGINT, stop), signal.signal(signal.SIGTERM, stop)
        try:
            print(f"{bridge.path} (press Ctrl-C to stop)", flush=True)
            bridge.run()
        finally:
            signal.signal(signal.SIGINT, before[0])
            signal.signal(signal.SIGTERM, before[1])
            bridge.close()
    return 0
