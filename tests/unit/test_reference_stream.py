"""Words in, words out: exactly what docs/link.md says, however the input is cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_plans import input_words, loaded_target, make_plan, plans
from scalar_oracle import FULL, ScalarArray, output_words

from spikeloom.contract import CONFIGS
from spikeloom.contract.frames import ResetKind
from spikeloom.contract.registers import CONTROL_REGISTERS, core_register
from spikeloom.contract.words import control_words, step_words
from spikeloom_sim.reference import ArrayModel, Coverage
from spikeloom_sim.reference.errors import RunError
from spikeloom_sim.reference.input_words import ControlWrite, Decoder, Stimulus
from spikeloom_sim.reference.output_words import Encoder
from spikeloom_sim.reference.target import ModelTarget

TINY = CONFIGS["tiny"].replace(sampling=False)
T = CONTROL_REGISTERS["t"].offset


def run(target: ModelTarget, *chunks) -> list[int]:
    return np.concatenate([[], *target.run(np.array(c, np.uint16) for c in chunks)]).tolist()


def quiet_target(**parameters: int) -> ModelTarget:
    """Tiny; nothing fires unless `parameters` of neuron 3 let it."""
    target = ModelTarget(TINY)
    network = target.model.network
    network.parameters.threshold[:] = 1000
    network.delay[: TINY.neurons] = 1
    for name, value in parameters.items():
        getattr(network.parameters, name)[3] = value
    return target


def oracle_words(plan) -> list[int]:
    oracle = ScalarArray(plan)
    spikes, probes = [], []
    for events in plan.events:
        spikes.append(oracle.step(events))
        probes.append(oracle.probe_values())
    return output_words(spikes, probes)


@given(plan=plans())
@settings(max_examples=100, deadline=None)
def test_output_words_equal_the_oracle(plan):
    assert run(loaded_target(plan), input_words(plan)) == oracle_words(plan)


@given(plan=plans(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_chunks_may_be_cut_anywhere(plan, data):
    register = core_register("neurons_in_use", 0)
    words = np.concatenate([control_words(register, plan.neurons_in_use[0]), input_words(plan)])
    cuts = data.draw(st.lists(st.integers(0, words.size), max_size=6).map(sorted))
    assert run(loaded_target(plan), *np.split(words, cuts)) == oracle_words(plan)


def test_silence_is_counted_together():
    assert run(quiet_target(), step_words(3), step_words(4)) == [0x8007]


def test_a_step_with_content_is_told_before_it():
    target = quiet_target(bias=300, refractory=9)
    assert run(target, [0x8006]) == [0x8003, 3, 0x8003]


def test_a_spike_in_the_first_step_needs_no_step_word():
    assert run(quiet_target(threshold=0, bias=1), [0x8002]) == [3, 0x8001, 3, 0x8001]


def test_spikes_are_sorted_by_neuron():
    target = quiet_target()
    target.model.network.parameters.threshold[:] = -1
    assert run(target, [0x8001]) == [*range(16), 0x8001]


def test_no_steps_give_no_words():
    assert run(quiet_target()) == run(quiet_target(), [], [20], [0x8000]) == []


@pytest.mark.parametrize("silent", [FULL - 1, FULL, FULL + 1, 2 * FULL, 2 * FULL + 7])
def test_long_silence_takes_several_step_words(silent):
    encoder = Encoder(TINY)
    words = encoder.encode(silent + 1, np.array([silent]), np.array([5])).tolist()
    assert words + encoder.flush().tolist() == output_words(
        [[]] * silent + [[5]], [[]] * (silent + 1)
    )


@given(
    blocks=st.lists(st.tuples(st.integers(1, 40_000), st.integers(0, 3)), max_size=5),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_blocks_of_any_length_join(blocks, seed):
    rng = np.random.default_rng(seed)
    encoder = Encoder(TINY)
    words, spikes = [], []
    for steps, count in blocks:
        step = np.sort(rng.integers(0, steps, count))
        words += encoder.encode(steps, step, np.arange(count)).tolist()
        fired = [[] for _ in range(steps)]
        for k, at in enumerate(step.tolist()):
            fired[at].append(k)
        spikes += fired
    assert words + encoder.flush().tolist() == output_words(spikes, [[]] * len(spikes))


def test_probe_pairs_follow_the_spikes_of_every_step():
    target = quiet_target(bias=-5)
    table = target.model.network.probes
    table.neuron[:4], table.quantity[:4] = [3, 3, 2, 3], [0, 1, 0, 2]
    table.core[2] = 1
    target.model.neurons.v[0, 10] = 0x12345
    target.model.network.parameters.threshold[10] = 0x12345
    target.model.neurons.theta[0, 3] = 0x1FFFF
    target.write("control", (4).to_bytes(4, "little"), offset=2)
    assert run(target, [0x8002]) == [
        0xC03F, 0xFFFB, 0xC040, 0, 0xC081, 0x2345, 0xC0C1, 0xFFFF,
        0x8001,
        0xC03F, 0xFFF6, 0xC040, 0, 0xC081, 0x2345, 0xC0C1, 0xFFFF,
        0x8001,
    ]  # fmt: skip


def test_probes_that_name_nothing_are_zero():
    target = quiet_target(bias=7)
    table = target.model.network.probes
    table.neuron[:3], table.core[:3], table.quantity[:3] = [3, 3, 8], [0, 2, 0], [3, 0, 0]
    target.write("control", (3).to_bytes(4, "little"), offset=2)
    assert run(target, [0x8001]) == [0xC000, 0, 0xC040, 0, 0xC080, 0, 0x8001]


def test_events_belong_to_the_first_step_of_a_step_word():
    target = quiet_target()
    run(target, [20, 0x8003])
    assert target.model.counters.arrivals == 1
    target.model.network.delay[20] = 2
    run(target, [20])  # after the last STEP word: the next run's first step is step 3
    assert np.argwhere(target.model.pending[:, 0]).tolist() == [[5, 20]]


def test_an_event_counts_from_the_step_counter_at_its_place():
    target = quiet_target()
    run(target, [20, *control_words(T, 7), 21, 0x8001])
    assert np.argwhere(target.model.pending[:, 0]).tolist() == [[0, 20]]
    assert target.model.counters.arrivals == 1
    assert target.model.t == 8


def test_control_acts_before_the_next_step_and_not_earlier():
    target = quiet_target(threshold=0, bias=1)
    off, on = (control_words(core_register("neurons_in_use", 0), n) for n in (3, 4))
    words = np.concatenate([step_words(1), off, step_words(2), on, step_words(1)])
    assert run(target, words) == [3, 0x8003, 3, 0x8001]


def test_control_takes_32_bits_and_registers_keep_theirs():
    target = quiet_target()
    run(target, np.concatenate([control_words(T, 0xFEDC_BA98), control_words(1, 0x5_0001)]))
    assert target.model.t == 0xFEDC_BA98
    assert target.model.network.control[1] == 1


def test_control_for_no_register_is_ignored():
    target = quiet_target()
    before = target.read("control")
    run(target, *(control_words(offset, 1) for offset in (6, 31, 48, 63, 96, 16_383)))
    assert target.read("control") == before


def test_values_that_look_like_control_words_are_values():
    parts = list(Decoder(TINY).feed(np.array([0xC003, 0xC004, 0xC005, 0xC006, 1, 0], np.uint16)))
    assert parts == [ControlWrite(3, 0xC005C004), ControlWrite(6, 1)]


def test_a_decoder_splits_at_control_words_only():
    first, control, second = Decoder(TINY).feed(np.array([17, 0x8002, 0xC001, 2, 0, 18], np.uint16))
    assert isinstance(first, Stimulus)
    assert isinstance(second, Stimulus)
    assert (first.steps, first.event_axon.tolist()) == (2, [17])
    assert control == ControlWrite(1, 2)
    assert (second.steps, second.event_axon.tolist()) == (0, [18])


@pytest.mark.parametrize("missing", [1, 2])
def test_input_must_not_end_within_a_control_word(missing):
    target = quiet_target()
    words = np.concatenate([step_words(2), control_words(1, 0)[:-missing]])
    output = target.run([words])
    with pytest.raises(RunError, match=r"must not end within a CONTROL word.*append its value"):
        list(output)
    assert run(target, step_words(1)) == [0x8001]


def test_refused_events_are_counted():
    target = quiet_target()
    run(target, [0, 15, 16, 31, 32, 0x7FFF, 0x8001])
    assert target.model.counters.refused_events == 4
    assert target.model.counters.arrivals == 2


def test_output_comes_while_the_input_goes_on():
    target = quiet_target(threshold=0, bias=1)

    def endless():
        while True:
            yield step_words(1)

    output = target.run(endless())
    assert [next(output).tolist() for _ in range(3)] == [[3], [0x8001, 3], [0x8001, 3]]
    output.close()
    assert target.model.t == 3
    assert run(target, step_words(1)) == [3, 0x8001]


def test_a_long_step_word_is_answered_in_blocks():
    target = quiet_target(threshold=0, bias=1)
    chunks = list(target.run([step_words(5000)]))
    assert len(chunks) > 2
    assert np.concatenate(chunks).tolist() == [3, *[0x8001, 3] * 4999, 0x8001]


def test_coverage_changes_no_result():
    plan = make_plan(TINY, 5, steps=30)
    coverage = Coverage()
    covered = loaded_target(plan, coverage=coverage)
    assert run(covered, input_words(plan)) == oracle_words(plan)
    in_use = sum(plan.neurons_in_use)
    assert coverage.neuron_steps == 30 * in_use
    assert (
        coverage.fired == covered.model.counters.spikes == coverage.neuron_steps - coverage.silent
    )


def test_reset_between_runs_starts_again():
    target = quiet_target(bias=300)
    first = run(target, step_words(9))
    target.reset(ResetKind.STATE)
    assert run(target, step_words(9)) == first
    assert isinstance(target.model, ArrayModel)
