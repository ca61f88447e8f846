"""What CI calls for a board: build, proofs, exit code."""

from types import SimpleNamespace

import pytest
from firmware_support import FakeTools, small_config

from spikeloom_boards import find_board
from spikeloom_firmware import check_build as checking
from spikeloom_firmware.bitstreams import Checked, MismatchError
from spikeloom_firmware.build import BuildResult
from spikeloom_firmware.errors import TimingError
from spikeloom_firmware.loader import LOADER, LoaderError
from spikeloom_firmware.report import Report, Timing, Usage
from spikeloom_rtl.identity import build_id


@pytest.fixture
def built(tmp_path, monkeypatch):
    """Every board is built at once, and its bitstream is good."""
    asked = SimpleNamespace(seeds=None, checked=[])

    def build(board, *, config, seeds, progress):
        assert config is None  # the board's own
        asked.seeds = tuple(seeds)
        config = small_config(board, 24_000_000)
        (tmp_path / "top.bin").write_bytes(b"bits")
        timing = Timing(wanted_hz=config.clock_hz, got_hz=config.clock_hz + 1e6, met=True)
        return BuildResult(
            board=board, config=config, folder=tmp_path, netlist_json=tmp_path / "n", cells={},
            report=Report(usage={"LUT": Usage(1, 2)}, timing=timing), tools={},
            bitstream=tmp_path / "top.bin", seed=3,
        )  # fmt: skip

    def check(result, identity):
        assert identity == build_id(result.config)
        asked.checked.append(result.board.name)
        return Checked(
            size_bytes=4, device="5k", idcode=None, rams=2, empty_rams=1, build_id=identity
        )

    monkeypatch.setattr(checking, "build", build)
    monkeypatch.setattr(checking, "check_bitstream", check)
    return asked


def test_what_was_proved_is_printed(built, capsys):
    assert checking.main(["icebreaker", "tang_nano_9k", "--seeds", "4", "--no-loader"]) == 0
    out = capsys.readouterr().out
    assert built.seeds == (1, 2, 3, 4)
    assert built.checked == ["icebreaker"], "Gowin's bitstreams cannot be unpacked"
    assert "proved  timing: 25.00 MHz of 24.00 MHz wanted, seed 3" in out
    assert "proved  packed again: the same 4 bytes" in out
    assert out.count("proved  image: made") == 2


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("build", TimingError("must run at 24 MHz", 24e6, 20e6)),
        ("check_bitstream", MismatchError("must be the same")),
    ],
)
def test_a_claim_that_does_not_hold(built, capsys, monkeypatch, name, error):
    def refuse(*args, **options):
        raise error

    monkeypatch.setattr(checking, name, refuse)
    assert checking.main(["icebreaker", "--no-loader"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert str(error) in err


def test_an_unknown_board(capsys):
    assert checking.main(["icebraker"]) == 2
    assert "did you mean icebreaker" in capsys.readouterr().err


def test_the_loader_is_asked_for_the_name(built, tmp_path, monkeypatch, capsys):
    tools = FakeTools(tmp_path / "bin", monkeypatch)
    tools.add(LOADER, says="board name  cable\nice40_generic  ft2232\nulx3s  ft231X")
    assert checking.main(["icebreaker"]) == 0
    assert "knows 'ice40_generic'" in capsys.readouterr().out
    assert tools.calls() == [[LOADER, "--list-boards"]]
    with pytest.raises(LoaderError, match="must know Tang Nano 9K as 'tangnano9k'"):
        checking.check_loader(find_board("tang_nano_9k"))
