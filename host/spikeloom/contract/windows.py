"""The windows of an array: every memory that the link can reach, with its number."""

from collections.abc import Iterator

from . import learning
from . import numbers as n
from .config import ArrayConfig
from .registers import CONTROL_BITS, STATUS_BITS, control_depth, status_depth
from .sampling_windows import sampling_windows
from .window import CORE_BITS, Field, Kind, Window

__all__ = ["CAPABILITY_BYTES", "windows_of"]

CAPABILITY_BYTES = 128
"""Size of the capability block, window 0, in bytes."""


def windows_of(c: ArrayConfig) -> Iterator[Window]:
    """Yield the windows of a configuration. Numbers never change once they are released."""
    yield Window(
        name="capability",
        id=0,
        depth=CAPABILITY_BYTES,
        fields=(Field(name="byte", bits=8, doc="a byte of the capability block"),),
        writable=False,
        live=True,
        kind="info",
        doc="what was built: magic, version, build id, configuration",
    )
    yield Window(
        name="control",
        id=1,
        depth=control_depth(c),
        fields=(Field(name="value", bits=CONTROL_BITS, doc="see the control registers"),),
        live=True,
        kind="register",
        doc="registers that steer a run",
    )
    yield Window(
        name="status",
        id=2,
        depth=status_depth(),
        fields=(Field(name="value", bits=STATUS_BITS, doc="see the status registers"),),
        writable=False,
        live=True,
        kind="info",
        doc="what goes on, and sticky counters of all that went wrong",
    )
    if c.sampling:
        yield from sampling_windows(c)
    yield from _array_windows(c)
    yield from _synapse_windows(c)
    yield from _state_windows(c)
    yield from _parameter_windows(c)


def _array_windows(c: ArrayConfig) -> Iterator[Window]:
    yield Window(
        name="delay",
        id=4,
        depth=c.axons,
        fields=(Field(name="delay", bits=c.delay_bits, doc="axonal delay, steps"),),
        kind="network",
        doc="one delay per axon: 1..D-1 for a neuron's, 0..D-1 for an input",
    )
    yield Window(
        name="pending",
        id=5,
        depth=c.delay_slots * c.axon_words,
        fields=(Field(name="axons", bits=n.AXONS_PER_WORD, doc="bit k: axon 16*word + k is due"),),
        kind="state",
        doc="spikes on their way; word = (due step mod D) * ceil(A/16) + axon // 16",
    )
    if c.probes:
        yield Window(
            name="probe",
            id=6,
            depth=c.probes,
            fields=(
                Field(name="neuron", bits=10, doc="neuron within the core"),
                Field(name="core", bits=CORE_BITS, doc="core"),
                Field(name="quantity", bits=2, doc="0: v, 1: i, 2: theta"),
            ),
            kind="register",
            doc="which values are streamed after every step",
        )


def _synapse_windows(c: ArrayConfig) -> Iterator[Window]:
    row = (
        Field(name="row", bits=c.row_bits, doc="row of this axon's synapses"),
        Field(name="valid", bits=1, doc="1 if the axon has a row in this core"),
    )
    yield Window(
        name="rows",
        id=8,
        depth=c.axons,
        fields=row,
        cores=c.cores,
        per_core=True,
        kind="network",
        doc="row table: which row an axon reaches in this core",
    )
    depth = c.rows_per_core * c.window_words
    weight = Field(name="weight", bits=c.weight_bits, signed=True, doc="synaptic weight")
    yield Window(
        name="weights",
        id=9,
        depth=depth,
        fields=(weight,),
        lanes=c.window_lanes,
        cores=c.cores,
        per_core=True,
        kind="network",
        doc="word = row * N / H + neuron // H; lane = neuron mod H",
    )
    if c.plastic == "synapse":
        yield Window(
            name="plastic",
            id=10,
            depth=depth,
            fields=(Field(name="plastic", bits=1, doc="1 if the synapse learns"),),
            lanes=c.window_lanes,
            cores=c.cores,
            per_core=True,
            kind="network",
            doc="plastic flags, laid out as the weights",
        )
    if c.eligibility:
        trace = Field(name="eligibility", bits=8, signed=True, doc="what reward turns into weight")
        yield Window(
            name="eligibility",
            id=11,
            depth=depth,
            fields=(trace,),
            lanes=c.window_lanes,
            cores=c.cores,
            per_core=True,
            kind="state",
            doc="eligibility traces, laid out as the weights",
        )
    source = []
    if c.draws:
        source.append(Field(name="axon", bits=15, doc="the axon whose synapses the row holds"))
    if c.plastic == "row":
        source.append(Field(name="plastic", bits=1, doc="1 if the row's synapses learn"))
    if source:
        yield Window(
            name="sources",
            id=12,
            depth=c.rows_per_core,
            fields=tuple(source),
            cores=c.cores,
            per_core=True,
            kind="network",
            doc="the row table read backwards: whose synapses learn in each row",
        )


