"""cocotb bench of the rings: no word is lost, invented or out of order, whatever the pace."""

import cocotb
from bench_link_parts import RING_WORDS
from bench_link_support import Sink, Source, Ticker, seeded

CONTROLS = (
    "input__i__valid",
    "input__o__ready",
    "input__clear",
    "output__i__valid",
    "output__clear",
    "output__release",
    "output__enable",
)
RATES = [(1.0, 1.0), (0.9, 0.2), (0.2, 0.9), (0.5, 0.5)]


def quiet(dut):
    """Set all inputs of the other parts to rest."""
    for name in CONTROLS:
        getattr(dut, name).value = 0


class InputWatch:
    """Checks the ring's own account of its words; may clear it."""

    def __init__(self, dut, source, sink):
        self.dut, self.source, self.sink = dut, source, sink
        self.pushed, self.sent = 0, 0

    def drive(self):
        # Free words are those of the state before this cycle: what was taken until now.
        self.pushed = self.sent - len(self.source.items)

    def look(self):
        level = self.pushed - len(self.sink.items) + self.taken_now()
        assert int(self.dut.input__free.value) == RING_WORDS - level
        assert int(self.dut.input__empty.value) == (level == 0)

    def taken_now(self):
        return int(self.sink.taking and self.dut.input__o__valid.value == 1)


@cocotb.test()
async def input_ring_is_a_queue(dut):
    rng, ticker = seeded(dut, "input"), Ticker(dut)
    for rates in RATES:
        source = Source(dut, "input__i", rng, rates[0])
        sink = Sink(dut, "input__o", rng, rates[1])
        watch = InputWatch(dut, source, sink)
        quiet(dut)
        count = 5 * RING_WORDS
        words = [rng.randrange(1 << 16) for _ in range(count)]
        await ticker.reset(source, sink)
        source.items, watch.sent = list(words), count
        ticker.agents = (sink, watch, source)  # the watch looks before the source counts
        await ticker.until(lambda s=sink, n=count: len(s.items) == n, "the last word")
        assert sink.items == words


@cocotb.test()
async def input_ring_holds_as_many_words_as_it_says_and_forgets_them(dut):
    rng, ticker = seeded(dut, "clear"), Ticker(dut)
    source, sink = Source(dut, "input__i", rng), Sink(dut, "input__o", rng, 0.0)
    quiet(dut)
    await ticker.reset(source, sink)
    source.items = list(range(RING_WORDS))
    await ticker.until(source.idle, "filling the ring")
    await ticker.tick()
    assert int(dut.input__free.value) == 0
    sink.waiting = None
    dut.input__clear.value = 1
    await ticker.tick()
    dut.input__clear.value = 0
    sink.waiting, sink.rate = None, 1.0
    source.items = [7, 8, 9]
    await ticker.tick(20)
    assert sink.items == [7, 8, 9]
    assert int(dut.input__free.value) == RING_WORDS


class OutputModel:
    """Reads and releases at random offsets; `words` is all that was ever written.

    In the cycle after a release room is counted anew: it shows what it was, and nothing is written.
    """

    def __init__(self, dut, source, rng, words, release_rate):
        self.dut, self.source, self.rng, self.words = dut, source, rng, words
        self.release_rate = release_rate
        self.full_cyc = 0
        self.released, self.expected, self.reads = 0, None, 0
        self.release_to = None
        self.counted, self.recounts = 0, False

    def written(self):
        return len(self.words) - len(self.source.items)

    def drive(self):
        dut, rng, written = self.dut, self.rng, self.written()
        read = written > self.released and rng.random() < 0.7
        self.address = rng.randrange(self.released, written) if read else 0
        self.release_to = None
        if rng.random() < self.release_rate:
            self.release_to = rng.randrange(self.released, written + 1)
        dut.output__enable.value = read
        dut.output__address.value = self.address % RING_WORDS
        dut.output__release.value = self.release_to is not None
        dut.output__release_to.value = self.release_to or 0
        self.read, self.level = read, written - self.released

    def look(self):
        dut = self.dut
        if self.expected is not None:
            assert int(dut.output__data.value) == self.expected
            self.reads += 1
        assert int(dut.output__written.value) == (self.released + self.level) % (2 * RING_WORDS)
        assert int(dut.output__released.value) == self.released
        kept = self.released + self.level - self.counted
        assert int(dut.output__free.value) == RING_WORDS - kept
        assert int(dut.output__i__ready.value) == (kept < RING_WORDS and not self.recounts)
        self.full_cyc += self.level == RING_WORDS
        if self.read:
            self.expected = self.words[self.address]
        self.counted, self.recounts = self.released, self.release_to is not None
        if self.release_to is not None:
            self.released = self.release_to


@cocotb.test()
async def output_ring_keeps_words_until_they_are_released(dut):
    rng, ticker = seeded(dut, "output"), Ticker(dut)
    for rate, release_rate in ((1.0, 0.1), (0.4, 0.1), (1.0, 0.01)):
        words = [rng.randrange(1 << 16) for _ in range(12 * RING_WORDS)]
        source = Source(dut, "output__i", rng, rate)
        model = OutputModel(dut, source, rng, words, release_rate)
        quiet(dut)
        dut.output__i__payload.value = 0
        await ticker.reset(source)
        source.items = list(words)
        ticker.agents = (model, source)  # the model looks before the source counts
        await ticker.until(source.idle, "the last word")
        assert model.reads > RING_WORDS
        assert model.full_cyc > RING_WORDS or release_rate > 0.01
        ticker.agents = (source,)
        dut.output__release.value = dut.output__enable.value = 0
        dut.output__clear.value = 1
        await ticker.tick()
        dut.output__clear.value = 0
        await ticker.tick()
        assert int(dut.output__written.value) == int(dut.output__released.value) == 0
        assert int(dut.output__free.value) == RING_WORDS
