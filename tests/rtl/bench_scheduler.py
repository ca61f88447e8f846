"""cocotb bench of the scheduler: what a walk hands out is what was scheduled, once, in order."""

import random

import cocotb
from bench_support import SEED, start
from cocotb.triggers import RisingEdge
from rtl_configs import bench_config

from spikeloom_rtl.array.forms import stands_still

CONFIG = bench_config()


async def schedule(dut, axon, slot):
    dut.due__valid.value = 1
    dut.due__payload.value = axon | slot << 15
    await RisingEdge(dut.clk)
    dut.due__valid.value = 0
    if stands_still(CONFIG):  # takes one in two cycles
        await RisingEdge(dut.clk)


async def settle(dut):
    for _ in range(4):
        await RisingEdge(dut.clk)
    assert dut.settled.value == 1


async def walk(dut, rng, slot, axon_words, ready):
    """Walk a slot; return its axons and the number of cycles."""
    dut.slot.value = slot
    dut.axon_words.value = axon_words
    dut.walk.value = 1
    await RisingEdge(dut.clk)
    dut.walk.value = 0
    axons, cycles, stalls = [], 0, 0
    while True:
        taken = rng.random() < ready
        dut.axons__ready.value = taken
        await RisingEdge(dut.clk)
        cycles += 1
        if dut.axons__valid.value == 1:
            if taken:
                axons.append(int(dut.axons__payload.value))
            else:
                stalls += 1
        elif dut.walking.value == 0:
            return axons, cycles, stalls
        assert cycles < 10_000


@cocotb.test()
async def walks_hand_out_what_was_scheduled(dut):
    await start(dut)
    rng = random.Random(SEED)
    expected = {slot: set() for slot in range(CONFIG.delay_slots)}
    for _ in range(60):
        for _ in range(rng.choice([0, 1, 5, 80])):
            axon, slot = rng.randrange(CONFIG.axons), rng.randrange(CONFIG.delay_slots)
            await schedule(dut, axon, slot)
            expected[slot].add(axon)
        await settle(dut)
        slot = rng.randrange(CONFIG.delay_slots)
        words = rng.choice([CONFIG.axon_words, rng.randrange(CONFIG.axon_words + 1)])
        due = sorted(axon for axon in expected[slot] if axon // 16 < words)
        axons, cycles, stalls = await walk(dut, rng, slot, words, rng.choice([0.3, 1.0]))
        assert axons == due
        busy_words = {axon // 16 for axon in due}
        assert (
            cycles <= len(due) + words - len(busy_words) + stalls + 3 + CONFIG.memories_registered
        )
        expected[slot] -= set(due)


@cocotb.test()
async def spikes_into_one_word_back_to_back_are_all_kept(dut):
    await start(dut)
    rng = random.Random(SEED)
    await walk(dut, rng, 2, CONFIG.axon_words, 1.0)  # empty what the test before has left
    for axon in [0, 1, 2, 15, 14, 0, 16, 3]:
        await schedule(dut, axon, 2)
    await settle(dut)
    axons, _, _ = await walk(dut, rng, 2, CONFIG.axon_words, 1.0)
    assert axons == [0, 1, 2, 3, 14, 15, 16]
