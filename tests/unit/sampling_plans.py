"""Random plans of samples, how to load one into a target, and how to compare what it did."""

import random

import numpy as np
from hypothesis import strategies as st
from reference_plans import (
    ELIGIBLE,
    NARROW,
    ODD,
    ONE_NEURON,
    SQUARE,
    WIDE,
    assert_same_state,
    load,
    make_plan,
)
from sampling_oracle import BITMAP, CONTROL, LEVELS, SAMPLE, SamplePlan, ScalarSamples, leading
from scalar_oracle import STEP

from spikeloom.contract import CONFIGS, ArrayConfig, MemoryMap
from spikeloom.contract.registers import CONTROL_REGISTERS, CORE_REGISTERS, core_register
from spikeloom.contract.words import MAX_LEVELS
from spikeloom_sim.reference.target import ModelTarget

SAMPLE_CONFIGS = tuple(
    config.replace(sampling=True, pattern_words=64)
    for config in (ONE_NEURON, ODD, NARROW, WIDE, SQUARE, ELIGIBLE, CONFIGS["tiny"])
)
"""Groups of one neuron up; numbers of neurons that are and are no powers of two; inputs that fill
no word of 16."""


def make_sample_plan(config: ArrayConfig, seed: int, *, words: int = 40) -> SamplePlan:
    """The same arguments give the same plan."""
    rng = random.Random(seed)
    network = make_plan(
        config, rng.randrange(2**32), steps=0, extremes=0.05, learning=rng.random() < 0.4
    )
    if rng.random() < 0.8:  # neurons that fire now and then
        network.threshold = [rng.randint(0, 60) for _ in range(config.neurons)]
        network.refractory = [rng.choice([0, 0, 1, 3]) for _ in range(config.neurons)]
    one_mode = rng.choice([None, None, 1, 2, 3])
    pattern = [_pattern_word(config, rng) for _ in range(config.pattern_words)]
    if rng.random() < 0.2:
        pattern = [word if word < STEP else 0xFFFF for word in pattern]  # no STEP
    everyone = rng.random() < 0.5
    count = [_count(rng) for _ in range(config.neurons)]
    if rng.random() < 0.5:
        count = [0] * config.neurons
    return SamplePlan(
        network=network,
        level=[_level(rng) for _ in range(config.inputs)],
        mode=[one_mode or rng.randrange(4) for _ in range(config.inputs)],
        scale=[rng.choice([0, 0, 1, 3, 7]) for _ in range(config.inputs)],
        pattern=pattern,
        group=[rng.randrange(2**config.group_bits) for _ in range(config.neurons)],
        counted=[int(everyone or rng.random() < 0.5) for _ in range(config.neurons)],
        silent=[int(rng.random() < 0.3) for _ in range(config.neurons)],
        registers={name: draw(config, rng) for name, draw in REGISTERS.items()},
        age=_age(rng),
        decided=int(rng.random() < 0.1),
        place=rng.choice([0, 0, rng.randrange(config.pattern_words)]),
        wait=rng.choice([0, 0, 1, 3, 65_535]),
        count=count,
        first=[rng.choice([0, 1, 65_535]) if each else 0 for each in count],
        words=[_word(network, rng) for _ in range(words)],
    )


def _age(rng: random.Random) -> int:
    return rng.choice([0, 0, rng.randrange(256), 65_535 - rng.randrange(10), rng.randrange(65_536)])


def _level(rng: random.Random) -> int:
    return rng.choice([0, 1, 127, 128, 255, *(rng.randrange(256) for _ in range(5))])


def _count(rng: random.Random) -> int:
    return rng.choice([0, rng.randrange(4), rng.randrange(4), 254, 255, 256, 65_534, 65_535])


def _pattern_word(config: ArrayConfig, rng: random.Random) -> int:
    return rng.choice([
        rng.randrange(config.neurons, config.axons),
        rng.randrange(config.neurons, config.axons),
        rng.choice([0, config.neurons - 1, config.axons, 0x7FFF]),
        STEP + rng.choice([0, 1, 1, 2, 3]),
        rng.randrange(CONTROL, 0x10000),
    ])  # fmt: skip


def _stop(config: ArrayConfig, rng: random.Random) -> int:
    return rng.choice([0, 0, 0, 1, 2, 5, 300, 65_535])


REGISTERS = {
    "stimulus_seed": lambda config, rng: rng.randrange(2**32),
    "encoded_inputs": lambda config, rng: rng.choice(
        [0, config.inputs, config.inputs, rng.randint(0, config.inputs), 32_767]
    ),
    "levels_first": lambda config, rng: rng.choice(
        [0, 0, rng.randrange(config.inputs), config.inputs, 32_767]
    ),
    "pattern_length": lambda config, rng: rng.choice(
        [0, 0, 1, 2, rng.randint(3, 20), config.pattern_words, config.pattern_words + 1, 32_767]
    ),
    "stop_count": _stop,
    "stop_margin": _stop,
    "stop_after": lambda config, rng: rng.choice([0, 0, 3, 20, 65_535]),
}


