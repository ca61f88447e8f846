"""Verilog of a component, and a JSON sidecar that says what it is.

The sidecar lets a test or a tool name ports and find the configuration without reading Verilog.
"""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from amaranth.back import verilog
from amaranth.hdl import Shape
from amaranth.lib import wiring

from spikeloom.contract import ArrayConfig

from .identity import build_id, sources_hash

__all__ = ["Emitted", "emit", "ports_of", "verilog_of"]


@dataclasses.dataclass(frozen=True)
class Emitted:
    """A component as Verilog.

    Attributes
    ----------
    name : str
        Name of the top module.
    verilog : str
        The text; ports are Amaranth's flattened ones, ``clk`` and ``rst`` included.
    sidecar : dict
        ``name``, ``ports`` (direction and width by name), ``config``, ``build_id`` and
        ``sources_sha256``; plain values.
    """

    name: str
    verilog: str
    sidecar: dict[str, Any]

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write ``NAME.v`` and ``NAME.json``; return both paths."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = folder / f"{self.name}.v", folder / f"{self.name}.json"
        paths[0].write_text(self.verilog, encoding="utf-8")
        paths[1].write_text(json.dumps(self.sidecar, indent=2) + "\n", encoding="utf-8")
        return paths


def ports_of(component: wiring.Component) -> dict[str, dict[str, Any]]:
    """Return direction and width in bits of each port, by its name in Verilog.

    Clock and reset are not among them; they are ``clk`` and ``rst``.
    """
    ports: dict[str, dict[str, Any]] = {}
    for path, member, _ in component.signature.flatten(component):
        width = _width_bits(member.shape)
        if width:
            ports["__".join(map(str, path))] = {
                "direction": "input" if member.flow == wiring.In else "output",
                "width": width,
            }
    return ports


def _width_bits(shape: Any) -> int:
    return Shape.cast(shape).width


def verilog_of(component: wiring.Component, name: str) -> str:
    """Return the Verilog text of a component as a module called `name`."""
    return str(verilog.convert(component, name=name, emit_src=False, strip_internal_attrs=True))


def emit(component: wiring.Component, name: str, config: ArrayConfig) -> Emitted:
    """Return Verilog and sidecar of a component that was built from `config`."""
    text = verilog_of(component, name)
    sidecar = {
        "name": name,
        "ports": ports_of(component),
        "config": config.to_dict(),
        "build_id": build_id(config).hex(),
        "sources_sha256": sources_hash(),
        "verilog_sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    return Emitted(name, text, sidecar)
