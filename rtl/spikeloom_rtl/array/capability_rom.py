"""The capability block as a read-only memory."""

from typing import Any

from amaranth.hdl import Module
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In

from spikeloom.contract import ArrayConfig, Capability

from ..identity import build_id
from .host_memory import HostPort

__all__ = ["CapabilityRom"]

_BLOCK = {"ram_style": "block", "rom_style": "block", "syn_romstyle": "block_ram"}
"""What the tools call a block memory."""


class CapabilityRom(wiring.Component):
    """What the device says of itself: window ``capability``. Latency 1 cycle.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Members
    -------
    host : In(HostPort(8))
    """

    host: Any

    def __init__(self, config: ArrayConfig) -> None:
        self._block = Capability(build_id(config), config).to_bytes()
        super().__init__({"host": In(HostPort(8))})

    def elaborate(self, platform: object) -> Module:
        """Build the memory."""
        m = Module()
        # In a block memory, so that the build id can be read back from a bitstream.
        rom: memory.Memory = memory.Memory(
            shape=8, depth=len(self._block), init=list(self._block), attrs=_BLOCK
        )
        m.submodules.rom = rom
        read = rom.read_port()
        m.d.comb += [read.addr.eq(self.host.offset), self.host.read_data.eq(read.data)]
        return m
