"""The host's end of the link, against the device in Python."""

import itertools
import random
import time

import numpy as np
import pytest
import serial
from echo_array import EchoArray

from spikeloom.contract import ConfigError, MemoryMap, ValueRangeError, named_config
from spikeloom.contract.frames import (
    PROTOCOL_VERSION,
    WINDOW_FRAMES,
    Op,
    ResetKind,
    Status,
    decode_request,
)
from spikeloom.contract.registers import CONTROL_REGISTERS, STATUS_REGISTERS
from spikeloom.contract.words import STEP_TAG, control_words, step_words
from spikeloom.link import (
    DeviceRefusedError,
    DisconnectedError,
    Limits,
    LinkTarget,
    NoReplyError,
    NotASpikeloomBoardError,
    ProtocolVersionError,
    SessionLostError,
    StalledError,
)
from spikeloom.link.reader import FrameReader
from spikeloom_sim.device import Device, DevicePort, FaultyPort, device_port

QUICK = Limits(answer_latency_s=0.02, poll_s=0.01)


def open_echo(array: EchoArray | None = None, **options) -> LinkTarget:
    return LinkTarget(device_port(array or EchoArray(), **options), "device:", limits=QUICK)


def random_words(rng: random.Random, steps: int, events: int, config) -> np.ndarray:
    words = []
    for _ in range(steps):
        words += rng.sample(range(config.axons), events)
        words.append(STEP_TAG | 1)
    return np.array(words, np.uint16)


def joined(chunks) -> np.ndarray:
    return np.concatenate([np.empty(0, np.uint16), *chunks])


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


def spikes_of(words: np.ndarray) -> tuple[list[tuple[int, int]], int]:
    t, spikes = 0, []
    for word in words.tolist():
        if word & 0x8000:
            t += word & 0x3FFF
        else:
            spikes.append((t, word))
    return spikes, t


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


@pytest.mark.parametrize("seed", range(5))
def test_faults_change_nothing(seed):
    rng = random.Random(seed)
    words = random_words(rng, 200, 5, named_config("tiny"))
    data = rng.randbytes(256)
    port = FaultyPort(device_port(EchoArray(), steps_per_frame=9), rate=1 / 300, seed=seed)
    target = LinkTarget(port, "device:", limits=QUICK)
    target.write("weights", data)
    assert target.read("weights") == data
    assert spikes_of(joined(target.run([words]))) == spikes_of(joined(EchoArray().run([words])))
    assert port.counts.faults > 10
    assert target.statistics.retries > 0


def test_a_board_that_was_reset_is_noticed():
    array = EchoArray()
    port = device_port(array)
    target = LinkTarget(port, "device:", limits=QUICK)
    port.device = Device(array)
    with pytest.raises(SessionLostError, match="must keep its session"):
        target.read("weights")


def test_unplugging_is_one_error_and_quick():
    port = FaultyPort(device_port(EchoArray()))
    target = LinkTarget(port, "device:", limits=QUICK)
    run = target.run(itertools.repeat(np.array([1, STEP_TAG | 1], np.uint16)))
    next(run)
    port.unplug()
    began = time.monotonic()
    with pytest.raises(DisconnectedError, match=r"port 'device:' .* lost"):
        list(run)
    with pytest.raises(DisconnectedError):
        target.read("weights")
    target.close()
    assert time.monotonic() - began < 2.0


def test_use_after_close():
    target = open_echo()
    target.close()
    target.close()
    with pytest.raises(DisconnectedError, match="closed by this program"):
        target.read("weights")


def test_old_version():
    port = DevicePort(Device(EchoArray(), version=PROTOCOL_VERSION + 1))
    with pytest.raises(ProtocolVersionError, match="must be 1, not 2; flash it") as caught:
        LinkTarget(port, "device:", limits=QUICK)
    assert caught.value.version == 2
    assert not port.is_open


def test_silence_and_echo_are_told_apart():
    port = device_port(EchoArray())
    port.device.frame = lambda data: b""
    with pytest.raises(NoReplyError, match=r"must answer SYNC at .* but nothing came"):
        LinkTarget(port, "dead:", limits=QUICK)
    loop = serial.serial_for_url("loop://", timeout=0.01)
    with pytest.raises(NotASpikeloomBoardError, match="that are no reply"):
        LinkTarget(loop, "loop://", limits=QUICK)


def test_a_silent_board_ends_in_an_error_not_in_a_hang():
    port = device_port(EchoArray())
    target = LinkTarget(port, "device:", limits=Limits(answer_latency_s=0.005, poll_s=0.005))
    port.device.frame = lambda data: b""
    with pytest.raises(NoReplyError, match=r"READ on 'device:' must be answered"):
        target.read("weights")


def test_a_run_that_stands_still_is_ended():
    limits = Limits(answer_latency_s=0.02, poll_s=0.005, stall_check_s=0.05, stall_s=0.1)
    target = LinkTarget(device_port(EchoArray()), "device:", limits=limits)
    with pytest.raises(StalledError, match="CONTROL word lacks its value"):
        list(target.run([control_words(CONTROL_REGISTERS["t"].offset, 1)[:2]]))
    assert joined(target.run([])).size == 0


class TestRates:
    def test_the_highest_rate_that_works_is_used_and_given_back(self):
        port = device_port(EchoArray(), has_line_rate=True)
        target = LinkTarget(port, "device:", limits=QUICK)
        assert target.baud == port.baudrate == 3_000_000
        assert port.device.baud == pytest.approx(3_000_000)
        target.write("weights", bytes(64))
        target.close()
        assert port.device.baud == pytest.approx(115_200, rel=0.01)

    def test_an_upper_limit(self):
        port = device_port(EchoArray(), has_line_rate=True)
        assert LinkTarget(port, "device:", limits=QUICK, baudrate=1_500_000).baud == 1_000_000

    def test_a_limit_below_all_rates(self):
        port = device_port(EchoArray(), has_line_rate=True)
        with pytest.raises(ValueRangeError, match="baudrate must be at least 115200"):
            LinkTarget(port, "device:", limits=QUICK, baudrate=9600)

    def test_a_rate_that_the_cable_does_not_carry(self):
        class PoorCable(DevicePort):
            def _rates_agree(self) -> bool:
                return super()._rates_agree() and self.baudrate <= 2_000_000

        port = PoorCable(Device(EchoArray()), has_line_rate=True)
        limits = Limits(answer_latency_s=0.005, poll_s=0.005, retries=4)
        assert LinkTarget(port, "device:", limits=limits).baud == 2_000_000
        assert port.device.session_end.name == "BAUD_FALLBACK"

    def test_a_board_left_at_another_rate_is_found(self):
        port = device_port(EchoArray(), has_line_rate=True)
        LinkTarget(port, "device:", limits=QUICK)  # never closed
        again = port.reopen()
        again.baudrate = 115_200
        assert LinkTarget(again, "device:", limits=QUICK).baud == 3_000_000


def test_unknown_configuration_names_are_refused():
    with pytest.raises(ConfigError):
        named_config("huge")
