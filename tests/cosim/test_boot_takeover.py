"""A host that comes while a boot network runs: no byte of it is lost, at whatever moment."""

import itertools

import pytest
from boot_support import (
    BOOT_CONFIG,
    SLICE_CYC,
    Talker,
    boot,
    make_image,
    make_program,
    power_up,
)

from spikeloom.boot import boot_image
from spikeloom.contract import CONFIGS
from spikeloom.contract.boot import BOOT_NONCE, FLASH_WAKE_US, BootState
from spikeloom.contract.frames import Op, ResetKind, Status, decode_reply
from spikeloom_rtl.boot.flash_reader import half_period_cyc
from spikeloom_sim.verilated.harness import Harness, RunResult

pytestmark = pytest.mark.verilated

STEPS = 6
PROBE_FRAMES = 12
_STRIDE_CYC = 23
"""Prime, and about a byte of the flash: the moments fall on every phase of what repeats."""


@pytest.fixture(scope="module")
def contents() -> bytes:
    return make_image(make_program(), STEPS).to_bytes()


def conversation(talker: Talker) -> bytes:
    """A SYNC and echoes, back to back, as a host sends them that waits for nothing."""
    frames = [talker.sync()]
    frames += [talker.frame(Op.ECHO, 0, bytes([k, 0, 255 - k] * k)) for k in range(PROBE_FRAMES)]
    return b"".join(frames)


def check_taken_over(harness: Harness) -> None:
    """Everything that the host said is answered, and nothing else."""
    talker = Talker(harness)
    harness.write(conversation(talker))
    sync, *echoes = talker.replies(1 + PROBE_FRAMES)
    assert sync.status == Status.OK
    assert [echo.payload for echo in echoes] == [
        bytes([k, 0, 255 - k] * k) for k in range(PROBE_FRAMES)
    ]
    status = talker.status()
    assert status["boot"] == BootState.TAKEN_OVER
    wrong = ("bad_frames", "line_errors", "out_of_order", "repeated", "refused", "dropped")
    assert [status[name] for name in wrong] == [0] * len(wrong)
    assert status["busy"] == 0
    assert harness.run(10_000, 1) is RunResult.QUIET


@pytest.mark.slow
@pytest.mark.parametrize("bits", [False, True])
def test_at_any_moment(contents: bytes, optimise: dict[str, int], bits: bool) -> None:
    """One byte a cycle past the UART; a bit in four cycles through it."""
    probe = power_up(contents, optimise, bits=bits)
    ready_cyc = boot(probe)
    probe.close()
    for moment in range(60):
        harness = power_up(contents, optimise, bits=bits)
        assert boot(harness) == ready_cyc
        harness.run(1 + moment * _STRIDE_CYC)
        check_taken_over(harness)
        harness.close()


def test_in_every_cycle_of_a_frame(contents: bytes, optimise: dict[str, int]) -> None:
    for moment in range(48):
        harness = power_up(contents, optimise)
        boot(harness, 10)
        harness.run(2000 + moment)
        check_taken_over(harness)
        harness.close()


def test_while_the_loader_waits_for_room(optimise: dict[str, int]) -> None:
    """Steps are slow, so that the ring is full and a PUSH waits when the host comes."""
    image = make_image(make_program(), 80, step_interval_s=100e-6)
    for moment in range(12):
        harness = power_up(image.to_bytes(), optimise, bits=True)
        boot(harness)
        harness.run(5000 + 977 * moment)
        check_taken_over(harness)
        harness.close()


def test_while_a_round_ends(optimise: dict[str, int]) -> None:
    """One slow step: the loader waits for the array's rest most of the time."""
    image = boot_image(make_program(), steps=1, step_interval_s=1e-3)
    for moment in range(12):
        harness = power_up(image.to_bytes(), optimise, bits=True)
        boot(harness)
        harness.run(5000 + 1999 * moment)
        check_taken_over(harness)
        harness.close()


def test_a_single_byte_stops_the_stimulus(contents: bytes, optimise: dict[str, int]) -> None:
    harness = power_up(contents, optimise)
    boot(harness)
    harness.run(3000)
    harness.write(b"\0")
    harness.run(20_000)
    talker = Talker(harness)
    talker.start()
    before = talker.status()["steps"]
    harness.run(20_000)
    assert talker.status()["steps"] == before
    assert before > 0


