"""Host tools of Spikeloom, an FPGA emulator for spiking neural networks.

Examples
--------
>>> import spikeloom
>>> net = spikeloom.Network("relay")
>>> button = net.input("button", 1)
>>> cell = net.population("cell", 1, spikeloom.LIF(threshold=1.0, v_decay=1.0))
>>> _ = net.connect(button, cell, weights=[[2.0]], delay=3)
>>> with spikeloom.open("model:tiny") as board:
...     _ = board.program(net)
...     recording = board.run(([0, 4], [0, 0]), steps=10)
>>> recording.spikes("cell")[0].tolist()
[3, 7]
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spikeloom import boot, events, fleet, nir, quantising, superneuromat, testing
    from spikeloom.board import Board, Count, Margin, Snapshot, open
    from spikeloom.compiler import Program, compile
    from spikeloom.contract import ArrayConfig, SpikeloomError
    from spikeloom.decisions import Decisions
    from spikeloom.network import (
        LIF,
        STDP,
        Input,
        LatencyEncoder,
        Network,
        Noise,
        Population,
        Projection,
        RandomEncoder,
        RateEncoder,
    )
    from spikeloom.recording import Recording

__all__ = [
    "LIF",
    "STDP",
    "ArrayConfig",
    "Board",
    "Count",
    "Decisions",
    "Input",
    "LatencyEncoder",
    "Margin",
    "Network",
    "Noise",
    "Population",
    "Program",
    "Projection",
    "RandomEncoder",
    "RateEncoder",
    "Recording",
    "Snapshot",
    "SpikeloomError",
    "boot",
    "compile",
    "events",
    "fleet",
    "nir",
    "open",
    "quantising",
    "superneuromat",
    "testing",
]

# Imported at first use: `spikeloom.contract` alone must stay cheap, and serial ports optional.
_HOMES = {
    "ArrayConfig": "contract",
    "Board": "board",
    "Count": "board",
    "Decisions": "decisions",
    "Input": "network",
    "LIF": "network",
    "LatencyEncoder": "network",
    "Margin": "board",
    "Network": "network",
    "Noise": "network",
    "Population": "network",
    "Program": "compiler",
    "Projection": "network",
    "RandomEncoder": "network",
    "RateEncoder": "network",
    "Recording": "recording",
    "STDP": "network",
    "Snapshot": "board",
    "SpikeloomError": "contract",
    "compile": "compiler",
    "open": "board",
}

_PACKAGES = ("boot", "events", "fleet", "nir", "quantising", "superneuromat", "testing")
"""Packages that ``spikeloom.NAME`` imports: each needs more than the base install, or time."""


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__) | set(_PACKAGES))
