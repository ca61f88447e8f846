"""`ModelTarget`: memory windows, checks and the opening of URLs."""

import numpy as np
import pytest
from hypothesis import given, settings
from reference_plans import PLAN_CONFIGS, input_words, loaded_target, make_plan, plans
from scalar_oracle import ScalarArray

from spikeloom.contract import (
    CONFIGS,
    DEFAULT_CONFIG,
    Capability,
    ConfigError,
    MemoryMap,
    ValueRangeError,
)
from spikeloom.contract.frames import ResetKind
from spikeloom.contract.registers import STATUS_REGISTERS, reset_value
from spikeloom.contract.words import step_words
from spikeloom.target import Target, open_target
from spikeloom_sim.reference.errors import ReadOnlyWindowError, RunError, UnknownWindowError
from spikeloom_sim.reference.target import ModelTarget, open_model

CHECKED = (*PLAN_CONFIGS, CONFIGS["up5k"])
every_config = pytest.mark.parametrize("config", CHECKED, ids=lambda config: config.name)
TINY = CONFIGS["tiny"]


def random_words(window, rng) -> bytes:
    fields = {}
    for field in window.fields:
        low, high = field.range
        fields[field.name] = rng.integers(low, high + 1, (window.depth, window.lanes))
    return window.pack(**fields)


def status(target: ModelTarget, name: str) -> int:
    offset = STATUS_REGISTERS[name].offset
    return int.from_bytes(target.read("status", offset=offset, count=1), "little")


def test_is_a_target():
    target = open_target("model:tiny")
    assert isinstance(target, Target)
    assert isinstance(target, ModelTarget)
    assert target.url == "model:tiny"


def test_opens_the_default_a_named_and_a_given_configuration():
    assert open_model("model:").capability.config == CONFIGS[DEFAULT_CONFIG]
    assert open_model("model:up5k").capability.config == CONFIGS["up5k"]
    odd = PLAN_CONFIGS[2]
    assert open_model("model:", config=odd).capability.config == odd
    assert "model:odd" in repr(ModelTarget(odd))
    with pytest.raises(ConfigError, match=r"must be one of tiny.*not 'huge'"):
        open_model("model:huge")
    with pytest.raises(ConfigError, match=r"must be given once, not as 'tiny' .* 'odd'"):
        open_model("model:tiny", config=odd)


@every_config
def test_every_window_reads_back_what_was_written(config):
    rng = np.random.default_rng(1)
    target = ModelTarget(config)
    written = {}
    for window in MemoryMap(config):
        if window.writable and window.name != "control":
            for core in range(window.cores):
                written[window.name, core] = random_words(window, rng)
                target.write(window.name, written[window.name, core], core=core)
    for (name, core), data in written.items():
        assert target.read(name, core=core) == data, (name, core)


