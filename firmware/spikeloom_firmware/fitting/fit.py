"""The largest arrays that a part has room for, and what each leaves out."""

import dataclasses
from collections.abc import Iterator, Sequence

from spikeloom.contract import ArrayConfig, ConfigError
from spikeloom_boards import BoardTable, Part

from ..activity import cycles_per_step
from ..progress import Progress, step_of
from ..tools import Toolbox
from .estimates import Size, estimated_size
from .memories import MemoryUse, memory_use
from .shapes import Shape, shapes_of

__all__ = ["ROOM", "Candidate", "Fit", "fit_board"]

ROOM = 0.97
"""Share of the LUTs that can be used: beyond it place and route seldom finds a way."""
_NEURONS = (64, 128, 256)
_LANES = (4, 8, 16, 32)
_AXONS = (128, 256, 384, 512, 768, 1024, 1536, 2048)
_INPUTS = 8
"""At least every eighth axon is an input: without inputs a network has nothing to do."""
_MOST_CORES = 64


@dataclasses.dataclass(frozen=True, kw_only=True)
class Candidate:
    """An array for a part.

    Attributes
    ----------
    config : ArrayConfig
        The array.
    memories : MemoryUse
        What its memories take, exactly.
    size : Size
        What its logic takes, estimated.
    limit : str
        What there is not enough of for one more core; for an array that does not fit, for this one.
    fits : bool
        Whether the part has room for it.
    """

    config: ArrayConfig
    memories: MemoryUse
    size: Size
    limit: str
    fits: bool

    @property
    def luts(self) -> int:
        """Look-up tables: logic, estimated, and memory."""
        return round(self.size.luts + self.memories.luts)

    @property
    def lanes(self) -> int:
        """Weights that all cores add in a cycle."""
        return self.config.cores * self.config.lanes

    @property
    def cycles_per_step(self) -> int:
        """Cycles of a step at 5 % activity, nothing learning."""
        return cycles_per_step(self.config)

    @property
    def worth(self) -> tuple[int, int, int]:
        """Neurons, axons and lanes: what one would like to have much of."""
        return self.config.neurons, self.config.axons, self.lanes

    def beats(self, other: "Candidate") -> bool:
        """Return whether it is as good in everything, and better in something.

        Of two that are worth the same the one that needs less memory is better.
        """
        if self.worth == other.worth:
            return (self.memories.block_rams, self.luts) < (other.memories.block_rams, other.luts)
        return all(a >= b for a, b in zip(self.worth, other.worth, strict=True))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fit:
    """What fits a board.

    Attributes
    ----------
    board : BoardTable
        The board.
    candidates : tuple of Candidate
        Arrays that fit and that no other one beats in neurons, axons and lanes; most neurons first.
    own : Candidate
        The array that is built for the board.
    """

    board: BoardTable
    candidates: tuple[Candidate, ...]
    own: Candidate

    @property
    def largest(self) -> Candidate | None:
        """The array with most neurons, then most axons, then most lanes; None if none fits."""
        return self.candidates[0] if self.candidates else None


