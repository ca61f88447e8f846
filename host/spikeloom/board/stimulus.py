"""From what a user calls a stimulus to event words, checked before any of it is sent."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.coding import event_words
from spikeloom.compiler import PlacedInput
from spikeloom.contract.words import Words

from .block_stream import BlockStream, comes_in_blocks
from .blocks import BlockStimulus
from .errors import StimulusError
from .levels import levels_rows
from .steering import Change
from .streams import EventStream, ItemStream, StimulusStream

__all__ = ["Stimulus", "encode_batch", "encode_stream", "is_batch"]

Indices = npt.NDArray[np.int64]
Inputs = Mapping[str, PlacedInput]

ChangesFor = Callable[[int | None], list[Change]]

Stimulus = Any
"""See `spikeloom.board.Board.run` for the forms that are accepted."""

MAX_RUN_STEPS = 1 << 31
"""Steps of one run, so that times stay within half the span of the array's step counter."""


def is_batch(stimulus: Stimulus) -> bool:
    """Return whether a stimulus has a sample axis."""
    values = stimulus.values() if isinstance(stimulus, Mapping) else (stimulus,)
    return any(isinstance(value, np.ndarray) and value.ndim == 3 for value in values)


def _nothing(steps: int | None) -> list[Change]:
    """Change nothing during a run."""
    return []


def encode_stream(
    inputs: Inputs,
    stimulus: Stimulus,
    steps: int | None,
    changes_for: ChangesFor = _nothing,
    extra: int = 0,
    base: int | None = None,
) -> StimulusStream:
    """Encode a stimulus without sample axis.

    Parameters
    ----------
    inputs : mapping of str to PlacedInput
        The program's inputs.
    stimulus : array, pair of arrays, iterator, mapping or None
        See `Board.run`.
    steps : int, optional
        Steps to run.
    changes_for : callable
        Gives what changes during a run of so many steps (None: not known).
    extra : int
        Steps of silence behind it all.
    base : int, optional
        Axon of a bitmap's first bit, see `spikeloom.coding`; None: no bitmaps.

    Raises
    ------
    StimulusError
        If anything does not fit; an iterator is checked as it is consumed.
    """
    steps = _checked_steps(steps)
    if (blocks := _block_stimulus(inputs, stimulus)) is not None:
        source, events = blocks
        changes = changes_for(events.steps if steps is None else steps)
        return BlockStream(source, events, steps, changes, extra, base)
    if _is_iterator(stimulus):
        items, limit = stimulus, steps
        if extra:
            items = itertools.chain(
                itertools.islice(stimulus, steps), itertools.repeat(None, extra)
            )
            limit = None if steps is None else steps + extra
        return ItemStream(items, _StepEncoder(inputs, base), limit, changes_for(steps))
    t, axon, length = _all_events(inputs, stimulus, steps)
    return EventStream(t, axon, length + extra, changes_for(length), base)


def encode_batch(
    inputs: Inputs,
    stimulus: Stimulus,
    steps: int | None,
    changes_for: ChangesFor = _nothing,
    extra: int = 0,
    base: int | None = None,
    levels: npt.NDArray[np.uint8] | None = None,
) -> tuple[list[Words], int]:
    """Encode a stimulus with sample axis: the words of each sample, and the steps of each.

    `extra` steps of silence follow each sample and are counted. `levels`, of shape (samples or 1,
    axons), stand before each sample; without a stimulus there are as many samples as levels.

    Raises
    ------
    StimulusError
        If anything does not fit.
    """
    steps = _checked_steps(steps)
    rows = None if levels is None else levels_rows(levels)
    if stimulus is None and rows is not None:
        if steps is None:
            raise StimulusError("samples of levels alone must have steps; give steps=")
        changes = changes_for(steps)
        none = np.empty(0, np.int64)
        silence = np.concatenate(list(EventStream(none, none, steps + extra, changes)))
        return [np.concatenate([row, silence]) for row in rows], steps + extra
    named = _by_name(inputs, stimulus)
    for name, value in named.items():
        if not isinstance(value, np.ndarray) or value.ndim != 3:
            raise StimulusError(
                f"stimulus of input {name!r} must be an array [samples, steps, channels] like the "
                f"others, not {_describe(value)}; give every input a sample axis"
            )
    samples = {value.shape[0] for value in named.values()}
    if len(samples) != 1:
        raise StimulusError(
            f"all inputs must have the same number of samples, not {sorted(samples)}; cut the "
            f"longer ones"
        )
    if 0 in samples:
        raise StimulusError("a batch must have at least one sample, not 0; check the array's shape")
    lengths = {value.shape[1] for value in named.values()}
    length = max(lengths) if steps is None else steps
    changes = changes_for(length)
    words = []
    count = samples.pop()
    if rows is not None and len(rows) not in (1, count):
        raise StimulusError(
            f"levels and stimulus must have the same number of samples, not {len(rows)} and "
            f"{count}; cut the longer one"
        )
    for k in range(count):
        sample = {name: value[k] for name, value in named.items()}
        t, axon, _ = _all_events(inputs, sample, length)
        head = [] if rows is None else [rows[k % len(rows)]]
        body = EventStream(t, axon, length + extra, changes, base)
        words.append(np.concatenate([*head, *body]))
    return words, length + extra


def _checked_steps(steps: int | None) -> int | None:
    if steps is None:
        return None
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 0:
        raise StimulusError(f"steps must be an integer of 0 or more, not {steps!r}; give a count")
    if steps > MAX_RUN_STEPS:
        raise StimulusError(
            f"steps must be at most {MAX_RUN_STEPS} in one run, not {steps}; use several runs"
        )
    return int(steps)


