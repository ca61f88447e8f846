"""The capability block: what a device says of itself, window 0, 128 bytes.

Its first six bytes, magic and version, never change, so that every host can tell what it talks to.
"""

import dataclasses
import struct
from typing import Any

from .config import FLASH_SECTOR_BYTES, ArrayConfig, PlasticFlags
from .errors import SpikeloomError
from .frames import PROTOCOL_VERSION
from .memory import CAPABILITY_BYTES

__all__ = ["MAGIC", "Capability", "CapabilityError"]

MAGIC = b"SPKLM"
_FIXED = struct.Struct("<5sB8sI16sBHHHHBBBBHHHB")
_BOOT = struct.Struct("<H")
_BOOT_AT = CAPABILITY_BYTES - _BOOT.size
"""The last bytes: `boot_offset` in sectors, 0 for None."""
_PLASTIC: tuple[PlasticFlags, ...] = ("none", "synapse", "row", "first")
_PATTERN = struct.Struct("<H")
_PATTERN_AT = _BOOT_AT - _PATTERN.size
"""Before them: `pattern_words`, 0 without sampling."""
_THETA, _ELIGIBILITY, _ONE_PORT, _CUTS, _SAMPLING = 1, 2, 4, 8, 64
_PLASTIC_SHIFT, _PLASTIC_MASK = 4, 3


class CapabilityError(SpikeloomError):
    """The block is not one of Spikeloom's, or of a version that this host does not know."""

    exit_code = 1


@dataclasses.dataclass(frozen=True)
class Capability:
    """What a device says of itself.

    Attributes
    ----------
    build_id : bytes
        Eight bytes: hash of gateware sources and configuration.
    config : ArrayConfig
        The array that was built.
    version : int
        Protocol version.

    Examples
    --------
    >>> from spikeloom.contract import CONFIGS
    >>> block = Capability(bytes(8), CONFIGS["tiny"]).to_bytes()
    >>> Capability.from_bytes(block).config == CONFIGS["tiny"]
    True
    """

    build_id: bytes
    config: ArrayConfig
    version: int = PROTOCOL_VERSION

    def to_bytes(self) -> bytes:
        """Return the 128 bytes of the block."""
        c = self.config
        fixed = _FIXED.pack(
            MAGIC, self.version, self.build_id, c.clock_hz, c.name.encode(),
            c.cores, c.neurons_per_core, c.axons, c.rows_per_core, c.lanes,
            c.delay_slots, c.weight_bits, c.state_bits,
            self._options(),
            c.probes, c.input_words, c.output_words, len(c.baud_rates),
        )  # fmt: skip
        block = fixed + struct.pack(f"<{len(c.baud_rates)}I", *c.baud_rates)
        boot = _BOOT.pack((c.boot_offset or 0) // FLASH_SECTOR_BYTES)
        pattern = _PATTERN.pack(c.pattern_words if c.sampling else 0)
        return block.ljust(_PATTERN_AT, b"\0") + pattern + boot

    def _options(self) -> int:
        c = self.config
        bits = {
            _THETA: c.theta,
            _ELIGIBILITY: c.eligibility,
            _ONE_PORT: c.synapse_ports == 1,
            _CUTS: not c.stochastic,
            _SAMPLING: c.sampling,
        }
        plastic = _PLASTIC.index(c.plastic) << _PLASTIC_SHIFT
        return sum(bit for bit, built in bits.items() if built) | plastic

    @classmethod
    def from_bytes(cls, block: bytes) -> "Capability":
        """Read a block.

        Raises
        ------
        CapabilityError
            If magic or version are not ours.
        """
        if len(block) < CAPABILITY_BYTES or block[:5] != MAGIC:
            raise CapabilityError(
                f"a capability block must begin with {MAGIC!r}, not {block[:5]!r}; "
                f"what answers on this port is not a Spikeloom board"
            )
        if block[5] != PROTOCOL_VERSION:
            raise CapabilityError(
                f"protocol version must be {PROTOCOL_VERSION}, not {block[5]}; flash the board "
                f"with this package's gateware or install the package that made it"
            )
        (
            _, version, build_id, clock_hz, name,
            cores, neurons_per_core, axons, rows_per_core, lanes,
            delay_slots, weight_bits, state_bits, options,
            probes, input_words, output_words, rates,
        ) = _FIXED.unpack_from(block)  # fmt: skip
        config = ArrayConfig(
            name=name.rstrip(b"\0").decode("ascii"),
            cores=cores,
            neurons_per_core=neurons_per_core,
            axons=axons,
            rows_per_core=rows_per_core,
            lanes=lanes,
            delay_slots=delay_slots,
            weight_bits=weight_bits,
            state_bits=state_bits,
            theta=bool(options & _THETA),
            plastic=_PLASTIC[options >> _PLASTIC_SHIFT & _PLASTIC_MASK],
            eligibility=bool(options & _ELIGIBILITY),
            stochastic=not options & _CUTS,
            synapse_ports=1 if options & _ONE_PORT else 2,
            **_sampling_of(block, options),
            probes=probes,
            input_words=input_words,
            output_words=output_words,
            clock_hz=clock_hz,
            baud_rates=struct.unpack_from(f"<{rates}I", block, _FIXED.size),
            boot_offset=_BOOT.unpack_from(block, _BOOT_AT)[0] * FLASH_SECTOR_BYTES or None,
        )
        return cls(build_id, config, version)


def _sampling_of(block: bytes, options: int) -> dict[str, Any]:
    """Return the fields of a configuration that say what samples there can be."""
    if not options & _SAMPLING:
        return {}
    return {"sampling": True, "pattern_words": _PATTERN.unpack_from(block, _PATTERN_AT)[0]}
