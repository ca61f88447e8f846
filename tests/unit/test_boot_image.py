"""Boot images: what is made, what is read back, what is refused and how; replay on the model."""

import itertools
import re

import numpy as np
import pytest

import spikeloom
from spikeloom.board import StimulusError
from spikeloom.boot import BootImage, BootImageError, boot_image
from spikeloom.compiler import ProgramMismatchError
from spikeloom.contract import CONFIGS, Capability, ConfigError, MemoryMap, ValueRangeError
from spikeloom.contract.boot import (
    BOOT_NONCE,
    HEADER_BYTES,
    IMAGE_CRC_BYTES,
    MAX_IMAGE_BYTES,
    BootState,
    boot_header,
    boot_push_words,
    image_crc,
    layout_id,
)
from spikeloom.contract.frames import Op, Request, encode_request
from spikeloom.contract.registers import CONTROL_REGISTERS, OutputPolicy
from spikeloom_sim.device import Device, boot_device, check_flash
from spikeloom_sim.reference.target import ModelTarget, open_model
from spikeloom_sim.verilated.url import SimOptions, SimUrlError

CONFIG = CONFIGS["tiny"].replace(boot_offset=0x100000)


def make_program(config=CONFIG):
    net = spikeloom.Network("boot")
    source = net.input("source", 3)
    cells = net.population("cells", 4, spikeloom.LIF(threshold=1.0, v_decay=0.1, bias=0.02))
    net.connect(source, cells, weights=np.linspace(0.3, 0.9, 12).reshape(3, 4))
    return spikeloom.compile(net, config)


PROGRAM = make_program()
STIMULUS = np.random.default_rng(1).random((50, 3)) < 0.4
IMAGE = boot_image(PROGRAM, STIMULUS, step_interval_s=1e-3)
CONTENTS = IMAGE.to_bytes()


def with_crc(body):
    return body + image_crc(body)


def session(*calls):
    requests = [Request(0, Op.SYNC, BOOT_NONCE | 1 << 16)]
    requests += [Request(k + 1, *call) for k, call in enumerate(calls)]
    return tuple(
        encode_request(request, BOOT_NONCE if k else 0) for k, request in enumerate(requests)
    )


def test_round_trip():
    assert BootImage.from_bytes(CONTENTS, CONFIG) == IMAGE
    assert BootImage.from_bytes(CONTENTS + b"\xff" * 100) == IMAGE
    assert IMAGE.size_bytes == len(CONTENTS)
    assert repr(IMAGE) == (
        f"<BootImage for layout {layout_id(CONFIG).hex()}: {len(IMAGE.setup)} setup frames, "
        f"{len(IMAGE.stimulus)} stimulus frames that repeat; {len(CONTENTS)} bytes>"
    )


def test_a_register_that_sees_image_and_crc_ends_at_zero():
    """What the loader's check relies on, bit by bit."""
    register = 0xFFFF_FFFF
    for byte in CONTENTS:
        for k in range(8):
            feedback = (register >> 31) ^ (byte >> (7 - k) & 1)
            register = (register << 1 & 0xFFFF_FFFF) ^ (0x04C1_1DB7 * feedback)
    assert register == 0


