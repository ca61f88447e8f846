"""A link, an array and a line for it, and the model that must agree: what the benches talk to."""

from bench_link_array import ArrayStub, LineSink
from bench_link_model import DeviceModel
from bench_link_parts import CONFIG, TRIAL_CYC
from bench_link_support import Source, Ticker, seeded

from spikeloom.contract.frames import (
    PROTOCOL_VERSION,
    Op,
    Request,
    Status,
    decode_reply,
    encode_request,
)


class Bench:
    """A link with an array and a line, and a model that must agree with it."""

    def __init__(self, dut, name, rate=1.0, pace_cyc=0, tail_cyc=20):
        self.dut, self.rng = dut, seeded(dut, name)
        self.array = ArrayStub(dut, self.rng, rate)
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
