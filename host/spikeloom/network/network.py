"""`Network`: what a user says."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.naming import Named

from .checks import checked_name
from .encoders import Encoder
from .errors import NetworkError
from .lif import LIF
from .parts import Input, Population, Projection
from .raw_stdp import RawSTDP
from .stdp import STDP, LearningRule
from .stimulation import Noise, Pattern, Readout, pattern_of, readout_of
from .synapses import Plastic, synapses_of

__all__ = ["Network"]

Part = Input | Population


class Network:
    """Inputs, populations of neurons, and the projections between them.

    Parameters
    ----------
    name : str
        Name, for reports and files.

    Attributes
    ----------
    inputs, populations, projections : dict by name
        The parts, in the order in which they were added; `Named`, so that prompts complete
        ``net.populations.hidden``.
    read_out : Readout or None
        What `readout` said.
    repeated : Pattern or None
        What `pattern` said.

    Examples
    --------
    >>> net = Network("ring")
    >>> ring = net.population("ring", 3, LIF(threshold=0.5))
    >>> net.connect(ring, ring, weights=1.0, pre=[0, 1, 2], post=[1, 2, 0], delay=4)
    <Projection 'ring->ring': 3 synapses, delay 4>
    >>> net["ring"].size
    3
    """

    def __init__(self, name: str = "network") -> None:
        self.name = checked_name("a network", name)
        self.inputs: Named[Input] = Named()
        self.populations: Named[Population] = Named()
        self.projections: Named[Projection] = Named()
        self.read_out: Readout | None = None
        self.repeated: Pattern | None = None

    def input(self, name: str, size: int, *, encoder: Encoder | None = None) -> Input:
        """Add an input of `size` channels and return it.

        Parameters
        ----------
        name : str
            Name, unique among inputs and populations.
        size : int
            Channels, at least 1.
        encoder : RateEncoder, RandomEncoder or LatencyEncoder, optional
            How the chip makes spikes of a number per channel, which `Board.classify` and
            ``Board.run(levels=...)`` send; needs an array with samples built in.

        Raises
        ------
        NetworkError
            If the name is taken, the size is below 1 or the encoder is none.
        """
        part = Input(name, size, encoder)
        self.add(part)
        return part

    def noise(self, name: str, size: int, rate: npt.ArrayLike) -> Noise:
        """Add background noise: `size` channels that spike at random, made on the chip.

        Parameters
        ----------
        name : str
            Name, unique among inputs and populations.
        size : int
            Channels, independent of each other, at least 1.
        rate : float or array, shape (size,)
            Probability of a spike in a step, 0..1.

        Raises
        ------
        NetworkError
            If the name is taken, or size or a rate is out of range.
        """
        part = Noise(name, size, rate=rate)
        self.add(part)
        return part

    def population(
        self,
        name: str,
        size: int,
        neuron: LIF,
        *,
        scale: float | None = None,
        latency: int = 0,
        report: bool = True,
    ) -> Population:
        """Add a population of `size` neurons and return it.

        Parameters
        ----------
        name : str
            Name, unique among inputs and populations.
        size : int
            Neurons, at least 1.
        neuron : LIF
            Parameters, for all neurons or with a vector of `size` values.
        scale : float, optional
            Integer units of potential per user unit, see `Population`; 1 means that all numbers
            are integers already.
        latency : int
            Steps after its stimulus at which it answers, see `Population`.
        report : bool
            Whether runs report its spikes when they are not asked for by name.

        Raises
        ------
        NetworkError
            If the name is taken, or sizes, scale or latency are out of range.
        """
        part = Population(name, size, neuron, scale, latency, report)
        self.add(part)
        return part

    def add(self, part: Part) -> None:
        """Add an input or a population that was made before.

        Raises
        ------
        NetworkError
            If the name is taken or `part` is neither.
        """
        if not isinstance(part, Input | Population):
            raise NetworkError(
                f"a part of a network must be an Input or a Population, not "
                f"{type(part).__name__}; connect() makes projections"
            )
        if part.name in self.inputs or part.name in self.populations:
            raise NetworkError(
                f"name must be unique among inputs and populations, not {part.name!r} again; "
                f"choose another"
            )
        if isinstance(part, Input):
            self.inputs[part.name] = part
        else:
            self.populations[part.name] = part

    def readout(
        self,
        population: Population | str | Sequence[Population | str],
        groups: Sequence[Any] | npt.NDArray[Any] | None = None,
        *,
        names: Sequence[Any] | None = None,
    ) -> Readout:
        """Say which neurons' spikes the chip counts, and for what.

        `Board.classify` presents samples; the group with most spikes in a sample wins it, of
        several the first. A network has one read-out; another call replaces it.

        Parameters
        ----------
        population : Population or its name, or a sequence of these
            Who is read; members of several are numbered one after the other.
        groups : sequence, one entry per member, optional
            Group of each: a number from 0, or a label (groups are numbered in the order in which
            labels first appear); -1 or None: its spikes do not count. Default: each member is a
            group of its own.
        names : sequence of str, optional
            Name of each group; default its number.

        Raises
        ------
        NetworkError
            If a population is unknown, or groups or names are not as many as there must be.

        Examples
        --------
        >>> net = Network("vote")
        >>> cells = net.population("cells", 4, LIF(threshold=1.0))
        >>> net.readout(cells, ["cat", "cat", "dog", None]).names
        ('cat', 'dog')
        """
        several = isinstance(population, Sequence) and not isinstance(population, str)
        parts = population if several else [population]
        readout = readout_of([self._population(part) for part in parts], groups, names)  # type: ignore[arg-type,union-attr]
        self.read_out = readout
        return readout

    def _population(self, part: Population | str) -> Population:
        found = self._part(part)
        if isinstance(found, Input):
            raise NetworkError(
                f"a read-out must be of a population, not of the input {found.name!r}; name one "
                f"of {', '.join(self.populations) or 'none so far'}"
            )
        return found

    def pattern(self, stimulus: Mapping[str, Any], period: int | None = None) -> Pattern:
        """Store a stimulus in the array's memory, which repeats it for ever.

        It begins anew with each sample. A network has one pattern; another call replaces it, and
        `Board.set_pattern` does while the network is loaded.

        Parameters
        ----------
        stimulus : mapping of input name to spikes
            Spikes of one period: an array of 0 and 1, shape (steps, channels), or a pair ``(times,
            channels)`` of integer lists.
        period : int, optional
            Steps from one beginning to the next; needed where spikes are lists. Default: as long
            as the longest array.

        Raises
        ------
        NetworkError
            If an input is unknown, spikes are out of range or there is no period.

        Examples
        --------
        >>> net = Network("metronome")
        >>> _ = net.input("click", 1)
        >>> net.pattern({"click": ([0], [0])}, period=100).period
        100
        """
        self.repeated = pattern_of(self.inputs, stimulus, period)
        return self.repeated

    def connect(
        self,
        source: Part | str,
        target: Population | str,
        weights: npt.ArrayLike,
        *,
        delay: npt.ArrayLike | None = None,
        mask: npt.ArrayLike | None = None,
        pre: npt.ArrayLike | None = None,
        post: npt.ArrayLike | None = None,
        one_to_one: bool = False,
        stdp: LearningRule | None = None,
        plastic: Plastic | None = None,
        name: str | None = None,
    ) -> Projection:
        """Add synapses from `source` to `target`, which may be the same population.

        Parameters
        ----------
        source : Input or Population, or its name
            Where spikes come from.
        target : Population, or its name
            Where they act.
        weights : float or array
            Weights in the target's unit of potential: a matrix of shape ``(pre, post)`` or one
            number for all pairs; with `pre` and `post`, or `one_to_one`, one number or one per
            synapse.
        delay : int or array, optional
            Steps: one number, one per source, or one per synapse (in the form of the weights).
            From an input 0 (default) or more; from a neuron 1 (default) or more. One delay per
            source costs nothing. Several from one input channel take an axon each, several from
            one neuron a relay neuron each.
        mask : array of bool, shape (pre, post), optional
            Where the synapses are; a weight of 0 is then one too. Without it they are where the
            matrix is not 0.
        pre, post : sequence of int, optional
            Member indices, one entry per synapse.
        one_to_one : bool
            Join member k of the source to member k of the target.
        stdp : STDP or RawSTDP, optional
            The rule by which synapses learn. All that learn onto one population learn by one
            rule; populations with different rules are placed on different cores.
        plastic : bool or array of bool, optional
            Which synapses learn: default all if there is a rule. An array has the shape of the
            weights, ``(pre, post)`` or one per synapse.
        name : str, optional
            Name of the projection; default ``source->target``, numbered from the second on.

        Returns
        -------
        Projection
            The synapses. Several synapses of the same source, target and delay add up.

        Raises
        ------
        NetworkError
            If a part is unknown, a shape is wrong, or a number is not finite or out of range.
            The network is then as it was.
        """
        start = self._part(source)
        end = self._target(target)
        # All arrivals of a step come before the neurons that fire in it.
        lowest_delay = 0 if isinstance(start, Input) else 1
        synapses = synapses_of(
            (start.size, end.size),
            weights,
            delay,
            lowest_delay,
            _checked_rule(stdp, plastic),
            mask=mask,
            pre=pre,
            post=post,
            one_to_one=one_to_one,
        )
        name = self._projection_name(name, start, end)
        rule = stdp if synapses.plastic.any() else None
        self.projections[name] = Projection(name, start, end, *synapses, stdp=rule)
        return self.projections[name]

    def _projection_name(self, name: str | None, start: Part, end: Population) -> str:
        """Return a name that no projection has: the one that is wanted, or one after the parts."""
        if name is None:
            base = f"{start.name}->{end.name}"
            number = 1
            name = base
            while name in self.projections:
                number += 1
                name = f"{base} #{number}"
        elif checked_name("a projection", name) in self.projections:
            raise NetworkError(
                f"name must be unique among projections, not {name!r} again; choose another"
            )
        return name

    def _part(self, part: Part | str) -> Part:
        name = part.name if isinstance(part, Input | Population) else part
        known = self.inputs | self.populations
        if not isinstance(name, str) or name not in known:
            raise NetworkError(
                f"part must be one of {', '.join(map(repr, known)) or 'none so far'}, not "
                f"{name!r}; add it to network {self.name!r} first"
            )
        if not isinstance(part, str) and known[name] is not part:
            raise NetworkError(
                f"part {name!r} must belong to network {self.name!r}, not to another one; "
                f"use the one that this network returned"
            )
        return known[name]

    def _target(self, part: Population | str) -> Population:
        found = self._part(part)
        if isinstance(found, Input):
            raise NetworkError(
                f"target must be a population, not the input {found.name!r}; swap source and target"
            )
        return found

    def __getitem__(self, name: str) -> Part:
        return self._part(name)

    def _ipython_key_completions_(self) -> list[str]:
        """Tell prompts what can stand in brackets."""
        return [*self.inputs, *self.populations]

    @property
    def synapses(self) -> int:
        """Synapses of all projections."""
        return sum(len(projection) for projection in self.projections.values())

    @property
    def neurons(self) -> int:
        """Neurons of all populations."""
        return sum(population.size for population in self.populations.values())

    def __repr__(self) -> str:
        parts = [f"{part.name} ({part.size} channels)" for part in self.inputs.values()]
        parts += [f"{part.name} ({part.size} neurons)" for part in self.populations.values()]
        return f"<Network {self.name!r}: {', '.join([*parts, f'{self.synapses} synapses'])}>"

    def _repr_html_(self) -> str:
        rows = [
            (p.name, "input", str(p.size), "" if p.encoder is None else repr(p.encoder))
            for p in self.inputs.values()
        ]
        rows += [
            (p.name, "population", str(p.size), repr(p.neuron)) for p in self.populations.values()
        ]
        rows += [
            (p.name, "projection", str(len(p)), f"delays {_span(p.delays)}")
            for p in self.projections.values()
        ]
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in rows
        )
        return (
            f"<p>network <b>{html.escape(self.name)}</b></p>"
            f"<table><tr><th>part</th><th>kind</th><th>size</th><th></th></tr>{body}</table>"
        )


def _checked_rule(stdp: LearningRule | None, plastic: Plastic | None) -> Plastic:
    """Return which synapses learn."""
    if stdp is not None and not isinstance(stdp, STDP | RawSTDP):
        raise NetworkError(
            f"stdp must be an STDP or an STDP.raw, not {type(stdp).__name__}; write "
            f"STDP(a_plus=..., a_minus=..., w_max=...)"
        )
    if plastic is None:
        return stdp is not None
    if stdp is None and np.any(np.asarray(plastic)):
        raise NetworkError(
            "plastic synapses must have a rule to learn by, not stdp=None; give stdp=STDP(...)"
        )
    return plastic


def _span(delays: npt.NDArray[np.int64]) -> str:
    return f"{delays.min()}..{delays.max()}" if delays.size else "none"
