"""Samples on the chip: the gateware equals the reference in every bit, stimulus to read-out."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockstep import (
    canonical,
    compare_window,
    load,
    lockstep,
    random_cases,
    register,
    run_words,
    simulated,
    state_windows,
)
from random_samples import make_sample_case, sample_cases

from spikeloom.contract import CONFIGS, ArrayConfig, MemoryMap
from spikeloom.contract.frames import ResetKind
from spikeloom.contract.registers import CONTROL_REGISTERS, OutputPolicy
from spikeloom.contract.words import (
    SampleFlag,
    control_words,
    levels_words,
    sample_words,
    step_words,
)
from spikeloom.link import LinkTarget
from spikeloom_sim.reference.target import ModelTarget

pytestmark = pytest.mark.verilated

SAMPLE_CONFIGS = (
    CONFIGS["tiny"].replace(sampling=True),
    # Fast, so with more registers; sizes that are no powers of two; eligibility to be cleared.
    ArrayConfig(
        name="presented",
        cores=3,
        neurons_per_core=6,
        axons=55,
        rows_per_core=40,
        lanes=3,
        delay_slots=4,
        clock_hz=75_000_000,
        eligibility=True,
        sampling=True,
        pattern_words=64,
        probes=3,
        input_words=64,
        output_words=64,
    ),
    # Many cores whose rows never wait, and no phase in which to learn.
    ArrayConfig(
        name="swiftly",
        cores=5,
        neurons_per_core=4,
        axons=40,
        rows_per_core=24,
        lanes=4,
        delay_slots=4,
        plastic="none",
        clock_hz=75_000_000,
        sampling=True,
        pattern_words=64,
        probes=4,
        input_words=64,
        output_words=64,
    ),
    # One slow core, whose injector takes a spike in two cycles; few inputs; a compact link.
    ArrayConfig(
        name="slow",
        cores=1,
        neurons_per_core=8,
        axons=13,
        rows_per_core=13,
        lanes=2,
        delay_slots=2,
        state_bits=16,
        theta=False,
        plastic="first",
        stochastic=False,
        synapse_ports=1,
        sampling=True,
        pattern_words=64,
        probes=0,
        input_words=64,
        output_words=64,
    ),
)


@pytest.fixture(scope="module", params=SAMPLE_CONFIGS, ids=lambda config: config.name)
def config(request: pytest.FixtureRequest) -> ArrayConfig:
    return request.param


@pytest.fixture(scope="module")
def board(config: ArrayConfig, optimise: dict[str, int]) -> Iterator[LinkTarget]:
    with simulated(config, optimise) as target:
        yield target


def test_random_samples(config: ArrayConfig, board: LinkTarget, networks: int) -> None:
    model = ModelTarget(config)

    @random_cases(networks)
    @given(data=st.data())
    def property_holds(data: st.DataObject) -> None:
        lockstep(data.draw(sample_cases(config)), model, board)

    property_holds()


END = sample_words(SampleFlag.REPORT | SampleFlag.RESTART)
NEVER = np.concatenate(
    [control_words(CONTROL_REGISTERS[name].offset, 0) for name in ("stop_count", "stop_margin")]
)


@pytest.mark.parametrize("policy", OutputPolicy)
def test_results_with_a_full_output_ring(
    config: ArrayConfig, board: LinkTarget, policy: OutputPolicy
) -> None:
    """Spikes may be dropped, results and steps never are."""
    model = ModelTarget(config)
    case = make_sample_case(config, seed=5, runs=0, regime="storm")
    policy_register = CONTROL_REGISTERS["output_policy"].offset
    sample = np.concatenate([step_words(40), END, END])
    words = np.concatenate([control_words(policy_register, policy), NEVER, END, *[sample] * 6])
    told = []
    for target in (model, board):
        load(target, case)
        # All are reported; the model knows no policy.
        spikes = np.zeros(config.neurons, np.int64)
        window = MemoryMap(config)["readout"]
        readout = window.pack(group=np.arange(config.neurons), counted=spikes + 1, silent=spikes)
        target.write("readout", readout)
        told.append(canonical(run_words(target, words), config))
    expected, got = told
    for kind in ("result", "step"):
        assert _of_kind(got, kind) == _of_kind(expected, kind)
    assert len(_of_kind(got, "result")) == 13
    for name in state_windows(case):
        compare_window(name, case, model, board, "at the end")
    missing = _words_told(expected) - _words_told(got)
    assert missing == register(board, "dropped")
    assert (missing > 0) == (policy == OutputPolicy.DROP)


def _of_kind(told: list[tuple[str, tuple[int, ...]]], kind: str) -> list[tuple[int, ...]] | int:
    if kind == "step":  # where spikes are dropped steps are told together
        return sum(values[0] for name, values in told if name == "step")
    return [values for name, values in told if name == kind]


def _words_told(told: list[tuple[str, tuple[int, ...]]]) -> int:
    return sum({"spikes": len(values), "probe": 2}.get(name, 0) for name, values in told)


@pytest.mark.parametrize("after", [0, 1, 3])
@pytest.mark.parametrize("kind", [ResetKind.STOP, ResetKind.STATE])
def test_stop_within_a_sample(
    config: ArrayConfig, board: LinkTarget, kind: ResetKind, after: int
) -> None:
    """A run that is cut short anywhere leaves an array that goes on as any other does."""
    model = ModelTarget(config)
    case = make_sample_case(config, seed=11 + after, runs=4)
    load(board, case)
    levels = levels_words(np.arange(config.inputs).astype(np.uint8))
    words = [np.concatenate([NEVER, levels, step_words(2), END])] * 40
    run = board.run(words)
    for _ in range(after):
        next(run)
    run.close()
    board.reset(kind)
    if kind == ResetKind.STATE:
        load(model, case)
        model.reset(kind)
        for window in MemoryMap(config):
            if window.kind == "state":
                compare_window(window.name, case, model, board, "after a reset")
    lockstep(case, model, board)