def fit_board(
    board: BoardTable,
    *,
    tools: Toolbox | None = None,
    progress: Progress | None = None,
    neurons: Sequence[int] = _NEURONS,
    lanes: Sequence[int] = _LANES,
    axons: Sequence[int] = _AXONS,
) -> Fit:
    """Find the largest arrays for a board.

    All else is as in the board's own configuration: widths, delays, learning, rings. A first call
    looks at many designs and takes minutes; what it learns is kept in the cache.

    Parameters
    ----------
    board : BoardTable
        The board.
    tools : Toolbox, optional
        Where Yosys comes from; PyPI's package if None.
    progress : callable, optional
        Told of each step.
    neurons, lanes, axons : sequence of int
        Neurons of a core, lanes of a core and axons to try.

    Raises
    ------
    ToolMissingError, ToolFailedError
        If Amaranth or Yosys is not there, or refuses a memory.
    """
    own, part = board.array_config, board.fpga
    arrays: dict[ArrayConfig, tuple[list[Shape], list[Shape]]] = {}
    with step_of(progress, "elaboration of the arrays to try"):
        for config in [own, *_to_try(own, part, neurons, lanes, axons)]:
            # A memory that is too large for the part alone is not worth Yosys' time.
            common, core = shapes_of(config)
            if config == own or _bits(common + core) <= _capacity_bits(part):
                arrays[config] = (common, core)
    with step_of(progress, "mapping of their memories (yosys)"):
        shapes = {shape for pair in arrays.values() for part_of in pair for shape in part_of}
        use = memory_use(part, shapes, tools)
    found = [
        candidate
        for config, pair in arrays.items()
        if config != own
        for candidate in [_largest(config, part, pair, use)]
        if candidate is not None
    ]
    mine = _candidate(own, part, arrays[own], use)
    best = {each.worth: each for each in found if not any(other.beats(each) for other in found)}
    ranked = tuple(best[worth] for worth in sorted(best, reverse=True))
    return Fit(board=board, candidates=ranked, own=mine)


def _to_try(
    own: ArrayConfig,
    part: Part,
    neurons: Sequence[int],
    lanes: Sequence[int],
    axons: Sequence[int],
) -> Iterator[ArrayConfig]:
    """Yield arrays with one core."""
    for count in sorted({*neurons, own.neurons_per_core}):
        for width in sorted({*lanes, own.lanes}):
            for sources in sorted({*axons, own.axons}):
                if (sources - count) * _INPUTS < sources:
                    continue
                try:
                    yield own.replace(
                        name="fit",
                        cores=1,
                        neurons_per_core=count,
                        lanes=width,
                        axons=sources,
                        rows_per_core=sources,
                    )
                except ConfigError:
                    continue


def _bits(shapes: list[Shape]) -> int:
    return sum(shape.width * shape.depth for shape in shapes)


def _capacity_bits(part: Part) -> int:
    return part.block_rams * part.block_ram_bits + part.single_port_rams * (1 << 18)


def _candidate(
    config: ArrayConfig,
    part: Part,
    shapes: tuple[list[Shape], list[Shape]],
    use: dict[Shape, MemoryUse],
) -> Candidate:
    common, core = shapes
    memories = MemoryUse()
    for shape in common:
        memories += use[shape]
    for shape in core:
        memories += use[shape].times(config.cores)
    size = estimated_size(config, part)
    lacking = _lacking(config, part, memories, size)
    return Candidate(
        config=config, memories=memories, size=size, limit=lacking or "", fits=not lacking
    )


def _lacking(config: ArrayConfig, part: Part, memories: MemoryUse, size: Size) -> str | None:
    """Return what the part has too little of, None if it has enough of everything."""
    needs = (
        ("block RAM", memories.block_rams, part.block_rams),
        ("single-port RAM", memories.single_port_rams, part.single_port_rams),
        ("LUT", size.luts + memories.luts, ROOM * part.luts),
        ("FF", size.ffs, part.ffs),
        ("DSP", size.dsps, part.dsps),
    )
    worst = max(needs, key=lambda need: need[1] / need[2] if need[2] else float(need[1] > 0) * 9)
    return worst[0] if worst[1] > worst[2] else None


def _largest(
    config: ArrayConfig,
    part: Part,
    shapes: tuple[list[Shape], list[Shape]],
    use: dict[Shape, MemoryUse],
) -> Candidate | None:
    """Return the array with most cores like that of `config`; None if not even one fits."""
    best: Candidate | None = None
    for cores in range(1, _MOST_CORES + 1):
        inputs = config.axons - cores * config.neurons_per_core
        if inputs * _INPUTS < config.axons:
            return best and dataclasses.replace(best, limit="axons")
        candidate = _candidate(config.replace(cores=cores), part, shapes, use)
        if not candidate.fits:
            return best and dataclasses.replace(best, limit=candidate.limit)
        best = candidate
    return best
