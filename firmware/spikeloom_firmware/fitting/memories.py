"""Block memories of an array, counted exactly: each shape is mapped by Yosys.

Each shape among the memories of a design is given to Yosys once, alone, which takes block memory,
LUTs or registers for it as it would in the design. Only of memories of 80 bits and less, at the
border between block memory and registers, it may think otherwise there.
"""

import collections
import dataclasses
import json
import math
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from spikeloom.build_cache import cache_root, cached_folder, content_key
from spikeloom_boards import Part

from ..toolchains import flow_of
from ..toolchains.flow import READS_ARE_APART, STAT
from ..tools import Tool, Toolbox, disk_errors
from .shapes import Shape

__all__ = ["MemoryUse", "memory_use"]

_MAPPINGS = "memory_mappings"
_FILE = "result.json"
_TAKEN_FROM = "2"
"""Changes whenever `_rtlil` or `_script` does, so that older answers are not taken for theirs."""
_SINGLE_PORT_WORDS, _SINGLE_PORT_BITS = 16_384, 16
"""Shape of UP5K's single-port memory."""


@dataclasses.dataclass(frozen=True)
class MemoryUse:
    """What memories take of a part.

    Attributes
    ----------
    block_rams : float
        Block memories; half ones count as 0.5.
    single_port_rams : int
        Large memories with one port.
    luts : float
        Look-up tables that are memory.
    """

    block_rams: float = 0
    single_port_rams: int = 0
    luts: float = 0

    def __add__(self, other: "MemoryUse") -> "MemoryUse":
        return MemoryUse(
            self.block_rams + other.block_rams,
            self.single_port_rams + other.single_port_rams,
            self.luts + other.luts,
        )

    def times(self, count: int) -> "MemoryUse":
        """Return the use of `count` such memories."""
        return MemoryUse(self.block_rams * count, self.single_port_rams * count, self.luts * count)


def memory_use(
    part: Part, shapes: Iterable[Shape], tools: Toolbox | None = None
) -> dict[Shape, MemoryUse]:
    """Return what each shape takes of a part; one run of Yosys for all that are new.

    Parameters
    ----------
    part : Part
        The FPGA.
    shapes : iterable of Shape
        Memories; equal ones are looked at once.
    tools : Toolbox, optional
        Where Yosys comes from; PyPI's package if None.

    Raises
    ------
    ToolMissingError, ToolFailedError
        If Yosys is not there or refuses a memory.
    """
    yosys = (tools or Toolbox()).find("yosys")
    use: dict[Shape, MemoryUse] = {}
    unknown: dict[Shape, str] = {}
    for shape in sorted(set(shapes)):
        if part.single_port_rams and shape.single_port:
            use[shape] = _single_port(shape)
            continue
        facts = json.dumps(dataclasses.astuple(shape))
        key = content_key(_TAKEN_FROM, yosys.version, part.toolchain, part.name, facts)
        known = cache_root() / _MAPPINGS / key / _FILE
        if known.is_file():
            use[shape] = MemoryUse(**json.loads(known.read_text()))
        else:
            unknown[shape] = key
    if unknown:
        found = _mapped(part, list(unknown), yosys)
        for shape, key in unknown.items():
            _remember(key, found[shape])
        use |= found
    return use


def _remember(key: str, use: MemoryUse) -> None:
    def make(folder: Path) -> None:
        with disk_errors(folder / _FILE):
            (folder / _FILE).write_text(json.dumps(dataclasses.asdict(use)))

    cached_folder(_MAPPINGS, key, make)


