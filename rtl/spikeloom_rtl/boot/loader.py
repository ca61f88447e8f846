"""The boot loader: what happens to an image, from power-up to the first byte of a host."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.boot import BOOT_STATE_BITS, BootState

from .flash_pins import FLASH_MEMBERS
from .flash_reader import COUNT_BITS, FlashReader, wake_bit
from .image_check import ImageCheck

__all__ = ["Loader"]

_PHASES = (
    "wake", "rest", "start", "command", "header", "body", "cut", "stop", "clear", "done",
)  # fmt: skip
_PASS = ("start", "command", "header", "body")
_LAST_SECTION = 5
"""The sections are stimulus, setup, and the four bytes of the CRC."""


class Loader(wiring.Component):
    """Checks the image in the flash, plays its setup, then its stimulus again and again.

    Takes a byte in eight periods of SCK and one cycle, plus what the link takes for each frame; a
    byte goes out one cycle after its last bit. Every pass reads the image from its beginning, and
    begins when link and array rest.

    Parameters
    ----------
    config : ArrayConfig
        The array; it has a `boot_offset`.

    Members
    -------
    frames : Out(stream.Signature(8))
        The image's frames, for the link; while `cut` is high instead of a byte its zero.
    cut : Out(1)
        What is on `frames` is the zero that ends a frame which has been interrupted.
    host_waits : In(1)
        A byte of the host is there.
    deaf : Out(1)
        Bytes of the host are to be dropped.
    done : Out(1)
        The host has the link, and nothing more happens here.
    open : Out(1)
        A frame has been begun, and its reply has not ended.
    reply_ends : In(1)
        One cycle: the last byte of a reply.
    failed : In(1)
        One cycle: the link refuses a frame.
    room : In(1)
        The input ring has room for the largest `PUSH` of an image.
    quiet : In(1)
        Link and array rest.
    stop : Out(1)
        To the array: drop what waits and rest.
    clear : Out(1), cleared : In(1)
        To the array: clear all memories; it is done.
    state : Out(3)
        `BootState`.
    error : Out(1)
        There is an image, and it could not be loaded.
    flash_cs, flash_clk, flash_copi : Out(1), flash_cipo : In(1)
        See `FlashReader`.
    """

    frames: stream.Interface
    cut: Signal
    host_waits: Signal
    deaf: Signal
    done: Signal
    open: Signal
    reply_ends: Signal
    failed: Signal
    room: Signal
    quiet: Signal
    stop: Signal
    clear: Signal
    cleared: Signal
    state: Signal
    error: Signal
    flash_cs: Signal
    flash_clk: Signal
    flash_copi: Signal
    flash_cipo: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        super().__init__(
            {
                "frames": Out(stream.Signature(8)),
                "cut": Out(1),
                "host_waits": In(1),
                "deaf": Out(1),
                "done": Out(1),
                "open": Out(1),
                "reply_ends": In(1),
                "failed": In(1),
                "room": In(1),
                "quiet": In(1),
                "stop": Out(1),
                "clear": Out(1),
                "cleared": In(1),
                "state": Out(BOOT_STATE_BITS),
                "error": Out(1),
                **FLASH_MEMBERS,
            }
        )
        # One register a phase: the smallest part has more of them to spare than logic.
        self._in = {name: Signal(name=name, init=name == _PHASES[0]) for name in _PHASES}
        self._checked = Signal()  # the first pass is over,
        self._loaded = Signal()  # and the second
        self._running = Signal()  # a frame of the stimulus has been begun
        self._refused = Signal()
        # "start" sets what needs no other reset.
        self._section = Signal(range(_LAST_SECTION + 1), reset_less=True)
        self._boundary = Signal(init=1)  # the last byte was a zero, or there was none
        self._full = Signal()  # a byte of the body is there
        self._take = Signal()  # and goes
        self._ends = Signal()  # it is the zero that ends the section
        self._playing = Signal()  # the section is played in this pass

    def elaborate(self, platform: object) -> Module:
        """Build the reader, the check and the sequence."""
        m = Module()
        m.submodules.reader = reader = FlashReader(self._config)
        m.submodules.check = check = ImageCheck(self._config)
        self._read(m, reader, check)
        self._offer(m)
        self._sequence(m, reader, check)
        self._show(m, check)
        return m

    def _read(self, m: Module, reader: FlashReader, check: ImageCheck) -> None:
        """Build the register of bytes; let reader and check do what the phase asks for."""
        phase = self._in
        byte = Signal(8, reset_less=True)
        passing = phase["command"] | phase["header"] | phase["body"]
        m.d.comb += [
            self.frames.payload.eq(byte),
            self.flash_cs.eq(reader.cs),
            self.flash_clk.eq(reader.sck),
            self.flash_copi.eq(reader.copi),
            reader.cipo.eq(self.flash_cipo),
            reader.wake.eq(phase["wake"]),
            reader.select.eq(phase["wake"] | passing),
            reader.run.eq((phase["wake"] | phase["rest"] | passing) & ~self._full),
            reader.restart.eq(self._full & (byte == 0)),
            check.count.eq(reader.count),
            check.data.eq(reader.data),
            check.header.eq(phase["header"]),
            check.sum.eq(self._section[1:].any()),
            check.valid.eq(reader.valid & ~self._checked & (phase["header"] | phase["body"])),
        ]
        with m.If(reader.valid):
            m.d.sync += byte.eq((byte << 1) | reader.data)
        with m.If(reader.valid & (reader.count[:3] == 0) & phase["body"]):
            m.d.sync += self._full.eq(1)

    def _offer(self, m: Module) -> None:
        """Hand a byte to the link, or pass over it."""
        zero = self.frames.payload == 0
        sent = self._playing & ~self._ends
        may_go = ~self._boundary | (~self.open & self.room)
        m.d.comb += [
            # Setup in the pass after the check, stimulus in those that follow.
            self._playing.eq(self._checked & (self._section[0] != self._loaded)),
            self._ends.eq(self._boundary & zero),
            self._take.eq(self._full & self._in["body"] & (~sent | (may_go & self.frames.ready))),
            self.cut.eq(self._in["cut"]),
            self.frames.valid.eq(
                (self._full & self._in["body"] & sent & may_go)
                | (self._in["cut"] & ~self._boundary)
            ),
        ]
        with m.If(self.reply_ends):
            m.d.sync += self.open.eq(0)
        with m.If(self._take):
            m.d.sync += [
                self._full.eq(0),
                self._boundary.eq(zero),
                self._section.eq(self._section + (self._section[1:].any() | self._ends)),
                self._running.eq(self._running | (self._loaded & sent)),
            ]
            with m.If(sent):
                m.d.sync += self.open.eq(1)
        with m.If(self._in["start"]):
            m.d.sync += [self._section.eq(0), self._boundary.eq(1)]

    def _sequence(self, m: Module, reader: FlashReader, check: ImageCheck) -> None:
        """Lead from phase to phase."""
        phase = self._in
        endless = phase["body"] & reader.count[COUNT_BITS - 1]
        failed = self.failed | (endless & self._checked)
        interrupt = Signal()
        go_on = ~interrupt
        m.d.comb += interrupt.eq(failed | (self.host_waits & self._running))
        checks = self._take & (self._section == _LAST_SECTION)
        wrong = check.damaged | check.other
        plays = self._take & self._playing & self._ends
        rests_again = self._loaded & ~self._running  # there is no stimulus
        rest = self.quiet & ~self.open
        over = self._boundary | self.frames.ready
        m.d.comb += check.endless.eq(endless & ~self._checked)
        with m.If(checks):
            m.d.sync += self._checked.eq(1)
        with m.If(plays):
            m.d.sync += self._loaded.eq(1)
        with m.If(failed & Cat(phase[name] for name in _PASS).any()):
            m.d.sync += self._refused.eq(1)
        self._move(
            m,
            ("wake", reader.valid & reader.count[3], "rest"),
            ("rest", reader.valid & reader.count[wake_bit(self._config)], "start"),
            ("start", rest & go_on, "command"),
            ("command", reader.valid & reader.count[6] & go_on, "header"),
            ("header", reader.valid & reader.count[7] & go_on, "body"),
            ("header", check.absent, "done"),
            ("body", ((checks & ~wrong) | (plays & ~rests_again)) & go_on, "start"),
            ("body", (checks & wrong) | (plays & rests_again) | check.endless, "done"),
            *((name, interrupt, "cut") for name in _PASS),
            ("cut", over & self._refused, "stop"),
            ("cut", over & ~self._refused, "done"),
            ("stop", rest, "clear"),
            ("clear", self.cleared, "done"),
        )

    def _move(self, m: Module, *moves: tuple[str, Value, str]) -> None:
        """Build the registers of the phases from what leads from where to where.

        No two moves from one phase may be due in the same cycle.
        """
        for name, here in self._in.items():
            leaves = Cat(condition for start, condition, _ in moves if start == name).any()
            comes = Cat(
                self._in[start] & condition for start, condition, end in moves if end == name
            ).any()
            m.d.sync += here.eq((here & ~leaves) | comes)

    def _show(self, m: Module, check: ImageCheck) -> None:
        """Tell link, array and status what goes on."""
        done, running, refused = self._in["done"], self._running, self._refused
        other = check.other & self._section[2]  # known for certain behind the CRC
        bits = {
            BootState.LOADING: ~done & ~refused & ~check.damaged,
            BootState.LOADED: done & self._loaded,
            BootState.RUNNING: running & ~refused,
            BootState.BAD_CRC: check.damaged,
            BootState.OTHER_ARRAY: other & ~check.damaged,
            BootState.REFUSED: refused,
            BootState.TAKEN_OVER: running & ~refused & (done | self._in["cut"]),
        }
        m.d.comb += [
            self.done.eq(done),
            self.deaf.eq(~done & (~running | refused)),
            self.stop.eq(self._in["stop"]),
            self.clear.eq(self._in["clear"]),
            self.error.eq(refused | check.damaged | other),
            # Where several apply, their values add up to the one that counts.
            *(
                self.state[k].eq(Cat(on for state, on in bits.items() if state >> k & 1).any())
                for k in range(BOOT_STATE_BITS)
            ),
        ]
