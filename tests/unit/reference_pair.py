"""A model of two neurons, for cases that are computed by hand."""

from spikeloom.contract import ArrayConfig
from spikeloom_sim.reference import ArrayModel

PAIR = ArrayConfig(
    name="pair", cores=1, neurons_per_core=2, axons=20, rows_per_core=4, lanes=1, delay_slots=8
)
HIGH, LOW = 131_071, -131_072
INPUT, OTHER_INPUT = 2, 3


def silent_model(config: ArrayConfig = PAIR, **state: int) -> ArrayModel:
    """A model whose neurons never fire by themselves; `state` sets neuron 0."""
    model = ArrayModel(config)
    model.network.parameters.threshold[:] = HIGH
    model.network.delay[: config.neurons] = 1
    for name, value in state.items():
        getattr(model.neurons, name)[0, 0] = value
    return model


def set_parameters(model: ArrayModel, **values: int) -> None:
    for name, value in values.items():
        getattr(model.network.parameters, name)[0] = value


def connect(model: ArrayModel, axon: int, row: int, *weights: int) -> None:
    with model.network.synapses.edit():
        model.network.synapses.row[0, axon] = row
        model.network.synapses.valid[0, axon] = True
        model.network.synapses.weight[0, row, : len(weights)] = weights


def after_one_step(model: ArrayModel, events=()) -> dict[str, int]:
    fired = model.step(events)
    state = {name: int(getattr(model.neurons, name)[0, 0]) for name in ("v", "i", "c", "theta")}
    return state | {"fired": bool(fired[0, 0])}


def steps_of(model: ArrayModel, steps: int, *names: str) -> list[tuple[int, ...]]:
    states = [after_one_step(model) for _ in range(steps)]
    return [tuple(state[name] for name in names) for state in states]
