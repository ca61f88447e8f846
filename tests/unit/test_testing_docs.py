"""docs/testing.md is true, and what pyproject.toml announces is there."""

import importlib
import re
import tomllib
from pathlib import Path

import pytest

from spikeloom.testing import fixtures, same_run
from spikeloom_sim.reference import target

pytest_plugins = ["pytester"]

IMPORTED = (fixtures, same_run, target)
"""What inner runs import is forgotten after them, which numpy does not survive."""
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/testing.md").read_text(encoding="utf-8")
LISTINGS = re.findall(r"^```py\n(.*?)^```$", PAGE, re.M | re.S)


@pytest.mark.parametrize(
    ("arguments", "outcomes"),
    [([], {"skipped": 3}), (["--board", "model:"], {"passed": 2, "skipped": 1})],
)
def test_the_first_listing_is_a_project(pytester, monkeypatch, arguments, outcomes):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(test_reflex=LISTINGS[0])
    pytester.makeconftest(LISTINGS[1])
    if arguments:
        # The model takes no time limit.
        pytester.makeconftest("")
    result = pytester.runpytest_inprocess("-p", "spikeloom.testing.plugin", *arguments)
    result.assert_outcomes(**outcomes)


def test_what_is_announced_is_there():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points = project["entry-points"]
    assert points["pytest11"] == {"spikeloom": "spikeloom.testing.plugin"}
    for group in ("spikeloom.targets", "pytest11"):
        for value in points[group].values():
            module, _, name = value.partition(":")
            found = importlib.import_module(module)
            assert not name or callable(getattr(found, name))
