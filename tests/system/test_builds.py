"""Real tools on a small design: a UART, a block memory and the capability block on every board."""

import os
import sys
from pathlib import Path

import platformdirs
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from firmware_support import Echo, small_config

from spikeloom.contract import named_config
from spikeloom_boards import boards, find_board
from spikeloom_firmware.bitstreams import MismatchError, check_bitstream
from spikeloom_firmware.build import build, synthesise
from spikeloom_firmware.check_build import check_loader
from spikeloom_firmware.errors import TimingError, ToolMissingError
from spikeloom_firmware.fitting import MemoryUse, memory_use, shapes_of
from spikeloom_firmware.image import Image
from spikeloom_rtl.identity import build_id

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """Nothing is found from earlier, apart from the tools' own compiled selves."""
    tools = os.environ.get("YOWASP_CACHE_DIR", platformdirs.user_cache_dir("YoWASP", False))
    monkeypatch.setenv("YOWASP_CACHE_DIR", tools)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "builds"))


def small(name, **options):
    board = find_board(name)
    return build(board, config=small_config(board), inner=Echo, **options)


@pytest.mark.parametrize(
    "name", ["icebreaker", "ulx3s_25f", "ulx3s_85f", "icepi_zero", "tang_nano_9k", "tang_nano_20k"]
)
def test_a_small_design_is_built(name):
    result = small(name)
    timing = result.report.timing
    assert timing.met
    assert timing.got_hz > result.config.clock_hz
    assert result.report.usage["block RAM"].used == 2
    image = Image.from_build(result)
    assert image.build_id == build_id(result.config)
    assert 10_000 < image.flash_bytes < image.config.boot_offset


@pytest.mark.parametrize("name", ["icebreaker", "ulx3s_25f", "ulx3s_85f", "icepi_zero"])
def test_a_bitstream_is_what_its_design_says(name):
    result = small(name)
    checked = check_bitstream(result, build_id(result.config))
    assert (checked.rams, checked.empty_rams) == (2, 1)
    assert checked.idcode in (None, result.board.fpga.idcode)
    with pytest.raises(MismatchError, match="not in 0"):
        check_bitstream(result, bytes(8))


def test_a_bitstream_with_one_bit_changed(tmp_path):
    """A bit of a block memory is flipped in the bitstream itself."""
    import dataclasses

    result = small("icebreaker")
    data = bytearray(result.bitstream.read_bytes())
    # Block memories are the last thing before the end; the CRC that follows is not looked at by
    # iceunpack, so that only the comparison can notice.
    at = next(k for k in range(len(data) - 200, 0, -1) if data[k] not in (0, 0xFF))
    data[at] ^= 0x10
    path = tmp_path / "top.bin"
    path.write_bytes(data)
    with pytest.raises(Exception, match=r"block memories|unpacked and packed|must take"):
        check_bitstream(dataclasses.replace(result, bitstream=path), build_id(result.config))


def test_one_seed_gives_one_bitstream(tmp_path, monkeypatch):
    first = small("icebreaker").bitstream.read_bytes()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert small("icebreaker").bitstream.read_bytes() == first


def test_a_clock_that_is_too_fast():
    board = find_board("icebreaker")
    config = small_config(board, 144_000_000)
    with pytest.raises(TimingError, match=r"must run at 144\.00 MHz, but reaches .* critical path"):
        build(board, config=config, inner=Echo)


@pytest.mark.parametrize("name", ["arty_a7_35t", "cmod_a7_35t"])
def test_7_series_boards_are_synthesised(name):
    board = find_board(name)
    usage = synthesise(board, config=small_config(board), inner=Echo).report.usage
    # One is a block memory; contents that never change become LUTs.
    assert usage["block RAM"].used == 0.5
    assert 50 < usage["LUT"].used < 300
    assert 100 < usage["FF"].used < 300


@pytest.mark.parametrize("name", ["icebreaker", "ulx3s_25f"])
def test_memories_are_counted_as_yosys_counts_them(name):
    """The whole array, so small that synthesis takes a minute, and with memories of more than 80
    bits: whether those become registers depends on what else there is. State as wide as on the
    board: what fills a window up to bytes of nine bits is dropped where words are of sixteen, and
    counted."""
    board = find_board(name)
    config = named_config("tiny").replace(
        cores=1, neurons_per_core=64, axons=96, rows_per_core=96, lanes=2, plastic="none",
        theta=False, probes=0, clock_hz=board.array_config.clock_hz,
        state_bits=board.array_config.state_bits,
    )  # fmt: skip
    common, core = shapes_of(config)
    use = memory_use(board.fpga, common + core)
    total = sum((use[shape] for shape in common + core), MemoryUse())
    found = synthesise(board, config=config).report.usage
    assert found["block RAM"].used == total.block_rams


@pytest.mark.parametrize("name", sorted(boards()))
def test_openfpgaloader_knows_the_board(name):
    try:
        assert "knows" in check_loader(find_board(name))
    except ToolMissingError as error:
        pytest.skip(str(error))
