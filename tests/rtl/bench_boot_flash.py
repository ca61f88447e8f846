"""cocotb bench of the flash reader, with a flash that knows how long things take.

It drives a bit only `OUT_NS` after SCK has fallen, and its opposite until then; it checks that
what it is told holds still around the rising edge, and that no time is shorter than is allowed.
"""

import os

import cocotb
from bench_link_support import Pin, Ticker, seeded

from spikeloom.contract.boot import FLASH_DESELECT_NS, FLASH_READ, FLASH_SCK_HZ, FLASH_WAKE
from spikeloom.contract.boot import FLASH_WAKE_US as WAKE_US
from spikeloom_rtl.boot.flash_reader import COUNT_BITS, FIRST_COUNT

OUT_NS = 18.0
BYTES = 40


class Flash:
    """The far end of the pins, a cycle at a time; `clock_hz` says how long a cycle is."""

    def __init__(self, dut, contents, clock_hz):
        self.dut, self.contents, self.cycle_ns = dut, contents, 1e9 / clock_hz
        self.pin = Pin(dut.cipo)
        self.now_ns = 0.0
        self.select = self.clock = self.told = 0
        self.edge_ns = self.deselect_ns = -1e9
        self.frames, self.bits = [], []  # commands with their bits; those of the one at hand
        self.rest_ns = []
        self.next = 1
        self.next_ns = 0.0

    def drive(self):
        """What the pins show now is what the reader's registers took at the last edge."""
        self.now_ns += self.cycle_ns
        select, clock, told = (int(pin.value) for pin in (self.dut.cs, self.dut.sck, self.dut.copi))
        if select != self.select:
            self.turn(select, clock)
        elif select and clock != self.clock:
            self.check_half_period()
            if clock:
                assert told == self.told, "COPI must hold still before SCK rises"
                self.bits.append(told)
            else:
                self.give()
        elif select and clock and self.now_ns == self.edge_ns:
            assert told == self.told
        self.select, self.clock, self.told = select, clock, told
        # What counts is the end of this cycle; what is there too early is as wrong as can be.
        in_time = self.now_ns + self.cycle_ns >= self.next_ns
        self.pin.set(self.next if in_time else 1 - self.next)

    def turn(self, select, clock):
        assert not clock, "CS must change while SCK is low"
        if select:
            self.rest_ns.append(self.now_ns - self.deselect_ns)
            assert self.rest_ns[-1] >= FLASH_DESELECT_NS
            self.bits = []
            self.frames.append(self.bits)
        self.deselect_ns = self.edge_ns = self.now_ns

    def check_half_period(self):
        assert self.now_ns - self.edge_ns >= 0.5e9 / FLASH_SCK_HZ - 1e-6
        self.edge_ns = self.now_ns

    def give(self):
        place = len(self.bits) - 32
        if place >= 0:
            byte = self.contents[place // 8 % len(self.contents)]
            self.next, self.next_ns = byte >> (7 - place % 8) & 1, self.now_ns + OUT_NS

    def look(self):
        pass


class Reader:
    """Tells the reader what to do, and takes its bits."""

    def __init__(self, dut, rng):
        self.dut, self.rng = dut, rng
        self.pins = {name: Pin(getattr(dut, name)) for name in ("run", "select", "wake", "restart")}
        self.told = dict.fromkeys(self.pins, 0)
        self.stalls = 0.0
        self.data = []
        self.count = self.valid = 0

    def drive(self):
        stalled = self.told["run"] and self.rng.random() < self.stalls
        for name, pin in self.pins.items():
            pin.set(0 if name == "run" and stalled else self.told[name])

    def look(self):
        self.count, self.valid = int(self.dut.count.value), int(self.dut.valid.value)
        if self.valid and self.told["select"]:
            self.data.append(int(self.dut.data.value))

    def tell(self, **values):
        self.told |= values


def bits_of(data):
    return [byte >> (7 - k) & 1 for byte in data for k in range(8)]


@cocotb.test()
async def wakes_and_reads(dut):
    clock_hz, offset = int(os.environ["BENCH_CLOCK_HZ"]), int(os.environ["BENCH_OFFSET"])
    rng = seeded(dut, "flash")
    contents = bytes(rng.randrange(256) for _ in range(BYTES))
    flash, reader = Flash(dut, contents, clock_hz), Reader(dut, rng)
    ticker = Ticker(dut, flash, reader)
    await ticker.reset()

    reader.tell(run=1, select=1, wake=1)
    await ticker.until(lambda: reader.valid and reader.count == FIRST_COUNT + 8, "the command")
    reader.tell(run=1, select=0, wake=0)
    start_ns = flash.now_ns
    await ticker.until(lambda: reader.valid and flash.now_ns > start_ns + WAKE_US * 1e3, "rest")
    assert flash.frames == [bits_of([FLASH_WAKE])]

    for stalls in (0.0, 0.3, 0.9):
        reader.tell(run=0, select=0)
        await ticker.tick(3)
        reader.data, reader.stalls = [], stalls
        reader.tell(run=1, select=1)
        # One more: that of the period before the flash is selected.
        await ticker.until(lambda: len(reader.data) == 1 + 32 + 8 * BYTES, "the bytes")
        assert reader.count == FIRST_COUNT + 32 + 8 * BYTES
        assert reader.data[33:] == bits_of(contents)
        assert flash.frames[-1][:32] == bits_of([FLASH_READ, *offset.to_bytes(3, "big")])

    reader.tell(run=0, restart=1)
    await ticker.tick(2)
    assert reader.count == FIRST_COUNT
    assert FIRST_COUNT + 32 + 64 < 1 << COUNT_BITS
