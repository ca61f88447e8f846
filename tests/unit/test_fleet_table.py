"""Tables of sweeps: every value comes back, no cut loses more than the last line."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from spikeloom import fleet
from spikeloom.fleet.lines import format_line, read_lines
from spikeloom.fleet.plain import decode, encode
from spikeloom.fleet.table import Sweep, TableWriter

KEYS = [f"{k:032x}" for k in range(4)]


def sweep(function="f", source="s", keys=KEYS):
    return Sweep(function, source, keys)


def line(k, **more):
    return {
        "key": KEYS[k],
        "index": k,
        "run": f"seed={k}",
        "parameters": {"seed": k},
        "worker": "w",
        "board": "model:tiny",
        "duration_s": 0.5,
        "attempts": 1,
        "result": {"spikes": 10 * k},
    } | more


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "t.jsonl"
    with TableWriter(path, sweep(), resume=False) as writer:
        for k in (2, 0, 1):
            writer.append(line(k))
    return path


# Plain data

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary(max_size=9)
    | st_numpy.arrays(
        st.sampled_from(["?", "u1", "<i4", ">i4", "i8", "f4", ">f8", "c16"]),
        st_numpy.array_shapes(min_dims=0, min_side=0, max_side=3),
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text().filter(lambda name: name[:1] != "$"), inner, max_size=3)
    ),
    max_leaves=8,
)


def same(one, other):
    if isinstance(one, np.ndarray):
        equal = one.dtype.newbyteorder("=") == other.dtype and one.shape == other.shape
        return equal and one.astype(other.dtype).tobytes() == other.tobytes()
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[name], other[name]) for name in one)
    if isinstance(one, float) and math.isnan(one):
        return math.isnan(other)
    return type(one) is type(other) and one == other and str(one) == str(other)


@settings(deadline=None)
@given(PLAIN)
def test_plain_data_comes_back(value):
    text = json.dumps(encode(value, "it"), allow_nan=False)
    assert same(value, decode(json.loads(text)))


@pytest.mark.parametrize("value", [np.float32(0.1), np.int64(-3), np.bool_(True), np.str_("a")])
def test_numpy_scalars_become_numbers(value):
    assert encode(value, "it") == value.item()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": [1, {2, 3}]}, r"it\['a'\]\[1\] must be plain data .* not set"),
        (lambda: 1, "not function"),
        ({1: 2}, "names in it must be strings .* not 1"),
        ({"$array": 1}, r"do not begin with '\$'"),
        (np.array([None]), "array of numbers, not of object"),
        (np.longdouble(1), "not a numpy scalar of type"),
        (1j, "not complex"),
    ],
)
def test_what_is_not_plain_is_refused(value, message):
    with pytest.raises(fleet.PlainDataError, match=message):
        encode(value, "it")


# Cuts


def test_every_cut_is_survived(written, tmp_path):
    """Whatever is left of the file, resuming completes it, and no whole line is written twice."""
    whole = written.read_bytes()
    ends = [k + 1 for k, byte in enumerate(whole) if byte == ord("\n")]
    path = tmp_path / "cut.jsonl"
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        kept = sum(end <= size for end in ends[1:])
        with TableWriter(path, sweep(), resume=True) as writer:
            assert writer.done == {KEYS[k] for k in (2, 0, 1)[:kept]}, size
            for k in (2, 0, 1):
                if KEYS[k] not in writer.done:
                    writer.append(line(k))
        table = fleet.read(path)
        assert [row["spikes"] for row in table] == [0, 10, 20]
        assert path.read_bytes().count(b"\n") == 4


def test_a_table_can_be_read_while_it_is_written(written):
    whole = written.read_bytes()
    written.write_bytes(whole[:-1])
    assert [row["seed"] for row in fleet.read(written)] == [0, 2]
    written.write_bytes(whole[:5])
    with pytest.raises(fleet.TableDamagedError, match="must have a first line"):
        fleet.read(written)


@pytest.mark.parametrize("at", range(20))
def test_changed_bytes_before_the_content_are_noticed(tmp_path, at):
    path = tmp_path / "t.jsonl"
    with TableWriter(path, sweep(), resume=False) as writer:
        writer.append(line(0))
    whole = bytearray(path.read_bytes())
    whole[at] ^= 0x40
    path.write_bytes(whole)
    with pytest.raises(fleet.TableDamagedError):
        list(fleet.read(path))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_changed_bytes_are_noticed(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("t") / "t.jsonl"
    with TableWriter(path, sweep(), resume=False) as writer:
        writer.append(line(0))
    whole = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(whole) - 2))
    new = data.draw(st.integers(0, 255).filter(lambda byte: byte not in (whole[at], ord("\n"))))
    whole[at] = new
    path.write_bytes(whole)
    with pytest.raises(fleet.TableDamagedError):
        list(fleet.read(path))


def test_a_line_is_json():
    text = format_line({"a": [1, 2.5, "\n"]})
    assert text.endswith(b"}\n")
    assert text.count(b"\n") == 1
    assert json.loads(text)["a"] == [1, 2.5, "\n"]


# Whose table


def test_a_table_that_is_there_is_not_overwritten(written):
    before = written.read_bytes()
    with pytest.raises(fleet.TableExistsError, match=r"resume=True \(--resume\)"):
        TableWriter(written, sweep(), resume=False)
    assert written.read_bytes() == before


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (sweep(function="g"), "must be of function 'g', not of 'f'"),
        (sweep(keys=KEYS[:2]), "holds 'seed=2', which is none of its 2"),
    ],
)
def test_a_table_of_another_sweep_is_refused(written, other, message):
    before = written.read_bytes()
    with pytest.raises(fleet.TableMismatchError, match=message):
        TableWriter(written, other, resume=True)
    assert written.read_bytes() == before


def test_a_sweep_may_grow(written):
    with TableWriter(written, sweep(keys=[*KEYS, "f" * 32]), resume=True) as writer:
        assert len(writer.done) == 3
        assert not writer.changed_source
    with TableWriter(written, sweep(source="t"), resume=True) as writer:
        assert writer.changed_source


@pytest.mark.parametrize("text", ["t,channel\n1,2\n", "{}\n", '{"crc":"00000000","a":1}\n', "x"])
def test_other_files_are_no_tables(tmp_path, text):
    path = tmp_path / "in.csv"
    path.write_text(text)
    with pytest.raises(fleet.TableDamagedError, match="must be a table of a sweep"):
        fleet.read(path)
    with pytest.raises(fleet.TableDamagedError):
        TableWriter(path, sweep(), resume=True)
    assert path.read_text() == text


def test_other_formats_are_refused(tmp_path):
    path = tmp_path / "t.jsonl"
    header = sweep().header() | {"spikeloom_fleet_table": 99}
    path.write_bytes(format_line(header))
    with pytest.raises(fleet.TableDamagedError, match="must have format 1, not 99"):
        read_lines(path)


def test_one_writer_at_a_time(written):
    with TableWriter(written, sweep(), resume=True):
        program = (
            "import sys; from spikeloom.fleet.table import *; "
            "TableWriter(sys.argv[1], Sweep('f', 's', []), True)"
        )
        result = subprocess.run(
            [sys.executable, "-c", program, str(written)], capture_output=True, timeout=60
        )
    assert b"TableBusyError" in result.stderr


# Reading


def test_failed_runs_are_no_results(tmp_path):
    path = tmp_path / "t.jsonl"
    failed = line(1) | {"error": {"type": "E", "message": "m", "traceback": ""}}
    del failed["result"]
    with TableWriter(path, sweep(), resume=False) as writer:
        writer.append(line(0))
        writer.append(failed)
    with TableWriter(path, sweep(), resume=True) as writer:
        assert writer.done == {KEYS[0]}
    table = fleet.read(path)
    assert len(table) == 1
    assert [(row["run"], row["error"]["type"]) for row in table.failed] == [("seed=1", "E")]
    with TableWriter(path, sweep(), resume=True) as writer:
        writer.append(line(1))
    table = fleet.read(path)
    assert [row["spikes"] for row in table] == [0, 10]
    assert table.failed == []


def test_forms_of_a_table(tmp_path):
    path = tmp_path / "t.jsonl"
    with TableWriter(path, sweep(), resume=False) as writer:
        writer.append(line(1, result={"v": encode(np.arange(3.0), ""), "best": None}))
        writer.append(line(0, result={"v": encode(np.ones(3), ""), "name": "x"}))
    table = fleet.read(path)
    assert (table.parameters, table.fields) == (("seed",), ("v", "name", "best"))
    assert table.column("v").tolist() == [[1, 1, 1], [0, 1, 2]]
    assert table.column("name").tolist() == ["x", None]
    array = table.to_numpy()
    assert array["v"].shape == (2, 3)
    assert array["seed"].dtype == int
    assert "2 runs of 'f': seed, v, name, best" in repr(table)
    assert repr(table).replace("<", "&lt;")[:5] in table._repr_html_()
    assert [row["seed"] for row in table[:1]] == [0]
    with pytest.raises(KeyError, match="there is no 'w'"):
        table.column("w")


def test_a_table_as_a_data_frame(written):
    pandas = pytest.importorskip("pandas")
    frame = fleet.read(written).to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert frame["spikes"].tolist() == [0, 10, 20]


def test_a_data_frame_needs_pandas(written, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(fleet.errors.SpikeloomError, match="pip install pandas"):
        fleet.read(written).to_pandas()


def test_a_full_disk_leaves_whole_lines(written, monkeypatch):
    import os

    real = os.write

    def full(file, data):
        if len(data) > 40:
            return real(file, data[:40])
        raise OSError(28, "No space left on device")

    before = written.read_bytes()
    with TableWriter(written, sweep(), resume=True) as writer:
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            writer.append(line(3))
        monkeypatch.undo()
    assert written.read_bytes() == before
