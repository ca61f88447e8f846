"""`Board`: program, run, read, write, freeze."""

import html
import logging
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from spikeloom.compiler import Program
from spikeloom.contract import ArrayConfig, Capability, MemoryMap, ValueRangeError
from spikeloom.contract.frames import ResetKind
from spikeloom.contract.registers import CONTROL_REGISTERS
from spikeloom.link.statistics import LinkStatistics
from spikeloom.network import Network
from spikeloom.recording import Recording
from spikeloom.target import Target

from .errors import NoProgramError, StateError
from .pacing import Pacing
from .probes import RecordingPlan, plan_recording
from .progress import Progress, Report, reporting
from .running import Runner, link_statistics
from .snapshot import Snapshot, restore_snapshot, take_snapshot
from .state import read_state, write_state
from .status import BoardStatus, read_status
from .stimulus import Stimulus, encode_batch, encode_stream, is_batch
from .weights import quantised, read_weights, write_weights

__all__ = ["Board"]

_log = logging.getLogger("spikeloom")

_RUN_REGISTERS = ("probes_in_use", "output_policy", "step_interval")
"""Control registers that each run sets, in the order of their offsets, without a gap."""


class Board:
    """An array that a network can be loaded into and run on.

    Not for use from several threads. Use it in a ``with`` statement, or close it.

    Parameters
    ----------
    target : Target
        What it talks to; `spikeloom.open` makes both.

    Attributes
    ----------
    target : Target
        What it talks to.
    loaded : Program or None
        What `program` loaded last.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.loaded: Program | None = None
        self._memory = MemoryMap(target.capability.config)
        self._probe_table: bytes | None = None

    # What it is

    @property
    def url(self) -> str:
        """What was opened."""
        return self.target.url

    @property
    def capability(self) -> Capability:
        """What the device says of itself."""
        return self.target.capability

    @property
    def config(self) -> ArrayConfig:
        """Configuration of the array."""
        return self.target.capability.config

    @property
    def link(self) -> LinkStatistics | None:
        """Counters of the link since it was opened; None where there is no link."""
        return link_statistics(self.target)

    def info(self) -> dict[str, Any]:
        """Return url, build, configuration, line rate and program as plain values."""
        return {
            "url": self.url,
            "protocol": self.capability.version,
            "build_id": self.capability.build_id.hex(),
            "config": self.config.to_dict(),
            "fingerprint": self.config.fingerprint(),
            "baud": getattr(self.target, "baud", None),
            "program": None if self.loaded is None else self.loaded.report.network,
        }

    def status(self) -> BoardStatus:
        """Read the status registers; log a warning for each counter that should be zero."""
        status = read_status(self.target)
        for name, meaning in status.attention.items():
            _log.warning("%s: %s = %d: %s", self.url, name, status[name], meaning)
        return status

    def __repr__(self) -> str:
        name = "no program" if self.loaded is None else repr(self.loaded.report.network)
        return (
            f"<Board {self.url!r}: {self.config.name!r}, {self.config.neurons} neurons, "
            f"{self.config.inputs} inputs; {name}>"
        )

    def _repr_html_(self) -> str:
        config = self.config
        rows = {
            "url": self.url,
            "configuration": config.name,
            "neurons": f"{config.cores} cores x {config.neurons_per_core} = {config.neurons}",
            "inputs": str(config.inputs),
            "program": "none" if self.loaded is None else self.loaded.report.network,
        }
        body = "".join(
            f"<tr><td>{name}</td><td>{html.escape(value)}</td></tr>" for name, value in rows.items()
        )
        return f"<p>Board</p><table>{body}</table>"

    # Program and reset

    def program(self, program: Program | Network, *, progress: Progress = None) -> Program:
        """Load a program; a network is compiled for the board first.

        Parameters
        ----------
        program : Program or Network
            What to load.
        progress : bool or callable, optional
            None: a bar on terminals when it takes long. A callable gets bytes done and all.

        Returns
        -------
        Program
            What was loaded.

        Raises
        ------
        CompileError
            If the network cannot be compiled, or the program is for another configuration;
            nothing has been written then.
        LinkError
            If the link fails.
        """
        if isinstance(program, Network):
            from spikeloom.compiler import compile

            program = compile(program, self.config)
        if not isinstance(program, Program):
            raise ValueRangeError(
                f"a board takes a Program or a Network, not a {type(program).__name__}; "
                f"Program.load reads a file"
            )
        program.check_fits(self.config)
        self.loaded = self._probe_table = None
        self.target.reset(ResetKind.ALL)
        total = program.size_bytes
        with reporting(progress, total, "programming", "B") as report:
            self._write_images(program, report, total)
        for offset, value in sorted(program.control.items()):
            self.target.write("control", _register_bytes(value), 0, offset)
        self.loaded = program
        return program

    def _write_images(self, program: Program, report: Report, total: int) -> None:
        done = 0
        for image in program.images:
            self.target.write(image.window, image.data, image.core, image.offset)
            done += len(image.data)
            report(done, total)

    def reset_state(self) -> None:
        """Set v, i, c, theta, pending spikes and the step counter to 0."""
        self.target.reset(ResetKind.STATE)

    def reset_all(self) -> None:
        """Clear everything: state, weights, parameters, registers; the program is gone."""
        self.loaded = self._probe_table = None
        self.target.reset(ResetKind.ALL)

    def reset_counters(self) -> None:
        """Set the sticky counters of `status` to 0."""
        self.target.reset(ResetKind.COUNTERS)

    def _program(self) -> Program:
        if self.loaded is None:
            raise NoProgramError(
                f"the board {self.url!r} must hold a program, but none was loaded since it was "
                f"opened or reset; call board.program(network) first"
            )
        return self.loaded

    # Run

    def run(
        self,
        stimulus: Stimulus = None,
        steps: int | None = None,
        *,
        record: Any = ("spikes",),
        progress: Progress = None,
        step_interval_s: float = 0.0,
        on_full: str = "wait",
    ) -> Recording:
        """Run the program on a stimulus.

        Without a sample axis the run goes on from the present state; `reset_state` starts anew.
        With one, every sample starts from the reset state.

        Parameters
        ----------
        stimulus : optional
            For a program with one input: a dense array of 0 and 1, shape (steps, channels); a
            pair ``(times, channels)`` of integer lists, times in steps from the start of the run;
            an iterator that yields a list of channels per step (consumed as there is room, so it
            may be endless); or an array of shape (samples, steps, channels). For programs with
            several inputs: a dict of input name to one of the first two or the last form, or an
            iterator that yields such dicts of name to channels. None: silence.
        steps : int, optional
            Steps to run, 0 or more; silence follows a shorter stimulus, an iterator is cut.
            None: as long as the stimulus.
        record : str, sequence of str, or dict
            What to keep: names among ``spikes``, ``v``, ``i``, ``theta`` for all populations, or
            a dict of such a name to populations: a name, a pair ``(name, members)``, or a list
            of these. Values are streamed with every step; the build limits their number.
        progress : bool or callable, optional
            None: a bar on terminals when it takes long. A callable gets steps (samples of a
            batch) done and all, None if not known.
        step_interval_s : float
            Real time: a step starts at least that long after the one before, in seconds of the
            array's clock. 0: as fast as possible.
        on_full : {"wait", "drop"}
            When the host is slow: the array waits and nothing is lost, or it goes on and counts
            what it drops.

        Returns
        -------
        Recording

        Raises
        ------
        NoProgramError
            If no program is loaded.
        StimulusError, RecordError, ValueRangeError
            If an argument does not fit; nothing has run then.
        LinkError
            If the link fails; the array is stopped.
        """
        program = self._program()
        plan = plan_recording(record, program, self.config)
        pacing = Pacing.checked(step_interval_s, on_full, self.config)
        if is_batch(stimulus):
            samples, length = encode_batch(program.inputs, stimulus, steps)
            self._prepare(plan, pacing)
            return Runner(self.target, program, plan).run_batch(samples, length, progress)
        stream = encode_stream(program.inputs, stimulus, steps)
        self._prepare(plan, pacing)
        return Runner(self.target, program, plan).run_stream(stream, progress)

    def _prepare(self, plan: RecordingPlan, pacing: Pacing) -> None:
        """Set probe table and registers of a run."""
        table = plan.table(self.config) if plan.count else b""
        if table and table != self._probe_table:
            self._probe_table = None
            self.target.write("probe", table)
            self._probe_table = table
        values = (plan.count, pacing.policy, pacing.interval_cyc)
        first = CONTROL_REGISTERS[_RUN_REGISTERS[0]].offset
        self.target.write("control", b"".join(map(_register_bytes, values)), 0, first)

    # Weights, state, memory

    def read_weights(
        self, projection: Any, *, dense: bool = False, raw: bool = False
    ) -> npt.NDArray[Any]:
        """Read the weights of a projection from the array.

        Parameters
        ----------
        projection : str or Projection
            Name or the object itself.
        dense : bool
            False: one weight per synapse, in the order of
            ``loaded.projections[name].pre_index`` and ``post_index``. True: a matrix; pairs
            without a synapse have 0.
        raw : bool
            False: float64 in the user's unit. True: integers as in the array.

        Returns
        -------
        ndarray, shape (synapses,) or (pre size, post size)
        """
        placed = self._projection(projection)
        weights: npt.NDArray[Any] = read_weights(self.target, self._memory, placed)
        if not raw:
            weights = weights / placed.scale
        if not dense:
            return weights
        matrix = np.zeros((self._size(placed.pre), self._size(placed.post)), weights.dtype)
        matrix[placed.pre_index, placed.post_index] = weights
        return matrix

    def write_weights(self, projection: Any, weights: npt.ArrayLike, *, raw: bool = False) -> None:
        """Write the weights of a projection; they are rounded to what the array can hold.

        Parameters
        ----------
        projection : str or Projection
            Name or the object itself.
        weights : array_like, shape (), (synapses,) or (pre size, post size)
            New weights, in the order or matrix of `read_weights`.
        raw : bool
            Whether they are integers of the array.

        Raises
        ------
        StateError
            If a weight is not finite or out of range; nothing has been written then.
        """
        placed = self._projection(projection)
        given = np.asarray(weights)
        if given.ndim == 2:
            shape = (self._size(placed.pre), self._size(placed.post))
            if given.shape != shape:
                raise StateError(
                    f"a weight matrix of {placed.name!r} must have shape {list(shape)}, not "
                    f"{list(given.shape)}"
                )
            given = given[placed.pre_index, placed.post_index]
        limits = self._memory["weights"].field("weight").range
        size = len(placed.pre_index)
        what = f"weights of {placed.name!r}"
        numbers = quantised(what, given, placed.scale, limits, size, raw)
        write_weights(self.target, self._memory, placed, numbers)

    def read_state(self, population: Any, *, raw: bool = False) -> dict[str, npt.NDArray[Any]]:
        """Read v, i, c and, where built in, theta of a population.

        Returns
        -------
        dict of str to ndarray, shape (size,)
            v, i and theta in the user's unit (integers of the array if `raw`), c in steps.
        """
        return read_state(self.target, self._memory, self._population(population), raw)

    def write_state(self, population: Any, *, raw: bool = False, **values: npt.ArrayLike) -> None:
        """Write state variables of a population.

        Parameters
        ----------
        population : str or Population
            Name or the object itself.
        raw : bool
            Whether v, i and theta are integers of the array.
        **values : array_like, shape () or (size,)
            v, i, c or theta.

        Raises
        ------
        StateError
            If a name is unknown or a number does not fit; nothing has been written then.
        """
        placed = self._population(population)
        write_state(self.target, self._memory, placed, values, raw)

    def read(
        self, window: str, core: int = 0, offset: int = 0, count: int | None = None
    ) -> dict[str, npt.NDArray[np.int64]]:
        """Read any memory; ``docs/memory-map.md`` lists them.

        Returns
        -------
        dict of str to ndarray of int64, shape (words,) or (words, lanes)
            By field of the window.
        """
        data = self.target.read(window, core, offset, count)
        return self._memory[window].unpack(data)

    def write(self, window: str, core: int = 0, offset: int = 0, **fields: npt.ArrayLike) -> None:
        """Write any writable memory between runs; values by field, see `read`."""
        if window not in self._memory:
            raise ValueRangeError(
                f"window must be one of {', '.join(w.name for w in self._memory)}, not {window!r}"
            )
        if window == "probe":
            self._probe_table = None
        self.target.write(window, self._memory[window].pack(**fields), core, offset)

    def _projection(self, projection: Any) -> Any:
        return self._named("projection", projection, self._program().projections)

    def _population(self, population: Any) -> Any:
        return self._named("population", population, self._program().populations)

    @staticmethod
    def _named(kind: str, thing: Any, known: dict[str, Any]) -> Any:
        name = getattr(thing, "name", thing)
        if name not in known:
            raise StateError(
                f"{kind} must be one of {', '.join(known) or 'none'}, not {name!r}; use the names "
                f"of the network"
            )
        return known[name]

    def _size(self, name: str) -> int:
        program = self._program()
        part = program.populations.get(name) or program.inputs[name]
        return part.size

    # Snapshot

    def snapshot(self) -> Snapshot:
        """Read every memory: all that is needed to go on from here, bit for bit."""
        return take_snapshot(self.target)

    def restore(self, snapshot: Snapshot) -> None:
        """Put every memory back; rings are emptied.

        Raises
        ------
        SnapshotError
            If it is of another configuration; nothing has been written then.
        """
        self._probe_table = None
        restore_snapshot(self.target, snapshot)

    # End

    def close(self) -> None:
        """Let go of the device; closing twice is allowed."""
        self.target.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _register_bytes(value: int) -> bytes:
    return value.to_bytes(4, "little")
