"""Section 4 of the semantics page once more, one synapse at a time, on plain Python integers.

The counterpart of ``scalar_oracle.py``: shares nothing with the reference model. Meant to be read
beside ``docs/semantics.md``.
"""

import dataclasses

from spikeloom.contract import ArrayConfig

EXPONENTIAL, WINDOW, HISTORY = 0, 1, 2
PROPORTIONAL, RECTANGULAR, BITS = 0, 1, 2
ARRIVAL, FIRING, REWARD = 0, 1, 2


@dataclasses.dataclass
class CoreLearning:
    """How one core learns, and its state before the first step."""

    plastic_rows: int = 0
    change: int = 1
    stochastic: int = 0
    eligibility: int = 0
    reward: int = 64
    x_trace: tuple[int, int, int, int] = (0, 0, 0, 0)  # plus, decay, mode, nearest
    y_trace: tuple[int, int, int, int] = (0, 0, 0, 0)
    x_effect: tuple[int, int] = (0, 0)  # kind, mask
    y_effect: tuple[int, int] = (0, 0)
    a0: tuple[int, int] = (0, 0)  # coefficient, shift
    a1: tuple[int, int] = (0, 0)
    a2: tuple[int, int] = (0, 0)
    b0: tuple[int, int] = (0, 0)
    b1: tuple[int, int] = (0, 0)
    b2: tuple[int, int] = (0, 0)
    w_min: int = -128
    w_max: int = 127
    el_decay: int = 0
    el_shift: int = 0
    el_every_log2: int = 0
    sources: list[int] = dataclasses.field(default_factory=list)  # per row
    flags: list[list[int]] = dataclasses.field(default_factory=list)  # [row][neuron]
    x: list[int] = dataclasses.field(default_factory=list)  # per row
    y: list[int] = dataclasses.field(default_factory=list)  # per neuron
    el: list[list[int]] = dataclasses.field(default_factory=list)  # [row][neuron]


def toward_zero(z: int, bits: int) -> int:
    size = abs(z) // 2**bits
    return size if z >= 0 else -size


def clamp(z: int, low: int, high: int) -> int:
    return low if z < low else high if z > high else z


def jenkins(h: int) -> int:
    m = 2**32
    h = ((h + 0x7ED55D16) + (h << 12)) % m
    h = ((h ^ 0xC761C23C) ^ (h >> 19)) % m
    h = ((h + 0x165667B1) + (h << 5)) % m
    h = ((h + 0xD3A2646C) ^ (h << 9)) % m
    h = ((h + 0xFD7046C5) + (h << 3)) % m
    return ((h ^ 0xB55A4F09) ^ (h >> 16)) % m


def random_number(seed: int, t: int, axon: int, neuron: int, phase: int) -> int:
    """The 8 bits r that a change is rounded with; `neuron` is a global index."""
    m = 2**32
    key = jenkins(jenkins(seed) ^ t)
    k = 4 * axon + phase
    u = (key ^ (k << 15) ^ k) % m
    u = (u + (u << 4)) % m
    u = u ^ (u >> 5)
    u = (u + (u << 13)) % m
    u = u ^ (u >> 5)
    u = (u + (u << 7)) % m
    u = u ^ (u >> 17)
    r = 0
    for j in range(8):
        common = neuron & (u >> j) & 0x7FFF
        bit = bin(common).count("1") % 2
        bit ^= u >> (24 + j) & 1
        r |= bit << j
    return r


