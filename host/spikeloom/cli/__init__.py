"""The command line: ``spikeloom COMMAND``. One module a command, found by entry points.

An entry point of group ``spikeloom.commands`` names a module with ``register(subparsers)``, which
adds a parser and sets its default ``handler``, a function from the parsed arguments to an exit
code. Modules import what costs time (numpy, the board, matplotlib) inside their handlers.
"""

from .app import build_parser, main

__all__ = ["build_parser", "main"]
