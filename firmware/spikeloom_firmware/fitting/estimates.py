"""How many LUTs, registers and multipliers an array takes, by a model of measured builds.

The model is linear: what is there once, once a core, and once a lane. Memories are counted apart
and exactly (`spikeloom_firmware.fitting.memories`).
"""

import dataclasses

from spikeloom.contract import ArrayConfig
from spikeloom_boards import Part
from spikeloom_boards.parts import Toolchain

__all__ = ["Size", "estimated_size"]


@dataclasses.dataclass(frozen=True)
class Size:
    """Logic of an array.

    Attributes
    ----------
    luts : int
        Look-up tables, those that are memory apart.
    ffs : int
        Registers.
    dsps : int
        Multipliers.
    """

    luts: int
    ffs: int
    dsps: int


@dataclasses.dataclass(frozen=True)
class _Terms:
    """What is there once, once a core, and once a lane."""

    luts: tuple[int, int, int]
    ffs: tuple[int, int, int]
    dsps: tuple[int, int, int]


# ECP5, learning: netlists with (cores, lanes a core) of (1, 4) and (1, 32), 7,899 and 14,980 LUTs
# apart from memories, 4,219 and 7,654 registers, 9 multipliers a core; what is there once and once
# a core are halves, as in an earlier netlist with two cores. Others with LUTs of four inputs are
# taken to be alike, one of six inputs to do the work of 1.67 of them.
# `python -m spikeloom_firmware.fitting.measure BOARD` takes the terms anew.
_LEARNING: dict[Toolchain, _Terms] = {
    "icestorm": _Terms((3440, 3440, 253), (1864, 1864, 123), (0, 9, 0)),
    "trellis": _Terms((3440, 3440, 253), (1864, 1864, 123), (0, 9, 0)),
    "apicula": _Terms((3440, 3440, 253), (1864, 1864, 123), (0, 9, 0)),
    "vivado": _Terms((2060, 2060, 152), (1864, 1864, 123), (0, 9, 0)),
}
# Whole logic cells of the UP5K, 4,478 with two lanes, which is what such an array always has.
_NARROW = _Terms((2380, 2100, 0), (800, 800, 0), (0, 8, 0))
_SHARE_WITHOUT_LEARNING = 0.55
"""Part of a core's and its lanes' logic that an array has which only infers."""


def estimated_size(config: ArrayConfig, part: Part) -> Size:
    """Return about how much logic an array takes.

    Parameters
    ----------
    config : ArrayConfig
        The array.
    part : Part
        For which part; its toolchain counts.
    """
    terms = _NARROW if config.learns_narrowly else _LEARNING[part.toolchain]
    share = 1.0 if config.learns else _SHARE_WITHOUT_LEARNING

    def total(once: int, core: int, lane: int) -> int:
        return round(once + share * config.cores * (core + lane * config.lanes))

    return Size(luts=total(*terms.luts), ffs=total(*terms.ffs), dsps=total(*terms.dsps))
