"""One synapse that learns, for cases that are computed by hand."""

from reference_pair import INPUT, PAIR, connect, silent_model

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import TraceMode
from spikeloom.contract.registers import CORE_REGISTERS, core_register
from spikeloom_sim.reference import ArrayModel

ELIGIBLE_PAIR = PAIR.replace(name="eligible pair", eligibility=True)
DRIVE, THRESHOLD = 100_000, 50_000

_DEFAULTS = {
    "learning": {"change": 1, "stochastic": 0, "eligibility": 0},
    "x_trace": {"plus": 0, "decay": 0, "mode": TraceMode.EXPONENTIAL, "nearest": 0},
    "y_trace": {"plus": 0, "decay": 0, "mode": TraceMode.EXPONENTIAL, "nearest": 0},
    "x_effect": {"kind": 0, "mask": 255},
    "y_effect": {"kind": 0, "mask": 255},
    "w_range": {"w_min": -128, "w_max": 127},
    "eligibility": {"decay": 0, "shift": 0, "every_log2": 0},
}


def set_rule(model: ArrayModel, core: int = 0, **registers) -> None:
    """Set registers of learning: a number, (coefficient, shift) of a term, or a dict of fields.

    Fields that a dict does not name get defaults that do nothing.
    """
    for name, value in registers.items():
        register = CORE_REGISTERS[name]
        if isinstance(value, tuple):
            word = register.pack(coefficient=value[0], shift=value[1])
        elif isinstance(value, dict):
            word = register.pack(**(_DEFAULTS[name] | value))
        else:
            word = value & (1 << register.bits) - 1
        model.network.control.write(core_register(name, core), word)


def learning_model(weight: int = 10, config: ArrayConfig = PAIR, **registers) -> ArrayModel:
    """A model whose INPUT has a plastic synapse to neuron 0, which fires only when driven."""
    model = silent_model(config)
    model.network.parameters.threshold[:] = THRESHOLD
    connect(model, INPUT, 0, weight)
    with model.network.synapses.edit():
        model.network.synapses.source[0, 0] = INPUT
        model.network.synapses.plastic[0, 0, 0] = True
    defaults = {name: _DEFAULTS[name] for name in ("learning", "w_range", "x_effect", "y_effect")}
    set_rule(model, **{"plastic_rows": 1, **defaults, **registers})
    return model


def step(model: ArrayModel, what: str) -> None:
    """Run one step in which INPUT arrives (a), neuron 0 fires (f), both (b) or nothing (.)."""
    model.neurons.v[0, 0] = DRIVE if what in "fb" else 0
    fired = model.step([INPUT] if what in "ab" else [])
    assert fired[0, 0] == (what in "fb")


def weight_of(model: ArrayModel) -> int:
    return int(model.network.synapses.weight[0, 0, 0])


def after(model: ArrayModel, steps: str) -> int:
    """Run steps; return the weight that is left."""
    for what in steps:
        step(model, what)
    return weight_of(model)


def traces_after(model: ArrayModel, steps: str) -> list[tuple[int, int]]:
    """Run steps; return x and y after each."""
    found = []
    for what in steps:
        step(model, what)
        traces = model.learning.traces
        found.append((int(traces.x[0, 0]), int(traces.y[0, 0])))
    return found
