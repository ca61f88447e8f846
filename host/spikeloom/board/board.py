"""`Board`: program, run, read, write, freeze."""

import functools
import html
import logging
from typing import Any, Self

from spikeloom.coding import bitmap_base
from spikeloom.compiler import PlacedPopulation, PlacedProjection, Program
from spikeloom.contract import ArrayConfig, Capability, ValueRangeError
from spikeloom.contract.frames import ResetKind
from spikeloom.contract.registers import CONTROL_REGISTERS
from spikeloom.link.statistics import LinkStatistics
from spikeloom.naming import Named
from spikeloom.network import Network
from spikeloom.recording import Recording

from .alignment import aligned, extra_steps
from .levels import has_samples
from .pacing import Pacing
from .probes import RecordingPlan, plan_recording
from .progress import Progress, reporting
from .running import Runner, link_statistics
from .sampling import SampleAccess
from .status import BoardStatus, read_status
from .steering import checked_changes
from .stimulus import Stimulus, encode_batch, encode_stream, is_batch
from .watching import WeightWatcher, checked_every

__all__ = ["Board"]

_log = logging.getLogger("spikeloom")

_RUN_REGISTERS = ("probes_in_use", "output_policy", "step_interval")
"""Control registers that each run sets, in the order of their offsets, without a gap."""


class Board(SampleAccess):
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

    @property
    def populations(self) -> Named[PlacedPopulation]:
        """Populations of the program, by name; empty without one."""
        return Named(self.loaded.populations if self.loaded else {})

    @property
    def projections(self) -> Named[PlacedProjection]:
        """Projections of the program, by name; empty without one."""
        return Named(self.loaded.projections if self.loaded else {})

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
        self._forget_samples()
        self._write(program, progress)
        self._note_samples(program)
        self.loaded = program
        return program

    def _write(self, program: Program, progress: Progress) -> None:
        """Write images and control registers, one frame behind the other."""
        writes = program.writes
        total = program.size_bytes
        done = 0
        with reporting(progress, total, "programming", "B") as report:

            def advance(size: int) -> None:
                nonlocal done
                done += size
                report(done, total)

            self.target.write_all(writes, advance)

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

    # Run

    def run(
        self,
        stimulus: Stimulus = None,
        steps: int | None = None,
        *,
        levels: Any = None,
        record: Any = ("spikes",),
        every: int | None = None,
        control: Any = (),
        progress: Progress = None,
        step_interval_s: float = 0.0,
        on_full: str = "wait",
        align: bool = False,
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
            may be endless); binned event data (`spikeloom.events`); or an array of shape (samples,
            steps, channels). For programs with several inputs: a dict of input name to one of the
            first two or the last form, a dict of one name to binned event data, or an iterator
            that yields dicts of name to channels. None: silence.
        steps : int, optional
            Steps to run, 0 or more; silence follows a shorter stimulus, an iterator is cut.
            None: as long as the stimulus.
        levels : array_like or mapping of input name to array_like, optional
            Of inputs with an encoder, for the whole run: floats 0..1 or integers 0..255, see
            `classify`. Shape (channels,); or (samples, channels) for a batch, with or without a
            stimulus that has a sample axis. None: these inputs are silent. What encoders, noise
            and a pattern do depends on the step of the sample, which begins at a reset; it counts
            65,536 steps and then begins anew.
        record : str, sequence of str, or dict
            What to keep: names among ``spikes``, ``v``, ``i``, ``theta`` for all populations, or
            a dict of such a name to populations: a name, a pair ``(name, members)``, or a list
            of these. Values are streamed with every step; the build limits their number. The
            name ``weights`` keeps the weights of all projections that learn (in a dict: of those
            named) before, during and after the run.
        every : int, optional
            Steps, or samples of a batch, between two readings of ``weights``. The array waits
            meanwhile, so that they are exact.
        control : sequence of (step, name, value), or with populations as a fourth entry
            What changes before a step of the run (of each sample of a batch), counted from its
            start: ``(100, "reward", 0.5)``, ``(200, "learning", False)``, ``(0, "seed", 7)``,
            ``(0, "stimulus_seed", 7)``. It stays so after the run.
        progress : bool or callable, optional
            None: a bar on terminals when it takes long. A callable gets steps (samples of a
            batch) done and all, None if not known.
        step_interval_s : float
            Real time: a step starts at least that long after the one before, in seconds of the
            array's clock. 0: as fast as possible.
        on_full : {"wait", "drop"}
            When the host is slow: the array waits and nothing is lost, or it goes on and counts
            what it drops.
        align : bool
            Layers answer one step later each. True: the array runs on in silence for as many
            steps as the latest of the recorded populations needs, and times count for each from
            the step that it answers to (`Population.latency`; importers set it).

        Returns
        -------
        Recording

        Raises
        ------
        NoProgramError
            If no program is loaded.
        StimulusError, StateError, RecordError, SampleError, SamplingError, ValueRangeError
            If an argument does not fit; nothing has run then.
        LinkError
            If the link fails; the array is stopped.
        """
        program = self._program()
        plan = plan_recording(record, program, self.config)
        pacing = Pacing.checked(step_interval_s, on_full, self.config)
        every = checked_every(every, bool(plan.weights), pacing)
        changes_for = functools.partial(checked_changes, program, control)
        extra = extra_steps(program, plan) if align else 0
        base = bitmap_base(self.config)
        if is_batch(stimulus) or has_samples(levels):
            rows = self._checked_levels(levels, axes=2)
            samples, length = encode_batch(
                program.inputs, stimulus, steps, changes_for, extra, base, rows
            )
            self._write_levels(rows, by_sample=True)
            runner = self._prepared_runner(program, plan, pacing, every)
            recording = runner.run_batch(samples, length, progress)
        else:
            row = self._checked_levels(levels, axes=1)
            stream = encode_stream(program.inputs, stimulus, steps, changes_for, extra, base)
            self._write_levels(row)
            runner = self._prepared_runner(program, plan, pacing, every)
            recording = runner.run_stream(stream, progress)
        return aligned(recording, program, extra) if align else recording

    def _prepared_runner(
        self, program: Program, plan: RecordingPlan, pacing: Pacing, every: int | None
    ) -> Runner:
        """Write probe table and registers of a run that was checked; return its runner."""
        table = plan.table(self.config) if plan.count else b""
        if table and table != self._probe_table:
            self._probe_table = None
            self.target.write("probe", table)
            self._probe_table = table
        values = (plan.count, pacing.policy, pacing.interval_cyc)
        first = CONTROL_REGISTERS[_RUN_REGISTERS[0]].offset
        self.target.write("control", b"".join(map(_register_bytes, values)), 0, first)
        self._report_spikes(plan.spikes)
        watcher = WeightWatcher(self.target, program, plan.weights, every)
        return Runner(self.target, program, plan, watcher)

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
