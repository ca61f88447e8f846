"""cocotb bench of the link: `rtl(line) == model(line)`, over sessions, repeats and noise."""

import cocotb
from bench_link_device import Bench
from bench_link_model import DeviceModel
from bench_link_parts import CONFIG
from bench_link_requests import MAP, random_frame

from spikeloom.contract.frames import (
    PROTOCOL_VERSION,
    WINDOW_FRAMES,
    Op,
    Request,
    ResetKind,
    Status,
    decode_reply,
    encode_request,
)
from spikeloom.contract.registers import SessionEnd


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
    statuses, rare = set(), {Status.NO_SESSION, Status.BAD_VERSION}
    for number in range(16):
        statuses |= await random_session(bench, 50)
        if number >= 3 and set(Status) - statuses == rare:
            break
    assert set(Status) - statuses == rare


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
