"""``spikeloom bench board``: where the cycles of a step go, and steps/s of builds.

The gateware counts its cycles itself. A phase is what is saved without it: the same network is run
whole, without learning, without arrivals and with nothing in use. Steps/s are cycles times the
frequency that a build of the configuration has reached, from ``docs/boards.json``.
"""

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.board import Board
from spikeloom.contract import CONFIGS, ArrayConfig, MemoryMap, SpikeloomError
from spikeloom.contract.registers import (
    CONTROL_REGISTERS,
    STATUS_REGISTERS,
    core_register,
)
from spikeloom.contract.words import Words, step_words
from spikeloom.network import LIF, STDP, Input, Network, Population, RawSTDP
from spikeloom.target import Target

__all__ = [
    "NETWORKS",
    "RULES",
    "Figure",
    "Shape",
    "add_arguments",
    "fitting",
    "measure",
    "run",
    "speeds_hz",
]

ACTIVITY = 0.05
"""Share of the inputs that is active, and of the neurons that fires, in a step, in most shapes."""
THRESHOLD = 1000
SEED = 20_261_122
_SETTLING_STEPS = 40


@dataclasses.dataclass(frozen=True)
class Shape:
    """A network in which every source reaches every neuron.

    Attributes
    ----------
    neurons : int
        Neurons, all connected to all.
    inputs : int
        Inputs, all connected to all neurons.
    activity : float
        Share of the inputs that is active in a step, 0..1.
    """

    neurons: int
    inputs: int = 0
    activity: float = ACTIVITY


NETWORKS = {
    "parent": Shape(90, 96),
    "parent64": Shape(90, 64, ACTIVITY * 96 / 64),
    "96": Shape(96),
    "256": Shape(256),
    "512": Shape(512),
}
"""Networks by name: the parent's shape, the same for arrays with 64 inputs, on which as many spikes
come as on 96, and dense recurrent ones."""

RULES: dict[str, RawSTDP | None] = {
    "none": None,
    "window": STDP.raw(
        a1=(-1, 8), b1=(1, 8),
        x_mode="window", x_plus=4, x_nearest=True, x_effect="rectangular",
        y_mode="window", y_plus=4, y_nearest=True, y_effect="rectangular",
        w_min=-1, w_max=1,
    ),
    "exponential": STDP.raw(
        a1=(-1, 4), b1=(1, 4), x_plus=64, x_decay=32, y_plus=64, y_decay=32, w_min=-1, w_max=1
    ),
}  # fmt: skip
"""Rules by name: pairs within 4 steps change a weight by 1; traces that lose 1/8 a step."""


