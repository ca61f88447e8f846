"""How bitstreams are made, a module a toolchain: the one place for the flags of its tools."""

import importlib
from typing import cast

from spikeloom_boards.parts import Toolchain

from .flow import Flow, Step

__all__ = ["Flow", "Step", "flow_of"]


def flow_of(toolchain: Toolchain) -> Flow:
    """Return the flow of a toolchain."""
    module = importlib.import_module(f"{__name__}.{toolchain}")
    return cast(Flow, module.FLOW)
