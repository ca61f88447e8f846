"""Configurations for benches of single components: small, odd, and unlike each other."""

from spikeloom.contract import ArrayConfig

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
