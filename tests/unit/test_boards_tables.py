"""Tables of boards: complete, true to their platforms, found by name, added by a file."""

import importlib.metadata
import sys
import types

import pytest

from spikeloom.contract import CONFIGS
from spikeloom_boards import BoardTableError, UnknownBoardError, boards, find_board, registry
from spikeloom_boards.tables import icebreaker

BOARDS = sorted(boards())


@pytest.fixture
def fresh_registry():
    """The registry is asked again in the test, and forgets what it was told there."""
    registry.boards.cache_clear()
    yield
    registry.boards.cache_clear()


def test_the_boards_that_were_promised_are_there():
    assert set(BOARDS) >= {
        "icebreaker", "ulx3s_25f", "ulx3s_85f", "icepi_zero", "tang_nano_9k", "tang_nano_20k",
        "arty_a7_35t", "cmod_a7_35t",
    }  # fmt: skip


@pytest.mark.parametrize("name", BOARDS)
def test_a_table_is_true_to_its_platform(name):
    board = find_board(name)
    platform = board.platform()
    assert platform.lookup(*board.oscillator).clock.frequency == board.oscillator_hz
    assert platform.default_clk == board.oscillator[0]
    part = getattr(platform, "device", None) or platform.family
    assert part.upper().replace("TI", "T").startswith(board.part.upper()), part
    uart = {io.name: io for io in platform.lookup(*board.uart).ios if hasattr(io, "name")}
    assert uart["rx"].ios[0].dir == "i"
    assert uart["tx"].ios[0].dir == "o"
    for led in (board.leds.idle, board.leds.running, board.leds.error):
        assert platform.lookup(*led).ios[0].dir == "o"
    assert board.leds.error not in (board.leds.idle, board.leds.running)
    assert board.config in CONFIGS


@pytest.mark.parametrize("name", BOARDS)
def test_the_flash_holds_bitstream_and_network(name):
    board = find_board(name)
    platform = board.platform()
    flash = {
        io.name: io for io in platform.lookup(*board.flash.resource).ios if hasattr(io, "name")
    }
    assert {"cs", "copi", "cipo"} <= set(flash)
    assert ("clk" in flash) or board.flash.clock != "pin"
    assert board.flash.clock == ("usrmclk" if board.fpga.toolchain == "trellis" else "pin")
    offset = board.array_config.boot_offset
    assert offset is not None
    assert offset < board.flash.size_bytes


def test_pins_that_amaranth_boards_has_wrong():
    """Digilent's Cmod-A7-Master.xdc: D18 is DQ0, which leads to the flash."""
    board = find_board("cmod_a7_35t")
    ios = {io.name: io for io in board.platform().lookup("flash", 0).ios if hasattr(io, "name")}
    assert ios["copi"].ios[0].names == ["D18"]
    assert ios["cipo"].ios[0].names == ["D19"]


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("icebraker", "icebreaker"),
        ("ulx3s", "ulx3s_25f"),
        ("ULX3S-45F", "ulx3s_85f"),
        ("tang", "tang_nano_9k"),
        ("arty", "arty_a7_35t"),
    ],
)
def test_an_unknown_board_gets_the_nearest_names(name, offered):
    with pytest.raises(
        UnknownBoardError, match=f"not '{name}'; did you mean .*{offered}"
    ) as caught:
        find_board(name)
    assert caught.value.exit_code == 2


def test_a_name_like_nothing_gets_the_list():
    with pytest.raises(UnknownBoardError, match="`spikeloom boards` lists them"):
        find_board("zzzz")


def test_names_are_found_as_people_write_them():
    assert find_board("ULX3S-25F") is find_board("ulx3s_25f")
    assert find_board("Tang Nano 9K").part == "GW1NR-9"


_MODULE = """
import dataclasses
from spikeloom_boards.tables import icebreaker
BOARDS = (dataclasses.replace(icebreaker.BOARDS[0], name="{name}", title="Mine"),)
"""


@pytest.mark.usefixtures("fresh_registry")
def test_a_board_is_added_by_one_file(tmp_path, monkeypatch):
    (tmp_path / "my_board.py").write_text(_MODULE.format(name="my_board"))
    monkeypatch.setattr(registry.tables, "__path__", [*registry.tables.__path__, str(tmp_path)])
    try:
        assert find_board("my_board").title == "Mine"
        assert set(BOARDS) < set(registry.boards())
    finally:
        sys.modules.pop("spikeloom_boards.tables.my_board", None)


def announce(monkeypatch, module):
    """Let a package announce a module with boards."""
    point = importlib.metadata.EntryPoint("theirs", "their_boards", registry.BOARD_GROUP)
    if module is not None:
        monkeypatch.setitem(sys.modules, "their_boards", module)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])


@pytest.mark.usefixtures("fresh_registry")
def test_a_package_announces_boards(monkeypatch):
    module = types.ModuleType("their_boards")
    exec(_MODULE.format(name="theirs"), module.__dict__)
    announce(monkeypatch, module)
    assert find_board("theirs").title == "Mine"


@pytest.mark.usefixtures("fresh_registry")
@pytest.mark.parametrize(
    ("boards_there", "text"),
    [
        (None, "entry point 'theirs' .* must be a module with boards"),
        ([], "module 'their_boards' must have BOARDS, a tuple of BoardTable, not list"),
        ((1,), "must have BOARDS"),
        (icebreaker.BOARDS, "board 'icebreaker' of 'their_boards' must have a name of its own"),
    ],
)
def test_bad_modules_are_named(monkeypatch, boards_there, text):
    module = None
    if boards_there is not None:
        module = types.ModuleType("their_boards")
        module.BOARDS = boards_there
    announce(monkeypatch, module)
    with pytest.raises(BoardTableError, match=text):
        boards()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"name": "My Board"}, "name of a board must be .* not 'My Board'"),
        ({"part": "iCE40UP6K"}, "part must be one of .* not 'iCE40UP6K'"),
        ({"config": "up6k"}, "configuration must be one of"),
        ({"flash": None}, "must have a flash"),
    ],
)
def test_tables_that_contradict_themselves(changes, text):
    import dataclasses

    with pytest.raises(Exception, match=text):
        dataclasses.replace(icebreaker.BOARDS[0], **changes)
