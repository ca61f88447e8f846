"""``command-help``: the help of every command, from the real argument parser."""

import argparse
import os
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

_COLUMNS = "88"


def commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the commands of a parser by name, those of commands included."""
    found: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                found[each.prog] = each
                found |= commands(each)
    return found


class CommandHelp(SphinxDirective):
    """A section for each command."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        from spikeloom.cli.app import build_parser

        before = os.environ.get("COLUMNS")
        os.environ["COLUMNS"] = _COLUMNS  # argparse has no other way to be told a width
        try:
            parser = build_parser()
            parsers = {parser.prog: parser, **commands(parser)}
            helps = {name: each.format_help() for name, each in parsers.items()}
        finally:
            if before is None:
                del os.environ["COLUMNS"]
            else:
                os.environ["COLUMNS"] = before
        sections: list[nodes.Node] = []
        for name, text in sorted(helps.items()):
            section = nodes.section(ids=[nodes.make_id(name)], names=[name])
            section += nodes.title(text=name)
            section += nodes.literal_block(text, text, language="text")
            sections.append(section)
        return sections


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx; the page is read at every build, as it changes with the source."""
    app.connect("env-get-outdated", lambda *_: ["command-line"])
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
