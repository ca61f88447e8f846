"""``spikeloom info URL``: what the array behind a URL is, and how it fares."""

import argparse
from typing import TYPE_CHECKING, Any

from .output import Subparsers, add_command, add_json, format_table, print_json, print_pairs

if TYPE_CHECKING:
    from spikeloom.contract import MemoryMap

__all__ = ["BOARD_STATUS", "register"]

BOARD_STATUS = (
    "No physical board has been tried yet: model: and sim: are what has been run and tested."
)
DEFAULT_URL = "model:"
_LEARNING = {
    "none": "no",
    "synapse": "yes, each synapse may learn or not",
    "row": "yes, all synapses of a row or none",
    "first": "yes, all synapses of a row or none",
}


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        subparsers,
        "info",
        summary="what was built behind a URL: configuration, memories, counters",
        description="Open a target, read its capability block and its status registers.\n"
        f"{BOARD_STATUS}",
        examples="  spikeloom info                 the reference model, default configuration\n"
        "  spikeloom info sim:tiny        simulated gateware\n"
        "  spikeloom info /dev/ttyUSB1    a board\n"
        "  spikeloom info --json | jq .windows",
    )
    parser.add_argument("url", nargs="?", default=DEFAULT_URL, help="target (default: model:)")
    add_json(parser)
    parser.set_defaults(handler=handle)


def handle(args: argparse.Namespace) -> int:
    """Open, read, print."""
    from spikeloom.contract import MemoryMap
    from spikeloom.target import open_target

    target = open_target(args.url)
    try:
        capability = target.capability
        memory = MemoryMap(capability.config)
        counters = memory["status"].unpack(target.read("status"))["value"].tolist()
    finally:
        target.close()
    facts = _facts(args.url, capability.build_id, capability.version, memory, counters)
    if args.json:
        print_json(facts)
    else:
        _print_facts(facts)
    return 0


def _facts(
    url: str, build_id: bytes, version: int, memory: "MemoryMap", counters: list[int]
) -> dict[str, Any]:
    """Return everything as plain values."""
    from spikeloom.contract.registers import STATUS_REGISTERS

    return {
        "url": url,
        "build_id": build_id.hex(),
        "protocol_version": version,
        "board_status": BOARD_STATUS,
        "config": memory.config.to_dict(),
        "windows": [
            {
                "name": window.name,
                "number": window.id,
                "address": window.address(),
                "cores": window.cores,
                "words": window.depth,
                "word_bytes": window.word_bytes,
                "lanes": window.lanes,
                "fields": [[field.name, field.bits, field.signed] for field in window.fields],
                "writable": window.writable,
                "live": window.live,
                "doc": window.doc,
            }
            for window in memory
        ],
        "status": {name: counters[each.offset] for name, each in STATUS_REGISTERS.items()},
    }


def _print_facts(facts: dict[str, Any]) -> None:
    config = facts["config"]
    neurons = config["cores"] * config["neurons_per_core"]
    print_pairs(
        {
            "url": facts["url"],
            "configuration": config["name"],
            "build id": facts["build_id"],
            "protocol version": facts["protocol_version"],
            "neurons": f"{neurons} ({config['cores']} cores of {config['neurons_per_core']})",
            "input axons": config["axons"] - neurons,
            "synapse rows": f"{config['rows_per_core']} per core",
            "lanes": config["lanes"],
            "weights": f"{config['weight_bits']} bits",
            "potentials": f"{config['state_bits']} bits",
            "delays": f"0..{config['delay_slots'] - 1} steps",
            "adaptive threshold": "yes" if config["theta"] else "no",
            "learning": _LEARNING[config["plastic"]],
            "eligibility traces": "yes" if config["eligibility"] else "no",
            "stochastic rounding": "yes" if config["stochastic"] else "no",
            "clock": f"{config['clock_hz'] / 1e6:g} MHz",
            "rates": ", ".join(map(str, config["baud_rates"])) + " baud",
        }
    )
    head = ("window", "words", "bytes a word", "what")
    rows = [
        [
            window["name"],
            window["words"] * window["cores"],
            window["word_bytes"],
            window["doc"],
        ]
        for window in facts["windows"]
    ]
    print("\n" + format_table(head, rows))
    print("\n" + format_table(("counter", "value"), list(facts["status"].items())))
    print(f"\n{facts['board_status']}")
