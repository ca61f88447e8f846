"""A board boots from its flash and does what the reference does; what is no image is refused."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from boot_support import (
    BOOT_CONFIG,
    boot_state,
    differences,
    make_image,
    make_program,
    make_stimulus,
)

import spikeloom
from spikeloom.board.streams import EventStream
from spikeloom.boot import BootImage, boot_image
from spikeloom.compiler import Program
from spikeloom.contract import CONFIGS, ArrayConfig, MemoryMap
from spikeloom.contract.boot import BOOT_NONCE, HEADER_BYTES, BootState, boot_header, image_crc
from spikeloom.contract.frames import MAX_REQUEST_PAYLOAD, Op, Request, encode_request
from spikeloom.contract.registers import CONTROL_REGISTERS, STATUS_REGISTERS
from spikeloom.link import LinkTarget
from spikeloom_sim.device import Device, boot_device
from spikeloom_sim.reference.target import ModelTarget
from spikeloom_sim.verilated.target import open_sim

pytestmark = pytest.mark.verilated

Opener = Callable[..., LinkTarget]


@pytest.fixture(scope="module")
def program() -> Program:
    return make_program()


@pytest.fixture
def open_flash(tmp_path: Path, optimise: dict[str, int]) -> Iterator[Opener]:
    """A function that powers up a board with some bytes in its flash and talks to it."""
    targets = []

    def opener(contents: bytes, config: ArrayConfig = BOOT_CONFIG) -> LinkTarget:
        path = tmp_path / "flash.bin"
        path.write_bytes(contents)
        target = open_sim("sim:", config=config, flash=str(path), **optimise)
        targets.append(target)
        return target

    yield opener
    for target in targets:
        target.close()


def booted_model(contents: bytes, config: ArrayConfig = BOOT_CONFIG) -> ModelTarget:
    model = ModelTarget(config)
    boot_device(Device(model), contents)
    return model


def control(target: LinkTarget | ModelTarget, name: str) -> int:
    data = target.read("control", offset=CONTROL_REGISTERS[name].offset, count=1)
    return int.from_bytes(data, "little")


def counters(target: LinkTarget) -> dict[str, int]:
    words = MemoryMap(target.capability.config)["status"].unpack(target.read("status"))["value"]
    return {name: int(words[each.offset]) for name, each in STATUS_REGISTERS.items()}


def check_clean(target: LinkTarget) -> None:
    """No memory holds anything, no register but its reset value."""
    assert differences(ModelTarget(target.capability.config), target) == []


def test_an_image_without_stimulus_is_loaded(open_flash: Opener, program: Program) -> None:
    contents = make_image(program, step_interval_s=1e-3).to_bytes()
    target = open_flash(contents)
    assert boot_state(target) == BootState.LOADED
    assert differences(booted_model(contents), target) == []
    assert control(target, "step_interval") == BOOT_CONFIG.clock_hz // 1000
    seen = counters(target)
    assert (seen["steps"], seen["refused"], seen["bad_frames"], seen["repeated"]) == (0, 0, 0, 0)
    board = spikeloom.Board(target)
    board.program(program)
    assert board.run(make_stimulus(20)).spikes("cells")[0].size


@pytest.mark.parametrize(("steps", "interval_s"), [(7, 0.0), (60, 0.0), (9, 40e-6)])
def test_a_stimulus_runs_round_after_round(
    open_flash: Opener, program: Program, steps: int, interval_s: float
) -> None:
    """At whatever step the host comes: the state is the reference's after as many steps."""
    contents = make_image(program, steps, step_interval_s=interval_s).to_bytes()
    target = open_flash(contents)
    assert boot_state(target) == BootState.TAKEN_OVER
    t = control(target, "t")
    assert t > 3 * steps, "some rounds have been played"
    seen = counters(target)
    assert seen["steps"] == t
    assert seen["spikes"] > t // 4
    assert (seen["dropped"], seen["overruns"], seen["refused"]) == (0, 0, 0)

    model = booted_model(contents)
    spikes = np.tile(make_stimulus(steps), (t // steps + 1, 1))
    run = spikeloom.Board(model)
    run.loaded = program
    words = _words(program, spikes[:t])
    list(model.run([words]))
    assert differences(model, target, "pending") == []
    # Events of the next step may have been read already.
    early = _pending(model)
    list(model.run([_words(program, spikes[t : t + 1])[:-1]]))
    late = _pending(model)
    actual = _pending(target)
    assert (early & ~actual == 0).all()
    assert (actual & ~late == 0).all()


def _words(program: Program, spikes: np.ndarray) -> np.ndarray:
    t, channel = np.nonzero(spikes)
    axon = program.inputs["source"].axons[0][channel]
    return np.concatenate(list(EventStream(t, axon, len(spikes))))


def _pending(target: LinkTarget | ModelTarget) -> np.ndarray:
    return MemoryMap(BOOT_CONFIG)["pending"].unpack(target.read("pending"))["axons"]


def test_silence_is_a_stimulus(open_flash: Opener, program: Program) -> None:
    contents = boot_image(program, steps=20_000).to_bytes()
    target = open_flash(contents)
    assert boot_state(target) == BootState.TAKEN_OVER
    model = booted_model(contents)
    spikeloom.Board(model)
    t = control(target, "t")
    list(model.run([np.full(t, 0x8001, np.uint16)]))
    assert counters(target)["spikes"] > 0
    assert differences(model, target) == []


def _flip(contents: bytes, at: int, mask: int = 1) -> bytes:
    changed = bytearray(contents)
    changed[at] ^= mask
    return bytes(changed)


def _places(contents: bytes) -> dict[str, int]:
    """A byte of each part of an image with a stimulus."""
    stimulus_end = contents.index(b"\0\0", HEADER_BYTES) + 1
    return {
        "stimulus's first": HEADER_BYTES,
        "stimulus": (HEADER_BYTES + stimulus_end) // 2,
        "end of a frame": stimulus_end - 1,
        "end of the stimulus": stimulus_end,
        "setup's first": stimulus_end + 1,
        "setup": (stimulus_end + len(contents)) // 2,
        "end of the setup": len(contents) - 5,
        "CRC's first": len(contents) - 4,
        "CRC's last": len(contents) - 1,
        "version": 4,
        "layout": HEADER_BYTES - 1,
    }


@pytest.mark.parametrize("mask", [0x01, 0x80])
def test_a_changed_byte_is_noticed(open_flash: Opener, program: Program, mask: int) -> None:
    contents = make_image(program, 5).to_bytes()
    for part, at in _places(contents).items():
        target = open_flash(_flip(contents, at, mask))
        assert boot_state(target) == BootState.BAD_CRC, part
        check_clean(target)
        assert counters(target)["steps"] == 0


@pytest.mark.parametrize("at", range(4))
def test_without_magic_there_is_no_image(open_flash: Opener, program: Program, at: int) -> None:
    contents = make_image(program, 5).to_bytes()
    for mask in (0x01, 0x80):
        target = open_flash(_flip(contents, at, mask))
        assert boot_state(target) == BootState.ABSENT
        check_clean(target)


@pytest.mark.parametrize("contents", [b"", bytes(4000), b"SPK", b"\xaa\x55" * 300])
def test_a_flash_without_image(open_flash: Opener, contents: bytes) -> None:
    target = open_flash(contents)
    assert boot_state(target) == BootState.ABSENT
    check_clean(target)


def _with_crc(body: bytes) -> bytes:
    return body + image_crc(body)


@pytest.mark.parametrize("at", [4, 5, 6, 7])
def test_an_image_for_another_array(open_flash: Opener, program: Program, at: int) -> None:
    """The CRC is right, but version or layout is not."""
    for mask in (0x01, 0x80):
        target = open_flash(_with_crc(_flip(make_image(program, 5).to_bytes()[:-4], at, mask)))
        assert boot_state(target) == BootState.OTHER_ARRAY
        check_clean(target)


def test_an_image_of_a_neighbouring_configuration(open_flash: Opener) -> None:
    other = BOOT_CONFIG.replace(axons=48, rows_per_core=48)
    target = open_flash(make_image(make_program(other), 5).to_bytes())
    assert boot_state(target) == BootState.OTHER_ARRAY
    check_clean(target)


def test_clock_and_name_are_free(open_flash: Opener) -> None:
    other = BOOT_CONFIG.replace(name="other", clock_hz=48_000_000, boot_offset=None)
    target = open_flash(make_image(make_program(other)).to_bytes())
    assert boot_state(target) == BootState.LOADED


@pytest.mark.parametrize("part", [0.2, 0.9])
def test_a_cut_image_ends(open_flash: Opener, program: Program, part: float) -> None:
    """Erased flash follows; the loader reads on to its limit and gives up."""
    contents = make_image(program, 5).to_bytes()
    target = open_flash(contents[: int(len(contents) * part)])
    assert boot_state(target) == BootState.BAD_CRC
    check_clean(target)


def test_a_cut_crc(open_flash: Opener, program: Program) -> None:
    contents = make_image(program, 5).to_bytes()
    # A CRC that ends with 0xFF would be none the worse for it.
    assert contents[-1] != 0xFF
    target = open_flash(contents[:-1])
    assert boot_state(target) == BootState.BAD_CRC
    check_clean(target)


def _session(*calls: tuple[Op, int, bytes]) -> tuple[bytes, ...]:
    requests = [Request(0, Op.SYNC, BOOT_NONCE | 1 << 16)]
    requests += [Request(k + 1, *call) for k, call in enumerate(calls)]
    return tuple(
        encode_request(request, BOOT_NONCE if k else 0) for k, request in enumerate(requests)
    )


_WEIGHTS = MemoryMap(BOOT_CONFIG)["weights"]
_WRITE = (Op.WRITE, _WEIGHTS.address(3), bytes([1, 2, 3, 4]))
_STEPS = (Op.PUSH, 0, b"\x05\x80")
REFUSED = {
    "address": ((_WRITE, (Op.WRITE, 63 << 26, b"1234")), ()),
    "read only": ((_WRITE, (Op.WRITE, 0, b"1")), ()),
    "more words than the ring has": ((_WRITE,), (_STEPS, (Op.PUSH, 0, bytes(2 * 65)))),
    "odd push in the second round": ((_WRITE,), (_STEPS, _STEPS, (Op.PUSH, 0, b"1"))),
    "last frame": ((_WRITE, _WRITE, (Op.RESET, 9, b"")), ()),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_link_refuses(open_flash: Opener, case: str) -> None:
    """Nothing remains of an image that is whole and yet refused."""
    setup, stimulus = REFUSED[case]
    image = BootImage(
        header=boot_header(BOOT_CONFIG),
        setup=_session(*setup),
        stimulus=_session(*stimulus) if stimulus else (),
    )
    contents = image.to_bytes()
    target = open_flash(contents)
    assert boot_state(target) == BootState.REFUSED
    check_clean(target)
    seen = counters(target)
    assert (seen["refused"], seen["bad_frames"]) == (0, 0), "they tell of the host's frames only"
    if not stimulus:
        device = Device(ModelTarget(BOOT_CONFIG))
        assert boot_device(device, contents) == BootState.REFUSED
        assert differences(ModelTarget(BOOT_CONFIG), device.rings.array) == []


@pytest.mark.parametrize("damage", ["frame", "order"])
def test_a_frame_that_the_link_cannot_read(open_flash: Opener, damage: str) -> None:
    frames = list(_session(_WRITE, _WRITE, _WRITE))
    if damage == "frame":
        frames[2] = _flip(frames[2], 5)
    else:
        del frames[2]
    image = BootImage(header=boot_header(BOOT_CONFIG), setup=tuple(frames))
    target = open_flash(image.to_bytes())
    assert boot_state(target) == BootState.REFUSED
    check_clean(target)


@pytest.mark.slow
def test_a_board_of_a_family(open_flash: Opener) -> None:
    """The smallest part: one core of 256 neurons, full frames."""
    config = CONFIGS["up5k"]
    net = spikeloom.Network("family")
    rng = np.random.default_rng(8)
    source = net.input("source", 64)
    cells = net.population("cells", 200, spikeloom.LIF(threshold=1.0, v_decay=0.1))
    net.connect(source, cells, weights=rng.uniform(0, 0.2, (64, 200)))
    program = spikeloom.compile(net, config)
    spikes = rng.random((40, 64)) < 0.1
    image = boot_image(program, spikes)
    assert max(map(len, image.setup)) > MAX_REQUEST_PAYLOAD
    contents = image.to_bytes()
    target = open_flash(contents, config)
    assert boot_state(target) == BootState.TAKEN_OVER
    t = control(target, "t")
    model = booted_model(contents, config)
    list(model.run([_words(program, np.tile(spikes, (t // 40 + 1, 1))[:t])]))
    assert t > 40
    assert differences(model, target, "pending") == []
