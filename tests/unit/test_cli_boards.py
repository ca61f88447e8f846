"""boards, build and flash as commands: output, files, exit codes."""

import errno
import functools
import json

import pytest
from firmware_support import Echo, FakeTools, small_config

import spikeloom
from spikeloom.cli import main
from spikeloom_boards import find_board
from spikeloom_firmware import build as building
from spikeloom_firmware import plan as planning
from spikeloom_firmware.image import Image
from spikeloom_firmware.loader import LOADER
from spikeloom_firmware.plan import make_plan

BOARD = find_board("icebreaker")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@functools.cache
def _elaborated():
    return make_plan(BOARD, small_config(BOARD, 24_000_000), Echo)


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Tools that pretend, and a design that is elaborated at once, whatever is asked for."""
    monkeypatch.setattr(building, "make_plan", lambda *args: _elaborated())
    fake = FakeTools(tmp_path / "bin", monkeypatch)
    fake.add_icestorm("26.25")
    return fake


def test_boards(capsys):
    assert main(["boards"]) == 0
    text = capsys.readouterr().out
    lines = {line.split()[0]: line for line in text.splitlines()}
    assert "iCEBreaker" in lines["icebreaker"]
    assert "0403:6015" in lines["ulx3s_25f"]
    assert lines["cmod_a7_35t"].endswith("Vivado")


def test_boards_for_scripts(capsys):
    assert main(["boards", "--json"]) == 0
    facts = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert len(facts) >= 8
    assert facts["icepi_zero"]["port_is_shared"] is True
    assert facts["icebreaker"]["neurons"] == BOARD.array_config.neurons


def test_one_board_with_its_pins(capsys):
    assert main(["boards", "icebreaker"]) == 0
    lines = dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines())
    pins = {name: value.strip() for name, value in lines.items() if name.startswith("pin of")}
    assert pins == {
        "pin of clock": "35", "pin of UART rx": "6", "pin of UART tx": "9",
        "pin of idle LED": "37", "pin of running LED": "37", "pin of error LED": "11",
        "pin of flash cs": "16", "pin of flash clk": "15", "pin of flash copi": "14",
        "pin of flash cipo": "17",
    }  # fmt: skip
    assert lines["rates"].strip().startswith("115200, ")
    assert main(["boards", "ulx3s-25f", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["pins"]["flash clk"] == "by USRMCLK"
    assert facts["pins"]["UART rx"] == "M1"
    assert main(["boards", "nothing"]) == 2


def test_build_writes_an_image_and_a_table(tools, capsys, tmp_path):
    assert main(["build", "iCEBreaker", "--system-tools"]) == 0
    out, err = capsys.readouterr()
    assert "logic cells      1100  5280   21 %" in out
    assert "up to 26.25 MHz, seed 2" in out
    assert "top.a.b to top.c.d" in out
    assert "icebreaker.slimage" in out
    assert "place and route, seed 2 (nextpnr-ice40) ..." in err
    image = Image.load(tmp_path / "icebreaker.slimage")
    assert image.board == "icebreaker"
    assert image.report.timing.met
    assert image.tools["yosys"] == "yosys: yosys 1.0 of the tests"


def test_build_for_scripts(tools, capsys, tmp_path):
    output = tmp_path / "mine.slimage"
    arguments = ["build", "icebreaker", "--system-tools", "-o", str(output), "--json"]
    assert main(arguments) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["output"] == str(output)
    assert facts["usage"]["block RAM"] == {"used": 7, "available": 30}
    assert facts["timing"]["got_hz"] == 26.25e6
    assert facts["cycles_per_step"] > 0
    assert output.exists()


def test_an_estimate_places_nothing(tools, capsys, tmp_path):
    assert main(["build", "icebreaker", "--system-tools", "--estimate"]) == 0
    assert "not placed" in capsys.readouterr().out
    assert [call[0] for call in tools.calls()] == ["yosys"]
    assert not list(tmp_path.glob("*.slimage"))


def test_scripts_for_another_computer(capsys, tmp_path, monkeypatch):
    board = find_board("cmod_a7_35t")
    plan = make_plan(board, small_config(board), Echo)
    monkeypatch.setattr(planning, "make_plan", lambda *args: plan)
    folder = tmp_path / "cmod"
    assert main(["build", "cmod_a7_35t", "--scripts", str(folder)]) == 0
    assert f"run: cd {folder} && vivado -mode batch -source top.tcl" in capsys.readouterr().out
    assert {"top.v", "top.tcl", "top.xdc"} <= {each.name for each in folder.iterdir()}


def test_another_configuration(tools, capsys, monkeypatch):
    asked = []
    make = building.make_plan
    monkeypatch.setattr(building, "make_plan", lambda *args: asked.append(args[1]) or make(*args))
    arguments = ["build", "icebreaker", "--system-tools", "--config"]
    assert main([*arguments, "tiny"]) == 0
    assert asked[0].name == "tiny"
    assert main([*arguments, "nothing"]) == 2
    assert "configuration must be one of" in capsys.readouterr().err


def test_seeds(tools, capsys):
    tools.add_icestorm("2@SEED@.5")
    assert main(["build", "icebreaker", "--system-tools", "--seeds", "6"]) == 0
    assert "seed 4" in capsys.readouterr().out
    assert main(["build", "icebreaker", "--system-tools", "--seed", "5"]) == 0
    assert "seed 5" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [["--seeds", "0"], ["--seed", "x"], ["--seed", "1", "--seeds", "2"], ["--nonsense"]],
)
def test_bad_options(arguments):
    with pytest.raises(SystemExit) as caught:
        main(["build", "icebreaker", *arguments])
    assert caught.value.code == 2


def test_timing_that_is_not_met_writes_no_image(tools, capsys, tmp_path):
    tools.add_icestorm("20.0")
    assert main(["build", "icebreaker", "--system-tools"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "reaches 20.00 MHz with seed 2" in err
    assert not list(tmp_path.glob("*.slimage*"))


@pytest.mark.parametrize("command", ["build", "flash"])
def test_an_unknown_board(command, capsys):
    assert main([command, "icebraker"]) == 2
    assert "did you mean icebreaker" in capsys.readouterr().err


def test_a_missing_tool(tools, capsys):
    (tools.folder / "yosys").unlink()
    assert main(["build", "icebreaker", "--system-tools"]) == 3
    assert "yosys must be installed" in capsys.readouterr().err


def test_a_tool_that_fails(tools, capsys):
    tools.add("icepack", says="ERROR: no", code=1)
    assert main(["build", "icebreaker", "--system-tools"]) == 2
    assert "ERROR: no" in capsys.readouterr().err


@pytest.mark.parametrize("output", [".", "nowhere/a.slimage"])
def test_an_output_that_cannot_be_is_refused_at_once(tools, capsys, output):
    assert main(["build", "icebreaker", "--system-tools", "-o", output]) == 2
    assert "must be a file in a folder that may be written" in capsys.readouterr().err
    assert tools.calls() == []


def test_a_full_disk(tools, capsys, monkeypatch, tmp_path):
    from pathlib import Path

    def full(path, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert main(["build", "icebreaker", "--system-tools"]) == 3
    assert "No space left on device; free some space" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.slimage*"))


# flash


@pytest.fixture
def image_file(tools, tmp_path):
    main(["build", "icebreaker", "--system-tools"])
    tools.log.unlink()
    tools.add(LOADER)
    return tmp_path / "icebreaker.slimage"


@pytest.fixture
def program_file(image_file, tmp_path):
    net = spikeloom.Network("clock")
    net.population("cell", 1, spikeloom.LIF(threshold=1.0, bias=0.25))
    path = tmp_path / "clock.loom"
    spikeloom.compile(net, Image.load(image_file).config).save(path)
    return path


def dry(capsys, *arguments):
    capsys.readouterr()
    assert main(["flash", "icebreaker", "--dry-run", *map(str, arguments)]) == 0
    return [
        [part.rsplit("/", 1)[-1] for part in line.split()]
        for line in capsys.readouterr().out.splitlines()
    ]


BITSTREAM = [LOADER, "-b", "ice40_generic", "--write-flash", "top.bin"]
NETWORK = [
    LOADER, "-b", "ice40_generic", "--write-flash", "--file-type", "raw", "--verify",
    "--offset", "1048576", "network.bin",
]  # fmt: skip


def test_a_dry_run_only_prints(tools, image_file, program_file, capsys):
    assert dry(capsys, "--image", image_file) == [BITSTREAM]
    volatile = [LOADER, "-b", "ice40_generic", "--write-sram", "top.bin"]
    assert dry(capsys, "--image", image_file, "--volatile") == [volatile]
    network = ("--image", image_file, "--network", program_file, "--steps", "100")
    assert dry(capsys, *network) == [BITSTREAM, NETWORK]
    assert dry(capsys, *network, "--network-only") == [NETWORK]
    assert dry(capsys, "--image", image_file, "--serial", "X")[0][3:5] == ["--ftdi-serial", "X"]
    assert tools.calls() == []


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--network-only"], "--network-only must come with --network FILE"),
        (["--steps", "3"], "--steps must come with --network FILE"),
        (["--step-interval", "1e-3"], "--step-interval must come with"),
        (["--network", "clock.loom", "--network-only", "--volatile"], "without --volatile"),
    ],
)
def test_options_that_contradict(image_file, program_file, capsys, arguments, text):
    assert main(["flash", "icebreaker", "--image", str(image_file), *arguments]) == 2
    assert text in capsys.readouterr().err


def test_no_board_is_plugged_in(tools, image_file, capsys, monkeypatch):
    from serial.tools import list_ports

    monkeypatch.setattr(list_ports, "comports", list)
    assert main(["flash", "icebreaker", "--image", str(image_file)]) == 1
    err = capsys.readouterr().err
    assert "iCEBreaker must be plugged in" in err
    assert "/etc/udev/rules.d/" in err
    assert tools.calls() == []


def test_files_that_are_none(image_file, capsys, tmp_path):
    path = tmp_path / "junk.slimage"
    path.write_text("junk")
    assert main(["flash", "icebreaker", "--image", str(path)]) == 2
    assert "must be a complete .slimage file" in capsys.readouterr().err
    assert main(["flash", "icebreaker", "--image", str(tmp_path / "absent.slimage")]) == 2
    assert main(["flash", "ulx3s_25f", "--image", str(image_file)]) == 2
    assert "must say board 'ulx3s_25f'" in capsys.readouterr().err
    arguments = ["flash", "icebreaker", "--image", str(image_file), "--network", str(path)]
    assert main(arguments) == 2
    assert "must be a complete .loom file" in capsys.readouterr().err


def test_a_network_for_another_array(image_file, capsys, tmp_path):
    net = spikeloom.Network("clock")
    net.population("cell", 1, spikeloom.LIF(threshold=1.0, bias=0.25))
    spikeloom.compile(net, "up5k").save(tmp_path / "other.loom")
    arguments = ["flash", "icebreaker", "--image", str(image_file), "--network", "other.loom"]
    assert main(arguments) == 2
    assert "up5k" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["boards", "build", "flash"])
def test_help_has_examples(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert f"  spikeloom {command}" in capsys.readouterr().out.split("examples:")[1]
