"""How the kernel is built: what is missing, what is refused, what is found again."""

import ctypes
import io
import stat
from pathlib import Path

import numpy as np
import pytest
from fast_support import needs_compiler

from spikeloom.contract.words import step_words
from spikeloom_sim.fast import build
from spikeloom_sim.fast.errors import KernelBuildError, KernelMemoryError
from spikeloom_sim.fast.layout import SIZES
from spikeloom_sim.fast.target import open_fast
from spikeloom_sim.system_tools import ToolchainError


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    build.kernel_library.cache_clear()
    yield tmp_path / "cache" / "spikeloom" / "fast"
    build.kernel_library.cache_clear()


@pytest.fixture
def compiler(tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with an imagined compiler, which notes its words and makes an empty file."""
    program = tmp_path / "bin" / "g++"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = --version ]; then echo imagined compiler 1.0; exit 0; fi\n'
        f'echo "$@" >> {tmp_path}/calls\n'
        "for last; do :; done\n"
        'echo "no library" > "$last"\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(program.parent))
    return program


def calls(compiler: Path) -> int:
    return len((compiler.parents[1] / "calls").read_text().splitlines())


def test_a_missing_compiler_is_told_with_its_remedy(tmp_path, own_cache, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolchainError, match=r"g\+\+ must be installed to build .*apt") as caught:
        open_fast("fast:tiny")
    assert caught.value.exit_code == 3
    assert not own_cache.exists()


def test_a_compiler_that_does_not_work_is_told(compiler):
    compiler.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(ToolchainError, match=r"--version must work to build .*exit status 3"):
        open_fast("fast:tiny")


def test_a_compiler_that_refuses_the_source_is_told(compiler, own_cache, capsys):
    compiler.write_text('#!/bin/sh\n[ "$1" = --version ] || { echo too old; exit 1; }\n')
    with pytest.raises(KernelBuildError, match=r"GCC 9 or later.*code 1.*\ntoo old") as caught:
        open_fast("fast:tiny")
    assert caught.value.exit_code == 3
    assert [path for path in own_cache.iterdir() if path.is_dir()] == []
    assert "first use" in capsys.readouterr().err


def test_a_library_that_cannot_be_loaded_is_told(compiler):
    with pytest.raises(KernelBuildError, match=r"can be loaded, and .* cannot.* remove its folder"):
        open_fast("fast:tiny")


def test_it_is_built_once_for_each_source_compiler_and_processor(compiler, monkeypatch):
    progress = io.StringIO()
    first = build.build_kernel(progress=progress)
    assert build.build_kernel(progress=progress) == first
    assert calls(compiler) == 1
    assert progress.getvalue().count("first use") == 1
    monkeypatch.setattr(build, "_processor", lambda: "another")
    assert build.build_kernel(progress=progress) != first
    compiler.write_text(compiler.read_text().replace("1.0", "1.1"))
    build.build_kernel(progress=progress)
    assert calls(compiler) == 3


def test_every_file_of_the_source_is_part_of_the_key():
    folder = Path(build.__file__).parent
    found = {path.name for path in folder.iterdir() if path.suffix in (".cpp", ".h")}
    assert set(build.SOURCES) == found


@needs_compiler
def test_the_structures_are_those_of_the_header():
    """Sizes as C++ has them; a field that one side lacks would shift all others."""
    sizes = np.zeros(len(SIZES), np.int64)
    build.kernel_library().fast_sizes(ctypes.c_void_p(sizes.ctypes.data))
    assert tuple(sizes.tolist()) == SIZES


@needs_compiler
def test_no_memory_is_told(monkeypatch):
    target = open_fast("fast:tiny")
    monkeypatch.setattr(target._kernel._library, "fast_batch", lambda *_: None)
    with pytest.raises(KernelMemoryError, match="output of 1 samples must fit in memory"):
        target.run_batch([step_words(1)] * 2)
