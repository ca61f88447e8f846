"""The board in Python keeps the rules of ``docs/link.md``, one by one."""

import struct

import numpy as np
import pytest
from echo_array import EchoArray

from spikeloom.contract import MemoryMap, named_config
from spikeloom.contract.frames import (
    PROTOCOL_VERSION,
    PULL_HEADER,
    Op,
    PullFlags,
    Reply,
    Request,
    ResetKind,
    Status,
    cobs_encode,
    decode_reply,
    encode_request,
)
from spikeloom.contract.registers import CONTROL_REGISTERS, STATUS_REGISTERS, OutputPolicy
from spikeloom.contract.words import CONTROL_TAG, STEP_TAG
from spikeloom_sim.device import Device, DevicePort

NONCE = 0x1234
MAP = MemoryMap(named_config("tiny"))


class Peer:
    """A host that says exactly what a test wants."""

    def __init__(self) -> None:
        self.array = EchoArray()
        self.device = Device(self.array)
        self.nonce = 0
        self.seq = 0

    def sync(self, seq: int = 0, nonce: int = NONCE, version: int = PROTOCOL_VERSION) -> Reply:
        frame = encode_request(Request(seq, Op.SYNC, nonce | version << 16), 0)
        raw = self.device.frame(frame[:-1])
        self.nonce, self.seq = nonce, (seq + 1) & 0xFF
        return decode_reply(raw[:-1], nonce)

    def send(self, op: int, addr: int = 0, payload: bytes = b"", seq: int | None = None) -> Reply:
        at = self.seq if seq is None else seq
        raw = self.device.frame(encode_request(Request(at, op, addr, payload), self.nonce)[:-1])
        reply = decode_reply(raw[:-1], self.nonce)
        if seq is None:
            self.seq = (self.seq + 1) & 0xFF
        return reply

    def status(self, name: str) -> int:
        reply = self.send(Op.READ, MAP["status"].address(STATUS_REGISTERS[name].offset), b"\x01")
        return int.from_bytes(reply.payload, "little")


@pytest.fixture
def peer() -> Peer:
    peer = Peer()
    assert peer.sync().status == Status.OK
    return peer


def test_power_up_resets_all_and_has_no_session():
    peer = Peer()
    assert peer.array.resets[-1] == ResetKind.ALL
    assert peer.send(Op.ECHO).status == Status.NO_SESSION


def test_sync():
    peer = Peer()
    assert peer.sync(seq=200) == Reply(200, Status.OK, bytes([PROTOCOL_VERSION, 0]))
    assert peer.sync(seq=9).payload[1] == 1  # the session before ended by SYNC
    assert peer.sync(version=PROTOCOL_VERSION + 1).status == Status.BAD_VERSION
    assert peer.sync(nonce=0).status == Status.BAD_VALUE


def test_damaged_frames_are_named_and_counted(peer):
    good = encode_request(Request(peer.seq, Op.ECHO, 0, b"abc"), peer.nonce)[:-1]
    for bad in (good[:-1], good[:4] + b"\x77" + good[5:], cobs_encode(bytes(9)), b"\xff"):
        reply = decode_reply(peer.device.frame(bad)[:-1], peer.nonce)
        assert reply == Reply(peer.seq, Status.BAD_FRAME)
    other = encode_request(Request(peer.seq, Op.ECHO, 0), peer.nonce ^ 1)[:-1]
    assert decode_reply(peer.device.frame(other)[:-1], peer.nonce).status == Status.BAD_FRAME
    assert peer.status("bad_frames") == 5


@pytest.mark.parametrize("ahead", [1, 2, 31, 223])
def test_a_missing_request_is_named(peer, ahead):
    seq = (peer.seq + ahead) & 0xFF
    reply = peer.send(Op.RESET, ResetKind.ALL, seq=seq)
    assert reply == Reply(seq, Status.OUT_OF_ORDER, bytes([peer.seq]))
    assert peer.status("out_of_order") == 1


