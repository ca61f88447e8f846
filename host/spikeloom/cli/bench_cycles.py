"""``spikeloom bench cycles``: clock cycles of every step, against the bound of the architecture.

Counts come from the device's status registers, so they are the same on every machine.
"""

import argparse
import dataclasses
import json
import statistics
from collections.abc import Iterator

import numpy as np

from spikeloom.board import Board
from spikeloom.contract import CONFIGS, ArrayConfig, MemoryMap, SpikeloomError
from spikeloom.contract.cycles import step_cycle_bound
from spikeloom.contract.frames import ResetKind
from spikeloom.contract.numbers import DECAY_ONE
from spikeloom.contract.registers import (
    CONTROL_REGISTERS,
    CORE_REGISTERS,
    STATUS_REGISTERS,
    core_register,
)
from spikeloom.contract.words import Words, step_words
from spikeloom.target import Target

__all__ = ["CyclesError", "add_arguments", "run"]

PARENT_CYC = 96_000
"""Clock cycles of a step of NeuroCoreX (arXiv 2506.14138), 90 neurons, whatever happens."""
PARENT_NEURONS, PARENT_INPUTS, PARENT_CONFIG = 90, 96, "xc7a35t"
PARENT_THRESHOLD = 1000
LARGE = ("ecp5_85f_swift", "ecp5_85f_stdp")
"""Not measured unless asked for; the lock-step suite measures smaller ones of the same form."""
ACTIVITY = 0.05
SEED = 20_261_121


class CyclesError(SpikeloomError):
    """A step took more cycles than the architecture allows."""

    exit_code = 1


