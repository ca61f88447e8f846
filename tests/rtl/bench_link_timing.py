"""cocotb bench of the link: changes of rate, PULL's one moment, and cycles a byte."""

import cocotb
from bench_link_device import Bench
from bench_link_parts import CONFIG, TRIAL_CYC
from bench_link_requests import MAP

from spikeloom.contract.frames import (
    PROTOCOL_VERSION,
    Op,
    PullFlags,
    Request,
    Status,
    baud_increment,
    decode_reply,
    encode_request,
)
from spikeloom.contract.registers import SessionEnd

FIRST_INCREMENT = baud_increment(CONFIG.baud_rates[0], CONFIG.clock_hz)
BYTE_CYC = 40  # a byte on the line at 4 cycles a bit
MOST_CYC = 6  # for a byte of request or reply, where neither the line nor the array waits


@cocotb.test()
async def a_new_rate_waits_for_the_last_bit_and_stays_after_a_good_frame(dut):
    await new_rate(dut, most_cyc=305)


async def new_rate(dut, most_cyc):
    """Change the rate; the new one comes when the last bit is sent, `most_cyc` after its byte."""
    bench = Bench(dut, "baud", tail_cyc=300)
    await bench.start()
    await bench.sync()
    request = Request(bench.model.expected, Op.BAUD, 1 << 21)
    expected = bench.model.line(encode_request(request, bench.model.nonce))
    bench.tx.items, bench.rx.items = [], list(encode_request(request, bench.model.nonce))
    await bench.ticker.until(lambda: len(bench.tx.items) == len(expected), "the reply")
    took = await bench.ticker.until(lambda: int(dut.increment.value) == 1 << 21, "the new rate")
    assert 300 <= took <= most_cyc
    await bench.ticker.tick(TRIAL_CYC - 500)
    assert dut.quiet.value == 0
    assert (await bench.ask(Op.ECHO))[0] == Status.OK
    await bench.ticker.tick(2 * TRIAL_CYC)
    assert int(dut.increment.value) == 1 << 21
    assert (await bench.ask(Op.ECHO))[0] == Status.OK


@cocotb.test()
async def a_repeated_change_of_rate_changes_nothing(dut):
    bench = Bench(dut, "repeated baud")
    await bench.start()
    await bench.sync()
    seq, nonce = bench.model.expected, bench.model.nonce
    first = encode_request(Request(seq, Op.BAUD, 1 << 20), nonce)
    second = encode_request(Request(seq + 1, Op.BAUD, 1 << 21), nonce)
    echo = encode_request(Request(seq + 2, Op.ECHO, 0), nonce)
    await bench.exchange(first + second + echo)
    await bench.exchange(first + second + echo + first)
    assert int(dut.increment.value) == 1 << 21


@cocotb.test()
async def a_rate_without_a_good_frame_falls_back_and_ends_the_session(dut):
    await fallback(dut, settle_cyc=0, least_cyc=2, most_cyc=2)


async def fallback(dut, settle_cyc, least_cyc, most_cyc):
    """Send nonsense at a new rate: the old one returns after `TRIAL_CYC`, so much less or more."""
    bench = Bench(dut, "fallback")
    await bench.start()
    await bench.sync()
    model = bench.model
    data = encode_request(Request(model.expected, Op.BAUD, 1 << 22), model.nonce)
    bench.rx.items = list(data)
    await bench.ticker.until(lambda: int(dut.increment.value) == 1 << 22, "the new rate")
    await bench.ticker.tick(settle_cyc)
    bench.rx.items = list(b"\1\2\3\0")  # what the old rate looks like at the new one
    took = await bench.ticker.until(lambda: int(dut.increment.value) == FIRST_INCREMENT, "fallback")
    assert TRIAL_CYC - least_cyc <= took <= TRIAL_CYC + most_cyc
    model.active, model.nonce, model.increment = False, 0, FIRST_INCREMENT
    model.end, model.expected = SessionEnd.BAUD_FALLBACK, (model.expected + 1) % 256
    model.counts["bad_frame"] += 1
    assert (await bench.ask(Op.ECHO))[0] == Status.NO_SESSION
    assert (await bench.sync())[1] == bytes([PROTOCOL_VERSION, SessionEnd.BAUD_FALLBACK])


@cocotb.test()
async def a_pull_that_is_not_busy_tells_of_all_words(dut):
    assert await busy_pulls(dut, rounds=60, rates=(1.0, 0.2, 0.02)) > 60


