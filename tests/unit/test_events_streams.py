"""Streams of events: operations, order, steps, counts, and what is refused."""

import numpy as np
import pytest
from events_support import channels, oracle, pixels, random_pixels, rows
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom import events
from spikeloom.events import EventDataError, EventOrderError, EventSourceError, arrays, chunks

WIDTH, HEIGHT = 7, 5


@pytest.fixture(params=[1 << 16, 3], ids=["one chunk", "chunks of 3"])
def chunk_events(request, monkeypatch):
    for module in (arrays, chunks):
        monkeypatch.setattr(module, "CHUNK_EVENTS", request.param)
    return request.param


@st.composite
def cases(draw):
    count = draw(st.integers(0, 60))
    times = sorted(draw(st.lists(st.integers(0, 40), min_size=count, max_size=count)))
    place = st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), st.integers(0, 1))
    places = draw(st.lists(place, min_size=count, max_size=count))

    def span(limit):
        begin = draw(st.integers(0, limit - 1))
        return begin, draw(st.integers(begin + 1, limit))

    return [(t, *where) for t, where in zip(times, places, strict=True)], {
        "x": span(WIDTH),
        "y": span(HEIGHT),
        "t_us": span(45),
        "k": draw(st.integers(1, 4)),
        "which": draw(st.sampled_from(["merge", "split", "on", "off"])),
        "step_us": draw(st.integers(1, 9)),
        "steps": draw(st.one_of(st.none(), st.integers(1, 12))),
    }


@settings(max_examples=120, deadline=None)
@given(cases(), st.sampled_from([1, 2, 5, 100]))
def test_streams_do_what_plain_loops_do(case, size):
    listed, how = case
    expected, counts = oracle(listed, (WIDTH, HEIGHT), **how)
    array = pixels(listed)
    parts = [array[k : k + size] for k in range(0, len(array), size)]
    stream = (
        events.from_chunks(parts, size=(WIDTH, HEIGHT))
        .crop(x=how["x"], y=how["y"])
        .crop(t_s=tuple(t / 1e6 for t in how["t_us"]))
        .polarity(how["which"])
        .pool(how["k"])
    )
    binned = stream.bin(how["step_us"] * 1e-6, steps=how["steps"])
    assert [step.tolist() for step in binned] == expected
    report = binned.report
    assert report.finished
    assert report.spikes == sum(map(len, expected))
    assert report.steps == len(expected)
    assert report.events == report.outside + report.other_polarity + report.merged + report.spikes
    if not report.stopped_early:
        assert report.to_dict() | counts == report.to_dict()


def test_dense_pairs_and_steps_agree(chunk_events):
    array = random_pixels(200, width=4, height=4, until_us=50, seed=1)
    binned = events.from_array(array, size=(4, 4)).bin(5e-6)
    dense = binned.dense()
    assert dense.shape == (10, 32)
    assert [np.flatnonzero(row).tolist() for row in dense] == [c.tolist() for c in binned]
    t, channel = binned.pairs()
    assert np.array_equal(np.stack([t, channel]), np.stack(np.nonzero(dense)))
    assert binned.report.merged == 200 - dense.sum()


def test_channels_are_numbered_by_polarity_row_column():
    stream = events.from_array(pixels([(0, 2, 1, 0), (1, 2, 1, 1)]), size=(5, 3))
    assert stream.layout.size == 30
    assert [c.tolist() for c in stream.bin(1e-6)] == [[1 * 5 + 2], [(3 + 1) * 5 + 2]]


def test_map_gives_channels_of_ones_own():
    table = np.full((2, 2), -1)
    table[0, 1], table[1, 0] = 4, 0
    listed = [(0, 1, 0, 0), (1, 0, 1, 1), (2, 0, 0, 1)]
    stream = events.from_array(pixels(listed), size=(2, 2)).polarity("merge").map(table)
    binned = stream.bin(1e-6)
    assert binned.channels == 5
    assert [c.tolist() for c in binned] == [[4], [0]]
    assert binned.report.outside_region == 1


def test_channels_are_cropped_and_pooled(chunk_events):
    stream = events.from_array(channels([(0, 0), (1, 5), (2, 6), (2, 9)]), channels=10)
    assert rows(stream.crop(channels=(5, 10)).pool(2)) == [(1, 0), (2, 0), (2, 2)]
    assert stream.pool(3).layout.size == 4