@dataclasses.dataclass(frozen=True)
class Scenario:
    """Many steps of one kind: their cycles and how far below the bound they stayed."""

    config: str
    name: str
    steps: int
    median_cyc: float
    worst_cyc: int
    least_margin_cyc: int
    arrivals: float
    fired: float
    swept_words: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of the bench."""
    parser.add_argument(
        "--config",
        action="append",
        choices=sorted(CONFIGS),
        help=f"a configuration to measure; may be repeated (default: all but {', '.join(LARGE)}, "
        "which take minutes to build)",
    )
    parser.add_argument("--steps", type=int, default=40, help="steps of each scenario")
    parser.add_argument(
        "--optimise",
        type=int,
        default=None,
        choices=range(4),
        help="how far the compiler optimises the simulated boards; 0 builds fastest",
    )


def run(args: argparse.Namespace) -> int:
    """Measure, print a table, fail if a step exceeded its bound."""
    import spikeloom

    rows: list[Scenario] = []
    options = {} if args.optimise is None else {"optimise": args.optimise}
    for name in args.config or [each for each in CONFIGS if each not in LARGE]:
        with spikeloom.open(f"sim:{name}", **options) as board:
            rows += _measure_config(board, args.steps)
            if name == PARENT_CONFIG:
                rows.append(_measure_parent(board, args.steps))
    if args.json:
        print(json.dumps([dataclasses.asdict(row) for row in rows], indent=2))
    else:
        _print_table(rows)
    return 0


def _print_table(rows: list[Scenario]) -> None:
    print(f"{'config':<13} {'steps that':<28} {'median':>8} {'worst':>8} {'margin':>8}"
          f" {'arrivals':>9} {'fired':>7} {'swept':>8}")  # fmt: skip
    for row in rows:
        print(f"{row.config:<13} {row.name:<28} {row.median_cyc:>8.0f} {row.worst_cyc:>8}"
              f" {row.least_margin_cyc:>8} {row.arrivals:>9.1f} {row.fired:>7.1f}"
              f" {row.swept_words:>8.1f}")  # fmt: skip
    for row in rows:
        if row.name == "parent's shape":
            ratio = PARENT_CYC / row.median_cyc
            print(
                f"\n{PARENT_NEURONS} neurons all-to-all, {PARENT_INPUTS} inputs, 5 % activity: "
                f"{row.median_cyc:.0f} cycles a step, {ratio:.0f} times fewer than the "
                f"{PARENT_CYC} of NeuroCoreX"
            )
    print("every step stayed within its bound; cycles are counted by the gateware itself")


def _measure_config(board: Board, steps: int) -> Iterator[Scenario]:
    """Measure silence, 5 % activity and steps in which everything arrives and fires."""
    config, target = board.target.capability.config, board.target
    rng = np.random.default_rng(SEED)
    for learns in (False, True) if config.learns else (False,):
        for name, threshold, inputs in (
            ("are silent", 1000, 0.0),
            ("have 5 % inputs", 1000, ACTIVITY),
            ("arrive and fire fully", -1000, 1.0),
        ):
            _load(target, config, rng, threshold)
            if learns:
                _teach(target, config)
            words = [_events(config, rng, inputs) for _ in range(steps)]
            in_use = config.neurons_per_core, config.axon_words
            name = f"learn, {name}" if learns else name
            yield _measure(target, config, name, words, *in_use, learns=learns)


def _measure_parent(board: Board, steps: int) -> Scenario:
    """Measure the shape of NeuroCoreX: all-to-all, each neuron firing once in 20 steps."""
    from spikeloom import LIF, Network

    rng = np.random.default_rng(SEED)
    period_steps = round(1 / ACTIVITY)
    neuron = LIF(threshold=PARENT_THRESHOLD, bias=PARENT_THRESHOLD // period_steps)
    network = Network("parent's shape")
    inputs = network.input("inputs", PARENT_INPUTS)
    neurons = network.population("neurons", PARENT_NEURONS, neuron, scale=1)
    for source, size in ((inputs, PARENT_INPUTS), (neurons, PARENT_NEURONS)):
        weights = rng.choice([-1, 1], (size, PARENT_NEURONS))
        network.connect(source, neurons, weights=weights)
    program = board.program(network)
    config, target = board.target.capability.config, board.target
    # Neurons begin somewhere on their way to the threshold, so that they fire evenly.
    v = MemoryMap(config)["v"]
    for core in range(config.cores):
        phases = rng.integers(0, PARENT_THRESHOLD, config.neurons_per_core)
        target.write("v", v.pack(v=phases), core=core)
    axons = program.inputs["inputs"].axons[0]
    words = []
    for _ in range(steps):
        active = axons[rng.random(axons.size) < ACTIVITY]
        words.append(np.concatenate([active.astype(np.uint16), step_words(1)]))
    control = MemoryMap(config)["control"].unpack(target.read("control"))["value"]
    in_use = max(control[core_register("neurons_in_use", k)] for k in range(config.cores))
    axon_words = control[CONTROL_REGISTERS["axon_words"].offset]
    return _measure(target, config, "parent's shape", words, int(in_use), int(axon_words))


def _load(target: Target, config: ArrayConfig, rng: np.random.Generator, threshold: int) -> None:
    """Write a network in which every axon reaches every core that has room for its row."""
    memory = MemoryMap(config)
    target.reset(ResetKind.ALL)
    axons = rng.permutation(config.axons)[: config.rows_per_core]
    rows = np.zeros((2, config.axons), np.int64)
    rows[0, axons], rows[1, axons] = np.arange(axons.size), 1
    fields = dict(zip(("row", "valid"), rows, strict=True))
    n = config.neurons_per_core
    weights = rng.integers(-3, 4, (memory["weights"].depth, config.window_lanes))
    for core in range(config.cores):
        target.write("rows", memory["rows"].pack(**fields), core=core)
        target.write("weights", memory["weights"].pack(weight=weights), core=core)
        target.write("threshold", memory["threshold"].pack(threshold=[threshold] * n), core=core)
        decays = memory["v_decay"].pack(v_decay=[DECAY_ONE // 8] * n, gain=[0] * n)
        target.write("v_decay", decays, core=core)
        modes = {"i_decay": [DECAY_ONE] * n, "reset_mode": [0] * n, "hold": [0] * n}
        target.write("i_decay", memory["i_decay"].pack(**modes), core=core)
    target.write("delay", memory["delay"].pack(delay=[1] * config.axons))


def _teach(target: Target, config: ArrayConfig) -> None:
    """Let every synapse learn, with slow traces, so that many rows are swept."""
    memory = MemoryMap(config)
    sources = {}
    if config.draws:
        sources["axon"] = np.zeros(config.rows_per_core, np.int64)
    if config.plastic == "row":
        sources["plastic"] = np.ones(config.rows_per_core, np.int64)
    registers = {
        "plastic_rows": config.rows_per_core,
        "x_trace": CORE_REGISTERS["x_trace"].pack(plus=64, decay=8, mode=0, nearest=0),
        "y_trace": CORE_REGISTERS["y_trace"].pack(plus=64, decay=8, mode=0, nearest=0),
        "a1": CORE_REGISTERS["a1"].pack(coefficient=-64, shift=10),
        "b1": CORE_REGISTERS["b1"].pack(coefficient=64, shift=10),
        "w_range": CORE_REGISTERS["w_range"].pack(w_min=-8, w_max=7),
    }
    learning = {"change": 1, "stochastic": 1, "eligibility": int(config.eligibility)}
    registers["learning"] = CORE_REGISTERS["learning"].pack(**learning)
    if config.eligibility:
        rewards = {"decay": 16, "shift": 6, "every_log2": 2}
        registers["eligibility"] = CORE_REGISTERS["eligibility"].pack(**rewards)
    control = memory["control"]
    for core in range(config.cores):
        if sources:
            target.write("sources", memory["sources"].pack(**sources), core=core)
        if "plastic" in memory:
            flags = np.ones((memory["plastic"].depth, config.window_lanes), np.int64)
            target.write("plastic", memory["plastic"].pack(plastic=flags), core=core)
        for name, value in registers.items():
            target.write("control", control.pack(value=[value]), offset=core_register(name, core))


def _events(config: ArrayConfig, rng: np.random.Generator, share: float) -> Words:
    axons = config.neurons + np.flatnonzero(rng.random(config.inputs) < share)
    return np.concatenate([axons.astype(np.uint16), step_words(1)])


def _measure(
    target: Target,
    config: ArrayConfig,
    name: str,
    words: list[Words],
    neurons_in_use: int,
    axon_words: int,
    *,
    learns: bool = False,
) -> Scenario:
    """Run step by step; read what each cost and check it against the bound."""
    status = MemoryMap(config)["status"]
    cycles, margins, arrivals, fired, swept = [], [], [], [], []
    for number, step in enumerate(words):
        for _ in target.run([step]):
            pass
        values = status.unpack(target.read("status"))["value"]
        seen = {key: int(values[each.offset]) for key, each in STATUS_REGISTERS.items()}
        bound = step_cycle_bound(
            config,
            arrivals=seen["last_arrivals"],
            fired=seen["last_fired"],
            neurons_in_use=neurons_in_use,
            axon_words=axon_words,
            swept=seen["last_swept"] if learns else None,
        )
        if seen["step_cycles"] > bound:
            raise CyclesError(
                f"step {number} of {name!r} on {config.name!r} must take at most {bound} cycles, "
                f"not {seen['step_cycles']}; the gateware lost a cycle somewhere in "
                f"{seen['last_arrivals']} arrivals, {seen['last_fired']} spikes and "
                f"{seen['last_swept']} words swept"
            )
        cycles.append(seen["step_cycles"])
        margins.append(bound - seen["step_cycles"])
        arrivals.append(seen["last_arrivals"])
        fired.append(seen["last_fired"])
        swept.append(seen["last_swept"])
    return Scenario(
        config=config.name,
        name=name,
        steps=len(words),
        median_cyc=statistics.median(cycles),
        worst_cyc=max(cycles),
        least_margin_cyc=min(margins),
        arrivals=statistics.fmean(arrivals),
        fired=statistics.fmean(fired),
        swept_words=statistics.fmean(swept),
    )
