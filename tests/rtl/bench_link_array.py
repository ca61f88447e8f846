"""An array for the benches of the link: memory, rings and flags, as slow as the bench likes."""

from collections import Counter

from bench_link_support import Pin, Sink, Source

from spikeloom.contract.frames import ResetKind

COUNTERS = ("bad_frame", "line_error", "out_of_order", "repeated", "refused")


class ArrayStub:
    """Answers the bus, takes input words when told to, and stops when the link says so."""

    def __init__(self, dut, rng, rate=1.0):
        self.dut, self.rng, self.rate = dut, rng, rate
        self.pins = {
            name: Pin(getattr(dut, f"array__{name}"))
            for name in ("busy", "waiting", "events__ready", "reset__ready")
        }
        self.counters = {name: getattr(dut, f"array__count_{name}") for name in COUNTERS}
        self.memory, self.resets, self.counts = {}, [], Counter()
        self.requests = Sink(dut, "array__bus__request", rng, rate)
        self.responses = Source(dut, "array__bus__response", rng, rate)
        self.spikes = Source(dut, "array__spikes", rng, rate)
        self.busy = self.waiting = False
        self.to_consume, self.consumed = 0, []
        self.reset_left, self.stop_left = 0, 0
        self.step_cyc = None  # cycles that a step goes on after a stop; None: as it comes
        self.taking = False

    def drive(self):
        self.requests.drive()
        self.responses.drive()
        self.spikes.drive()
        self.pins["busy"].set(self.busy)
        self.pins["waiting"].set(self.waiting)
        self.stopping = bool(self.stop_left)
        self.taking = self.stopping or (self.to_consume > 0 and self.rng.random() < self.rate)
        self.pins["events__ready"].set(self.taking)
        self.reset_done = self.reset_left == 1
        self.pins["reset__ready"].set(self.reset_done)

    def look(self):
        dut = self.dut
        self.requests.look()
        self.responses.look()
        self.spikes.look()
        while self.requests.items:
            self._access(self.requests.items.pop(0))
        if self.taking and dut.array__events__valid.value == 1 and not self.stopping:
            self.consumed.append(int(dut.array__events__payload.value))
            self.to_consume -= 1
        self._stop(dut.array__stop.value == 1)
        self._reset(dut.array__reset__valid.value == 1)
        for name, handle in self.counters.items():
            self.counts[name] += handle.value == 1

    def _access(self, bits):
        write, window, core = bits & 1, bits >> 1 & 63, bits >> 7 & 63
        offset, data = bits >> 13 & 0xFFFFF, bits >> 33
        if write:
            self.memory[window, core, offset] = data
        else:
            self.responses.items.append(self.memory.get((window, core, offset), 0))

    def _stop(self, stop):
        if not stop:
            self.stop_left = 0
        elif self.stop_left == 0:
            self.stop_left = self.step_cyc or self.rng.randrange(1, 30)
        elif self.stop_left > 1:
            self.stop_left -= 1
        else:
            self.busy = self.waiting = False

    def _reset(self, valid):
        if valid and self.reset_done:
            kind = int(self.dut.array__reset__payload.value)
            self.resets.append(kind)
            if kind == ResetKind.ALL:
                self.memory.clear()
            self.reset_left = 0
        elif valid and self.reset_left == 0:
            self.reset_left = self.rng.randrange(2, 40)
        elif valid:
            self.reset_left -= 1


class LineSink(Sink):
    """The sender of the bytes: takes one, and needs some cycles before the line rests."""

    def __init__(self, dut, rng, rate=1.0, tail_cyc=20, pace_cyc=0):
        super().__init__(dut, "tx", rng, rate)
        self.idle = Pin(dut.tx_idle)
        self.tail_cyc, self.pace_cyc = tail_cyc, pace_cyc
        self.left, self.wait = 0, 0

    def drive(self):
        super().drive()
        self.wait = max(0, self.wait - 1)
        if self.wait:
            self.taking = False
            self.ready.set(False)
        self.idle.set(self.left == 0)

    def look(self):
        before = len(self.items)
        super().look()
        self.left = max(0, self.left - 1)
        if len(self.items) > before:
            self.left = self.tail_cyc
            self.wait = self.pace_cyc
