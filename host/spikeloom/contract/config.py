"""`ArrayConfig`: the one description of an array from which everything else is derived."""

import dataclasses
import hashlib
import json
from typing import Any, Literal, Self

from .errors import ConfigError
from .numbers import AXONS_PER_WORD

__all__ = ["FLASH_BYTES", "FLASH_SECTOR_BYTES", "ArrayConfig", "PlasticFlags"]

FLASH_BYTES = 1 << 24
"""What a 24-bit address reaches in a board's flash."""
FLASH_SECTOR_BYTES = 4096
"""What a flash erases at once."""

PlasticFlags = Literal["none", "synapse", "row", "first"]
"""What tells which synapses learn: none do, a flag per synapse, a flag per row and core, or nothing
but the register ``plastic_rows``: the first rows of each core."""


_WINDOW_LANES = 8
"""Lanes of a word in the memory map above which words are split: 64 bits of weights."""


_FAST_HZ = 40_000_000
"""Clock above which a memory and a multiplier do not fit into one cycle."""

_FEW_CORES = 4
"""Cores up to which one is chosen among all of them in one cycle."""


def _is_power_of_two(value: int) -> bool:
    return value > 0 and value & (value - 1) == 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArrayConfig:
    """What one array of cores is built from.

    Attributes
    ----------
    name : str
        Name of the configuration, 1 to 15 ASCII characters.
    cores : int
        C, cores that work in parallel, 1..64.
    neurons_per_core : int
        N, neurons of one core, 1..1024.
    axons : int
        A, sources of spikes: the C*N neurons first, then the external inputs; at most 32,767.
    rows_per_core : int
        R, synapse rows of one core, 1..A. A row holds the synapses of one axon to N neurons.
    lanes : int
        L, weights that a core adds in one cycle; divides N. Never changes a result.
    delay_slots : int
        D, steps that the scheduler looks ahead, a power of two, 2..64. Delays are 0..D-1 steps.
    weight_bits : int
        Width of a signed weight, 2..8 bits.
    state_bits : int
        Width of the signed membrane potential and synaptic current, 8..22 bits.
    theta : bool
        Whether the adaptive part of the threshold is built in.
    plastic : {"none", "synapse", "row", "first"}
        Where plastic flags are kept; with "first" nowhere: all synapses of the first rows of a
        core learn, as many rows as a register says. With "none" the array does not learn.
    eligibility : bool
        Whether each synapse has an eligibility trace; needs learning.
    stochastic : bool
        Whether changes of weights can be rounded stochastically, where the build learns; without
        it, terms of a change are always cut to whole steps of a weight.
    synapse_ports : int
        Ports of the synapse memory: 2 (a word is read and another written in the same cycle) or 1
        (a word that learns takes two cycles).
    sampling : bool
        Whether samples can be presented and judged on the chip: encoders, stimulus memory,
        bitmaps, spike counters and early stop.
    pattern_words : int
        Size of the stimulus memory in 16-bit words, a power of two, 64..16384; counts only with
        `sampling`.
    probes : int
        (neuron, field) pairs whose values can be streamed with every step, 0..256.
    input_words : int
        Size of the input ring in 16-bit words, a power of two, 64..16384.
    output_words : int
        Size of the output ring in 16-bit words, a power of two, 64..16384.
    clock_hz : int
        Frequency of the array's clock in hertz, at least 1 MHz.
    baud_rates : tuple of int
        Rates that the device offers, in baud, each at most a quarter of the clock; the first
        is the rate after power-up.
    boot_offset : int or None
        Where in the board's SPI flash a boot network may stand: a byte address, a multiple of
        4096 below 2**24, not 0. None: no boot loader is built in.

    Raises
    ------
    ConfigError
        If a field is out of its range or the fields contradict each other.

    Examples
    --------
    >>> config = ArrayConfig(name="pair", cores=1, neurons_per_core=2, axons=4,
    ...                      rows_per_core=4, lanes=2)
    >>> config.neurons, config.inputs, config.words_per_row
    (2, 2, 1)
    """

    name: str
    cores: int
    neurons_per_core: int
    axons: int
    rows_per_core: int
    lanes: int
    delay_slots: int = 16
    weight_bits: int = 8
    state_bits: int = 18
    theta: bool = True
    plastic: PlasticFlags = "synapse"
    eligibility: bool = False
    stochastic: bool = True
    synapse_ports: int = 2
    sampling: bool = False
    pattern_words: int = 1024
    probes: int = 256
    input_words: int = 2048
    output_words: int = 2048
    clock_hz: int = 12_000_000
    baud_rates: tuple[int, ...] = (115_200, 1_000_000, 2_000_000, 3_000_000)
    boot_offset: int | None = None

    def __post_init__(self) -> None:
        if not (1 <= len(self.name) <= 15 and self.name.isascii() and self.name.isprintable()):
            raise ConfigError(
                f"name must be 1 to 15 printable ASCII characters, not {self.name!r}; shorten it"
            )
        self._check_ranges()
        self._check_relations()

    def _check_ranges(self) -> None:
        ranges = {
            "cores": (1, 64),
            "neurons_per_core": (1, 1024),
            "axons": (1, 32_767),
            "rows_per_core": (1, 32_767),
            "lanes": (1, 1024),
            "delay_slots": (2, 64),
            "weight_bits": (2, 8),
            "state_bits": (8, 22),
            "synapse_ports": (1, 2),
            "pattern_words": (64, 16_384),
            "probes": (0, 256),
            "input_words": (64, 16_384),
            "output_words": (64, 16_384),
            "clock_hz": (1_000_000, 1_000_000_000),
        }
        for field, (low, high) in ranges.items():
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise ConfigError(
                    f"{field} must be an integer in {low}..{high}, not {value!r}; "
                    f"choose a value in that range"
                )
        for field in ("delay_slots", "pattern_words", "input_words", "output_words"):
            value = getattr(self, field)
            if not _is_power_of_two(value):
                raise ConfigError(
                    f"{field} must be a power of two, not {value}; "
                    f"try {1 << (value.bit_length() - 1)} or {1 << value.bit_length()}"
                )

    def _check_relations(self) -> None:
        if self.neurons_per_core % self.lanes:
            divisors = [n for n in range(1, self.lanes) if self.neurons_per_core % n == 0]
            raise ConfigError(
                f"lanes must divide neurons_per_core = {self.neurons_per_core}, not "
                f"{self.lanes}; try {divisors[-1]}"
            )
        if self.window_lanes * self.weight_bits > 1920:
            raise ConfigError(
                f"lanes * weight_bits must be at most 1920 bits where lanes are odd, so that a "
                f"synapse word fits in a frame, not {self.window_lanes * self.weight_bits}; use "
                f"an even number of lanes"
            )
        if self.axons < self.neurons:
            raise ConfigError(
                f"axons must be at least cores * neurons_per_core = {self.neurons}, since every "
                f"neuron drives one, not {self.axons}; add axons or remove neurons"
            )
        if self.rows_per_core > self.axons:
            raise ConfigError(
                f"rows_per_core must be at most axons = {self.axons}, not {self.rows_per_core}; "
                f"more rows could never be used"
            )
        if self.plastic not in ("none", "synapse", "row", "first"):
            raise ConfigError(
                f"plastic must be 'none', 'synapse', 'row' or 'first', not {self.plastic!r}; "
                f"choose one"
            )
        if self.eligibility and not self.learns:
            raise ConfigError(
                "eligibility must be false where plastic is 'none', not true: traces of what "
                "never changes have no use; set plastic"
            )
        if self.sampling and not self.inputs:
            raise ConfigError(
                f"axons must be more than cores * neurons_per_core = {self.neurons} with sampling, "
                f"not {self.axons}: encoders drive inputs; add axons"
            )
        if not 1 <= len(self.baud_rates) <= 8:
            raise ConfigError(
                f"baud_rates must hold 1 to 8 rates, not {len(self.baud_rates)}; leave some out"
            )
        for rate in self.baud_rates:
            if not 1200 <= rate <= self.clock_hz // 4:
                raise ConfigError(
                    f"baud_rates must lie in 1200..clock_hz/4 = {self.clock_hz // 4}, not {rate}; "
                    f"leave that rate out or raise clock_hz"
                )
        self._check_boot_offset()

    def _check_boot_offset(self) -> None:
        offset = self.boot_offset
        if offset is None:
            return
        whole = isinstance(offset, int) and not isinstance(offset, bool)
        if not whole or not 0 < offset < FLASH_BYTES or offset % FLASH_SECTOR_BYTES:
            raise ConfigError(
                f"boot_offset must be a multiple of {FLASH_SECTOR_BYTES} in "
                f"{FLASH_SECTOR_BYTES}..{FLASH_BYTES - FLASH_SECTOR_BYTES}, or None, not "
                f"{offset!r}; choose one behind the bitstream"
            )

    @property
    def neurons(self) -> int:
        """Neurons of the whole array, C*N."""
        return self.cores * self.neurons_per_core

    @property
    def inputs(self) -> int:
        """External input axons, A - C*N."""
        return self.axons - self.neurons

    @property
    def learns(self) -> bool:
        """Whether learning is built in."""
        return self.plastic != "none"

    @property
    def learns_by_row(self) -> bool:
        """Whether all synapses of a row learn, or none."""
        return self.plastic in ("row", "first")

    @property
    def draws(self) -> bool:
        """Whether random numbers are built in: it learns, and can round stochastically."""
        return self.learns and self.stochastic

    @property
    def learns_narrowly(self) -> bool:
        """Whether the learner is built small: one lane changes the two weights of a word in turn.

        Behind one port a word that changes takes two cycles anyway. Results never depend on it.
        """
        by_row = self.learns_by_row and not self.eligibility and not self.stochastic
        return by_row and self.synapse_ports == 1 and self.lanes == 2

    @property
    def group_bits(self) -> int:
        """Width of the number of a group of neurons whose spikes are counted together."""
        return max(1, (self.neurons - 1).bit_length())

    @property
    def words_per_row(self) -> int:
        """S, synapse words of a row, N/L."""
        return self.neurons_per_core // self.lanes

    @property
    def window_lanes(self) -> int:
        """Lanes of a word in the windows of synapses and traces y: L, halved while above 8.

        So a word of the memory map stays at most about 64 bits wide however wide a core is.
        """
        lanes = self.lanes
        while lanes > _WINDOW_LANES and lanes % 2 == 0:
            lanes //= 2
        return lanes

    @property
    def window_words(self) -> int:
        """Words of a row in the windows of synapses, ``N / window_lanes``."""
        return self.neurons_per_core // self.window_lanes

    @property
    def memories_registered(self) -> bool:
        """Whether registers follow the memories of neurons, which multipliers wait for.

        Block memories of all parts take about 6 ns to show a word; a multiplier behind them leaves
        nothing of a short cycle. Results never depend on it.
        """
        return self.clock_hz > _FAST_HZ

    @property
    def cores_are_many(self) -> bool:
        """Whether what all cores tell, or are told, takes a cycle more on its way.

        Of four cores one is chosen in a short cycle; more of them stand all over a large part.
        Results never depend on it.
        """
        return self.memories_registered and self.cores > _FEW_CORES

    @property
    def rows_never_wait(self) -> bool:
        """Whether each row is added in the cycle in which it comes.

        So it is where a row is one word and nothing else reads the synapses: axons flow from the
        scheduler to the accumulators with no queue on their way. Results never depend on it.
        """
        return self.words_per_row == 1 and not self.learns and self.memories_registered

    @property
    def axon_words(self) -> int:
        """Scheduler words that hold the axons of one step, ceil(A/16)."""
        return -(-self.axons // AXONS_PER_WORD)

    @property
    def row_bits(self) -> int:
        """Width of a row number, at least 1."""
        return max(1, (self.rows_per_core - 1).bit_length())

    @property
    def delay_bits(self) -> int:
        """Width of a delay, log2(D)."""
        return (self.delay_slots - 1).bit_length()

    @property
    def accumulator_bits(self) -> int:
        """Width of a signed accumulator that R weights cannot overflow."""
        return self.weight_bits + (self.rows_per_core - 1).bit_length()

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed, validated again."""
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, in the order of their definition."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Make a configuration from `to_dict`'s values.

        Raises
        ------
        ConfigError
            If a field is unknown, missing or out of range.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ConfigError(f"unknown field {unknown[0]!r}; known are {', '.join(sorted(known))}")
        plain = dict(values)
        if "baud_rates" in plain:
            plain["baud_rates"] = tuple(plain["baud_rates"])
        try:
            return cls(**plain)
        except TypeError as error:
            raise ConfigError(f"a configuration is incomplete: {error}; give every field") from None

    def fingerprint(self) -> str:
        """Return 16 hexadecimal digits that change whenever a field does."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
