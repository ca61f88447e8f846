"""What a boot loader does with an image, in Python: a second reading of ``docs/boot.md``."""

from spikeloom.boot import BootImage, BootImageError
from spikeloom.contract import ArrayConfig
from spikeloom.contract.boot import BOOT_MAGIC, BOOT_NONCE, BootState, boot_header, boot_push_words
from spikeloom.contract.frames import FrameError, ResetKind, Status, decode_reply

from .device import Device

__all__ = ["boot_device", "check_flash"]

_STEPS_AT_ONCE = 64


def check_flash(contents: bytes, config: ArrayConfig) -> tuple[BootState, BootImage | None]:
    """Look at a flash as a loader does in its first pass.

    Parameters
    ----------
    contents : bytes
        What stands in the flash from `boot_offset` on.
    config : ArrayConfig
        The array.

    Returns
    -------
    state : BootState
        `LOADING` if there is an image for this array, else why there is none.
    image : BootImage or None
        The image, if so.
    """
    if contents[: len(BOOT_MAGIC)] != BOOT_MAGIC:
        return BootState.ABSENT, None
    try:
        image = BootImage.parse(contents)
    except BootImageError:
        return BootState.BAD_CRC, None
    if image.header != boot_header(config):
        return BootState.OTHER_ARRAY, None
    return BootState.LOADING, image


def boot_device(device: Device, contents: bytes, rounds: int = 0) -> BootState:
    """Power up a board with something in its flash.

    Parameters
    ----------
    device : Device
        A new device.
    contents : bytes
        What stands in the flash from `boot_offset` on.
    rounds : int
        How often the stimulus is played, if there is one.

    Returns
    -------
    BootState
        The device's `boot_state`: `RUNNING` if there is a stimulus.
    """
    device.boot_state, image = check_flash(contents, device.config)
    if image is None:
        return device.boot_state
    counters = dict(device.counters)
    device.rings.discarding = True
    sections = [image.setup, *([image.stimulus] * rounds if image.loops else [])]
    if all(_play(device, frames) for frames in sections):
        device.boot_state = BootState.RUNNING if image.loops else BootState.LOADED
    else:
        device.boot_state = BootState.REFUSED
        device.rings.reset(ResetKind.ALL)
    device.rings.discarding = False
    device.counters = counters  # they tell of the host's frames only
    return device.boot_state


def _play(device: Device, frames: tuple[bytes, ...]) -> bool:
    """Play a section to its end; return whether no frame was refused."""
    _rest(device)
    for frame in frames:
        while device.rings.input_free < boot_push_words(device.config):
            device.rings.advance(_STEPS_AT_ONCE)
        reply = device.frame(frame[:-1])
        if not _accepted(reply[:-1]):
            return False
    _rest(device)
    return True


def _rest(device: Device) -> None:
    while device.rings.busy:
        device.rings.advance(_STEPS_AT_ONCE)


def _accepted(reply: bytes) -> bool:
    try:
        return decode_reply(reply, BOOT_NONCE).status == Status.OK
    except FrameError:
        return False
