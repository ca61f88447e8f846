"""Configurations of the lock-step suite: unlike each other in everything that could matter."""

from spikeloom.contract import CONFIGS, ArrayConfig

LOCKSTEP_CONFIGS = (
    CONFIGS["tiny"],
    # One neuron, in one lane of one word; no random numbers, flags by synapse, so no sources.
    ArrayConfig(
        name="one",
        cores=1,
        neurons_per_core=1,
        axons=3,
        rows_per_core=3,
        lanes=1,
        delay_slots=2,
        stochastic=False,
        input_words=64,
        output_words=64,
    ),
    # Odd in every size; L = N, so a row is one word and every cycle hits the same accumulators.
    ArrayConfig(
        name="odd",
        cores=3,
        neurons_per_core=7,
        axons=37,
        rows_per_core=13,
        lanes=7,
        delay_slots=4,
        weight_bits=5,
        state_bits=13,
        input_words=64,
        output_words=64,
        probes=7,
        eligibility=True,
    ),
    # L = 1: a neuron a word, and more words than LUT memory takes. One slow core, no theta, flags
    # by row, one port, as on a UP5K.
    ArrayConfig(
        name="serial",
        cores=1,
        neurons_per_core=24,
        axons=70,
        rows_per_core=70,
        lanes=1,
        state_bits=16,
        theta=False,
        plastic="row",
        synapse_ports=1,
        input_words=64,
        output_words=64,
    ),
    # Changes are cut, never rounded by chance; no flags; one port, two lanes, as on a UP5K.
    ArrayConfig(
        name="cut",
        cores=1,
        neurons_per_core=24,
        axons=40,
        rows_per_core=40,
        lanes=2,
        state_bits=16,
        theta=False,
        plastic="first",
        stochastic=False,
        synapse_ports=1,
        probes=0,
        input_words=64,
        output_words=64,
    ),
    # Rows in more than two groups of 64, so that a sweep walks far; eligibility, four words a row,
    # each of two words of the memory map; synapses in two banks. Fast, so with more registers.
    ArrayConfig(
        name="rewarded",
        cores=2,
        neurons_per_core=64,
        axons=200,
        rows_per_core=136,
        lanes=16,
        clock_hz=75_000_000,
        eligibility=True,
        probes=3,
        input_words=64,
        output_words=64,
    ),
    # More neurons than the spike queue holds, more lanes than a bus word has bytes, no flags.
    ArrayConfig(
        name="wide",
        cores=2,
        neurons_per_core=48,
        axons=130,
        rows_per_core=90,
        lanes=12,
        delay_slots=64,
        state_bits=22,
        plastic="none",
        probes=0,
        input_words=256,
        output_words=256,
    ),
    # As the wide arrays of large parts: L = N and no learning in a fast build, so no row waits for
    # another. More cores than a spike is chosen among at once, more neurons than the spike queue
    # holds, fewer rows than axons.
    ArrayConfig(
        name="swift",
        cores=6,
        neurons_per_core=20,
        axons=150,
        rows_per_core=110,
        lanes=20,
        delay_slots=8,
        plastic="none",
        probes=5,
        clock_hz=75_000_000,
        input_words=256,
        output_words=256,
    ),
    # More cores than are heard at once, all of which learn; words of half a core; flags by row,
    # changes cut, two ports, fast.
    ArrayConfig(
        name="crowd",
        cores=5,
        neurons_per_core=12,
        axons=100,
        rows_per_core=80,
        lanes=6,
        delay_slots=4,
        plastic="row",
        stochastic=False,
        probes=6,
        clock_hz=75_000_000,
        input_words=64,
        output_words=64,
    ),
)
"""1 neuron; odd sizes; L = 1; L = N; several cores; spike queue shorter than N; one port;
no stochastic rounding; eligibility; without learning; rows that never wait; many
cores that learn."""