def test_operations_leave_array_and_stream_alone():
    array = pixels([(0, 3, 3, 1), (5, 2, 2, 0)])
    before = array.copy()
    stream = events.from_array(array, size=(4, 4))
    stream.crop(x=(1, 4)).pool(2).polarity("off").bin(1e-6).dense()
    assert np.array_equal(array, before)
    assert rows(stream) == [(0, 3, 3, 1), (5, 2, 2, 0)]


class OwnSource:
    """A reader of somebody else, which gives away the array that it holds."""

    name, format, count = "own", "own", None
    layout = events.Channels(8)

    def __init__(self):
        self.array = np.array([(0, 5), (1, 6)], events.layout.CHANNEL)

    def chunks(self):
        yield self.array


def test_readers_of_others_are_streams_and_keep_their_arrays():
    source = OwnSource()
    stream = events.EventStream(source).crop(channels=(4, 8)).pool(2)
    assert rows(stream) == rows(stream) == [(0, 0), (1, 1)]
    assert rows(events.EventStream(source).pool(2)) == [(0, 2), (1, 3)]
    assert source.array.tolist() == [(0, 5), (1, 6)]


def test_long_silence_costs_nothing():
    stream = events.from_array(channels([(0, 0), (2_000_000_000, 1)]), channels=2)
    blocks = list(stream.bin(1e-6).blocks())
    assert [block.steps for block in blocks] == [2_000_000_000, 1]
    assert [block.channel.tolist() for block in blocks] == [[0], [1]]


def test_steps_begin_where_one_says():
    stream = events.from_array(channels([(1000, 0), (1500, 1), (2200, 0)]), channels=2)
    assert [c.tolist() for c in stream.bin(1e-3)] == [[], [0, 1], [0]]
    assert [c.tolist() for c in stream.bin(1e-3, start="first")] == [[0, 1], [0]]
    assert [c.tolist() for c in stream.crop(t_s=(0.0014, None)).bin(5e-4)] == [[1], [0]]
    late = stream.bin(1e-3, start=0.0012)
    assert [c.tolist() for c in late] == [[1], [0]]
    assert late.report.outside_time == 1


