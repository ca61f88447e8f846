"""`SampleAccess`: samples that the chip stimulates, counts and judges, and what repeats there."""

import contextlib
import dataclasses
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.compiler import PlacedReadout, Program
from spikeloom.compiler.sampling import pattern_words, readout_data, without_sampling
from spikeloom.contract import ArrayConfig, SpikeloomError
from spikeloom.contract.registers import CONTROL_REGISTERS
from spikeloom.contract.sampling import SampleField
from spikeloom.contract.words import Words, map_words
from spikeloom.decisions import NOBODY, Decisions
from spikeloom.link.errors import LinkError
from spikeloom.link.statistics import LinkStatistics
from spikeloom.network.stimulation import pattern_of
from spikeloom.target import Target

from .decoding import OutputDecoder, SampleResults
from .errors import SampleError
from .learning import LearningAccess
from .levels import Levels, axon_levels, leveled_axons
from .presenting import CLEARS, Presentation, present
from .progress import Progress, Report, reporting
from .running import link_statistics
from .snapshot import Snapshot
from .stopping import STOP_REGISTERS, Stop, stop_registers

__all__ = ["SampleAccess"]

Indices = npt.NDArray[np.int64]


class SampleAccess(LearningAccess):
    """The part of a `Board` that presents samples.

    Parameters
    ----------
    target : Target
        What it talks to.
    """

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._forget_samples()

    def _forget_samples(self) -> None:
        """Know nothing of what stands in windows ``levels`` and ``readout``."""
        self._levels: bytes | None = None
        self._reported: frozenset[str] | None = None

    def _note_samples(self, program: Program) -> None:
        """Know what loading a program has written there."""
        self._levels = bytes(leveled_axons(program))
        reporting = (name for name, part in program.populations.items() if part.report)
        self._reported = frozenset(reporting)

    def restore(self, snapshot: Snapshot) -> None:
        """Put every memory back; rings are emptied.

        Raises
        ------
        SnapshotError
            If it is of another configuration; nothing has been written then.
        """
        self._forget_samples()
        super().restore(snapshot)

    def classify(
        self,
        levels: Any = None,
        steps: int | None = None,
        *,
        stimulus: Any = None,
        until: Stop | Iterable[Stop] | None = None,
        after: int = 0,
        seed: Any = 0,
        clear: Any = tuple(CLEARS),
        counts: bool = False,
        progress: Progress = None,
    ) -> Decisions:
        """Present samples one behind the other and return who won each.

        Stimulus, counting and judging happen on the chip, and all samples are under way at once: a
        sample costs a byte per encoded channel and a few more, however long it lasts. Spikes are
        counted there and not reported.

        Parameters
        ----------
        levels : array_like, shape (samples, channels), or mapping of input name to such
            Of inputs with an encoder: floats 0..1 (of the encoder's full rate or window, rounded to
            the nearest of its levels) or integers 0..255 (levels as they are).
        steps : int, optional
            Steps of a sample, 1..65535. Default: as long as the stimulus, else 32.
        stimulus : array or mapping, optional
            Spikes from the host, instead of levels or with them: 0 and 1, shape (samples, steps,
            channels), as in `run`.
        until : Margin, Count, or both in a list, optional
            When a sample is decided and ends: at the leader's lead, or at its spikes. None: each
            runs all its steps.
        after : int
            Steps before which none is decided.
        seed : int or sequence of int
            Of random encoders and noise, 0..2**32-1: one for all samples, each of which then has
            the same random numbers, or one each (6 more bytes a sample). It stays afterwards.
        clear : str or sequence of str
            What is cleared before each sample, also the first: some of ``state`` (potentials,
            currents, refractory counters, spikes under way), ``theta``, ``traces``,
            ``eligibility``. Default: all of them.
        counts : bool
            Whether to read every group's spikes and first spike as well; takes a round trip to
            the board for each sample.
        progress : bool or callable, optional
            None: a bar on terminals when it takes long. A callable gets samples done and all.

        Returns
        -------
        Decisions

        Raises
        ------
        NoProgramError
            If no program is loaded.
        SamplingError
            If samples are not built in.
        SampleError, StimulusError
            If there is no read-out, or an argument does not fit; nothing has run then.
        LinkError
            If the link fails; the array is stopped.

        Examples
        --------
        >>> import spikeloom
        >>> from spikeloom.contract import CONFIGS
        >>> net = spikeloom.Network("brighter")
        >>> eyes = net.input("eyes", 2, encoder=spikeloom.RateEncoder())
        >>> sides = net.population("sides", 2, spikeloom.LIF(threshold=0.9, v_decay=1))
        >>> _ = net.connect(eyes, sides, 1.0, pre=[0, 1], post=[0, 1])
        >>> _ = net.readout(sides, names=["left", "right"])
        >>> config = CONFIGS["tiny"].replace(sampling=True)
        >>> with spikeloom.open("model:", config=config) as board:
        ...     _ = board.program(net)
        ...     decisions = board.classify([[0.25, 0.5], [1.0, 0.1]], until=spikeloom.Margin(3))
        >>> decisions.names_won, decisions.steps.tolist()
        (['right', 'left'], [10, 4])
        """
        program = self._program()
        if not self._config.sampling:
            raise without_sampling(self._config, "classify()")
        if program.readout is None:
            raise SampleError(
                f"classify() must have a read-out, but network {program.report.network!r} has "
                f"none; add network.readout(population)"
            )
        shown = present(program, levels, stimulus, steps, seed, clear)
        stops = stop_registers(until, after, shown.steps)
        began_s, before = time.monotonic(), link_statistics(self.target)
        self._report_spikes(())
        if shown.seeds is None:
            self._write_registers("stimulus_seed", [int(seed)])
        self._write_registers("probes_in_use", [0, 0, 0])
        tables: list[Indices] = []
        self._levels = None
        with self._stopping(stops), reporting(progress, shown.samples, "samples", "sample") as told:
            results = self._present(shown, tables if counts else None, told)
        after_all = link_statistics(self.target)
        link = None if after_all is None or before is None else after_all - before
        return _decisions(results, program.readout, tables, link, time.monotonic() - began_s)

    def _present(
        self, shown: Presentation, tables: list[Indices] | None, told: Report
    ) -> SampleResults:
        """Run all samples; read the counters of each where `tables` is a list."""
        decoder, parts, done = OutputDecoder(map_words(self._config)), [], 0

        def run(words: Iterable[Words]) -> None:
            nonlocal done
            for output in self.target.run(words):
                parts.append(decoder.feed(output).results)
                done += parts[-1].t.size
                told(done, shown.samples)

        if tables is None:
            run(shown.words())
        else:
            head = shown.begin
            for body in shown.bodies():
                run([head, body])
                tables.append(self._read_counts())
                head = shown.end
            run([head])
        if done != shown.samples:
            raise LinkError(
                f"the array on {self.target.url!r} must report {shown.samples} samples, but "
                f"reported {done}; please report this"
            )
        return SampleResults(
            *(np.concatenate(column) for column in zip(*map(_columns, parts), strict=True))
        )

    def _read_counts(self) -> Indices:
        """Return count and age of the first spike of each group, shape (2, groups)."""
        readout = self._program().readout
        groups = 0 if readout is None else len(readout.names)
        there = min(groups, self._config.neurons)
        fields = self.read("counts", 0, 0, there)
        table = np.zeros((2, groups), np.int64)
        table[0, :there], table[1, :there] = fields["count"], fields["first"]
        return table

    @contextlib.contextmanager
    def _stopping(self, stops: tuple[int, ...]) -> Iterator[None]:
        """Set the registers of early stop, and leave them as every other run needs them."""
        first, none = STOP_REGISTERS[0], [0] * len(STOP_REGISTERS)
        place = self._memory["sample"]
        self._write_registers(first, stops)
        try:
            yield
        except BaseException:
            # A sample that was cut short may be decided: then no step of a later run would run.
            with contextlib.suppress(SpikeloomError):
                self._write_registers(first, none)
                self.target.write("sample", bytes(place.depth * place.word_bytes))
            raise
        self._write_registers(first, none)

    # What repeats

    def set_pattern(self, stimulus: Mapping[str, Any], period: int | None = None) -> None:
        """Store a stimulus that the array repeats for ever, instead of the one it has.

        It begins at once, and anew with each sample. `Network.pattern` makes it part of a program.

        Parameters
        ----------
        stimulus, period
            See `Network.pattern`.

        Raises
        ------
        NetworkError, SamplingError
            If it does not fit inputs or memory, or samples are not built in; nothing has been
            written then.
        """
        program = self._program()
        if not self._config.sampling:
            raise without_sampling(self._config, "a pattern")
        pattern = pattern_of(program.inputs, stimulus, period)
        words = pattern_words(pattern, program.inputs, self._config)
        self._stop_pattern()
        self.target.write("pattern", self._memory["pattern"].pack(word=words))
        self._write_registers("pattern_length", [words.size])

    def clear_pattern(self) -> None:
        """Let nothing repeat any more."""
        if not self._config.sampling:
            raise without_sampling(self._config, "a pattern")
        self._stop_pattern()

    def _stop_pattern(self) -> None:
        self._write_registers("pattern_length", [0])
        place = self._memory["sample"]
        self.target.write("sample", bytes(2 * place.word_bytes), 0, SampleField.PLACE)

    # What runs need

    def _report_spikes(self, populations: Iterable[str]) -> None:
        """Let the array report the spikes of some populations and of no others."""
        wanted = frozenset(populations)
        program = self._program()
        if not self._config.sampling or wanted == self._reported:
            return
        silent = [part.neurons for name, part in program.populations.items() if name not in wanted]
        data = readout_data(
            self._config, program.readout, np.concatenate([program.relays, *silent])
        )
        self._reported = None
        self.target.write("readout", data)
        self._reported = wanted

    def _checked_levels(self, levels: Any, axes: int) -> Levels | None:
        """Return the levels of axons that a run was given."""
        if levels is None:
            return None
        if not self._config.sampling:
            raise without_sampling(self._config, "levels")
        return axon_levels(self._program(), levels, axes)

    def _write_levels(self, levels: Levels | None, by_sample: bool = False) -> None:
        """Write the levels of a run, unless they stand there; None: encoded inputs are silent.

        Those of a batch stand in its stream, and then in memory whatever comes last.
        """
        count = leveled_axons(self._program())
        if levels is not None and by_sample:
            self._levels = None
        elif count:
            data = bytes(count) if levels is None else levels.tobytes()
            if data != self._levels:
                self._levels = None
                self.target.write("levels", data)
                self._levels = data

    def _write_registers(self, first: str, values: Iterable[int]) -> None:
        data = b"".join(value.to_bytes(4, "little") for value in values)
        self.target.write("control", data, 0, CONTROL_REGISTERS[first].offset)

    @property
    def _config(self) -> ArrayConfig:
        return self.target.capability.config


def _columns(results: SampleResults) -> tuple[npt.NDArray[Any], ...]:
    return tuple(getattr(results, field.name) for field in dataclasses.fields(results))


def _decisions(
    results: SampleResults,
    readout: PlacedReadout,
    tables: list[Indices],
    link: LinkStatistics | None,
    seconds: float,
) -> Decisions:
    table = np.stack(tables) if tables else None
    return Decisions(
        names=readout.names,
        winner=np.where(results.best > 0, results.leader, NOBODY),
        steps=np.diff(results.t, prepend=0),
        decided=results.decided,
        best=results.best,
        second=results.second,
        counts=None if table is None else table[:, 0],
        first=None if table is None else table[:, 1] - 1,
        link=link,
        seconds=seconds,
    )
