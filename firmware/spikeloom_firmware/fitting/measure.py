"""``python -m spikeloom_firmware.fitting.measure BOARD``: the terms of `estimates` for a toolchain.

Synthesises three small arrays, which takes some minutes, and prints what is there once, once a core
and once a lane, to be copied into `spikeloom_firmware.fitting.estimates`.
"""

import argparse
import sys
from collections.abc import Sequence

from spikeloom.contract import ArrayConfig, SpikeloomError
from spikeloom_boards import find_board

from ..build import synthesise
from ..cli.progress import StepLines
from .memories import MemoryUse, memory_use
from .shapes import shapes_of

__all__ = ["main", "solve"]

_ARRAYS = ((1, 4), (1, 8), (2, 4))
"""Cores, and lanes of a core, of the arrays that are measured."""


def solve(values: Sequence[float]) -> tuple[int, int, int]:
    """Return what is there once, once a core, and once a lane.

    Parameters
    ----------
    values : sequence of float
        Of arrays with (cores, lanes a core) of (1, 4), (1, 8) and (2, 4).

    Examples
    --------
    >>> solve([100 + 1 * (20 + 4 * 3), 100 + 1 * (20 + 8 * 3), 100 + 2 * (20 + 4 * 3)])
    (100, 20, 3)
    """
    small, wide, two = values
    lane = (wide - small) / 4
    core = two - small - 4 * lane
    return round(small - core - 4 * lane), round(core), round(lane)


def _array(config: ArrayConfig, cores: int, lanes: int) -> ArrayConfig:
    axons = max(config.axons, 2 * config.neurons_per_core)
    return config.replace(
        name="measured", cores=cores, lanes=lanes, axons=axons, rows_per_core=axons
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m spikeloom_firmware.fitting.measure", description=__doc__.splitlines()[0]
    )
    parser.add_argument("board")
    args = parser.parse_args(argv)
    luts, ffs, dsps = [], [], []
    try:
        board = find_board(args.board)
        for cores, lanes in _ARRAYS:
            config = _array(board.array_config, cores, lanes)
            usage = synthesise(board, config=config, progress=StepLines()).report.usage
            luts.append(usage["LUT"].used - _memory_luts(config, board.part))
            ffs.append(usage["FF"].used)
            dsps.append(usage["DSP"].used)
    except SpikeloomError as error:
        print(f"measure: {error}", file=sys.stderr)
        return error.exit_code
    print(f'    "{board.fpga.toolchain}": _Terms({solve(luts)}, {solve(ffs)}, {solve(dsps)}),')
    return 0


def _memory_luts(config: ArrayConfig, part: str) -> float:
    from spikeloom_boards import part_of

    common, core = shapes_of(config)
    use = memory_use(part_of(part), common + core)
    total = sum((use[shape] for shape in common), MemoryUse())
    for shape in core:
        total += use[shape].times(config.cores)
    return total.luts


if __name__ == "__main__":
    sys.exit(main())
