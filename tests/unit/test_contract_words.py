"""Event words, registers and the capability block."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.contract import CONFIGS, Capability, CapabilityError, ValueRangeError
from spikeloom.contract import numbers as n
from spikeloom.contract import registers as r
from spikeloom.contract import words as w
from spikeloom.contract.frames import PROTOCOL_VERSION
from spikeloom.contract.learning import REWARD_ONE
from spikeloom.contract.memory import CAPABILITY_BYTES


@given(st.integers(0, 200_000))
def test_step_words_add_up(count):
    words = w.step_words(count)
    assert (words & w.TAG_MASK == w.STEP_TAG).all()
    counts = words & w.MAX_STEP_COUNT
    assert counts.sum() == count
    assert (counts > 0).all()
    assert len(words) == -(-count // w.MAX_STEP_COUNT)


def test_step_words_refuse():
    with pytest.raises(ValueRangeError, match="the number of steps must be 0 or more, not -1"):
        w.step_words(-1)


@given(st.integers(0, 2**14 - 1), st.integers(0, 2**32 - 1))
def test_control_words(register, value):
    tag, low, high = map(int, w.control_words(register, value))
    assert tag & w.TAG_MASK == w.CONTROL_TAG
    assert tag & ~w.TAG_MASK == register
    assert low | high << 16 == value


@pytest.mark.parametrize(("register", "value"), [(-1, 0), (1 << 14, 0), (0, -1), (0, 1 << 32)])
def test_control_words_refuse(register, value):
    with pytest.raises(ValueRangeError, match=rf"not {register} and {value}$"):
        w.control_words(register, value)


def test_tags_are_disjoint():
    assert (0x7FFF & 0x8000) == 0
    assert {w.STEP_TAG, w.CONTROL_TAG} == {0x8000, 0xC000}
    assert w.STEP_TAG | w.MAX_STEP_COUNT == 0xBFFF


def test_registers_do_not_collide():
    control = [register.offset for register in r.CONTROL_REGISTERS.values()]
    assert len(set(control)) == len(control)
    assert max(control) < r.CORE_REGISTER_BASE
    offsets = [register.offset for register in r.CORE_REGISTERS.values()]
    assert len(set(offsets)) == len(offsets)
    assert max(offsets) < r.CORE_REGISTER_STRIDE
    status = [register.offset for register in r.STATUS_REGISTERS.values()]
    assert status == list(range(r.status_depth()))
    for name, register in (r.CONTROL_REGISTERS | r.STATUS_REGISTERS).items():
        assert name == register.name
        assert 1 <= register.bits <= 32


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_reset_values(config):
    values = {offset: r.reset_value(config, offset) for offset in range(r.control_depth(config))}
    used = {r.CONTROL_REGISTERS["axon_words"].offset: config.axon_words}
    for core in range(config.cores):
        used[r.core_register("neurons_in_use", core)] = config.neurons_per_core
        if config.learns:
            used[r.core_register("reward", core)] = REWARD_ONE
    assert {offset: value for offset, value in values.items() if value} == used


def packed_registers():
    return [register for register in r.CORE_REGISTERS.values() if register.fields]


@pytest.mark.parametrize("register", packed_registers(), ids=lambda register: register.name)
@given(data=st.data())
def test_unpack_undoes_pack_of_registers(register, data):
    assert register.bits == sum(field.bits for field in register.fields)
    values = {field.name: data.draw(st.integers(*field.range)) for field in register.fields}
    word = register.pack(**values)
    assert 0 <= word < 1 << register.bits
    assert register.unpack(word) == values


def test_registers_are_packed_from_bit_0_upwards():
    registers = r.CORE_REGISTERS
    assert registers["learning"].pack(change=1, stochastic=0, eligibility=1) == 0b101
    assert (
        registers["x_trace"].pack(plus=3, decay=256, mode=2, nearest=1)
        == 0b1_10_1_00000000_00000011
    )
    assert registers["a2"].pack(coefficient=-1, shift=15) == 0b1111_11
    assert registers["w_range"].pack(w_min=-128, w_max=127) == 0x7F80
    assert registers["reward"].pack(reward=-1) == 0xFF


def test_pack_refuses_numbers_beyond_their_field():
    register = r.CORE_REGISTERS["a1"]
    with pytest.raises(
        ValueRangeError, match=r"coefficient of register a1 .* -128\.\.127, not 128"
    ):
        register.pack(coefficient=128, shift=0)
    with pytest.raises(ValueRangeError, match=r"a1 must be given coefficient, shift, not shift"):
        register.pack(shift=0)


def test_core_registers_follow_the_build():
    tiny = CONFIGS["tiny"]
    assert list(r.core_registers(tiny.replace(plastic="none"))) == [
        "neurons_in_use", "theta_every_log2",
    ]  # fmt: skip
    assert set(r.CORE_REGISTERS) - set(r.core_registers(tiny)) == {"eligibility"}
    assert r.core_registers(tiny.replace(eligibility=True)) == r.CORE_REGISTERS


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_capability_round_trip(config):
    build_id = bytes(range(8))
    block = Capability(build_id, config).to_bytes()
    assert len(block) == CAPABILITY_BYTES
    assert block[:6] == b"SPKLM" + bytes([PROTOCOL_VERSION])
    assert Capability.from_bytes(block) == Capability(build_id, config)


def test_capability_has_room_for_every_rate():
    config = CONFIGS["tiny"].replace(name="fifteen letters", baud_rates=tuple(range(9600, 9608)))
    assert len(Capability(bytes(8), config).to_bytes()) == CAPABILITY_BYTES


def test_capability_refuses():
    block = Capability(bytes(8), CONFIGS["tiny"]).to_bytes()
    with pytest.raises(CapabilityError, match=r"begin with b'SPKLM', not b'xPKLM'; .* not a Spike"):
        Capability.from_bytes(b"x" + block[1:])
    with pytest.raises(CapabilityError, match="must begin with"):
        Capability.from_bytes(block[:100])
    with pytest.raises(
        CapabilityError, match=r"protocol version must be 1, not 9; flash the board"
    ):
        Capability.from_bytes(block[:5] + b"\x09" + block[6:])
    assert CapabilityError.exit_code == 1


def test_number_ranges():
    assert n.signed_range(18) == (-131_072, 131_071)
    assert n.unsigned_range(17) == (0, 131_071)
    assert n.DECAY_ONE == 4096
    assert n.DECAY_ONE < 1 << n.DECAY_BITS
    assert np.iinfo(np.int64).max > n.signed_range(22)[1] << 13  # products fit the reference
