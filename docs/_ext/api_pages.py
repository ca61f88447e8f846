"""A page for each public package of the host, from its docstrings."""

import importlib
import pkgutil
from pathlib import Path
from typing import Any

from sphinx.domains.python import PyObject

import spikeloom

HIDDEN = {"cli", "demos"}
"""Packages that nobody imports: the command line and what it demonstrates."""
MODULES = ("plot", "recording")
"""Modules that are public without being packages."""

_PAGE = """\
# `{name}`

```{{eval-rst}}
.. automodule:: {name}
   :members:
   :show-inheritance:
   :inherited-members: BaseException, Enum, IntEnum, Mapping, dict, object, tuple
```
"""


def public_packages() -> list[str]:
    """Return the names of packages and modules with a page, in alphabetical order."""
    packages = {
        found.name
        for found in pkgutil.iter_modules(spikeloom.__path__)
        if found.ispkg and found.name not in HIDDEN and not found.name.startswith("_")
    }
    return [f"spikeloom.{name}" for name in sorted({*packages, *MODULES})]


def summary_of(name: str) -> str:
    """Return the first paragraph of a module's docstring."""
    text = importlib.import_module(name).__doc__ or ""
    return " ".join(text.strip().split("\n\n")[0].split())


def _write(app: Any) -> None:
    """Write the pages, apart from those that are as they should be."""
    folder = Path(app.srcdir) / "api" / "generated"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {f"{name}.md": _PAGE.format(name=name) for name in public_packages()}
    for path in folder.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
    for file, text in wanted.items():
        path = folder / file
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _outdated(
    app: Any, env: Any, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Read these pages at every build: they change when the source does."""
    return ["api/index", *(f"api/generated/{name}" for name in public_packages())]


def _index(app: Any, docname: str, source: list[str]) -> None:
    if docname != "api/index":
        return
    names = public_packages()
    rows = [f"| [`{name}`](generated/{name}.md) | {summary_of(name)} |" for name in names]
    homes = sorted(spikeloom.__all__, key=str.lower)
    short = []
    for name in homes:
        value = getattr(spikeloom, name)
        home = ".".join(value.__module__.split(".")[:2])
        summary = (value.__doc__ or "").strip().splitlines()[0]
        short.append(f"| {{py:obj}}`spikeloom.{name} <{home}.{name}>` | {summary} |")
    source[0] += "\n".join(
        [
            "\n## Packages\n",
            "| package | what |",
            "|---|---|",
            *rows,
            "\n## Names of `spikeloom` itself\n",
            "| name | what |",
            "|---|---|",
            *short,
            "\n```{toctree}\n:hidden:\n",
            *(f"generated/{name}" for name in names),
            "```\n",
        ]
    )


def _attributes() -> None:
    """Let the attributes of classes stand under the heading that docstrings give them."""
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    _attributes()
    app.connect("builder-inited", _write)
    app.connect("env-get-outdated", _outdated)
    app.connect("source-read", _index, priority=600)  # after the page's links are those of the site
    return {"parallel_read_safe": True, "parallel_write_safe": True}
