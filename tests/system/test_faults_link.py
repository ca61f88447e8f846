"""A line that fails: faults change nothing, every cut is survived, every ending is one error."""

import itertools
import os
import shutil
import time
import tty

import numpy as np
import pytest
from system_support import LINKS, NO_COMPILER, QUICK, PtyBoard, layered, noise, open_port

import spikeloom
from spikeloom import Board
from spikeloom.contract.words import STEP_TAG
from spikeloom.link import (
    DisconnectedError,
    LinkError,
    LinkTarget,
    NoReplyError,
    PortAbsentError,
    PortBusyError,
)
from spikeloom_sim.device import FaultyPort, device_port

RATE = 1 / 1000
"""Faults per byte, in both directions."""


@pytest.fixture(params=LINKS)
def link_url(request) -> str:
    return request.param


def golden_run(steps: int):
    with spikeloom.open("model:tiny") as model:
        model.program(layered())
        return model.run(noise(steps), record=("spikes", "v"))


@pytest.mark.parametrize("seed", [1, 2])
def test_faults_change_no_spike(link_url, seed):
    golden = golden_run(300)
    port = FaultyPort(open_port(link_url), rate=RATE, seed=seed)
    with Board(LinkTarget(port, link_url, limits=QUICK)) as board:
        board.program(layered())
        run = board.run(noise(300), record=("spikes", "v"))
        for name in golden.populations:
            assert np.array_equal(run.dense(name), golden.dense(name))
            assert np.array_equal(
                run.values("v", name, raw=True), golden.values("v", name, raw=True)
            )
        total = board.link
    print(f"\n{link_url}: {port.counts}\n{total}")
    assert port.counts.faults > 10
    assert total.retries > 5


def test_a_batch_survives_faults(link_url):
    stimulus = {name: np.stack([array] * 5) for name, array in noise(20).items()}
    with spikeloom.open("model:tiny") as model:
        model.program(layered())
        golden = model.run(stimulus)
    port = FaultyPort(open_port(link_url), rate=RATE, seed=3)
    with Board(LinkTarget(port, link_url, limits=QUICK)) as board:
        board.program(layered())
        assert np.array_equal(board.run(stimulus).dense("output"), golden.dense("output"))


def short_session(target: LinkTarget) -> bytes:
    """Open was done; write, read, run three steps."""
    target.write("threshold", bytes([7, 0, 0] * 3), 1)
    data = target.read("threshold", 1)
    words = np.array([20, STEP_TAG | 1, 21, STEP_TAG | 2], np.uint16)
    return data + b"".join(chunk.tobytes() for chunk in target.run([words]))


def test_an_abort_at_every_byte_is_followed_by_a_good_session():
    """Every byte that the host sends in a short session is once the last one."""
    port = device_port("model:tiny")
    good = short_session(LinkTarget(port, "device:", limits=QUICK))
    length = LinkTarget(port, "device:", limits=QUICK).statistics.bytes_sent + 200
    tried = 0
    for cut in itertools.count():
        cutting = FaultyPort(port.reopen(), cut_after=cut)
        try:
            short_session(LinkTarget(cutting, "device:", limits=QUICK))
        except DisconnectedError:
            tried += 1
        else:
            break
        port = port.reopen()
        assert short_session(LinkTarget(port, "device:", limits=QUICK)) == good
    assert 100 < tried < length


@pytest.mark.verilated
@pytest.mark.skipif(shutil.which("g++") is None, reason=NO_COMPILER)
def test_an_abort_at_every_byte_of_the_gateware():
    port = UnclosedPort(open_port("sim:tiny"))
    good = short_session(LinkTarget(port, "sim:", limits=QUICK))
    tried = 0
    for cut in itertools.count():
        try:
            short_session(LinkTarget(FaultyPort(port, cut_after=cut), "sim:", limits=QUICK))
        except DisconnectedError:
            tried += 1
        else:
            break
        assert short_session(LinkTarget(port, "sim:", limits=QUICK)) == good
    assert tried > 100


class UnclosedPort:
    """A port that survives its user, as a board does."""

    def __init__(self, port) -> None:
        self._port = port

    def close(self) -> None:
        pass

    def __getattr__(self, name: str):
        return getattr(self._port, name)


def test_unplugging_during_a_run(link_url):
    port = FaultyPort(open_port(link_url))
    board = Board(LinkTarget(port, link_url, limits=QUICK))
    board.program(layered())

    def endless():
        for k in itertools.count():
            if k == 500:
                port.unplug()
            yield {"left": [k % 6]}

    began = time.monotonic()
    with pytest.raises(DisconnectedError, match=f"port '{link_url}' .*plug the board in"):
        board.run(endless())
    board.close()
    assert time.monotonic() - began < 10.0
    again = Board(LinkTarget(open_port(link_url), link_url, limits=QUICK))
    again.program(layered())
    assert again.run(steps=5).steps == 5


def test_an_interrupt_stops_the_array(link_url):
    with Board(LinkTarget(open_port(link_url), link_url, limits=QUICK)) as board:
        board.program(layered())

        def interrupted():
            yield from ({"left": [k % 6]} for k in range(400))
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            board.run(interrupted())
        assert board.status()["busy"] == 0
        board.reset_state()
        run = board.run(noise(100))
        assert np.array_equal(run.dense("hidden"), golden_run(100).dense("hidden"))


def test_closing_twice_and_using_after_that(link_url):
    board = Board(LinkTarget(open_port(link_url), link_url, limits=QUICK))
    board.close()
    board.close()
    with pytest.raises(LinkError, match="closed by this program"):
        board.status()


def test_a_real_serial_port_and_its_end():
    """Through pyserial and the kernel: the rate changes, a run is right, the end is one error."""
    pty = PtyBoard()
    board = spikeloom.open(pty.path)
    assert board.target.baud == max(board.config.baud_rates)
    board.program(layered())
    assert np.array_equal(board.run(noise(300)).dense("hidden"), golden_run(300).dense("hidden"))
    with pytest.raises(PortBusyError, match="must be free"):
        spikeloom.open(pty.path)
    board.close()
    board = spikeloom.open(pty.path, baudrate=115_200)
    assert board.target.baud == 115_200
    pty.unplug()
    began = time.monotonic()
    with pytest.raises(DisconnectedError, match=f"port '{pty.path}' .* was lost"):
        board.status()
    board.close()
    assert time.monotonic() - began < 2.0
    with pytest.raises(PortAbsentError, match="must exist"):
        spikeloom.open(pty.path)


def test_a_port_where_nobody_answers():
    master, slave = os.openpty()
    tty.setraw(slave)
    with pytest.raises(NoReplyError, match="nothing came"):
        spikeloom.open(os.ttyname(slave))
    os.close(slave)
    os.close(master)