def test_setup_is_the_program():
    calls = IMAGE.requests("setup")
    assert [request.op for request in calls[:2]] == [Op.SYNC, Op.RESET]
    assert {request.op for request in calls[2:]} == {Op.WRITE}
    assert [request.seq for request in calls] == [k % 256 for k in range(len(calls))]
    written = sum(len(request.payload) for request in calls[2:])
    assert written == PROGRAM.size_bytes + 3 * 4
    control = MemoryMap(CONFIG)["control"]
    values = {request.addr: request.payload for request in calls[-3:]}
    for name, value in (
        ("output_policy", OutputPolicy.DROP),
        ("step_interval", CONFIG.clock_hz // 1000),
        ("probes_in_use", 0),
    ):
        address = control.address(CONTROL_REGISTERS[name].offset)
        assert int.from_bytes(values[address], "little") == value


@pytest.mark.parametrize("words", [64, 128, 256, 2048])
def test_a_push_is_no_larger_than_what_the_loader_waits_for(words):
    config = CONFIG.replace(input_words=words)
    image = boot_image(PROGRAM, np.ones((200, 3), bool), config=config)
    sync, *pushes = image.requests("stimulus")
    assert (sync.op, {push.op for push in pushes}) == (Op.SYNC, {Op.PUSH})
    sizes = [len(push.payload) // 2 for push in pushes]
    assert max(sizes) == sizes[0] == boot_push_words(config) <= words // 2
    assert sum(sizes) == 200 * 4
    image.check_fits(config)


def test_without_stimulus_nothing_repeats():
    image = boot_image(PROGRAM)
    assert (image.stimulus, image.loops) == ((), False)
    assert image.to_bytes()[HEADER_BYTES] == 0
    assert "that repeat" not in repr(image)


def test_control_changes_are_played():
    image = boot_image(PROGRAM, steps=10, control=[(3, "seed", 99)])
    words = b"".join(request.payload for request in image.requests("stimulus")[1:])
    assert np.frombuffer(words, "<u2").tolist() == [0x8003, 0xC005, 99, 0, 0x8007]


BAD_ARGUMENTS = {
    "no steps": ({"steps": 0}, BootImageError, r"must have at least 1 step, not 0; add steps"),
    "batch": (
        {"stimulus": np.zeros((2, 5, 3))},
        BootImageError,
        r"must be one run, not an array with a sample axis; join",
    ),
    "control alone": (
        {"control": [(0, "seed", 1)]},
        BootImageError,
        r"control of a boot image must come with steps",
    ),
    "stimulus": ({"stimulus": np.zeros((5, 4))}, StimulusError, r"must have shape \[steps, 3\]"),
    "interval": ({"steps": 1, "step_interval_s": -1}, ValueRangeError, r"step_interval_s must be"),
    "array": (
        {"config": CONFIGS["up5k"]},
        ProgramMismatchError,
        r"cores of the array must be 2.* not 1",
    ),
    "endless": (
        {"stimulus": itertools.repeat([0, 1, 2])},
        BootImageError,
        rf"at most {MAX_IMAGE_BYTES} bytes, but its frames have more; give fewer steps=",
    ),
}


@pytest.mark.parametrize("case", BAD_ARGUMENTS)
def test_refused_arguments(case):
    arguments, error, message = BAD_ARGUMENTS[case]
    with pytest.raises(error, match=message) as caught:
        boot_image(PROGRAM, **arguments)
    assert caught.value.exit_code == 2


def changed(at, mask=1):
    data = bytearray(CONTENTS)
    data[at] ^= mask
    return bytes(data)


def foreign(*setup):
    return BootImage(header=boot_header(CONFIG), setup=setup).to_bytes()


WRITE = (Op.WRITE, MemoryMap(CONFIG)["weights"].address(), bytes(4))
SETUP_AT = CONTENTS.index(b"\0\0", HEADER_BYTES) + 2
BAD_IMAGES = {
    "empty": (b"", r"must begin with b'SPKB', not b''; .*boot_image makes one"),
    "magic": (changed(0), r"must begin with b'SPKB', not b'RPKB'"),
    "only magic": (b"SPKB", r"version of a boot image must be 1, not None"),
    "version": (changed(4, 2), r"version of a boot image must be 1, not 3; make it again"),
    "stimulus": (changed(HEADER_BYTES + 5), r"CRC of a boot image must be [0-9a-f]{8}, not"),
    "setup": (changed(SETUP_AT + 5), r"CRC of a boot image must be"),
    "crc": (changed(-1), r"CRC of a boot image must be"),
    "cut stimulus": (CONTENTS[: HEADER_BYTES + 30], r"the stimulus of a boot image must end with"),
    "cut setup": (CONTENTS[:-10], r"the setup of a boot image must end with an empty frame"),
    "no crc": (CONTENTS[:-IMAGE_CRC_BYTES], r"CRC of a boot image must be .*, not missing; it is"),
    "more": (CONTENTS + b"more", rf"must end after {len(CONTENTS)} bytes, but 4 follow; cut them"),
    "no setup": (foreign(), r"must have setup frames, not 0"),
    "no frame": (foreign(b"\2\3\0"), r"frame 0 .* setup must be a request, but: "),
    "op": (foreign(*session((Op.READ, 0, b"\1"))), r"request 1 .* must be RESET or WRITE or PUSH"),
    "no sync": (foreign(session(WRITE)[1]), r"frame 0 .* setup must be a request, but: CRC"),
    "number": (
        foreign(session()[0], encode_request(Request(2, *WRITE), BOOT_NONCE)),
        r"request 1 .* must have number 1, not 2",
    ),
    "nonce": (foreign(encode_request(Request(0, Op.SYNC, 0x10005), 0)), r"must carry 0x1b007, not"),
    "reset": (foreign(*session((Op.RESET, 0, b""))), r"RESET of a boot image must be 2, not 0"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_IMAGES)
def test_refused_images(case):
    data, message = BAD_IMAGES[case]
    with pytest.raises(BootImageError, match=message) as caught:
        BootImage.from_bytes(data)
    assert re.search(r"; \w", str(caught.value))


def test_an_image_for_another_array():
    other = CONFIG.replace(axons=33)
    with pytest.raises(BootImageError, match=r"for 'tiny' must have layout .*for this array"):
        BootImage.from_bytes(CONTENTS, other)
    small = CONFIG.replace(input_words=64)
    pushes = session((Op.PUSH, 0, bytes(66)))
    large = BootImage(header=boot_header(small), setup=session(WRITE), stimulus=pushes)
    with pytest.raises(BootImageError, match=r"PUSH of a boot image must have at most 32 words"):
        large.check_fits(small)


def test_layouts_of_boards_differ():
    layouts = {layout_id(config) for config in CONFIGS.values()}
    assert len(layouts) >= len(CONFIGS) - 1
    for change in ({"clock_hz": 20_000_000}, {"name": "x"}, {"boot_offset": None},
                   {"output_words": 64}, {"synapse_ports": 1}):  # fmt: skip
        assert layout_id(CONFIG.replace(**change)) == layout_id(CONFIG)
    for change in ({"lanes": 2}, {"weight_bits": 7}, {"theta": False}, {"plastic": "row"},
                   {"delay_slots": 8}, {"input_words": 64}, {"probes": 3}):  # fmt: skip
        assert layout_id(CONFIG.replace(**change)) != layout_id(CONFIG)


def test_every_board_has_a_place_for_it():
    for config in CONFIGS.values():
        block = Capability(bytes(8), config).to_bytes()
        assert Capability.from_bytes(block).config.boot_offset == config.boot_offset
    assert CONFIGS["up5k"].boot_offset
    assert CONFIGS["tiny"].boot_offset is None


# On the model


@pytest.mark.parametrize("rounds", [0, 1, 3])
def test_replay_is_a_run(rounds):
    """A booted device equals a board that was programmed and ran the same."""
    device = Device(ModelTarget(CONFIG))
    assert boot_device(device, CONTENTS, rounds) == BootState.RUNNING
    board = spikeloom.Board(ModelTarget(CONFIG))
    board.program(PROGRAM)
    for _ in range(rounds):
        board.run(STIMULUS)
    first = CONTROL_REGISTERS["probes_in_use"].offset
    board.target.write("control", device.rings.array.read("control", 0, first, 3), 0, first)
    for window in MemoryMap(CONFIG):
        if window.kind != "info" and window.name != "status":
            for core in range(window.cores):
                assert device.rings.array.read(window.name, core) == board.target.read(
                    window.name, core
                )
    assert not any(device.counters.values())


FLASHES = {
    "erased": (b"\xff" * 100, BootState.ABSENT),
    "nothing": (b"", BootState.ABSENT),
    "damaged": (changed(-9), BootState.BAD_CRC),
    "damaged layout": (changed(6), BootState.BAD_CRC),
    "cut": (CONTENTS[:-9], BootState.BAD_CRC),
    "other": (with_crc(changed(6)[:-IMAGE_CRC_BYTES]), BootState.OTHER_ARRAY),
    "refused": (foreign(*session(WRITE, (Op.WRITE, 63 << 26, b"1"))), BootState.REFUSED),
    "loaded": (boot_image(PROGRAM).to_bytes(), BootState.LOADED),
}


@pytest.mark.parametrize("case", FLASHES)
def test_the_model_with_a_flash(tmp_path, case):
    contents, state = FLASHES[case]
    path = tmp_path / "flash.bin"
    path.write_bytes(contents)
    with spikeloom.open("model:", config=CONFIG, flash=str(path)) as board:
        status = board.status()
        assert status["boot"] == status.boot == state
        failed = state in (BootState.BAD_CRC, BootState.OTHER_ARRAY, BootState.REFUSED)
        assert list(status.attention) == ["boot"] * failed
        line = next(each for each in repr(status).splitlines() if each.startswith("boot:"))
        assert line.split()[1:3] == [str(int(state)), state.name]
        assert line.count("(!)") == failed
        weights = board.target.read("weights")
        assert any(weights) == (state == BootState.LOADED)
    seen, image = check_flash(contents, CONFIG)
    assert seen == (BootState.LOADING if image else state)


def test_the_model_does_not_play_the_stimulus(tmp_path):
    path = tmp_path / "flash.bin"
    path.write_bytes(boot_image(make_program(CONFIGS["gw1nr_9"]), STIMULUS).to_bytes())
    target = open_model(f"model:gw1nr_9?flash={path}")
    board = spikeloom.Board(target)
    assert (board.status()["boot"], board.status()["steps"]) == (BootState.TAKEN_OVER, 0)
    assert any(target.read("weights"))


def test_a_simulated_board_refuses_a_flash(tmp_path):
    with pytest.raises(SimUrlError, match=r"flash must be left out for configuration 'tiny'.*; ch"):
        SimOptions.from_url("sim:tiny?flash=x")
    options = SimOptions.from_url("sim:up5k?flash=/no/such/file")
    with pytest.raises(SimUrlError, match=r"flash must be a file that can be read, not '/no/such"):
        options.flash_contents()
    (tmp_path / "x.bin").write_bytes(b"abc")
    assert SimOptions.from_url(f"sim:up5k?flash={tmp_path}/x.bin").flash_contents() == b"abc"
    assert SimOptions.from_url("sim:up5k").flash_contents() == b""


def test_the_model_refuses_a_flash(tmp_path):
    with pytest.raises(ConfigError, match=r"flash must be left out for configuration 'tiny'"):
        open_model("model:tiny?flash=x")
    with pytest.raises(ValueRangeError, match=r"flash must be a file that can be read, not 'x'"):
        open_model("model:up5k?flash=x")
    with pytest.raises(ValueRangeError, match=r"option of a model: URL must be flash=FILE, not"):
        open_model("model:up5k?speed=3")
