"""From a compiled network to a boot image."""

import functools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from spikeloom.board.pacing import Pacing
from spikeloom.board.steering import checked_changes
from spikeloom.board.stimulus import Stimulus, encode_stream, is_batch
from spikeloom.compiler import Program
from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.boot import BOOT_NONCE, MAX_IMAGE_BYTES, boot_header, boot_push_words
from spikeloom.contract.frames import PROTOCOL_VERSION, Op, Request, ResetKind, encode_request
from spikeloom.contract.registers import CONTROL_REGISTERS
from spikeloom.contract.words import Words
from spikeloom.link.transfer import write_requests

from .errors import BootImageError
from .image import BootImage

__all__ = ["boot_image"]

_WORD_BYTES = 2
_Call = tuple[Op, int, bytes]


def boot_image(
    program: Program,
    stimulus: Stimulus = None,
    steps: int | None = None,
    *,
    step_interval_s: float = 0.0,
    control: Any = (),
    config: ArrayConfig | None = None,
) -> BootImage:
    """Make a boot image: the program, and what drives it when no host does.

    Parameters
    ----------
    program : Program
        The network.
    stimulus : optional
        As of `Board.run`, without a sample axis. It is played from its beginning again when it
        ends; state and weights go on. None: silence, for a network that its biases drive.
    steps : int, optional
        Steps of a round, at least 1; silence follows a shorter stimulus. None: as long as the
        stimulus. Without stimulus and steps the network is loaded and nothing runs.
    step_interval_s : float
        A step starts at least that long after the one before, in seconds of the array's clock.
        0: as fast as possible.
    control : sequence of (step, name, value), or with populations as a fourth entry
        What changes before a step of each round; see `Board.run`.
    config : ArrayConfig, optional
        The board's array, if it differs from the one compiled for in clock or rings.

    Returns
    -------
    BootImage

    Raises
    ------
    BootImageError
        If the image would be too large, or there are no steps to run.
    ProgramMismatchError
        If the program is for another array.
    StimulusError, StateError, ValueRangeError
        If an argument does not fit; see `Board.run`.

    Examples
    --------
    >>> import spikeloom
    >>> net = spikeloom.Network("clock")
    >>> cell = net.population("cell", 1, spikeloom.LIF(threshold=1.0, bias=0.25))
    >>> boot_image(spikeloom.compile(net, "tiny"), steps=1000, step_interval_s=1e-3).loops
    True
    """
    config = program.config if config is None else config
    program.check_fits(config)
    pacing = Pacing.checked(step_interval_s, "drop", config)
    words: Iterable[Words] = ()
    if stimulus is None and steps is None:
        if control:
            raise BootImageError(
                "control of a boot image must come with steps, before which it acts; give steps="
            )
    else:
        words = _stimulus_words(program, stimulus, steps, control)
    return BootImage(
        header=boot_header(config),
        setup=_frames(_setup_calls(program, pacing, config)),
        stimulus=_frames(_push_calls(words, boot_push_words(config))),
    )


def _stimulus_words(
    program: Program, stimulus: Stimulus, steps: int | None, control: Any
) -> Iterator[Words]:
    if is_batch(stimulus):
        raise BootImageError(
            "stimulus of a boot image must be one run, not an array with a sample axis; join the "
            "samples along the axis of steps"
        )
    changes_for = functools.partial(checked_changes, program, control)
    stream = encode_stream(program.inputs, stimulus, steps, changes_for)
    yield from stream
    if not stream.steps:
        raise BootImageError("a round of a boot image must have at least 1 step, not 0; add steps")


def _setup_calls(program: Program, pacing: Pacing, config: ArrayConfig) -> Iterator[_Call]:
    """Yield what loads the program, as `Board.program` and the beginning of a run do it."""
    memory = MemoryMap(config)
    yield Op.RESET, ResetKind.ALL, b""
    for write in program.writes:
        window = memory[write.window]
        for address, part in write_requests(window, write.data, write.core, write.offset):
            yield Op.WRITE, address, part
    registers = {
        "probes_in_use": 0,
        "output_policy": pacing.policy,
        "step_interval": pacing.interval_cyc,
    }
    for name, value in registers.items():
        data = memory["control"].pack(value=[value])
        yield Op.WRITE, memory["control"].address(CONTROL_REGISTERS[name].offset), data


def _push_calls(words: Iterable[Words], room: int) -> Iterator[_Call]:
    """Yield PUSHes of `room` words each; chunks are taken as they are needed."""
    size = room * _WORD_BYTES
    waiting = bytearray()
    for chunk in words:
        waiting += np.ascontiguousarray(chunk, "<u2").tobytes()
        while len(waiting) >= size:
            yield Op.PUSH, 0, bytes(waiting[:size])
            del waiting[:size]
    if waiting:
        yield Op.PUSH, 0, bytes(waiting)


def _frames(calls: Iterator[_Call]) -> tuple[bytes, ...]:
    """Return the frames of a session that makes some calls; none if there are none."""
    frames: list[bytes] = []
    size = 0

    def add(op: Op, addr: int, payload: bytes, nonce: int) -> int:
        frames.append(encode_request(Request(len(frames) % 256, op, addr, payload), nonce))
        return len(frames[-1])

    for call in calls:
        if not frames:
            size += add(Op.SYNC, BOOT_NONCE | PROTOCOL_VERSION << 16, b"", 0)
        size += add(*call, BOOT_NONCE)
        if size > MAX_IMAGE_BYTES:
            # Here and not at the end: an iterator may be endless.
            raise BootImageError(
                f"a boot image must have at most {MAX_IMAGE_BYTES} bytes, but its frames have "
                f"more; give fewer steps="
            )
    return tuple(frames)
