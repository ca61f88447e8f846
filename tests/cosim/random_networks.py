"""Random networks for the lock-step suite, drawn window by window rather than through the compiler.

Values come from extremes and from plain ranges alike, so that rails, clamps and every branch of
the neuron update are reached; `lockstep.Coverage` counts whether they were.
"""

import dataclasses

import numpy as np
from hypothesis import strategies as st
from random_learning import RuleDrawer, learning_writes

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.numbers import DECAY_ONE, signed_range
from spikeloom.contract.registers import CONTROL_REGISTERS, core_register
from spikeloom.contract.words import Words, control_words, step_words


@dataclasses.dataclass(frozen=True)
class Case:
    """A network, its state before the first step, and what happens in each step."""

    config: ArrayConfig
    seed: int
    writes: tuple[tuple[str, int, int, bytes], ...]  # window, core, offset, words
    control: dict[int, int]
    steps: tuple[Words, ...]  # the input words of each step or few steps, the STEP word included
    probes: int

    @property
    def learns(self) -> bool:
        """Whether a core has plastic rows from the beginning."""
        cores = range(self.config.cores)
        return any(self.control.get(core_register("plastic_rows", core), 0) for core in cores)

    def __repr__(self) -> str:
        return f"Case(config={self.config.name!r}, seed={self.seed}, steps={len(self.steps)})"


@st.composite
def cases(draw: st.DrawFn, config: ArrayConfig) -> Case:
    """Draw a network with 12 to 24 steps of stimulus."""
    return make_case(
        config,
        seed=draw(st.integers(0, 2**32 - 1)),
        steps=draw(st.sampled_from([12, 16, 24])),
        density=draw(st.sampled_from([0.1, 0.4, 1.0])),
        activity=draw(st.sampled_from([0.0, 0.1, 0.4, 1.0])),
        regime=draw(st.sampled_from(["calm", "rails", "fast", "storm", "mixed", "mixed"])),
    )


def make_case(
    config: ArrayConfig,
    *,
    seed: int,
    steps: int = 12,
    density: float = 0.4,
    activity: float = 0.2,
    regime: str = "mixed",
) -> Case:
    """Make a network from a seed: the same arguments give the same network."""
    rng = np.random.default_rng(seed)
    memory = MemoryMap(config)
    draw = _Drawer(config, rng, regime)
    writes = []
    for core in range(config.cores):
        rows, axon_of_row = _rows(config, rng, density)
        writes.append(("rows", core, 0, rows))
        if config.learns:
            writes.extend(learning_writes(config, rng, core, axon_of_row))
        for name, values in draw.neurons().items():
            if name in memory:
                writes.append((name, core, 0, memory[name].pack(**values)))
        weights = draw.weights(density)
        writes.append(("weights", core, 0, memory["weights"].pack(weight=weights)))
        if "plastic" in memory:
            flags = rng.integers(0, 2, weights.shape)
            writes.append(("plastic", core, 0, memory["plastic"].pack(plastic=flags)))
    writes.append(("delay", 0, 0, memory["delay"].pack(delay=draw.delays())))
    pending = rng.integers(0, 1 << 16, memory["pending"].depth) & _built_axons(config)
    pending[rng.random(pending.size) < 0.8] = 0
    writes.append(("pending", 0, 0, memory["pending"].pack(axons=pending)))
    probes = int(rng.integers(0, min(config.probes, 5) + 1))
    if probes:
        writes.append(("probe", 0, 0, _probes(config, rng, probes)))
    rules = RuleDrawer(config, rng)
    return Case(
        config=config,
        seed=seed,
        # In any order: writing one memory must leave every other alone.
        writes=tuple(writes[k] for k in rng.permutation(len(writes))),
        control=_control(config, rng, probes) | rules.control(),
        steps=tuple(_step(config, rng, activity, rules) for _ in range(steps)),
        probes=probes,
    )


