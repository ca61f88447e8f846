"""`open`: from a URL, or none, to a `Board`."""

import importlib.util
import logging
import shutil
from typing import Any

from spikeloom.target import open_target

from .board import Board

__all__ = ["default_url", "open"]

_log = logging.getLogger("spikeloom")
_TOOLS = ("g++", "make")
_SIMULATOR = "verilator"


def default_url() -> str:
    """Return ``sim:`` where gateware can be simulated, else ``model:``, and log which and why."""
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if importlib.util.find_spec(_SIMULATOR) is None:
        missing.append(f"the {_SIMULATOR} package")
    if missing:
        _log.warning(
            "using the reference model (model:): the simulated gateware (sim:) needs %s; "
            "`spikeloom doctor` tells how to get it",
            " and ".join(missing),
        )
        return "model:"
    _log.info("using the simulated gateware (sim:)")
    return "sim:"


def open(url: str | None = None, **options: Any) -> Board:
    """Open an array.

    Parameters
    ----------
    url : str, optional
        ``model:`` or ``model:tiny``: the reference model of a configuration. ``sim:`` or
        ``sim:tiny``: its gateware, simulated. ``record:FILE?URL``: what `URL` names, with its
        wire traffic kept in a file; ``replay:FILE``: that file as a board. Anything else is a
        serial port: ``/dev/ttyUSB1``, ``COM3``, ``socket://host:port``, ``rfc2217://host:port``.
        None: ``sim:`` where a C++ compiler and Verilator are found, else ``model:``.
    **options
        Given to the target; for serial ports `baudrate` and `answer_latency_s`, see
        `spikeloom.link.open_serial`.

    Returns
    -------
    Board
        Close it, or use it in a ``with`` statement.

    Raises
    ------
    LinkError
        If a port cannot be opened or no board answers.
    ConfigError
        If there is no configuration of that name.

    Examples
    --------
    >>> with open("model:tiny") as board:
    ...     board.config.neurons
    16
    """
    return Board(open_target(url if url is not None else default_url(), **options))
