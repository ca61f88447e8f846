"""Programs as files and bytes: images, places, versions, and what a damaged file does."""

import contextlib
import json
import zipfile

import numpy as np
import pytest

from spikeloom.compiler import Program, ProgramFileError, ProgramMismatchError, Report, compile
from spikeloom.compiler.images import images_of
from spikeloom.contract import CONFIGS, MemoryMap
from spikeloom.network import LIF, Network

TINY = CONFIGS["tiny"]


@pytest.fixture
def program():
    rng = np.random.default_rng(3)
    net = Network("stored")
    a = net.input("a", 4)
    b = net.population("b", 6, LIF(threshold=1.0, theta_plus=0.1, theta_decay=0.1))
    net.connect(a, b, rng.normal(size=(4, 6)), delay=rng.integers(0, 3, (4, 6)))
    net.connect(b, b, rng.normal(size=(6, 6)), delay=[1, 1, 2, 1, 1, 20])
    return compile(net, TINY)


def plain(value):
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple):
        return [plain(part) for part in value]
    if hasattr(value, "__dict__"):
        return {key: plain(part) for key, part in vars(value).items()}
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    return value


def test_save_and_load_give_the_same_program(program, tmp_path):
    path = tmp_path / "net.loom"
    program.save(path)
    assert plain(Program.load(path)) == plain(program)
    assert [file.name for file in tmp_path.iterdir()] == ["net.loom"]
    again = tmp_path / "again.loom"
    Program.load(path).save(again)
    assert again.read_bytes() == path.read_bytes()


def test_every_truncation_is_one_clear_error(program, tmp_path):
    whole = tmp_path / "net.loom"
    program.save(whole)
    data = whole.read_bytes()
    cut = tmp_path / "cut.loom"
    for size in {0, 1, 100, len(data) // 2, len(data) - 1}:
        cut.write_bytes(data[:size])
        with pytest.raises(ProgramFileError, match=r"must be a complete .loom file.*; compile"):
            Program.load(cut)


def test_flipped_bytes_never_give_another_program(program, tmp_path):
    whole = tmp_path / "net.loom"
    program.save(whole)
    data = whole.read_bytes()
    expected = plain(program)
    bad = tmp_path / "bad.loom"
    for position in np.random.default_rng(0).integers(0, len(data), 60).tolist():
        bad.write_bytes(data[:position] + bytes([data[position] ^ 0x55]) + data[position + 1 :])
        with contextlib.suppress(ProgramFileError):
            assert plain(Program.load(bad)) == expected  # a date in the zip, say


def rewritten(path, change):
    """Rewrite the JSON header of a program file."""
    with np.load(path) as stored:
        arrays = dict(stored)
    header = json.loads(arrays["header"].tobytes())
    change(header, arrays)
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    with open(path, "wb") as file:
        np.savez(file, **arrays)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda h, a: h.update(version=1), "version of .* must be 4, not 1; compile it again"),
        (lambda h, a: h.update(magic="x"), "magic of .* must be 'spikeloom-program', not 'x'"),
        (lambda h, a: h["config"].update(cores=0), "must hold a whole program.*cores must be"),
        (lambda h, a: h.pop("report"), "must hold a whole program.*'report'"),
        (lambda h, a: a.pop("image0"), "must hold a whole program.*'image0'"),
        (lambda h, a: a.update(image0=np.zeros(999, np.uint8)), "must hold a whole program"),
        (lambda h, a: h["images"][0].__setitem__(0, "nowhere"), "no window 'nowhere'"),
        (lambda h, a: h["images"][0].__setitem__(1, 5), "must hold a whole program.*core"),
    ],
)
def test_wrong_versions_and_parts_are_refused(program, tmp_path, change, text):
    path = tmp_path / "net.loom"
    program.save(path)
    rewritten(path, change)
    with pytest.raises(ProgramFileError, match=text) as caught:
        Program.load(path)
    assert caught.value.exit_code == 2


def test_pickles_are_never_loaded(tmp_path):
    path = tmp_path / "evil.loom"
    with open(path, "wb") as file:
        np.savez(file, header=np.array([{"magic": 1}], object))
    with pytest.raises(ProgramFileError, match=r"complete .loom file"):
        Program.load(path)


def test_other_files_are_no_programs(tmp_path):
    text = tmp_path / "text.loom"
    text.write_text("hello")
    single = tmp_path / "single.loom"
    with open(single, "wb") as file:
        np.save(file, np.zeros(3))
    archive = tmp_path / "archive.loom"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.txt", "hello")
    for path in (text, single, archive):
        with pytest.raises(ProgramFileError, match=r"complete .loom file"):
            Program.load(path)
    with pytest.raises(FileNotFoundError):
        Program.load(tmp_path / "none.loom")


def test_a_program_fits_where_the_layout_is_the_same(program):
    program.check_fits(TINY.replace(name="other", clock_hz=50_000_000, probes=3, input_words=64))
    with pytest.raises(
        ProgramMismatchError, match=r"lanes of the array must be 4.*, not 8 .*; comp"
    ):
        program.check_fits(TINY.replace(lanes=8))
    with pytest.raises(
        ProgramMismatchError, match=r"cores of the array must be 2.*'tiny'.*, not 4"
    ):
        program.check_fits(CONFIGS["quad"])


def test_weights_are_found_where_projections_say(program):
    memory = MemoryMap(TINY)["weights"]
    table = np.zeros((TINY.cores, memory.depth * memory.word_bytes), np.uint8)
    for image in program.images:
        if image.window == "weights":
            start = image.offset * memory.word_bytes
            data = np.frombuffer(image.data, np.uint8)
            table[image.core, start : start + data.size] = data
    shape = (TINY.rows_per_core, TINY.neurons_per_core)
    weights = np.array([memory.unpack(core.tobytes())["weight"].reshape(shape) for core in table])
    rng = np.random.default_rng(3)
    wanted = rng.normal(size=(4, 6))
    placed = program.projections["a->b"]
    got = weights[placed.core, placed.row, placed.neuron] / placed.scale
    assert np.abs(got - wanted[placed.pre_index, placed.post_index]).max() <= 0.5 / placed.scale
    assert len(set(zip(placed.core, placed.row, placed.neuron, strict=True))) == 24


def test_images_hold_no_long_run_of_zeros_and_no_zero_ends(program):
    memory = MemoryMap(TINY)
    for image in program.images:
        size = memory[image.window].word_bytes
        assert any(image.data[:size])
        assert any(image.data[-size:])
    assert {image.window for image in program.images}.isdisjoint({"plastic", "bias", "reset"})
    window = memory["weights"]
    table = np.zeros((window.depth, window.lanes), np.int64)
    table[[3, 5, 63], 0] = 1
    images = list(images_of(window, 1, window.pack(weight=table)))
    assert [(i.core, i.offset, len(i.data)) for i in images] == [(1, 3, 61 * 4)]
    delays = MemoryMap(CONFIGS["ecp5_85f"])["delay"]
    values = np.zeros(delays.depth, np.int64)
    values[[0, 1000]] = 1
    images = list(images_of(delays, 0, delays.pack(delay=values)))
    assert [(i.offset, len(i.data)) for i in images] == [(0, 1), (1000, 1)]


def test_report_shows_and_stores_everything(program):
    report = program.report
    assert Report.from_dict(json.loads(json.dumps(report.to_dict()))) == report
    text = str(report)
    for part in ("neurons, core 1", "rows, core 0", "scale", "relay neurons: ", "axon copies: "):
        assert part in text
    assert "<table>" in report._repr_html_()
    assert "stored" in repr(program)
    assert program._repr_html_() == report._repr_html_()
