"""A page for each public package of the host, from its docstrings."""

import contextlib
import importlib.util
import pkgutil
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy.typing as npt
from docutils import nodes
from sphinx import addnodes
from sphinx.domains.python import PyObject
from sphinx.util.typing import stringify_annotation

import spikeloom

HIDDEN = {"cli", "demos"}
"""Packages that nobody imports: the command line and what it demonstrates."""
MODULES = (
    "contract.boot",
    "contract.frames",
    "contract.registers",
    "contract.words",
    "decisions",
    "plot",
    "plot_decisions",
    "recording",
    "target",
    "weight_history",
)
"""Modules that are public without being packages, or beside what their package exports."""

_UNDERLINE = re.compile(r"-{3,}$")
_ARRAYS = re.compile(
    r"~?numpy\.ndarray\[tuple\[~?(?:typing\.)?Any, \.\.\.\], ~?numpy\.dtype\[([^\[\]]*)\]\]"
)
_ARRAY_LIKE = [
    stringify_annotation(npt.ArrayLike, mode) for mode in ("smart", "fully-qualified-except-typing")
]

_PAGE = """\
# `{name}`

```{{eval-rst}}
.. automodule:: {name}
   :members:
   :show-inheritance:
   :inherited-members: BaseException, Enum, Flag, Mapping, dict, int, object, str, tuple
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
        if isinstance(value, ModuleType):
            continue  # a package of the table above
        summary = (value.__doc__ or "").strip().splitlines()[0]
        short.append(f"| {{py:obj}}`spikeloom.{name} <{home_of(name)}.{name}>` | {summary} |")
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
            *(f"{name.partition('.')[2]} <generated/{name}>" for name in names),
            "```\n",
        ]
    )


def home_of(name: str) -> str:
    """Return the package whose page tells of a name of `spikeloom` itself."""
    value = getattr(spikeloom, name)
    home = value.__name__ if isinstance(value, ModuleType) else value.__module__
    return ".".join(home.split(".")[:2])


def _signature(app: Any, kind: str, name: str, value: Any, options: Any, *texts: Any) -> Any:
    """Let types of arrays be called what numpy's users call them."""
    return tuple(text and _with_array_names(text) for text in texts)


def _with_array_names(text: str) -> str:
    for expanded in _ARRAY_LIKE:
        text = text.replace(expanded, "ArrayLike")
    return _ARRAYS.sub(r"NDArray[\1]", text)


def _bases(app: Any, name: str, value: type, options: Any, bases: list[Any]) -> None:
    """Leave out parents that are no part of the interface: a class shows their members."""
    bases[:] = [
        base
        for base in bases
        if not base.__module__.startswith("spikeloom.") or issubclass(base, Exception)
    ] or [object]


def _tidy(app: Any, doctree: nodes.document) -> None:
    """Remove what all classes have in common, and links of words that only look like types."""
    for link in list(doctree.findall(addnodes.pending_xref)):
        target = str(link.get("reftarget", ""))
        if link.get("reftype") == "class" and target[:1].islower() and "." not in target:
            text = link.children[-1]
            shown = text.children if isinstance(text, addnodes.pending_xref_condition) else [text]
            link.replace_self(shown)
    for paragraph in list(doctree.findall(nodes.paragraph)):
        if paragraph.astext() == "Bases: object":
            paragraph.parent.remove(paragraph)


_plain_texts: dict[str, list[str]] = {}


def _keep_plain(app: Any, kind: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Remember descriptions of values: napoleon takes what is before a colon for a type."""
    if kind in ("attribute", "data", "property") and not any(map(_UNDERLINE.match, lines)):
        _plain_texts[name] = lines.copy()


def _give_plain(app: Any, kind: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    lines[:] = _plain_texts.pop(name, lines)


def _resolve(app: Any, env: Any, node: Any, content: Any) -> Any:
    """Find `spikeloom.open`, `Board.run` and the like, from wherever they are named."""
    target = str(node.get("reftarget", ""))
    if node.get("refdomain") != "py":
        return None
    # What there is no page of stays as it is; what does not exist is a mistake.
    found = content if target.startswith("spikeloom.") and _exists(target) else None
    target = target.removeprefix("spikeloom.")
    if target.split(".")[0] not in spikeloom.__all__:
        return found
    whole = f"{home_of(target.split('.')[0])}.{target}"
    domain = env.get_domain("py")
    link = domain.resolve_xref(env, node["refdoc"], app.builder, "obj", whole, node, content)
    return link or found


def _exists(name: str) -> bool:
    """Return whether a dotted name leads to a module, or to something in one."""
    with contextlib.suppress(ImportError):  # the name before the last dot may be no package
        # A module may need what is not installed here; that it is there is enough.
        if importlib.util.find_spec(name) is not None:
            return True
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError, ValueError):
        return False
    return True


def _attributes() -> None:
    """Let the attributes of classes stand under the heading that docstrings give them."""
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    _attributes()
    app.connect("builder-inited", _write)
    app.connect("autodoc-process-signature", _signature)
    app.connect("autodoc-process-bases", _bases)
    app.connect("autodoc-process-docstring", _keep_plain, priority=400)
    app.connect("autodoc-process-docstring", _give_plain, priority=600)
    app.connect("doctree-read", _tidy)
    app.connect("missing-reference", _resolve)
    app.connect("env-get-outdated", _outdated)
    app.connect("source-read", _index, priority=600)  # after the page's links are those of the site
    return {"parallel_read_safe": True, "parallel_write_safe": True}
