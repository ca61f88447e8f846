"""Random plans for the reference model, and how to load one into a target."""

import random
from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st
from reference_rules import learning_values, load_learning, make_learning
from scalar_oracle import ONE, Plan, ScalarArray

from spikeloom.contract import CONFIGS, ArrayConfig, MemoryMap
from spikeloom.contract.registers import CONTROL_REGISTERS, core_register
from spikeloom.contract.words import Words, step_words
from spikeloom_sim.reference import ArrayModel
from spikeloom_sim.reference.target import ModelTarget


def _config(name: str, cores: int, neurons: int, axons: int, rows: int, **others) -> ArrayConfig:
    return ArrayConfig(
        name=name,
        cores=cores,
        neurons_per_core=neurons,
        axons=axons,
        rows_per_core=rows,
        **{"lanes": 1, "delay_slots": 4, "probes": 8} | others,
    )


ONE_NEURON = _config("one", 1, 1, 3, 3, delay_slots=2)
ALONE = _config("alone", 1, 1, 1, 1, plastic="row")
ODD = _config("odd", 3, 5, 37, 23, lanes=5, weight_bits=5, state_bits=13, probes=3)
NARROW = _config("narrow", 1, 7, 21, 21, lanes=7, state_bits=8, theta=False, plastic="none")
WIDE = _config("wide", 2, 6, 40, 33, lanes=3, state_bits=22, delay_slots=16)
TWENTY = _config("twenty", 1, 4, 12, 12, lanes=2, state_bits=20)
SQUARE = _config("square", 4, 16, 96, 96, lanes=4, delay_slots=16)
ELIGIBLE = _config("eligible", 2, 6, 27, 26, lanes=2, eligibility=True, synapse_ports=1)
ROWS_ELIGIBLE = _config("by row", 3, 3, 17, 9, lanes=3, eligibility=True, plastic="row")
FIRST_ELIGIBLE = _config("first", 2, 5, 16, 11, lanes=5, eligibility=True, plastic="first")
PLAN_CONFIGS = (
    ONE_NEURON,
    ALONE,
    ODD,
    NARROW,
    WIDE,
    TWENTY,
    ELIGIBLE,
    ROWS_ELIGIBLE,
    CONFIGS["tiny"].replace(sampling=False),
    SQUARE,
    FIRST_ELIGIBLE,
)
LEARNING_CONFIGS = tuple(config for config in PLAN_CONFIGS if config.learns)


class Drawer:
    """Draws plain and extreme numbers for the fields of a plan."""

    def __init__(self, config: ArrayConfig, rng: random.Random, extremes: float) -> None:
        self.config, self.rng, self.extremes = config, rng, extremes
        self.high = 2 ** (config.state_bits - 1) - 1

    def signed(self, size: int) -> int:
        if self.rng.random() < self.extremes:
            return self.rng.choice([-self.high - 1, -self.high, -1, 0, 1, self.high - 1, self.high])
        size = min(size, self.high)
        return self.rng.randint(-size, size)

    def unsigned(self, size: int) -> int:
        return abs(max(self.signed(size), -self.high))

    def decay(self) -> int:
        if self.rng.random() < 0.5:
            return self.rng.choice([0, 1, ONE - 1, ONE])
        return self.rng.randint(0, ONE)

    def each(self, draw: Callable[[], int]) -> list[int]:
        return [draw() for _ in range(self.config.neurons)]


