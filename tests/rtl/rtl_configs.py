"""Configurations for benches of single components: small, odd, and unlike each other."""

import os

from spikeloom.contract import ArrayConfig

BENCH_CONFIG = "SPIKELOOM_BENCH_CONFIG"
"""Environment variable in which a test names the configuration of a bench: a key of `CONFIGS`."""

SMALL = ArrayConfig(
    name="small",
    cores=3,
    neurons_per_core=6,
    axons=53,
    rows_per_core=21,
    lanes=3,
    delay_slots=4,
    weight_bits=8,
    input_words=64,
    output_words=64,
)
"""Three cores of six neurons in words of three, and a last scheduler word that is not full."""

SMALL_FAST = SMALL.replace(clock_hz=75_000_000)
"""The same with registers behind its memories."""

SMALL_PLAIN = SMALL.replace(cores=1, theta=False, state_bits=16)
"""One slow core, without theta."""

CONFIGS = {"slow": SMALL, "fast": SMALL_FAST, "plain": SMALL_PLAIN}
"""What benches of components with several forms run on."""


def bench_config() -> ArrayConfig:
    """Return the configuration that the test has named, for the bench in the simulator."""
    return CONFIGS[os.environ.get(BENCH_CONFIG, "slow")]
