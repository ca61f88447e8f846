"""Recordings as objects of Neo, which Elephant, Viziphant and others take."""

from typing import TYPE_CHECKING, Any

import numpy as np

from spikeloom.contract import ValueRangeError
from spikeloom.extras import import_extra

if TYPE_CHECKING:
    from spikeloom.recording import Recording

__all__ = ["checked_step_s", "neo_block"]


def checked_step_s(step_s: Any) -> float:
    """Return the length of a step.

    Raises
    ------
    ValueRangeError
        If it is no positive number.
    """
    number = isinstance(step_s, int | float | np.number) and not isinstance(step_s, bool)
    if not number or not 0 < step_s < float("inf"):
        raise ValueRangeError(
            f"step_s must be a positive number of seconds, not {step_s!r}; a recording counts "
            f"steps and does not know how long they were meant to be"
        )
    return float(step_s)


def neo_block(recording: "Recording", step_s: float) -> Any:
    """Return a recording as a Block; see `spikeloom.Recording.to_neo`."""
    step_s = checked_step_s(step_s)
    neo = import_extra("neo", "neo", "recordings as Neo objects")
    block = neo.Block(name="spikeloom", description="one segment a sample")
    block.annotate(step_s=step_s, steps=recording.steps, samples=recording.samples)
    for sample in range(1 if recording.samples is None else recording.samples):
        segment = neo.Segment(name=f"sample {sample}", index=sample)
        segment.spiketrains.extend(_trains(neo, recording, sample, step_s))
        segment.analogsignals.extend(_signals(neo, recording, sample, step_s))
        block.segments.append(segment)
    return block


def _trains(neo: Any, recording: "Recording", sample: int, step_s: float) -> list[Any]:
    """Return the spikes of each neuron in a sample."""
    trains = []
    for name, times in recording.spike_times.items():
        mine = slice(*np.searchsorted(times.sample, (sample, sample + 1)))
        t, neuron = times.t[mine], times.neuron[mine]
        order = np.argsort(neuron, kind="stable")
        bounds = np.searchsorted(neuron[order], np.arange(1, times.size))
        for member, own in enumerate(np.split(t[order], bounds)):
            train = neo.SpikeTrain(
                own * step_s,
                units="s",
                t_stop=recording.steps * step_s,
                name=f"{name}[{member}]",
            )
            train.annotate(population=name, neuron=member)
            trains.append(train)
    return trains


def _signals(neo: Any, recording: "Recording", sample: int, step_s: float) -> list[Any]:
    """Return the values of each quantity and population in a sample."""
    signals = []
    for quantity, name in recording.recorded:
        values = recording.values(quantity, name)
        signal = neo.AnalogSignal(
            values if recording.samples is None else values[sample],
            units="dimensionless",
            sampling_rate=_hertz(step_s),
            name=f"{quantity} of {name}",
            array_annotations={"neuron": recording.recorded[quantity, name].members},
        )
        signal.annotate(population=name, quantity=quantity)
        signals.append(signal)
    return signals


def _hertz(step_s: float) -> Any:
    quantities = import_extra("quantities", "neo", "recordings as Neo objects")
    return quantities.Quantity(1.0 / step_s, "Hz")
