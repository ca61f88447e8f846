"""What the system tests share: targets, a network, a stimulus."""

import os
import select
import shutil
import threading
import tty

import numpy as np
import pytest

import spikeloom
from spikeloom import LIF, Board, Network
from spikeloom.link import Limits, LinkTarget
from spikeloom_sim.device import device_port

DEVICE_URL = "device:tiny"
"""Not a URL that `spikeloom.open` knows: the link's own tests open it."""
NO_COMPILER = "needs g++ and make"

TARGETS = [
    pytest.param("model:tiny", id="model"),
    pytest.param(DEVICE_URL, id="device"),
    pytest.param(
        "sim:tiny",
        id="sim",
        marks=[
            pytest.mark.verilated,
            pytest.mark.skipif(shutil.which("g++") is None, reason=NO_COMPILER),
        ],
    ),
]
LINKS = TARGETS[1:]
"""Targets behind the serial link."""

QUICK = Limits(answer_latency_s=0.02, poll_s=0.01)


def open_url(url: str) -> Board:
    """Open any of `TARGETS`."""
    if url == DEVICE_URL:
        return Board(LinkTarget(device_port("model:tiny"), url, limits=QUICK))
    return spikeloom.open(url)


def open_port(url: str):
    """Return a port to a fresh board of one of `LINKS`."""
    if url == DEVICE_URL:
        return device_port("model:tiny")
    from spikeloom_sim.verilated.port import SimPort
    from spikeloom_sim.verilated.url import SimOptions

    port = SimPort(options=SimOptions.from_url(url), wait_at_rest=False)
    port.open()
    return port


class PtyBoard:
    """A board in Python behind a pseudo-terminal, so that pyserial's own code is under test.

    Attributes
    ----------
    path : str
        Device name of the terminal.
    """

    def __init__(self) -> None:
        self._master, slave = os.openpty()
        self.path = os.ttyname(slave)
        tty.setraw(slave)
        self._slave = slave
        self._stop, self._stopper = os.pipe()
        self._port = device_port("model:tiny")
        self._port.timeout = 0.0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            ready, _, _ = select.select([self._master, self._stop], [], [])
            if self._stop in ready:
                return
            self._port.write(os.read(self._master, 4096))
            os.write(self._master, self._port.read(1 << 20))

    def unplug(self) -> None:
        """Make the terminal go away."""
        os.write(self._stopper, b"x")
        self._thread.join()
        for descriptor in (self._slave, self._master, self._stop, self._stopper):
            os.close(descriptor)


def layered(seed: int = 0) -> Network:
    """Two inputs, a hidden population with recurrent synapses and delays, an output."""
    rng = np.random.default_rng(seed)
    net = Network(f"layered {seed}")
    left, right = net.input("left", 6), net.input("right", 4)
    hidden = net.population("hidden", 9, LIF(threshold=1.0, v_decay=0.2, refractory=2))
    output = net.population("output", 4, LIF(threshold=0.8, v_decay=0.5, i_decay=0.5))
    net.connect(left, hidden, weights=rng.uniform(-0.5, 1.2, (6, 9)))
    net.connect(right, hidden, weights=rng.uniform(-0.5, 1.2, (4, 9)), delay=3)
    net.connect(hidden, hidden, weights=rng.uniform(-0.7, 0.5, (9, 9)), delay=2)
    net.connect(hidden, output, weights=rng.uniform(-0.3, 1.0, (9, 4)), delay=2)
    return net


def noise(steps: int, seed: int = 0, rate: float = 0.3) -> dict[str, np.ndarray]:
    """A stimulus for `layered`."""
    rng = np.random.default_rng(seed)
    return {"left": rng.random((steps, 6)) < rate, "right": rng.random((steps, 4)) < rate}
