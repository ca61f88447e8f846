"""Every mutation of the gateware still finds the text that it replaces, and leaves Python."""

import ast
import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "rtl" / "spikeloom_rtl"


def load(path):
    spec = importlib.util.spec_from_file_location(f"spikeloom_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    # A dataclass looks its module up while it is made.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


TABLES = load(ROOT / "tests" / "mutation" / "mutations.py")
MUTATIONS = [*TABLES.ARRAY, *TABLES.LINK, *TABLES.LEARNING, *TABLES.SAMPLING, *TABLES.BOOT]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_mutation_is_current(mutation):
    text = (PACKAGE / mutation.file).read_text(encoding="utf-8")
    assert text.count(mutation.old) == 1, f"{mutation.file}: {mutation.old}"
    mutant = text.replace(mutation.old, mutation.new)
    # Neither a comment nor the layout is changed alone.
    assert ast.dump(ast.parse(mutant)) != ast.dump(ast.parse(text))


def test_names_differ():
    names = [mutation.name for mutation in MUTATIONS]
    assert len(set(names)) == len(names)


def test_boards_are_those_of_the_suite():
    """A word that names no board would select no test, or tests of all others."""
    configs = load(ROOT / "tests" / "cosim" / "lockstep_configs.py").LOCKSTEP_CONFIGS
    known = {config.name for config in configs}
    assert {name for each in MUTATIONS for name in each.boards.split(" or ")} <= known


def test_every_component_has_a_mutation():
    """Except what only joins parts, and a memory with nothing around it."""
    joints = {"array/capability_rom.py", "link/link.py", "top.py"}
    built = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "def elaborate(" in path.read_text(encoding="utf-8")
    }
    assert built - {mutation.file for mutation in MUTATIONS} == joints
