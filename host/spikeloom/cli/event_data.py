"""Options of ``spikeloom run`` for event data, and what they make of a file."""

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spikeloom.events import EventReport, EventSamples, EventStream

__all__ = ["SUFFIXES", "EventInput", "add_event_options", "event_input"]

SUFFIXES = (".h5", ".hdf5", ".npy", ".dat", ".raw", ".aedat4")
_OPTIONS = (
    "step_s", "size", "channels", "crop", "crop_time", "polarity", "pool", "start", "sort_within",
    "samples", "to",
)  # fmt: skip
_OF_STREAMS = ("size", "start", "sort_within")


def add_event_options(parser: argparse.ArgumentParser) -> None:
    """Add the options, in a group of their own."""
    group = parser.add_argument_group(
        "event data",
        "With an --input of event data, time is cut into steps and each event becomes a spike of\n"
        "its pixel's channel, (p * height + y) * width + x, in this order: crop, polarity, pool,\n"
        "step. Several events of a channel in a step are one spike; what is left out and what is\n"
        "merged is counted and printed.",
    )
    group.add_argument(
        "--step-s", type=_seconds, metavar="S", help="length of a step in seconds; needed"
    )
    group.add_argument("--size", type=_size, metavar="WxH", help="sensor, if the file is silent")
    group.add_argument("--channels", type=int, metavar="N", help="channels, likewise")
    group.add_argument(
        "--crop",
        type=_crop,
        metavar="X:X,Y:Y",
        help="keep columns and rows from:to, or channels from:to; the end is left out",
    )
    group.add_argument(
        "--crop-time", type=_crop_time, metavar="S:S", help="keep these seconds; may be open: 2:"
    )
    group.add_argument(
        "--polarity",
        choices=("merge", "split", "on", "off"),
        help="both polarities as one; each with channels of its own (default); one of them",
    )
    group.add_argument("--pool", type=int, metavar="K", help="join K x K pixels, or K channels")
    group.add_argument(
        "--start",
        type=_start,
        metavar="S",
        help="when step 0 begins, or 'first': at the first event",
    )
    group.add_argument(
        "--sort-within", type=_seconds, metavar="S", help="sort in events that are so much late"
    )
    group.add_argument(
        "--samples", type=_slice, metavar="A:B", help="these samples of an SHD-style file"
    )
    group.add_argument("--to", metavar="INPUT", help="input of the program, if it has several")


@dataclasses.dataclass(frozen=True)
class EventInput:
    """Event data as a stimulus.

    Attributes
    ----------
    stimulus : dict
        For `Board.run`.
    step_s : float
        Length of a step, in seconds.
    labels : ndarray of int64 or None
        Labels of the samples, if it has samples.
    report : callable
        Gives what became of the events, once it has run.
    """

    stimulus: dict[str, Any]
    step_s: float
    labels: Any
    report: "Callable[[], EventReport]"


def event_input(args: argparse.Namespace, inputs: list[str]) -> EventInput | None:
    """Open the input if it is event data; None if it is a table or there is none.

    Raises
    ------
    EventFileError
        If an option is missing or has no meaning for the file.
    EventDataError
        If the file or an option does not fit.
    """
    given = [name for name in _OPTIONS if getattr(args, name) is not None]
    path = args.input
    if path is None or path.suffix not in SUFFIXES:
        if given:
            raise _refused(
                f"--{given[0].replace('_', '-')} must come with an --input of event data "
                f"({', '.join(SUFFIXES)}), not {'none' if path is None else path.name}; leave it "
                f"out"
            )
        return None
    if args.step_s is None:
        raise _refused(
            f"--step-s must say how many seconds of {path.name!r} a step is; for example "
            f"--step-s 0.001"
        )
    name = _input_name(args.to, inputs)
    opened: Any = _opened(args, path, given)
    binned: Any
    if _has_samples(opened):
        samples = _chained(opened[args.samples] if args.samples else opened, args)
        binned = samples.bin(args.step_s, steps=args.steps)
        stimulus, labels = binned.dense(), binned.labels
    else:
        binned = _chained(opened, args).bin(args.step_s, steps=args.steps, start=args.start)
        stimulus, labels = binned, None
    return EventInput({name: stimulus}, args.step_s, labels, lambda: binned.report)


def _refused(text: str) -> Exception:
    # Imported late: the help of all commands must not wait for numpy.
    from .errors import EventFileError

    return EventFileError(text)


def _has_samples(opened: Any) -> bool:
    from spikeloom.events import EventSamples

    return isinstance(opened, EventSamples)


def _input_name(to: str | None, inputs: list[str]) -> str:
    if to is None and len(inputs) == 1:
        return inputs[0]
    if to not in inputs:
        raise _refused(
            f"--to must be one of the program's inputs, {', '.join(inputs) or 'none'}, not {to!r}"
        )
    return to


def _opened(args: argparse.Namespace, path: Path, given: list[str]) -> "EventStream | EventSamples":
    from spikeloom import events

    if path.suffix in (".h5", ".hdf5") and events.has_samples(path):
        wrong = [name for name in given if name in _OF_STREAMS]
        if wrong:
            raise _refused(
                f"--{wrong[0].replace('_', '-')} must be left out for {path.name!r}, which holds "
                f"samples of channels; --crop-time gives the begin of their steps"
            )
        return events.open_samples(path, channels=args.channels)
    if args.samples is not None:
        raise _refused(
            f"--samples must come with a file of samples, not {path.name!r}; leave it out"
        )
    return events.open(
        path, size=args.size, channels=args.channels, sort_within_s=args.sort_within or 0.0
    )


def _chained(opened: Any, args: argparse.Namespace) -> Any:
    if args.crop is not None:
        opened = opened.crop(**args.crop)
    if args.crop_time is not None:
        opened = opened.crop(t_s=args.crop_time)
    if args.polarity is not None:
        opened = opened.polarity(args.polarity)
    return opened if args.pool is None else opened.pool(args.pool)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number of seconds") from None


def _start(text: str) -> float | str:
    return text if text == "first" else _seconds(text)


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = (int(part) for part in text.lower().split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} must be WIDTHxHEIGHT, as 640x480") from None
    return width, height


def _span(text: str) -> tuple[int, int]:
    begin, end = (int(part) for part in text.split(":"))
    return begin, end


def _crop(text: str) -> dict[str, tuple[int, int]]:
    try:
        spans = [_span(part) for part in text.split(",")]
        if len(spans) == 1:
            return {"channels": spans[0]}
        x, y = spans
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} must be X:X,Y:Y, as 16:112,16:112, or A:B for channels"
        ) from None
    return {"x": x, "y": y}


def _crop_time(text: str) -> tuple[float | None, float | None]:
    try:
        begin, end = (float(part) if part else None for part in text.split(":"))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} must be seconds from:to, as 0.5:2 or 0.5:"
        ) from None
    return begin, end


def _slice(text: str) -> slice:
    try:
        begin, end = (int(part) if part else None for part in text.split(":"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} must be from:to, as 0:100") from None
    return slice(begin, end)
