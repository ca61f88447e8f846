"""Named configurations: one for tests, one per family of boards.

The sizes are those of the architecture page, counted so that each fills its part's memory. Those
that a board carries have a boot loader, behind the place of their bitstream; variants for tests
and simulation have none.
"""

from .config import ArrayConfig
from .errors import ConfigError

__all__ = ["CONFIGS", "DEFAULT_CONFIG", "named_config"]

# A wide learner would not fit, nor what few networks need: see ADR 0017.
_UP5K = ArrayConfig(
    name="up5k",
    cores=1,
    neurons_per_core=256,
    axons=512,
    rows_per_core=512,
    lanes=2,
    delay_slots=8,
    state_bits=16,
    theta=False,
    plastic="first",
    stochastic=False,
    synapse_ports=1,
    probes=32,
    input_words=128,
    output_words=128,
    clock_hz=24_000_000,
    boot_offset=0x100000,
)

# What `sim:` and `model:` run when nothing else is asked for: four cores, so four rules.
_QUAD = ArrayConfig(
    name="quad",
    cores=4,
    neurons_per_core=64,
    axons=320,
    rows_per_core=320,
    lanes=8,
    sampling=True,
    clock_hz=75_000_000,
)

_ALL = (
    ArrayConfig(
        name="tiny",
        cores=2,
        neurons_per_core=8,
        axons=32,
        rows_per_core=32,
        lanes=4,
        sampling=True,
        input_words=256,
        output_words=256,
    ),
    _UP5K,
    _QUAD,
    # Networks that only infer simulate twice as fast without learning.
    _QUAD.replace(name="quad_plain", plastic="none"),
    # Half the neurons, so that each synapse can have an eligibility trace.
    _QUAD.replace(
        name="quad_elig", neurons_per_core=32, axons=256, rows_per_core=256, eligibility=True
    ),
    # One wide core: what a core has besides its lanes is large, and stands there once.
    ArrayConfig(
        name="ecp5_25f",
        cores=1,
        neurons_per_core=256,
        axons=320,
        rows_per_core=320,
        lanes=32,
        probes=64,
        input_words=1024,
        output_words=1024,
        clock_hz=75_000_000,
        boot_offset=0x200000,
    ),
    ArrayConfig(
        name="ecp5_85f",
        cores=2,
        neurons_per_core=256,
        axons=1024,
        rows_per_core=512,
        lanes=32,
        clock_hz=65_000_000,
        boot_offset=0x200000,
    ),
    # As many weights a cycle as neurons, and no learning: an arrival costs one cycle for the whole
    # array, an update as many as a small core has neurons.
    ArrayConfig(
        name="ecp5_25f_swift",
        cores=8,
        neurons_per_core=12,
        axons=192,
        rows_per_core=192,
        lanes=12,
        plastic="none",
        probes=64,
        clock_hz=80_000_000,
        boot_offset=0x200000,
    ),
    ArrayConfig(
        name="ecp5_85f_swift",
        cores=16,
        neurons_per_core=32,
        axons=768,
        rows_per_core=512,
        lanes=32,
        plastic="none",
        probes=64,
        clock_hz=62_500_000,
        boot_offset=0x200000,
    ),
    # Rules that are computed, not drawn, in many small cores: what sweeps is few words of few rows.
    ArrayConfig(
        name="ecp5_85f_stdp",
        cores=8,
        neurons_per_core=64,
        axons=768,
        rows_per_core=512,
        lanes=16,
        plastic="row",
        stochastic=False,
        probes=64,
        clock_hz=62_500_000,
        boot_offset=0x200000,
    ),
    ArrayConfig(
        name="gw2ar_18",
        cores=1,
        neurons_per_core=128,
        axons=384,
        rows_per_core=384,
        lanes=16,
        clock_hz=27_000_000,
        boot_offset=0x100000,
    ),
    # As UP5K, though with thetas: the rest of the part is LUTs that are memories.
    _UP5K.replace(
        name="gw1nr_9",
        neurons_per_core=64,
        axons=256,
        rows_per_core=256,
        theta=True,
        clock_hz=27_000_000,
    ),
    ArrayConfig(
        name="xc7a35t",
        cores=1,
        neurons_per_core=256,
        axons=512,
        rows_per_core=512,
        lanes=32,
        clock_hz=100_000_000,
        boot_offset=0x300000,
    ),
)

CONFIGS: dict[str, ArrayConfig] = {config.name: config for config in _ALL}
"""Named configurations by name."""

DEFAULT_CONFIG = "quad"
"""The configuration of ``model:`` and ``sim:`` when none is named."""


def named_config(name: str) -> ArrayConfig:
    """Return a named configuration.

    Raises
    ------
    ConfigError
        If there is none of that name.

    Examples
    --------
    >>> named_config("tiny").neurons
    16
    """
    try:
        return CONFIGS[name]
    except KeyError:
        raise ConfigError(
            f"configuration must be one of {', '.join(CONFIGS)}, not {name!r}; pick one of these"
        ) from None
