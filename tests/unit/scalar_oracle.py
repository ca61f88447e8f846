"""The semantics page once more, one neuron and one axon at a time, on plain Python integers.

Shares nothing with the reference model but the configuration: what both agree on is hardly a slip.
Slow, and meant to be read beside ``docs/semantics.md``.
"""

import dataclasses

from learning_oracle import CoreLearning, ScalarLearning

from spikeloom.contract import ArrayConfig

ONE = 4096
STEP = 0x8000
PROBE = 0xC000
FULL = 16383


@dataclasses.dataclass
class Plan:
    """A network, its state before the first step, and the events of each step.

    Neuron and axon numbers are global. Lists hold one entry a neuron unless told otherwise.
    """

    config: ArrayConfig
    threshold: list[int]
    reset: list[int]
    bias: list[int]
    leak: list[int]
    v_decay: list[int]
    i_decay: list[int]
    gain: list[int]
    refractory: list[int]
    theta_plus: list[int]
    theta_decay: list[int]
    subtract: list[bool]
    hold: list[bool]
    v: list[int]
    i: list[int]
    c: list[int]
    theta: list[int]
    rows: list[dict[int, int]]  # per core: axon -> row
    weights: list[list[list[int]]]  # [core][row][neuron of the core]
    delay: list[int]  # per axon
    pending: set[tuple[int, int]]  # slot, axon
    axon_words: int
    neurons_in_use: list[int]  # per core
    theta_every_log2: list[int]  # per core
    t: int
    events: list[list[int]]  # per step: axons, some of them perhaps to be refused
    probes: list[tuple[int, int]]  # neuron, quantity: 0 v, 1 i, 2 theta
    learning: list[CoreLearning] | None = None  # per core; None: nothing learns
    seed: int = 0

    def weight(self, axon: int, neuron: int) -> int:
        """The weight of a synapse before the first step, 0 where there is none."""
        return weight_of(self, self.weights, axon, neuron)


def weight_of(plan: Plan, weights: list[list[list[int]]], axon: int, neuron: int) -> int:
    core, k = divmod(neuron, plan.config.neurons_per_core)
    row = plan.rows[core].get(axon)
    return 0 if row is None else weights[core][row][k]


def rtz(z: int, d: int) -> int:
    size = abs(z) * (ONE - d) // ONE
    return size if z >= 0 else -size


class ScalarArray:
    """Runs a plan step by step; its state lives in lists of integers."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.v, self.i = list(plan.v), list(plan.i)
        self.c, self.theta = list(plan.c), list(plan.theta)
        self.pending = set(plan.pending)
        self.t = plan.t
        self.weights = [[list(row) for row in rows] for rows in plan.weights]
        self.learning = [
            ScalarLearning(
                plan.config, core, rule, self.weights[core], plan.neurons_in_use[core], plan.seed
            )
            for core, rule in enumerate(plan.learning or [])
        ]
        self.swept = 0
        self.refused = 0
        self.arrivals = 0
        self.high = 2 ** (plan.config.state_bits - 1) - 1
        self.low = -(2 ** (plan.config.state_bits - 1))

    def sat(self, z: int) -> int:
        if z > self.high:
            return self.high
        if z < self.low:
            return self.low
        return z

    def axon_in_use(self, axon: int) -> bool:
        return axon // 16 < self.plan.axon_words

    def schedule(self, axon: int) -> None:
        slot = (self.t + self.plan.delay[axon]) % self.plan.config.delay_slots
        self.pending.add((slot, axon))

    def event(self, axon: int) -> None:
        inputs = range(self.plan.config.neurons, self.plan.config.axons)
        if axon in inputs and self.axon_in_use(axon):
            self.schedule(axon)
        else:
            self.refused += 1

    def step(self, events: list[int]) -> list[int]:
        """Return the neurons that fired, in order."""
        for axon in events:
            self.event(axon)
        slot = self.t % self.plan.config.delay_slots
        active = {a for s, a in self.pending if s == slot and self.axon_in_use(a)}
        self.arrivals += len(active)
        self.pending -= {(slot, axon) for axon in active}
        acc = [
            sum(weight_of(self.plan, self.weights, axon, n) for axon in active)
            for n in range(self.plan.config.neurons)
        ]
        for learning in self.learning:
            rows = self.plan.rows[learning.core]
            learning.arrive([rows[axon] for axon in active if axon in rows], self.t)
        fired = []
        for n in range(self.plan.config.neurons):
            core, k = divmod(n, self.plan.config.neurons_per_core)
            if k < self.plan.neurons_in_use[core] and self.update(n, core, acc[n]):
                fired.append(n)
        self.learn_from(fired)
        for n in fired:
            if self.axon_in_use(n):
                self.schedule(n)
        self.t = (self.t + 1) % 2**32
        return fired

    def learn_from(self, fired: list[int]) -> None:
        size = self.plan.config.neurons_per_core
        self.swept = 0
        for learning in self.learning:
            within = [n % size for n in fired if n // size == learning.core]
            learning.fire(within, self.t)
            learning.reward(self.t)
            self.swept = max(self.swept, learning.swept(within, self.t))

    def update(self, n: int, core: int, acc: int) -> bool:
        plan = self.plan
        self.i[n] = self.sat(rtz(self.i[n], plan.i_decay[n]) + acc * 2 ** plan.gain[n])
        u = rtz(self.v[n], plan.v_decay[n])
        u = max(0, u - plan.leak[n]) if u > 0 else min(0, u + plan.leak[n])
        u = self.sat(u + self.i[n] + plan.bias[n])
        if self.c[n] > 0 and plan.hold[n]:
            u = plan.reset[n]
        theta = self.theta[n]
        if self.t % 2 ** plan.theta_every_log2[core] == 0:
            theta = rtz(theta, plan.theta_decay[n])
        fire = u > plan.threshold[n] + theta and self.c[n] == 0
        if fire:
            self.c[n] = plan.refractory[n]
            if plan.subtract[n]:
                self.v[n] = self.sat(u - plan.threshold[n] - theta)
            else:
                self.v[n] = plan.reset[n]
            self.theta[n] = min(theta + plan.theta_plus[n], self.high)
        else:
            self.c[n] = max(self.c[n] - 1, 0)
            self.v[n] = u
            self.theta[n] = theta
        return fire

    def probe_values(self) -> list[int]:
        quantities = (self.v, self.i, self.theta)
        return [quantities[quantity][neuron] for neuron, quantity in self.plan.probes]


def output_words(spikes: list[list[int]], probes: list[list[int]]) -> list[int]:
    """The words that docs/link.md asks for, given spikes and probe values of each step."""
    words = []
    untold = 0
    for fired, values in zip(spikes, probes, strict=True):
        if untold and (fired or values):
            words.append(STEP + untold)
            untold = 0
        words += sorted(fired)
        for number, value in enumerate(values):
            bits = value % 2**22
            words += [PROBE + number * 64 + bits // 2**16, bits % 2**16]
        untold += 1
        if untold == FULL:
            words.append(STEP + untold)
            untold = 0
    return words + ([STEP + untold] if untold else [])
