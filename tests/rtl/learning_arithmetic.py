"""Integer arithmetic of learning, and what benches of its units have in common."""

import random
from collections.abc import Callable
from typing import Any

from amaranth.sim import Simulator, SimulatorContext

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import Phase

SEED = 20_261_121
LIMIT = 1 << 17
"""A change has 18 bits."""


def config_of(**changes: Any) -> ArrayConfig:
    """Return a core of 16 neurons and 21 rows."""
    return ArrayConfig(
        name="units", cores=1, neurons_per_core=16, axons=40, rows_per_core=21, lanes=4
    ).replace(**changes)


def run(dut: Any, bench: Callable[[SimulatorContext], Any]) -> None:
    """Simulate a component with a bench."""
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def toward_zero(value: int, shift: int) -> int:
    """Return ``value / 2**shift``, rounded toward zero."""
    return abs(value) >> shift if value >= 0 else -(abs(value) >> shift)


def signed(value: int, bits: int) -> int:
    """Return an unsigned word as a signed number."""
    return value - (value >> (bits - 1) << bits)


def extremes(rng: random.Random, low: int, high: int) -> int:
    """Return a number of a range, often at its ends."""
    return rng.choice([low, high, 0, 1, -1 if low < 0 else 1, rng.randint(low, high)])


def random_number(key: int, neuron: int) -> int:
    """Return the random number of a neuron, as section 4 of the semantics page has it."""
    bits = 0
    for j in range(8):
        parity = (neuron & (key >> j) & 0x7FFF).bit_count() & 1
        bits |= (parity ^ key >> (24 + j) & 1) << j
    return bits


class Rule:
    """Random registers that the weight changer looks at, and what they make of a weight."""

    def __init__(self, rng: random.Random) -> None:
        low, high = sorted(rng.choice([(-128, 127), (rng.randint(-128, 127), 0), (9, 90)]))
        self.stochastic = rng.random() < 0.5
        self.change = rng.random() < 0.9
        self.low, self.high = low, high
        shifts = (0, 1, 2, 3, 7, 8, 9, 15, rng.randrange(16))
        self.terms = {
            Phase.ARRIVAL: (rng.choice([-1, 0, 1]), rng.choice(shifts)),
            Phase.FIRING: (rng.choice([-1, 0, 1]), rng.choice(shifts)),
        }

    def registers(self) -> dict[str, Any]:
        """Return the fields of each register."""
        a2, b2 = self.terms[Phase.ARRIVAL], self.terms[Phase.FIRING]
        return {
            "learning": {"change": self.change, "stochastic": self.stochastic, "eligibility": 0},
            "a2": {"coefficient": a2[0], "shift": a2[1]},
            "b2": {"coefficient": b2[0], "shift": b2[1]},
            "w_range": {"w_min": self.low, "w_max": self.high},
        }

    def weight(self, phase: Phase, weight: int, change: int, number: int) -> int | None:
        """Return what becomes of a weight; None where it does not change."""
        coefficient, shift = self.terms[phase]
        if self.stochastic:
            dw = (change + toward_zero(coefficient * weight * 256, shift) + number) >> 8
        else:
            dw = (change >> 8) + toward_zero(coefficient * weight, shift)
        if not (self.change and dw):
            return None
        return min(max(weight + dw, self.low), self.high)


def effect_of(fields: dict[str, dict[str, int]], side: str, trace: int, reward: int) -> int:
    """Return the first two terms of a change, with a fraction of 8 bits."""
    effect = fields["x_effect" if side == "b" else "y_effect"]
    counts = (trace, 256 * (trace > 0), 256 * (trace & effect["mask"]).bit_count())[effect["kind"]]
    total = 0
    for name, f in ((f"{side}0", 256), (f"{side}1", counts)):
        product = fields[name]["coefficient"] * reward * f
        shift = fields[name]["shift"] + 6
        stochastic = fields["learning"]["stochastic"]
        total += (
            toward_zero(product * 256, shift) if stochastic else toward_zero(product, shift) * 256
        )
    return min(max(total, -LIMIT), LIMIT - 1)


def random_terms(rng: random.Random) -> dict[str, dict[str, int]]:
    """Return the registers that effects are made of."""
    fields = {
        name: {"coefficient": extremes(rng, -128, 127), "shift": rng.choice([0, 8, 12, 15, 5])}
        for name in ("a0", "a1", "b0", "b1")
    }
    for name in ("x_effect", "y_effect"):
        fields[name] = {"kind": rng.randrange(3), "mask": rng.randrange(256)}
    fields["reward"] = {"reward": extremes(rng, -128, 127)}
    fields["learning"] = {
        "change": 1, "stochastic": rng.randrange(2), "eligibility": rng.randrange(2)
    }  # fmt: skip
    return fields


def next_trace(rule: dict[str, int], trace: int, arrived: bool) -> int:
    """Return a trace after a step."""
    if rule["mode"] == 2:
        return trace << 1 & 255 | arrived
    trace = max(trace - 1, 0) if rule["mode"] == 1 else trace * (256 - rule["decay"]) >> 8
    if not arrived:
        return trace
    return rule["plus"] if rule["nearest"] else min(255, trace + rule["plus"])
