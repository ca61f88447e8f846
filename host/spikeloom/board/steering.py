"""What steers learning, as writes of control registers: reward, freezing, the random seed."""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from spikeloom.compiler import Program
from spikeloom.compiler.sampling import without_sampling
from spikeloom.contract.learning import REWARD_ONE
from spikeloom.contract.registers import CONTROL_REGISTERS, CORE_REGISTERS, core_register
from spikeloom.contract.words import Words, control_words

from .errors import StateError, StimulusError

__all__ = ["Change", "checked_changes", "learning_cores", "steering_writes"]

_REWARD_RANGE = CORE_REGISTERS["reward"].fields[0].range
_MAX_SEED = (1 << CONTROL_REGISTERS["seed"].bits) - 1


@dataclasses.dataclass(frozen=True, eq=False)
class Change:
    """Words that act before a step of a run.

    Attributes
    ----------
    step : int
        The step, counted from the start of the run.
    words : ndarray of uint16
        CONTROL words.
    """

    step: int
    words: Words


def learning_cores(program: Program) -> dict[str, frozenset[int]]:
    """Return the cores with plastic synapses onto each population that has some."""
    cores: dict[str, set[int]] = {}
    for placed in program.projections.values():
        if placed.plastic.any():
            here = np.unique(placed.core[placed.plastic]).tolist()
            cores.setdefault(placed.post, set()).update(here)
    return {name: frozenset(numbers) for name, numbers in cores.items()}


def steering_writes(
    program: Program, name: str, value: Any, populations: Any = None
) -> dict[int, int]:
    """Return the control registers that set something, by offset.

    Parameters
    ----------
    program : Program
        What is loaded.
    name : {"reward", "learning", "seed", "stimulus_seed"}
        What to set.
    value : float, bool or int
        To what: a reward in -2..1.98 (rounded to 1/64), True or False, a seed in 0..2**32-1 (of
        stochastic rounding, or of random encoders and noise).
    populations : str, Population or sequence of these, optional
        Whose learning; None: of all that learn.

    Raises
    ------
    StateError
        If a value is out of range, nothing learns, or a population shares its core with others
        that learn.
    SamplingError
        If a stimulus has no seed, since samples are not built in.
    """
    if name in ("seed", "stimulus_seed"):
        if name == "stimulus_seed" and not program.config.sampling:
            raise without_sampling(program.config, "a stimulus_seed")
        return {CONTROL_REGISTERS[name].offset: _checked_seed(value, populations)}
    if name == "reward":
        reward = CORE_REGISTERS["reward"].pack(reward=_checked_reward(value))
        return {core_register("reward", k): reward for k in _cores(program, populations)}
    if name != "learning":
        raise StateError(
            f"what changes must be 'reward', 'learning', 'seed' or 'stimulus_seed', not {name!r}; "
            f"choose one"
        )
    if not isinstance(value, bool | np.bool_):
        raise StateError(f"learning must be True or False, not {value!r}; False freezes weights")
    register = CORE_REGISTERS["learning"]
    if not learning_cores(program) and not value:
        return {}
    writes = {}
    for core in _cores(program, populations):
        offset = core_register("learning", core)
        fields = register.unpack(program.control[offset]) | {"change": int(value)}
        writes[offset] = register.pack(**fields)
    return writes


def _cores(program: Program, populations: Any) -> list[int]:
    """Return the learning cores of populations, which share them with no other that learns."""
    known = learning_cores(program)
    if not known:
        raise StateError(
            "a network with reward or learning must have plastic synapses, but the one that is "
            "loaded has none; give connect() an stdp="
        )
    if populations is None:
        return sorted(frozenset.union(*known.values()))
    if isinstance(populations, str) or not isinstance(populations, Iterable):
        populations = [populations]
    names = [getattr(each, "name", each) for each in populations]
    for name in names:
        if name not in known:
            raise StateError(
                f"population must be one that learns ({', '.join(known)}), not {name!r}; choose "
                f"one of these"
            )
    cores = sorted(frozenset.union(*(known[name] for name in names)))
    shared = sorted(other for other in known if other not in names and known[other] & set(cores))
    if shared:
        raise StateError(
            f"{', '.join(names)} must be set together with {', '.join(shared)}, which learn on "
            f"the same cores; give their rules different group= to place them apart"
        )
    return cores


def _checked_reward(value: Any) -> int:
    low, high = _REWARD_RANGE
    number = isinstance(value, int | float | np.integer | np.floating)
    if not number or isinstance(value, bool) or not math.isfinite(value):
        raise StateError(f"reward must be a finite number, not {value!r}; 1 scales by 1")
    units: int = round(value * REWARD_ONE)
    if not low <= units <= high:
        raise StateError(
            f"reward must be in {low / REWARD_ONE:g}..{high / REWARD_ONE:g}, not {value:g}; "
            f"clip it, or make the rule's a_plus and a_minus larger"
        )
    return units


def _checked_seed(value: Any, populations: Any) -> int:
    if populations is not None:
        raise StateError("seed must be set for the whole array, not for a population; leave it out")
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise StateError(f"seed must be an integer, not {value!r}; give one in 0..{_MAX_SEED}")
    if not 0 <= value <= _MAX_SEED:
        raise StateError(f"seed must be in 0..{_MAX_SEED}, not {value}; give one in that range")
    return int(value)


def checked_changes(program: Program, control: Any, steps: int | None) -> list[Change]:
    """Return what changes during a run, in the order of its steps.

    Parameters
    ----------
    program : Program
        What is loaded.
    control : iterable of (step, name, value) or (step, name, value, populations)
        See `Board.run`.
    steps : int or None
        Steps of the run, None if not known.

    Raises
    ------
    StateError, StimulusError
        If an entry does not fit.
    """
    changes = []
    if isinstance(control, str | Mapping) or not isinstance(control, Iterable):
        raise StimulusError(
            f"control must be a list of (step, name, value), not {control!r}; for example "
            f"[(100, 'reward', 0.5)]"
        )
    for entry in control:
        if not isinstance(entry, tuple | list) or len(entry) not in (3, 4):
            raise StimulusError(
                f"an entry of control must be (step, name, value) or (step, name, value, "
                f"population), not {entry!r}; write (100, 'reward', 0.5)"
            )
        step = entry[0]
        whole = isinstance(step, int | np.integer) and not isinstance(step, bool)
        if not whole or step < 0 or (steps is not None and step >= steps):
            last = "" if steps is None else f"..{steps - 1}"
            raise StimulusError(
                f"step of a control entry must be an integer in 0{last or ' or more'}, not "
                f"{step!r}; it acts before that step of the run"
            )
        writes = steering_writes(program, *entry[1:])
        if writes:
            words = np.concatenate([control_words(*write) for write in sorted(writes.items())])
            changes.append(Change(int(step), words))
    return sorted(changes, key=lambda change: change.step)
