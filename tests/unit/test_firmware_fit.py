"""Fitting: what a part has room for, with memories and logic that are made up."""

import dataclasses
import json
import re
import types
from pathlib import Path

import pytest

from spikeloom.cli import main
from spikeloom.contract import named_config
from spikeloom.contract.cycles import step_cycle_bound
from spikeloom_boards import find_board
from spikeloom_firmware import nightly as nights
from spikeloom_firmware.activity import cycles_per_step
from spikeloom_firmware.build import Synthesis
from spikeloom_firmware.errors import TimingError, ToolMissingError
from spikeloom_firmware.fitting import fit, shapes_of
from spikeloom_firmware.fitting.estimates import Size, estimated_size
from spikeloom_firmware.fitting.measure import solve
from spikeloom_firmware.fitting.memories import MemoryUse
from spikeloom_firmware.fitting.shapes import Shape
from spikeloom_firmware.report import Report, Usage
from spikeloom_firmware.results import (
    BEGIN,
    END,
    read_results,
    result_of,
    results_table,
    write_results,
)

DOCS = Path(__file__).parents[2] / "docs"
BOARD = find_board("ulx3s_25f")


@pytest.fixture
def made_up(monkeypatch):
    """A core takes a block memory for every 64 axons, once 6; a lane takes 400 LUTs."""

    def shapes(config):
        core = Shape(
            width=8 * config.lanes, depth=config.axons * config.words_per_row, granularity=8
        )
        return [Shape(width=16, depth=64, granularity=16)] * 6, [core]

    def use(part, wanted, tools=None):
        return {
            s: MemoryUse(block_rams=-(-s.width * s.depth // (1 << 15)) if s.depth > 64 else 1)
            for s in wanted
        }

    def size(config, part):
        return Size(luts=4000 + 400 * config.cores * config.lanes, ffs=5000, dsps=config.cores * 3)

    monkeypatch.setattr(fit, "shapes_of", shapes)
    monkeypatch.setattr(fit, "memory_use", use)
    monkeypatch.setattr(fit, "estimated_size", size)


@pytest.mark.usefixtures("made_up")
def test_every_candidate_fits_and_one_core_more_does_not():
    part = BOARD.fpga
    found = fit.fit_board(BOARD)
    assert found.candidates
    for each in found.candidates:
        config = each.config
        assert each.memories.block_rams <= part.block_rams
        assert each.luts <= fit.ROOM * part.luts
        assert each.size.dsps <= part.dsps
        assert config.inputs * 8 >= config.axons
        if each.limit == "axons":
            more = config.axons - (config.cores + 1) * config.neurons_per_core
            assert more * 8 < config.axons
        elif each.limit == "LUT":
            assert each.luts + 400 * config.lanes > fit.ROOM * part.luts
        else:
            assert each.limit in ("block RAM", "DSP")


@pytest.mark.usefixtures("made_up")
def test_no_candidate_beats_another():
    found = fit.fit_board(BOARD).candidates
    facts = [(each.config.neurons, each.config.axons, each.lanes) for each in found]
    assert len(set(facts)) == len(facts)
    for mine in facts:
        for other in facts:
            assert mine == other or any(a > b for a, b in zip(mine, other, strict=True))
    assert facts == sorted(facts, reverse=True)


@pytest.mark.usefixtures("made_up")
def test_what_does_not_fit_is_said(monkeypatch):
    def size(config, part):
        return Size(luts=10**6, ffs=0, dsps=0)

    monkeypatch.setattr(fit, "estimated_size", size)
    found = fit.fit_board(BOARD)
    assert found.candidates == ()
    assert found.largest is None
    assert (found.own.fits, found.own.limit) == (False, "LUT")


@pytest.mark.usefixtures("made_up")
def test_the_command(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "fit.png"
    assert main(["fit", "ulx3s_25f", "--plot", str(picture)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("neurons  axons  lanes")
    assert lines[1].endswith("as built")
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert main(["fit", "ulx3s_25f", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["candidates"][0]["fits"] is True
    assert facts["own"]["config"]["name"] == "ecp5_25f"


def test_a_picture_of_no_known_kind(capsys):
    with pytest.raises(SystemExit):
        main(["fit", "ulx3s_25f", "--plot", "fit.doc"])
    assert "must end in .png, .svg, .pdf" in capsys.readouterr().err


def test_an_unknown_board(capsys):
    assert main(["fit", "ulx4m"]) == 2
    assert "did you mean" in capsys.readouterr().err


def test_terms_are_solved_from_three_arrays():
    def size(cores, lanes):
        return 321 + cores * (45 + 6 * lanes)

    assert solve([size(1, 4), size(1, 8), size(2, 4)]) == (321, 45, 6)


def test_estimates_grow_with_cores_and_lanes():
    tiny = named_config("tiny")
    sizes = [
        estimated_size(config, BOARD.fpga).luts
        for config in (tiny.replace(plastic="none"), tiny, tiny.replace(lanes=8))
    ]
    assert sizes == sorted(set(sizes))


def test_shapes_come_from_the_design(tmp_path, monkeypatch):
    """Windows that the host sees are among the memories of the elaborated design."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    config = named_config("tiny").replace(sampling=False)
    common, core = shapes_of(config)
    shapes = {(shape.width, shape.depth) for shape in common + core}
    assert (16, config.delay_slots * config.axon_words) in shapes
    assert (config.row_bits + 1, config.axons) in shapes
    assert shapes_of(config.replace(cores=4, axons=32)) == (common, core)


def test_cycles_are_those_of_the_bound():
    config = named_config("tiny").replace(
        cores=4, neurons_per_core=64, axons=320, rows_per_core=320, lanes=8
    )
    facts = {"neurons_in_use": 64, "axon_words": 20, "fired": 13, "arrivals": 16}
    assert cycles_per_step(config) == step_cycle_bound(config, **facts)
    swept = config.rows_per_core * 4
    assert cycles_per_step(config, learning=True) == step_cycle_bound(config, **facts, swept=swept)
    plain = config.replace(plastic="none")
    assert cycles_per_step(plain, learning=True) == cycles_per_step(plain)


# Results and their page


def synthesis(used=10):
    usage = {"LUT": Usage(used, 20), "block RAM": Usage(1.5, 4), "FF": Usage(3, 4)}
    return Synthesis(
        board=BOARD, config=BOARD.array_config, folder=Path("x"), netlist_json=Path("x"), cells={},
        report=Report(usage=usage), tools={"yosys": "1"},
    )  # fmt: skip


def test_the_page_is_current():
    text = (DOCS / "boards.md").read_text(encoding="utf-8")
    generated = text.partition(BEGIN)[2].partition(END)[0].strip()
    assert generated == results_table(read_results(DOCS / "boards.json")).strip()


def test_results_go_into_table_and_file(tmp_path):
    page, data = tmp_path / "boards.md", tmp_path / "boards.json"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    results = {"a": result_of(BOARD, synthesis(), proofs=["p"], error="no placer")}
    write_results(data, page, results)
    assert read_results(data) == results
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n\n| board |")
    assert text.endswith(f"{END}\nafter\n")
    assert "| ULX3S 25F | LFE5U-25F | `ecp5_25f` |" in text
    assert "10 (50 %)" in text
    assert "1.5 (38 %)" in text
    assert "* **ULX3S 25F**, `ecp5_25f`: no placer" in text
    assert "old" not in text
    page.write_text("nothing to replace")
    with pytest.raises(ValueError, match="must hold"):
        write_results(data, page, results)


def test_a_night(monkeypatch, capsys, tmp_path):
    (tmp_path / "boards.md").write_text(f"{BEGIN}\n{END}\n")
    old = {"ulx3s_25f": {**result_of(BOARD, None), "limited_by": "block RAM"}}
    (tmp_path / "boards.json").write_text(json.dumps(old))

    def check(board, *, config, seeds, progress):
        if board.name == "icebreaker":
            raise TimingError("must run at 24 MHz", 24e6, 20e6)
        if board.fpga.toolchain == "vivado":
            raise ToolMissingError("vivado must be installed")
        result = synthesis()
        return dataclasses.replace(result, config=config or result.config), ["timing: good"]

    monkeypatch.setattr(nights, "check_board", check)
    monkeypatch.setattr(nights, "synthesise", lambda board, config, progress: synthesis())
    assert nights.main(["--write", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert re.search(r"FAILED +iCEBreaker, up5k\n +must run at 24 MHz", out)
    assert re.search(r"good +ULX3S 25F, ecp5_25f\n +timing: good", out)
    assert "not placed: vivado must be installed" in out
    assert "good    ULX3S 25F, ecp5_25f_swift" in out, "others that fit are built as well"
    assert "10 of 11 builds hold all claims" in out
    results = read_results(tmp_path / "boards.json")
    assert results["icebreaker"]["error"] == "must run at 24 MHz"
    assert results["ulx3s_25f"]["limited_by"] == "block RAM", "what people wrote is kept"
    assert results["ulx3s_25f:ecp5_25f_swift"]["config"] == "ecp5_25f_swift"
    assert nights.main(["ulx3s_25f", "--config", "ecp5_25f_swift"]) == 0
    assert "1 of 1 builds hold all claims" in capsys.readouterr().out
    assert nights.main(["ulx3s_25f", "cmod_a7_35t"]) == 0


def test_a_night_with_an_array_that_is_too_large(monkeypatch):
    def absent(board, *, config, seeds, progress):
        raise ToolMissingError("vivado must be installed")

    monkeypatch.setattr(nights, "check_board", absent)
    monkeypatch.setattr(nights, "synthesise", lambda board, config, progress: synthesis(used=21))
    with pytest.raises(nights.SizeError, match="21 LUT of 20 are used"):
        nights.nightly(find_board("cmod_a7_35t"), seeds=(1,))
    with pytest.raises(ToolMissingError):
        nights.nightly(BOARD, seeds=(1,))


def test_the_example_of_the_guide_is_a_board():
    text = (DOCS / "adding-a-board.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```py\n(.*?)```", text, re.DOTALL)
    module = types.ModuleType("my_board")
    exec(code, module.__dict__)
    (board,) = module.BOARDS
    assert board.platform().lookup(*board.oscillator).clock.frequency == board.oscillator_hz
    assert dataclasses.replace(board, name="other").fpga.name == "LFE5U-25F"