class _Drawer:
    """Draws parameters and state in the style of a regime."""

    def __init__(self, config: ArrayConfig, rng: np.random.Generator, regime: str) -> None:
        self.config, self.rng, self.regime = config, rng, regime
        self.low, self.high = signed_range(config.state_bits)

    def signed(self, size: int, scale: float) -> np.ndarray:
        """Numbers around zero of magnitude `scale`, some of them at the rails or at -1, 0, 1."""
        values = self.rng.normal(0, scale, size).round().clip(self.low, self.high)
        special = [self.low, self.high, -1, 0, 1]
        share = {"rails": 0.4, "mixed": 0.15}.get(self.regime, 0.03)
        chosen = self.rng.random(size) < share
        values[chosen] = self.rng.choice(special, int(chosen.sum()))
        return values.astype(np.int64)

    def unsigned(self, size: int, scale: float, top: int) -> np.ndarray:
        """Numbers from 0 upwards, some of them 0, 1 or the largest."""
        values = np.abs(self.rng.normal(0, scale, size)).round().clip(0, top)
        chosen = self.rng.random(size) < 0.3
        values[chosen] = self.rng.choice([0, 0, 1, top], int(chosen.sum()))
        return values.astype(np.int64)

    def decay(self, size: int) -> np.ndarray:
        values = self.rng.integers(0, DECAY_ONE + 1, size)
        chosen = self.rng.random(size) < 0.5
        values[chosen] = self.rng.choice([0, 1, 256, DECAY_ONE - 1, DECAY_ONE], int(chosen.sum()))
        return values

    def neurons(self) -> dict[str, dict[str, np.ndarray]]:
        """Values of every neuron window of one core."""
        n, rng, top = self.config.neurons_per_core, self.rng, self.high
        scale = {"rails": top / 2, "fast": 200.0, "calm": 400.0}.get(self.regime, top / 20)
        threshold = self.signed(n, scale)
        if self.regime != "rails":
            threshold = np.abs(threshold).clip(max=top)
        bits = {key: rng.integers(0, 2, n) for key in ("reset_mode", "hold")}
        gain = rng.integers(0, 8, n)
        refractory = rng.choice([0, 0, 0, 1, 2, 3, 5, 255], n)
        count = rng.choice([0, 0, 0, 0, 1, 2, 255], n)
        if self.regime == "storm":  # nearly all fire in every step: no queue of spikes may overflow
            silent = rng.random(n) < 0.05
            threshold[~silent], refractory[~silent], count[~silent] = self.low, 0, 0
        return {
            "v": {"v": self.signed(n, scale)},
            "i": {"i": self.signed(n, scale)},
            "c": {"c": count},
            "theta": {"theta": self.unsigned(n, scale / 2, top)},
            "threshold": {"threshold": threshold},
            "reset": {"reset": self.signed(n, scale / 4)},
            "bias": {"bias": self.signed(n, scale / 8)},
            "leak": {"leak": self.unsigned(n, scale / 16, top)},
            "v_decay": {"v_decay": self.decay(n), "gain": gain},
            "i_decay": {"i_decay": self.decay(n), **bits},
            "refractory": {"refractory": refractory},
            "adaptation": {
                "theta_plus": self.unsigned(n, scale / 4, top),
                "theta_decay": self.decay(n),
            },
        }

    def weights(self, density: float) -> np.ndarray:
        """Weights of one core, shape (words, lanes)."""
        config = self.config
        low, high = signed_range(config.weight_bits)
        shape = (config.rows_per_core * config.window_words, config.window_lanes)
        values = self.rng.integers(low, high + 1, shape)
        if self.regime == "rails":
            values = self.rng.choice([low, high], shape)
        if self.regime == "fast":
            values = np.abs(values)
        values[self.rng.random(shape) > max(density, 0.3)] = 0
        return np.minimum(values, high)

    def delays(self) -> np.ndarray:
        config = self.config
        values = self.rng.integers(1, config.delay_slots, config.axons)
        inputs = config.inputs
        values[config.neurons :] = self.rng.integers(0, config.delay_slots, inputs)
        short = self.rng.random(config.axons) < 0.5
        values[short] = 1
        return values


def _rows(
    config: ArrayConfig, rng: np.random.Generator, density: float
) -> tuple[bytes, np.ndarray]:
    """A row table in which no two axons share a row, and the axon of each row, -1 for none."""
    window = MemoryMap(config)["rows"]
    rows = np.zeros(config.axons, np.int64)
    valid = np.zeros(config.axons, np.int64)
    chosen = rng.permutation(config.axons)[: config.rows_per_core]
    chosen = chosen[rng.random(chosen.size) < max(density, 0.2)]
    rows[chosen] = rng.permutation(config.rows_per_core)[: chosen.size]
    valid[chosen] = 1
    axon_of_row = np.full(config.rows_per_core, -1)
    axon_of_row[rows[chosen]] = chosen
    return window.pack(row=rows, valid=valid), axon_of_row


def _built_axons(config: ArrayConfig) -> np.ndarray:
    """For each pending word a mask of the axons that exist."""
    exists = np.arange(config.axon_words * 16) < config.axons
    words = (exists.reshape(-1, 16) << np.arange(16)).sum(axis=1)
    return np.tile(words, config.delay_slots)


def _probes(config: ArrayConfig, rng: np.random.Generator, count: int) -> bytes:
    quantities = 3 if config.theta else 2
    return MemoryMap(config)["probe"].pack(
        neuron=rng.integers(0, config.neurons_per_core, count),
        core=rng.integers(0, config.cores, count),
        quantity=rng.integers(0, quantities, count),
    )


def _control(config: ArrayConfig, rng: np.random.Generator, probes: int) -> dict[int, int]:
    register = {name: each.offset for name, each in CONTROL_REGISTERS.items()}
    everything = rng.random() < 0.6
    words = config.axon_words if everything else int(rng.integers(0, config.axon_words + 1))
    control = {
        register["t"]: int(rng.choice([0, 1, 7, 2**32 - 3])),
        register["axon_words"]: words,
        register["probes_in_use"]: probes,
    }
    for core in range(config.cores):
        most = config.neurons_per_core
        in_use = most if rng.random() < 0.6 else int(rng.integers(0, most + 1))
        control[core_register("neurons_in_use", core)] = in_use
        control[core_register("theta_every_log2", core)] = int(rng.choice([0, 0, 1, 2, 31]))
    return control


def _step(
    config: ArrayConfig, rng: np.random.Generator, activity: float, rules: RuleDrawer
) -> Words:
    """Events (some of them to be refused), now and then CONTROL words, and a STEP."""
    axons = np.flatnonzero(rng.random(config.axons) < activity)
    axons = axons[axons >= config.neurons]
    if rng.random() < 0.1:
        axons = np.append(axons, rng.choice([0, config.neurons - 1, config.axons, 32_767]))
    parts = [rng.permutation(axons).astype(np.uint16)]
    if axons.size and rng.random() < 0.3:
        parts.append(axons[:1].astype(np.uint16))  # the same event twice
    if rng.random() < 0.1:
        core = int(rng.integers(config.cores))
        in_use = int(rng.integers(config.neurons_per_core + 1))
        parts.append(control_words(core_register("neurons_in_use", core), in_use))
    if config.learns and rng.random() < 0.3:
        parts.append(rules.words(int(rng.integers(1, 4))))
    # Now and then several steps in a row, with nobody reading in between.
    parts.append(step_words(int(rng.choice([1, 1, 1, 1, 1, 1, 2, 5]))))
    return np.concatenate(parts)
