"""Networks for the traps of the semantics page: all-to-all, with all rows in use."""

import dataclasses

from reference_plans import make_plan
from scalar_oracle import Plan

from spikeloom.contract import ArrayConfig
from spikeloom.contract.numbers import signed_range


def _config(name: str, cores: int, neurons: int, lanes: int, inputs: int = 5) -> ArrayConfig:
    axons = cores * neurons + inputs
    return ArrayConfig(
        name=name,
        cores=cores,
        neurons_per_core=neurons,
        axons=axons,
        rows_per_core=axons,
        lanes=lanes,
        delay_slots=8,
    )


CONFIGS = (
    _config("one neuron", 1, 1, 1),
    _config("odd", 1, 7, 7),
    _config("odd cores", 3, 5, 1),
    _config("largest", 4, 16, 8, inputs=40),
)


def calm(config: ArrayConfig, seed: int, **changes) -> Plan:
    """An all-to-all network that starts at rest, without decay, bias, leak or spikes."""
    plan = make_plan(config, seed, steps=1, activity=0.0, everything_in_use=True)
    n = config.neurons
    rest = dict.fromkeys(
        ("reset", "bias", "leak", "v_decay", "i_decay", "gain", "refractory"), [0] * n
    )
    rest |= dict.fromkeys(("theta_plus", "theta_decay", "v", "i", "c", "theta"), [0] * n)
    rest |= dict.fromkeys(("subtract", "hold"), [False] * n)
    full_table = {axon: (axon + seed) % config.axons for axon in range(config.axons)}
    return dataclasses.replace(
        plan,
        **{
            **rest,
            "threshold": [signed_range(config.state_bits)[1]] * n,
            "rows": [full_table] * config.cores,
            "pending": set(),
            "delay": [1] * n + [0] * config.inputs,
            "events": [[]],
            "probes": [],
            "t": 0,
            **changes,
        },
    )


def inputs(config: ArrayConfig) -> list[int]:
    return list(range(config.neurons, config.axons))


def firing(config: ArrayConfig, neuron: int, **changes) -> dict:
    """Changes that let one neuron fire in step 0 and never again."""
    values = {"v": [0] * config.neurons, "threshold": [2**17 - 1] * config.neurons}
    values["v"][neuron], values["threshold"][neuron] = 1, 0
    values["refractory"] = [255] * config.neurons
    return values | changes
