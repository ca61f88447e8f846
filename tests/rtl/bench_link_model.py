"""What docs/link.md says, in Python: lines in, replies out, and what happened to the array."""

from collections import Counter

from spikeloom.contract import MemoryMap, ValueRangeError
from spikeloom.contract.frames import (
    MAX_REPLY_PAYLOAD,
    PROTOCOL_VERSION,
    PULL_HEADER,
    FrameError,
    Op,
    PullFlags,
    Reply,
    ResetKind,
    Status,
    baud_increment,
    decode_request,
    encode_reply,
)
from spikeloom.contract.registers import SessionEnd

MODULO = 1 << 32


class DeviceModel:
    """A link whose array holds memory and two rings, and is busy when told so."""

    def __init__(self, config):
        self.config, self.map = config, MemoryMap(config)
        self.memory = {}
        self.counts = Counter()
        self.active, self.nonce, self.expected, self.end = False, 0, 0, SessionEnd.POWER_UP
        self.statuses = {}
        self.increment = baud_increment(config.baud_rates[0], config.clock_hz)
        self.resets = [ResetKind.ALL]
        self.busy_flag = self.waiting = False
        self.clear_rings()

    def clear_rings(self):
        self.input, self.output, self.released = [], [], 0

    @property
    def busy(self):
        return self.busy_flag or bool(self.input)

    @property
    def input_free(self):
        return self.config.input_words - len(self.input)

    @property
    def output_free(self):
        return self.config.output_words - (len(self.output) - self.released)

    def line(self, data):
        """Return the bytes that answer a line that ends with a zero."""
        return b"".join(self.frame(part) for part in data.split(b"\0") if part)

    def frame(self, data):
        sync, ours = self._decode(data, 0), self._decode(data, self.nonce)
        if sync is not None and sync.op == Op.SYNC:
            return self._sync(sync)
        nonce = self.nonce
        return encode_reply(self._reply(ours), nonce)

    @staticmethod
    def _decode(data, nonce):
        try:
            return decode_request(data, nonce)
        except FrameError:
            return None

    def _reply(self, request):
        if request is None:
            self.counts["bad_frame"] += 1
            return Reply(self.expected, Status.BAD_FRAME)
        if not self.active:
            return Reply(request.seq, Status.NO_SESSION)
        distance = (request.seq - self.expected) % 256
        if distance == 0:
            return self._execute(request)
        if distance < 224:
            self.counts["out_of_order"] += 1
            return Reply(request.seq, Status.OUT_OF_ORDER, bytes([self.expected]))
        self.counts["repeated"] += 1
        if request.op in (Op.READ, Op.PULL, Op.ECHO):
            return Reply(request.seq, *self._carry_out(request))
        return Reply(request.seq, self.statuses[request.seq % 32])

    def _execute(self, request):
        status, payload = self._carry_out(request)
        self.counts["refused"] += status != Status.OK
        self.statuses[request.seq % 32] = status
        self.expected = (self.expected + 1) % 256
        return Reply(request.seq, status, payload)

    def _sync(self, request):
        nonce, version = request.addr & 0xFFFF, request.addr >> 16
        status = Status.OK
        if request.payload:
            status = Status.BAD_LENGTH
        elif version != PROTOCOL_VERSION:
            status = Status.BAD_VERSION
        elif nonce == 0:
            status = Status.BAD_VALUE
        if status == Status.OK:
            self.end = SessionEnd.SYNC if self.active else self.end
            self.active, self.nonce, self.expected = True, nonce, (request.seq + 1) % 256
            self._stop()
        greeting = bytes([PROTOCOL_VERSION, self.end])
        payload = greeting if status in (Status.OK, Status.BAD_VERSION) else b""
        return encode_reply(Reply(request.seq, status, payload), nonce)

    def _stop(self):
        self.busy_flag = self.waiting = False
        self.clear_rings()

    def _carry_out(self, request):
        known = request.op in set(Op) - {Op.SYNC}
        return getattr(self, f"_{Op(request.op).name.lower()}")(request) if known else (
            Status.UNKNOWN_OP, b"",
        )  # fmt: skip

    def _range(self, request, words):
        """Return a refusal, or the window and the first word's place."""
        try:
            window, core, offset = self.map.locate(request.addr)
        except ValueRangeError:
            return Status.BAD_ADDRESS, None
        count = words(window)
        if count is None:
            return Status.BAD_LENGTH, None
        if offset + count > window.depth:
            return Status.BAD_ADDRESS, None
        return Status.OK, (window, [(window.id, core, offset + k) for k in range(count)])

    def _read(self, request):
        if len(request.payload) != 1:
            return Status.BAD_LENGTH, b""
        count = request.payload[0]

        def words(window):
            return count if 0 < count * window.word_bytes <= MAX_REPLY_PAYLOAD else None

        status, found = self._range(request, words)
        if status == Status.OK and self.busy and not found[0].live:
            status = Status.BUSY
        if status != Status.OK:
            return status, b""
        window, places = found
        size = window.word_bytes
        return status, b"".join(
            (self.memory.get(place, 0) % (1 << 8 * size)).to_bytes(size, "little")
            for place in places
        )

    def _write(self, request):
        data = request.payload

        def words(window):
            return None if not data or len(data) % window.word_bytes else len(data) // (
                window.word_bytes
            )  # fmt: skip

        status, found = self._range(request, words)
        if status == Status.OK and not found[0].writable:
            status = Status.READ_ONLY
        if status == Status.OK and self.busy:
            status = Status.BUSY
        if status == Status.OK:
            window, places = found
            for k, place in enumerate(places):
                part = data[k * window.word_bytes : (k + 1) * window.word_bytes]
                self.memory[place] = int.from_bytes(part, "little")
        return status, b""

    def _push(self, request):
        count, odd = divmod(len(request.payload), 2)
        if odd or count == 0:
            return Status.BAD_LENGTH, b""
        if count > self.input_free:
            return Status.NO_CREDIT, b""
        data = request.payload
        self.input += [data[2 * k] | data[2 * k + 1] << 8 for k in range(count)]
        return Status.OK, b""

    def _pull(self, request):
        if len(request.payload) != 4:
            return Status.BAD_LENGTH, b""
        address = (request.addr - self.released) % MODULO
        release = (int.from_bytes(request.payload, "little") - self.released) % MODULO
        repeated = release >= MODULO // 2
        if address > len(self.output) - self.released or (not repeated and release > address):
            return Status.BAD_ADDRESS, b""
        if not repeated:
            self.released += release
        flags = PullFlags(0)
        if self.busy:
            flags |= PullFlags.BUSY
        if self.waiting:
            flags |= PullFlags.WAITING
        words = self.output[request.addr : request.addr + 122]
        header = PULL_HEADER.pack(self.input_free, flags)
        return Status.OK, header + b"".join(word.to_bytes(2, "little") for word in words)

    def _echo(self, request):
        return Status.OK, request.payload

    def _baud(self, request):
        if request.payload:
            return Status.BAD_LENGTH, b""
        if not 0 < request.addr <= 1 << 22:
            return Status.BAD_VALUE, b""
        self.increment = request.addr
        return Status.OK, b""

    def _reset(self, request):
        if request.payload:
            return Status.BAD_LENGTH, b""
        if request.addr > max(ResetKind):
            return Status.BAD_VALUE, b""
        if request.addr != ResetKind.COUNTERS:
            self._stop()
        if request.addr != ResetKind.STOP:
            self.resets.append(request.addr)
        if request.addr == ResetKind.ALL:
            self.memory.clear()
        return Status.OK, b""
