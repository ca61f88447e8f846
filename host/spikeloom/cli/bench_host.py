"""``spikeloom bench host``: steps a second on this computer, 256 neurons at 5 % activity.

The network fills the default array: 256 neurons, each to all, and 64 inputs. Biases differ from
neuron to neuron, so that each fires about once in 20 steps and not all at once; every input
spikes with a probability of 5 % a step. Medians of several runs, through `Board.run`: encoding the
stimulus and decoding the spikes are in the time.
"""

import argparse
import dataclasses
import statistics
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spikeloom.cli.output import NOTHING, format_table, print_json
from spikeloom.network import LIF, Network

if TYPE_CHECKING:
    from spikeloom.board import Board

__all__ = ["Speed", "activity_network", "add_arguments", "measure", "run"]

NEURONS, INPUTS = 256, 64
ACTIVITY = 0.05
THRESHOLD = 1000
SEED = 20_261_121
BATCH = 100
PLAIN = "sim:quad_plain"
"""The simulated board for networks that only infer, as the network of this bench does."""
TARGETS = ("model:", PLAIN, "sim:")
PROMISED = {
    "model: single": 15_000,
    "model: batch": 50_000,
    f"{PLAIN} single": 3_000,
    "sim: single": 1_000,  # learning is built in and rests, but is simulated all the same
}
"""Steps (of a batch: sample-steps) a second that an idle 2-core computer makes at the least."""


@dataclasses.dataclass(frozen=True)
class Speed:
    """How fast one target is.

    Attributes
    ----------
    name : str
        Target and kind of run.
    samples, steps : int
        Samples of a run, and steps of each.
    steps_per_s : float
        Steps of all samples per second, median of the runs.
    slowest, fastest : float
        The same, of the slowest and the fastest run.
    activity : float
        Spikes per neuron and step, as measured.
    promised : int
        What the project promises for an idle computer with two cores.
    """

    name: str
    samples: int
    steps: int
    steps_per_s: float
    slowest: float
    fastest: float
    activity: float
    promised: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of the bench."""
    parser.add_argument("--runs", type=int, default=5, help="runs of each kind (default: 5)")
    parser.add_argument("--steps", type=int, default=2000, help="steps of a single sample")
    parser.add_argument("--target", action="append", choices=TARGETS,
                        help="only this one (default: all)")  # fmt: skip


def activity_network() -> Network:
    """Return the network that is measured."""
    rng = np.random.default_rng(SEED)
    period_steps = rng.uniform(0.65, 1.35, NEURONS) / ACTIVITY
    neuron = LIF(threshold=THRESHOLD, bias=np.rint(THRESHOLD / period_steps))
    network = Network("activity")
    inputs = network.input("inputs", INPUTS)
    neurons = network.population("neurons", NEURONS, neuron, scale=1)
    for source, size in ((inputs, INPUTS), (neurons, NEURONS)):
        network.connect(source, neurons, rng.choice([-3, -2, -1, 1, 2, 3], (size, NEURONS)))
    return network


def _stimulus(samples: int, steps: int) -> npt.NDArray[np.bool_]:
    rng = np.random.default_rng(SEED)
    spikes: npt.NDArray[np.bool_] = rng.random((samples, steps, INPUTS)) < ACTIVITY
    return spikes


def measure(board: "Board", name: str, samples: int, steps: int, runs: int) -> Speed:
    """Measure one kind of run on a board that holds the network.

    Parameters
    ----------
    board : Board
        With `activity_network` loaded.
    name : str
        A key of `PROMISED`.
    samples, steps : int
        Samples of a run (1: a run without sample axis) and steps of each.
    runs : int
        Runs that are measured, after one that is not.
    """
    spikes = _stimulus(samples, steps)
    stimulus: Any = spikes if samples > 1 else spikes[0]
    rates, fired = [], 0
    for number in range(runs + 1):
        board.reset_state()
        began = time.perf_counter()
        recording = board.run(stimulus, progress=False)
        if number:
            rates.append(samples * steps / (time.perf_counter() - began))
        fired = int(recording.counts("neurons").sum())
    return Speed(
        name=name,
        samples=samples,
        steps=steps,
        steps_per_s=statistics.median(rates),
        slowest=min(rates),
        fastest=max(rates),
        activity=fired / (samples * steps * NEURONS),
        promised=PROMISED[name],
    )


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    import spikeloom

    speeds = []
    for url in args.target or TARGETS:
        with spikeloom.open(url) as board:
            board.program(activity_network())
            speeds.append(measure(board, f"{url} single", 1, args.steps, args.runs))
            if url == "model:":
                batch_steps = max(1, args.steps // 10)
                speeds.append(measure(board, f"{url} batch", BATCH, batch_steps, args.runs))
    if args.json:
        print_json([dataclasses.asdict(speed) for speed in speeds])
        return 0
    head = ("run", "samples", "steps", "steps/s", "slowest", "fastest", "promised", "activity")
    rows = [
        [
            speed.name,
            speed.samples if speed.samples > 1 else NOTHING,
            speed.steps,
            round(speed.steps_per_s),
            round(speed.slowest),
            round(speed.fastest),
            speed.promised,
            f"{speed.activity:.1%}",
        ]
        for speed in speeds
    ]
    print(format_table(head, rows))
    print(f"\nmedians of {args.runs} runs; steps/s of a batch count the steps of all samples")
    return 0