async def busy_pulls(dut, rounds, rates):
    """Pull while the array writes; return how many replies said that it is busy."""
    bench = Bench(dut, "atomic")
    await bench.start()
    await bench.sync()
    rng, model, array = bench.rng, bench.model, bench.array
    seq, got, written, ended_busy = model.expected, 0, 0, 0
    for _ in range(rounds):
        words = list(range(rng.randrange(1, 40)))
        array.busy, array.spikes.items = True, list(words)
        array.spikes.rate = rng.choice(rates)
        busy_until = rng.randrange(3)  # cycles between the last word and the end of the step
        written += len(words)
        while True:
            request = Request(seq, Op.PULL, got, got.to_bytes(4, "little"))
            bench.tx.items, bench.rx.items = [], list(encode_request(request, model.nonce))
            while 0 not in bench.tx.items:
                if array.spikes.idle():
                    array.busy, busy_until = busy_until > 0, busy_until - 1
                await bench.ticker.tick()
            reply = decode_reply(bytes(bench.tx.items[:-1]), model.nonce)
            seq = (seq + 1) % 256
            got += (len(reply.payload) - 4) // 2
            if not reply.payload[2] & PullFlags.BUSY:
                break
            ended_busy += 1
        assert got == written
    return ended_busy


@cocotb.test()
async def a_word_between_ring_and_array_is_busy(dut):
    bench = Bench(dut, "handover")
    await bench.start()
    await bench.sync()
    array, ticker = bench.array, bench.ticker
    await bench.ask(Op.PUSH, 0, b"\1\x80")
    array.to_consume = 1
    await ticker.until(lambda: array.to_consume == 0, "taking the word")
    assert dut.quiet.value == 0
    await ticker.tick()
    assert dut.quiet.value == 0
    array.busy = True  # it may need two cycles before it says so
    for _ in range(5):
        await ticker.tick()
        assert dut.quiet.value == 0
    array.busy = False
    await ticker.tick(2)
    assert dut.quiet.value == 1


@cocotb.test()
async def a_stop_waits_for_the_step_under_way(dut):
    bench = Bench(dut, "stop")
    await bench.start()
    await bench.sync()
    await bench.produce([1, 2, 3])
    bench.set_busy(True)
    bench.array.step_cyc = 400
    data = encode_request(Request(bench.model.expected, Op.RESET, 0), bench.model.nonce)
    expected = bench.model.line(data)
    bench.tx.items, bench.rx.items = [], list(data)
    await bench.ticker.until(lambda: dut.array__stop.value == 1, "stop")
    held = await bench.ticker.until(lambda: dut.array__stop.value == 0, "the end of the stop")
    assert held >= 400
    await bench.ticker.until(lambda: 0 in bench.tx.items, "the reply")
    assert bytes(bench.tx.items) == expected
    bench.agree()


async def burst(bench, requests):
    """Send requests in one go; return the cycles until the last reply has been sent."""
    line = b"".join(encode_request(request, bench.model.nonce) for request in requests)
    expected = bench.model.line(line)
    bench.tx.items, begin = [], bench.ticker.cycle
    bench.rx.items = list(line)
    await bench.ticker.until(lambda: len(bench.tx.items) == len(expected), "the last reply")
    assert bytes(bench.tx.items) == expected
    return bench.ticker.cycle - begin, len(line), len(expected)


def bulk(bench, op, window, payload, count):
    first = bench.model.expected
    address = MAP[window].address()
    return [Request((first + k) % 256, op, address, payload) for k in range(count)]


@cocotb.test()
async def bytes_cost_few_cycles(dut):
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
        assert took <= MOST_CYC * (sent + received)


@cocotb.test()
async def bulk_writes_run_at_line_rate(dut):
    bench = Bench(dut, "line rate", pace_cyc=BYTE_CYC, tail_cyc=BYTE_CYC)
    await bench.start()
    await bench.sync()
    requests = bulk(bench, Op.WRITE, "weights", bench.rng.randbytes(244), 3)
    line = b"".join(encode_request(request, bench.model.nonce) for request in requests)
    bench.model.line(line)
    bench.tx.items = []
    for byte in line:
        bench.rx.items = [byte]
        await bench.ticker.tick(BYTE_CYC)
        assert bench.rx.idle()
    await bench.ticker.until(lambda: bench.tx.items.count(0) == 3, "the last reply", 2_000)
    bench.agree()
    assert 3 * 244 / len(line) > 0.94


@cocotb.test()
async def bulk_reads_fill_the_line(dut):
    bench = Bench(dut, "reads", pace_cyc=BYTE_CYC, tail_cyc=BYTE_CYC)
    await bench.start()
    await bench.sync()
    took, _, received = await burst(bench, bulk(bench, Op.READ, "weights", bytes([62]), 4))
    dut._log.info("READ: %.1f %% of the line is payload", 100 * 4 * 248 * BYTE_CYC / took)
    assert 0.9 * took <= 4 * 248 * BYTE_CYC
    assert received * BYTE_CYC <= took