def _word(network, rng: random.Random) -> list[int]:
    """An input word with those that belong to it; those that step most often."""
    config = network.config
    kind = rng.choices(
        ("step", "event", "bitmap", "levels", "control", "sample"), (5, 4, 3, 2, 2, 3)
    )[0]
    if kind == "step":
        return [STEP + rng.choice([1, 1, 2, 3, 8])]
    if kind == "event":
        foreign = [0, config.neurons - 1, config.axons, 32_767]
        inputs = [rng.randrange(config.neurons, config.axons) for _ in range(8)]
        return [rng.choice(foreign + inputs)]
    if kind == "bitmap":
        inputs = -(-config.inputs // 16)
        size = rng.choice([0, inputs, inputs, inputs + 2])
        return [
            BITMAP + size,
            *(rng.choice([0, 0xFFFF, rng.randrange(2**16)]) for _ in range(size)),
        ]
    if kind == "levels":
        size = rng.choice([0, 1, config.inputs, config.inputs + 3, rng.randint(0, config.inputs)])
        size = min(size, MAX_LEVELS)
        both = [_level(rng) + 256 * _level(rng) for _ in range((size + 1) // 2)]
        return [LEVELS + size, *both]
    if kind == "sample":
        return [SAMPLE + rng.choice([1, 2, 3, 3, 7, 63, rng.randrange(64)])]
    return _control(network, rng)


def _control(network, rng: random.Random) -> list[int]:
    config, core = network.config, rng.randrange(network.config.cores)
    choices = {
        **{
            CONTROL_REGISTERS[name].offset: draw(config, rng)
            for name, draw in REGISTERS.items()
        },
        CONTROL_REGISTERS["output_policy"].offset: rng.randint(0, 3),
        CONTROL_REGISTERS["t"].offset: rng.choice([0, 7, 2**32 - 1]),
        CONTROL_REGISTERS["axon_words"].offset: rng.choice([0, 1, config.axon_words, 65_535]),
        CONTROL_REGISTERS["probes_in_use"].offset: rng.randint(0, len(network.probes)),
        core_register("neurons_in_use", core): rng.randint(0, config.neurons_per_core),
        core_register("theta_every_log2", core): rng.choice([0, 1]),
        0x1FFF: 1,  # no register
    }  # fmt: skip
    if network.learning is not None:
        choices[core_register("reward", core)] = rng.randrange(256)
    offset, value = rng.choice(sorted(choices.items()))
    return [CONTROL + offset, value % 2**16, value >> 16]


@st.composite
def sample_plans(draw: st.DrawFn, **options) -> SamplePlan:
    """Plans of any configuration."""
    config = draw(st.sampled_from(SAMPLE_CONFIGS))
    return make_sample_plan(config, draw(st.integers(0, 2**32)), **options)


def load_samples(target: ModelTarget, plan: SamplePlan) -> None:
    """Write a plan through the memory map, and the control registers last."""
    load(target, plan.network)
    memory = MemoryMap(plan.config)
    leader, best, second = leading(plan.count)
    sample = [plan.age, plan.decided << 15 | leader, best, second, plan.place, plan.wait]
    for name, values in {
        "sample": {"value": sample},
        "levels": {"level": plan.level},
        "encoders": {"mode": plan.mode, "scale": plan.scale},
        "pattern": {"word": plan.pattern},
        "readout": {"group": plan.group, "counted": plan.counted, "silent": plan.silent},
        "counts": {"count": plan.count, "first": plan.first},
    }.items():
        target.write(name, memory[name].pack(**values))
    for name, value in plan.registers.items():
        word = memory["control"].pack(value=[value])
        target.write("control", word, offset=CONTROL_REGISTERS[name].offset)


def all_words(plan: SamplePlan) -> list[int]:
    """The whole stream."""
    return [word for words in plan.words for word in words]


def cut(words: list[int], seed: int) -> list[np.ndarray]:
    """Cut a stream into chunks, some of them empty."""
    rng = np.random.default_rng(seed)
    places = np.sort(rng.integers(0, len(words) + 1, rng.integers(0, 12)))
    return np.split(np.array(words, np.uint16), places)


def assert_same_samples(target: ModelTarget, oracle: ScalarSamples, when: str) -> None:
    """Compare the windows of samples, registers and counters, and the state of the network."""
    memory = MemoryMap(target.capability.config)
    read = {
        name: {
            field: values.tolist()
            for field, values in memory[name].unpack(target.read(name)).items()
        }
        for name in ("sample", "levels", "counts")
    }
    assert read["sample"]["value"] == oracle.sample_words(), ("sample", when)
    assert read["levels"]["level"] == oracle.level, ("levels", when)
    assert read["counts"] == {"count": oracle.count, "first": oracle.first}, ("counts", when)
    control = memory["control"].unpack(target.read("control"))["value"]
    for name, value in oracle.registers.items():
        assert control[CONTROL_REGISTERS[name].offset] == value, (name, when)
    assert_same_state(target.model, oracle, when)
    counters = target.model.counters
    told = counters.steps, counters.spikes, counters.refused_events, counters.arrivals
    assert told == (oracle.steps, oracle.spikes, oracle.refused, oracle.arrivals), (
        "counters",
        when,
    )


assert CORE_REGISTERS["neurons_in_use"].bits == 11  # the oracle cuts to it
