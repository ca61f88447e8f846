"""Random rules of learning, traces and flags for the lock-step suite."""

import numpy as np

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.numbers import signed_range
from spikeloom.contract.registers import (
    CONTROL_REGISTERS,
    CORE_REGISTERS,
    core_register,
    core_registers,
)
from spikeloom.contract.words import Words, control_words

LEARNING_REGISTERS = tuple(
    name for name in CORE_REGISTERS if name not in ("neurons_in_use", "theta_every_log2")
)
_RAILS = (-128, 127)


class RuleDrawer:
    """Draws values of the learning registers, from extremes and from plain ranges alike."""

    def __init__(self, config: ArrayConfig, rng: np.random.Generator) -> None:
        self.config, self.rng = config, rng
        self.built = [name for name in LEARNING_REGISTERS if name in core_registers(config)]

    def control(self) -> dict[int, int]:
        """Values of the learning registers of all cores, and the seed."""
        values = {CONTROL_REGISTERS["seed"].offset: int(self.rng.integers(1 << 32))}
        for core in range(self.config.cores):
            for name in self.built:
                values[core_register(name, core)] = self.register(name)
        return values

    def words(self, count: int) -> Words:
        """CONTROL words that change some registers of some cores."""
        parts = []
        for _ in range(count):
            core = int(self.rng.integers(self.config.cores))
            # What users change while a network runs comes more often.
            often = [name for name in ("reward", "learning") if name in self.built]
            name = str(self.rng.choice(self.built + 3 * often))
            parts.append(control_words(core_register(name, core), self.register(name)))
        if self.rng.random() < 0.1:
            seed = int(self.rng.integers(1 << 32))
            parts.append(control_words(CONTROL_REGISTERS["seed"].offset, seed))
        return np.concatenate([*parts, np.zeros(0, np.uint16)])

    def register(self, name: str) -> int:
        """A value of one register."""
        if name == "plastic_rows":
            most = self.config.rows_per_core
            return most if self.rng.random() < 0.6 else int(self.rng.integers(0, most + 2))
        return CORE_REGISTERS[name].pack(**getattr(self, f"_{name.rstrip('012')}")(name))

    def _one(self, *choices: int) -> int:
        return int(self.rng.choice(choices))

    def _flip(self, chance: float) -> int:
        return int(self.rng.random() < chance)

    def _learning(self, _: str) -> dict[str, int]:
        eligibility = self._flip(0.6) if self.config.eligibility else 0
        return {
            "change": self._flip(0.85), "stochastic": self._flip(0.5), "eligibility": eligibility
        }  # fmt: skip

    def _reward(self, _: str) -> dict[str, int]:
        any_value = int(self.rng.integers(-128, 128))
        return {"reward": self._one(64, 64, 64, 0, -64, *_RAILS, any_value)}

    def _x_trace(self, _: str) -> dict[str, int]:
        return {
            "plus": self._one(0, 1, 3, 64, 128, 255, int(self.rng.integers(256))),
            "decay": self._one(0, 1, 16, 128, 256, int(self.rng.integers(257))),
            "mode": self._one(0, 0, 1, 2),
            "nearest": self._flip(0.3),
        }

    _y_trace = _x_trace

    def _x_effect(self, _: str) -> dict[str, int]:
        mask = self._one(1, 128, 254, 255, int(self.rng.integers(256)))
        return {"kind": self._one(0, 1, 2), "mask": mask}

    _y_effect = _x_effect

    def _a(self, name: str) -> dict[str, int]:
        """A term: small changes mostly, so that not every weight is at a limit soon."""
        bits = CORE_REGISTERS[name].fields[0].bits
        low, high = (-1, 1) if bits == 2 else signed_range(bits)
        coefficient = self._one(0, 0, 1, -1, low, high, int(self.rng.integers(low, high + 1)))
        wide = (0, 1, 2, 4, 15) if bits == 2 else (8, 10, 12, 14, 0)
        return {"coefficient": coefficient, "shift": self._one(*wide, int(self.rng.integers(16)))}

    _b = _a

    def _w_range(self, _: str) -> dict[str, int]:
        low, high = signed_range(self.config.weight_bits)
        if self.rng.random() < 0.5:
            return {"w_min": low, "w_max": high}
        first, second = sorted(self.rng.integers(low, high + 1, 2).tolist())
        return {"w_min": first, "w_max": second}

    def _eligibility(self, _: str) -> dict[str, int]:
        return {
            "decay": self._one(0, 1, 32, 256, int(self.rng.integers(257))),
            "shift": self._one(0, 3, 6, 8, 12, 15),
            "every_log2": self._one(0, 0, 1, 2, 3),
        }


def learning_writes(
    config: ArrayConfig, rng: np.random.Generator, core: int, axon_of_row: np.ndarray
) -> list[tuple[str, int, int, bytes]]:
    """Writes of the windows of one core that only learning has.

    Parameters
    ----------
    axon_of_row : ndarray of int, shape (R,)
        Axon of each row, -1 for none: such a row has synapses all the same, and a random source.
    """
    memory = MemoryMap(config)
    strangers = rng.integers(0, 1 << 15, axon_of_row.size)
    sources = {}
    if config.draws:
        sources["axon"] = np.where(axon_of_row < 0, strangers, axon_of_row)
    if config.plastic == "row":
        sources["plastic"] = rng.random(axon_of_row.size) < 0.7
    values = {"sources": sources} if sources else {}
    for name in ("x", "y", "eligibility"):
        if name in memory:
            window = memory[name]
            low, high = window.field(name).range
            drawn = rng.integers(low, high + 1, (window.depth, window.lanes))
            drawn[rng.random(drawn.shape) < 0.5] = 0
            values[name] = {name: drawn}
    return [(name, core, 0, memory[name].pack(**fields)) for name, fields in values.items()]
