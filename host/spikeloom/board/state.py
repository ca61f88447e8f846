"""State of a population: v, i, c, theta and the trace y of its neurons."""

import numpy as np
import numpy.typing as npt

from spikeloom.compiler import PlacedPopulation
from spikeloom.contract import MemoryMap
from spikeloom.target import Target

from .errors import StateError
from .weights import quantised

__all__ = ["STATE_WINDOWS", "read_state", "write_state"]

Indices = npt.NDArray[np.int64]
STATE_WINDOWS = ("v", "i", "c", "theta", "y")
"""Windows that hold one number per neuron, of that name."""
_UNITLESS = ("c", "y")


def read_state(
    target: Target, memory: MemoryMap, population: PlacedPopulation, raw: bool
) -> dict[str, npt.NDArray[np.float64] | Indices]:
    """Return each state variable of a population, shape (size,)."""
    result: dict[str, npt.NDArray[np.float64] | Indices] = {}
    for name in STATE_WINDOWS:
        if name in memory:
            values = _read(target, memory, name, population)
            result[name] = values if raw or name in _UNITLESS else values / population.scale
    return result


def _places(memory: MemoryMap, population: PlacedPopulation) -> tuple[Indices, Indices]:
    per_core = memory.config.neurons_per_core
    return population.neurons // per_core, population.neurons % per_core


def _read(target: Target, memory: MemoryMap, name: str, population: PlacedPopulation) -> Indices:
    core, neuron = _places(memory, population)
    result = np.zeros(population.size, np.int64)
    for number in np.unique(core):
        mine = core == number
        first, values = _words(target, memory, name, int(number), neuron[mine])
        result[mine] = values[neuron[mine] - first]
    return result


def _words(
    target: Target, memory: MemoryMap, name: str, core: int, neuron: Indices
) -> tuple[int, Indices]:
    """Return the numbers of the words that hold some neurons, and the neuron of the first."""
    window = memory[name]
    first, last = (int(each) // window.lanes for each in (neuron.min(), neuron.max()))
    data = target.read(name, core, first, last - first + 1)
    return first * window.lanes, window.unpack(data)[name].reshape(-1)


def write_state(
    target: Target,
    memory: MemoryMap,
    population: PlacedPopulation,
    values: dict[str, npt.ArrayLike],
    raw: bool,
) -> None:
    """Write state variables of a population; all are checked before the first is written.

    Raises
    ------
    StateError
        If a name is unknown or a number does not fit.
    """
    checked = {}
    for name, given in values.items():
        if name not in STATE_WINDOWS or name not in memory:
            there = ", ".join(window for window in STATE_WINDOWS if window in memory)
            raise StateError(f"state must be one of {there} in this build, not {name!r}")
        checked[name] = quantised(
            f"{name} of {population.name!r}",
            given,
            population.scale,
            memory[name].field(name).range,
            population.size,
            raw or name in _UNITLESS,
        )
    for name, numbers in checked.items():
        _write(target, memory, name, population, numbers)


def _write(
    target: Target, memory: MemoryMap, name: str, population: PlacedPopulation, numbers: Indices
) -> None:
    core, neuron = _places(memory, population)
    window = memory[name]
    for number in np.unique(core):
        mine = core == number
        first, whole = _words(target, memory, name, int(number), neuron[mine])
        whole[neuron[mine] - first] = numbers[mine]
        target.write(name, window.pack(**{name: whole}), int(number), first // window.lanes)
