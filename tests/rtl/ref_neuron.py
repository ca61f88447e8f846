"""The neuron update of section 3 of the semantics page on plain Python integers, one neuron."""

import dataclasses
import random

from spikeloom.contract import ArrayConfig
from spikeloom.contract.numbers import DECAY_ONE, signed_range


@dataclasses.dataclass(frozen=True)
class NeuronCase:
    """State, parameters and input of one neuron in one step."""

    v: int
    i: int
    count: int
    theta: int
    accumulator: int
    gain: int
    v_decay: int
    i_decay: int
    theta_decay: int
    leak: int
    bias: int
    threshold: int
    reset: int
    hold: int
    reset_mode: int
    refractory: int
    theta_plus: int


def _rtz(z: int, decay: int) -> int:
    product = abs(z) * (DECAY_ONE - decay)
    return (product // DECAY_ONE) * (1 if z >= 0 else -1)


def ref_neuron(config: ArrayConfig, case: NeuronCase) -> tuple[int, int, int, int, int]:
    """Return v, i, count, theta and whether the neuron fired."""
    low, high = signed_range(config.state_bits)

    def sat(z: int) -> int:
        return max(low, min(high, z))

    i = sat(_rtz(case.i, case.i_decay) + (case.accumulator << case.gain))
    u = _rtz(case.v, case.v_decay)
    u = max(u - case.leak, 0) if u >= 0 else min(u + case.leak, 0)
    u = sat(u + i + case.bias)
    if case.count > 0 and case.hold:
        u = case.reset
    theta = _rtz(case.theta, case.theta_decay) if config.theta else 0
    fire = u > case.threshold + theta and case.count == 0
    count = case.refractory if fire else max(case.count - 1, 0)
    v = u
    if fire:
        v = sat(u - case.threshold - theta) if case.reset_mode else case.reset
        theta = min(theta + case.theta_plus, high) if config.theta else 0
    return v, i, count, theta, int(fire)


def random_neuron(config: ArrayConfig, rng: random.Random) -> NeuronCase:
    """Draw a case in which rails and zeros are as likely as plain numbers."""
    low, high = signed_range(config.state_bits)
    acc_low, acc_high = signed_range(config.accumulator_bits)

    def state() -> int:
        return rng.choice([low, high, -1, 0, 1, *(rng.randint(low, high) for _ in range(5))])

    def size() -> int:
        return rng.choice([0, 0, 1, high, rng.randint(0, high), rng.randint(0, high // 64)])

    def decay() -> int:
        return rng.choice([0, 1, DECAY_ONE - 1, DECAY_ONE, rng.randint(0, DECAY_ONE)])

    return NeuronCase(
        v=state(),
        i=state(),
        count=rng.choice([0, 0, 0, 1, 255]),
        theta=size() if config.theta else 0,
        accumulator=rng.choice([acc_low, acc_high, 0, rng.randint(acc_low, acc_high)]),
        gain=rng.randint(0, 7),
        v_decay=decay(),
        i_decay=decay(),
        theta_decay=decay(),
        leak=size(),
        bias=state(),
        threshold=state(),
        reset=state(),
        hold=rng.randint(0, 1),
        reset_mode=rng.randint(0, 1),
        refractory=rng.choice([0, 1, 255]),
        theta_plus=size(),
    )
