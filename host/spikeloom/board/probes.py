"""What to record: from names of quantities and populations to the probe table."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.compiler import PlacedPopulation, PlacedProjection, Program
from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.words import PROBE_VALUE_BITS

from .errors import RecordError

__all__ = ["QUANTITIES", "Probe", "RecordingPlan", "plan_recording"]

Indices = npt.NDArray[np.int64]

QUANTITIES = {"v": 0, "i": 1, "theta": 2}
"""Number of a quantity in the probe table."""
_SIGNED = frozenset({"v", "i"})


@dataclasses.dataclass(frozen=True, eq=False)
class Probe:
    """One quantity of some neurons of a population.

    Attributes
    ----------
    quantity : {"v", "i", "theta"}
        What is recorded.
    population : PlacedPopulation
        Of whom.
    members : ndarray of int64, shape (k,)
        Members of the population.
    first : int
        Number in the probe table of the first of them.
    """

    quantity: str
    population: PlacedPopulation
    members: Indices
    first: int

    def decoded(self, value: Indices) -> Indices:
        """Turn 22 unsigned bits into numbers."""
        if self.quantity not in _SIGNED:
            return value
        sign = 1 << (PROBE_VALUE_BITS - 1)
        return (value ^ sign) - sign


@dataclasses.dataclass(frozen=True, eq=False)
class RecordingPlan:
    """What a run records.

    Attributes
    ----------
    spikes : tuple of str
        Populations whose spikes are kept.
    probes : tuple of Probe
        Values that are streamed.
    weights : tuple of PlacedProjection
        Projections whose weights are read during the run.
    """

    spikes: tuple[str, ...]
    probes: tuple[Probe, ...]
    weights: tuple[PlacedProjection, ...] = ()

    @property
    def count(self) -> int:
        """Entries of the probe table."""
        return sum(len(probe.members) for probe in self.probes)

    def table(self, config: ArrayConfig) -> bytes:
        """Return the probe table in the format of window ``probe``."""
        neurons = [probe.population.neurons[probe.members] for probe in self.probes]
        numbers = [np.full(len(p.members), QUANTITIES[p.quantity]) for p in self.probes]
        flat = np.concatenate([np.empty(0, np.int64), *neurons])
        return MemoryMap(config)["probe"].pack(
            neuron=flat % config.neurons_per_core,
            core=flat // config.neurons_per_core,
            quantity=np.concatenate([np.empty(0, np.int64), *numbers]),
        )


def plan_recording(record: Any, program: Program, config: ArrayConfig) -> RecordingPlan:
    """Check what is to be recorded.

    Parameters
    ----------
    record : str, sequence of str, or mapping of str to populations
        See `Board.run`.
    program : Program
        What runs.
    config : ArrayConfig
        Of the board.

    Raises
    ------
    RecordError
        If a name is unknown, a member is out of range, or the probes do not suffice.
    """
    spikes: list[str] = []
    probes: list[Probe] = []
    weights: dict[str, PlacedProjection] = {}
    first = 0
    for quantity, choice in _choices(record):
        if quantity == "weights":
            weights |= {placed.name: placed for placed in _projections(choice, program)}
            continue
        if quantity != "spikes":
            _check_quantity(quantity, config)
        if quantity == "spikes" and (choice is None or choice is True):
            choice = [name for name, part in program.populations.items() if part.report]
        for population, members in _populations(choice, program):
            if quantity == "spikes":
                spikes.append(population.name)
                continue
            probes.append(Probe(quantity, population, members, first))
            first += len(members)
    if first > config.probes:
        raise RecordError(
            f"at most {config.probes} values can be recorded in every step by {config.name!r}, "
            f"not {first}; choose fewer neurons: record={{'v': [('name', [0, 1, 2])]}}"
        )
    return RecordingPlan(tuple(dict.fromkeys(spikes)), tuple(probes), tuple(weights.values()))


def _choices(record: Any) -> list[tuple[str, Any]]:
    """Return pairs of quantity and choice of populations; None stands for all of them."""
    if record is None:
        return []
    if isinstance(record, str):
        return [(record, None)]
    if isinstance(record, Mapping):
        return list(record.items())
    if isinstance(record, list | tuple | set | frozenset) and all(
        isinstance(item, str) for item in record
    ):
        return [(item, None) for item in record]
    raise RecordError(
        f"record must be names such as ('spikes', 'v') or a dict such as {{'v': ['hidden']}}, not "
        f"{record!r}"
    )


def _check_quantity(quantity: str, config: ArrayConfig) -> None:
    if quantity not in QUANTITIES:
        raise RecordError(
            f"record must name spikes, {', '.join(QUANTITIES)} or weights, not {quantity!r}; read "
            f"other values after the run with read_state"
        )
    if quantity == "theta" and not config.theta:
        raise RecordError(
            f"theta can be recorded where adaptive thresholds are built in, not on "
            f"{config.name!r}; leave it out"
        )


def _projections(choice: Any, program: Program) -> list[PlacedProjection]:
    """Return projections whose weights are to be read; by default those that learn."""
    if choice is None or choice is True:
        plastic = [placed for placed in program.projections.values() if placed.plastic.any()]
        if not plastic:
            raise RecordError(
                "weights are recorded of projections that learn, but none does; name others: "
                "record={'weights': ['name']}"
            )
        return plastic
    if isinstance(choice, str) or not isinstance(choice, list | tuple | set | frozenset):
        choice = [choice]
    names = [getattr(item, "name", item) for item in choice]
    for name in names:
        if name not in program.projections:
            raise RecordError(
                f"projection must be one of {', '.join(program.projections) or 'none'}, not "
                f"{name!r}; use the names of the network"
            )
    return [program.projections[name] for name in names]


def _populations(choice: Any, program: Program) -> list[tuple[PlacedPopulation, Indices]]:
    if choice is None or choice is True:
        choice = list(program.populations)
    elif isinstance(choice, str) or (isinstance(choice, tuple) and _is_pair(choice)):
        choice = [choice]
    elif isinstance(choice, Mapping):
        choice = list(choice.items())
    return [_population(item, program) for item in choice]


def _is_pair(choice: tuple[Any, ...]) -> bool:
    return len(choice) == 2 and isinstance(choice[0], str) and not isinstance(choice[1], str)


def _population(item: Any, program: Program) -> tuple[PlacedPopulation, Indices]:
    name, members = item if isinstance(item, tuple) and _is_pair(item) else (item, None)
    name = getattr(name, "name", name)
    if name not in program.populations:
        raise RecordError(
            f"population must be one of {', '.join(program.populations)}, not {name!r}; use the "
            f"names of the network"
        )
    population = program.populations[name]
    if members is None:
        return population, np.arange(population.size)
    chosen = np.atleast_1d(np.asarray(members))
    if chosen.dtype == bool and chosen.shape == (population.size,):
        chosen = np.flatnonzero(chosen)
    if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "iu"):
        raise RecordError(f"members of {name!r} must be a list of integers, not {members!r}")
    bad = chosen[(chosen < 0) | (chosen >= population.size)]
    if bad.size:
        raise RecordError(
            f"members of {name!r} must be in 0..{population.size - 1}, not {bad[0]}; the "
            f"population has {population.size} neurons"
        )
    return population, chosen.astype(np.int64)
