"""Python blocks of the pages are true, and the pages' links and commands lead somewhere."""

import doctest
import re
import shlex
import shutil
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from spikeloom.cli.app import COMMAND_GROUP, build_parser

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page for page in PAGES if "generated" not in page.parts]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
COPY = re.compile(r"^cp (tests/\S+) (\S+)$", re.M)
LISTING = re.compile(r"^```py\n(.*?)^```$", re.M | re.S)
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")


def ids(pages):
    return [str(page.relative_to(ROOT)) for page in pages]


WITH_BLOCKS = [page for page in PAGES if BLOCK.search(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", WITH_BLOCKS, ids=ids(WITH_BLOCKS))
def test_blocks_run(page, monkeypatch, tmp_path):
    """All blocks of a page are one session; what a block prints is compared.

    Files that the page has its reader copy from the repository are there, others are not.
    """
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    for block in SHELL_BLOCK.findall(text):
        for source, target in COPY.findall(block):
            shutil.copy(ROOT / source, target)
    # Blank lines in place of the prose keep the page's line numbers in messages.
    session, at = "", 0
    for block in BLOCK.finditer(text):
        session += "\n" * text.count("\n", at, block.start(1)) + block[1]
        at = block.end(1)
    test = doctest.DocTestParser().get_doctest(session, {}, page.name, str(page), 0)
    assert test.examples, "a python block must have >>> prompts, so that what it prints is compared"
    report: list[str] = []
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.DocTestRunner(optionflags=flags).run(test, out=report.append)
    assert result.failed == 0, "".join(report)


def test_listings_are_python():
    """What needs another package, or a board, stands in `py` blocks: they are only compiled."""
    listings = [
        (page, listing)
        for page in PAGES
        for listing in LISTING.findall(page.read_text(encoding="utf-8"))
    ]
    assert listings
    for page, listing in listings:
        compile(listing, str(page), "exec")


@pytest.fixture
def declared_commands(monkeypatch):
    """Commands as pyproject.toml has them: an older installation may know fewer."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points = [
        EntryPoint(name, value, COMMAND_GROUP)
        for name, value in project["entry-points"][COMMAND_GROUP].items()
    ]
    monkeypatch.setattr("spikeloom.cli.app.entry_points", lambda group: points)


def command_lines(text):
    """Yield the arguments of each `spikeloom` in a page's shell blocks."""
    for block in SHELL_BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.shlex(line, posix=True, punctuation_chars="&|;")
            words.whitespace_split = True
            command = []
            for word in [*words, "&&"]:
                if word.strip("&|;"):
                    command.append(word)
                    continue
                if command and command[0].rpartition("/")[2] == "spikeloom":
                    yield command[1:]
                command = []


def test_command_lines_are_found():
    first = "a && .venv/bin/spikeloom info sim: | head  # what\n"
    text = f"```sh\n{first}spikeloom run u f \\\n -o 'x'\n```\n"
    assert list(command_lines(text)) == [["info", "sim:"], ["run", "u", "f", "-o", "x"]]


WITH_COMMANDS = [page for page in PAGES if any(command_lines(page.read_text(encoding="utf-8")))]


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=ids(WITH_COMMANDS))
def test_command_lines_are_understood(page, declared_commands):
    """Every `spikeloom ...` in a shell block has a command and options that there are."""
    for arguments in command_lines(page.read_text(encoding="utf-8")):
        assert build_parser(arguments).parse_args(arguments).handler


@pytest.mark.parametrize("page", PAGES, ids=ids(PAGES))
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("end", ["pytest", "demo digits"])
def test_readme_has_the_commands_that_ci_runs(end):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.findall(rf"^python3 -m venv .* && .*{end}$", readme, re.M)
    assert len(found) == 1
    assert f"readme_command '{end}'" in (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_readme_and_contributing_give_the_same_test_command():
    pages = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md")]
    one, other = (re.findall(r"^python3 -m venv .* pytest$", page, re.M) for page in pages)
    assert one == other


def test_readme_is_honest_about_boards():
    assert "No physical board has been tried yet" in (ROOT / "README.md").read_text(
        encoding="utf-8"
    )
