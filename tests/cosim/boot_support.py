"""Boards with something in their flash, and what the reference makes of the same."""

import numpy as np

import spikeloom
from spikeloom.boot import BootImage, boot_image
from spikeloom.compiler import Program
from spikeloom.contract import CONFIGS, ArrayConfig, MemoryMap
from spikeloom.contract.boot import BootState
from spikeloom.contract.frames import (
    PROTOCOL_VERSION,
    Op,
    Reply,
    Request,
    Status,
    decode_reply,
    encode_request,
)
from spikeloom.contract.registers import STATUS_REGISTERS
from spikeloom.target import Target
from spikeloom_sim.verilated.build import build_board
from spikeloom_sim.verilated.harness import Harness

BOOT_CONFIG = CONFIGS["tiny"].replace(
    name="tiny_boot", boot_offset=0x123000, input_words=64, baud_rates=(3_000_000,)
)
"""A small ring, so that the loader must wait for room; a line as fast as the clock allows."""
SLICE_CYC = 100
LIMIT_CYC = 40_000_000


def make_program(config: ArrayConfig = BOOT_CONFIG) -> Program:
    """A network in which weights, a delay, a recurrence and a bias show."""
    net = spikeloom.Network("boot")
    rng = np.random.default_rng(3)
    source = net.input("source", 6)
    cells = net.population("cells", 8, spikeloom.LIF(threshold=1.0, v_decay=0.1))
    clock = net.population("clock", 3, spikeloom.LIF(threshold=1.0, bias=0.13))
    net.connect(source, cells, weights=rng.uniform(0.2, 0.9, (6, 8)), delay=2)
    net.connect(cells, clock, weights=rng.uniform(-0.2, 0.3, (8, 3)))
    net.connect(clock, cells, weights=rng.uniform(0, 0.6, (3, 8)), delay=3)
    return spikeloom.compile(net, config)


def make_stimulus(steps: int, seed: int = 5) -> np.ndarray:
    """Random spikes of the six inputs."""
    return np.random.default_rng(seed).random((steps, 6)) < 0.3


def make_image(program: Program, steps: int | None = None, **options: object) -> BootImage:
    """An image with a random stimulus, or none."""
    stimulus = None if steps is None else make_stimulus(steps)
    return boot_image(program, stimulus, **options)


def power_up(
    contents: bytes, optimise: dict[str, int], config: ArrayConfig = BOOT_CONFIG, **options: object
) -> Harness:
    """A board with something in its flash, at the moment of power-up."""
    harness = Harness(build_board(config, **optimise), config, baud=config.baud_rates[0], **options)
    harness.set_flash(contents)
    return harness


def boot(harness: Harness, slice_cyc: int = SLICE_CYC) -> int:
    """Let the board boot; return the cycles that it took, to a slice."""
    spent = 0
    while harness.deaf:
        harness.run(slice_cyc)
        spent += slice_cyc
        assert spent < LIMIT_CYC, "the loader does not end"
    return spent


class Talker:
    """A host that asks one thing after the other, and sees every byte that comes."""

    def __init__(self, harness: Harness, nonce: int = 0x1234) -> None:
        self.harness = harness
        self.nonce = nonce
        self.seq = 40
        self.got = b""

    def frame(self, op: Op, addr: int = 0, payload: bytes = b"") -> bytes:
        request = Request(self.seq, op, addr, payload)
        self.seq = (self.seq + 1) % 256
        return encode_request(request, 0 if op == Op.SYNC else self.nonce)

    def sync(self) -> bytes:
        return self.frame(Op.SYNC, self.nonce | PROTOCOL_VERSION << 16)

    def replies(self, count: int, limit_cyc: int = 400_000) -> list[Reply]:
        """Wait for some replies; nothing else may come."""
        while self.got.count(0) < count:
            assert limit_cyc > 0, f"no reply, only {self.got!r}"
            self.harness.run(SLICE_CYC)
            self.got += self.harness.read(1 << 20)
            limit_cyc -= SLICE_CYC
        *frames, rest = self.got.split(b"\0")
        assert not rest
        self.got = b""
        return [decode_reply(frame, self.nonce) for frame in frames]

    def ask(self, op: Op, addr: int = 0, payload: bytes = b"") -> bytes:
        self.harness.write(self.frame(op, addr, payload))
        (reply,) = self.replies(1)
        assert reply.status == Status.OK
        return reply.payload

    def start(self) -> None:
        self.harness.write(self.sync())
        (reply,) = self.replies(1)
        assert reply.status == Status.OK

    def status(self) -> dict[str, int]:
        window = MemoryMap(self.harness.config)["status"]
        data = self.ask(Op.READ, window.address(), bytes([window.depth]))
        words = window.unpack(data)["value"].tolist()
        return {name: words[each.offset] for name, each in STATUS_REGISTERS.items()}


def boot_state(target: Target) -> BootState:
    """Return the status register ``boot``."""
    data = target.read("status", offset=STATUS_REGISTERS["boot"].offset, count=1)
    return BootState(int.from_bytes(data, "little"))


def differences(expected: Target, actual: Target, *without: str) -> list[str]:
    """Return where memories and registers differ, but for status and the windows named."""
    memory = MemoryMap(actual.capability.config)
    return [
        f"{window.name}[{core}]"
        for window in memory
        if window.kind != "info" and window.name not in ("status", *without)
        for core in range(window.cores)
        if expected.read(window.name, core=core) != actual.read(window.name, core=core)
    ]