def _neuron_window(
    c: ArrayConfig, window_id: int, name: str, kind: Kind, doc: str, *fields: Field
) -> Window:
    return Window(
        name=name,
        id=window_id,
        depth=c.neurons_per_core,
        fields=fields,
        cores=c.cores,
        per_core=True,
        kind=kind,
        doc=doc,
    )


def _state_windows(c: ArrayConfig) -> Iterator[Window]:
    state = c.state_bits
    yield _neuron_window(
        c, 16, "v", "state", "membrane potentials",
        Field(name="v", bits=state, signed=True, doc="membrane potential"),
    )  # fmt: skip
    yield _neuron_window(
        c, 17, "i", "state", "synaptic currents",
        Field(name="i", bits=state, signed=True, doc="synaptic current"),
    )  # fmt: skip
    yield _neuron_window(
        c, 18, "c", "state", "refractory counters",
        Field(name="c", bits=n.REFRACTORY_BITS, doc="steps until the neuron may fire again"),
    )  # fmt: skip
    if c.theta:
        yield _neuron_window(
            c, 19, "theta", "state", "adaptive parts of the thresholds",
            Field(name="theta", bits=state - 1, doc="added to the threshold"),
        )  # fmt: skip
    if c.learns:
        yield Window(
            name="x",
            id=20,
            depth=-(-c.rows_per_core // learning.TRACES_PER_WORD),
            fields=(Field(name="x", bits=learning.TRACE_BITS, doc="pre-synaptic trace"),),
            lanes=learning.TRACES_PER_WORD,
            cores=c.cores,
            per_core=True,
            kind="state",
            doc="pre-synaptic traces; word = row // 4, lane = row mod 4",
        )
        yield Window(
            name="y",
            id=21,
            depth=c.window_words,
            fields=(Field(name="y", bits=learning.TRACE_BITS, doc="post-synaptic trace"),),
            lanes=c.window_lanes,
            cores=c.cores,
            per_core=True,
            kind="state",
            doc="post-synaptic traces; word = neuron // H, lane = neuron mod H",
        )


def _parameter_windows(c: ArrayConfig) -> Iterator[Window]:
    state, decay = c.state_bits, n.DECAY_BITS
    yield _neuron_window(
        c, 24, "threshold", "network", "thresholds",
        Field(name="threshold", bits=state, signed=True, doc="fires when v is greater"),
    )  # fmt: skip
    yield _neuron_window(
        c, 25, "reset", "network", "reset potentials",
        Field(name="reset", bits=state, signed=True, doc="v after a spike, in mode 0"),
    )  # fmt: skip
    yield _neuron_window(
        c, 26, "bias", "network", "biases",
        Field(name="bias", bits=state, signed=True, doc="added to v in every step"),
    )  # fmt: skip
    yield _neuron_window(
        c, 27, "leak", "network", "linear leaks",
        Field(name="leak", bits=state - 1, doc="v moves this far toward 0 in every step"),
    )  # fmt: skip
    yield _neuron_window(
        c, 28, "v_decay", "network", "decay of v, gain of the inputs",
        Field(name="v_decay", bits=decay, doc="v loses v_decay/4096 a step, 0..4096"),
        Field(name="gain", bits=n.GAIN_BITS, doc="left shift of the summed weights"),
    )  # fmt: skip
    yield _neuron_window(
        c, 29, "i_decay", "network", "decay of i, modes",
        Field(name="i_decay", bits=decay, doc="i loses i_decay/4096 a step, 0..4096"),
        Field(name="reset_mode", bits=1, doc="0: v becomes reset, 1: threshold is subtracted"),
        Field(name="hold", bits=1, doc="refractory mode, 1: v stays at reset, 0: v integrates"),
    )  # fmt: skip
    yield _neuron_window(
        c, 30, "refractory", "network", "refractory periods",
        Field(name="refractory", bits=n.REFRACTORY_BITS, doc="steps without a spike after one"),
    )  # fmt: skip
    if c.theta:
        yield _neuron_window(
            c, 31, "adaptation", "network", "how theta moves",
            Field(name="theta_plus", bits=state - 1, doc="added to theta at a spike"),
            Field(name="theta_decay", bits=decay, doc="theta loses theta_decay/4096, 0..4096"),
        )  # fmt: skip
