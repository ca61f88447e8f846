"""Samples on ``fast:`` equal the reference's in every bit: streams, batches, and what is rare."""

import numpy as np
import pytest
from fast_support import FAST_CONFIGS, counters, everything, needs_compiler, words_of
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling_plans import (
    SAMPLE_CONFIGS,
    all_words,
    cut,
    load_samples,
    make_sample_plan,
    sample_plans,
)

from spikeloom.contract import CONFIGS, ArrayConfig, MemoryMap
from spikeloom.contract.frames import ResetKind
from spikeloom.contract.registers import CONTROL_REGISTERS
from spikeloom.contract.words import (
    SampleFlag,
    bitmap_words,
    control_words,
    levels_words,
    sample_words,
    step_words,
)
from spikeloom_sim.fast import batch, stream
from spikeloom_sim.fast.target import FastTarget
from spikeloom_sim.reference.errors import RunError
from spikeloom_sim.reference.target import ModelTarget

pytestmark = needs_compiler

MANY_INPUTS = ArrayConfig(
    name="many inputs", cores=2, neurons_per_core=24, axons=3_048, rows_per_core=100, lanes=4,
    sampling=True, pattern_words=128, plastic="none",
)  # fmt: skip
LARGE = (
    *(config.replace(sampling=True, pattern_words=256) for config in FAST_CONFIGS),
    CONFIGS["quad_elig"].replace(sampling=True, pattern_words=64),
    MANY_INPUTS,
)
NEXT = SampleFlag.REPORT | SampleFlag.RESTART | SampleFlag.CLEAR_STATE


def pair_of(plan) -> tuple[ModelTarget, FastTarget]:
    model, fast = ModelTarget(plan.config), FastTarget(plan.config, threads=2)
    load_samples(model, plan)
    load_samples(fast, plan)
    return model, fast


def assert_same(fast: ModelTarget, model: ModelTarget) -> None:
    theirs, own = everything(model), everything(fast)
    assert [window for window in theirs if theirs[window] != own[window]] == []
    assert counters(fast) == counters(model)


