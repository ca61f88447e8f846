"""`LearningAccess`: freeze and resume, reward, seed, and the traces, between runs."""

from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.contract.learning import REWARD_ONE
from spikeloom.contract.registers import CONTROL_REGISTERS, CORE_REGISTERS, core_register

from .access import MemoryAccess
from .errors import StateError
from .steering import learning_cores, steering_writes
from .weights import read_synapses, read_traces

__all__ = ["LearningAccess"]


class LearningAccess(MemoryAccess):
    """The part of a `Board` that steers learning between runs."""

    @property
    def learning(self) -> bool:
        """Whether weights change: True or False for all that learns; set it to freeze or resume.

        Traces go on while weights are frozen. Loading a program switches learning on for what
        is plastic in it. `run(..., control=...)` changes it within a run.

        Raises
        ------
        StateError
            Set to True where nothing is plastic.
        """
        register = CORE_REGISTERS["learning"]
        values = [register.unpack(value)["change"] for value in self._read_cores("learning")]
        return bool(values) and all(values)

    @learning.setter
    def learning(self, value: bool) -> None:
        self._steer("learning", value)

    def set_learning(self, value: bool, populations: Any) -> None:
        """Freeze or resume learning of some populations; see `set_reward` for which may be set."""
        self._steer("learning", value, populations)

    @property
    def reward(self) -> float:
        """The reward that scales changes, -2..1.98 in steps of 1/64, 1 for no scaling.

        Raises
        ------
        StateError
            Read where cores differ (see `read_rewards`), or set where nothing is plastic or out
            of its range.
        """
        rewards = self.read_rewards()
        if len(set(rewards.values())) != 1:
            raise StateError(
                f"reward must be one for all that learns, not {rewards}; "
                f"read_rewards() gives it by population"
            )
        return next(iter(rewards.values()))

    @reward.setter
    def reward(self, value: float) -> None:
        self._steer("reward", value)

    def read_rewards(self) -> dict[str, float]:
        """Read the reward of each population that learns."""
        register = CORE_REGISTERS["reward"]
        result = {}
        for name, cores in learning_cores(self._program()).items():
            value = self._read_control(core_register("reward", min(cores)))
            result[name] = register.unpack(value)["reward"] / REWARD_ONE
        return result

    def set_reward(self, value: float, populations: Any) -> None:
        """Set the reward of some populations.

        Parameters
        ----------
        value : float
            Reward, -2..1.98, rounded to 1/64.
        populations : str, Population or sequence of these
            Whose. A core has one reward: populations that learn on the same core are set
            together, or placed apart by the ``group=`` of their rules.

        Raises
        ------
        StateError
            If it is out of range, or others that learn share a core. Nothing is written then.
        """
        self._steer("reward", value, populations)

    @property
    def seed(self) -> int:
        """Seed of stochastic rounding, 0..2**32-1; loading a program sets it to 0.

        What a run learns is a function of seed, step counter, network and stimulus.
        """
        return self._read_control(CONTROL_REGISTERS["seed"].offset)

    @seed.setter
    def seed(self, value: int) -> None:
        self._steer("seed", value)

    def read_traces(
        self, projection: Any, *, dense: bool = False, raw: bool = False
    ) -> dict[str, npt.NDArray[Any]]:
        """Read the traces that a projection's synapses learn by.

        Parameters
        ----------
        projection : str or Projection
            Name or the object itself.
        dense : bool
            False: one value per synapse, in the order of `read_weights`. True: matrices.
        raw : bool
            Whether eligibility is in integers of the array, not in units of weight.

        Returns
        -------
        dict of str to ndarray
            ``x`` of the synapse's axon and ``y`` of its neuron, 0..255, and ``eligibility``
            where it is built in.

        Raises
        ------
        StateError
            If the build does not learn.
        """
        placed = self._projection(projection)
        if not self._memory.config.learns:
            raise StateError(
                f"traces must be built in to be read, but {self._memory.config.name!r} has no "
                f"learning; use a build that learns"
            )
        traces: dict[str, npt.NDArray[Any]] = read_traces(self.target, self._memory, placed)
        if "eligibility" in self._memory:
            values = read_synapses(self.target, self._memory, placed, "eligibility", "eligibility")
            scale = placed.scale * placed.eligibility_scale
            traces["eligibility"] = values if raw else values / scale
        if not dense:
            return traces
        shape = (self._size(placed.pre), self._size(placed.post))
        matrices = {}
        for name, values in traces.items():
            matrices[name] = np.zeros(shape, values.dtype)
            matrices[name][placed.pre_index, placed.post_index] = values
        return matrices

    def _steer(self, name: str, value: Any, populations: Any = None) -> None:
        for offset, word in steering_writes(self._program(), name, value, populations).items():
            data = self._memory["control"].pack(value=[word])
            self.target.write("control", data, 0, offset)

    def _read_cores(self, name: str) -> list[int]:
        """Return a register of every core that learns."""
        cores = learning_cores(self._program()).values()
        numbers = sorted(frozenset().union(*cores))
        return [self._read_control(core_register(name, core)) for core in numbers]

    def _read_control(self, offset: int) -> int:
        data = self.target.read("control", 0, offset, 1)
        return int(self._memory["control"].unpack(data)["value"][0])
