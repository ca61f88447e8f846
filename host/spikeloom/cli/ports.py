"""``spikeloom ports``: what can be opened from here."""

import argparse

from .output import Subparsers, add_command, add_json, format_table, print_json

__all__ = ["register"]


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        subparsers,
        "ports",
        summary="list the serial ports and the targets that can be opened",
        description="List targets without hardware, then the serial ports of this computer.\n"
        "A port is only listed, not opened: many boards share one USB identity, so name\n"
        "the port yourself and let `spikeloom info PORT` tell what is there.",
        examples="  spikeloom ports\n  spikeloom ports --json",
    )
    add_json(parser)
    parser.set_defaults(handler=handle)


def handle(args: argparse.Namespace) -> int:
    """Print the list."""
    from spikeloom.link.ports import serial_ports
    from spikeloom.target import target_schemes

    rows = [
        {"url": f"{scheme}:", "id": "", "description": f"target of {point.value.split(':')[0]}"}
        for scheme, point in sorted(target_schemes().items())
    ]
    for port in serial_ports():
        description = port.guess or port.description
        rows.append({"url": port.url, "id": port.usb_id, "description": description})
    if args.json:
        print_json(rows)
    else:
        head = ("url", "id", "description")
        print(format_table(head, [[row[key] for key in head] for row in rows]))
    return 0
