"""How many clock cycles a step may take: the bound that benchmarks assert on every step."""

from .config import ArrayConfig

__all__ = [
    "FAR_PROBE_CYC",
    "LEARNING_OVERHEAD_CYC",
    "PROBE_CYC",
    "SAMPLING_OVERHEAD_CYC",
    "STEP_OVERHEAD_CYC",
    "STIMULUS_OVERHEAD_CYC",
    "SWIFT_OVERHEAD_CYC",
    "longest_step_cyc",
    "step_cycle_bound",
]

STEP_OVERHEAD_CYC = 64
"""Cycles of a step that depend on nothing: pipelines that fill and drain, phases that change."""
SWIFT_OVERHEAD_CYC = 24
"""The same where rows never wait: no queue fills, and an update begins while rows are added."""
LEARNING_OVERHEAD_CYC = 32
"""Cycles that learning adds to a step apart from what it sweeps and R/8."""
PROBE_CYC = 12
"""Cycles that a probe in use adds to a step."""
FAR_PROBE_CYC = 3
"""Cycles more that it adds where cores are many: there and back."""

SAMPLING_OVERHEAD_CYC = 8
"""Cycles that a build with samples adds to each step: a phase more, and counts that settle."""
STIMULUS_OVERHEAD_CYC = 32
"""Cycles that stimulus on the chip adds to a step apart from one for each input or word."""


def step_cycle_bound(
    config: ArrayConfig,
    *,
    arrivals: int,
    fired: int,
    neurons_in_use: int,
    axon_words: int,
    probes: int = 0,
    swept: int | None = None,
    encoded: int = 0,
    pattern_words: int = 0,
) -> int:
    """Return the largest number of cycles that a step may take, waits for the ring apart.

    ``arrivals * max(1, S) + N + F + A/16 + 64``, with what is in use, plus what probes cost; 24
    instead of 64 where rows never wait.
    Where learning is built in, ``swept + R/8 + 32`` more; with one port, rows that learn and what
    is swept take twice the cycles. A narrow learner lets two traces a cycle decay beside the
    update: where few neurons are in use, ``R/2 - N`` takes the place of R/8. Where samples are
    built in, 8 more, and with stimulus on the chip the inputs encoded and words read and 32.

    Parameters
    ----------
    config : ArrayConfig
        The array; its lanes count.
    arrivals : int
        Axons that were active in the step.
    fired : int
        Neurons that fired, of all cores.
    neurons_in_use : int
        Of the core that uses most.
    axon_words : int
        Axons in use, in words of 16.
    probes : int
        Probes in use.
    swept : int or None
        Words that the core swept which swept most: register ``last_swept``. None where no core has
        plastic rows.
    encoded : int
        Inputs with encoders that act: register ``encoded_inputs``.
    pattern_words : int
        Words of the stimulus memory that were read, or as many as may be: ``pattern_length``.

    Examples
    --------
    >>> from spikeloom.contract import named_config
    >>> step_cycle_bound(named_config("tiny"), arrivals=3, fired=2, neurons_in_use=8, axon_words=2)
    90
    """
    words = -(-neurons_in_use // config.lanes)
    accesses = 2 if swept is not None and config.synapse_ports == 1 else 1
    integrate = arrivals * max(1, words) * accesses
    learn = 0
    if swept is not None:
        rows = config.rows_per_core
        traces = max(rows // 8, rows // 2 - neurons_in_use if config.learns_narrowly else 0)
        learn = swept * accesses + traces + LEARNING_OVERHEAD_CYC
    overhead = SWIFT_OVERHEAD_CYC if config.rows_never_wait else STEP_OVERHEAD_CYC
    update = neurons_in_use + fired + axon_words + overhead
    sample = 0
    if config.sampling:
        inputs, played = min(encoded, config.inputs), min(pattern_words, config.pattern_words)
        # A single slow core takes a spike in two cycles.
        made = (inputs + played) * (1 if config.memories_registered or config.cores > 1 else 2)
        sample = SAMPLING_OVERHEAD_CYC + made + (STIMULUS_OVERHEAD_CYC if made else 0)
    probe = PROBE_CYC + FAR_PROBE_CYC * config.cores_are_many
    return integrate + update + learn + probes * probe + sample


def longest_step_cyc(config: ArrayConfig) -> int:
    """Return the cycles of the longest step that an array can have: everything in use, and active.

    Examples
    --------
    >>> from spikeloom.contract import named_config
    >>> longest_step_cyc(named_config("quad"))
    12356
    """
    sweeps = 2 * config.rows_per_core * config.words_per_row  # of spikes and of a reward
    return step_cycle_bound(
        config,
        arrivals=config.axons,
        fired=config.neurons,
        neurons_in_use=config.neurons_per_core,
        axon_words=config.axon_words,
        probes=config.probes,
        swept=sweeps if config.learns else None,
        encoded=config.inputs,
        pattern_words=config.pattern_words,
    )