@dataclasses.dataclass(frozen=True)
class Figure:
    """What steps of a network cost on a configuration: means over many steps.

    Attributes
    ----------
    config, network, rule : str
        Names.
    steps : int
        Steps that were measured.
    cycles, arrivals, fired, swept_words : float
        A step.
    arrive, update, learn, rest : float
        Its cycles: axons walked and integrated, spikes told, neurons updated, synapses and traces
        changed beside that, and what a step takes in which nothing is in use.
    """

    config: str
    network: str
    rule: str
    steps: int
    cycles: float
    arrivals: float
    fired: float
    swept_words: float
    arrive: float
    update: float
    learn: float
    rest: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of the bench."""
    parser.add_argument(
        "--config", action="append", choices=sorted(CONFIGS), required=True,
        help="a configuration to measure; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--network", action="append", choices=list(NETWORKS),
        help="parent: 90 neurons and 96 inputs, all to all; parent64: with 64; else so many "
        "neurons, all to all; may be repeated (default: all that fit)",
    )  # fmt: skip
    parser.add_argument(
        "--rule", action="append", choices=list(RULES),
        help="how synapses learn; may be repeated (default: all that the configuration has)",
    )  # fmt: skip
    parser.add_argument("--steps", type=int, default=200, help="steps of each measurement")
    parser.add_argument(
        "--builds", type=Path, default=Path("docs/boards.json"), metavar="FILE",
        help="what builds have reached (default: docs/boards.json)",
    )  # fmt: skip
    parser.add_argument(
        "--optimise", type=int, default=None, choices=range(4),
        help="how far the compiler optimises the simulated boards; 0 builds fastest",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Measure and print a table."""
    import spikeloom

    figures: list[Figure] = []
    options = {} if args.optimise is None else {"optimise": args.optimise}
    for name in args.config:
        wanted = [
            (network, rule)
            for network in args.network or fitting(CONFIGS[name])
            for rule in args.rule or list(RULES)
            if rule == "none" or CONFIGS[name].learns
        ]
        with spikeloom.open(f"sim:{name}", **options) as board:
            figures += [measure(board, *each, steps=args.steps) for each in wanted]
    speeds = speeds_hz(args.builds)
    if args.json:
        print(json.dumps([_facts(each, speeds) for each in figures], indent=2))
        return 0
    head = ("config", "network", "rule", "cycles", "arrive", "update", "learn", "rest", "arrivals",
            "fired", "swept", "MHz", "steps/s")  # fmt: skip
    widths = (15, 9, 13, 8, 8, 8, 8, 6, 9, 7, 8, 7, 11)
    print("".join(f"{cell:>{width}}" for cell, width in zip(head, widths, strict=True)))
    for each in figures:
        fmax = max(speeds.get(each.config, {"": 0.0}).values())
        numbers = (
            each.cycles, each.arrive, each.update, each.learn, each.rest, each.arrivals,
            each.fired, each.swept_words,
        )  # fmt: skip
        cells = [each.config, each.network, each.rule, *(f"{n:.1f}" for n in numbers)]
        cells += [f"{fmax / 1e6:.1f}", f"{fmax / each.cycles:,.0f}"] if fmax else ["-", "-"]
        print("".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)))
    return 0


