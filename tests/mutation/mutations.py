"""Mutations of the gateware that the suite must notice: each is a defect that someone could write.

`old` must occur exactly once in the file. Several are real defects of existing emulators, the
traps of section 6 of the semantics page.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Mutation:
    """One change of one file of ``spikeloom_rtl``; `boards` can show it (of the array)."""

    name: str
    file: str
    old: str
    new: str
    boards: str = "tiny or odd"


ARRAY = (
    Mutation(
        "threshold reached counts as crossed",
        "array/neuron.py",
        "(potential > limit)",
        "(potential >= limit)",
    ),
    Mutation(
        "refractory neurons fire",
        "array/neuron.py",
        "fire.eq((potential > limit) & (count == 0))",
        "fire.eq(potential > limit)",
    ),
    Mutation(
        "hold mode holds nothing",
        "array/neuron.py",
        "held = self.s2_hold & (self.s2_count != 0)",
        "held = self.s2_hold & 0",
    ),
    Mutation(
        "theta wraps",
        "array/neuron.py",
        "Mux(raised[-1], ceiling, raised)",
        "raised[:-1]",
    ),
    Mutation(
        "decay rounds down",
        "array/arithmetic.py",
        "correction = Mux(product[-1], DECAY_ONE - 1, 0)",
        "correction = 0",
    ),
    Mutation(
        "saturation tested after truncation",
        "array/arithmetic.py",
        "Mux(fits, wide[:bits], Mux(wide[-1], Const(low, bits), Const(high, bits)))",
        "wide[:bits]",
    ),
    Mutation(
        "leak passes zero",
        "array/arithmetic.py",
        "Mux(down[-1], 0, down)",
        "down",
    ),
    Mutation(
        "delay off by one",
        "array/injector.py",
        "+ delays.read_data)",
        "+ delays.read_data + 1)",
    ),
    Mutation(
        "a slot is not cleared",
        "array/scheduler.py",
        "pending.write_data.eq(0)",
        "pending.write_data.eq(pending.read_data)",
    ),
    Mutation(
        "one spike a word",
        "array/scheduler.py",
        "pending.write_data.eq(pending.read_data | (1 << lane))",
        "pending.write_data.eq(1 << lane)",
    ),
    Mutation(
        "axons without a row use row 0",
        "array/row_table.py",
        "queue.w_en.eq(looked_up & entry[bits])",
        "queue.w_en.eq(looked_up)",
    ),
    Mutation(
        "a row is dropped when the queue is full",
        "array/row_table.py",
        "queue.level < _QUEUE - 1",
        "queue.level < _QUEUE + 4",
    ),
    Mutation(
        "one synapse dropped (n takes n-1)",
        "array/synapses.py",
        "self.weights.eq(Cat(word[:bits] for word in old))",
        "self.weights.eq(Cat(word[:bits] for word in [old[-1], *old[:-1]]))",
    ),
    Mutation(
        "writing weights clears plastic flags",
        "array/synapses.py",
        "merged[bits].eq(Mux(flags.select, flags.data[lane], old[lane][bits]))",
        "merged[bits].eq(Mux(flags.select, flags.data[lane], 0))",
    ),
    Mutation(
        "last word of a row is skipped",
        "array/integrator.py",
        "last.eq(word + 1 >= self.words_in_use)",
        "last.eq(word + 2 >= self.words_in_use)",
    ),
    Mutation(
        "accumulators keep the step before",
        "array/integrator.py",
        "sums.write_data.eq(0)",
        "sums.write_data.eq(sums.read_data)",
    ),
    Mutation(
        "current of the neighbour",
        "array/updater.py",
        "neuron.s1_gain.eq(gain_late)",
        "neuron.s1_gain.eq(gain)",
    ),
    Mutation(
        "spike queue overflows",
        "array/updater.py",
        "queue.level + in_flight < _QUEUE",
        "queue.level + in_flight < _QUEUE + 8",
        boards="wide",  # the only one with more neurons than the queue holds
    ),
    Mutation(
        "theta decays in every step",
        "array/control.py",
        "(self.t & mask) == 0",
        "(self.t & 0) == 0",
    ),
    Mutation(
        "neurons not in use are integrated",
        "array/core.py",
        "updater.neurons_in_use.eq(self.neurons_in_use)",
        "updater.neurons_in_use.eq(self._config.neurons_per_core)",
    ),
    Mutation(
        "spikes of the last core take the index of the first",
        "array/spike_bus.py",
        "Const(k * size, 15)",
        "Const((k % (count - 1 or 1)) * size, 15)",
    ),
    Mutation(
        "events on neurons' own axons pass",
        "array/event_reader.py",
        "(axon >= self._config.neurons)",
        "(axon >= 0)",
    ),
    Mutation(
        "steps without a number",
        "array/output_writer.py",
        "steps.eq(steps + self.step_done - told)",
        "steps.eq(self.step_done)",
    ),
    Mutation(
        "neighbour's probe",
        "array/prober.py",
        "request.payload.offset.eq(neuron)",
        "request.payload.offset.eq(neuron ^ 1)",
    ),
    Mutation(
        "update begins before all rows are integrated",
        "array/array.py",
        "sequencer.arriving.eq(scheduler.walking | integrating)",
        "sequencer.arriving.eq(scheduler.walking)",
    ),
    Mutation(
        "next step begins before its spikes are scheduled",
        "array/sequencer.py",
        "with m.If(~self.updating):",
        "with m.If(1):",
    ),
    Mutation(
        "reads return the core before",
        "array/bus_fabric.py",
        "port.select.eq(accessing), read_data.eq(port.read_data)",
        "port.select.eq(accessing), read_data.eq(ports[0].read_data)",
    ),
    Mutation(
        "a read sees no write of the same cycle",
        "array/host_memory.py",
        "transparent_for=(write,) if self._transparent else ()",
        "transparent_for=()",
    ),
    Mutation(
        "refused events are not counted",
        "array/status.py",
        "**{name: getattr(self, name) for name in _EVENTS},\n        }\n        for",
        "**{name: 0 * getattr(self, name) for name in _EVENTS},\n        }\n        for",
    ),
)
"""Mutations that the lock-step suite must notice."""

LINK = (
    Mutation(
        "a full input ring drops what comes",
        "link/input_ring.py",
        "self.i.ready.eq(queue.w_rdy)",
        "self.i.ready.eq(1)",
    ),
    Mutation(
        "credit is not checked",
        "link/ring_access.py",
        "with m.Elif(length // _WORD_BYTES > self.push_free):",
        "with m.Elif(0):",
    ),
    Mutation(
        "a full output ring overwrites its oldest word",
        "link/output_ring.py",
        "self.i.ready.eq(level != self._words)",
        "self.i.ready.eq(1)",
    ),
    Mutation(
        "a stop bit is not checked",
        "link/uart_rx.py",
        'with m.State("STOP"), m.If(middle):\n                with m.If(line):',
        'with m.State("STOP"), m.If(middle):\n                with m.If(1):',
    ),
    Mutation(
        "bits are sampled at their beginning",
        "link/uart_rx.py",
        "m.d.sync += phase.eq(_HALF_BIT)",
        "m.d.sync += phase.eq(_HALF_BIT | (_HALF_BIT - 1))",
    ),
    Mutation(
        "no stop bit is sent",
        "link/uart_tx.py",
        "left.eq(_FRAME_BITS)]",
        "left.eq(_FRAME_BITS - 1)]",
    ),
    Mutation(
        "the CRC is not compared",
        "link/frame_receiver.py",
        "ours = crc == (tail ^ Cat(self.nonce, self.nonce))",
        "ours = 1",
    ),
    Mutation(
        "frames of earlier sessions pass",
        "link/frame_receiver.py",
        "ours = crc == (tail ^ Cat(self.nonce, self.nonce))",
        "ours = crc == tail",
    ),
    Mutation(
        "an unfinished COBS block passes",
        "link/frame_receiver.py",
        "with m.If(sized & well_coded):",
        "with m.If(sized):",
    ),
    Mutation(
        "zeros at the end of a reply are lost",
        "link/frame_sender.py",
        "Mux(fill, end - code, byte)",
        "Mux(fill & ~close, end - code, byte)",
    ),
    Mutation(
        "repeated requests are executed again",
        "link/session.py",
        "self.is_next.eq(distance == 0)",
        "self.is_next.eq((distance == 0) | self.is_done)",
    ),
    Mutation(
        "a lost request goes unnoticed",
        "link/session.py",
        "self.is_next.eq(distance == 0)",
        "self.is_next.eq(distance < 128)",
    ),
    Mutation(
        "a refused request does not count",
        "link/executor.py",
        "m.d.comb += session.execute.eq(~self._repeated)",
        "m.d.comb += session.execute.eq(~self._repeated & (self._unit_status == Status.OK))",
    ),
    Mutation(
        "writes while steps run",
        "link/memory_access.py",
        "with m.Elif(self.busy & (write | ~entry.live)):",
        "with m.Elif(self.busy & ~write & ~entry.live):",
    ),
    Mutation(
        "read-only windows are written",
        "link/memory_access.py",
        "with m.Elif(write & ~entry.writable):",
        "with m.Elif(0):",
    ),
    Mutation(
        "the last word of a window is out of reach",
        "link/memory_access.py",
        "first + count > entry.depth",
        "first + count >= entry.depth",
    ),
    Mutation(
        "a frame's word count is rounded",
        "link/divider.py",
        "self.remainder.eq(Mux(fits, part - self.divisor, part))",
        "self.remainder.eq(0)",
    ),
    Mutation(
        "bytes of a word are swapped",
        "link/payload_reader.py",
        "self.payload.address.eq(base + byte)",
        "self.payload.address.eq(base + (size - 1 - byte))",
    ),
    Mutation(
        "a word's second byte is damaged",
        "link/reply_writer.py",
        "word.eq(word >> 8)",
        "word.eq((word >> 8) ^ 1)",
    ),
    Mutation(
        "a reset empties no ring",
        "link/reset_control.py",
        "self.clear.eq(1)",
        "self.clear.eq(0)",
    ),
    Mutation(
        "a rate that does not work stays",
        "link/baud_control.py",
        "self.increment.eq(self.increment.init)",
        "self.increment.eq(self.increment)",
    ),
    Mutation(
        "any rate is taken",
        "link/control.py",
        "(addr == 0) | (addr > _MAX_INCREMENT)",
        "addr == 0",
    ),
)
"""Mutations of the link that its benches or the host's tests must notice."""
