"""cocotb bench of the link of few cells: what differs in time, and what must not."""

import cocotb
from bench_link_device import Bench
from bench_link_timing import (
    a_repeated_change_of_rate_changes_nothing,
    a_stop_waits_for_the_step_under_way,
    a_word_between_ring_and_array_is_busy,
    bulk,
    burst,
    busy_pulls,
    fallback,
    new_rate,
)

from spikeloom.contract.frames import Op, encode_request

__all__ = [
    "a_repeated_change_of_rate_changes_nothing",
    "a_stop_waits_for_the_step_under_way",
    "a_word_between_ring_and_array_is_busy",
]

BYTE_CYC = 80  # a byte on the line at 3 Mbaud and 24 MHz
MOST_CYC = 80  # for a byte of request or reply, where neither the line nor the array waits
MOST_BYTEWISE_CYC = 110  # the same, where each byte is a word that is read


@cocotb.test()
async def a_new_rate_waits_for_the_last_bit_and_stays_after_a_good_frame(dut):
    await new_rate(dut, most_cyc=320)


@cocotb.test()
async def a_rate_without_a_good_frame_falls_back_and_ends_the_session(dut):
    # It counts while it waits; the bytes and their answer come on top.
    await fallback(dut, settle_cyc=20, least_cyc=100, most_cyc=1_000)


@cocotb.test()
async def a_pull_that_is_not_busy_tells_of_all_words(dut):
    assert await busy_pulls(dut, rounds=50, rates=(0.05, 0.01, 0.004)) > 50


@cocotb.test()
async def bytes_cost_cycles(dut):
    bench = Bench(dut, "cycles", tail_cyc=0)
    await bench.start()
    await bench.sync()
    for window, size in (("weights", 244), ("rows", 32), ("v", 24), ("probe", 243)):
        took, sent, received = await burst(
            bench, bulk(bench, Op.WRITE, window, bench.rng.randbytes(size), 8)
        )
        dut._log.info("WRITE %s: %.2f cycles a byte", window, took / (sent + received))
        assert took <= MOST_CYC * (sent + received)
    for window, count in (("weights", 62), ("capability", 128), ("probe", 82)):
        took, sent, received = await burst(bench, bulk(bench, Op.READ, window, bytes([count]), 8))
        dut._log.info("READ %s: %.2f cycles a byte", window, took / (sent + received))
        most_cyc = MOST_BYTEWISE_CYC if window == "capability" else MOST_CYC
        assert took <= most_cyc * (sent + received)


@cocotb.test()
async def bulk_writes_run_at_line_rate(dut):
    bench = Bench(dut, "line rate", pace_cyc=BYTE_CYC, tail_cyc=BYTE_CYC)
    await bench.start()
    await bench.sync()
    requests = bulk(bench, Op.WRITE, "weights", bench.rng.randbytes(244), 5)
    line = b"".join(encode_request(request, bench.model.nonce) for request in requests)
    bench.model.line(line)
    bench.tx.items = []
    for byte in line:
        bench.rx.items = [byte]
        await bench.ticker.tick(BYTE_CYC)
        assert bench.rx.idle()
    # Nothing has piled up: what is left is one frame to check, to carry out and to answer.
    await bench.ticker.until(lambda: bench.tx.items.count(0) == 5, "the last reply", 244 * BYTE_CYC)
    bench.agree()


@cocotb.test()
async def bulk_reads_use_most_of_the_line(dut):
    bench = Bench(dut, "reads", pace_cyc=BYTE_CYC, tail_cyc=BYTE_CYC)
    await bench.start()
    await bench.sync()
    took, _, received = await burst(bench, bulk(bench, Op.READ, "weights", bytes([62]), 4))
    dut._log.info("READ: %.1f %% of the line is payload", 100 * 4 * 248 * BYTE_CYC / took)
    assert 0.6 * took <= 4 * 248 * BYTE_CYC
    assert received * BYTE_CYC <= took