@every_config
def test_parts_of_windows_can_be_written_and_read(config):
    rng = np.random.default_rng(2)
    target = ModelTarget(config)
    for window in MemoryMap(config):
        if not window.writable or window.name == "control":
            continue
        data = random_words(window, rng)
        size = window.word_bytes
        core = window.cores - 1
        for offset in (0, window.depth // 2, window.depth - 1):
            word = data[offset * size : (offset + 1) * size]
            target.write(window.name, word, core=core, offset=offset)
            assert target.read(window.name, core=core, offset=offset, count=1) == word
        target.write(window.name, data, core=core)
        first, count = window.depth // 3, window.depth - window.depth // 3
        assert target.read(window.name, core=core, offset=first) == data[first * size :]
        assert (
            target.read(window.name, core=core, offset=first, count=count) == data[first * size :]
        )


@given(plan=plans())
@settings(max_examples=40, deadline=None)
def test_a_snapshot_continues_bit_for_bit(plan):
    words = input_words(plan)
    target = loaded_target(plan)
    snapshot = {
        (window.name, core): target.read(window.name, core=core)
        for window in MemoryMap(plan.config)
        if window.kind != "info"
        for core in range(window.cores)
    }
    expected = [chunk.tolist() for chunk in target.run([words])]
    other = ModelTarget(plan.config)
    for (name, core), data in snapshot.items():
        other.write(name, data, core=core)
    assert [chunk.tolist() for chunk in other.run([words])] == expected
    for name in ("v", "i", "c", "pending", "control"):
        assert other.read(name) == target.read(name)


def test_state_windows_show_the_state_of_each_core():
    plan = make_plan(TINY, 9, steps=5, everything_in_use=True)
    target, oracle = loaded_target(plan), ScalarArray(plan)
    list(target.run([input_words(plan)]))
    for events in plan.events:
        oracle.step(events)
    for name in ("v", "i", "c", "theta"):
        window = MemoryMap(TINY)[name]
        seen = [window.unpack(target.read(name, core=core))[name].tolist() for core in (0, 1)]
        assert seen == [getattr(oracle, name)[:8], getattr(oracle, name)[8:]]


def test_pending_window_is_laid_out_by_slot_and_word():
    target = ModelTarget(TINY)
    target.model.pending[3, 0, 17] = True
    target.model.pending[3, 0, 31] = True
    words = np.frombuffer(target.read("pending"), "<u2")
    assert np.flatnonzero(words).tolist() == [3 * 2 + 1]
    assert words[7] == 0x8002


def test_weight_words_are_laid_out_by_row_and_lane():
    target = ModelTarget(TINY)
    target.write("weights", bytes([1, 2, 3, 0xFF]), core=1, offset=2 * 5 + 1)
    assert target.model.network.synapses.weight[1, 5].tolist() == [0, 0, 0, 0, 1, 2, 3, -1]


@every_config
def test_capability_and_control_after_power_up(config):
    target = ModelTarget(config)
    assert Capability.from_bytes(target.read("capability")) == Capability(bytes(8), config)
    assert target.capability == Capability(bytes(8), config)
    values = np.frombuffer(target.read("control"), "<u4").tolist()
    assert values == [reset_value(config, offset) for offset in range(len(values))]


def test_control_registers_keep_their_bits_only():
    target = ModelTarget(TINY)
    target.write("control", b"\xff" * 4 * 96)
    values = np.frombuffer(target.read("control"), "<u4").tolist()
    bits = [32, 16, 9, 1, 32, 32, 32, 15, 15, 15, 16, 16, 16]
    assert values[:14] == [2**k - 1 for k in bits] + [0]
    bits = [11, 5, 15, 3, 8, 20, 20, 10, 10, 12, 12, 6, 12, 12, 6, 16]
    assert values[32:] == ([2**k - 1 for k in bits] + [0] * 16) * 2
    assert target.model.network.control.neurons_in_use.all()
    target.reset(ResetKind.ALL)
    assert target.read("control") == ModelTarget(TINY).read("control")


def test_status_counts_and_shows_the_last_step():
    target = loaded_target(make_plan(TINY, 1))
    target.reset(ResetKind.ALL)
    target.model.network.parameters.threshold[:] = [-1, *[5] * 15]
    target.model.network.delay[: TINY.neurons] = 1
    list(target.run([np.array([20, 21, 3, 0x8002], np.uint16)]))
    expected = {"steps": 2, "spikes": 2, "arrivals": 3, "refused_events": 1}
    expected |= {"last_arrivals": 1, "last_fired": 1}
    assert {name: status(target, name) for name in STATUS_REGISTERS} == {
        name: expected.get(name, 0) for name in STATUS_REGISTERS
    }
    target.reset(ResetKind.COUNTERS)
    assert [status(target, name) for name in expected] == [0, 0, 0, 0, 1, 1]


def test_status_registers_have_32_bits():
    target = ModelTarget(TINY)
    target.model.counters.steps = 2**32 + 5
    assert status(target, "steps") == 5


def test_unknown_window_is_refused():
    target = open_model("model:up5k")
    for call in (lambda: target.read("theta"), lambda: target.write("theta", b"")):
        with pytest.raises(UnknownWindowError, match=r"no window 'theta' .* there are capability"):
            call()


def test_words_that_do_not_exist_are_refused():
    target = ModelTarget(TINY)
    refused = r"(core|offset) (of|in) window 'v' must be in"
    for options in ({"core": 2}, {"core": -1}, {"offset": 8}, {"offset": -1}, {"count": 9}):
        with pytest.raises(ValueRangeError, match=refused):
            target.read("v", **{"count": 1, **options})
    with pytest.raises(ValueRangeError, match="count must be 0 or more words, not -1"):
        target.read("v", count=-1)
    with pytest.raises(ValueRangeError, match=refused):
        target.read("v", core=5, count=0)
    assert target.read("v", count=0) == b""


def test_a_refused_write_changes_nothing():
    target = ModelTarget(TINY)
    with pytest.raises(ValueRangeError, match=r"offset in window 'v' must be in 0\.\.7, not 8"):
        target.write("v", b"\1" * 6, offset=7)
    with pytest.raises(ValueRangeError, match=r"multiple of 3 bytes, not 4; use Window.pack"):
        target.write("v", b"\1" * 4)
    with pytest.raises(ReadOnlyWindowError, match="'status' must be writable, but can only be"):
        target.write("status", bytes(4))
    assert not target.model.neurons.v.any()


def test_a_run_under_way_refuses_what_a_busy_board_refuses():
    target = ModelTarget(TINY)
    target.model.network.parameters.threshold[:] = -1
    output = target.run([step_words(1)] * 2)
    next(output)
    for call in (
        lambda: target.read("v"),
        lambda: target.write("v", bytes(3)),
        lambda: target.reset(ResetKind.STATE),
        lambda: target.run_batch([]),
        lambda: next(target.run([])),
    ):
        with pytest.raises(RunError, match=r"must wait until the run on 'model:tiny' has ended"):
            call()
    assert target.read("control", count=1) == bytes([1, 0, 0, 0])
    target.reset(ResetKind.COUNTERS)
    output.close()
    assert len(target.read("v")) == 24


def test_a_closed_target_refuses_and_closes_again():
    target = ModelTarget(TINY)
    target.close()
    target.close()
    for call in (
        lambda: target.read("v"),
        lambda: target.write("v", b""),
        lambda: list(target.run([])),
        lambda: target.run_batch([]),
        lambda: target.reset(ResetKind.ALL),
        lambda: target.reset(ResetKind.COUNTERS),
    ):
        with pytest.raises(RunError, match="must be open, but it was closed; open it again"):
            call()


@pytest.mark.parametrize(
    "words",
    [np.array([65_536]), np.array([-1]), np.array([1.5]), np.zeros((2, 2), np.uint16)],
    ids=["too large", "negative", "float", "two dimensions"],
)
def test_words_must_be_16_bits(words):
    target = ModelTarget(TINY)
    with pytest.raises(ValueRangeError, match=r"words must be .*use numpy\.uint16"):
        list(target.run([words]))
    with pytest.raises(ValueRangeError, match=r"words must be .*use numpy\.uint16"):
        target.run_batch([words])


def test_words_of_other_integer_types_are_taken():
    target = ModelTarget(TINY)
    target.model.network.parameters.threshold[:] = 5
    assert np.concatenate(list(target.run([np.array([0x8002])]))).tolist() == [0x8002]
