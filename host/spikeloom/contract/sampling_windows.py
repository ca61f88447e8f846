"""The windows of stimulus and read-out on the chip."""

from collections.abc import Iterator

from . import sampling
from .config import ArrayConfig
from .window import Field, Window

__all__ = ["sampling_windows"]


def sampling_windows(c: ArrayConfig) -> Iterator[Window]:
    """Yield the windows of a configuration with `ArrayConfig.sampling`."""
    yield Window(
        name="sample",
        id=3,
        depth=max(sampling.SampleField) + 1,
        fields=(Field(name="value", bits=sampling.SAMPLE_WORD_BITS, doc="see `SampleField`"),),
        kind="state",
        doc="the sample: 0 age, 1 leader and whether decided, 2 its spikes, 3 those of the second, "
        "4 next word of the pattern, 5 steps until it is read",
    )
    yield Window(
        name="levels",
        id=13,
        depth=c.inputs,
        fields=(
            Field(name="level", bits=sampling.LEVEL_BITS, doc="what an encoder turns into spikes"),
        ),
        kind="network",
        doc="a level per input",
    )
    yield Window(
        name="encoders",
        id=14,
        depth=c.inputs,
        fields=(
            Field(
                name="mode",
                bits=sampling.MODE_BITS,
                doc="0: none, 1: regular, 2: random, 3: latency",
            ),
            Field(
                name="scale",
                bits=sampling.SCALE_BITS,
                doc="rates and latencies are divided by 2**this",
            ),
        ),
        kind="network",
        doc="how the level of an input becomes spikes",
    )
    yield Window(
        name="pattern",
        id=15,
        depth=c.pattern_words,
        fields=(Field(name="word", bits=16, doc="an EVENT or STEP word"),),
        kind="network",
        doc="stimulus memory: words that are played again and again",
    )
    yield Window(
        name="readout",
        id=22,
        depth=c.neurons,
        fields=(
            Field(name="group", bits=c.group_bits, doc="where its spikes are counted"),
            Field(name="counted", bits=1, doc="1: its spikes are counted"),
            Field(name="silent", bits=1, doc="1: its spikes are not reported"),
        ),
        kind="network",
        doc="what becomes of the spikes of a neuron, by global index",
    )
    yield Window(
        name="counts",
        id=23,
        depth=c.neurons,
        fields=(
            Field(name="count", bits=sampling.COUNT_BITS, doc="spikes in the sample"),
            Field(
                name="first", bits=sampling.COUNT_BITS, doc="age of the first one, plus 1; 0: none"
            ),
        ),
        kind="state",
        doc="spikes of each group",
    )
