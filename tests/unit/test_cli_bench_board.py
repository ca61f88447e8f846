"""`spikeloom bench board`: which networks fit, what builds have reached, the table."""

import argparse
import json

import pytest

from spikeloom.cli import bench_board
from spikeloom.contract import SpikeloomError, named_config

FIGURE = bench_board.Figure(
    config="ecp5_25f_swift", network="parent", rule="none", steps=200, cycles=50.0, arrivals=9.0,
    fired=4.5, swept_words=0.0, arrive=22.0, update=20.0, learn=0.0, rest=8.0,
)  # fmt: skip


def builds(tmp_path, **changes):
    row = {"board": "ulx3s_25f", "config": "ecp5_25f_swift", "fmax_hz": 80_000_000,
           "timing_met": True, **changes}  # fmt: skip
    path = tmp_path / "boards.json"
    path.write_text(json.dumps({"ulx3s_25f:ecp5_25f_swift": row}))
    return path


def test_builds_that_meet_their_timing_have_a_speed(tmp_path):
    assert bench_board.speeds_hz(builds(tmp_path)) == {"ecp5_25f_swift": {"ulx3s_25f": 80e6}}
    assert bench_board.speeds_hz(builds(tmp_path, timing_met=False)) == {}
    assert bench_board.speeds_hz(tmp_path / "absent.json") == {}


@pytest.mark.parametrize("text", ["{", "[]", '{"a": {"timing_met": true}}', '{"a": 1}'])
def test_a_file_that_is_something_else_is_named(tmp_path, text):
    path = tmp_path / "boards.json"
    path.write_text(text)
    with pytest.raises(SpikeloomError, match=r"boards\.json must hold results .*; name another"):
        bench_board.speeds_hz(path)


@pytest.mark.parametrize(
    ("config", "networks"),
    [("ecp5_25f_swift", ["parent", "parent64", "96"]), ("ecp5_25f", ["parent64", "96", "256"]),
     ("ecp5_85f_swift", ["parent", "parent64", "96", "256", "512"]), ("tiny", [])],
)  # fmt: skip
def test_networks_that_fit(config, networks):
    assert bench_board.fitting(named_config(config)) == networks


@pytest.mark.parametrize("as_json", [False, True])
def test_steps_a_second_are_of_the_build(tmp_path, monkeypatch, capsys, as_json):
    class Nothing:
        def __enter__(self):
            return self

        def __exit__(self, *error):
            return None

    asked = []

    def measured(board, network, rule, *, steps):
        asked.append((network, rule, steps))
        return FIGURE

    monkeypatch.setattr("spikeloom.open", lambda url, **options: Nothing())
    monkeypatch.setattr(bench_board, "measure", measured)
    parser = argparse.ArgumentParser()
    bench_board.add_arguments(parser)
    path = str(builds(tmp_path))
    args = parser.parse_args(
        ["--config", "ecp5_25f_swift", "--network", "parent", "--steps", "7", "--builds", path]
    )
    args.json = as_json
    assert bench_board.run(args) == 0
    assert asked == [("parent", "none", 7)], "a build without learning has no other rule"
    out = capsys.readouterr().out
    if as_json:
        assert json.loads(out)[0]["steps_per_s"] == {"ulx3s_25f": 1_600_000.0}
    else:
        assert out.splitlines()[1].split()[-2:] == ["80.0", "1,600,000"]
