"""Pages that stand elsewhere in the repository, links to them, and the table of contents.

The pages must read well where they are looked at as files, too. So links are those of the
repository, and what only the site needs is added here while it reads them.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DOCS = "docs"

BORROWED = {
    "overview": "README.md",
    "changelog": "CHANGELOG.md",
    "contributing": "CONTRIBUTING.md",
    "tests": "tests/README.md",
}
"""Pages of the site whose text is a file outside this folder."""

CONTENTS = {
    "Start": {
        "overview": "Overview",
        "tutorial/digits": "Tutorial: digits",
        "tutorial/learning": "Tutorial: learning",
        "tutorial/snntorch": "Tutorial: a network of snnTorch",
        "notebooks/01-first-network": "Notebook: a first network",
        "notebooks/02-learning": "Notebook: learning",
    },
    "Guides": {
        "networks": "Networks",
        "learning": "Learning",
        "digits": "The digits demo",
        "demos": "Demos that learn",
    },
    "Import and test": {
        "nir": "NIR",
        "quantising": "Fewer bits",
        "superneuromat": "SuperNeuroMAT",
        "event-data": "Event data",
        "testing": "Tests on boards",
        "fast": "The compiled model",
        "fleet": "Sweeps over many boards",
        "*": "",
    },
    "Boards": {
        "how-to/boards/index": "A page for each board",
        "boards": "Sizes, speeds, proofs",
        "flashing": "Flashing",
        "boot": "Boot networks",
        "adding-a-board": "Adding a board",
    },
    "Help": {
        "how-to/troubleshooting": "When something is wrong",
        "glossary": "Words",
        "changelog": "Changes",
    },
    "Reference": {
        "command-line": "Command line",
        "api/index": "Python interface",
        "semantics": "Semantics",
        "link": "Link",
        "memory-map": "Memory map",
    },
    "Inside": {
        "architecture": "Architecture",
        "netlist": "Lock-step on the netlist",
        "adr/README": "Decisions",
        "contributing": "Contributing",
        "tests": "Tests",
    },
}
"""Captions, pages and their short titles; ``*`` stands for all pages of this folder that are named
nowhere else."""

FOLDERS = ("adr/README", "how-to/boards/index")
"""Pages that lead to all others of their folder."""

_LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?!\w+:)([^)#\s]*)(#[^)\s]*)?\)")
_FENCE = re.compile(r"(^```.*?^```$)", re.M | re.S)


def linked(text: str, source: str, docname: str) -> str:
    """Return a page with the links of the site in place of those of the repository.

    Parameters
    ----------
    text : str
        Markdown.
    source : str
        Path of its file in the repository.
    docname : str
        Its page in the site.
    """
    homes = {path: f"{DOCS}/{name}.md" for name, path in BORROWED.items()}
    short = {name: title for titles in CONTENTS.values() for name, title in titles.items()}
    here = posixpath.dirname(f"{DOCS}/{docname}")

    def site_link(match: re.Match[str]) -> str:
        label, path, anchor = match[1], match[2], match[3] or ""
        if not path:
            return match[0]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        if (ROOT / target).is_dir():
            target = f"{target}/README.md"
        target = homes.get(target, target)
        if not target.startswith(f"{DOCS}/") or not target.endswith((".md", ".ipynb")):
            return label
        if label.endswith(".md"):  # the name of a file says less here than a title
            label = short.get(target[len(f"{DOCS}/") : -len(".md")], label)
        return f"[{label}]({posixpath.relpath(target, here)}{anchor})"

    # Blocks of code have brackets of their own. Doctests must end in a blank line, which shows.
    parts = _FENCE.split(text)
    return "".join(
        re.sub(r"\n+```$", "\n```", part) if k % 2 else _LINK.sub(site_link, part)
        for k, part in enumerate(parts)
    )


def contents(pages: set[str]) -> str:
    """Return the table of contents of the site, given all its pages."""
    named = {name for titles in CONTENTS.values() for name in titles}
    others = sorted(name for name in pages - named - {"index"} if "/" not in name)
    blocks = []
    for caption, titles in CONTENTS.items():
        listed = [f"{title} <{name}>" for name, title in titles.items() if name != "*"]
        listed += others if "*" in titles else []
        blocks.append(_toctree(listed, caption))
    return "\n" + "\n".join(blocks)


def _toctree(names: list[str], caption: str = "") -> str:
    options = [":hidden:", *([f":caption: {caption}"] if caption else [])]
    return "\n".join(["```{toctree}", *options, "", *names, "```", ""])


def _siblings(docname: str, pages: set[str]) -> list[str]:
    folder, _, own = docname.rpartition("/")
    names = {name.rpartition("/")[2] for name in pages if name.rpartition("/")[0] == folder}
    return sorted(names - {own})


def _read(app: Any, docname: str, source: list[str]) -> None:
    path = app.env.doc2path(docname, base=False)
    if Path(path).suffix != ".md" or docname.startswith("api/generated/"):
        return
    origin = BORROWED.get(docname, f"{DOCS}/{docname}.md")
    text = (ROOT / origin).read_text(encoding="utf-8")
    if docname in BORROWED:
        app.env.note_dependency(str(ROOT / origin))
    source[0] = linked(text, origin, docname)
    if docname == "index":
        source[0] += contents(set(app.env.found_docs))
    elif docname in FOLDERS:
        source[0] += "\n" + _toctree(_siblings(docname, set(app.env.found_docs)))


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", _read)
    app.connect("env-get-outdated", lambda *_: ["index", *FOLDERS])  # other pages may be new
    return {"parallel_read_safe": True, "parallel_write_safe": True}