def _mapped(part: Part, shapes: list[Shape], yosys: Tool) -> dict[Shape, MemoryUse]:
    """Let Yosys map some shapes in one run."""
    with tempfile.TemporaryDirectory(prefix="spikeloom-") as name:
        folder = Path(name)
        with disk_errors(folder / "top.il"):
            (folder / "top.il").write_text(_rtlil(shapes))
            (folder / "top.ys").write_text(_script(part))
        yosys.run(("-q", "top.ys"), folder, folder / "yosys.log")
        cells = _cells_by_shape(json.loads((folder / STAT).read_text()))
    flow = flow_of(part.toolchain)
    use = {}
    for number, shape in enumerate(shapes):
        sized = flow.size(dict(cells[number]), part)
        use[shape] = MemoryUse(block_rams=sized["block RAM"].used, luts=sized["LUT"].used)
    return use


def _single_port(shape: Shape) -> MemoryUse:
    columns = math.ceil(shape.width / _SINGLE_PORT_BITS)
    return MemoryUse(single_port_rams=columns * math.ceil(shape.depth / _SINGLE_PORT_WORDS))


def _script(part: Part) -> str:
    family = {"GW1NR-9": "-family gw1n", "GW2AR-18": "-family gw2a"}.get(part.name, "")
    synth = {
        "icestorm": "synth_ice40 -noflatten -run begin:map_gates",
        "trellis": "synth_ecp5 -noflatten -run begin:map_gates",
        "apicula": f"synth_gowin {family} -noflatten -run begin:map_gates",
        "vivado": "synth_xilinx -family xc7 -run begin:fine",
    }[part.toolchain]
    lines = [
        "read_rtlil top.il",
        READS_ARE_APART,
        f"{synth} -top top",
        f"tee -q -o {STAT} stat -json",
    ]
    return "\n".join(lines) + "\n"


def _cells_by_shape(stat: dict[str, Any]) -> dict[int, collections.Counter[str]]:
    """Return the cells of each shape, by its number in the names of modules."""
    cells: dict[int, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for name, module in stat["modules"].items():
        for part in name.strip("\\").split("."):
            if part.startswith("shape_"):
                cells[int(part[len("shape_") :])].update(module["num_cells_by_type"])
    return cells


def _rtlil(shapes: list[Shape]) -> str:
    """Return a design with one memory a shape, all of its ports at the top."""
    from amaranth.back import rtlil
    from amaranth.hdl import Module, Signal

    m = Module()
    ports: list[Signal] = []
    for number, shape in enumerate(shapes):
        m.submodules[f"shape_{number}"] = _alone(number, shape, ports)
    return str(rtlil.convert(m, name="top", ports=ports, emit_src=False))


def _alone(number: int, shape: Shape, ports: list[Any]) -> Any:
    """Return a module with one memory, and append the signals of its ports to `ports`."""
    from amaranth.hdl import Module, Signal
    from amaranth.lib import memory

    def port(signal: Any, name: str) -> Signal:
        ports.append(Signal(len(signal), name=f"p{number}_{name}"))
        return ports[-1]

    m = Module()
    # A memory that is never written and has no contents would be taken for zeros.
    contents = [(k * 37 + 5) % (1 << min(shape.width, 16)) for k in range(shape.depth)]
    words: Any = memory.Memory(
        shape=shape.width,
        depth=shape.depth,
        init=[] if shape.granularity else contents,
        # The gateware's only read-only memory asks for a block, so that it can be read back.
        attrs={} if shape.granularity else {"ram_style": "block", "rom_style": "block"},
    )
    m.submodules.words = words
    transparent: tuple[Any, ...] = ()
    if shape.granularity:
        write = words.write_port(granularity=shape.granularity)
        for name in ("addr", "data", "en"):
            m.d.comb += getattr(write, name).eq(port(getattr(write, name), f"write_{name}"))
        transparent = (write,) if shape.transparent else ()
    for k in range(shape.reads):
        domain = "sync" if shape.registered else "comb"
        read = words.read_port(domain=domain, transparent_for=transparent)
        m.d.comb += read.addr.eq(port(read.addr, f"read{k}_addr"))
        if shape.enabled:
            m.d.comb += read.en.eq(port(read.en, f"read{k}_en"))
        m.d.comb += port(read.data, f"read{k}_data").eq(read.data)
    return m
