"""``spikeloom boards [BOARD]``: which boards there are, and what is known of one."""

import argparse
from typing import Any

from spikeloom.cli.output import (
    Subparsers,
    add_command,
    add_json,
    format_table,
    print_json,
    print_pairs,
)

__all__ = ["register"]

_BUILDS_WITH = {
    "icestorm": "Yosys, nextpnr-ice40",
    "trellis": "Yosys, nextpnr-ecp5",
    "apicula": "Yosys, nextpnr-himbaechel, Apicula",
    "vivado": "Vivado",
}


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        subparsers,
        "boards",
        summary="list the boards for which bitstreams can be built",
        description="List the boards with their FPGA, the array that is built for them, and the\n"
        "tools that build it. No physical board has been tried yet.",
        examples="  spikeloom boards\n"
        "  spikeloom boards icebreaker                 everything about one, pins included\n"
        "  spikeloom boards --json | jq '.[].usb'",
    )
    parser.add_argument("board", nargs="?", help="tell everything about this one")
    add_json(parser)
    parser.set_defaults(handler=handle)


def handle(args: argparse.Namespace) -> int:
    """Print the list."""
    from spikeloom_boards import boards, find_board

    from ..pins import pins_of

    if args.board:
        board = find_board(args.board)
        return _print_one({**_facts(board), "pins": pins_of(board)}, args.json)
    facts = [_facts(board) for board in boards().values()]
    if args.json:
        print_json(facts)
        return 0
    head = ("board", "title", "part", "neurons", "axons", "lanes", "MHz", "USB", "built by")
    rows = [
        [
            each["name"],
            each["title"],
            each["part"],
            each["neurons"],
            each["axons"],
            each["lanes"],
            f"{each['clock_hz'] / 1e6:g}",
            each["usb"],
            each["builds_with"],
        ]
        for each in facts
    ]
    print(format_table(head, rows))
    return 0


def _print_one(facts: dict[str, Any], as_json: bool) -> int:
    if as_json:
        print_json(facts)
        return 0
    pairs: dict[str, object] = {
        "board": f"{facts['title']} by {facts['maker']}",
        "page": facts["page"],
        "FPGA": f"{facts['part']} {facts['package']}",
        "array": f"{facts['config']}: {facts['neurons']} neurons, {facts['axons']} axons, "
        f"{facts['lanes']} weights a cycle",
        "clock": f"{facts['clock_hz'] / 1e6:g} MHz from {facts['oscillator_hz'] / 1e6:g} MHz",
        "rates": ", ".join(map(str, facts["baud_rates"])) + " baud",
        "USB": f"{facts['usb']}, serial line on interface {facts['uart_interface']}",
        "openFPGALoader": facts["loader"],
        "built by": facts["builds_with"],
        **{f"pin of {name}": pin for name, pin in facts["pins"].items()},
    }
    if facts["boot_offset"] is not None:
        pairs["boot network"] = f"in the flash at {facts['boot_offset']:#x}"
    for number, remark in enumerate(facts["remarks"]):
        pairs["remarks" if number == 0 else " " * number] = remark
    print_pairs(pairs)
    return 0


def _facts(board: Any) -> dict[str, Any]:
    config = board.array_config
    return {
        "name": board.name,
        "title": board.title,
        "maker": board.maker,
        "page": board.page,
        "part": board.part,
        "package": board.package,
        "config": board.config,
        "neurons": config.neurons,
        "axons": config.axons,
        "lanes": config.cores * config.lanes,
        "clock_hz": config.clock_hz,
        "oscillator_hz": board.oscillator_hz,
        "learns": config.learns,
        "boot_offset": config.boot_offset,
        "baud_rates": list(config.baud_rates),
        "usb": board.usb.id,
        "uart_interface": board.usb.uart_interface,
        "port_is_shared": board.usb.shared,
        "loader": board.loader.board,
        "builds_with": _BUILDS_WITH[board.fpga.toolchain],
        "remarks": list(board.remarks),
    }
