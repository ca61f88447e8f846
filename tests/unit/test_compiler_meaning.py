"""A compiled program means what its network means.

Two machines run side by side: one here knows only the user's `Network` (members, weights, delays
in steps), the reference model only the bytes of the `Program`. Delays through axon copies and
relays, merging, placement, gain and byte layout lie between them.
"""

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spikeloom.compiler import compile
from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.numbers import DECAY_ONE, signed_range
from spikeloom.network import LIF, Network
from spikeloom_sim.reference import ArrayModel
from spikeloom_sim.reference.memory import write_words

CONFIGS = [
    ArrayConfig(
        name="three", cores=3, neurons_per_core=64, axons=320, rows_per_core=320, lanes=8,
        delay_slots=8,
    ),
    ArrayConfig(
        name="one", cores=1, neurons_per_core=255, axons=321, rows_per_core=321, lanes=5,
        delay_slots=4, state_bits=12, plastic="row",
    ),
    ArrayConfig(
        name="wide", cores=2, neurons_per_core=96, axons=256, rows_per_core=200, lanes=96,
        delay_slots=16, weight_bits=6, plastic="none",
    ),
]  # fmt: skip
STEPS = 60


def decayed(value, decay):
    """`rtz` of the semantics page."""
    return np.sign(value) * (np.abs(value) * (DECAY_ONE - decay) // DECAY_ONE)


@dataclasses.dataclass
class Cells:
    """Neurons by section 3 of the semantics page; parameters as arrays."""

    p: dict
    state_bits: int

    def __post_init__(self):
        zero = np.zeros_like(self.p["threshold"])
        self.v, self.i, self.theta, self.c = zero, zero, zero, zero

    def update(self, acc, theta_decays):
        """Return who fires; `acc` already has the gain."""
        p = self.p
        low, high = signed_range(self.state_bits)
        self.i = np.clip(decayed(self.i, p["i_decay"]) + acc, low, high)
        u = decayed(self.v, p["v_decay"])
        u = np.sign(u) * np.maximum(np.abs(u) - p["leak"], 0)
        u = np.clip(u + self.i + p["bias"], low, high)
        u = np.where((self.c > 0) & (p["hold"] == 1), p["reset"], u)
        self.theta = np.where(theta_decays, decayed(self.theta, p["theta_decay"]), self.theta)
        fire = (u > p["threshold"] + self.theta) & (self.c == 0)
        self.c = np.where(fire, p["refractory"], np.maximum(self.c - 1, 0))
        less = np.clip(u - p["threshold"] - self.theta, low, high)
        self.v = np.where(fire, np.where(p["reset_mode"] == 1, less, p["reset"]), u)
        self.theta = np.where(fire, np.minimum(self.theta + p["theta_plus"], high), self.theta)
        return fire


def run_network(network, config, events):
    """Run what the user said; `events` is a set of (step, input name, channel)."""
    names = list(network.populations)
    cells = {}
    for name, part in network.populations.items():
        neuron, size = part.neuron, part.size
        p = {
            k: neuron.numbers(k, size).astype(np.int64)
            for k in ("threshold", "reset", "bias", "leak", "theta_plus", "refractory")
        }
        for k in ("v_decay", "i_decay", "theta_decay"):
            p[k] = (neuron.numbers(k, size) * DECAY_ONE).astype(np.int64)
        p["reset_mode"] = neuron.mode("reset_mode", size)
        p["hold"] = 1 - neuron.mode("refractory_mode", size)
        cells[name] = Cells(p, config.state_bits)
    spikes = set(events)
    fired = set()
    for t in range(STEPS):
        acc = {name: np.zeros(network.populations[name].size, np.int64) for name in names}
        for projection in network.projections.values():
            for pre, post, weight, delay in zip(
                projection.pre_index.tolist(), projection.post_index.tolist(),
                projection.weights.tolist(), projection.delays.tolist(), strict=True,
            ):  # fmt: skip
                if (t - delay, projection.pre.name, pre) in spikes:
                    acc[projection.post.name][post] += int(weight)
        for name in names:
            every = network.populations[name].neuron.theta_every
            fire = cells[name].update(acc[name], t % every == 0)
            fired |= {(t, name, int(k)) for k in np.flatnonzero(fire)}
        spikes |= {spike for spike in fired if spike[0] == t}
    return fired, {name: cell.v.tolist() for name, cell in cells.items()}


def loaded_model(program):
    """Return the reference model with a program in it, as a board would load it."""
    config = program.config
    model = ArrayModel(config)
    memory = MemoryMap(config)
    for image in program.images:
        write_words(model, memory[image.window], image.core, image.offset, image.data)
    for offset, value in program.control.items():
        model.network.control.write(offset, value)
    return model


def run_program(program, events):
    """Run the bytes of a program on the reference model, in the user's names."""
    model = loaded_model(program)
    owner = {
        int(neuron): (name, k)
        for name, population in program.populations.items()
        for k, neuron in enumerate(population.neurons)
    }
    relays = set(program.relays.tolist())
    assert not relays & set(owner)
    fired = set()
    for t in range(STEPS):
        axons = [
            int(copy[channel])
            for step, name, channel in events
            if step == t
            for copy in program.inputs[name].axons
            if copy[channel] >= 0
        ]
        spikes = np.flatnonzero(model.step(axons)[0]).tolist()
        fired |= {(t, *owner[neuron]) for neuron in spikes if neuron not in relays}
    assert model.counters.refused_events == 0
    v = model.neurons.v[0]
    return fired, {name: v[p.neurons].tolist() for name, p in program.populations.items()}


def random_neuron(rng, size, state_bits, theta_every):
    big = 1 << int(rng.integers(3, state_bits - 4))
    vector = rng.random() < 0.5

    def draw(low, high):
        return rng.integers(low, high, size) if vector else int(rng.integers(low, high))

    return LIF(
        threshold=draw(0, big),
        v_decay=np.multiply(draw(0, DECAY_ONE >> int(rng.integers(0, 8))), 1 / DECAY_ONE),
        i_decay=np.multiply(draw(0, DECAY_ONE + 1), 1 / DECAY_ONE),
        leak=draw(0, 4),
        reset=draw(-big, big),
        reset_mode=str(rng.choice(["value", "subtract"])),
        refractory=draw(0, 4),
        refractory_mode=str(rng.choice(["hold", "integrate"])),
        bias=draw(-3, 9),
        theta_plus=draw(0, 9) * int(rng.integers(0, 2)),
        theta_decay=np.multiply(draw(0, DECAY_ONE + 1), 1 / DECAY_ONE),
        theta_every=int(rng.choice(theta_every)),
    )


def random_network(rng, config):
    """A network of up to 3 populations with every form of connection and delay."""
    net = Network("random")
    sources = [net.input(f"in{k}", int(rng.integers(1, 5))) for k in range(rng.integers(0, 3))]
    cells = []
    theta_every = (1 << rng.permutation(4))[: config.cores]
    for k in range(rng.integers(1, 4)):
        size = int(rng.integers(1, 7))
        neuron = random_neuron(rng, size, config.state_bits, theta_every)
        cells.append(net.population(f"p{k}", size, neuron, scale=1))
    sources += cells
    gain = {cell.name: 1 << int(rng.integers(0, 4)) for cell in cells}
    high = signed_range(config.weight_bits)[1] // 4
    low = -high // 2
    for _ in range(rng.integers(0, 6)):
        pre, post = sources[rng.integers(len(sources))], cells[rng.integers(len(cells))]
        shape = (pre.size, post.size)
        lowest = 1 if pre in cells else 0
        longest = int(rng.choice([2, config.delay_slots, 2 * config.delay_slots + 3]))
        form = rng.integers(4)
        count = int(rng.integers(0, 9))
        kinds = {0: [(), shape[:1], shape], 1: [(), shape[:1], shape], 2: [(), (count,)], 3: [()]}
        delay_shape = kinds[int(form)][rng.integers(len(kinds[int(form)]))]
        delay = rng.integers(lowest, longest + 1, delay_shape)
        size = count if form == 2 else shape if form != 3 else ()
        weights = rng.integers(low, high + 1, size) * gain[post.name]
        if form == 0:
            net.connect(pre, post, weights, delay=delay)
        elif form == 1:
            net.connect(pre, post, weights, delay=delay, mask=rng.random(shape) < 0.5)
        elif form == 2:
            pre_index = rng.integers(0, shape[0], count)
            post_index = rng.integers(0, shape[1], count)
            if np.unique(pre_index * 64 + post_index, return_counts=True)[1].max(initial=0) < 4:
                net.connect(pre, post, weights, delay=delay, pre=pre_index, post=post_index)
        elif pre.size == post.size:
            net.connect(pre, post, weights, delay=delay, one_to_one=True)
    return net, gain


def merged_weights_fit(net, gain, config):
    """At scale 1 sums beyond the range are refused; the limits test covers that."""
    sums = {}
    for p in net.projections.values():
        for pre, post, weight, delay in zip(
            p.pre_index, p.post_index, p.weights, p.delays, strict=True
        ):
            key = (p.pre.name, pre, p.post.name, post, delay)
            sums[key] = sums.get(key, 0) + weight / gain[p.post.name]
    return max(map(abs, sums.values()), default=0) <= signed_range(config.weight_bits)[1]


def random_events(rng, net, rate=0.2):
    return {
        (t, part.name, k)
        for part in net.inputs.values()
        for t in range(STEPS)
        for k in range(part.size)
        if rng.random() < rate
    }


@settings(max_examples=120, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), config=st.sampled_from(CONFIGS))
def test_a_program_computes_what_its_network_says(seed, config):
    rng = np.random.default_rng(seed)
    net, gain = random_network(rng, config)
    assume(merged_weights_fit(net, gain, config))
    program = compile(net, config)
    events = random_events(rng, net)
    assert run_program(program, events) == run_network(net, config, events)
    assert program.report.clipped_weights == 0
    for population in program.report.populations:
        assert population.weight_error == 0
        assert population.parameter_error == 0


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
@pytest.mark.parametrize("delay", [1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 40])
def test_every_delay_is_exact_through_relays(config, delay):
    net = Network("delay")
    start = net.input("start", 1)
    a = net.population("a", 1, LIF(threshold=0, v_decay=1.0), scale=1)
    b = net.population("b", 2, LIF(threshold=0, v_decay=1.0), scale=1)
    net.connect(start, a, 1)
    net.connect(a, b, 1, pre=[0], post=[0], delay=delay)
    net.connect(a, b, 1, pre=[0], post=[1], delay=1)
    net.connect(start, b, 1, pre=[0], post=[1], delay=delay + 1)
    fired, _ = run_program(compile(net, config), {(2, "start", 0)})
    expected = {(2, "a", 0), (2 + delay, "b", 0), (3, "b", 1), (3 + delay, "b", 1)}
    assert fired == {spike for spike in expected if spike[0] < STEPS}


def test_relays_keep_up_with_spikes_in_every_step():
    net = Network("busy")
    a = net.population("a", 1, LIF(threshold=0, bias=1, v_decay=1.0), scale=1)
    b = net.population("b", 1, LIF(threshold=0, v_decay=1.0), scale=1)
    net.connect(a, b, [1, 1], pre=[0, 0], post=[0, 0], delay=[2, 20])
    fired, _ = run_program(compile(net, "tiny"), set())
    assert {t for t, name, _ in fired if name == "b"} == set(range(2, STEPS))
    assert {t for t, name, _ in fired if name == "a"} == set(range(STEPS))
