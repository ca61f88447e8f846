"""What the site is made of is current and complete; ``sphinx-build -W`` checks the rest."""

import importlib
import json
import re
import sys
from pathlib import Path

import pytest

import spikeloom
from spikeloom_boards import boards
from spikeloom_firmware.board_pages import FOLDER, main, write_pages

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def repository_pages():
    sys.path.insert(0, str(DOCS / "_ext"))
    try:
        yield importlib.import_module("repository_pages")
    finally:
        sys.path.remove(str(DOCS / "_ext"))


@pytest.fixture
def copied_docs(tmp_path):
    for name in ("boards.json", "boards.md"):
        (tmp_path / name).write_bytes((DOCS / name).read_bytes())
    return tmp_path


# Pages of boards


def test_pages_of_boards_are_current(copied_docs):
    assert main([str(copied_docs)]) == 0
    made = {path.name: path.read_text("utf-8") for path in (copied_docs / FOLDER).iterdir()}
    there = {path.name: path.read_text("utf-8") for path in (DOCS / FOLDER).iterdir()}
    assert made == there, "stale; run: python -m spikeloom_firmware.board_pages"


def test_every_board_has_a_page_that_is_honest():
    for name, board in boards().items():
        page = (DOCS / FOLDER / f"{name}.md").read_text("utf-8")
        assert page.startswith(f"# {board.title}\n")
        assert page.count("No physical board has been tried yet") == 2
        assert f"spikeloom build {name}" in page
        assert f"-b {board.loader.board} " in page
        assert board.usb.id in page


def test_pages_of_boards_without_results(tmp_path):
    """A folder without results gives pages that say so; a page without a board is removed."""
    (tmp_path / FOLDER).mkdir(parents=True)
    stale = tmp_path / FOLDER / "gone.md"
    stale.write_text("")
    paths = write_pages(tmp_path)
    assert not stale.exists()
    assert len(paths) == len(boards()) + 1
    page = (tmp_path / FOLDER / "ulx3s_25f.md").read_text("utf-8")
    assert "Nothing has been built for this board yet." in page
    assert "Idle: led 0, running: led 1, error: led 2." in page


# Notebooks


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_are_stored_without_outputs(path):
    """The site's build runs them, so outputs in the file could only be stale."""
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None), cell["source"]


def test_there_are_notebooks():
    assert len(NOTEBOOKS) == 2


# The site


def test_contents_name_pages_that_there_are(repository_pages):
    for titles in repository_pages.CONTENTS.values():
        for name in titles.keys() - {"*"}:
            assert any((DOCS / f"{name}{suffix}").is_file() for suffix in (".md", ".ipynb")), name


def test_every_page_has_a_place(repository_pages):
    """Pages of this folder are all in the contents, those of the others in the page before them."""
    pages = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")}
    pages = {name for name in pages if "generated" not in name}
    listed = set(re.findall(r"<(.*)>$|^([a-z-]+)$", repository_pages.contents(pages), re.M))
    listed = {one or other for one, other in listed}
    folders = {name.rpartition("/")[0] for name in repository_pages.FOLDERS}
    missing = {name for name in pages - listed if name.rpartition("/")[0] not in folders}
    assert missing == {"index"}


@pytest.mark.parametrize(
    ("text", "source", "docname", "expected"),
    [
        ("[a](docs/link.md#frames)", "README.md", "overview", "[a](link.md#frames)"),
        ("[docs/link.md](docs/link.md)", "README.md", "overview", "[Link](link.md)"),
        ("[a](../README.md)", "docs/index.md", "index", "[a](overview.md)"),
        ("[a](../../CHANGELOG.md)", "docs/adr/0001.md", "adr/0001", "[a](../changelog.md)"),
        ("[a](adr)", "docs/index.md", "index", "[a](adr/README.md)"),
        ("[a](LICENSE)", "README.md", "overview", "a"),
        ("[a](#here)", "docs/link.md", "link", "[a](#here)"),
        ("[a](https://a.b/c.md)", "README.md", "overview", "[a](https://a.b/c.md)"),
        ("```py\nx[a](b)\n\n```\n", "docs/link.md", "link", "```py\nx[a](b)\n```\n"),
    ],
)
def test_links_of_the_site(repository_pages, text, source, docname, expected):
    assert repository_pages.linked(text, source, docname) == expected


def test_names_of_the_package_have_docstrings():
    for name in spikeloom.__all__:
        assert (getattr(spikeloom, name).__doc__ or "").strip(), name


def test_readme_gives_the_command_that_makes_the_site():
    command = re.compile(r"^python3 -m venv .*sphinx-build -W --keep-going docs build/site$", re.M)
    pages = [(ROOT / "README.md"), DOCS / "index.md"]
    one, other = (command.findall(page.read_text("utf-8")) for page in pages)
    assert len(one) == 1
    assert one == other
