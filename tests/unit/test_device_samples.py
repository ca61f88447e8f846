"""Samples behind the link: the board in Python does what the reference does in one run."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling_plans import load_samples, make_sample_plan, sample_plans

from spikeloom.board.decoding import OutputDecoder
from spikeloom.contract import CONFIGS, ArrayConfig, MemoryMap
from spikeloom.contract.frames import ResetKind
from spikeloom.contract.registers import CONTROL_REGISTERS, OutputPolicy
from spikeloom.contract.words import CONTROL_TAG, STEP_TAG, Words, map_words
from spikeloom_sim.device import ArrayRings
from spikeloom_sim.reference.target import ModelTarget

TINY = CONFIGS["tiny"].replace(sampling=True, pattern_words=64, output_words=64)

DROPPING = CONTROL_TAG | CONTROL_REGISTERS["output_policy"].offset


def rings_of(plan, config: ArrayConfig | None = None) -> ArrayRings:
    target = ModelTarget(config or plan.config)
    load_samples(target, plan)
    return ArrayRings(target)


def run(rings: ArrayRings, words: list[int], rng: random.Random) -> Words:
    """Push and pull pieces of all sizes until nothing is under way."""
    out: list[int] = []
    at = 0
    while at < len(words) or rings.busy:
        size = min(rng.randint(0, 40), rings.input_free, len(words) - at)
        rings.push(words[at : at + size])
        at += size
        rings.advance(rng.randint(0, 20))
        got = rings.words(rings.read, rng.randint(0, 100))
        out += got
        rings.release(rings.read + len(got))
    out += rings.words(rings.read, 1 << 16)
    return np.array(out, np.uint16)


def decoded(words: Words, config: ArrayConfig) -> tuple[list, list, list, int]:
    decoder = OutputDecoder(map_words(config))
    told = decoder.feed(words)
    assert not decoder.waits
    results = told.results
    return (
        sorted(zip(told.spike_t.tolist(), told.neuron.tolist(), strict=True)),
        [told.probe_t.tolist(), told.probe.tolist(), told.value.tolist()],
        [getattr(results, name).tolist() for name in ("t", "leader", "decided", "best", "second")],
        decoder.clock,
    )


@given(plan=sample_plans(words=40), seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_small_rings_equal_one_run(plan, seed):
    config = plan.config.replace(input_words=64, output_words=64)
    # A board that drops has spikes to drop, and one that runs without a ring has none.
    words = [word for part in plan.words if part[0] != DROPPING for word in part]
    rings, model = rings_of(plan, config), ModelTarget(config)
    load_samples(model, plan)
    expected = np.concatenate([np.zeros(0, np.uint16), *model.run([np.array(words, np.uint16)])])
    got = run(rings, words, random.Random(seed))
    assert decoded(got, config) == decoded(expected, config)
    for window in MemoryMap(config):
        if window.kind != "info":
            for core in range(window.cores):
                assert rings.array.read(window.name, core) == model.read(window.name, core), window
    assert rings.dropped == 0


def test_results_are_never_dropped():
    """Spikes are, once the ring is full; then the array waits for room for the result."""
    plan = make_sample_plan(TINY, 0)
    plan.network.neurons_in_use, plan.network.probes = [8, 8], []
    plan.network.bias, plan.network.threshold = [100] * 16, [0] * 16
    plan.network.refractory, plan.silent = [0] * 16, [0] * 16
    plan.registers, plan.decided = {}, 0
    rings = rings_of(plan)
    policy = MemoryMap(TINY)["control"].pack(value=[OutputPolicy.DROP])
    rings.array.write("control", policy, offset=CONTROL_REGISTERS["output_policy"].offset)
    rings.push([STEP_TAG | 40, 0xF803] * 5)
    rings.advance(1000)
    assert rings.waiting
    assert rings.dropped > 0
    out: list[int] = []
    while rings.busy:
        got = rings.words(rings.read, 7)
        out += got
        rings.release(rings.read + len(got))
        rings.advance(1000)
    out += rings.words(rings.read, 1 << 16)
    assert decoded(np.array(out, np.uint16), rings.config)[2][0] == [40, 80, 120, 160, 200]


@pytest.mark.parametrize("kind", [ResetKind.STOP, ResetKind.STATE, ResetKind.ALL])
def test_what_came_of_a_bitmap_has_acted_when_it_is_stopped(kind):
    plan = make_sample_plan(TINY, 1)
    plan.network.axon_words, plan.decided, plan.network.pending = 3, 0, set()
    rings = rings_of(plan)
    expected = ModelTarget(TINY)
    load_samples(expected, plan)
    list(expected.run([np.array([TINY.neurons + 1, TINY.neurons + 15, 0], np.uint16)]))
    expected.reset(kind)
    rings.push([0xE002, 1 << 1 | 1 << 15 | 0])
    rings.advance(10)
    assert rings.busy
    rings.reset(kind)
    assert not rings.busy
    assert rings.array.read("pending") == expected.read("pending")
    rings.advance(10)
    assert rings.array.read("control") == expected.read("control")  # no step
    assert (rings.array.read("pending") != bytes(len(rings.array.read("pending")))) == (
        kind == ResetKind.STOP
    )


def test_what_came_of_a_bitmap_beyond_all_axons_is_refused():
    plan = make_sample_plan(TINY, 1)
    plan.decided = 0
    rings = rings_of(plan)
    rings.push([0xEFFF])
    for _ in range(2_100):
        rings.push([0x8001])
        rings.advance(1)
    rings.reset(ResetKind.STOP)
    told = rings.array.model.counters.refused_events
    inputs = min(plan.network.axon_words * 16, TINY.axons) - TINY.neurons
    acting = sum(k % 16 in (0, 15) for k in range(max(inputs, 0)))
    assert told == 4_200 - acting


@pytest.mark.parametrize(("count", "came", "set_"), [(5, 2, 4), (5, 1, 2), (3, 1, 2), (4, 0, 0)])
def test_what_came_of_levels_has_acted_when_they_are_stopped(count, came, set_):
    plan = make_sample_plan(TINY, 1)
    plan.registers["levels_first"] = 3
    rings = rings_of(plan)
    before = list(rings.array.read("levels"))
    rings.push([0xF000 | count, *[0x0201] * came])
    rings.advance(10)
    rings.reset(ResetKind.STOP)
    before[3 : 3 + set_] = [1, 2] * (set_ // 2)
    assert list(rings.array.read("levels")) == before


def test_what_came_of_a_control_has_not_acted():
    rings = rings_of(make_sample_plan(TINY, 1))
    before = rings.array.read("control")
    rings.push([CONTROL_TAG | CONTROL_REGISTERS["seed"].offset, 77])
    rings.advance(10)
    rings.reset(ResetKind.STOP)
    assert rings.array.read("control") == before