def test_replies_to_the_loader_stay_inside(contents: bytes, optimise: dict[str, int]) -> None:
    for bits in (False, True):
        harness = power_up(contents, optimise, bits=bits)
        boot(harness)
        harness.run(100_000)
        assert harness.available == 0
        assert harness.counters.bytes_out == 0
        harness.close()


@pytest.mark.parametrize("bits", [False, True])
def test_what_comes_before_is_dropped(
    contents: bytes, optimise: dict[str, int], bits: bool
) -> None:
    """A host that talks from power-up on disturbs nothing, and is heard when it asks again."""
    harness = power_up(contents, optimise, bits=bits)
    talker = Talker(harness)
    for _ in itertools.count():
        if harness.unsent < 50:
            harness.write(talker.frame(Op.ECHO, 0, b"hello") + bytes(3))
        harness.run(SLICE_CYC)
        if not harness.deaf:
            break
    # The rest of what is on the line may be a piece of a frame, which the link refuses.
    harness.run(20_000, 1 << 20)
    harness.write(b"\0")
    harness.run(20_000, 1 << 20)
    harness.read(1 << 20)
    talker.start()
    status = talker.status()
    assert status["boot"] == BootState.TAKEN_OVER
    assert (status["line_errors"], status["out_of_order"], status["repeated"]) == (0, 0, 0)


def test_a_loaded_board_answers_at_once(optimise: dict[str, int]) -> None:
    harness = power_up(make_image(make_program()).to_bytes(), optimise)
    boot(harness)
    talker = Talker(harness)
    harness.write(conversation(talker))
    assert len(talker.replies(1 + PROBE_FRAMES)) == 1 + PROBE_FRAMES
    assert talker.status()["boot"] == BootState.LOADED


def test_the_loaders_session_is_not_the_hosts(contents: bytes, optimise: dict[str, int]) -> None:
    """A frame without SYNC finds the loader's session, of which it knows no nonce."""
    harness = power_up(contents, optimise)
    boot(harness)
    harness.write(Talker(harness, nonce=77).frame(Op.ECHO, 0, b"x"))
    harness.run(20_000)
    reply = decode_reply(harness.read(100).rstrip(b"\0"), BOOT_NONCE)
    assert reply.status == Status.BAD_FRAME


def test_lights(contents: bytes, optimise: dict[str, int]) -> None:
    """Running and error, from power-up to a host that clears the counters."""
    slow = boot_image(make_program(), steps=3, step_interval_s=100e-6).to_bytes()
    harness = power_up(slow, optimise)
    boot(harness)
    seen = set()
    for _ in range(200):
        harness.run(37)
        seen.add(harness.running)
        assert not harness.error
    assert True in seen
    talker = Talker(harness)
    talker.start()
    talker.status()
    assert (harness.running, harness.error) == (False, False)
    harness.write(b"\1\2\3\0")
    talker.harness.run(5000, 1 << 20)
    assert harness.error, "a damaged frame"
    harness.read(1 << 20)
    talker.ask(Op.RESET, ResetKind.COUNTERS)
    assert not harness.error
    harness.write(talker.frame(Op.READ, 63 << 26, b"\1"))
    talker.replies(1)
    assert harness.error, "a refused request"
    harness.close()

    damaged = power_up(contents[:-1] + b"?", optimise)
    boot(damaged)
    assert damaged.error
    talker = Talker(damaged)
    talker.start()
    talker.ask(Op.RESET, ResetKind.COUNTERS)
    assert damaged.error, "the image is still damaged"
    damaged.close()
    without = power_up(b"", optimise)
    boot(without)
    assert not without.error


def test_time_of_booting(contents: bytes, optimise: dict[str, int]) -> None:
    """Nothing is read before the flash is awake, and then not more slowly than told."""
    harness = power_up(contents, optimise)
    took_cyc = boot(harness, 10)
    config = BOOT_CONFIG
    wake_cyc = config.clock_hz * FLASH_WAKE_US / 1e6
    bit_cyc = 2 * half_period_cyc(config)
    passes_cyc = 2 * len(contents) * (8 * bit_cyc + 1)
    assert wake_cyc + passes_cyc / 2 < took_cyc < 2 * wake_cyc + passes_cyc + 12_000


def test_without_loader_nothing_is_dropped(optimise: dict[str, int]) -> None:
    harness = power_up(b"", optimise, CONFIGS["tiny"])
    talker = Talker(harness)
    talker.start()
    assert talker.status()["boot"] == BootState.ABSENT
