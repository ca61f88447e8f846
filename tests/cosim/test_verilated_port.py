"""The simulated board as a serial port: both ways of the bytes, time, threads, several boards."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import serial

from spikeloom.contract import CONFIGS, Capability, MemoryMap
from spikeloom.contract.frames import (
    PROTOCOL_VERSION,
    Op,
    Reply,
    Request,
    Status,
    baud_increment,
    decode_reply,
    encode_request,
)
from spikeloom.contract.memory import CAPABILITY_BYTES
from spikeloom_rtl.identity import build_id
from spikeloom_sim.verilated.port import SimPort  # and sim:// is known to pyserial

pytestmark = pytest.mark.verilated

_TINY = CONFIGS["tiny"]
_BITS_PER_BYTE = 10
_JOIN_S = 20.0


class Host:
    """Sends single requests over a port and waits for each reply."""

    def __init__(self, port: SimPort) -> None:
        self.port = port
        self.nonce = 0
        self.seq = 200

    def ask(self, op: Op, addr: int = 0, payload: bytes = b"") -> Reply:
        self.port.write(self.request(op, addr, payload))
        return self.reply()

    def request(self, op: Op, addr: int = 0, payload: bytes = b"") -> bytes:
        self.seq = (self.seq + 1) & 0xFF
        request = Request(self.seq, op, addr, payload)
        if op != Op.SYNC:
            return encode_request(request, self.nonce)
        self.nonce = addr & 0xFFFF
        return encode_request(request, 0)

    def reply(self) -> Reply:
        frame = self.port.read_until(b"\0")
        assert frame.endswith(b"\0"), f"no reply, only {frame!r}"
        reply = decode_reply(frame[:-1], self.nonce)
        assert reply.seq == self.seq
        return reply

    def start(self, nonce: int = 0x1234) -> None:
        reply = self.ask(Op.SYNC, nonce | PROTOCOL_VERSION << 16)
        assert (reply.status, reply.payload[0]) == (Status.OK, PROTOCOL_VERSION)

    def set_clocks_per_bit(self, clocks: float) -> None:
        baud = round(_TINY.clock_hz / clocks)
        assert self.ask(Op.BAUD, baud_increment(baud, _TINY.clock_hz)).status == Status.OK
        self.port.baudrate = baud


@pytest.fixture
def open_host() -> Iterator[Callable[..., Host]]:
    """A function that opens ``sim://tiny`` with options, and closes it after the test."""
    ports = []

    def opener(options: str = "", timeout: float | None = 5.0) -> Host:
        port = serial.serial_for_url(
            f"sim://tiny?{options}", baudrate=_TINY.baud_rates[0], timeout=timeout
        )
        ports.append(port)
        return Host(port)

    yield opener
    for port in ports:
        port.close()


def _check_conversation(host: Host) -> None:
    """Capability and echoes with every byte value."""
    reply = host.ask(Op.READ, 0, bytes([CAPABILITY_BYTES]))
    assert Capability.from_bytes(reply.payload) == Capability(build_id(_TINY), _TINY)
    values = bytes(range(256))
    for part in (values[:128], values[128:], b"\x55" * 200, b""):
        assert host.ask(Op.ECHO, 0, part) == Reply(host.seq, Status.OK, part)


def test_bytes_past_the_uart(open_host: Callable[..., Host]) -> None:
    host = open_host()
    host.start()
    _check_conversation(host)
    assert not host.port.has_line_rate


@pytest.mark.parametrize("clocks", [4, 27, 4.32, 104.1667])
def test_bits_at_any_rate(open_host: Callable[..., Host], clocks: float) -> None:
    host = open_host("uart=bits")
    host.start()
    assert host.port.has_line_rate
    host.set_clocks_per_bit(clocks)
    _check_conversation(host)
    before = host.port.counters
    echoed = bytes(200)
    host.ask(Op.ECHO, 0, echoed)
    after = host.port.counters
    bit_cyc = _TINY.clock_hz / host.port.baudrate
    assert after.framing_errors == 0
    sent = after.bytes_in - before.bytes_in
    assert after.line_in_cyc - before.line_in_cyc == pytest.approx(
        sent * _BITS_PER_BYTE * bit_cyc, abs=2
    )
    # The receiver sees the last byte's line busy up to the middle of its stop bit.
    received = after.bytes_out - before.bytes_out
    assert after.line_out_cyc - before.line_out_cyc == pytest.approx(
        received * _BITS_PER_BYTE * bit_cyc, rel=0.06
    )


def test_a_host_at_the_wrong_rate_is_not_understood(open_host: Callable[..., Host]) -> None:
    host = open_host("uart=bits")
    host.start()
    host.port.baudrate = 1_000_000
    host.port.timeout = 0.1
    host.port.write(host.request(Op.ECHO, 0, b"hello"))
    assert b"hello" not in host.port.read(100)
    host.port.baudrate = _TINY.baud_rates[0]
    host.port.write(b"\0\0")
    host.port.read(100)
    host.port.timeout = 5.0
    host.start(nonce=77)
    status = MemoryMap(_TINY)["status"]
    words = host.ask(Op.READ, status.address(), bytes([status.depth])).payload
    assert status.unpack(words)["value"][12] > 0, "line errors are counted"


