"""The host's end of the link where lines fail, boards vanish or stand still, and its rates."""

import itertools
import random
import time

import numpy as np
import pytest
import serial
from echo_array import EchoArray
from echo_link import QUICK, joined, open_echo, random_words, spikes_of

from spikeloom.contract import ValueRangeError, named_config
from spikeloom.contract.frames import PROTOCOL_VERSION
from spikeloom.contract.registers import CONTROL_REGISTERS
from spikeloom.contract.words import STEP_TAG, control_words
from spikeloom.link import (
    DisconnectedError,
    Limits,
    LinkTarget,
    NoReplyError,
    NotASpikeloomBoardError,
    ProtocolVersionError,
    SessionLostError,
    StalledError,
)
from spikeloom_sim.device import Device, DevicePort, FaultyPort, device_port


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
