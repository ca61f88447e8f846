"""Random rules of learning for plans, and how to load one into a target."""

import random

from learning_oracle import CoreLearning
from scalar_oracle import Plan

from spikeloom.contract import MemoryMap
from spikeloom.contract.learning import TRACES_PER_WORD
from spikeloom.contract.registers import CONTROL_REGISTERS, CORE_REGISTERS, core_register
from spikeloom_sim.reference.target import ModelTarget

TERMS = ("a0", "a1", "a2", "b0", "b1", "b2")


def make_learning(plan: Plan, core: int, rng: random.Random) -> CoreLearning:
    """A rule that changes weights a little, much, or not at all."""
    rows, neurons = plan.config.rows_per_core, plan.config.neurons_per_core
    axons = {row: axon for axon, row in plan.rows[core].items()}
    low, high = sorted(rng.randint(-128, 127) for _ in range(2))
    full = rng.random() < 0.5
    return CoreLearning(
        plastic_rows=rng.choice([0, rows, rows, rows, rng.randint(0, rows), 32_767]),
        change=int(rng.random() < 0.9),
        stochastic=rng.randrange(2),
        eligibility=rng.randrange(2),
        reward=rng.choice([64, 64, -128, 127, 0, rng.randint(-128, 127)]),
        x_trace=_trace(rng),
        y_trace=_trace(rng),
        x_effect=(rng.randrange(3), rng.choice([0, 1, 255, rng.randrange(256)])),
        y_effect=(rng.randrange(3), rng.choice([0, 1, 255, rng.randrange(256)])),
        **{name: _term(rng, name) for name in TERMS},
        w_min=-128 if full else low,
        w_max=127 if full else high,
        el_decay=rng.choice([0, 1, 256, rng.randint(0, 256)]),
        el_shift=rng.choice([0, 6, rng.randrange(16)]),
        el_every_log2=rng.choice([0, 0, 1, 2, 31]),
        sources=[
            axons.get(row, rng.randrange(2**15)) if rng.random() < 0.9 else rng.randrange(2**15)
            for row in range(rows)
        ],
        flags=_flags(plan, rng),
        x=[_sparse(rng, 0, 255) for _ in range(rows)],
        y=[_sparse(rng, 0, 255) for _ in range(neurons)],
        el=[[_sparse(rng, -128, 127) for _ in range(neurons)] for _ in range(rows)],
    )


def _trace(rng: random.Random) -> tuple[int, int, int, int]:
    plus = rng.choice([255, 100, 0, rng.randrange(256)])
    decay = rng.choice([0, 256, 13, rng.randint(0, 256)])
    return plus, decay, rng.randrange(3), rng.randrange(2)


def _term(rng: random.Random, name: str) -> tuple[int, int]:
    """Mostly a term that moves a weight by some units; sometimes the largest there is."""
    per_weight = name.endswith("2")
    if rng.random() < 0.4:
        return 0, rng.randrange(16)
    if per_weight:
        return rng.choice([-1, 1]), rng.randrange(16) if rng.random() < 0.5 else rng.randint(1, 4)
    if rng.random() < 0.2:
        return rng.choice([-128, 127]), rng.randrange(16)
    return rng.randint(-20, 20), rng.randint(7, 13)


def _flags(plan: Plan, rng: random.Random) -> list[list[int]]:
    neurons = plan.config.neurons_per_core
    share = 1.0 if plan.config.plastic == "first" else rng.choice([0.5, 1.0])
    per_row = plan.config.plastic == "row"
    flags = []
    for _ in range(plan.config.rows_per_core):
        row = [int(rng.random() < share) for _ in range(neurons)]
        flags.append([row[0]] * neurons if per_row else row)
    return flags


def _sparse(rng: random.Random, low: int, high: int) -> int:
    if rng.random() < 0.5:
        return 0
    return rng.choice([low, high, rng.randint(low, high)])


def load_learning(target: ModelTarget, plan: Plan, core: int) -> None:
    """Write what one core learns from; its registers are part of `control_values`."""
    rule = plan.learning[core]
    memory, lanes = MemoryMap(plan.config), plan.config.window_lanes
    sources = {"axon": rule.sources} if plan.config.draws else {}
    if plan.config.plastic == "row":
        sources["plastic"] = [row[0] for row in rule.flags]
    if plan.config.plastic == "synapse":
        target.write("plastic", memory["plastic"].pack(plastic=_words(rule.flags, lanes)), core)
    if sources:
        target.write("sources", memory["sources"].pack(**sources), core)
    padding = [0] * (-len(rule.x) % TRACES_PER_WORD)
    target.write("x", memory["x"].pack(x=_words([rule.x + padding], TRACES_PER_WORD)), core)
    target.write("y", memory["y"].pack(y=_words([rule.y], lanes)), core)
    if plan.config.eligibility:
        words = memory["eligibility"].pack(eligibility=_words(rule.el, lanes))
        target.write("eligibility", words, core)


def _words(rows: list[list[int]], lanes: int) -> list[list[int]]:
    return [row[k : k + lanes] for row in rows for k in range(0, len(row), lanes)]


def rule_values(rule: CoreLearning) -> dict[str, int]:
    """The registers of a rule, by name."""
    values = {}
    for name in TERMS:
        coefficient, shift = getattr(rule, name)
        values[name] = CORE_REGISTERS[name].pack(coefficient=coefficient, shift=shift)
    for name in ("x_trace", "y_trace"):
        fields = zip(("plus", "decay", "mode", "nearest"), getattr(rule, name), strict=True)
        values[name] = CORE_REGISTERS[name].pack(**dict(fields))
    for name in ("x_effect", "y_effect"):
        kind, mask = getattr(rule, name)
        values[name] = CORE_REGISTERS[name].pack(kind=kind, mask=mask)
    pack = {name: register.pack for name, register in CORE_REGISTERS.items()}
    return values | {
        "plastic_rows": rule.plastic_rows,
        "learning": pack["learning"](
            change=rule.change, stochastic=rule.stochastic, eligibility=rule.eligibility
        ),
        "reward": pack["reward"](reward=rule.reward),
        "w_range": pack["w_range"](w_min=rule.w_min, w_max=rule.w_max),
        "eligibility": pack["eligibility"](
            decay=rule.el_decay, shift=rule.el_shift, every_log2=rule.el_every_log2
        ),
    }


def learning_values(plan: Plan) -> dict[int, int]:
    """The control registers of learning, by offset."""
    if plan.learning is None:
        return {}
    values = {CONTROL_REGISTERS["seed"].offset: plan.seed}
    for core, rule in enumerate(plan.learning):
        for name, value in rule_values(rule).items():
            values[core_register(name, core)] = value
    return values
