"""cocotb bench of the output writer: what comes out tells the same as what went in."""

import random

import cocotb
from bench_support import SEED, start
from cocotb.triggers import ReadOnly, RisingEdge

from spikeloom.contract.words import (
    MAX_STEP_COUNT,
    PROBE_VALUE_BITS,
    STEP_TAG,
    TAG_MASK,
)

LOW_BITS = 16
STEPS = 300
ROOM_WORDS = 6


def decode(words: list[int]) -> list[tuple[int, str, int, int]]:
    """Return (step, kind, index, value) of everything that the words tell, and the last step."""
    told, step, position = [], 0, 0
    while position < len(words):
        word = words[position]
        position += 1
        if word & STEP_TAG == 0:
            told.append((step, "spike", word, 0))
        elif word & TAG_MASK == STEP_TAG:
            assert word & MAX_STEP_COUNT > 0
            step += word & MAX_STEP_COUNT
        else:
            high = word & ((1 << (PROBE_VALUE_BITS - LOW_BITS)) - 1)
            probe = (word & MAX_STEP_COUNT) >> (PROBE_VALUE_BITS - LOW_BITS)
            told.append((step, "probe", probe, high << LOW_BITS | words[position]))
            position += 1
    return [*told, (step, "end", 0, 0)]


class Ring:
    """A ring of a few words that the bench empties now and then."""

    def __init__(self, dut, rng: random.Random, drain: float) -> None:
        self.dut, self.rng, self.drain = dut, rng, drain
        self.words: list[int] = []
        self.level = 0
        self.dropped = 0

    async def cycle(self) -> None:
        """Offer what room there is for one clock cycle; keep what was written."""
        dut = self.dut
        dut.free.value = ROOM_WORDS - self.level
        dut.words__ready.value = self.level < ROOM_WORDS
        await ReadOnly()
        written = bool(dut.words__valid.value) and self.level < ROOM_WORDS
        if written:
            self.words.append(int(dut.words__payload.value))
        self.dropped += int(dut.dropped.value)
        self.taken = {
            name: bool(getattr(dut, f"{name}__valid").value)
            and bool(getattr(dut, f"{name}__ready").value)
            for name in ("spikes", "probes")
        }
        await RisingEdge(dut.clk)
        self.level += written
        if self.level and self.rng.random() < self.drain:
            self.level -= 1


async def send_all(dut, ring: Ring, name: str, payloads: list[int]) -> None:
    for payload in payloads:
        getattr(dut, f"{name}__valid").value = 1
        getattr(dut, f"{name}__payload").value = payload
        while True:
            await ring.cycle()
            if ring.taken[name]:
                break
        getattr(dut, f"{name}__valid").value = 0


async def run(dut, *, drop: bool, drain: float) -> tuple[list, Ring]:
    """Send random steps; return what should be told and the ring."""
    await start(dut)
    for name in ("step_done", "flush", "stop"):
        getattr(dut, name).value = 0
    dut.drop.value = drop
    rng = random.Random(SEED)
    ring = Ring(dut, rng, drain)
    expected = []
    for step in range(STEPS):
        spikes = [rng.randrange(1 << 15) for _ in range(rng.choice([0, 0, 0, 1, 2, 20]))]
        samples = [
            (rng.randrange(256), rng.randrange(1 << PROBE_VALUE_BITS))
            for _ in range(rng.choice([0, 0, 0, 1, 3]))
        ]
        await send_all(dut, ring, "spikes", spikes)
        await send_all(dut, ring, "probes", [value << 8 | probe for probe, value in samples])
        expected += [(step, "spike", spike, 0) for spike in spikes]
        expected += [(step, "probe", probe, value) for probe, value in samples]
        dut.step_done.value = 1
        await ring.cycle()
        dut.step_done.value = 0
    dut.flush.value = 1
    ring.drain = 1.0
    for _ in range(50):
        await ring.cycle()
    assert dut.untold.value == 0
    return [*expected, (STEPS, "end", 0, 0)], ring


@cocotb.test()
async def waiting_for_the_ring_loses_nothing(dut):
    for drain in (1.0, 0.5, 0.05):
        expected, ring = await run(dut, drop=False, drain=drain)
        assert decode(ring.words) == expected
        assert ring.dropped == 0


@cocotb.test()
async def dropped_words_are_counted_and_the_rest_keeps_its_step(dut):
    expected, ring = await run(dut, drop=True, drain=0.3)
    told = decode(ring.words)
    missing = list(expected)
    for each in told:
        missing.remove(each)  # fails if something was told that did not happen
    words = sum(2 if kind == "probe" else 1 for _, kind, _, _ in missing)
    assert missing
    assert ring.dropped == words
    assert told == [each for each in expected if each in told]


@cocotb.test()
async def silent_steps_are_told_by_one_word(dut):
    await start(dut)
    for name in ("flush", "stop", "drop"):
        getattr(dut, name).value = 0
    ring = Ring(dut, random.Random(SEED), 1.0)
    dut.step_done.value = 1
    for _ in range(MAX_STEP_COUNT + 10):
        await ring.cycle()
    dut.step_done.value = 0
    dut.flush.value = 1
    for _ in range(4):
        await ring.cycle()
    assert ring.words == [STEP_TAG | MAX_STEP_COUNT, STEP_TAG | 10]
