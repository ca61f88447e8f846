"""cocotb bench of the link: `rtl(line) == model(line)`, over sessions, repeats and noise."""

import cocotb
from bench_link_array import ArrayStub, LineSink
from bench_link_frames import damage
from bench_link_model import DeviceModel
from bench_link_parts import CONFIG, TRIAL_CYC
from bench_link_support import Source, Ticker, seeded

from spikeloom.contract import MemoryMap
from spikeloom.contract.frames import (
    MAX_REQUEST_PAYLOAD,
    PROTOCOL_VERSION,
    WINDOW_FRAMES,
    Op,
    PullFlags,
    Request,
    ResetKind,
    Status,
    baud_increment,
    decode_reply,
    encode_request,
)
from spikeloom.contract.registers import SessionEnd

MAP = MemoryMap(CONFIG)
FIRST_INCREMENT = baud_increment(CONFIG.baud_rates[0], CONFIG.clock_hz)
BYTE_CYC = 40  # a byte on the line at 4 cycles a bit


class Bench:
    """A link with an array and a line, and a model that must agree with it."""

    def __init__(self, dut, name, rate=1.0, pace_cyc=0, tail_cyc=20):
        self.dut, self.rng = dut, seeded(dut, name)
        self.array = ArrayStub(dut, CONFIG, self.rng, rate)
        self.rx = Source(dut, "rx", self.rng, rate)
        self.tx = LineSink(dut, self.rng, rate, tail_cyc, pace_cyc)
        self.model = DeviceModel(CONFIG)
        self.ticker = Ticker(dut)
        self.replies = []

    async def start(self):
        self.dut.line_error.value = 0
        await self.ticker.reset(self.array, self.rx, self.tx)

    async def exchange(self, line):
        """Send a line to both and compare the answers; return those."""
        expected = self.model.line(line)
        self.rx.items += line
        self.tx.items = []
        await self.ticker.until(self.rx.idle, "taking the line")
        await self.ticker.until(lambda: len(self.tx.items) >= len(expected), "the last reply")
        assert bytes(self.tx.items) == expected
        if not self.model.busy:
            await self.ticker.until(lambda: self.dut.quiet.value == 1, "quiet", 2 * TRIAL_CYC)
            await self.ticker.tick(20)
            assert self.dut.quiet.value == 1
        else:
            await self.ticker.tick(60)
            assert self.dut.quiet.value == 0
        assert bytes(self.tx.items) == expected
        self.agree()
        self.replies = expected.split(b"\0")[:-1]
        return self.replies

    def agree(self):
        model, dut = self.model, self.dut
        assert self.array.memory == model.memory
        assert self.array.resets == model.resets
        assert +self.array.counts == +model.counts
        assert int(dut.array__input_free.value) == model.input_free
        assert int(dut.array__output_free.value) == model.output_free
        assert int(dut.array__session_end.value) == model.end
        assert int(dut.increment.value) == model.increment

    async def ask(self, op, addr=0, payload=b"", seq=None, nonce=None):
        """Exchange one request; return its status and payload."""
        model = self.model
        request = Request(model.expected if seq is None else seq, op, addr, payload)
        data = encode_request(request, model.nonce if nonce is None else nonce)
        (answer,) = await self.exchange(data)
        reply = decode_reply(answer, model.nonce)
        return Status(reply.status), reply.payload

    async def sync(self, nonce=0x1234, seq=100):
        return await self.ask(Op.SYNC, nonce | PROTOCOL_VERSION << 16, seq=seq, nonce=0)

    async def consume(self, count):
        """Let the array take words; they must be those that were pushed."""
        expected, self.model.input = self.model.input[:count], self.model.input[count:]
        self.array.to_consume, self.array.consumed = len(expected), []
        await self.ticker.until(lambda: self.array.to_consume == 0, "taking input words")
        await self.ticker.tick(4)
        assert self.array.consumed == expected

    async def produce(self, words):
        """Let the array write words that the ring has room for."""
        self.model.output += words
        self.array.spikes.items += words
        await self.ticker.until(self.array.spikes.idle, "taking output words")
        await self.ticker.tick(2)

    def set_busy(self, busy, waiting=False):
        self.array.busy, self.array.waiting = busy, waiting
        self.model.busy_flag, self.model.waiting = busy, waiting


