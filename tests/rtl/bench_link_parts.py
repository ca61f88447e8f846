"""What the benches of the link are built from, and the numbers that both sides use."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from spikeloom.contract import CONFIGS
from spikeloom_rtl.link.checksum import Checksum
from spikeloom_rtl.link.frame_receiver import FrameReceiver
from spikeloom_rtl.link.frame_sender import FrameSender
from spikeloom_rtl.link.input_ring import InputRing
from spikeloom_rtl.link.output_ring import OutputRing
from spikeloom_rtl.link.payload_reader import PayloadReader
from spikeloom_rtl.link.reply_writer import ReplyWriter
from spikeloom_rtl.link.uart_rx import UartRx
from spikeloom_rtl.link.uart_tx import UartTx

CONFIG = CONFIGS["tiny"]
TRIAL_CYC = 3_000
RING_WORDS = 64
WORD_BITS = 64


class Bundle(wiring.Component):
    """Components side by side, not joined: one build serves the benches of all of them."""

    def __init__(self, **parts):
        self.parts = parts
        super().__init__({name: Out(part.signature) for name, part in parts.items()})

    def elaborate(self, platform):
        m = Module()
        for name, part in self.parts.items():
            m.submodules[name] = part
            wiring.connect(m, wiring.flipped(getattr(self, name)), part)
        return m


def uart_parts():
    return Bundle(rx=UartRx(), tx=UartTx())


def frame_parts(*, registered):
    return FrameParts(registered)


def ring_parts():
    return Bundle(input=InputRing(RING_WORDS), output=OutputRing(RING_WORDS))


class FrameParts(wiring.Component):
    """Receiver with payload reader, and reply writer with sender."""

    def __init__(self, registered):
        self.receiver = FrameReceiver(registered=registered)
        self.reader = PayloadReader(WORD_BITS)
        self.writer = ReplyWriter(WORD_BITS)
        self.sender = FrameSender()
        members = {
            name: part.signature.members[member]
            for name, part, member in (
                ("rx", self.receiver, "i"),
                ("rx_nonce", self.receiver, "nonce"),
                ("frame", self.receiver, "frame"),
                ("length", self.reader, "length"),
                ("payload", self.reader, "words"),
                ("reply", self.writer, "i"),
                ("tx_nonce", self.sender, "nonce"),
                ("tx", self.sender, "o"),
            )
        }
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = self.receiver
        m.submodules.reader = reader = self.reader
        m.submodules.writer = writer = self.writer
        m.submodules.sender = sender = self.sender
        wiring.connect(m, reader.payload, receiver.payload)
        wiring.connect(m, writer.o, sender.i)
        m.submodules.checksum = checksum = Checksum()
        wiring.connect(m, receiver.sum, checksum.users[0])
        wiring.connect(m, sender.sum, checksum.users[1])
        wiring.connect(m, wiring.flipped(self.rx), receiver.i)
        wiring.connect(m, receiver.frame, wiring.flipped(self.frame))
        wiring.connect(m, wiring.flipped(self.payload), reader.words)
        wiring.connect(m, wiring.flipped(self.reply), writer.i)
        wiring.connect(m, sender.o, wiring.flipped(self.tx))
        m.d.comb += [
            receiver.nonce.eq(self.rx_nonce),
            receiver.sum_free.eq(1),  # the benches receive or send
            reader.length.eq(self.length),
            sender.nonce.eq(self.tx_nonce),
        ]
        return m
