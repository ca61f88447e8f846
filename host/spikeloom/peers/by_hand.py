"""The machine's limit: a loop in C++, written by hand for these networks; ``scripts/by_hand.cpp``.

It is compiled for one number of neurons, with the processor's own instructions.
"""

import ctypes
import shutil
import subprocess
import time
from importlib.resources import files
from pathlib import Path

import numpy as np

from spikeloom.build_cache import cached_folder, content_key

from .errors import MissingPeerError, PeerError
from .networks import RULES, PeerNetwork
from .outcome import Outcome

__all__ = ["ByHand"]

_FLAGS = ("-std=c++17", "-O3", "-march=native", "-shared", "-fPIC")
_SOURCE, _LIBRARY = "by_hand.cpp", "by_hand.so"
_TIMEOUT_S = 300
_COMPILER_REMEDY = "sudo apt install g++"


class ByHand:
    """The hand-written loop; a `Simulator`.

    Parameters
    ----------
    network : PeerNetwork
        What to run; a multiple of 8 neurons.

    Raises
    ------
    MissingPeerError
        If there is no g++.
    PeerError
        If it does not compile.
    """

    def __init__(self, network: PeerNetwork) -> None:
        self._network = network
        self.version = f"g++ {' '.join(_FLAGS[1:3])}"
        self._function = ctypes.CDLL(str(_library(network.neurons))).by_hand
        self._function.restype = ctypes.c_int64

    def run(self, steps: int) -> Outcome:
        """Run `steps` steps from the beginning of the network."""
        net, rule = self._network, self._network.rule
        settings = np.array(
            [net.threshold, net.v_decay, net.refractory, rule.plus, rule.keep, rule.shift], np.int32
        )
        weights, v = net.weights.copy(), net.v.copy()
        counts = np.zeros(steps, np.int32)
        spikes = np.zeros(steps * net.neurons, np.uint16)
        began = time.process_time()
        total = self._function(
            _pointer(settings), list(RULES).index(rule.name), _pointer(weights), _pointer(v),
            _pointer(net.bias), ctypes.c_int64(steps), _pointer(counts), _pointer(spikes),
        )  # fmt: skip
        seconds = time.process_time() - began
        return Outcome(seconds, counts, spikes[:total].copy())

    def close(self) -> None:
        """Do nothing: the library stays loaded."""


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _library(neurons: int) -> Path:
    """Return the library for a number of neurons, compiled if it is not there yet."""
    compiler = shutil.which("g++")
    if compiler is None:
        raise MissingPeerError(
            f"g++ must be installed to compile the loop by hand, and PATH has none; run: "
            f"{_COMPILER_REMEDY}"
        )
    text = (files(__package__) / "scripts" / _SOURCE).read_text("utf-8")
    version = _output([compiler, "--version"])
    # -march=native depends on the processor, whose flags stand in what the compiler makes of it.
    native = _output([compiler, "-march=native", "-Q", "--help=target"])
    key = content_key(text, repr(_FLAGS), version, native, str(neurons))

    def make(folder: Path) -> None:
        (folder / _SOURCE).write_text(text, encoding="utf-8")
        command = [compiler, *_FLAGS, f"-DNEURONS={neurons}", _SOURCE, "-o", _LIBRARY]
        _output(command, folder)

    return cached_folder("peers-by-hand", key, make) / _LIBRARY


def _output(command: list[str], folder: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerError(
            f"g++ must compile the loop by hand, and ended with: {error}; run: {_COMPILER_REMEDY}"
        ) from error
    if done.returncode:
        raise PeerError(
            f"g++ must compile the loop by hand, and ended with code {done.returncode}; a newer "
            f"one may do. Its message:\n{done.stderr[-2000:]}"
        )
    return done.stdout