def random_address(rng):
    window = rng.choice(list(MAP))
    choices = [0, window.depth - 1, rng.randrange(window.depth), rng.randrange(window.depth)]
    if rng.random() < 0.1:
        return rng.randrange(1 << 32)
    core = window.cores if rng.random() < 0.05 else rng.randrange(window.cores)
    offset = window.depth if rng.random() < 0.05 else rng.choice(choices)
    return window.id << 26 | core << 20 | offset


def random_read(rng, model):
    count = rng.choice([0, 1, 2, 3, rng.randrange(256), rng.randrange(64)])
    return random_address(rng), bytes([count]) * rng.choice([1, 1, 1, 1, 1, 0, 2])


def random_write(rng, model):
    address = random_address(rng)
    window = next((w for w in MAP if w.id == address >> 26), None)
    size = window.word_bytes if window else 4
    count = rng.choice([1, 1, 2, 5, MAX_REQUEST_PAYLOAD // size])
    return address, rng.randbytes(
        max(0, min(MAX_REQUEST_PAYLOAD, count * size + rng.choice([0, 0, 0, 0, 1, -1])))
    )


def random_push(rng, model):
    size = rng.choice([2, 8, 60, 242, 244, 244, 244, 244, 1, 0])
    return 0, rng.randbytes(size)


def random_pull(rng, model):
    written = len(model.output)
    address = rng.randrange(model.released, written + 1)
    release = rng.randrange(model.released, address + 1)
    match rng.randrange(12):
        case 0:
            address = rng.choice([written + 1, model.released - 1, rng.randrange(1 << 32)])
        case 1:
            release = rng.choice([address + 1, model.released - 1, rng.randrange(1 << 32)])
    size = rng.choice([4] * 9 + [0, 3, 5])
    return address % (1 << 32), (release % (1 << 32)).to_bytes(4, "little").ljust(5, b"\0")[:size]


def random_echo(rng, model):
    return rng.randrange(1 << 32), rng.randbytes(rng.choice([0, 1, 7, MAX_REQUEST_PAYLOAD]))


def random_reset(rng, model):
    return rng.choice([*ResetKind, *ResetKind, 4, 1 << 31]), b"\1" * (rng.random() < 0.1)


def random_other(rng, model):
    return rng.randrange(1 << 32), rng.randbytes(rng.randrange(5))


RANDOM = {
    Op.READ: (random_read, 6),
    Op.WRITE: (random_write, 6),
    Op.PUSH: (random_push, 4),
    Op.PULL: (random_pull, 6),
    Op.ECHO: (random_echo, 1),
    Op.RESET: (random_reset, 1),
    Op.SYNC: (random_other, 0.3),  # a SYNC under the session's nonce is no request
    0: (random_other, 0.3),
    255: (random_other, 0.3),
}


def random_frame(rng, model, history):
    """Return a request as bytes: the next, a repeated, an early, a foreign or a damaged one."""
    if history and rng.random() < 0.15:
        frame = rng.choice(history[-WINDOW_FRAMES:])
    else:
        ops = list(RANDOM)
        op = rng.choices(ops, [RANDOM[op][1] for op in ops])[0]
        address, payload = RANDOM[op][0](rng, model)
        seq = model.expected if rng.random() < 0.95 else (model.expected + rng.randrange(1, 224))
        frame = encode_request(Request(seq % 256, op, address, payload), model.nonce)
        if seq == model.expected:
            history.append(frame)
    if rng.random() < 0.06:
        return damage(rng, frame) + b"\0"
    return frame


async def random_session(bench, groups):
    """Exchange random groups of frames, with random things done by the array in between."""
    rng, model = bench.rng, bench.model
    history, statuses = [], set()
    await bench.sync(rng.randrange(1, 1 << 16), rng.randrange(256))
    for _ in range(groups):
        # Frames of a group are made one after the other, so the model must run ahead of the line.
        ahead = DeviceModel(CONFIG)
        ahead.__dict__.update({name: _copy(value) for name, value in model.__dict__.items()})
        line = b""
        for _ in range(rng.choice([1, 1, 1, 2, 6])):
            frame = random_frame(rng, ahead, history)
            ahead.line(frame)
            line += frame
        if rng.random() < 0.1:
            for op, address in ((Op.BAUD, rng.randrange(1 << 23)), (Op.ECHO, 0)):
                frame = encode_request(Request(ahead.expected, op, address), ahead.nonce)
                ahead.line(frame)
                line += frame
        for answer in await bench.exchange(line):
            statuses.add(decode_reply(answer, model.nonce).status)
        match rng.randrange(8):
            case 0 | 1:
                await bench.consume(rng.randrange(len(model.input) + 1))
            case 2 | 3:
                room = rng.randrange(min(model.output_free, 150) + 1)
                await bench.produce([rng.randrange(1 << 16) for _ in range(room)])
            case 4:
                bench.set_busy(*rng.choice([(False, False), (True, False), (True, True)]))
            case 5:
                await bench.consume(len(model.input))
                bench.set_busy(False)
    return statuses


def _copy(value):
    return value.copy() if isinstance(value, dict | list) else value


@cocotb.test()
async def random_sessions_are_answered_as_the_model_says(dut):
    bench = Bench(dut, "sessions")
    await bench.start()
    statuses = set()
    for _ in range(4):
        statuses |= await random_session(bench, 50)
    assert set(Status) - statuses == {Status.NO_SESSION, Status.BAD_VERSION}


@cocotb.test()
async def random_sessions_on_slow_ends(dut):
    bench = Bench(dut, "slow", rate=0.4)
    await bench.start()
    for _ in range(2):
        await random_session(bench, 40)


@cocotb.test()
async def every_status_of_every_op(dut):
    bench = Bench(dut, "statuses")
    await bench.start()
    weights, status = MAP["weights"], MAP["status"]
    assert (await bench.ask(Op.ECHO, seq=5))[0] == Status.NO_SESSION
    assert await bench.sync() == (Status.OK, bytes([PROTOCOL_VERSION, SessionEnd.POWER_UP]))
    assert await bench.sync() == (Status.OK, bytes([PROTOCOL_VERSION, SessionEnd.SYNC]))
    nonce = bench.model.nonce
    for request, expected in [
        (Request(7, Op.SYNC, nonce | 2 << 16), Status.BAD_VERSION),
        (Request(7, Op.SYNC, nonce | 1 << 16, b"\0"), Status.BAD_LENGTH),
    ]:
        (answer,) = await bench.exchange(encode_request(request, 0))
        assert decode_reply(answer, nonce).status == expected
    (answer,) = await bench.exchange(encode_request(Request(7, Op.SYNC, 1 << 16), 0))
    assert decode_reply(answer, 0).status == Status.BAD_VALUE
    cases = [
        (Op.WRITE, weights.address(), b"abcd", Status.OK),
        (Op.READ, weights.address(), b"\1", Status.OK),
        (Op.READ, weights.address(), b"\0", Status.BAD_LENGTH),
        (Op.READ, weights.address(), b"", Status.BAD_LENGTH),
        (Op.READ, weights.address(1), bytes([62]), Status.OK),
        (Op.READ, weights.address(1), bytes([63]), Status.BAD_LENGTH),
        (Op.READ, weights.address(3), bytes([62]), Status.BAD_ADDRESS),
        (Op.WRITE, weights.address(63, 1), bytes(8), Status.BAD_ADDRESS),
        (Op.WRITE, weights.address(63, 1), bytes(5), Status.BAD_LENGTH),
        (Op.WRITE, weights.address(), b"", Status.BAD_LENGTH),
        (Op.WRITE, status.address(), bytes(4), Status.READ_ONLY),
        (Op.WRITE, 63 << 26, bytes(4), Status.BAD_ADDRESS),
        (Op.PUSH, 0, b"", Status.BAD_LENGTH),
        (Op.PUSH, 0, b"abc", Status.BAD_LENGTH),
        (Op.PUSH, 0, bytes(244), Status.OK),
        (Op.PUSH, 0, bytes(244), Status.OK),
        (Op.PUSH, 0, bytes(26), Status.NO_CREDIT),
        (Op.PUSH, 0, bytes(24), Status.OK),
        (Op.WRITE, weights.address(), bytes(4), Status.BUSY),
        (Op.WRITE, MAP["control"].address(), bytes(4), Status.BUSY),
        (Op.WRITE, status.address(), bytes(4), Status.READ_ONLY),
        (Op.READ, weights.address(), b"\1", Status.BUSY),
        (Op.READ, status.address(), b"\1", Status.OK),
        (Op.RESET, ResetKind.COUNTERS, b"", Status.OK),
        (Op.RESET, ResetKind.STOP, b"", Status.OK),
        (Op.READ, weights.address(), b"\1", Status.OK),
        (Op.PULL, 0, bytes(4), Status.OK),
        (Op.PULL, 1, bytes(4), Status.BAD_ADDRESS),
        (Op.PULL, 0, b"\1\0\0\0", Status.BAD_ADDRESS),
        (Op.PULL, 0, bytes(3), Status.BAD_LENGTH),
        (Op.RESET, 4, b"", Status.BAD_VALUE),
        (Op.RESET, 0, b"\0", Status.BAD_LENGTH),
        (Op.BAUD, 0, b"", Status.BAD_VALUE),
        (Op.BAUD, (1 << 22) + 1, b"", Status.BAD_VALUE),
        (Op.BAUD, 1 << 22, b"\0", Status.BAD_LENGTH),
        (Op.SYNC, nonce | 1 << 16, b"", Status.UNKNOWN_OP),
        (9, 0, b"", Status.UNKNOWN_OP),
        (Op.ECHO, 0, b"", Status.OK),
    ]
    for op, address, payload, expected in cases:
        assert (await bench.ask(op, address, payload))[0] == expected, (op, address, payload)
    assert (await bench.ask(Op.ECHO, seq=bench.model.expected + 1))[0] == Status.OUT_OF_ORDER
    assert bench.model.counts["refused"] > 0


@cocotb.test()
async def a_repeated_request_acts_once(dut):
    bench = Bench(dut, "repeats")
    await bench.start()
    await bench.sync(seq=250)
    first = bench.model.expected
    frames = []
    for k in range(WINDOW_FRAMES):
        data = k.to_bytes(2, "little")
        request = Request((first + k) % 256, Op.PUSH, 0, data if k % 5 else b"")
        frames.append(encode_request(request, bench.model.nonce))
    await bench.exchange(b"".join(frames))
    await bench.exchange(b"".join(frames))
    await bench.consume(3)
    await bench.exchange(b"".join(reversed(frames)))
    assert bench.model.counts["repeated"] == 2 * WINDOW_FRAMES
    await bench.consume(len(bench.model.input))


@cocotb.test()
async def frames_of_an_earlier_session_do_nothing(dut):
    bench = Bench(dut, "nonce")
    await bench.start()
    await bench.sync(0x1111, 10)
    address = MAP["threshold"].address(3, 1)
    old = encode_request(Request(11, Op.WRITE, address, b"\7\7\3"), 0x1111)
    await bench.sync(0x2222, 10)
    await bench.exchange(old)
    assert bench.model.counts["bad_frame"] == 1
    assert not bench.array.memory
    await bench.exchange(encode_request(Request(11, Op.WRITE, address, b"\7\7\3"), 0x2222))
    assert bench.array.memory == {(24, 1, 3): 0x030707}


@cocotb.test()
async def noise_is_followed_by_a_good_session(dut):
    bench = Bench(dut, "noise")
    await bench.start()
    for _ in range(12):
        noise = bench.rng.randbytes(bench.rng.randrange(700))
        await bench.exchange(noise + b"\0")
        await bench.sync(bench.rng.randrange(1, 1 << 16), bench.rng.randrange(256))
        frame = encode_request(
            Request(bench.model.expected, Op.WRITE, MAP["reset"].address(2), bytes(15)),
            bench.model.nonce,
        )
        await bench.exchange(frame[: bench.rng.randrange(1, len(frame))] + b"\0")
        assert (await bench.ask(Op.ECHO, 0, b"there"))[1] == b"there"


@cocotb.test()
async def nothing_is_answered_before_the_array_is_clear(dut):
    bench = Bench(dut, "power-up")
    await bench.start()
    bench.array.reset_left = 500
    bench.rx.items += encode_request(Request(0, Op.SYNC, 0x1_0001), 0)
    await bench.ticker.tick(300)
    assert bench.array.resets == []
    assert bench.tx.items == []
    await bench.ticker.until(lambda: 0 in bench.tx.items, "the reply")
    assert bench.array.resets == [ResetKind.ALL]


@cocotb.test()
async def line_errors_are_counted(dut):
    bench = Bench(dut, "line errors")
    await bench.start()
    await bench.ticker.tick(60)
    dut.line_error.value = 1
    await bench.ticker.tick(3)
    dut.line_error.value = 0
    await bench.ticker.tick(2)
    assert bench.array.counts["line_error"] == 3


@cocotb.test()
async def a_new_rate_waits_for_the_last_bit_and_stays_after_a_good_frame(dut):
    bench = Bench(dut, "baud", tail_cyc=300)
    await bench.start()
    await bench.sync()
    request = Request(bench.model.expected, Op.BAUD, 1 << 21)
    expected = bench.model.line(encode_request(request, bench.model.nonce))
    bench.tx.items, bench.rx.items = [], list(encode_request(request, bench.model.nonce))
    await bench.ticker.until(lambda: len(bench.tx.items) == len(expected), "the reply")
    took = await bench.ticker.until(lambda: int(dut.increment.value) == 1 << 21, "the new rate")
    assert 300 <= took <= 305
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
    bench = Bench(dut, "fallback")
    await bench.start()
    await bench.sync()
    model = bench.model
    data = encode_request(Request(model.expected, Op.BAUD, 1 << 22), model.nonce)
    bench.rx.items = list(data)
    await bench.ticker.until(lambda: int(dut.increment.value) == 1 << 22, "the new rate")
    bench.rx.items = list(b"\1\2\3\0")  # what the old rate looks like at the new one
    took = await bench.ticker.until(lambda: int(dut.increment.value) == FIRST_INCREMENT, "fallback")
    assert TRIAL_CYC - 2 <= took <= TRIAL_CYC + 2
    model.active, model.nonce, model.increment = False, 0, FIRST_INCREMENT
    model.end, model.expected = SessionEnd.BAUD_FALLBACK, (model.expected + 1) % 256
    model.counts["bad_frame"] += 1
    assert (await bench.ask(Op.ECHO))[0] == Status.NO_SESSION
    assert (await bench.sync())[1] == bytes([PROTOCOL_VERSION, SessionEnd.BAUD_FALLBACK])


@cocotb.test()
async def a_pull_that_is_not_busy_tells_of_all_words(dut):
    bench = Bench(dut, "atomic")
    await bench.start()
    await bench.sync()
    rng, model, array = bench.rng, bench.model, bench.array
    seq, got, written, ended_busy = model.expected, 0, 0, 0
    for _ in range(60):
        words = list(range(rng.randrange(1, 40)))
        array.busy, array.spikes.items = True, list(words)
        array.spikes.rate = rng.choice([1.0, 0.2, 0.02])
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
    assert ended_busy > 60


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
        assert took <= 3 * (sent + received)
    for window, count in (("weights", 62), ("capability", 128), ("probe", 82)):
        took, sent, received = await burst(bench, bulk(bench, Op.READ, window, bytes([count]), 8))
        dut._log.info("READ %s: %.2f cycles a byte", window, took / (sent + received))
        assert took <= 3 * (sent + received)


@cocotb.test()
async def bulk_writes_run_at_line_rate(dut):
    bench = Bench(dut, "line rate", pace_cyc=BYTE_CYC, tail_cyc=BYTE_CYC)
    await bench.start()
    await bench.sync()
    requests = bulk(bench, Op.WRITE, "weights", bench.rng.randbytes(244), 6)
    line = b"".join(encode_request(request, bench.model.nonce) for request in requests)
    bench.model.line(line)
    bench.tx.items = []
    for byte in line:
        bench.rx.items = [byte]
        await bench.ticker.tick(BYTE_CYC)
        assert bench.rx.idle()
    await bench.ticker.until(lambda: bench.tx.items.count(0) == 6, "the last reply", 2_000)
    bench.agree()
    assert 6 * 244 / len(line) > 0.94


@cocotb.test()
async def bulk_reads_fill_the_line(dut):
    bench = Bench(dut, "reads", pace_cyc=BYTE_CYC, tail_cyc=BYTE_CYC)
    await bench.start()
    await bench.sync()
    took, _, received = await burst(bench, bulk(bench, Op.READ, "weights", bytes([62]), 6))
    dut._log.info("READ: %.1f %% of the line is payload", 100 * 6 * 248 * BYTE_CYC / took)
    assert 0.9 * took <= 6 * 248 * BYTE_CYC
    assert received * BYTE_CYC <= took
