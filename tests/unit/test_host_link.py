"""The host's end of the link, against the device in Python."""

import random

import numpy as np
import pytest
from echo_array import EchoArray
from echo_link import QUICK, joined, open_echo, random_words, spikes_of

from spikeloom.contract import ConfigError, MemoryMap, ValueRangeError, named_config
from spikeloom.contract.frames import WINDOW_FRAMES, Op, ResetKind, Status, decode_request
from spikeloom.contract.registers import STATUS_REGISTERS
from spikeloom.contract.words import STEP_TAG, control_words, step_words
from spikeloom.link import DeviceRefusedError, LinkTarget
from spikeloom.link.reader import FrameReader
from spikeloom_sim.device import DevicePort, device_port


class RecordingPort:
    """Notes what the host writes, and passes everything on."""

    def __init__(self, port: DevicePort) -> None:
        self.port = port
        self.written: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.written.append(data)
        return self.port.write(data)

    def __getattr__(self, name: str):
        return getattr(self.port, name)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 300])
def test_reader_finds_frames_whatever_the_cuts(size):
    data = b"\0abc\0\0de\0" + b"x" * 255 + b"\0" + b"y" * 999 + b"\0f\0rest"
    reader = FrameReader()
    frames = [f for k in range(0, len(data), size) for f in reader.feed(data[k : k + size])]
    assert frames[:3] == [b"abc", b"de", b"x" * 255]
    assert len(frames[3]) > 255  # too long stays too long
    assert frames[4:] == [b"f"]


def test_capability_and_statistics():
    target = open_echo()
    assert target.capability.config == named_config("tiny")
    statistics = target.statistics
    assert statistics.frames_sent == 2
    assert statistics.retries == statistics.bad_frames == 0
    assert 0 < statistics.efficiency < 1
    assert "tiny" in repr(target)


@pytest.mark.parametrize("name", ["tiny", "up5k", "quad"])
def test_every_writable_memory_keeps_what_was_written(name):
    config = named_config(name)
    target = open_echo(EchoArray(config))
    rng = random.Random(name)
    written = {}
    for window in MemoryMap(config):
        if not window.writable or window.name == "control":
            continue
        for core in range(min(window.cores, 2)):
            data = rng.randbytes(window.depth * window.word_bytes)
            target.write(window.name, data, core)
            written[window.name, core] = data
    for (window, core), data in written.items():
        assert target.read(window, core) == data


def test_parts_of_a_window():
    target = open_echo()
    target.write("weights", bytes(range(64)), 1, 7)
    assert target.read("weights", 1, 8, 2) == bytes(range(4, 12))
    assert target.read("weights", 1, 8, 0) == b""
    assert target.read("weights", 0, 8, 2) == bytes(8)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda t: t.read("wigths"), "no window 'wigths'"),
        (lambda t: t.read("weights", core=2), "core of window 'weights' must be in 0..1, not 2"),
        (lambda t: t.read("weights", offset=60, count=5), "offset .* must be in 0..63, not 64"),
        (lambda t: t.write("weights", bytes(5)), "multiple of 4 bytes, not 5"),
        (lambda t: t.write("weights", bytes(8), offset=63), "must be in 0..63, not 64"),
        (lambda t: t.write("status", bytes(4)), "'status' must be writable"),
    ],
)
def test_wrong_addresses_are_refused_before_anything_is_sent(call, text):
    target = open_echo()
    sent = target.statistics.frames_sent
    with pytest.raises(ValueRangeError, match=text):
        call(target)
    assert target.statistics.frames_sent == sent


def test_a_refusal_names_window_and_status_and_the_link_goes_on():
    array = EchoArray()
    target = open_echo(array)
    run = target.run([np.array([3, STEP_TAG | 1], np.uint16), control_words(0, 0)[:1]])
    next(run)
    with pytest.raises(DeviceRefusedError, match=r"WRITE of window 'weights'.*not BUSY") as caught:
        target.write("weights", bytes(64))
    assert (caught.value.op, caught.value.status) == (Op.WRITE, Status.BUSY)
    run.close()
    target.write("weights", bytes(64))


@pytest.mark.parametrize("steps_per_frame", [1, 3, 1000])
@pytest.mark.parametrize("chunk", [1, 5, 100_000])
def test_run_gives_what_the_array_gives(steps_per_frame, chunk):
    rng = random.Random(chunk)
    words = random_words(rng, 300, 5, named_config("tiny"))
    expected = joined(EchoArray().run([words]))
    target = open_echo(steps_per_frame=steps_per_frame)
    chunks = (words[k : k + chunk] for k in range(0, len(words), chunk))
    assert spikes_of(joined(target.run(chunks))) == spikes_of(expected)
    status = np.frombuffer(target.read("status"), "<u4")
    assert status[STATUS_REGISTERS["refused"].offset] == 0
    assert status[STATUS_REGISTERS["line_errors"].offset] == 0


def test_many_runs_in_one_session_pass_the_end_of_the_rings():
    target = open_echo()
    rng = random.Random(5)
    for _ in range(20):
        words = random_words(rng, 30, 3, named_config("tiny"))
        assert spikes_of(joined(target.run([words]))) == spikes_of(joined(EchoArray().run([words])))


def test_an_empty_run_ends():
    assert joined(open_echo().run([])).size == 0


def test_silence_is_counted():
    assert spikes_of(joined(open_echo().run([step_words(100)]))) == ([], 100)


def test_endless_input_is_taken_as_there_is_room_and_the_array_stops_with_the_reader():
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield np.array([1, STEP_TAG | 1], np.uint16)

    array = EchoArray()
    target = open_echo(array)
    run = target.run(endless())
    for _ in range(3):
        next(run)
    run.close()
    assert taken < 2000
    target.write("weights", bytes(4))  # not busy any more
    assert spikes_of(joined(target.run([step_words(3)]))) == ([], 3)


def test_an_error_in_the_input_stops_the_array_and_comes_through():
    def failing():
        yield np.array([1, STEP_TAG | 1], np.uint16)
        raise KeyboardInterrupt

    target = open_echo()
    with pytest.raises(KeyboardInterrupt):
        list(target.run(failing()))
    assert spikes_of(joined(target.run([step_words(3)]))) == ([], 3)


def test_batch_resets_before_each_sample():
    array = EchoArray()
    target = open_echo(array)
    rng = random.Random(1)
    samples = [random_words(rng, 20, 2, array.config) for _ in range(3)]
    array.resets.clear()
    got = target.run_batch(samples)
    assert [spikes_of(g) for g in got] == [spikes_of(s) for s in EchoArray().run_batch(samples)]
    assert array.resets.count(ResetKind.STATE) == 3


def test_the_window_and_the_receive_buffer_are_respected():
    port = RecordingPort(device_port(EchoArray(), steps_per_frame=1))
    target = LinkTarget(port, "device:", limits=QUICK)
    port.written.clear()
    target.write("weights", bytes(256))
    target.read("weights")
    list(target.run([random_words(random.Random(0), 500, 8, named_config("tiny"))]))
    nonce = target._session.nonce
    for burst in port.written:
        requests = [decode_request(frame, nonce) for frame in burst.split(b"\0") if frame]
        assert len(requests) <= WINDOW_FRAMES
    assert target._session.statistics.retries == 0


def test_unknown_configuration_names_are_refused():
    with pytest.raises(ConfigError):
        named_config("huge")