class ScalarLearning:
    """Learning of one core; its traces live in lists of integers, its weights in one given."""

    def __init__(
        self,
        config: ArrayConfig,
        core: int,
        rule: CoreLearning,
        weights: list[list[int]],
        neurons_in_use: int,
        seed: int,
    ) -> None:
        self.config, self.core, self.rule, self.seed = config, core, rule, seed
        self.w = weights
        self.neurons = min(neurons_in_use, config.neurons_per_core)
        self.rows = min(rule.plastic_rows, config.rows_per_core)
        self.x, self.y = list(rule.x), list(rule.y)
        self.el = [list(row) for row in rule.el]
        self.half = 2 ** (config.weight_bits - 1)
        self.eligible = bool(rule.eligibility) and config.eligibility

    def decay(self, trace: int, how: tuple[int, int, int, int]) -> int:
        _, decay, mode, _ = how
        if mode == EXPONENTIAL:
            return trace * (256 - decay) >> 8
        if mode == WINDOW:
            return max(trace - 1, 0)
        return (trace << 1) & 255

    def grow(self, trace: int, how: tuple[int, int, int, int]) -> int:
        plus, _, mode, nearest = how
        if mode == HISTORY:
            return trace | 1
        return plus if nearest else min(255, trace + plus)

    def f(self, trace: int, effect: tuple[int, int]) -> int:
        kind, mask = effect
        if kind == PROPORTIONAL:
            return trace
        if kind == RECTANGULAR:
            return 256 if trace > 0 else 0
        return 256 * bin(trace & mask).count("1")

    def plastic(self, row: int, k: int) -> bool:
        return row < self.rows and bool(self.rule.flags[row][k]) and k < self.neurons

    def terms(
        self,
        constant: tuple[int, int],
        per_trace: tuple[int, int],
        per_weight: tuple[int, int],
        f: int,
        w: int,
    ) -> list[int]:
        g = 64 if self.eligible else self.rule.reward
        unit = 256 if self.rule.stochastic else 1
        return [
            toward_zero(constant[0] * g * 256 * unit, constant[1] + 6),
            toward_zero(per_trace[0] * g * f * unit, per_trace[1] + 6),
            toward_zero(per_weight[0] * w * unit, per_weight[1]),
        ]

    def whole(self, total: int, t: int, row: int, k: int, phase: int) -> int:
        """Round a sum of terms."""
        if not self.rule.stochastic:
            return total
        n = self.core * self.config.neurons_per_core + k
        return (total + random_number(self.seed, t, self.rule.sources[row], n, phase)) // 256

    def add(self, row: int, k: int, dw: int) -> None:
        if dw != 0:
            within = clamp(self.w[row][k] + dw, self.rule.w_min, self.rule.w_max)
            self.w[row][k] = clamp(within, -self.half, self.half - 1)

    def change(self, row: int, k: int, terms: list[int], t: int, phase: int) -> None:
        dw = self.whole(sum(terms), t, row, k, phase)
        if self.eligible:
            self.el[row][k] = clamp(self.el[row][k] + dw, -128, 127)
        else:
            self.add(row, k, dw)

    def arrive(self, rows: list[int], t: int) -> None:
        rule = self.rule
        for row in range(self.rows):
            self.x[row] = self.decay(self.x[row], rule.x_trace)
        for row in rows:
            if row >= self.rows:
                continue
            self.x[row] = self.grow(self.x[row], rule.x_trace)
            for k in range(self.config.neurons_per_core):
                if rule.change and self.plastic(row, k):
                    f = self.f(self.y[k], rule.y_effect)
                    terms = self.terms(rule.a0, rule.a1, rule.a2, f, self.w[row][k])
                    self.change(row, k, terms, t, ARRIVAL)

    def fire(self, fired: list[int], t: int) -> None:
        """`fired` are numbers within the core."""
        if not self.rows:
            return
        rule = self.rule
        for k in range(self.neurons):
            self.y[k] = self.decay(self.y[k], rule.y_trace)
        for k in fired:
            for row in range(self.rows):
                if rule.change and self.plastic(row, k):
                    f = self.f(self.x[row], rule.x_effect)
                    terms = self.terms(rule.b0, rule.b1, rule.b2, f, self.w[row][k])
                    self.change(row, k, terms, t, FIRING)
            self.y[k] = self.grow(self.y[k], rule.y_trace)

    def has_pass(self, t: int) -> bool:
        return self.eligible and self.rows > 0 and t % 2**self.rule.el_every_log2 == 0

    def reward(self, t: int) -> None:
        rule = self.rule
        if not self.has_pass(t):
            return
        for row in range(self.rows):
            for k in range(self.config.neurons_per_core):
                if not self.plastic(row, k):
                    continue
                el = self.el[row][k]
                if rule.change:
                    unit = 256 if rule.stochastic else 1
                    product = toward_zero(el * rule.reward * unit, rule.el_shift)
                    self.add(row, k, self.whole(product, t, row, k, REWARD))
                self.el[row][k] = toward_zero(el * (256 - rule.el_decay), 8)

    def swept(self, fired: list[int], t: int) -> int:
        """Words swept in the step; call after `fire` and before the next step."""
        rule, lanes = self.rule, self.config.lanes
        words = 0
        if rule.change and fired and self.rows:
            rows = sum(1 for row in range(self.rows) if self.x[row] != 0)
            if rule.b0[0] != 0 or rule.b2[0] != 0:
                rows = self.rows
            words += rows * len({k // lanes for k in fired})
        if self.has_pass(t):
            words += self.rows * -(-self.neurons // lanes)
        return words
