"""From stimulus to event words, and from output words to spikes: both against a plain loop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.board import StimulusError
from spikeloom.board.decoding import OutputDecoder
from spikeloom.board.stimulus import encode_batch, encode_stream, is_batch
from spikeloom.compiler import PlacedInput
from spikeloom.contract.words import MAP_BIT, MAX_STEP_COUNT, PROBE_TAG, STEP_TAG, TAG_MASK

LEFT = PlacedInput("left", 3, (np.array([20, 21, 22]), np.array([23, -1, 24])))
RIGHT = PlacedInput("right", 2, (np.array([30, 31]),))
ONE = {"left": LEFT}
TWO = {"left": LEFT, "right": RIGHT}


def events_of(words) -> tuple[set[tuple[int, int]], int]:
    """Read event words one by one: (step, axon) pairs, and the number of steps."""
    t, events = 0, set()
    for word in words:
        if int(word) & TAG_MASK == STEP_TAG:
            assert int(word) & MAX_STEP_COUNT > 0
            t += int(word) & MAX_STEP_COUNT
        else:
            assert (t, int(word)) not in events
            events.add((t, int(word)))
    return events, t


def encoded(inputs, stimulus, steps=None) -> tuple[set[tuple[int, int]], int]:
    stream = encode_stream(inputs, stimulus, steps)
    result = events_of(np.concatenate([np.empty(0, np.uint16), *stream]))
    assert stream.steps == result[1]
    return result


def expected(source: PlacedInput, events) -> set[tuple[int, int]]:
    return {
        (t, int(copy[channel]))
        for t, channel in events
        for copy in source.axons
        if copy[channel] >= 0
    }


SPARSE = st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, 2)), max_size=30)


@given(SPARSE, st.integers(0, 40_000))
def test_events_with_long_silences(events, more):
    steps = max([t for t, _ in events], default=-1) + 1 + more
    times = np.array([t for t, _ in events], int)
    channels = np.array([c for _, c in events], int)
    assert encoded(ONE, (times, channels), steps) == (expected(LEFT, events), steps)


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=20))
def test_all_forms_say_the_same(rows):
    dense = np.array(rows)
    events = list(zip(*(index.tolist() for index in np.nonzero(dense)), strict=True))
    want = (expected(LEFT, events), len(rows))
    per_step = [np.flatnonzero(row).tolist() for row in dense]
    assert encoded(ONE, dense) == want
    assert encoded(ONE, dense.astype(float)) == want
    assert encoded(ONE, rows) == want
    assert encoded(TWO, {"left": dense}) == want
    assert encoded(ONE, iter(per_step)) == want
    assert encoded(TWO, iter([{"left": channels} for channels in per_step])) == want
    assert encoded(ONE, np.nonzero(dense), len(rows)) == want


def test_two_inputs_and_padding():
    left = np.array([[1, 0, 0], [0, 0, 1]])
    right = ([3], [1])
    events, steps = encoded(TWO, {"left": left, "right": right})
    assert events == {(0, 20), (0, 23), (1, 22), (1, 24), (3, 31)}
    assert steps == 4
    assert encoded(TWO, {"left": left}, steps=9)[1] == 9
    assert encoded(ONE, iter([[0], [1], [2]]), steps=2) == ({(0, 20), (0, 23), (1, 21)}, 2)
    assert encoded(ONE, iter([[0]]), steps=5)[1] == 5
    assert encoded(TWO, None, steps=20_000) == (set(), 20_000)
    assert encoded(ONE, np.zeros((0, 3))) == (set(), 0)


def test_an_iterator_is_taken_step_by_step():
    taken = []

    def channels():
        for k in range(3):
            taken.append(k)
            yield [k]

    stream = iter(encode_stream(ONE, channels(), None))
    next(stream)
    assert taken == [0]


def test_batch():
    stimulus = np.random.default_rng(0).random((4, 6, 3)) < 0.5
    assert is_batch(stimulus)
    assert is_batch({"left": stimulus})
    assert not is_batch(stimulus[0])
    words, steps = encode_batch(TWO, {"left": stimulus}, None)
    assert steps == 6
    assert [events_of(w) for w in words] == [encoded(ONE, sample) for sample in stimulus]
    assert encode_batch(ONE, stimulus, 9)[1] == 9


BAD = [
    (ONE, np.zeros((5, 2)), None, r"must have shape \[steps, 3\], not \[5, 2\]"),
    (ONE, np.zeros(3), None, r"must have shape \[steps, 3\], not \[3\]"),
    (ONE, np.array([[0, np.nan, 0]]), None, "must hold 0 or 1, not nan"),
    (ONE, np.array([[0, 2, 0]]), None, "must hold 0 or 1, not 2; a channel spikes at most once"),
    (ONE, np.array([["a", "b", "c"]]), None, "booleans or numbers"),
    (ONE, [[0], [1, 2]], None, r"rectangular array, not ragged lists.*iter\(lists\)"),
    (ONE, np.zeros((5, 3)), 4, "at most steps = 4 steps, not 5"),
    (ONE, ([0], [3]), None, r"channel .* must be in 0..2, not 3"),
    (ONE, ([5], [0]), 5, r"time .* must be in 0..4, not 5"),
    (ONE, ([-1], [0]), None, r"time .* not -1"),
    (ONE, ([0.5], [0]), None, "lists of integers, not float64"),
    (ONE, ([0, 1], [0]), None, "as many times as channels, not 2 and 1"),
    (ONE, None, None, "must have steps"),
    (ONE, None, -1, "steps must be an integer of 0 or more, not -1"),
    (ONE, None, 1.5, "steps must be an integer"),
    (ONE, None, 2**31 + 1, "at most 2147483648 in one run"),
    (ONE, ([2**40], [0]), None, r"time .* must be in 0..2147483647"),
    (TWO, np.zeros((5, 3)), None, "this one has 2"),
    (TWO, {"middle": np.zeros((5, 3))}, None, "one of left, right, not 'middle'"),
    (TWO, {"left": iter([[0]])}, None, "iterator inside a dict"),
    (ONE, iter([[0], [7]]), None, r"channel in step 1 .* not 7"),
    (TWO, iter([{"middle": [0]}]), None, "not 'middle'"),
]


@pytest.mark.parametrize(("inputs", "stimulus", "steps", "text"), BAD)
def test_what_does_not_fit_is_refused(inputs, stimulus, steps, text):
    with pytest.raises(StimulusError, match=text):
        list(encode_stream(inputs, stimulus, steps))


@pytest.mark.parametrize(
    ("stimulus", "text"),
    [
        ({"left": np.zeros((2, 5, 3)), "right": np.zeros((5, 2))}, "'right' must be an array"),
        ({"left": np.zeros((2, 5, 3)), "right": np.zeros((3, 5, 2))}, r"number of samples"),
        ({"left": np.zeros((0, 5, 3))}, "at least one sample"),
    ],
)
def test_batches_that_do_not_fit_are_refused(stimulus, text):
    with pytest.raises(StimulusError, match=text):
        encode_batch(TWO, stimulus, None)


# Output

COUNTS = st.one_of(st.integers(0, 255), st.sampled_from([0, 0x80, 0xC0]))
RESULTS = st.tuples(
    st.one_of(st.integers(0, 0x7FFF), st.sampled_from([0, 0x4000, 0x7FFF])),
    st.booleans(),
    COUNTS,
    COUNTS,
)
PROBES = st.tuples(st.integers(0, 255), st.one_of(st.integers(0, 2**22 - 1), st.just(0x8000)))
STEPS = st.lists(
    st.tuples(
        st.integers(0, 20_000),
        st.lists(st.integers(0, 0x7FFF), max_size=4),
        st.lists(PROBES, max_size=4),
        st.lists(RESULTS, max_size=3),
    ),
    max_size=12,
)


@given(STEPS, st.lists(st.integers(1, 7), min_size=1), st.sampled_from([0, 1, 3]))
def test_decoder_agrees_with_a_loop_whatever_the_cuts(steps, cuts, map_words):
    words, spikes, values, results, t = [], [], [], [], 0
    longest = MAP_BIT - 1 if map_words else MAX_STEP_COUNT
    for count, neurons, probes, samples in steps:
        if map_words and len(neurons) > 1:  # any rule would do: what is sent, is understood
            fired = {neuron % (16 * map_words) for neuron in neurons}
            words.append(STEP_TAG | MAP_BIT)
            words += [sum(1 << n % 16 for n in fired if n // 16 == k) for k in range(map_words)]
            spikes += [(t, neuron) for neuron in sorted(fired)]
        else:
            words += neurons
            spikes += [(t, neuron) for neuron in neurons]
        for number, value in probes:
            words += [PROBE_TAG | number << 6 | value >> 16, value & 0xFFFF]
            values.append((t, number, value))
        t += count
        while count:
            part = min(count, longest)
            words.append(STEP_TAG | part)
            count -= part
        for leader, decided, best, second in samples:
            words += [STEP_TAG, decided << 15 | leader, second << 8 | best]
            results.append((t, leader, decided, best, second))
    decoder = OutputDecoder(map_words)
    got_spikes, got_values, got_results, at, k = [], [], [], 0, 0
    while at < len(words):
        size = cuts[k % len(cuts)]
        part = decoder.feed(np.array(words[at : at + size], np.uint16))
        got_spikes += pairs(part.spike_t, part.neuron)
        got_values += pairs(part.probe_t, part.probe, part.value)
        got = part.results
        got_results += pairs(got.t, got.leader, got.decided, got.best, got.second)
        at, k = at + size, k + 1
    assert sorted(got_spikes) == sorted(spikes)
    assert (got_values, got_results) == (values, results)
    assert (decoder.clock, decoder.waits) == (t, False)


def pairs(*columns: np.ndarray) -> list[tuple[int, ...]]:
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("words", [[0xC000], [0x8000], [0x8000, 0x8000], [0xC000, 0x8000, 0xC001]])
def test_a_decoder_says_that_it_waits_for_words(words):
    decoder = OutputDecoder()
    decoder.feed(np.array(words, np.uint16))
    assert decoder.waits
