"""cocotb bench of the UART: `rtl_x(case) == ref_x(case)` with waveforms as cases and results."""

import math
from fractions import Fraction

import cocotb
from bench_link_support import Source, Ticker, seeded

from spikeloom.contract.frames import BAUD_PHASE_BITS

ONE = 1 << BAUD_PHASE_BITS
CLOCKS_A_BIT = [4, Fraction(9, 2), 5, Fraction(25, 3), 12, Fraction(625, 24), 27]


def increment_of(clocks):
    return round(ONE / Fraction(clocks))


def line_levels(sent, clocks, shift):
    """The line of a sender, once a cycle: (byte, stop bit is there, gap in bits) after another."""
    edges, time = [(Fraction(0), 1)], Fraction(3) + shift
    for byte, stop, gap in sent:
        for bit in [0, *(byte >> k & 1 for k in range(8)), int(stop)]:
            edges.append((time, bit))
            time += clocks
        edges.append((time, 1))
        time += clocks * (gap if stop else gap + 1)
    levels = []
    for cycle in range(math.ceil(time + 4 * clocks)):
        while len(edges) > 1 and edges[1][0] <= cycle:
            edges.pop(0)
        levels.append(edges[0][1])
    return levels


class Receiver:
    """Plays a waveform into `rx`; takes bytes when it is told to."""

    def __init__(self, dut):
        self.dut, self.levels, self.take = dut, [], True
        self.bytes, self.errors = [], 0

    def drive(self):
        self.dut.rx__rx.value = self.levels.pop(0) if self.levels else 1
        self.dut.rx__o__ready.value = self.take

    def look(self):
        if self.take and self.dut.rx__o__valid.value == 1:
            self.bytes.append(int(self.dut.rx__o__payload.value))
        self.errors += int(self.dut.rx__line_error.value)


class Transmitter:
    """Records `tx` and `idle`."""

    def __init__(self, dut):
        self.dut, self.levels, self.idle = dut, [], []

    def drive(self):
        pass

    def look(self):
        self.levels.append(int(self.dut.tx__tx.value))
        self.idle.append(int(self.dut.tx__idle.value))


async def bring_up(ticker, clocks, *agents):
    dut = ticker.dut
    dut.rx__rx.value = 1
    dut.rx__increment.value = increment_of(clocks)
    dut.tx__increment.value = increment_of(clocks)
    dut.tx__i__valid.value = 0
    await ticker.reset(*agents)


async def rtl_receive(ticker, sent, clocks, error, shift):
    receiver = Receiver(ticker.dut)
    await bring_up(ticker, clocks, receiver)
    receiver.levels = line_levels(sent, Fraction(clocks) * error, shift)
    await ticker.until(lambda: not receiver.levels, "the end of the waveform")
    return receiver.bytes, receiver.errors


def ref_receive(sent):
    return [byte for byte, stop, _ in sent if stop], sum(not stop for _, stop, _ in sent)


@cocotb.test()
async def every_rate_and_phase_is_received(dut):
    rng, ticker = seeded(dut, "receive"), Ticker(dut)
    for clocks in CLOCKS_A_BIT:
        for error in [Fraction(1), Fraction(101, 100), Fraction(99, 100)]:
            gaps = rng.choice([[0], [0, 1], [0, Fraction(rng.randrange(100), 33)]])
            sent = [(rng.randrange(256), True, rng.choice(gaps)) for _ in range(25)]
            shift = Fraction(rng.randrange(100), 100)
            assert await rtl_receive(ticker, sent, clocks, error, shift) == ref_receive(sent)


@cocotb.test()
async def a_missing_stop_bit_costs_one_byte(dut):
    rng, ticker = seeded(dut, "stop"), Ticker(dut)
    for clocks in CLOCKS_A_BIT:
        sent = [(rng.randrange(256), rng.random() < 0.6, 2) for _ in range(25)]
        assert await rtl_receive(ticker, sent, clocks, Fraction(1), 0) == ref_receive(sent)


@cocotb.test()
async def a_glitch_is_no_byte(dut):
    receiver, ticker = Receiver(dut), Ticker(dut)
    await bring_up(ticker, 27, receiver)
    receiver.levels = [1] * 9 + [0] * 12 + [1] * 300 + line_levels([(0x5A, True, 0)], 27, 0)
    await ticker.until(lambda: not receiver.levels, "the end of the waveform")
    assert (receiver.bytes, receiver.errors) == ([0x5A], 0)


@cocotb.test()
async def bytes_that_nobody_takes_are_counted(dut):
    receiver, ticker = Receiver(dut), Ticker(dut)
    await bring_up(ticker, 4, receiver)
    receiver.take = False
    receiver.levels = line_levels([(byte, True, 0) for byte in (1, 2, 3)], Fraction(4), 0)
    await ticker.until(lambda: not receiver.levels, "the end of the waveform")
    receiver.take = True
    await ticker.tick(2)
    assert (receiver.bytes, receiver.errors) == ([1], 2)


def ref_transmit(sent, increment):
    """The line from the first start bit on: bit k ends once k + 1 whole bits have passed."""
    bits = [bit for byte in sent for bit in [0, *(byte >> k & 1 for k in range(8)), 1]]
    ends = [-(-(k + 1) * ONE // increment) for k in range(len(bits))]
    return [
        bit
        for bit, begin, end in zip(bits, [0, *ends], ends, strict=False)
        for _ in range(end - begin)
    ]


@cocotb.test()
async def bytes_leave_without_a_gap_at_the_exact_rate(dut):
    rng, ticker = seeded(dut, "transmit"), Ticker(dut)
    for clocks in CLOCKS_A_BIT:
        sent = [rng.randrange(256) for _ in range(20)]
        source, transmitter = Source(dut, "tx__i", rng), Transmitter(dut)
        await bring_up(ticker, clocks, source, transmitter)
        source.items = list(sent)
        await ticker.until(lambda s=source: s.idle(), "taking the last byte")
        await ticker.tick()
        await ticker.until(lambda t=transmitter: t.idle[-1], "the end of the last stop bit")
        begin = transmitter.levels.index(0)
        assert transmitter.idle[begin:].index(1) + begin == len(transmitter.idle) - 1
        assert transmitter.levels[begin:-1] == ref_transmit(sent, increment_of(clocks))


@cocotb.test()
async def a_byte_after_a_rest_begins_with_a_whole_start_bit(dut):
    rng, ticker = seeded(dut, "rest"), Ticker(dut)
    for clocks in CLOCKS_A_BIT:
        source, transmitter = Source(dut, "tx__i", rng), Transmitter(dut)
        await bring_up(ticker, clocks, source, transmitter)
        for _ in range(5):
            transmitter.levels, transmitter.idle = [], []
            source.items = [byte := rng.randrange(256)]
            await ticker.until(lambda s=source: s.idle(), "taking the byte")
            await ticker.tick()
            await ticker.until(lambda t=transmitter: t.idle[-1], "the end of the stop bit")
            begin = transmitter.levels.index(0)
            assert transmitter.levels[begin:-1] == ref_transmit([byte], increment_of(clocks))
            await ticker.tick(rng.randrange(7))