def test_steps_need_not_be_whole_microseconds():
    listed = [(k, 0) for k in range(30)]
    binned = events.from_array(channels(listed), channels=1).bin(1e-5 / 3)
    assert binned.report.merged == 0
    t, _ = binned.pairs()
    assert t.tolist() == sorted({3 * k // 10 for k in range(30)})


def test_a_crop_in_time_ends_the_reading(chunk_events):
    def endless():
        t = 0
        while True:
            yield channels([(t, 0), (t + 1, 1)])
            t += 2

    stream = events.from_chunks(endless(), channels=2).crop(t_s=(None, 10e-6))
    binned = stream.bin(2e-6)
    assert [c.tolist() for c in binned] == [[0, 1]] * 5
    assert binned.report.stopped_early
    known = events.from_array(channels([(t, 0) for t in range(100)]), channels=1)
    counted = known.crop(t_s=(None, 10e-6)).bin(1e-6)
    assert len(list(counted)) == 10
    assert (counted.report.events, counted.report.outside_time) == (100, 90)
    assert not counted.report.stopped_early


def test_given_steps_end_the_reading_of_an_endless_stream():
    endless = (channels([(t, 0)]) for t in iter(range(10**9)))
    binned = events.from_chunks(endless, channels=1).bin(1e-6, steps=7)
    assert [c.tolist() for c in binned] == [[0]] * 7
    assert binned.report.stopped_early


def test_order_is_checked_with_index_and_both_times(chunk_events):
    listed = [(0, 0), (5, 0), (9, 1), (9, 0), (9, 0), (9, 1), (7, 1)]
    stream = events.from_array(channels(listed), channels=2)
    with pytest.raises(EventOrderError, match=r"event 6 must not be earlier .* 7 us after 9 us"):
        stream.array()
    with pytest.raises(EventOrderError, match=r"sort_within_s=2e-06"):
        list(stream.bin(1e-6))


def test_late_events_are_sorted_in_within_a_window(chunk_events):
    rng = np.random.default_rng(3)
    t = np.arange(200) * 10 + rng.integers(0, 41, 200)
    array = channels([(value, k) for k, value in enumerate(t)])
    stream = events.from_array(array, channels=200, sort_within_s=40e-6)
    order = np.argsort(t, kind="stable")
    assert rows(stream) == [(int(t[k]), int(k)) for k in order]
    k = int(np.argmax(np.maximum.accumulate(t) - t))
    late = int((np.maximum.accumulate(t) - t)[k])
    short = events.from_array(array, channels=200, sort_within_s=(late - 1) / 1e6)
    with pytest.raises(EventOrderError, match=rf"event {k} must come at most {late - 1} us"):
        short.array()


def test_late_events_of_chunks_are_sorted_with_few_held():
    def chunks_of(count):
        for k in range(count):
            yield channels([(10 * k + 5, 0), (10 * k, 1)])

    stream = events.from_chunks(chunks_of(1000), channels=2, sort_within_s=5e-6)
    largest = max(len(chunk) for chunk in stream)
    assert largest <= 4


@pytest.mark.parametrize("unit", ["i8", "u8", "i4", "u4", "f4", "f8", "f2"])
def test_times_of_any_type_are_microseconds(unit):
    values = [0, 1, 3, 1000] if unit[0] in "iu" else [0, 1e-6, 3e-6, 1e-3]
    array = np.zeros(4, [("t", unit), ("channel", "u1")])
    array["t"] = values
    assert [t for t, _ in rows(events.from_array(array, channels=1))] == [0, 1, 3, 1000]


def test_times_in_other_units():
    array = np.array([(1, 0), (2500, 0)], [("t", "i4"), ("channel", "i2")])
    assert [t for t, _ in rows(events.from_array(array, channels=1, tick_s=1e-3))] == [
        1000,
        2_500_000,
    ]
    assert [t for t, _ in rows(events.from_array(array, channels=1, tick_s=1e-9))] == [0, 2]


@pytest.mark.parametrize(
    ("values", "kind"), [([False, True], "?"), ([0, 1], "u1"), ([-1, 1], "i1"), ([0, 1], "i8")]
)
def test_polarities_of_any_kind(values, kind):
    array = np.zeros(2, [("t", "i8"), ("x", "i4"), ("y", "u1"), ("p", kind)])
    array["p"] = values
    assert [row[3] for row in rows(events.from_array(array, size=(1, 1)))] == [0, 1]


def test_pixels_without_polarity():
    array = np.array([(0, 1, 0)], [("t", "i8"), ("x", "u2"), ("y", "u2")])
    stream = events.from_array(array)
    assert stream.layout == events.Sensor(2, 1, 1)
    with pytest.raises(EventDataError, match="needs events with a polarity p"):
        stream.polarity("on")
    assert stream.polarity("merge").bin(1e-6).channels == 2


def test_size_is_found_where_it_is_not_given(chunk_events):
    array = pixels([(0, 3, 0, 1), (0, 0, 6, 1), (1, 1, 1, 0), (2, 2, 2, 0)])
    assert events.from_array(array).layout == events.Sensor(4, 7, 2)
    assert events.from_array(channels([(0, 8), (1, 2)])).layout == events.Channels(9)


def bad_array(**columns):
    names = list(columns)
    array = np.zeros(2, [(name, np.asarray(columns[name]).dtype) for name in names])
    for name in names:
        array[name] = columns[name]
    return array


@pytest.mark.parametrize(
    ("columns", "error", "text"),
    [
        ({"t": [0, 1]}, EventSourceError, "must have the fields t, x, y and perhaps p"),
        ({"ts": [0, 1], "x": [0, 0], "y": [0, 0]}, EventSourceError, "not ts, x, y; rename"),
        ({"t": [0, 1], "x": [0.0, 1.5], "y": [0, 0]}, EventDataError, "x must be integers, not"),
        ({"t": [0, 1], "channel": [0, 9]}, EventDataError, r"channel of event 1 .* 0\.\.4, not 9"),
        ({"t": [0, 1], "channel": [0, -1]}, EventDataError, "channel of event 1"),
        ({"t": [0, 1], "x": [0, 5], "y": [0, 0]}, EventDataError, r"x of event 1 .* 0\.\.4, not 5"),
        ({"t": [0, 1], "x": [0, 0], "y": [-1, 0]}, EventDataError, "y of event 0"),
        (
            {"t": [0, 1], "x": [0, 0], "y": [0, 0], "p": [0, 2]},
            EventDataError,
            r"p of event 1 must be in 0\.\.1, not 2",
        ),
        (
            {"t": [0, 1], "x": [0, 0], "y": [0, 0], "p": [-1, 0]},
            EventDataError,
            r"p of event 0 must be in 0\.\.1, not -1",
        ),
        ({"t": [0.0, np.nan], "channel": [0, 1]}, EventDataError, "time of event 1 must be a fin"),
        ({"t": [0.0, np.inf], "channel": [0, 1]}, EventDataError, "time of event 1"),
        ({"t": ["a", "b"], "channel": [0, 1]}, EventDataError, "t must be integers, or seconds"),
        (
            {"t": np.array([0, 2**63], np.uint64), "channel": [0, 1]},
            EventDataError,
            "time of event 1 must fit 64 bits",
        ),
    ],
)
def test_wrong_fields_types_and_values(columns, error, text):
    array = bad_array(**columns)
    with pytest.raises(error, match=text):
        events.from_array(array, size=(5, 5), channels=5).array()


def test_what_is_no_structured_array():
    with pytest.raises(EventSourceError, match=r"structured array .* not one of float64"):
        events.from_array(np.zeros((3, 4)))
    with pytest.raises(EventSourceError, match="not a list"):
        events.from_array([(0, 1)])


STREAM = events.from_array(pixels([(0, 0, 0, 1)]), size=(4, 4))
LINE = events.from_array(channels([(0, 0)]), channels=4)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: STREAM.crop(), "a crop must have x="),
        (lambda: STREAM.crop(x=(2, 2)), "0 <= begin < end <= 4, not"),
        (lambda: STREAM.crop(y=(0, 5)), "crop of y"),
        (lambda: STREAM.crop(x=3), "two integers"),
        (lambda: STREAM.crop(x=(0.5, 2)), "two integers"),
        (lambda: STREAM.crop(channels=(0, 1)), "not of pixels"),
        (lambda: LINE.crop(x=(0, 1)), "events with x and y"),
        (lambda: LINE.crop(channels=(2, 9)), "crop of channels"),
        (lambda: LINE.polarity("on"), "events with x and y"),
        (lambda: STREAM.crop(t_s=(2, 1)), "begin before it ends"),
        (lambda: STREAM.crop(t_s=1), "in seconds"),
        (lambda: STREAM.crop(t_s=(float("inf"), None)), "in seconds"),
        (lambda: STREAM.pool(0), r"1\.\.65536, not 0"),
        (lambda: STREAM.pool(2.0), "not 2.0"),
        (lambda: STREAM.polarity("both"), "must be one of 'merge'"),
        (lambda: STREAM.map(np.zeros((4, 4), int)), "one for each of 32"),
        (lambda: STREAM.map(np.zeros((2, 4, 4))), "not float64"),
        (lambda: LINE.map([-1, -1, -1, -1]), "at least one of them"),
        (lambda: STREAM.bin(0), "step_s must be"),
        (lambda: STREAM.bin(1e-7), "at least 1e-6"),
        (lambda: STREAM.bin("1 ms"), "step_s must be"),
        (lambda: STREAM.bin(1e-3, steps=0), "steps must be"),
        (lambda: STREAM.bin(1e-3, start="begin"), "start must be"),
        (lambda: events.from_array(pixels([]), sort_within_s=-1), "sort_within_s must be"),
        (lambda: events.from_array(pixels([]), tick_s=0), "tick_s must be"),
        (lambda: events.from_array(pixels([]), size=4), "size must be"),
        (lambda: events.from_array(pixels([]), size=(0, 4)), "width must be"),
        (lambda: events.from_chunks([]), "not neither"),
        (lambda: events.from_chunks([], size=(1, 1), channels=3), "not both"),
    ],
)
def test_wrong_arguments_are_refused_at_once(call, text):
    with pytest.raises(EventDataError, match=text):
        call()


def test_a_step_beyond_every_run_is_refused():
    array = channels([(1 << 50, 0)])
    with pytest.raises(EventDataError, match=r"at most 2147483648 steps, .* start='first'"):
        list(events.from_array(array, channels=1).bin(1e-6).blocks())
    assert len(list(events.from_array(array, channels=1).bin(1e-6, start="first"))) == 1


def test_chunks_of_another_kind_are_refused():
    mixed = [channels([(0, 0)]), pixels([(1, 0, 0, 0)])]
    with pytest.raises(EventSourceError, match="must have the fields t, channel"):
        events.from_chunks(mixed, channels=1).array()


def test_reprs_say_what_happens():
    stream = STREAM.crop(x=(0, 2), t_s=(None, 1.5)).polarity("on").pool(2)
    text = repr(stream)
    for part in ("1 events", "4 x 4 pixels", "x 0:2", "t :1.5 s", "polarity on", "pooled by 2"):
        assert part in text
    binned = stream.bin(1e-3, steps=3)
    assert "3 steps of 0.001 s, 2 channels; not read yet" in repr(binned)
    binned.dense()
    assert "1 events -> 1 spikes in 3 steps" in repr(binned)