def test_repetitions_are_executed_once(peer):
    address = MAP["v"].address(2)
    first = peer.send(Op.WRITE, address, b"\x05\0\0")
    bad = peer.send(Op.WRITE, address, b"\x05")
    assert (first.status, bad.status) == (Status.OK, Status.BAD_LENGTH)
    peer.array.write("v", b"\x09\0\0", 0, 2)
    assert peer.send(Op.WRITE, address, b"\x05\0\0", seq=first.seq) == first
    assert peer.send(Op.WRITE, address, b"\x05", seq=bad.seq) == bad
    assert peer.array.read("v", 0, 2, 1) == b"\x09\0\0"
    read = peer.send(Op.READ, address, b"\x01")
    assert peer.send(Op.READ, address, b"\x01", seq=read.seq) == read
    assert (peer.status("repeated"), peer.status("refused")) == (3, 1)


@pytest.mark.parametrize(
    ("op", "addr", "payload", "status"),
    [
        (0, 0, b"", Status.UNKNOWN_OP),
        (9, 0, b"x", Status.UNKNOWN_OP),
        (Op.READ, MAP["v"].address(), b"", Status.BAD_LENGTH),
        (Op.READ, MAP["v"].address(), b"\x00", Status.BAD_LENGTH),
        (Op.READ, MAP["v"].address(), b"\x01\x01", Status.BAD_LENGTH),
        (Op.READ, MAP["weights"].address(), bytes([63]), Status.BAD_LENGTH),
        (Op.READ, MAP["v"].address(7), b"\x02", Status.BAD_ADDRESS),
        (Op.READ, 0xFFFF_FFFF, b"\x01", Status.BAD_ADDRESS),
        (Op.READ, MAP["v"].address() + (2 << 20), b"\x01", Status.BAD_ADDRESS),
        (Op.WRITE, MAP["v"].address(), b"", Status.BAD_LENGTH),
        (Op.WRITE, MAP["v"].address(), b"\x00", Status.BAD_LENGTH),
        (Op.WRITE, MAP["v"].address(7), bytes(6), Status.BAD_ADDRESS),
        (Op.WRITE, MAP["status"].address(), bytes(4), Status.READ_ONLY),
        (Op.PUSH, 0, b"", Status.BAD_LENGTH),
        (Op.PUSH, 0, b"\x00", Status.BAD_LENGTH),
        (Op.PULL, 0, b"\x00", Status.BAD_LENGTH),
        (Op.PULL, 1, bytes(4), Status.BAD_ADDRESS),
        (Op.PULL, 0, b"\x01\0\0\0", Status.BAD_ADDRESS),
        (Op.BAUD, 0, b"", Status.BAD_VALUE),
        (Op.BAUD, (1 << 22) + 1, b"", Status.BAD_VALUE),
        (Op.BAUD, 1, b"x", Status.BAD_LENGTH),
        (Op.RESET, 4, b"", Status.BAD_VALUE),
        (Op.RESET, 0, b"x", Status.BAD_LENGTH),
        (Op.ECHO, 0, bytes(range(244)), Status.OK),
        (Op.BAUD, 1 << 22, b"", Status.OK),
    ],
)
def test_status_of(peer, op, addr, payload, status):
    reply = peer.send(op, addr, payload)
    assert reply.status == status
    assert reply.payload == (payload if op == Op.ECHO else b"")
    assert peer.send(Op.ECHO, 0, b"still there").payload == b"still there"


def pull(peer: Peer, addr: int, release: int) -> tuple[int, PullFlags, list[int]]:
    reply = peer.send(Op.PULL, addr, struct.pack("<I", release))
    assert reply.status == Status.OK
    free, flags = PULL_HEADER.unpack_from(reply.payload)
    return free, PullFlags(flags), np.frombuffer(reply.payload[4:], "<u2").tolist()


def push(peer: Peer, *words: int) -> Status:
    return Status(peer.send(Op.PUSH, 0, struct.pack(f"<{len(words)}H", *words)).status)


