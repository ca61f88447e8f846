"""``error-table``: every error that Spikeloom raises, its exit code and what it means."""

import importlib
import pkgutil
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from spikeloom.contract import SpikeloomError

_PACKAGES = ("spikeloom", "spikeloom_sim", "spikeloom_boards", "spikeloom_firmware")


def _subclasses(kind: type[SpikeloomError]) -> set[type[SpikeloomError]]:
    found = set(kind.__subclasses__())
    return found.union(*map(_subclasses, found))


def errors() -> list[type[SpikeloomError]]:
    """Return all classes of errors by name, apart from those of extras that are missing."""
    for name in _PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            try:
                importlib.import_module(module.name)
            except ImportError:
                continue
    ours = (each for each in _subclasses(SpikeloomError) if each.__module__.startswith(_PACKAGES))
    return sorted(ours, key=lambda each: each.__name__)


class ErrorTable(SphinxDirective):
    """A row for each error."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        lines = ["| error | meaning | exit code |", "|---|---|---|"]
        for each in errors():
            summary = " ".join((each.__doc__ or "").strip().split("\n\n")[0].split())
            lines.append(f"| `{each.__name__}` | {summary} | {each.exit_code} |")
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx; the page is read at every build, as it changes with the source."""
    app.connect("env-get-outdated", lambda *_: ["how-to/troubleshooting"])
    app.add_directive("error-table", ErrorTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
