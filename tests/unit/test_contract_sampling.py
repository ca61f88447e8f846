"""What the contract says of samples: windows, registers, words, capability."""

import numpy as np
import pytest

from spikeloom.contract import CONFIGS, Capability, ConfigError, MemoryMap, ValueRangeError
from spikeloom.contract.registers import CONTROL_REGISTERS, array_registers
from spikeloom.contract.sampling import SampleField
from spikeloom.contract.words import (
    BITMAP_TAG,
    CONTROL_TAG,
    LEVELS_TAG,
    SAMPLE_TAG,
    SampleFlag,
    bitmap_words,
    levels_words,
    sample_words,
)

PLAIN = CONFIGS["tiny"].replace(sampling=False)
TINY = PLAIN.replace(sampling=True, pattern_words=128)
WINDOWS = {"sample", "levels", "encoders", "pattern", "readout", "counts"}


def test_builds_without_samples_have_neither_windows_nor_registers():
    assert not WINDOWS & {window.name for window in MemoryMap(PLAIN)}
    assert {*array_registers(TINY)} - {*array_registers(PLAIN)} == {
        "stimulus_seed", "encoded_inputs", "levels_first", "pattern_length",
        "stop_count", "stop_margin", "stop_after",
    }  # fmt: skip
    assert array_registers(TINY) == CONTROL_REGISTERS


def test_windows_follow_the_configuration():
    memory = MemoryMap(TINY)
    depths = {name: memory[name].depth for name in WINDOWS}
    assert depths == {
        "sample": len(SampleField), "levels": 16, "encoders": 16, "pattern": 128,
        "readout": 16, "counts": 16,
    }  # fmt: skip
    assert {name: memory[name].word_bytes for name in WINDOWS} == {
        "sample": 2, "levels": 1, "encoders": 1, "pattern": 2, "readout": 1, "counts": 4,
    }  # fmt: skip


@pytest.mark.parametrize("config", [PLAIN, TINY, TINY.replace(pattern_words=16_384)])
def test_capability_tells_what_samples_there_can_be(config):
    told = Capability.from_bytes(Capability(bytes(8), config).to_bytes()).config
    assert (told.sampling, told.plastic) == (config.sampling, config.plastic)
    assert told.pattern_words == (config.pattern_words if config.sampling else 1024)


def test_samples_need_inputs():
    with pytest.raises(ConfigError, match="encoders drive inputs; add axons"):
        PLAIN.replace(axons=16, rows_per_core=16, sampling=True)


def test_tags_are_controls_that_name_no_register():
    for tag in (BITMAP_TAG, LEVELS_TAG, SAMPLE_TAG):
        assert tag & CONTROL_TAG == CONTROL_TAG
        assert tag & ~CONTROL_TAG >= 1 << 13 > MemoryMap(TINY)["control"].depth


def test_bitmaps_have_no_words_behind_the_last_input():
    assert bitmap_words(np.array([], np.int64)).tolist() == [BITMAP_TAG]
    assert bitmap_words(np.array([31, 0, 31])).tolist() == [BITMAP_TAG | 2, 1, 0x8000]
    with pytest.raises(ValueRangeError, match=r"must be in 0\.\.65519"):
        bitmap_words(np.array([65_520]))
    with pytest.raises(ValueRangeError, match="not -1"):
        bitmap_words(np.array([-1, 4]))


def test_levels_are_two_a_word():
    assert levels_words(np.zeros(0, np.uint8)).tolist() == [LEVELS_TAG]
    words = levels_words(np.arange(2047, dtype=np.uint8))
    assert words.size == 1 + 1024
    assert words[[0, 1, -1]].tolist() == [LEVELS_TAG | 2047, 0x0100, 2046 & 0xFF]
    with pytest.raises(ValueRangeError, match=r"0\.\.2047 levels"):
        levels_words(np.zeros(2048, np.uint8))


def test_flags_of_a_sample():
    everything = SampleFlag.REPORT | SampleFlag.CLEAR_ELIGIBILITY
    assert sample_words(everything).tolist() == [SAMPLE_TAG | 0b100001]
