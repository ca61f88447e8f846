"""The memory map: no overlaps, honest limits, and packing that can be undone."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.contract import CONFIGS, Field, MemoryMap, ValueRangeError, Window
from spikeloom.contract.frames import MAX_REPLY_PAYLOAD, MAX_REQUEST_PAYLOAD
from spikeloom.contract.memory import CORE_BITS, OFFSET_BITS

MAPS = {name: MemoryMap(config) for name, config in CONFIGS.items()}
WINDOWS = [
    pytest.param(window, id=f"{name}-{window.name}")
    for name in ("tiny", "up5k", "ecp5_85f")
    for window in MAPS[name]
]


@pytest.mark.parametrize("name", CONFIGS)
def test_windows_do_not_overlap(name):
    spans = sorted(
        (window.address(0, core), window.address(window.depth - 1, core), window.name)
        for window in MAPS[name]
        for core in range(window.cores)
    )
    for (_, last, one), (first, _, other) in itertools.pairwise(spans):
        assert last < first, (one, other)


@pytest.mark.parametrize("name", CONFIGS)
def test_every_word_fits_a_frame_and_an_address(name):
    for window in MAPS[name]:
        assert window.word_bytes <= min(MAX_REQUEST_PAYLOAD, MAX_REPLY_PAYLOAD)
        assert window.depth <= 1 << OFFSET_BITS
        assert window.cores <= 1 << CORE_BITS
        assert window.id < 64
        assert window.word_bits <= MAPS[name].data_bits


@pytest.mark.parametrize("window", WINDOWS)
def test_locate_is_the_inverse_of_address(window):
    name = next(name for name, memory in MAPS.items() if window in list(memory))
    for core in {0, window.cores - 1}:
        for offset in {0, window.depth // 2, window.depth - 1}:
            assert MAPS[name].locate(window.address(offset, core)) == (window, core, offset)


def test_nothing_is_located_outside():
    memory = MAPS["tiny"]
    last = memory["v"].address(offset=7, core=1)
    unknown = 63 << (CORE_BITS + OFFSET_BITS)
    for address in (last + 1, last + (1 << OFFSET_BITS), unknown, 1 << 32):
        with pytest.raises(ValueRangeError, match=re.escape(f"not {address:#010x}")):
            memory.locate(address)


def test_address_outside_is_refused():
    window = MAPS["tiny"]["v"]
    with pytest.raises(ValueRangeError, match=r"core of window 'v' must be in 0\.\.1, not 2; the"):
        window.address(core=2)
    for offset in (-1, 8):
        with pytest.raises(
            ValueRangeError, match=rf"offset in window 'v' .* 0\.\.7, not {offset};"
        ):
            window.address(offset)


def test_unknown_names_are_refused():
    memory = MAPS["up5k"]
    assert "theta" not in memory
    with pytest.raises(KeyError, match="no window 'theta' in this build; there are capability"):
        memory["theta"]
    with pytest.raises(KeyError, match="window 'v' has no field 'w'"):
        memory["v"].field("w")


def test_options_choose_windows():
    assert "plastic" in MAPS["tiny"]
    assert "plastic" not in MAPS["up5k"]
    assert "sources" not in MAPS["up5k"]
    by_row = MemoryMap(MAPS["up5k"].config.replace(plastic="row"))
    assert [field.name for field in by_row["sources"].fields] == ["plastic"]
    assert [field.name for field in MAPS["tiny"]["sources"].fields] == ["axon"]
    cut = MAPS["tiny"].config.replace(stochastic=False)
    assert "sources" not in MemoryMap(cut)
    by_row = MemoryMap(MAPS["tiny"].config.replace(plastic="row"))
    assert [field.name for field in by_row["sources"].fields] == ["axon", "plastic"]
    frozen = MemoryMap(CONFIGS["tiny"].replace(plastic="none"))
    assert not {"plastic", "sources", "x", "y"} & {window.name for window in frozen}
    assert [name for name in CONFIGS if "eligibility" in MAPS[name]] == ["quad_elig"]
    assert "probe" not in MemoryMap(CONFIGS["tiny"].replace(probes=0))


@st.composite
def windows_and_values(draw):
    count = draw(st.integers(1, 4))
    fields = tuple(
        Field(name=f"f{k}", bits=draw(st.integers(1, 32)), signed=draw(st.booleans()), doc="")
        for k in range(count)
    )
    window = Window(
        name="w",
        id=1,
        depth=64,
        fields=fields,
        lanes=draw(st.integers(1, 9)),
        kind="network",
        doc="",
    )
    words = draw(st.integers(0, 5))
    shape = (words, window.lanes) if window.lanes > 1 else (words,)
    size = words * window.lanes
    values = {
        field.name: np.array(
            draw(st.lists(st.integers(*field.range), min_size=size, max_size=size)), np.int64
        ).reshape(shape)
        for field in fields
    }
    return window, values


@given(windows_and_values())
def test_unpack_undoes_pack(case):
    window, values = case
    data = window.pack(**values)
    assert len(data) == len(next(iter(values.values()))) * window.word_bytes
    back = window.unpack(data)
    assert set(back) == set(values)
    for name, array in values.items():
        np.testing.assert_array_equal(back[name], array)
        assert back[name].shape == array.shape


@given(windows_and_values())
def test_pack_is_the_integer_with_fields_from_bit_0(case):
    window, values = case
    data = window.pack(**values)
    for word in range(len(data) // window.word_bytes):
        expected, at = 0, 0
        for lane in range(window.lanes):
            for field in window.fields:
                value = int(values[field.name].reshape(-1, window.lanes)[word, lane])
                expected |= (value & (1 << field.bits) - 1) << at
                at += field.bits
        part = data[word * window.word_bytes : (word + 1) * window.word_bytes]
        assert int.from_bytes(part, "little") == expected


def test_pack_by_hand():
    memory = MAPS["tiny"]
    assert memory["weights"].pack(weight=[[1, -1, 127, -128]]).hex() == "01ff7f80"
    assert memory["v"].pack(v=[-1, 1]).hex() == "ffff03" + "010000"
    assert memory["v_decay"].pack(v_decay=[4096], gain=[7]).hex() == "00f0"
    assert memory["plastic"].pack(plastic=[[1, 0, 0, 1]]).hex() == "09"


@pytest.mark.parametrize(
    ("window", "values", "message"),
    [
        ("v", {"v": [1 << 17]}, r"v must be in -131072\.\.131071, not 131072; scale"),
        ("v", {"v": [-(1 << 17) - 1]}, r"not -131073"),
        ("c", {"c": [-1]}, r"c must be in 0\.\.255, not -1"),
        ("v", {"v": [0.5]}, r"v must be integers, not float64; round them first"),
        ("v", {"v": [float("nan")]}, r"v must be integers"),
        ("v", {"w": [1]}, r"window 'v' takes the fields v, not w"),
        ("v_decay", {"v_decay": [1]}, r"takes the fields v_decay, gain, not v_decay"),
        ("v_decay", {"v_decay": [1], "gain": [1, 2]}, r"must have equal lengths"),
    ],
)
def test_pack_refuses(window, values, message):
    with pytest.raises(ValueRangeError, match=message):
        MAPS["tiny"][window].pack(**values)
