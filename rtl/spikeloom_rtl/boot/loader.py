"""The boot loader: what happens to an image, from power-up to the first byte of a host."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.boot import BOOT_STATE_BITS, BootState

from .flash_reader import COUNT_BITS, FlashReader, wake_bit
from .image_check import ImageCheck

__all__ = ["Loader"]

_LAST_SECTION = 5
"""The sections are stimulus, setup, and the four bytes of the CRC."""


class Loader(wiring.Component):
    """Checks the image in the flash, plays its setup, then its stimulus again and again.

    Takes at least 16 cycles a byte: 2 a bit and one more a byte, more where SCK is slower than
    half the clock, plus what the link takes for each frame. Every pass reads the image from its
    beginning; between two passes the link and the array must rest.

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
                "state": Out(BOOT_STATE_BITS, init=BootState.LOADING),
                "flash_cs": Out(1),
                "flash_clk": Out(1),
                "flash_copi": Out(1),
                "flash_cipo": In(1),
            }
        )
        self._checked = Signal()  # the first pass is over,
        self._loaded = Signal()  # and the second
        self._section = Signal(range(_LAST_SECTION + 1))
        self._boundary = Signal(init=1)  # the last byte was a zero, or there was none
        self._full = Signal()  # a byte of the body is there
        self._take = Signal()  # and goes

    def elaborate(self, platform: object) -> Module:
        """Build the reader, the check and the sequence."""
        m = Module()
        m.submodules.reader = reader = FlashReader(self._config)
        m.submodules.check = check = ImageCheck(self._config)
        m.d.comb += [
            self.flash_cs.eq(reader.cs),
            self.flash_clk.eq(reader.clk),
            self.flash_copi.eq(reader.copi),
            reader.cipo.eq(self.flash_cipo),
            check.count.eq(reader.count),
            check.bit.eq(reader.bit),
            check.sum.eq(self._section[1:].any()),
            self.deaf.eq(~self.done & ~(self.state[0] & self.state[1])),
        ]
        # RUNNING and TAKEN_OVER are the states in which no byte of the host is lost.
        assert [s for s in BootState if s & 3 == 3] == [BootState.RUNNING, BootState.TAKEN_OVER]
        playing = self._bytes(m, reader)
        with m.FSM():
            self._wake_states(m, reader)
            self._read_states(m, reader, check, playing)
            self._end_states(m)
        return m

    def _bytes(self, m: Module, reader: FlashReader) -> Signal:
        """Build the register of bytes; return whether its section is played in this pass."""
        byte = self.frames.payload
        playing = Signal()
        # Setup in the pass after the check, stimulus in those that follow.
        m.d.comb += playing.eq(self._checked & (self._section[0] != self._loaded))
        with m.If(reader.valid):
            m.d.sync += byte.eq((byte << 1) | reader.bit)
        with m.If(self.reply_ends):
            m.d.sync += self.open.eq(0)
        return playing

    def _offer(self, m: Module, playing: Signal) -> None:
        """Hand a byte to the link, or pass over it."""
        zero = self.frames.payload == 0
        empty = self._boundary & zero
        sent = playing & ~empty
        begins = ~self.open & self.room
        with m.If(self._full):
            m.d.comb += [
                self.frames.valid.eq(sent & (~self._boundary | begins)),
                self._take.eq(~sent | (self.frames.valid & self.frames.ready)),
            ]
        with m.If(self._take):
            m.d.sync += [self._full.eq(0), self._boundary.eq(zero)]
            with m.If(self._section[1:].any() | empty):
                m.d.sync += self._section.eq(self._section + 1)
            with m.If(sent):
                m.d.sync += self.open.eq(1)

    def _wake_states(self, m: Module, reader: FlashReader) -> None:
        """Wake the flash up, and give it time."""
        with m.State("WAKE"):
            m.d.comb += [reader.run.eq(1), reader.select.eq(1), reader.wake.eq(1)]
            with m.If(reader.valid & reader.count[3]):
                m.next = "REST"
        with m.State("REST"):
            m.d.comb += reader.run.eq(1)
            with m.If(reader.valid & reader.count[wake_bit(self._config)]):
                m.next = "START"

    def _read_states(
        self, m: Module, reader: FlashReader, check: ImageCheck, playing: Signal
    ) -> None:
        """Read the image: command, header, body."""
        with m.State("START"):
            m.d.sync += [self._section.eq(0), self._boundary.eq(1)]
            with m.If(self.quiet & ~self.open):
                m.next = "COMMAND"
            self._interrupt(m)
        with m.State("COMMAND"):
            m.d.comb += [reader.run.eq(1), reader.select.eq(1)]
            with m.If(reader.valid & reader.count[6]):
                m.next = "HEADER"
            self._interrupt(m)
        with m.State("HEADER"):
            m.d.comb += [
                reader.run.eq(1),
                reader.select.eq(1),
                check.header.eq(~self._checked),
                check.valid.eq(~self._checked & reader.valid),
            ]
            with m.If(reader.valid & reader.count[7]):
                m.next = "BODY"
            with m.If(check.absent):
                self._finish(m, BootState.ABSENT)
            self._interrupt(m)
        with m.State("BODY"):
            m.d.comb += [
                reader.run.eq(~self._full),
                reader.select.eq(1),
                check.valid.eq(~self._checked & reader.valid),
            ]
            with m.If(reader.valid & (reader.count[:3] == 0)):
                m.d.sync += self._full.eq(1)
            self._offer(m, playing)
            with m.If(self._take):
                self._advance(m, check, playing)
            with m.If(reader.count[COUNT_BITS - 1]):
                self._give_up(m)
            self._interrupt(m)

    def _advance(self, m: Module, check: ImageCheck, playing: Signal) -> None:
        """Look whether the pass has ended with the byte that is taken."""
        with m.If(self._section == _LAST_SECTION):
            m.d.sync += self._checked.eq(1)
            m.next = "START"
            with m.If(check.damaged):
                self._finish(m, BootState.BAD_CRC)
            with m.Elif(check.other):
                self._finish(m, BootState.OTHER_ARRAY)
        with m.If(playing & self._boundary):
            with m.If(self.frames.payload == 0):
                m.d.sync += self._loaded.eq(1)
                m.next = "START"
                with m.If(self._loaded & (self.state == BootState.LOADING)):
                    self._finish(m, BootState.LOADED)
            with m.Elif(self._loaded):
                m.d.sync += self.state.eq(BootState.RUNNING)

    def _give_up(self, m: Module) -> None:
        """End an image that does not end."""
        with m.If(self._checked):
            self._refuse(m)
        with m.Else():
            self._finish(m, BootState.BAD_CRC)

    def _interrupt(self, m: Module) -> None:
        """Leave a pass for a host, or because the link refuses a frame."""
        with m.If(self.failed):
            self._refuse(m)
        with m.Elif(self.host_waits & (self.state == BootState.RUNNING)):
            m.d.sync += self.state.eq(BootState.TAKEN_OVER)
            m.next = "CUT"

    def _refuse(self, m: Module) -> None:
        m.d.sync += self.state.eq(BootState.REFUSED)
        m.next = "CUT"

    def _finish(self, m: Module, state: BootState) -> None:
        m.d.sync += self.state.eq(state)
        m.next = "DONE"

    def _end_states(self, m: Module) -> None:
        """End the frame under way; clear what a refused image has left."""
        with m.State("CUT"):
            m.d.comb += [self.cut.eq(1), self.frames.valid.eq(~self._boundary)]
            with m.If(self._boundary | self.frames.ready):
                m.next = "DONE"
                with m.If(self.state == BootState.REFUSED):
                    m.next = "STOP"
        with m.State("STOP"):
            m.d.comb += self.stop.eq(1)
            with m.If(self.quiet & ~self.open):
                m.next = "CLEAR"
        with m.State("CLEAR"):
            m.d.comb += self.clear.eq(1)
            with m.If(self.cleared):
                m.next = "DONE"
        with m.State("DONE"):
            m.d.comb += self.done.eq(1)
