"""Link coding: each step as a bitmap or as events, whichever is shorter, and never a word more."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spikeloom.coding import bitmap_base, event_words
from spikeloom.contract import CONFIGS
from spikeloom.contract.words import (
    BITMAP_TAG,
    LEVELS_TAG,
    MAX_BITMAP_WORDS,
    MAX_STEP_COUNT,
    STEP_TAG,
)

BASE = 40


def steps_words(count: int) -> int:
    return -(-count // MAX_STEP_COUNT)


def decoded(words: np.ndarray) -> tuple[list[tuple[int, int]], int, int]:
    """Take words apart, one by one: events, steps, and how many bitmaps there were."""
    events, t, bitmaps, at = [], 0, 0, 0
    while at < len(words):
        word = int(words[at])
        at += 1
        if word < STEP_TAG:
            events.append((t, word))
        elif word < 0xC000:
            t += word & MAX_STEP_COUNT
        else:
            assert BITMAP_TAG <= word < LEVELS_TAG
            count = word & MAX_BITMAP_WORDS
            for k in range(count):
                bits = int(words[at + k])
                events += [(t, BASE + 16 * k + bit) for bit in range(16) if bits >> bit & 1]
            at += count
            t += 1
            bitmaps += 1
    return events, t, bitmaps


def smallest(channels: list[int], duration: int) -> int:
    """Return the words of the shorter coding of a step and the silence behind it."""
    as_events = len(channels) + steps_words(duration)
    as_bitmap = max(channels) // 16 + 2 + steps_words(duration - 1)
    return min(as_events, as_bitmap)


@st.composite
def rasters(draw):
    """Steps with some channels each, in clusters as images have them, and silence."""
    steps = draw(st.integers(1, 12))
    lines = draw(
        st.dictionaries(
            st.integers(0, steps - 1),
            st.sets(st.integers(0, draw(st.sampled_from([3, 15, 16, 64, 300]))), max_size=60),
            max_size=steps,
        )
    )
    return steps, {t: sorted(channels) for t, channels in lines.items() if channels}


def arrays(lines: dict[int, list[int]]) -> tuple[np.ndarray, np.ndarray]:
    t = [step for step in sorted(lines) for _ in lines[step]]
    axon = [BASE + channel for step in sorted(lines) for channel in lines[step]]
    return np.array(t, np.int64), np.array(axon, np.int64)


@given(rasters())
@example((1, {0: list(range(16))}))
@example((2, {0: [0, 1]}))
@example((3, {1: [0, 1, 2], 2: [300]}))
def test_every_step_has_the_shorter_coding_and_says_the_same(raster):
    steps, lines = raster
    t, axon = arrays(lines)
    words = event_words(t, axon, steps, BASE)
    events, told, _ = decoded(words)
    assert events == list(zip(t.tolist(), axon.tolist(), strict=True))
    assert told == steps
    ends = [*sorted(lines)[1:], steps]
    first = min(lines, default=steps)
    expected = (
        steps_words(first)
        + sum(
            smallest(lines[step], end - step) for step, end in zip(sorted(lines), ends, strict=True)
        )
        if lines
        else steps_words(steps)
    )
    assert len(words) == expected


@given(rasters())
def test_arrays_without_bitmaps_get_none(raster):
    steps, lines = raster
    t, axon = arrays(lines)
    events, told, bitmaps = decoded(event_words(t, axon, steps))
    assert (events, told, bitmaps) == (list(zip(t.tolist(), axon.tolist(), strict=True)), steps, 0)


@pytest.mark.parametrize("gap", [1, 2, MAX_STEP_COUNT, MAX_STEP_COUNT + 1, 3 * MAX_STEP_COUNT + 7])
@pytest.mark.parametrize("count", [1, 40])
def test_silence_of_any_length_keeps_its_counts(gap, count):
    t = np.repeat([5, 5 + gap], count)
    axon = np.tile(BASE + np.arange(count), 2)
    words = event_words(t, axon, 5 + 2 * gap, BASE)
    events, told, _ = decoded(words)
    assert told == 5 + 2 * gap
    assert [step for step, _ in events] == t.tolist()
    assert len(words) == 1 + 2 * smallest(list(range(count)), gap)


def test_a_dense_stimulus_costs_a_bit_a_channel():
    """64 channels at half the steps: 5 words a step instead of 33."""
    steps = 1000
    dense = np.random.default_rng(1).random((steps, 64)) < 0.5
    dense[:, 63] = True
    t, channel = np.nonzero(dense)
    assert event_words(t, channel + BASE, steps, BASE).size == 5 * steps
    assert event_words(t, channel + BASE, steps).size == t.size + steps


def test_equal_length_stays_events():
    """A tie is two words either way; what every array understands is taken."""
    words = event_words(np.array([0]), np.array([BASE + 3]), 1, BASE)
    assert words.tolist() == [BASE + 3, STEP_TAG | 1]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**31))
def test_inputs_beyond_a_bitmap_are_events(seed):
    rng = np.random.default_rng(seed)
    far = 16 * MAX_BITMAP_WORDS
    near = np.unique(rng.integers(0, far, 5000))
    axon = np.append(near, far) if seed % 2 else near
    # Axons this far do not exist; only the choice is looked at.
    words = event_words(np.zeros_like(axon), axon, 1, base=0)
    assert (words[0] & 0xF000 == BITMAP_TAG) == (not seed % 2)


def test_only_arrays_with_samples_take_bitmaps():
    config = CONFIGS["tiny"].replace(sampling=False)
    assert bitmap_base(config) is None
    assert bitmap_base(config.replace(sampling=True)) == config.neurons
