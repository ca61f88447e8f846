"""cocotb bench of receiver and sender: `rtl_x(case) == ref_x(case)`, `ref` being the contract."""

import cocotb
from bench_link_parts import WORD_BITS
from bench_link_support import Sink, Source, Ticker, seeded

from spikeloom.contract.frames import (
    MAX_FRAME,
    MAX_REPLY_PAYLOAD,
    MAX_REQUEST_PAYLOAD,
    FrameError,
    Op,
    Reply,
    Request,
    cobs_encode,
    decode_request,
    encode_reply,
    encode_request,
)

BAD, GOOD, SYNC = range(3)
CHECK_CYC = 2 * MAX_FRAME + 20  # the last frame is read again, twice at most
SIZE_BITS = (WORD_BITS // 8).bit_length()
RATES = [(1.0, 1.0), (0.3, 1.0), (1.0, 0.3), (0.5, 0.5)]


def random_payload(rng, limit):
    size = rng.choice([0, 1, 2, 7, limit, rng.randrange(limit + 1)])
    return bytes(rng.choice([0, 0, 1, 255, rng.randrange(256)]) for _ in range(size))


def random_request(rng):
    return Request(
        rng.randrange(256),
        rng.choice([*Op, 0, 200]),
        rng.randrange(1 << 32),
        random_payload(rng, MAX_REQUEST_PAYLOAD),
    )


def damage(rng, frame):
    """Flip, drop, insert, cut or join bytes."""
    data = bytearray(frame)
    at = rng.randrange(len(data))
    match rng.randrange(6):
        case 0:
            data[at] ^= 1 << rng.randrange(8)
        case 1:
            del data[at]
        case 2:
            data.insert(at, rng.randrange(256))
        case 3:
            del data[at:]
        case 4:
            data[at:at] = bytes(rng.randrange(1, 256) for _ in range(rng.randrange(300)))
        case 5:
            data[at] = 0
    return bytes(data)


def random_line(rng, nonce):
    """Return bytes of a line: good frames, those of other sessions, damaged and empty ones."""
    line = b""
    for _ in range(12):
        frame = encode_request(random_request(rng), rng.choice([nonce, nonce, nonce, 0, 0xBEEF]))
        if rng.random() < 0.3:
            sync = Request(rng.randrange(256), Op.SYNC, rng.randrange(1 << 32))
            frame = encode_request(sync, rng.choice([0, 0, nonce]))
        if rng.random() < 0.4:
            frame = damage(rng, frame)
        line += frame + b"\0" * rng.choice([0, 0, 1, 3])
    return line + b"\0"


def decoded(data, nonce):
    try:
        return decode_request(data, nonce)
    except FrameError:
        return None


def ref_receive(line, nonce):
    """What the contract makes of a line."""
    events = []
    for data in filter(None, line.split(b"\0")):
        sync, ours = decoded(data, 0), decoded(data, nonce)
        if sync is not None and sync.op == Op.SYNC:
            events.append((SYNC, sync))
        else:
            events.append((GOOD, ours) if ours else (BAD, None))
    return events


def divisors(length):
    return [n for n in range(1, WORD_BITS // 8 + 1) if length % n == 0]


class Reader:
    """Accepts frames as the executor does: looks at the head, reads the payload, lets go."""

    def __init__(self, dut, rng, rate):
        self.dut, self.rng, self.rate = dut, rng, rate
        self.words = Sink(dut, "payload__words", rng, rate)
        self.events, self.size, self.length, self.state = [], 1, 0, "frame"

    def drive(self):
        self.words.drive()
        self.dut.frame__ready.value = self.state == "release"
        self.dut.payload__start.value = self.state == "start"
        self.dut.payload__size.value = self.size
        self.dut.length.value = self.length

    def look(self):
        self.words.look()
        match self.state:
            case "frame":
                if self.dut.frame__valid.value == 1 and self.rng.random() < self.rate:
                    self.head(int(self.dut.frame__payload.value))
            case "start":
                self.state = "words"
            case "words":
                if len(self.words.items) * self.size == self.length:
                    payload = b"".join(self.bytes_of(word) for word in self.words.items)
                    assert [word >> WORD_BITS for word in self.words.items] == [0] * (
                        len(self.words.items) - 1
                    ) + [1]
                    self.events.append((self.kind, Request(*self.fields, payload)))
                    self.state = "release"
            case "release":
                self.state = "frame"

    def bytes_of(self, word):
        return (word & (1 << WORD_BITS) - 1).to_bytes(WORD_BITS // 8, "little")[: self.size]

    def head(self, bits):
        self.kind = bits & 3
        self.fields = bits >> 2 & 0xFF, bits >> 10 & 0xFF, bits >> 18 & 0xFFFFFFFF
        self.length = bits >> 50
        if self.kind == BAD:
            self.events.append((BAD, None))
            self.state = "release"
        elif self.length == 0:
            self.events.append((self.kind, Request(*self.fields)))
            self.state = "release"
        else:
            self.size = self.rng.choice(divisors(self.length))
            self.words.items = []
            self.state = "start"


async def rtl_receive(ticker, line, nonce, rng, rates):
    dut = ticker.dut
    source, reader = Source(dut, "rx", rng, rates[0]), Reader(dut, rng, rates[1])
    dut.rx_nonce.value = nonce
    dut.reply__valid.value = dut.tx__ready.value = 0
    await ticker.reset(source, reader)
    source.items = list(line)
    await ticker.until(source.idle, "taking the line")
    await ticker.tick(CHECK_CYC)
    await ticker.until(lambda: reader.state == "frame", "reading the last payload")
    return reader.events


@cocotb.test()
async def lines_are_received_as_the_contract_says(dut):
    rng, ticker = seeded(dut, "receive"), Ticker(dut)
    seen = set()
    for round_ in range(24):
        nonce = rng.choice([0, 1, 0xFFFF, rng.randrange(1 << 16)])
        line = random_line(rng, nonce)
        events = await rtl_receive(ticker, line, nonce, rng, RATES[round_ % len(RATES)])
        assert events == ref_receive(line, nonce)
        seen |= {kind for kind, _ in events}
    assert seen == {BAD, GOOD, SYNC}


@cocotb.test()
async def lengths_from_nothing_to_too_much(dut):
    rng, ticker = seeded(dut, "lengths"), Ticker(dut)
    nonce = 0x5117
    sizes = [0, 1, 242, 243, MAX_REQUEST_PAYLOAD]
    payloads = [fill * size for size in sizes for fill in (b"\0", b"\1", b"\xff")]
    parts = [encode_request(Request(1, Op.ECHO, 1, payload), nonce) for payload in payloads]
    # Shorter than header and CRC, after empty frames.
    parts += [b"\0\0", *(cobs_encode(b"\7" * size) + b"\0" for size in range(10))]
    parts.append(b"\xff" + b"\1" * MAX_FRAME + b"\1\0")  # one byte too long
    parts.append(b"\1" * 600 + b"\0")  # zeros only, far too long
    parts.append(encode_request(Request(2, Op.ECHO, 2, b"end"), nonce))
    line = b"".join(parts)
    assert await rtl_receive(ticker, line, nonce, rng, (1.0, 1.0)) == ref_receive(line, nonce)


@cocotb.test()
async def no_single_flipped_or_lost_byte_passes(dut):
    rng, ticker = seeded(dut, "single"), Ticker(dut)
    nonce = rng.randrange(1, 1 << 16)
    frame = encode_request(Request(9, Op.WRITE, 0x0400_0001, bytes([0, 5, 0, 0, 9])), nonce)
    cases = [frame[:at] + frame[at + 1 :] for at in range(len(frame) - 1)]
    for at in range(len(frame) - 1):
        for bit in range(8):
            changed = bytearray(frame)
            changed[at] ^= 1 << bit
            cases.append(bytes(changed))
    line = b"".join(cases)
    events = await rtl_receive(ticker, line, nonce, rng, (1.0, 1.0))
    assert events == ref_receive(line, nonce)
    assert {kind for kind, _ in events} == {BAD}


@cocotb.test()
async def a_byte_is_taken_in_every_cycle(dut):
    rng, ticker = seeded(dut, "throughput"), Ticker(dut)
    line = encode_request(Request(1, Op.ECHO, 1, bytes(MAX_REQUEST_PAYLOAD)), 0)
    begin = ticker.cycle
    await rtl_receive(ticker, line, 0, rng, (1.0, 0.0))  # the frame is never read
    assert ticker.cycle - begin <= len(line) + CHECK_CYC + 5


def random_reply(rng, limit=MAX_REPLY_PAYLOAD):
    return Reply(rng.randrange(256), rng.randrange(256), random_payload(rng, limit))


def reply_words(rng, reply):
    """Cut a reply into words of random sizes."""
    data = bytes([reply.seq, reply.status]) + reply.payload
    words = []
    while data:
        size = rng.randrange(1, WORD_BITS // 8 + 1)
        part, data = data[:size], data[size:]
        junk = rng.randrange(1 << WORD_BITS) >> 8 * len(part) << 8 * len(part)
        word = int.from_bytes(part, "little") | junk
        words.append(word | len(part) << WORD_BITS | (not data) << WORD_BITS + SIZE_BITS)
    return words


async def rtl_send(ticker, replies, nonce, rng, rates):
    dut = ticker.dut
    source, sink = Source(dut, "reply", rng, rates[0]), Sink(dut, "tx", rng, rates[1])
    dut.tx_nonce.value = nonce
    dut.rx__valid.value = dut.payload__start.value = 0
    await ticker.reset(source, sink)
    for reply in replies:
        source.items += reply_words(rng, reply)
    await ticker.until(lambda: sink.items.count(0) == len(replies), "the last zero")
    await ticker.tick(50)
    return bytes(sink.items)


def ref_send(replies, nonce):
    return b"".join(encode_reply(reply, nonce) for reply in replies)


@cocotb.test()
async def replies_are_sent_as_the_contract_says(dut):
    rng, ticker = seeded(dut, "send"), Ticker(dut)
    for round_ in range(16):
        nonce = rng.choice([0, rng.randrange(1 << 16)])
        replies = [random_reply(rng) for _ in range(6)]
        sent = await rtl_send(ticker, replies, nonce, rng, RATES[round_ % len(RATES)])
        assert sent == ref_send(replies, nonce)


@cocotb.test()
async def replies_of_the_largest_size_with_and_without_zeros(dut):
    rng, ticker = seeded(dut, "large"), Ticker(dut)
    for fill in (0, 1, 255):
        replies = [Reply(fill, fill, bytes([fill]) * MAX_REPLY_PAYLOAD)]
        begin = ticker.cycle
        sent = await rtl_send(ticker, replies, 0xABCD, rng, (1.0, 1.0))
        assert sent == ref_send(replies, 0xABCD)
        # Once in, once out, and one cycle for each word that changes hands.
        assert ticker.cycle - begin <= 2 * len(sent) + 50 + 20