def _block_stimulus(inputs: Inputs, stimulus: Stimulus) -> tuple[PlacedInput, BlockStimulus] | None:
    """Return the input and the stimulus if it comes in blocks, as event data do."""
    if not comes_in_blocks(stimulus):
        return None
    ((name, events),) = _by_name(inputs, stimulus).items()
    return inputs[name], events


def _is_iterator(stimulus: Stimulus) -> bool:
    return isinstance(stimulus, Iterator)


def _describe(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"one of shape {list(value.shape)}"
    return f"a {type(value).__name__}"


def _by_name(inputs: Inputs, stimulus: Stimulus) -> dict[str, Any]:
    if stimulus is None:
        return {}
    if isinstance(stimulus, Mapping):
        for name in stimulus:
            _input(inputs, name)
        return dict(stimulus)
    own = [name for name, source in inputs.items() if not source.noise]
    if len(own) != 1:
        raise StimulusError(
            f"a stimulus without names must be for a program with one input, but this one has "
            f"{len(own)} ({', '.join(own)}); give a dict of name to stimulus"
        )
    return {own[0]: stimulus}


def _input(inputs: Inputs, name: object) -> PlacedInput:
    if name not in inputs:
        raise StimulusError(
            f"input must be one of {', '.join(inputs) or 'none'}, not {name!r}; "
            f"use the names of the network"
        )
    return inputs[str(name)]


def _all_events(
    inputs: Inputs, stimulus: Stimulus, steps: int | None
) -> tuple[Indices, Indices, int]:
    """Return time and axon of every event, and the steps of the run."""
    times: list[Indices] = []
    axons: list[Indices] = []
    length = 0
    for name, value in _by_name(inputs, stimulus).items():
        source = inputs[name]
        t, channel, own_length = _events(source, value, steps)
        length = max(length, own_length)
        for copy in source.axons:
            axon = copy[channel]
            connected = axon >= 0
            times.append(t[connected])
            axons.append(axon[connected])
    if steps is None and stimulus is None:
        raise StimulusError("a run without stimulus must have steps; give steps=")
    none = np.empty(0, np.int64)
    return (
        np.concatenate([none, *times]),
        np.concatenate([none, *axons]),
        length if steps is None else steps,
    )


def _events(source: PlacedInput, value: Any, steps: int | None) -> tuple[Indices, Indices, int]:
    """Return time and channel of an input's events, and how long its stimulus is."""
    if isinstance(value, tuple) and len(value) == 2:
        t, channel = (_integers(source, part) for part in value)
        length = int(t.max()) + 1 if t.size else 0
        if t.shape != channel.shape:
            raise StimulusError(
                f"events of input {source.name!r} must have as many times as channels, not "
                f"{t.size} and {channel.size}; give one of each per event"
            )
        _check_range(source, "channel", channel, source.size)
        _check_range(source, "time", t, MAX_RUN_STEPS if steps is None else steps)
        return t, channel, length
    if _is_iterator(value):
        raise StimulusError(
            f"stimulus of input {source.name!r} must not be an iterator inside a dict; let one "
            f"iterator yield a dict of name to channels per step"
        )
    dense = _dense(source, value)
    if steps is not None and len(dense) > steps:
        raise StimulusError(
            f"stimulus of input {source.name!r} must have at most steps = {steps} steps, not "
            f"{len(dense)}; cut it or run more steps"
        )
    t, channel = np.nonzero(dense)
    return t.astype(np.int64), channel.astype(np.int64), len(dense)


def _integers(source: PlacedInput, values: Any) -> Indices:
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise StimulusError(
            f"times and channels of input {source.name!r} must be lists of integers, not "
            f"{array.dtype} of shape {list(array.shape)}; times are counted in steps"
        )
    return array.astype(np.int64)


def _check_range(source: PlacedInput, what: str, values: Indices, limit: int) -> None:
    bad = values[(values < 0) | (values >= limit)]
    if bad.size:
        raise StimulusError(
            f"{what} of an event of input {source.name!r} must be in 0..{limit - 1}, not "
            f"{bad[0]}; the input has {source.size} channels"
        )


def _dense(source: PlacedInput, value: Any) -> npt.NDArray[np.bool_]:
    try:
        array = np.asarray(value)
    except ValueError:
        raise StimulusError(
            f"stimulus of input {source.name!r} must be a rectangular array, not ragged lists; "
            f"for lists of channels per step give an iterator: iter(lists)"
        ) from None
    if array.ndim != 2 or array.shape[1] != source.size:
        raise StimulusError(
            f"stimulus of input {source.name!r} must have shape [steps, {source.size}], not "
            f"{list(array.shape)}; one row per step, one column per channel"
        )
    if array.dtype.kind not in "biuf":
        raise StimulusError(
            f"stimulus of input {source.name!r} must be booleans or numbers, not {array.dtype}"
        )
    if array.dtype.kind != "b":
        bad = array[(array != 0) & (array != 1)]
        if bad.size:
            raise StimulusError(
                f"stimulus of input {source.name!r} must hold 0 or 1, not {bad[0]}; a channel "
                f"spikes at most once a step, so encode values as spikes first"
            )
    return array.astype(bool)


class _StepEncoder:
    """Makes the words of one step of an iterator."""

    def __init__(self, inputs: Inputs, base: int | None = None) -> None:
        self._inputs = inputs
        self._base = base

    def __call__(self, t: int, item: Any) -> Words:
        parts = [np.empty(0, np.int64)]
        for name, channels in _by_name(self._inputs, item).items():
            source = self._inputs[name]
            channel = _integers(source, channels)
            _check_range(source, f"channel in step {t}", channel, source.size)
            parts += [copy[channel] for copy in source.axons]
        axons = np.unique(np.concatenate(parts))
        axons = axons[axons >= 0]
        return event_words(np.zeros_like(axons), axons, 1, self._base)
