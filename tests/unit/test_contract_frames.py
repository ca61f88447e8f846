"""Frames against vectors worked out by hand, and under damage."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.contract.frames import (
    MAX_FRAME,
    MAX_REPLY_PAYLOAD,
    MAX_REQUEST_PAYLOAD,
    FrameError,
    Op,
    Reply,
    Request,
    Status,
    baud_increment,
    cobs_decode,
    cobs_encode,
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
)

# From the COBS paper's table, as far as frames of this size have them.
COBS_VECTORS = [
    ("", "01"),
    ("00", "0101"),
    ("0000", "010101"),
    ("112233", "04112233"),
    ("11220033", "0311220233"),
    ("11000000", "0211010101"),
    (bytes(range(1, 255)).hex(), "ff" + bytes(range(1, 255)).hex()),
]
NONCES = st.integers(1, 65_535)
REQUESTS = st.builds(
    Request,
    seq=st.integers(0, 255),
    op=st.integers(0, 255),
    addr=st.integers(0, 2**32 - 1),
    payload=st.binary(max_size=MAX_REQUEST_PAYLOAD),
)
REPLIES = st.builds(
    Reply,
    seq=st.integers(0, 255),
    status=st.integers(0, 255),
    payload=st.binary(max_size=MAX_REPLY_PAYLOAD),
)


@pytest.mark.parametrize(("data", "encoded"), COBS_VECTORS)
def test_cobs_vectors(data, encoded):
    assert cobs_encode(bytes.fromhex(data)).hex() == encoded
    assert cobs_decode(bytes.fromhex(encoded)).hex() == data


@given(st.binary(max_size=MAX_FRAME))
def test_cobs_round_trip(data):
    encoded = cobs_encode(data)
    assert 0 not in encoded
    assert len(encoded) == len(data) + 1
    assert cobs_decode(encoded) == data


def test_cobs_refuses():
    with pytest.raises(FrameError, match=r"a frame must be at most 254 bytes, not 255; split it"):
        cobs_encode(bytes(255))
    for bad in ("00", "0311", "0211ff", "020000"):
        with pytest.raises(FrameError, match="COBS code bytes do not add up"):
            cobs_decode(bytes.fromhex(bad))


def test_request_by_hand():
    # seq 7, READ, address 0x40100203, count 2, nonce 0xBEEF, in both halves of the CRC.
    body = bytes([7, 2, 0x03, 0x02, 0x10, 0x40, 2])
    crc = zlib.crc32(body) ^ 0xBEEFBEEF
    line = encode_request(Request(7, Op.READ, 0x40100203, b"\x02"), 0xBEEF)
    assert line == cobs_encode(body + struct.pack("<I", crc)) + b"\0"


def test_reply_by_hand():
    body = bytes([7, Status.OUT_OF_ORDER, 5])
    line = encode_reply(Reply(7, Status.OUT_OF_ORDER, b"\x05"), 1)
    assert line == cobs_encode(body + struct.pack("<I", zlib.crc32(body) ^ 0x00010001)) + b"\0"


def test_crc_is_the_published_one():
    assert zlib.crc32(b"123456789") == 0xCBF43926  # CRC-32/ISO-HDLC's check value


@given(REQUESTS, NONCES)
def test_request_round_trip(request, nonce):
    line = encode_request(request, nonce)
    assert line.index(0) == len(line) - 1
    assert decode_request(line[:-1], nonce) == request


@given(REPLIES, NONCES)
def test_reply_round_trip(reply, nonce):
    assert decode_reply(encode_reply(reply, nonce)[:-1], nonce) == reply


@given(REQUESTS, NONCES, NONCES)
def test_no_frame_passes_in_another_session(request, nonce, other):
    line = encode_request(request, nonce)[:-1]
    if nonce != other:
        with pytest.raises(FrameError, match="CRC wrong"):
            decode_request(line, other)
    with pytest.raises(FrameError, match="CRC wrong"):
        decode_request(line, 0)


@given(REQUESTS, NONCES, st.data())
def test_a_flipped_bit_is_seen(request, nonce, data):
    line = bytearray(encode_request(request, nonce)[:-1])
    at = data.draw(st.integers(0, len(line) - 1))
    line[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(FrameError):
        decode_request(bytes(line), nonce)


@given(REQUESTS, NONCES, st.data())
def test_a_lost_or_invented_byte_is_seen(request, nonce, data):
    line = encode_request(request, nonce)[:-1]
    at = data.draw(st.integers(0, len(line) - 1))
    extra = data.draw(st.binary(max_size=1))
    damaged = line[:at] + extra * 2 + line[at + 1 :]
    if damaged != line:
        with pytest.raises(FrameError):
            decode_request(damaged, nonce)


def test_lengths_are_limited():
    encode_request(Request(0, 0, 0, bytes(MAX_REQUEST_PAYLOAD)), 1)
    with pytest.raises(FrameError, match="at most 254 bytes, not 255"):
        encode_request(Request(0, 0, 0, bytes(MAX_REQUEST_PAYLOAD + 1)), 1)
    with pytest.raises(FrameError, match="at most 254 bytes, not 255"):
        encode_reply(Reply(0, 0, bytes(MAX_REPLY_PAYLOAD + 1)), 1)
    with pytest.raises(FrameError, match=r"a frame must have 10\.\.254 bytes, not 9"):
        decode_request(cobs_encode(bytes(9)), 1)
    with pytest.raises(FrameError, match=r"a frame must have 6\.\.254 bytes, not 5"):
        decode_reply(cobs_encode(bytes(5)), 1)


def test_baud_increment():
    assert baud_increment(115_200, 12_000_000) == round(115_200 / 12e6 * 2**24)
    assert baud_increment(3_000_000, 12_000_000) == 1 << 22
