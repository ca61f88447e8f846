"""The memory map as data: every window of the array that the link can reach.

A *window* is a memory of words; a *word* is a structure of *fields*, repeated once per lane in
the synapse windows. On the wire a word takes ``word_bytes`` bytes, little-endian, field bits
packed from bit 0 upwards. An address is ``window << 26 | core << 20 | offset``.
"""

import dataclasses
from collections.abc import Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt

from . import numbers as n
from .config import ArrayConfig
from .errors import ConfigError, ValueRangeError
from .registers import CONTROL_BITS, STATUS_BITS, control_depth, status_depth

__all__ = ["CAPABILITY_BYTES", "Field", "Kind", "MemoryMap", "Window"]

CAPABILITY_BYTES = 128
"""Size of the capability block, window 0, in bytes."""

OFFSET_BITS = 20
CORE_BITS = 6
WINDOW_BITS = 6

Kind = Literal["info", "register", "network", "state"]
"""``info`` and ``register`` windows describe and steer; ``network`` is what a program writes;
``state`` is what a step changes. A snapshot is every register, network and state window."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Field:
    """One number in a word.

    Attributes
    ----------
    name : str
        The symbol of the semantics page.
    bits : int
        Width.
    signed : bool
        Two's complement if true.
    doc : str
        Meaning and unit.
    """

    name: str
    bits: int
    signed: bool = False
    doc: str

    @property
    def range(self) -> tuple[int, int]:
        """Smallest and largest value."""
        return n.signed_range(self.bits) if self.signed else n.unsigned_range(self.bits)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Window:
    """A memory that the link can reach.

    Attributes
    ----------
    name : str
        Name, lower case.
    id : int
        Number of the window in an address, 0..63.
    depth : int
        Words; per core if `per_core`.
    fields : tuple of Field
        What a word holds, from bit 0 upwards.
    lanes : int
        How often the fields repeat in a word.
    cores : int
        How many copies there are: C if `per_core`, else 1.
    per_core : bool
        Whether each core has its own.
    writable : bool
        Whether `WRITE` is allowed (between steps).
    live : bool
        Whether `READ` is allowed while steps run.
    kind : {"info", "register", "network", "state"}
        What it is for.
    doc : str
        One line for the table.
    """

    name: str
    id: int
    depth: int
    fields: tuple[Field, ...]
    lanes: int = 1
    cores: int = 1
    per_core: bool = False
    writable: bool = True
    live: bool = False
    kind: Kind
    doc: str

    @property
    def lane_bits(self) -> int:
        """Bits of one lane's fields."""
        return sum(field.bits for field in self.fields)

    @property
    def word_bits(self) -> int:
        """Bits of a word."""
        return self.lane_bits * self.lanes

    @property
    def word_bytes(self) -> int:
        """Bytes of a word on the wire."""
        return -(-self.word_bits // 8)

    def address(self, offset: int = 0, core: int = 0) -> int:
        """Return the 32-bit address of a word.

        Raises
        ------
        ValueRangeError
            If there is no such word.
        """
        if not 0 <= core < self.cores:
            raise ValueRangeError(
                f"core of window {self.name!r} must be in 0..{self.cores - 1}, not {core}; "
                f"the array has no such core"
            )
        if not 0 <= offset < self.depth:
            raise ValueRangeError(
                f"offset in window {self.name!r} must be in 0..{self.depth - 1}, not {offset}; "
                f"the window ends there"
            )
        return self.id << (CORE_BITS + OFFSET_BITS) | core << OFFSET_BITS | offset

    def field(self, name: str) -> Field:
        """Return a field by name.

        Raises
        ------
        KeyError
            If there is none.
        """
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(f"window {self.name!r} has no field {name!r}")

    def pack(self, **values: npt.ArrayLike) -> bytes:
        """Turn field values into the bytes of consecutive words.

        Parameters
        ----------
        **values : array_like of int
            One array per field, each of shape ``(words,)`` or, with lanes, ``(words, lanes)``.

        Returns
        -------
        bytes
            ``words * word_bytes`` bytes.

        Raises
        ------
        ValueRangeError
            If a value does not fit its field, a field is missing or shapes differ.
        """
        if set(values) != {field.name for field in self.fields}:
            raise ValueRangeError(
                f"window {self.name!r} takes the fields "
                f"{', '.join(f.name for f in self.fields)}, not {', '.join(sorted(values))}"
            )
        columns = [self._bits(field, values[field.name]) for field in self.fields]
        if len({column.shape[0] for column in columns}) != 1:
            raise ValueRangeError(f"fields of window {self.name!r} must have equal lengths")
        words = columns[0].shape[0]
        bits = np.concatenate(columns, axis=2).reshape(words, self.word_bits)
        padding = self.word_bytes * 8 - self.word_bits
        bits = np.pad(bits, ((0, 0), (0, padding)))
        return np.packbits(bits, axis=1, bitorder="little").tobytes()

    def _bits(self, field: Field, values: npt.ArrayLike) -> npt.NDArray[np.uint8]:
        array = np.asarray(values)
        if array.size and array.dtype.kind not in "iub":
            raise ValueRangeError(
                f"{field.name} must be integers, not {array.dtype}; round them first"
            )
        array = array.astype(np.int64).reshape(-1, self.lanes)
        low, high = field.range
        if array.size and (array.min() < low or array.max() > high):
            bad = array[(array < low) | (array > high)][0]
            raise ValueRangeError(
                f"{field.name} must be in {low}..{high}, not {bad}; "
                f"scale the value or use a configuration with wider fields"
            )
        shifts = np.arange(field.bits)
        return ((array[:, :, None] >> shifts) & 1).astype(np.uint8)

    def unpack(self, data: bytes) -> dict[str, n.IntArray]:
        """Turn the bytes of consecutive words into field values.

        Returns
        -------
        dict of str to ndarray
            Per field an ``int64`` array of shape ``(words,)`` or, with lanes, ``(words, lanes)``.
        """
        raw = np.frombuffer(data, np.uint8).reshape(-1, self.word_bytes)
        bits = np.unpackbits(raw, axis=1, bitorder="little")[:, : self.word_bits]
        bits = bits.reshape(-1, self.lanes, self.lane_bits).astype(np.int64)
        result = {}
        start = 0
        for field in self.fields:
            part = bits[:, :, start : start + field.bits]
            scale = np.int64(1) << np.arange(field.bits)
            if field.signed:
                scale[-1] = -scale[-1]
            value = part @ scale
            result[field.name] = value if self.lanes > 1 else value[:, 0]
            start += field.bits
        return result


class MemoryMap:
    """All windows of an array, by name and by number.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Examples
    --------
    >>> from spikeloom.contract import CONFIGS, MemoryMap
    >>> memory = MemoryMap(CONFIGS["tiny"])
    >>> memory["weights"].depth, memory["weights"].word_bytes
    (64, 4)
    >>> memory.locate(memory["v"].address(offset=3, core=1))[1:]
    (1, 3)
    """

    def __init__(self, config: ArrayConfig) -> None:
        self.config = config
        self._windows = {window.name: window for window in _windows(config)}
        self._by_id = {window.id: window for window in self._windows.values()}
        if len(self._by_id) != len(self._windows):
            raise ConfigError("two windows share a number; give each its own")

    def __getitem__(self, name: str) -> Window:
        try:
            return self._windows[name]
        except KeyError:
            raise KeyError(
                f"no window {name!r} in this build; there are {', '.join(self._windows)}"
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self._windows

    def __iter__(self) -> Iterator[Window]:
        return iter(self._windows.values())

    def __len__(self) -> int:
        return len(self._windows)

    def locate(self, address: int) -> tuple[Window, int, int]:
        """Return the window, core and offset of an address.

        Raises
        ------
        ValueRangeError
            If nothing is there.
        """
        window = self._by_id.get(address >> (CORE_BITS + OFFSET_BITS))
        core = address >> OFFSET_BITS & (1 << CORE_BITS) - 1
        offset = address & (1 << OFFSET_BITS) - 1
        if window is None or core >= window.cores or offset >= window.depth:
            raise ValueRangeError(
                f"address must lie in a window of the memory map, not {address:#010x}; "
                f"`spikeloom info --json` lists them"
            )
        return window, core, offset

    @property
    def data_bits(self) -> int:
        """Width of the internal bus: the widest word."""
        return max(window.word_bits for window in self)


def _windows(c: ArrayConfig) -> Iterator[Window]:
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
    row = [
        Field(name="row", bits=c.row_bits, doc="row of this axon's synapses"),
        Field(name="valid", bits=1, doc="1 if the axon has a row in this core"),
    ]
    if c.plastic == "row":
        row.append(Field(name="plastic", bits=1, doc="1 if the row's synapses learn"))
    yield Window(
        name="rows",
        id=8,
        depth=c.axons,
        fields=tuple(row),
        cores=c.cores,
        per_core=True,
        kind="network",
        doc="row table: which row an axon reaches in this core",
    )
    depth = c.rows_per_core * c.words_per_row
    weight = Field(name="weight", bits=c.weight_bits, signed=True, doc="synaptic weight")
    yield Window(
        name="weights",
        id=9,
        depth=depth,
        fields=(weight,),
        lanes=c.lanes,
        cores=c.cores,
        per_core=True,
        kind="network",
        doc="word = row * S + neuron // L; lane = neuron mod L",
    )
    if c.plastic == "synapse":
        yield Window(
            name="plastic",
            id=10,
            depth=depth,
            fields=(Field(name="plastic", bits=1, doc="1 if the synapse learns"),),
            lanes=c.lanes,
            cores=c.cores,
            per_core=True,
            kind="network",
            doc="plastic flags, laid out as the weights",
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