@given(plan=sample_plans(words=60), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_a_stream_cut_anywhere_equals_the_references(plan, seed):
    model, fast = pair_of(plan)
    chunks = cut(all_words(plan), seed)
    assert words_of(fast, *chunks) == words_of(model, *chunks)
    assert_same(fast, model)


@given(plan=sample_plans(words=20))
@settings(max_examples=20, deadline=None)
def test_every_word_equals_the_references(plan):
    model, fast = pair_of(plan)
    for words in plan.words:
        assert words_of(fast, words) == words_of(model, words), words
        assert_same(fast, model)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("config", LARGE, ids=lambda config: config.name)
def test_large_arrays(config, seed):
    plan = make_sample_plan(config, seed, words=60)
    model, fast = pair_of(plan)
    chunks = cut(all_words(plan), seed)
    assert words_of(fast, *chunks) == words_of(model, *chunks)
    assert_same(fast, model)


# Batches


def batch_plan(config: ArrayConfig, seed: int):
    """A plan that neither learns nor is decided too soon."""
    plan = make_sample_plan(config, seed)
    plan.network.learning = None
    return plan


def check_batch(plan, samples) -> None:
    model, fast = pair_of(plan)
    expected, actual = model.run_batch(samples), fast.run_batch(samples)
    assert [words.tolist() for words in actual] == [words.tolist() for words in expected]
    assert_same(fast, model)
    assert words_of(fast, step_words(3)) == words_of(model, step_words(3))
    assert_same(fast, model)


@given(plan=sample_plans(words=0), count=st.integers(0, 6), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_batches_of_any_words(plan, count, seed):
    """Registers and levels that one writes are seen by the next; some are independent."""
    samples = [
        np.array(all_words(make_sample_plan(plan.config, seed + k, words=8)), np.uint16)
        for k in range(count)
    ]
    check_batch(plan, samples)


def images(config: ArrayConfig, count: int, first=lambda rng, k: []) -> list[np.ndarray]:
    """Samples of levels, steps and bitmaps, two in each."""
    rng = np.random.default_rng(5)
    return [
        np.concatenate(
            [
                *first(rng, k),
                step_words(int(rng.integers(1, 6))),
                bitmap_words(rng.integers(0, config.inputs, 3)),
                sample_words(NEXT),
                step_words(4),
                sample_words(SampleFlag.REPORT),
            ]
        )
        for k in range(count)
    ]


def some_levels(rng, size: int) -> np.ndarray:
    return levels_words(rng.integers(0, 256, size).astype(np.uint8))


LEVELS = {
    "none": lambda rng, k: [],
    "all": lambda rng, k: [some_levels(rng, 20)],
    "in two": lambda rng, k: [some_levels(rng, 7), some_levels(rng, 20)],
    "of some": lambda rng, k: [some_levels(rng, 20)] * (k % 3 == 0),
    "fewer": lambda rng, k: [some_levels(rng, 20 - k)],
    "late": lambda rng, k: [some_levels(rng, 3), step_words(1), some_levels(rng, 20)],
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize("config", SAMPLE_CONFIGS[1:], ids=lambda config: config.name)
def test_batches_of_images(config, levels, seed, monkeypatch):
    monkeypatch.setattr(batch, "_TOGETHER", 3)
    plan = batch_plan(config, seed)
    plan.registers["levels_first"] = 0
    check_batch(plan, images(config, 9, LEVELS[levels]))


@pytest.mark.parametrize(
    ("levels", "together"),
    [("none", 8), ("all", 8), ("in two", 8), ("of some", 0), ("fewer", 0), ("late", 0)],
)
def test_images_that_do_not_depend_on_each_other_run_side_by_side(levels, together, monkeypatch):
    seen = []
    run_together = batch._run_together
    monkeypatch.setattr(
        batch, "_run_together", lambda *args: seen.append(len(args[2])) or run_together(*args)
    )
    _, fast = pair_of(batch_plan(CONFIGS["tiny"].replace(sampling=True, pattern_words=64), 1))
    fast.run_batch(images(fast.capability.config, 9, LEVELS[levels]))
    assert seen == [together]


def test_control_words_and_what_looks_like_them():
    config = CONFIGS["tiny"].replace(sampling=True, pattern_words=64)
    junk = np.array([0xE002, 0xC009, 0x8001], np.uint16)
    samples = [np.concatenate([junk, step_words(2)])] * 4
    check_batch(batch_plan(config, 2), samples)
    control = control_words(CONTROL_REGISTERS["encoded_inputs"].offset, 3)
    check_batch(batch_plan(config, 2), [*samples, np.concatenate([control, *samples]), *samples])


def test_a_batch_with_an_incomplete_sample_does_nothing():
    _, fast = pair_of(batch_plan(SAMPLE_CONFIGS[1], 0))
    before = everything(fast)
    for incomplete in ([0xE001], [0xF003, 1], [0xC001, 0xE000]):
        with pytest.raises(RunError, match="sample 1 must not end within a CONTROL word"):
            fast.run_batch([step_words(3), np.array(incomplete, np.uint16), step_words(1)])
    assert everything(fast) == before


# Streams


@given(plan=sample_plans(words=10), head=st.integers(0xC000, 0xF7FF), seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_input_that_ends_within_a_word(plan, head, seed):
    words = [*all_words(plan), head, *[0xFFFF] * (seed % 2)]
    ends = []
    model, fast = pair_of(plan)
    for target in (model, fast):
        out: list[int] = []
        try:
            for part in target.run(cut(words, seed)):
                out += part.tolist()
        except RunError as error:
            out.append(str(error))
        ends.append(out)
    assert ends[0] == ends[1]
    assert_same(fast, model)


def test_more_results_than_a_block_has_room_for(monkeypatch):
    monkeypatch.setattr(stream, "_BLOCK_WORDS", 5)
    plan = make_sample_plan(SAMPLE_CONFIGS[0], 3)
    model, fast = pair_of(plan)
    words = np.tile(np.concatenate([step_words(1), sample_words(NEXT)]), 300)
    assert words_of(fast, words) == words_of(model, words)
    assert_same(fast, model)


def test_a_run_that_is_given_up_leaves_what_it_did():
    plan = make_sample_plan(SAMPLE_CONFIGS[-1], 4)
    plan.decided = 0
    model, fast = pair_of(plan)
    chunk = np.array([0x8003, 0xF801, 0x8002, 0xF801], np.uint16)
    for target in (model, fast):
        run = target.run(iter([chunk, chunk]))
        next(run)
        run.close()
        list(target.run([step_words(3)]))
    assert fast.model.t > plan.network.t
    fast.reset(ResetKind.STATE)
    model.reset(ResetKind.STATE)
    assert words_of(fast, chunk) == words_of(model, chunk)


def test_a_batch_that_is_interrupted_leaves_nothing_behind():
    plan = make_sample_plan(SAMPLE_CONFIGS[-1], 4)
    plan.network.learning = None
    model, fast = pair_of(plan)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream.FastStream, "finish", lambda self: (_ for _ in ()).throw(OSError))
        with pytest.raises(OSError):
            fast.run_batch([np.array([0x8005, 0xF801], np.uint16)])
    for target in (model, fast):
        target.reset(ResetKind.ALL)
        target.reset(ResetKind.COUNTERS)
        load_samples(target, plan)
    assert words_of(fast, *plan.words) == words_of(model, *plan.words)
    assert_same(fast, model)


def test_an_error_of_who_feeds_a_run_leaves_what_it_did():
    plan = make_sample_plan(SAMPLE_CONFIGS[-1], 4)
    model, fast = pair_of(plan)

    def chunks():
        yield step_words(5)
        raise KeyError("no more")

    for target in (model, fast):
        with pytest.raises(KeyError):
            list(target.run(chunks()))
    assert_same(fast, model)


def test_counters_and_registers_can_be_read_while_a_run_is_under_way():
    plan = make_sample_plan(SAMPLE_CONFIGS[-1], 4)
    plan.decided, plan.registers = 0, {}
    _, fast = pair_of(plan)
    memory = MemoryMap(plan.config)
    t = []
    run = fast.run(iter([step_words(5), sample_words(NEXT), step_words(5), sample_words(NEXT)]))
    for _ in run:
        t.append(int(memory["control"].unpack(fast.read("control"))["value"][0]) - plan.network.t)
        with pytest.raises(RunError):
            fast.read("v")
        with pytest.raises(RunError, match="another run"):
            list(fast.run([step_words(1)]))
    assert t[-1] % 2**32 == 10
