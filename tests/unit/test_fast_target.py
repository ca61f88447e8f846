"""``fast:`` as a target: the reference's windows, words, checks and errors."""

import gc
import itertools
import tomllib
import weakref
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
from fast_support import FAST_CONFIGS, NO_PROBES, counters, everything, needs_compiler, pair_of
from fast_support import words_of as run
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_plans import input_words, make_plan, plans

import spikeloom
from spikeloom.contract import CONFIGS, DEFAULT_CONFIG, ConfigError, ValueRangeError
from spikeloom.contract.frames import ResetKind
from spikeloom.contract.registers import CONTROL_REGISTERS, CORE_REGISTERS, core_register
from spikeloom.contract.words import control_words, longest_told, step_words
from spikeloom.target import Target
from spikeloom_sim.fast.errors import FastOptionError
from spikeloom_sim.fast.target import FastTarget, available_threads, open_fast
from spikeloom_sim.reference.errors import RunError
from spikeloom_sim.reference.target import ModelTarget

pytestmark = needs_compiler

TINY = CONFIGS["tiny"]
PLAIN = TINY.replace(sampling=False)  # whose spikes are told one by one
ROOT = Path(__file__).parents[2]
T = CONTROL_REGISTERS["t"].offset


def test_opens_the_default_a_named_and_a_given_configuration():
    assert open_fast("fast:").capability.config == CONFIGS[DEFAULT_CONFIG]
    target = open_fast("fast:tiny")
    assert isinstance(target, Target)
    assert (target.url, repr(target)) == ("fast:tiny", "<FastTarget 'fast:tiny': 'tiny'>")
    odd = FAST_CONFIGS[0]
    assert open_fast("fast:", config=odd).capability.config == odd
    with pytest.raises(ConfigError, match=r"must be one of tiny.*not 'huge'"):
        open_fast("fast:huge")
    with pytest.raises(ConfigError, match=r"must be given once, not as 'tiny' .* 'first elig'"):
        open_fast("fast:tiny", config=odd)


def test_the_scheme_leads_here():
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    value = points["spikeloom.targets"]["fast"]
    assert EntryPoint("fast", value, "spikeloom.targets").load() is open_fast


def test_threads_come_from_the_url_an_option_or_the_machine():
    assert open_fast("fast:tiny").threads == available_threads() >= 1
    assert open_fast("fast:tiny?threads=3").threads == 3
    assert open_fast("fast:tiny?threads=3", threads=2).threads == 2


@pytest.mark.parametrize("threads", ["0", "1025", "-1", "two", ""])
def test_threads_out_of_range_are_refused(threads):
    with pytest.raises(FastOptionError, match=r"threads must be in 1\.\.1024, not "):
        open_fast(f"fast:tiny?threads={threads}")


def test_other_options_are_refused(tmp_path):
    with pytest.raises(FastOptionError, match="must be threads=N or flash=FILE, not 'speed'"):
        open_fast("fast:tiny?speed=9")
    with pytest.raises(ConfigError, match="flash must be left out for configuration 'tiny'"):
        open_fast("fast:tiny?flash=x")
    with pytest.raises(ValueRangeError, match="flash must be a file that can be read"):
        open_fast(f"fast:up5k?threads=1&flash={tmp_path / 'none'}")


@given(plan=plans(), data=st.data())
@settings(max_examples=40, deadline=None)
def test_chunks_may_be_cut_anywhere(plan, data):
    words = np.concatenate([control_words(T, plan.t), input_words(plan), step_words(3)])
    cuts = data.draw(st.lists(st.integers(0, words.size), max_size=6).map(sorted))
    model, fast = pair_of(plan)
    assert run(fast, *np.split(words, cuts)) == run(model, words)
    assert everything(fast) == everything(model)
    assert counters(fast) == counters(model)


def test_a_run_must_not_end_within_a_control_word():
    fast = FastTarget(TINY)
    with pytest.raises(RunError, match="input must not end within a CONTROL word"):
        run(fast, step_words(2), control_words(1, 1)[:2])
    assert fast.model.t == 2


@pytest.mark.parametrize("config", [TINY, PLAIN], ids=["samples", "plain"])
@pytest.mark.parametrize("beyond", [-1, 0, 1])
@pytest.mark.parametrize("times", [1, 2])
def test_long_silence_is_counted_together(config, beyond, times):
    longest = longest_told(config)
    silent = longest * times + beyond
    fast = FastTarget(config)
    fast.model.network.parameters.threshold[:] = 100_000
    assert run(fast, step_words(silent)) == step_words(silent, longest).tolist()
    fast.reset(ResetKind.STATE)
    fast.model.network.parameters.threshold[3] = silent  # which a bias of 1 exceeds one step later
    fast.model.network.parameters.bias[3] = 1
    words = step_words(silent + 2)
    expected = [*step_words(silent, longest).tolist(), 3, *step_words(2).tolist()]
    assert run(fast, *np.split(words, [1])) == expected


def test_a_target_may_be_garbage_within_a_run():
    """Its kernel may be closed before the run is."""
    target = FastTarget(TINY)
    under_way = target.run(iter([step_words(3), step_words(20_000), step_words(20_000)]))
    next(under_way)
    circle = [target, under_way]
    circle.append(circle)
    kernel = weakref.ref(target._kernel)
    del target, under_way, circle
    gc.collect()
    assert kernel() is None


