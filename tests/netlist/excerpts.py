"""Networks and read-backs small enough for a netlist, whose serial line is what takes the time.

All neurons take part, but each core has a few rows only; what stands in the others stays 0.
"""

import dataclasses

from random_networks import Case

from spikeloom.contract import ArrayConfig, MemoryMap, Window
from spikeloom.contract.registers import core_register
from spikeloom.target import Target

__all__ = ["Excerpt", "shrink"]

PER_ROW = ("weights", "plastic", "eligibility", "sources", "x")


def words_of(window: Window, config: ArrayConfig, rows: int) -> int:
    """Words that hold the first rows of a core, or all words of other windows."""
    if window.name not in PER_ROW:
        return window.depth
    return min(window.depth, -(-rows * window.depth // config.rows_per_core))


def shrink(case: Case, rows: int) -> Case:
    """Leave only the first rows of each core, and the axons that lead to them."""
    memory = MemoryMap(case.config)
    writes = []
    for name, core, offset, data in case.writes:
        window = memory[name]
        if name == "rows":
            fields = window.unpack(data)
            fields["valid"] = fields["valid"] * (fields["row"] < rows)
            data = window.pack(**fields)
        writes.append(
            (name, core, offset, data[: words_of(window, case.config, rows) * window.word_bytes])
        )
    control = dict(case.control)
    for core in range(case.config.cores):
        register = core_register("plastic_rows", core)
        if register in control:
            control[register] = min(control[register], rows)
    return dataclasses.replace(case, writes=tuple(writes), control=control)


class Excerpt:
    """A target of which whole windows are read up to the last row of interest only."""

    def __init__(self, target: Target, config: ArrayConfig, rows: int) -> None:
        self._target, self._config, self._rows = target, config, rows
        self._memory = MemoryMap(config)
        self.write, self.run, self.reset = target.write, target.run, target.reset

    def read(self, window: str, core: int = 0, offset: int = 0, count: int | None = None) -> bytes:
        if offset == 0 and count is None:
            count = words_of(self._memory[window], self._config, self._rows)
        return self._target.read(window, core=core, offset=offset, count=count)
