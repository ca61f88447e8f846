"""cocotb bench of the rings of `CompactLink`: queues and lists in Python must agree."""

import cocotb
from bench_link_parts import RING_WORDS
from bench_link_support import Ticker, seeded


class Host:
    """Pushes, looks and releases at random, and plays the array at both ends."""

    def __init__(self, dut, rng):
        self.dut, self.rng = dut, rng
        self.waiting, self.kept = [], []
        self.first = 0  # offset of the oldest word that is kept
        self.seen = None  # the word that is looked at
        self.settled = 0  # words that have been kept for a cycle
        self.counts = {"in": 0, "out": 0, "looks": 0, "full": 0}
        self.pace = 0.5

    def pin(self, name):
        return getattr(self.dut, f"rings__{name}")

    def drive(self):
        rng = self.rng
        self.pushes = len(self.waiting) < RING_WORDS and rng.random() < 0.3
        self.word, self.spike = rng.randrange(1 << 16), rng.randrange(1 << 16)
        self.spikes, self.takes = rng.random() < self.pace, rng.random() < 1 - self.pace
        self.ends = self.seen is not None and rng.random() < 0.5
        self.looks = self.seen is None and self.settled > 0 and rng.random() < 0.3
        self.offset = self.first + rng.randrange(self.settled) if self.looks else 0
        self.drops = self.seen is None and not self.looks and self.settled and rng.random() < 0.3
        for name, value in (
            ("push", self.pushes), ("pushed", self.word), ("spikes__valid", self.spikes),
            ("spikes__payload", self.spike), ("events__ready", self.takes),
            ("look", self.looks), ("address", self.offset % RING_WORDS), ("looked", self.ends),
            ("release", self.drops), ("clear", 0),
        ):  # fmt: skip
            self.pin(name).value = int(value)

    def look(self):
        assert int(self.pin("input_free").value) == RING_WORDS - len(self.waiting)
        assert int(self.pin("output_free").value) == RING_WORDS - len(self.kept)
        assert int(self.pin("empty").value) == (not self.waiting)
        self.counts["full"] += len(self.kept) == RING_WORDS
        if self.seen is not None:
            assert int(self.pin("data").value) == self.seen
        if self.ends:
            self.seen = None
        if self.looks:
            self.seen = self.kept[self.offset - self.first]
            self.counts["looks"] += 1
        if self.pin("events__valid").value == 1 and self.takes:
            assert int(self.pin("events__payload").value) == self.waiting.pop(0)
            self.counts["in"] += 1
        if self.pushes:
            self.waiting.append(self.word)
        self.settled = len(self.kept)
        if self.drops:
            self.kept.pop(0)
            self.first, self.settled = self.first + 1, self.settled - 1
        if self.spikes and self.pin("spikes__ready").value == 1:
            self.kept.append(self.spike)
            self.counts["out"] += 1


@cocotb.test()
async def words_come_and_go_in_order(dut):
    host = Host(dut, seeded(dut, "two rings"))
    ticker = Ticker(dut, host)
    await ticker.reset()
    for host.pace in (0.5, 0.1, 0.9, 0.5):
        await ticker.tick(2_000)
    assert min(host.counts.values()) > 300, host.counts
