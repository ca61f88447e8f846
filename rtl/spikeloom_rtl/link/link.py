"""The link: a stream of bytes on one side, the array on the other."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.frames import BAUD_PHASE_BITS, RX_BUFFER_BYTES, baud_increment

from ..block_queue import BlockQueue
from ..ports import ArrayPort
from .baud_control import BaudControl, fallback_cyc
from .checksum import Checksum
from .control import Control
from .echo import Echo
from .executor import Executor
from .frame_receiver import FrameReceiver
from .frame_sender import FrameSender
from .input_ring import InputRing
from .memory_access import MemoryAccess
from .output_ring import OutputRing
from .payload_reader import PayloadReader
from .reply_writer import ReplyWriter
from .reset_control import ResetControl
from .ring_access import RingAccess
from .signatures import word_bits

__all__ = ["Link"]

_WORD_CYC = 3
"""Cycles after which a word that left the input ring shows in the array's `busy`."""


class Link(wiring.Component):
    """Answers frames: everything of `docs/link.md` but the UART.

    Takes one byte a cycle, except while a frame is checked and executed: a frame of n bytes costs
    n cycles to receive and n to check, about its payload in cycles to execute, and its reply's
    bytes to send. What comes
    meanwhile waits in a buffer of `RX_BUFFER_BYTES`. After power-up nothing is answered before
    the array has been cleared.

    Parameters
    ----------
    config : ArrayConfig
        The array.
    trial_cyc : int, optional
        Cycles that a new rate may go without a good frame; default `FALLBACK_MS`.

    Members
    -------
    rx : In(stream.Signature(8))
        Received bytes.
    line_error : In(1)
        One cycle high for each byte lost or damaged; it is counted.
    tx : Out(stream.Signature(8))
        Bytes to send.
    tx_idle : In(1)
        All bytes taken from `tx` have left. Low from the cycle after one was taken.
    increment : Out(24)
        Phase increment of the UART.
    array : Out(ArrayPort)
    quiet : Out(1)
        Nothing will change in here, or be sent, before the next byte: no complete frame and no
        word waits, the array is idle, and no new rate is on trial.
    """

    rx: stream.Interface
    line_error: Signal
    tx: stream.Interface
    tx_idle: Signal
    increment: Signal
    array: wiring.PureInterface
    quiet: Signal

    def __init__(self, config: ArrayConfig, trial_cyc: int | None = None) -> None:
        self._config = config
        self._trial_cyc = fallback_cyc(config) if trial_cyc is None else trial_cyc
        self._sum_free = Signal()
        first = baud_increment(config.baud_rates[0], config.clock_hz)
        super().__init__(
            {
                "rx": In(stream.Signature(8)),
                "line_error": In(1),
                "tx": Out(stream.Signature(8)),
                "tx_idle": In(1),
                "increment": Out(BAUD_PHASE_BITS, init=first),
                "array": Out(ArrayPort(config)),
                "quiet": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Join the parts."""
        m = Module()
        bits = word_bits(self._config)
        m.submodules.executor = executor = Executor(bits)
        m.submodules.reset_control = reset = ResetControl()
        m.submodules.baud_control = baud = BaudControl(self._config, self._trial_cyc)
        m.submodules.control = control = Control(bits)
        m.submodules.echo = echo = Echo(bits)
        wiring.connect(m, executor.control, control.unit)
        wiring.connect(m, executor.echo, echo.unit)
        m.submodules.checksum = checksum = Checksum()
        receiving = self._receive(m, executor, checksum, bits)
        sending = self._reply(m, executor, checksum, bits)
        busy = self._rings(m, executor, reset, bits)
        m.submodules.memory_access = memory = MemoryAccess(self._config)
        wiring.connect(m, executor.memory, memory.unit)
        wiring.connect(m, memory.bus, wiring.flipped(self.array.bus))
        wiring.connect(m, reset.reset, wiring.flipped(self.array.reset))
        array = self.array
        m.d.comb += [
            memory.busy.eq(busy),
            # A SYNC is a STOP, and STOP is 0.
            reset.start.eq(executor.stop | control.reset),
            reset.kind.eq(control.kind & control.reset.replicate(len(reset.kind))),
            control.ready.eq(reset.ready),
            executor.reset_ready.eq(reset.ready),
            reset.busy.eq(array.busy),
            array.stop.eq(reset.stop),
            baud.change.eq(executor.baud_change),
            baud.to.eq(executor.baud_to),
            baud.good_frame.eq(executor.good_frame),
            executor.fell_back.eq(baud.fell_back),
            self.increment.eq(baud.increment),
            array.session_end.eq(executor.session_end),
            array.count_line_error.eq(self.line_error),
            array.count_bad_frame.eq(executor.count_bad_frame),
            array.count_out_of_order.eq(executor.count_out_of_order),
            array.count_repeated.eq(executor.count_repeated),
            array.count_refused.eq(executor.count_refused),
            self.quiet.eq(
                ~receiving & ~sending & ~busy & executor.idle & reset.ready & ~baud.on_trial
            ),
        ]
        return m

    def _receive(self, m: Module, executor: Executor, checksum: Checksum, bits: int) -> Signal:
        """Build the way from the line to the executor; return whether a byte or frame waits."""
        m.submodules.rx_buffer = buffer = BlockQueue(
            width=8, depth=RX_BUFFER_BYTES, registered=self._config.memories_registered
        )
        m.submodules.receiver = receiver = FrameReceiver(
            registered=self._config.memories_registered
        )
        m.submodules.payload_reader = reader = PayloadReader(bits)
        wiring.connect(m, receiver.frame, executor.frame)
        wiring.connect(m, executor.payload, reader.words)
        wiring.connect(m, reader.payload, receiver.payload)
        wiring.connect(m, receiver.sum, checksum.users[0])
        m.d.comb += receiver.sum_free.eq(self._sum_free)
        wiring.connect(m, wiring.flipped(self.rx), buffer.i)
        wiring.connect(m, buffer.o, receiver.i)
        waits = Signal()
        m.d.comb += [
            receiver.nonce.eq(executor.nonce),
            reader.length.eq(receiver.frame.payload.length),
            waits.eq(~buffer.empty | ~receiver.idle),
        ]
        return waits

    def _reply(self, m: Module, executor: Executor, checksum: Checksum, bits: int) -> Signal:
        """Build the way from the executor to the line; return whether a byte is on it."""
        m.submodules.reply_writer = writer = ReplyWriter(bits)
        m.submodules.sender = sender = FrameSender()
        wiring.connect(m, executor.reply, writer.i)
        wiring.connect(m, writer.o, sender.i)
        wiring.connect(m, sender.sum, checksum.users[1])
        wiring.connect(m, sender.o, wiring.flipped(self.tx))
        waits = Signal()
        m.d.comb += [
            sender.nonce.eq(executor.reply_nonce),
            # A frame is given up when the last word of its reply is in the writer.
            self._sum_free.eq(writer.idle & ~sender.summing),
            executor.reply_idle.eq(writer.idle & sender.idle),
            executor.all_sent.eq(executor.reply_idle & self.tx_idle),
            waits.eq(~executor.all_sent),
        ]
        return waits

    def _rings(self, m: Module, executor: Executor, reset: ResetControl, bits: int) -> Signal:
        """Build both rings; return whether the array is busy or has words to read."""
        array = self.array
        m.submodules.ring_access = access = RingAccess(bits, self._config.output_words)
        m.submodules.input_ring = input_ring = InputRing(
            self._config.input_words, registered=self._config.memories_registered
        )
        m.submodules.output_ring = output_ring = OutputRing(self._config.output_words)
        wiring.connect(m, executor.rings, access.unit)
        wiring.connect(m, access.push, input_ring.i)
        wiring.connect(m, input_ring.o, wiring.flipped(array.events))
        wiring.connect(m, wiring.flipped(array.spikes), output_ring.i)
        busy = Signal()
        recent = Signal(_WORD_CYC)  # words that the array has just taken
        m.d.sync += recent.eq(Cat(input_ring.o.valid & input_ring.o.ready, recent))
        m.d.comb += [
            busy.eq(array.busy | ~input_ring.empty | recent.any()),
            access.busy.eq(busy),
            access.waiting.eq(array.waiting),
            access.push_free.eq(input_ring.free),
            array.input_free.eq(input_ring.free),
            array.output_free.eq(output_ring.free),
            input_ring.clear.eq(reset.clear),
            output_ring.clear.eq(reset.clear),
            access.released.eq(output_ring.released),
            access.written.eq(output_ring.written),
            output_ring.release.eq(access.release),
            output_ring.release_to.eq(access.release_to),
            output_ring.address.eq(access.address),
            output_ring.enable.eq(access.enable),
            access.data.eq(output_ring.data),
        ]
        return busy
