"""`ArrayConfig` refuses what cannot be built, and says what to do instead."""

import dataclasses
import re

import pytest

from spikeloom.contract import CONFIGS, DEFAULT_CONFIG, ArrayConfig, ConfigError, named_config

GOOD = ArrayConfig(
    name="good", cores=2, neurons_per_core=12, axons=40, rows_per_core=30, lanes=4
)  # fmt: skip

REFUSED = [
    ({"name": ""}, r"name must be 1 to 15 printable ASCII characters, not ''; shorten it"),
    ({"name": "sixteen letters."}, r"name must be 1 to 15 printable ASCII"),
    ({"name": "größe"}, r"printable ASCII"),
    ({"cores": 0}, r"cores must be an integer in 1\.\.64, not 0; choose"),
    ({"cores": 65}, r"cores must be an integer in 1\.\.64, not 65"),
    ({"cores": True}, r"cores must be an integer in 1\.\.64, not True"),
    ({"cores": 2.0}, r"cores must be an integer in 1\.\.64, not 2\.0"),
    ({"neurons_per_core": 1025, "lanes": 1}, r"neurons_per_core must be an integer in 1\.\.1024"),
    ({"axons": 32_768}, r"axons must be an integer in 1\.\.32767, not 32768"),
    ({"axons": 23}, r"axons must be at least cores \* neurons_per_core = 24, .* not 23; add"),
    ({"rows_per_core": 41}, r"rows_per_core must be at most axons = 40, not 41"),
    ({"lanes": 5}, r"lanes must divide neurons_per_core = 12, not 5; try 4"),
    ({"delay_slots": 12}, r"delay_slots must be a power of two, not 12; try 8 or 16"),
    ({"delay_slots": 1}, r"delay_slots must be an integer in 2\.\.64, not 1"),
    ({"weight_bits": 9}, r"weight_bits must be an integer in 2\.\.8, not 9"),
    ({"state_bits": 7}, r"state_bits must be an integer in 8\.\.22, not 7"),
    ({"plastic": "all"}, r"plastic must be 'none', 'synapse', 'row' or 'first', not 'all'"),
    ({"probes": 257}, r"probes must be an integer in 0\.\.256, not 257"),
    ({"input_words": 100}, r"input_words must be a power of two, not 100; try 64 or 128"),
    ({"output_words": 32}, r"output_words must be an integer in 64\.\.16384, not 32"),
    ({"clock_hz": 999_999}, r"clock_hz must be an integer in 1000000\.\."),
    ({"baud_rates": ()}, r"baud_rates must hold 1 to 8 rates, not 0"),
    ({"baud_rates": (3_000_001,)}, r"baud_rates must lie in 1200\.\.clock_hz/4 = 3000000"),
    ({"boot_offset": 0}, r"boot_offset must be a multiple of 4096 in 4096\.\.16773120, or None"),
    ({"boot_offset": 0x100100}, r"boot_offset must be a multiple of 4096 .*, not 1048832; choose"),
    ({"boot_offset": 1 << 24}, r"boot_offset must be .*, not 16777216; choose"),
    ({"boot_offset": True}, r"boot_offset must be .*, not True"),
    (
        {"neurons_per_core": 514, "axons": 1028, "lanes": 257},
        r"lanes \* weight_bits must be at most 1920 bits.* not 2056; use an even",
    ),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED, ids=lambda value: str(value)[:40])
def test_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        GOOD.replace(**changes)


def test_every_message_has_a_remedy():
    for changes, _ in REFUSED:
        with pytest.raises(ConfigError) as caught:
            GOOD.replace(**changes)
        assert re.search(r"; \w|, so that .*; ", str(caught.value))
        assert caught.value.exit_code == 2


def test_limits_themselves_are_accepted():
    GOOD.replace(cores=1, neurons_per_core=1, axons=1, rows_per_core=1, lanes=1, probes=0)
    GOOD.replace(neurons_per_core=240, axons=480, rows_per_core=480, lanes=240)
    GOOD.replace(delay_slots=64, weight_bits=2, state_bits=22, input_words=16_384)


@pytest.mark.parametrize("name", CONFIGS)
def test_dict_round_trip_of(name):
    config = named_config(name)
    assert ArrayConfig.from_dict(config.to_dict()) == config
    listed = config.to_dict() | {"baud_rates": list(config.baud_rates)}  # as JSON gives it back
    assert ArrayConfig.from_dict(listed) == config


def test_from_dict_names_what_is_wrong():
    with pytest.raises(ConfigError, match=r"unknown field 'colour'; known are axons, "):
        ArrayConfig.from_dict(GOOD.to_dict() | {"colour": 1})
    short = GOOD.to_dict()
    del short["axons"]
    with pytest.raises(ConfigError, match=r"incomplete: .*'axons'; give every field"):
        ArrayConfig.from_dict(short)


def test_fingerprint_changes_with_every_field():
    seen = {GOOD.fingerprint()}
    changes = {
        "name": "other", "cores": 3, "neurons_per_core": 8, "axons": 41, "rows_per_core": 31,
        "lanes": 2, "delay_slots": 8, "weight_bits": 7, "state_bits": 17, "theta": False,
        "plastic": "row", "eligibility": True, "stochastic": False, "synapse_ports": 1, "probes": 1,
        "sampling": True, "pattern_words": 64, "input_words": 64, "output_words": 64,
        "clock_hz": 13_000_000, "baud_rates": (9600,), "boot_offset": 4096,
    }  # fmt: skip
    assert set(changes) == {field.name for field in dataclasses.fields(ArrayConfig)}
    for field, value in changes.items():
        seen.add(
            GOOD.replace(
                **{field: value}, **({"axons": 36} if field == "cores" else {})
            ).fingerprint()
        )
    assert len(seen) == len(changes) + 1
    assert GOOD.fingerprint() == GOOD.replace().fingerprint()


@pytest.mark.parametrize(
    ("field", "value"),
    [("neurons", 24), ("inputs", 16), ("words_per_row", 3), ("axon_words", 3),
     ("row_bits", 5), ("delay_bits", 4), ("accumulator_bits", 13)],
)  # fmt: skip
def test_derived(field, value):
    assert getattr(GOOD, field) == value


@pytest.mark.parametrize("plastic", ["none", "synapse", "row", "first"])
def test_learns_where_flags_are_kept(plastic):
    assert GOOD.replace(plastic=plastic).learns is (plastic != "none")


def test_eligibility_needs_learning():
    with pytest.raises(ConfigError, match=r"eligibility must be false where plastic is 'none'"):
        GOOD.replace(plastic="none", eligibility=True)


def test_accumulator_cannot_overflow():
    for config in [
        *CONFIGS.values(),
        GOOD,
        GOOD.replace(rows_per_core=32),
        GOOD.replace(rows_per_core=33),
    ]:
        most = config.rows_per_core << (config.weight_bits - 1)
        assert -most >= -(1 << (config.accumulator_bits - 1))


def test_named_configurations():
    assert DEFAULT_CONFIG in CONFIGS
    assert all(name == config.name for name, config in CONFIGS.items())
    with pytest.raises(ConfigError, match=r"must be one of tiny, .*, not 'huge'; pick one"):
        named_config("huge")
