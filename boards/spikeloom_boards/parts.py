"""FPGAs: how much of what there is in each. Source: the makers' data sheets."""

import dataclasses
from typing import Literal

from .errors import BoardTableError

__all__ = ["PARTS", "Part", "Toolchain", "part_of"]

Toolchain = Literal["icestorm", "trellis", "apicula", "vivado"]
"""What turns gateware into a bitstream; names a module in `spikeloom_firmware.toolchains`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Part:
    """An FPGA.

    Attributes
    ----------
    name : str
        The maker's name, without package and speed.
    toolchain : {"icestorm", "trellis", "apicula", "vivado"}
        What builds for it.
    luts : int
        Look-up tables, with `lut_inputs` inputs each.
    lut_inputs : int
        4 or 6.
    ffs : int
        Flip-flops.
    block_rams : int
        Block memories.
    block_ram_bits : int
        Size of one, in bits, those for parity included.
    single_port_rams : int
        Large memories with one port (UP5K: 256 kb each, 16 bits wide).
    dsps : int
        Multipliers of about 18 x 18 bits.
    idcode : int
        What the part answers over JTAG and what its bitstream carries; 0 if it has none.
    """

    name: str
    toolchain: Toolchain
    luts: int
    lut_inputs: int = 4
    ffs: int
    block_rams: int
    block_ram_bits: int
    single_port_rams: int = 0
    dsps: int
    idcode: int = 0


_ALL = (
    # FPGA-DS-02008, iCE40 UltraPlus. Its bitstream names no part; its size does.
    Part(
        name="iCE40UP5K",
        toolchain="icestorm",
        luts=5280,
        ffs=5280,
        block_rams=30,
        block_ram_bits=4096,
        single_port_rams=4,
        dsps=8,
    ),
    # FPGA-DS-02012, ECP5 family; identity codes: FPGA-TN-02039.
    Part(
        name="LFE5U-25F",
        toolchain="trellis",
        luts=24_288,
        ffs=24_288,
        block_rams=56,
        block_ram_bits=18_432,
        dsps=28,
        idcode=0x41111043,
    ),
    Part(
        name="LFE5U-85F",
        toolchain="trellis",
        luts=83_640,
        ffs=83_640,
        block_rams=208,
        block_ram_bits=18_432,
        dsps=156,
        idcode=0x41113043,
    ),
    # DS117, GW1NR; DS226, GW2AR.
    Part(
        name="GW1NR-9",
        toolchain="apicula",
        luts=8640,
        ffs=6480,
        block_rams=26,
        block_ram_bits=18_432,
        dsps=20,
        idcode=0x1100481B,
    ),
    Part(
        name="GW2AR-18",
        toolchain="apicula",
        luts=20_736,
        ffs=15_552,
        block_rams=46,
        block_ram_bits=18_432,
        dsps=48,
        idcode=0x0000081B,
    ),
    # DS180, 7 series.
    Part(
        name="XC7A35T",
        toolchain="vivado",
        luts=20_800,
        lut_inputs=6,
        ffs=41_600,
        block_rams=50,
        block_ram_bits=36_864,
        dsps=90,
        idcode=0x0362D093,
    ),
)

PARTS: dict[str, Part] = {part.name: part for part in _ALL}
"""Parts by name."""


def part_of(name: str) -> Part:
    """Return a part.

    Raises
    ------
    BoardTableError
        If there is none of that name.
    """
    try:
        return PARTS[name]
    except KeyError:
        raise BoardTableError(
            f"part must be one of {', '.join(PARTS)}, not {name!r}; add it to "
            f"spikeloom_boards.parts"
        ) from None
