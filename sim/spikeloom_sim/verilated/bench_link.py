"""``spikeloom bench link``: how much of the line carries a program while a board is programmed.

A network is programmed through the gateware's UART, bit by bit, while replies
are held back as a USB adapter does. Time is counted in bit times of the simulation, from the first
byte of the program to the last acknowledge, so the figures are the same on every machine.
"""

import argparse
import dataclasses

import numpy as np

from spikeloom.board import Board
from spikeloom.cli.output import format_table, print_json
from spikeloom.compiler import compile
from spikeloom.contract import ArrayConfig
from spikeloom.link import LinkTarget
from spikeloom.network import LIF, Network

from .port import SimPort
from .url import SimOptions

__all__ = ["LINE_CONFIG", "LineUse", "add_arguments", "line_use", "run"]

LINE_CONFIG = ArrayConfig(
    name="line",
    cores=1,
    neurons_per_core=64,
    axons=3712,
    rows_per_core=3600,
    lanes=16,
    clock_hz=12_000_000,
)
"""Much memory behind little logic, so that the line is what takes the time."""

INPUTS = {1_000_000: 1600, 3_000_000: 3600}
"""Inputs of the network, by rate: at least half a second of programming at either."""
NEURONS = 64
BITS_PER_BYTE = 10
PROMISED = 0.90
RATES_BAUD = tuple(INPUTS)
LATENCIES_MS = (0, 1, 16)
SEED = 20_261_121


@dataclasses.dataclass(frozen=True)
class LineUse:
    """What programming took on the line.

    Attributes
    ----------
    baud : int
        Rate.
    latency_ms : float
        How long each reply was held back.
    payload_bytes : int
        Memory contents that were written.
    bit_times : float
        Duration, in bits of the line.
    share : float
        Bits of payload, start and stop bits included, per bit time.
    retries : int
        Frames that were sent again.
    """

    baud: int
    latency_ms: float
    payload_bytes: int
    bit_times: float
    share: float
    retries: int


def _network(inputs: int) -> Network:
    rng = np.random.default_rng(SEED)
    network = Network("line")
    channels = network.input("inputs", inputs)
    neurons = network.population("neurons", NEURONS, LIF(threshold=1000), scale=1)
    weights = rng.integers(1, 128, (inputs, NEURONS)) * rng.choice([-1, 1], (inputs, NEURONS))
    network.connect(channels, neurons, weights)
    return network


def line_use(baud: int, latency_ms: float) -> LineUse:
    """Program a simulated board over a line of `baud`, with replies held back."""
    options = SimOptions.from_url(
        "sim:", config=LINE_CONFIG, uart="bits", latency_us=1000 * latency_ms
    )
    port = SimPort(options=options, wait_at_rest=False)
    port.baudrate = LINE_CONFIG.baud_rates[0]
    port.open()
    target = LinkTarget(port, "sim:line", baudrate=baud)
    with Board(target) as board:
        program = compile(_network(INPUTS[baud]), LINE_CONFIG)
        before, retries = port.counters, target.statistics.retries
        board.program(program, progress=False)
        cycles = port.counters.time_cyc - before.time_cyc
        retries = target.statistics.retries - retries
    bit_times = cycles * baud / LINE_CONFIG.clock_hz
    return LineUse(
        baud=baud,
        latency_ms=latency_ms,
        payload_bytes=program.size_bytes,
        bit_times=bit_times,
        share=program.size_bytes * BITS_PER_BYTE / bit_times,
        retries=retries,
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of the bench."""
    parser.add_argument("--baud", type=int, action="append", choices=RATES_BAUD,
                        help="only this rate; may be repeated (default: both)")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Measure and print; exit code 1 if less than nine tenths of the line were used."""
    uses = [line_use(baud, ms) for baud in args.baud or RATES_BAUD for ms in LATENCIES_MS]
    if args.json:
        print_json([dataclasses.asdict(use) for use in uses])
    else:
        head = ("baud", "reply latency", "payload", "bit times", "payload on the line", "retries")
        rows = [
            [use.baud, f"{use.latency_ms} ms", f"{use.payload_bytes} B", round(use.bit_times),
             f"{use.share:.1%}", use.retries]
            for use in uses
        ]  # fmt: skip
        print(format_table(head, rows))
    return 0 if all(use.share >= PROMISED for use in uses) else 1