def speeds_hz(path: Path) -> dict[str, dict[str, float]]:
    """Return the frequencies that builds have reached: by configuration, then by board.

    Parameters
    ----------
    path : Path
        ``boards.json``, as ``python -m spikeloom_firmware.nightly --write`` leaves it. Empty if it
        is not there.

    Raises
    ------
    SpikeloomError
        If it cannot be read.
    """
    if not path.is_file():
        return {}
    try:
        rows: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        found: dict[str, dict[str, float]] = {}
        for row in rows.values():
            if row["timing_met"]:
                found.setdefault(row["config"], {})[row["board"]] = float(row["fmax_hz"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SpikeloomError(
            f"{path} must hold results of builds by board, but cannot be read ({error!r}); name "
            f"another file with --builds"
        ) from error
    return found


def measure(board: Board, network: str, rule: str = "none", *, steps: int = 200) -> Figure:
    """Run a network of `NETWORKS` whole, then without each phase; return the cycles of each.

    Parameters
    ----------
    board : Board
        A simulated board, or a real one.
    network, rule : str
        Keys of `NETWORKS` and `RULES`.
    steps : int
        Steps to measure, 1 or more; 40 before them are not counted.

    Raises
    ------
    SpikeloomError
        If the network does not fit, or the link fails.
    """
    shape, target = NETWORKS[network], board.target
    config = target.capability.config
    rng = np.random.default_rng(SEED)
    program = board.program(_network(shape, RULES[rule], rng))
    axons = program.inputs["inputs"].axons[0] if shape.inputs else np.zeros(0, np.uint16)
    words = [_events(axons, shape.activity, rng) for _ in range(_SETTLING_STEPS + steps)]
    phases = rng.integers(0, THRESHOLD, (config.cores, config.neurons_per_core))
    whole = _mean(target, words, phases)
    frozen = whole
    if config.learns and rule != "none":
        for core in range(config.cores):
            _write(target, core_register("plastic_rows", core), 0)
            _write(target, core_register("learning", core), 0)
        frozen = _mean(target, words, phases)
    silence = [step_words(1)] * len(words)
    _write(target, CONTROL_REGISTERS["axon_words"].offset, 0)
    updated = _mean(target, silence, np.full_like(phases, -(1 << (config.state_bits - 1))))
    for core in range(config.cores):
        _write(target, core_register("neurons_in_use", core), 0)
    rest = _mean(target, silence, phases)
    return Figure(
        config=config.name, network=network, rule=rule, steps=steps, cycles=whole["cycles"],
        arrivals=whole["arrivals"], fired=whole["spikes"], swept_words=whole["swept"],
        arrive=frozen["cycles"] - updated["cycles"], update=updated["cycles"] - rest["cycles"],
        learn=whole["cycles"] - frozen["cycles"], rest=rest["cycles"],
    )  # fmt: skip


def fitting(config: ArrayConfig) -> list[str]:
    """Return the names of the `NETWORKS` that a configuration has room for."""
    return [
        name
        for name, shape in NETWORKS.items()
        if shape.neurons <= config.neurons
        and shape.inputs <= config.inputs
        and shape.neurons + shape.inputs <= config.rows_per_core
    ]


def _network(shape: Shape, rule: RawSTDP | None, rng: np.random.Generator) -> Network:
    """Return a network whose neurons fire once in 20 steps, each at its own time."""
    neuron = LIF(threshold=THRESHOLD, bias=round(THRESHOLD * ACTIVITY))
    network = Network("bench")
    neurons = network.population("neurons", shape.neurons, neuron, scale=1)
    sources: list[tuple[Input | Population, int]] = [(neurons, shape.neurons)]
    if shape.inputs:
        sources.append((network.input("inputs", shape.inputs), shape.inputs))
    for source, size in sources:
        weights = rng.choice([-1, 1], (size, shape.neurons))
        network.connect(source, neurons, weights=weights, stdp=rule)
    return network


def _events(
    axons: npt.NDArray[np.integer[Any]], activity: float, rng: np.random.Generator
) -> Words:
    active = axons[rng.random(axons.size) < activity]
    return np.concatenate([active.astype(np.uint16), step_words(1)])


def _write(target: Target, register: int, value: int) -> None:
    control = MemoryMap(target.capability.config)["control"]
    target.write("control", control.pack(value=[value]), offset=register)


def _mean(
    target: Target, words: list[Words], phases: npt.NDArray[np.integer[Any]]
) -> dict[str, float]:
    """Run steps, all neurons from given potentials; return what one costs on average."""
    config = target.capability.config
    window = MemoryMap(config)["v"]
    for core in range(config.cores):
        target.write("v", window.pack(v=phases[core]), core=core)
    for _ in target.run([np.concatenate(words[:_SETTLING_STEPS])]):
        pass
    before, swept = _status(target), 0
    for step in words[_SETTLING_STEPS:]:
        for _ in target.run([step]):
            pass
        swept += _status(target)["last_swept"]
    after = _status(target)
    count = len(words) - _SETTLING_STEPS
    total = {
        "cycles": (after["cycles_low"] - before["cycles_low"]) % (1 << 32),
        "arrivals": after["arrivals"] - before["arrivals"],
        "spikes": after["spikes"] - before["spikes"],
        "swept": swept,
    }
    return {name: value / count for name, value in total.items()}


def _status(target: Target) -> dict[str, int]:
    window = MemoryMap(target.capability.config)["status"]
    values = window.unpack(target.read("status"))["value"]
    return {name: int(values[each.offset]) for name, each in STATUS_REGISTERS.items()}


def _facts(figure: Figure, speeds: dict[str, dict[str, float]]) -> dict[str, Any]:
    by_board = speeds.get(figure.config, {})
    rates = {board: fmax / figure.cycles for board, fmax in by_board.items()}
    return {**dataclasses.asdict(figure), "fmax_hz": by_board, "steps_per_s": rates}