def test_the_clock_stops_at_rest(open_host: Callable[..., Host]) -> None:
    host = open_host(timeout=0.3)
    host.start()
    assert host.port.at_rest
    before = host.port.counters
    start, cpu = time.monotonic(), time.process_time()
    assert host.port.read(1) == b""
    waited, used = time.monotonic() - start, time.process_time() - cpu
    assert host.port.counters == before
    assert waited >= 0.29
    assert used < 0.1, "waiting takes no processor time"


def test_a_running_array_is_not_at_rest(open_host: Callable[..., Host]) -> None:
    host = open_host("latency_us=0")
    host.start()
    steps = 3000
    word = (0x8000 | steps).to_bytes(2, "little")
    assert host.ask(Op.PUSH, 0, word).status == Status.OK
    assert not host.port.at_rest
    while not host.port.at_rest:
        pass
    before = host.port.counters
    status = MemoryMap(_TINY)["status"]
    words = host.ask(Op.READ, status.address(), bytes([status.depth])).payload
    assert status.unpack(words)["value"][1] == steps
    assert host.port.counters.clock_cyc - before.clock_cyc < 1000


def test_latency_passes_without_the_clock(open_host: Callable[..., Host]) -> None:
    latency_us = 16_000
    host = open_host(f"latency_us={latency_us}")
    host.start()
    before = host.port.counters
    assert host.ask(Op.ECHO, 0, b"x").payload == b"x"
    after = host.port.counters
    latency_cyc = latency_us * _TINY.clock_hz // 1_000_000
    took = after.time_cyc - before.time_cyc
    assert latency_cyc <= took < latency_cyc + 1000
    assert after.clock_cyc - before.clock_cyc < 1000


def test_boards_are_separate(open_host: Callable[..., Host]) -> None:
    weights = MemoryMap(_TINY)["weights"]
    hosts = [open_host(), open_host("uart=bits"), open_host()]
    contents = [bytes([10 * k + 1] * weights.word_bytes) for k in range(len(hosts))]
    for k, (host, data) in enumerate(zip(hosts, contents, strict=True)):
        host.start(nonce=k + 1)
        assert host.ask(Op.WRITE, weights.address(3), data).status == Status.OK
    for host, data in zip(hosts, contents, strict=True):
        assert host.ask(Op.READ, weights.address(3), bytes([1])).payload == data


def test_one_thread_reads_and_another_writes(open_host: Callable[..., Host]) -> None:
    host = open_host(timeout=None)
    got = bytearray()
    expected = 0

    def read() -> None:
        while True:
            try:
                got.extend(host.port.read(1))
            except serial.PortNotOpenError:
                return

    reader = threading.Thread(target=read)
    reader.start()
    host.port.write(host.request(Op.SYNC, 5 | PROTOCOL_VERSION << 16))
    expected += 1
    for k in range(100):
        host.port.write(host.request(Op.ECHO, 0, bytes([k, 0, k])))
        expected += 1
        deadline = time.monotonic() + _JOIN_S
        while got.count(0) < expected:
            assert time.monotonic() < deadline, "no reply"
            time.sleep(0)
    host.port.close()
    reader.join(_JOIN_S)
    assert not reader.is_alive()
    frames = [decode_reply(frame, 5) for frame in bytes(got).split(b"\0")[:-1]]
    assert [frame.payload for frame in frames[1:]] == [bytes([k, 0, k]) for k in range(100)]


@pytest.mark.parametrize("end", ["close", "cancel_read"])
def test_a_blocked_read_ends(open_host: Callable[..., Host], end: str) -> None:
    host = open_host(timeout=None)
    host.start()
    results: list[object] = []
    began = threading.Event()

    def read() -> None:
        began.set()
        try:
            results.append(host.port.read(1))
        except serial.PortNotOpenError as error:
            results.append(type(error))

    reader = threading.Thread(target=read)
    reader.start()
    assert began.wait(_JOIN_S)
    while reader.is_alive() and not results:
        getattr(host.port, end)()
        reader.join(0.01)
    reader.join(_JOIN_S)
    assert results == [serial.PortNotOpenError if end == "close" else b""]


def test_what_pyserial_promises(open_host: Callable[..., Host]) -> None:
    host = open_host("uart=bits&latency_us=100", timeout=0)
    port = host.port
    assert port.read(10) == b""
    port.write(host.request(Op.SYNC, 9 | PROTOCOL_VERSION << 16))
    port.flush()
    assert port.out_waiting == 0
    while port.in_waiting < 3:
        pass
    assert len(port.read(3)) == 3
    while not port.at_rest:
        pass
    assert port.in_waiting > 0
    port.reset_input_buffer()
    assert (port.in_waiting, port.read(10)) == (0, b"")
    port.close()
    with pytest.raises(serial.PortNotOpenError):
        port.read(1)
    with pytest.raises(serial.PortNotOpenError):
        port.write(b"x")
    port.close()
    port.open()
    assert port.read(1) == b""