def make_plan(
    config: ArrayConfig,
    seed: int,
    *,
    steps: int = 12,
    activity: float = 0.3,
    extremes: float = 0.1,
    everything_in_use: bool = False,
    learning: bool = False,
) -> Plan:
    """The same arguments give the same plan."""
    rng = random.Random(seed)
    draw = Drawer(config, rng, extremes)
    size = max(40, draw.high // rng.choice([1, 4, 50, 500]))
    high = 2 ** (config.weight_bits - 1) - 1
    every = everything_in_use or rng.random() < 0.5
    cores, slots = config.cores, config.delay_slots
    theta = draw.unsigned if config.theta else (lambda size: 0)
    plan = Plan(
        config=config,
        threshold=draw.each(lambda: draw.signed(size)),
        reset=draw.each(lambda: draw.signed(size // 2)),
        bias=draw.each(lambda: draw.signed(size // 8) if rng.random() < 0.5 else 0),
        leak=draw.each(lambda: draw.unsigned(size // 8)),
        v_decay=draw.each(draw.decay),
        i_decay=draw.each(draw.decay),
        gain=draw.each(lambda: rng.randrange(8)),
        refractory=draw.each(lambda: rng.choice([0, 0, 0, 1, 2, 3, 255])),
        theta_plus=draw.each(lambda: theta(size // 4)),
        theta_decay=draw.each(draw.decay if config.theta else lambda: 0),
        subtract=[rng.random() < 0.5 for _ in range(config.neurons)],
        hold=[rng.random() < 0.5 for _ in range(config.neurons)],
        v=draw.each(lambda: draw.signed(size)),
        i=draw.each(lambda: draw.signed(size)),
        c=draw.each(lambda: rng.choice([0, 0, 0, 1, 2, 255])),
        theta=draw.each(lambda: theta(size // 2)),
        rows=[_rows(config, rng) for _ in range(cores)],
        weights=[
            [[_weight(rng, high) for _ in range(config.neurons_per_core)] for _ in range(rows)]
            for rows in [config.rows_per_core] * cores
        ],
        delay=[
            rng.randrange(1 if axon < config.neurons else 0, slots) for axon in range(config.axons)
        ],
        pending={
            (slot, axon)
            for slot in range(slots)
            for axon in range(config.axons)
            if rng.random() < 0.1
        },
        axon_words=config.axon_words if every else rng.randint(0, config.axon_words),
        neurons_in_use=[
            config.neurons_per_core if every else rng.randint(0, config.neurons_per_core)
            for _ in range(cores)
        ],
        theta_every_log2=[rng.choice([0, 0, 1, 2, 31]) for _ in range(cores)],
        t=rng.choice([0, 1, 5, 2**32 - 3]),
        events=[_events(config, rng, activity) for _ in range(steps)],
        probes=_probes(config, rng),
    )
    if learning and config.learns:
        plan.learning = [make_learning(plan, core, rng) for core in range(cores)]
        plan.seed = rng.randrange(2**32)
    return plan


def _rows(config: ArrayConfig, rng: random.Random) -> dict[int, int]:
    axons = rng.sample(range(config.axons), rng.randint(0, config.rows_per_core))
    return dict(zip(axons, rng.sample(range(config.rows_per_core), len(axons)), strict=True))


def _weight(rng: random.Random, high: int) -> int:
    if rng.random() < 0.2:
        return rng.choice([-high - 1, high, -1, 0])
    return rng.randint(-high - 1, high)


def _events(config: ArrayConfig, rng: random.Random, activity: float) -> list[int]:
    axons = [a for a in range(config.neurons, config.axons) if rng.random() < activity]
    if rng.random() < 0.2:
        axons += [rng.choice([0, config.neurons - 1, config.axons, 32767])]
    if axons and rng.random() < 0.3:
        axons += [axons[0]]
    rng.shuffle(axons)
    return axons


def _probes(config: ArrayConfig, rng: random.Random) -> list[tuple[int, int]]:
    quantities = 3 if config.theta else 2
    return [
        (rng.randrange(config.neurons), rng.randrange(quantities))
        for _ in range(rng.randint(0, min(config.probes, 4)) if rng.random() < 0.5 else 0)
    ]


@st.composite
def plans(draw: st.DrawFn, config: ArrayConfig | None = None, **options) -> Plan:
    """Plans of one configuration, or of any."""
    return make_plan(
        config or draw(st.sampled_from(PLAN_CONFIGS)),
        draw(st.integers(0, 2**32)),
        steps=draw(st.integers(1, 24)),
        **{
            "activity": draw(st.sampled_from([0.0, 0.2, 1.0])),
            "extremes": draw(st.sampled_from([0.0, 0.1, 0.6])),
            "learning": draw(st.booleans()),
            **options,
        },
    )


def load(target: ModelTarget, plan: Plan) -> None:
    """Write a plan through the memory map, and the control registers last."""
    config = plan.config
    memory = MemoryMap(config)
    neuron_fields = {field.name: field.name for field in _fields(memory)}
    neuron_fields["reset_mode"] = "subtract"
    for window in memory:
        if window.name in ("v", "i", "c", "theta") or window.id >= 24:
            for core in range(config.cores):
                part = slice(core * window.depth, (core + 1) * window.depth)
                values = {
                    field.name: np.array(getattr(plan, neuron_fields[field.name])[part], np.int64)
                    for field in window.fields
                }
                target.write(window.name, window.pack(**values), core=core)
    for core in range(config.cores):
        _load_synapses(target, plan, core)
        if plan.learning is not None:
            load_learning(target, plan, core)
    target.write("delay", memory["delay"].pack(delay=plan.delay))
    pending = np.zeros((config.delay_slots, config.axon_words), np.int64)
    for slot, axon in plan.pending:
        pending[slot, axon // 16] |= 1 << axon % 16
    target.write("pending", memory["pending"].pack(axons=pending.ravel()))
    for number, (neuron, quantity) in enumerate(plan.probes):
        core, k = divmod(neuron, config.neurons_per_core)
        word = memory["probe"].pack(neuron=[k], core=[core], quantity=[quantity])
        target.write("probe", word, offset=number)
    for offset, value in control_values(plan).items():
        target.write("control", memory["control"].pack(value=[value]), offset=offset)


def _fields(memory: MemoryMap) -> list:
    return [field for window in memory for field in window.fields]


def _load_synapses(target: ModelTarget, plan: Plan, core: int) -> None:
    memory = MemoryMap(plan.config)
    axons = range(plan.config.axons)
    rows = {"row": [plan.rows[core].get(axon, 0) for axon in axons]}
    rows["valid"] = [int(axon in plan.rows[core]) for axon in axons]
    target.write("rows", memory["rows"].pack(**rows), core=core)
    words = [
        row[first : first + plan.config.window_lanes]
        for row in plan.weights[core]
        for first in range(0, plan.config.neurons_per_core, plan.config.window_lanes)
    ]
    target.write("weights", memory["weights"].pack(weight=words), core=core)


def control_values(plan: Plan) -> dict[int, int]:
    """The control registers of a plan, by offset."""
    values = {
        CONTROL_REGISTERS["t"].offset: plan.t,
        CONTROL_REGISTERS["axon_words"].offset: plan.axon_words,
        CONTROL_REGISTERS["probes_in_use"].offset: len(plan.probes),
    }
    for core in range(plan.config.cores):
        values[core_register("neurons_in_use", core)] = plan.neurons_in_use[core]
        values[core_register("theta_every_log2", core)] = plan.theta_every_log2[core]
    return values | learning_values(plan)


def loaded_target(plan: Plan, **options) -> ModelTarget:
    """A model that holds the plan."""
    target = ModelTarget(plan.config, **options)
    load(target, plan)
    return target


def input_words(plan: Plan) -> Words:
    """The stimulus of a plan, a STEP word a step."""
    parts = [[*events, *step_words(1).tolist()] for events in plan.events]
    return np.array([word for part in parts for word in part], np.uint16)


def assert_same_state(model: ArrayModel, oracle: ScalarArray, when: str) -> None:
    """Compare the whole state of a model's first sample with the oracle's."""
    for name in ("v", "i", "c", "theta"):
        assert getattr(model.neurons, name)[0].tolist() == getattr(oracle, name), (name, when)
    pending = {(int(slot), int(axon)) for slot, axon in np.argwhere(model.pending[:, 0])}
    assert pending == oracle.pending, ("pending", when)
    assert model.t == oracle.t, ("t", when)
    if oracle.learning:
        assert_same_learning(model, oracle, when)


def assert_same_learning(model: ArrayModel, oracle: ScalarArray, when: str) -> None:
    """Compare weights, also those that the model keeps for its sums, and traces."""
    synapses, traces = model.network.synapses, model.learning.traces
    assert synapses.weight.tolist() == oracle.weights, ("weights", when)
    rows = model.config.rows_per_core
    for core, learning in enumerate(oracle.learning):
        assert traces.x[core, :rows].tolist() == learning.x, ("x", core, when)
        assert traces.y[core].tolist() == learning.y, ("y", core, when)
        if model.config.eligibility:
            assert traces.eligibility[core].tolist() == learning.el, ("eligibility", core, when)


def follow(plan: Plan, **options) -> tuple[ArrayModel, list[list[int]]]:
    """Step model and oracle through a plan, comparing all state; return model and spikes."""
    model = loaded_target(plan, **options).model
    oracle = ScalarArray(plan)
    assert_same_state(model, oracle, "before the first step")
    spikes = []
    for number, events in enumerate(plan.events):
        fired = model.step(events)
        spikes.append(np.flatnonzero(fired[0]).tolist())
        assert spikes[-1] == oracle.step(events), f"spikes of step {number}"
        assert_same_state(model, oracle, f"after step {number}")
        assert model.counters.last_swept == oracle.swept, f"words swept in step {number}"
    assert model.counters.refused_events == oracle.refused
    assert model.counters.arrivals == oracle.arrivals
    assert model.counters.spikes == sum(map(len, spikes))
    return model, spikes


def samples_for(plan: Plan, count: int, seed: int) -> list[np.ndarray]:
    """Stimuli of different lengths for one network, some empty, some with late events."""
    rng = np.random.default_rng(seed)
    samples = []
    for number in range(count):
        other = make_plan(plan.config, seed + number, steps=int(rng.integers(0, 12)))
        tail = step_words(int(rng.integers(0, 4)))
        late = rng.integers(0, plan.config.axons + 1, rng.integers(0, 3)).astype(np.uint16)
        samples.append(np.concatenate([input_words(other), tail, late]).astype(np.uint16))
    return samples
