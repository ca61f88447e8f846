"""What a built board depends on, and that half a board is never found."""

import dataclasses
import io
import os
import threading
import time
from pathlib import Path

import pytest

from spikeloom.contract import CONFIGS
from spikeloom_rtl import identity
from spikeloom_rtl.emit import Emitted
from spikeloom_sim.verilated import build
from spikeloom_sim.verilated.cache import cache_root, cached_folder, content_key
from spikeloom_sim.verilated.toolchain import Toolchain

_TINY = CONFIGS["tiny"]
_TOOLS = Toolchain(Path("v"), Path("r"), Path("c"), Path("m"), "1.0", "imagined 2.0")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@dataclasses.dataclass
class Builder:
    """`build_board` with imagined tools; counts what was done."""

    emitted: int = 0
    made: int = 0
    verilog: str = "module sim_top; endmodule"
    tools: Toolchain = _TOOLS

    def emit(self, config: object) -> Emitted:
        self.emitted += 1
        return Emitted("sim_top", self.verilog, {})

    def make(self, folder: Path, emitted: Emitted, recipe: object) -> None:
        self.made += 1
        (folder / build.LIBRARY).write_text(emitted.verilog)


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> Builder:
    result = Builder()
    monkeypatch.setattr(build, "_emit", result.emit)
    monkeypatch.setattr(build, "_make", result.make)
    monkeypatch.setattr(build, "find_toolchain", lambda: result.tools)
    return result


def _board(**options: int) -> Path:
    return build.build_board(_TINY, progress=io.StringIO(), **options)


def test_second_use_builds_and_emits_nothing(builder: Builder) -> None:
    assert _board() == _board()
    assert (builder.emitted, builder.made) == (1, 1)


def test_other_verilog_is_another_board(builder: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    first = _board()
    monkeypatch.setattr(build, "build_id", lambda config: b"another!")
    assert _board() == first, "other sources with the same Verilog share a board"
    monkeypatch.setattr(build, "build_id", lambda config: b"changed!")
    builder.verilog += "\n"
    assert _board() != first
    assert builder.made == 2


@pytest.mark.parametrize("field", ["verilator_version", "compiler_version"])
def test_other_tools_are_another_board(builder: Builder, field: str) -> None:
    first = _board()
    builder.tools = dataclasses.replace(_TOOLS, **{field: "3.0"})
    assert _board() != first


@pytest.mark.parametrize("name", ["VERILATOR_FLAGS", "COMPILER_FLAGS"])
def test_other_flags_are_another_board(
    builder: Builder, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    first = _board()
    monkeypatch.setattr(build, name, (*getattr(build, name), "-DX"))
    assert _board() != first


def test_other_optimisation_is_another_board(builder: Builder) -> None:
    assert _board(optimise=0) != _board(optimise=1)
    with pytest.raises(build.BuildError, match="optimise must be 0, 1, 2 or 3, not 9"):
        _board(optimise=9)


def test_other_harness_is_another_board(
    builder: Builder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    originals = Path(build.__file__).parent
    for name in build.HARNESS_FILES:
        (tmp_path / name).write_bytes((originals / name).read_bytes())
    monkeypatch.setattr(build, "files", lambda package: tmp_path)
    seen = {_board()}
    for name in build.HARNESS_FILES:
        (tmp_path / name).write_bytes((originals / name).read_bytes() + b"\n")
        seen.add(_board())
    assert len(seen) == 1 + len(build.HARNESS_FILES)


def test_a_removed_library_is_built_again(builder: Builder) -> None:
    folder = _board()
    (folder / build.LIBRARY).unlink()
    folder.rmdir()
    assert (_board() / build.LIBRARY).exists()
    assert builder.made == 2


def test_progress_names_board_and_time(builder: Builder) -> None:
    text = io.StringIO()
    build.build_board(_TINY, progress=text)
    assert text.getvalue() == (
        "building the simulated board 'tiny' (first use, about 30 s) ... 0 s\n"
    )


def test_a_failed_build_leaves_nothing() -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("")
        raise build.BuildError("no")

    with pytest.raises(build.BuildError):
        cached_folder("kind", "key", fail)
    assert [path.name for path in (cache_root() / "kind").iterdir()] == ["key.lock"]


def test_two_at_once_build_once() -> None:
    made: list[Path] = []
    entered = threading.Event()

    def make(folder: Path) -> None:
        entered.set()
        made.append(folder)
        time.sleep(0.2)  # a build takes a while; the other thread comes meanwhile

    def use() -> None:
        cached_folder("kind", "key", make)

    first, second = threading.Thread(target=use), threading.Thread(target=use)
    first.start()
    assert entered.wait(5)
    second.start()
    first.join(5)
    second.join(5)
    assert len(made) == 1


def test_what_was_not_used_for_long_goes() -> None:
    def make(folder: Path) -> None:
        (folder / "x").write_text("")

    old, used = cached_folder("kind", "old", make), cached_folder("kind", "used", make)
    long_ago = time.time() - 100 * 86_400
    os.utime(old, (long_ago, long_ago))
    os.utime(used, (long_ago, long_ago))
    cached_folder("kind", "used", make)
    cached_folder("kind", "new", make)
    assert not old.exists()
    assert used.exists()


def test_build_id_depends_on_every_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "package"
    (package / "part").mkdir(parents=True)
    source = package / "part" / "unit.py"
    monkeypatch.setattr(identity, "files", lambda name: package)
    ids = []
    for text in (b"a = 1\n", b"a = 2\n", b"a = 1\n"):
        source.write_bytes(text)
        identity.sources_hash.cache_clear()
        ids.append(identity.build_id(_TINY))
    source.rename(package / "part" / "unit2.py")
    identity.sources_hash.cache_clear()
    ids.append(identity.build_id(_TINY))
    ids.append(identity.build_id(_TINY.replace(lanes=2)))
    identity.sources_hash.cache_clear()
    assert ids[0] == ids[2]
    assert len(set(ids)) == 4
    assert all(len(one) == identity.BUILD_ID_BYTES for one in ids)


def test_key_tells_parts_apart() -> None:
    assert len({content_key("ab", "c"), content_key("a", "bc"), content_key("abc")}) == 3