def test_registers_change_between_steps():
    """Every kind of register, in the stream: rules, seed, what is in use, the step counter."""
    plan = make_plan(FAST_CONFIGS[0], 5, everything_in_use=True, learning=True, activity=0.5)
    writes = [
        control_words(CONTROL_REGISTERS["seed"].offset, 77),
        control_words(core_register("neurons_in_use", 1), 3),
        control_words(core_register("reward", 0), 200),
        control_words(CONTROL_REGISTERS["axon_words"].offset, 4),
        control_words(CONTROL_REGISTERS["probes_in_use"].offset, 2),
        control_words(core_register("theta_every_log2", 0), 2),
        control_words(T, 2**32 - 1),
        control_words(core_register("plastic_rows", 0), 5),
        control_words(16_383, 5),
    ]
    parts = [part for write in writes for part in (input_words(plan), write)]
    words = np.concatenate([*parts, input_words(plan)])
    model, fast = pair_of(plan)
    assert run(fast, words) == run(model, words)
    assert everything(fast) == everything(model)
    assert counters(fast) == counters(model)


def test_an_endless_stream_goes_on_as_output_is_taken():
    fast = FastTarget(PLAIN)
    fast.model.network.parameters.threshold[:] = -1
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield step_words(1)

    output = fast.run(endless())
    words = np.concatenate(list(itertools.islice(output, 5)))
    output.close()
    assert words.tolist()[:17] == [*range(16), 0x8001]
    assert taken == fast.model.t == 5


def test_a_long_step_word_comes_in_parts_and_may_be_left():
    fast = FastTarget(PLAIN)
    fast.model.network.parameters.threshold[:] = -1
    output = fast.run([step_words(16_383)])
    first = next(output)
    assert 60_000 < first.size < 70_000
    for call in (
        lambda: fast.read("v"),
        lambda: fast.write("v", bytes(3)),
        lambda: fast.run_batch([]),
        lambda: next(fast.run([])),
    ):
        with pytest.raises(RunError, match=r"must wait until the run on 'fast:tiny' has ended"):
            call()
    t = int.from_bytes(fast.read("control", count=1), "little")
    assert 3000 < t < 16_383
    assert fast.model.counters.steps == t
    fast.reset(ResetKind.COUNTERS)
    output.close()
    assert fast.model.t == t
    assert run(fast, step_words(1)) == [*range(16), 0x8001]
    assert fast.model.counters.steps == 1


def test_snapshots_pass_between_the_two():
    plan = make_plan(CONFIGS["quad_elig"], 2, everything_in_use=True, learning=True)
    model, fast = pair_of(plan)
    words = input_words(plan)
    boards = spikeloom.Board(model), spikeloom.Board(fast)
    for first, second in (boards, boards[::-1]):
        list(first.target.run([words]))
        second.restore(first.snapshot())
        assert run(first.target, words) == run(second.target, words)
        states = [
            {key: value for key, value in everything(board.target).items() if key[0] != "status"}
            for board in boards
        ]
        assert states[0] == states[1]


def test_resets_do_what_they_do_on_the_reference():
    plan = make_plan(FAST_CONFIGS[1], 7, learning=True)
    model, fast = pair_of(plan)
    for kind in (ResetKind.STATE, ResetKind.COUNTERS, ResetKind.ALL):
        for target in (model, fast):
            run(target, input_words(plan))
            target.reset(kind)
        assert everything(fast) == everything(model)


def test_the_reference_goes_on_with_weights_that_fast_has_changed():
    """`model.step` has a matrix made of the weights, which must not be an old one."""
    plan = make_plan(TINY, 3, everything_in_use=True, learning=True, activity=0.8)
    model, fast = pair_of(plan)
    assert (fast.model.step([20]) == model.model.step([20])).all()
    run(fast, input_words(plan))
    run(model, input_words(plan))
    for _ in range(5):
        assert (fast.model.step([20, 21]) == model.model.step([20, 21])).all()
    assert everything(fast) == everything(model)


def test_weights_are_changed_where_the_flag_says_so():
    """By hand: B0 = +1 with one plastic synapse and three neurons that fire."""
    fast = FastTarget(TINY)
    for register, value in {
        "plastic_rows": 32,
        "learning": CORE_REGISTERS["learning"].pack(change=1, stochastic=0, eligibility=0),
        "b0": CORE_REGISTERS["b0"].pack(coefficient=1, shift=8),
        "w_range": CORE_REGISTERS["w_range"].pack(w_min=-128, w_max=127),
    }.items():
        fast.write("control", value.to_bytes(4, "little"), offset=core_register(register, 0))
    with fast.model.network.synapses.edit():
        fast.model.network.synapses.plastic[0, 5, 2] = True
    fast.model.network.parameters.threshold[:] = [-1, 9, -1, *[9] * 4, -1, *[9] * 8]
    run(fast, step_words(3))
    weights = fast.model.network.synapses.weight
    assert weights[0, 5, 2] == 3
    assert np.count_nonzero(weights) == 1


def test_an_array_without_probes():
    plan = make_plan(NO_PROBES, 3, everything_in_use=True)
    plan.probes = []
    model, fast = pair_of(plan)
    assert run(fast, input_words(plan)) == run(model, input_words(plan))


def test_probes_that_name_nothing_are_zero():
    targets = ModelTarget(TINY), FastTarget(TINY)
    for target in targets:
        network = target.model.network
        network.parameters.threshold[:], network.parameters.bias[3] = 1000, -7
        table = network.probes
        table.neuron[:4], table.core[:4] = [3, 3, 8, 3], [0, 2, 0, 0]
        table.quantity[:4] = [3, 0, 0, 0]
        target.write("control", (4).to_bytes(4, "little"), offset=2)
    expected, actual = (run(target, step_words(2)) for target in targets)
    assert actual == expected


def test_runs_need_words_of_16_bits():
    fast = FastTarget(TINY)
    with pytest.raises(ValueRangeError, match=r"words must be .*use numpy\.uint16"):
        list(fast.run([np.array([65_536])]))
    assert run(fast, np.array([0x8002], np.int64)) == [0x8002]
