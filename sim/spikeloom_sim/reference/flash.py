"""The flash of the reference model: a file, from which it boots as a board does."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from spikeloom.contract import ConfigError, ValueRangeError
from spikeloom.contract.boot import BootState

if TYPE_CHECKING:
    from .target import ModelTarget

__all__ = ["boot_from_flash", "flash_option"]


def flash_option(url: str, query: str) -> str:
    """Return the file that a URL names.

    Parameters
    ----------
    url : str
        The URL, for messages.
    query : str
        What stands behind its question mark.

    Raises
    ------
    ValueRangeError
        If there is another option.
    """
    options = dict(parse_qsl(query, keep_blank_values=True))
    if set(options) != {"flash"}:
        raise ValueRangeError(
            f"an option of a model: URL must be flash=FILE, not {query!r} as in {url!r}; leave it "
            f"out"
        )
    return options["flash"]


def boot_from_flash(target: "ModelTarget", flash: str) -> None:
    """Do what a board does at power-up with a file in its flash.

    Parameters
    ----------
    target : ModelTarget
        A new one.
    flash : str
        Path of the file.

    Raises
    ------
    ConfigError
        If the configuration has no boot loader.
    ValueRangeError
        If the file cannot be read.
    """
    from spikeloom_sim.device import Device, boot_device

    config = target.capability.config
    if config.boot_offset is None:
        raise ConfigError(
            f"flash must be left out for configuration {config.name!r}, which has no boot loader; "
            f"choose one with a boot_offset"
        )
    try:
        contents = Path(flash).read_bytes()
    except OSError as error:
        raise ValueRangeError(
            f"flash must be a file that can be read, not {flash!r}: {error}; correct it"
        ) from None
    state = boot_device(Device(target), contents)
    target.model.counters.boot = BootState.TAKEN_OVER if state == BootState.RUNNING else state