def test_credit(peer):
    words = [STEP_TAG | 1] * 100
    assert push(peer, *words) == push(peer, *words) == Status.OK
    assert push(peer, *words) == Status.NO_CREDIT
    assert pull(peer, 0, 0)[:2] == (56, PullFlags.BUSY)
    assert peer.send(Op.READ, MAP["v"].address(), b"\x01").status == Status.BUSY
    assert peer.send(Op.WRITE, MAP["control"].address(), bytes(4)).status == Status.BUSY
    assert peer.status("busy") == 1
    assert peer.send(Op.RESET, ResetKind.STOP).status == Status.OK
    assert pull(peer, 0, 0) == (256, PullFlags(0), [])


def test_output_is_kept_until_it_is_released(peer):
    push(peer, 3, 4, STEP_TAG | 1, 5, STEP_TAG | 1)
    peer.device.rings.advance(10)
    words = [3, 4, STEP_TAG | 1, 5, STEP_TAG | 1]
    assert pull(peer, 0, 0) == (256, PullFlags(0), words)
    assert pull(peer, 2, 2)[2] == words[2:]
    assert pull(peer, 4, 0)[2] == words[4:]  # a release before R releases nothing
    assert peer.send(Op.PULL, 1, struct.pack("<I", 1)).status == Status.BAD_ADDRESS
    assert pull(peer, 5, 5)[2] == []


def test_a_full_ring_makes_the_array_wait(peer):
    for _ in range(60):
        push(peer, 1, 2, 3, 4, STEP_TAG | 1)
        peer.device.rings.advance(1)
    _, flags, words = pull(peer, 0, 0)
    assert flags == PullFlags.BUSY | PullFlags.WAITING
    assert len(words) == 122
    _, flags, _ = pull(peer, 122, 122)
    peer.device.rings.advance(100)
    assert pull(peer, 244, 244)[1] == PullFlags(0)


def test_a_full_ring_may_drop(peer):
    policy = MAP["control"].address(CONTROL_REGISTERS["output_policy"].offset)
    peer.send(Op.WRITE, policy, OutputPolicy.DROP.to_bytes(4, "little"))
    for _ in range(60):
        push(peer, 1, 2, 3, 4, STEP_TAG | 1)
        peer.device.rings.advance(1)
    assert peer.status("dropped") > 0
    total, at = [], 0
    while True:
        peer.device.rings.advance(100)
        words = pull(peer, at, at)[2]
        if not words:
            break
        total += words
        at += len(words)
    assert sum(word & 0x3FFF for word in total if word & STEP_TAG) == 60
    assert peer.status("dropped") + sum(word < STEP_TAG for word in total) == 240


def test_half_a_control_word_keeps_the_array_busy(peer):
    push(peer, CONTROL_TAG, 7)
    peer.device.rings.advance(10)
    assert pull(peer, 0, 0)[1] == PullFlags.BUSY
    push(peer, 0, STEP_TAG | 2)
    peer.device.rings.advance(10)
    assert pull(peer, 0, 0)[1:] == (PullFlags(0), [STEP_TAG | 2])
    t = peer.send(Op.READ, MAP["control"].address(), b"\x01").payload
    assert int.from_bytes(t, "little") == 9


def test_bytes_beyond_the_receive_buffer_are_lost_while_it_replies():
    peer = Peer()
    port = DevicePort(peer.device)
    port.timeout = 0
    port.write(encode_request(Request(0, Op.SYNC, NONCE | PROTOCOL_VERSION << 16), 0))
    port.read(100)
    for seq in range(1, 11):
        port.write(encode_request(Request(seq, Op.ECHO, 0, bytes(244)), NONCE))
    port.read(10_000)
    assert peer.device.counters["line_errors"] == 0  # an echo is no longer than its request
    for seq in range(11, 22):
        request = Request(seq, Op.READ, MAP["capability"].address(), b"\x80")
        port.write(encode_request(request, NONCE))
    for _ in range(4):
        port.write(encode_request(Request(22, Op.ECHO, 0, bytes(244)), NONCE))
    port.read(10_000)
    assert peer.device.counters["line_errors"] > 0
