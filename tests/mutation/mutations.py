"""Mutations of the gateware that the suite must notice: each is a defect that someone could write.

`old` must occur exactly once in the file. Several are real defects of existing emulators, the
traps of section 6 of the semantics page.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Mutation:
    """One change of one file of ``spikeloom_rtl``; `boards` are those that can show it."""

    name: str
    file: str
    old: str
    new: str
    boards: str = "tiny or odd"


ARRAY = (
    Mutation(
        "threshold reached counts as crossed",
        "array/neuron.py",
        "still[-1] & (potential != limit) & ~waits",
        "still[-1] & ~waits",
    ),
    Mutation(
        "refractory neurons fire",
        "array/neuron.py",
        "still[-1] & (potential != limit) & ~waits & self",
        "still[-1] & (potential != limit) & self",
    ),
    Mutation(
        "hold mode holds nothing",
        "array/neuron.py",
        "(waits & self.s3_hold & self.s3_valid) | (fire & ~self.s3_reset_mode)",
        "fire & ~self.s3_reset_mode",
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
        "product[-1] & product[:DECAY_SHIFT].any()",
        "product[-1] & 0",
    ),
    Mutation(
        "saturation tested after truncation",
        "array/neuron.py",
        "inner.eq(fits | self.load)",
        "inner.eq(1)",
    ),
    Mutation(
        "leak passes zero",
        "array/arithmetic.py",
        "Mux(moved[-1] == down, 0, moved)",
        "moved",
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
        "(self._taken & ~same) | self._cleared | (",
        "(self._taken & ~same) | (",
    ),
    Mutation(
        "one spike a word",
        "array/scheduler.py",
        "return same, self._old() | gathered",
        "return same, gathered",
    ),
    Mutation(
        "of spikes that follow each other into one word only the last is kept",
        "array/scheduler.py",
        "onto.eq(gathered & same.replicate(AXONS_PER_WORD))",
        "onto.eq(0)",
    ),
    Mutation(
        "axons without a row use row 0",
        "array/row_table.py",
        "queue.i.valid.eq(here & entry[bits])",
        "queue.i.valid.eq(here)",
    ),
    Mutation(
        "a row is dropped when the queue is full",
        "array/row_table.py",
        "self.axons.ready.eq(queue.free > 1)",
        "self.axons.ready.eq(1)",
        boards="wide",  # rows take long there, so that they queue
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
        "merged[bits].eq(Mux(flags.select, flags.data[lane], part_old[lane][bits]))",
        "merged[bits].eq(Mux(flags.select, flags.data[lane], 0))",
    ),
    Mutation(
        "last word of a row is skipped",
        "array/integrator.py",
        "last_word.eq(self.words_in_use - 1)",
        "last_word.eq(self.words_in_use - 2)",
    ),
    Mutation(
        "accumulators keep the step before",
        "array/integrator.py",
        "with m.If(cleared):\n            m.d.comb += self._write.eq(1)",
        "with m.If(cleared):\n            m.d.comb += self._write.eq(0)",
    ),
    Mutation(
        "current of the neighbour",
        "array/updater.py",
        'neuron.s1_gain.eq(_late(m, gain, 1, "gain"))',
        "neuron.s1_gain.eq(gain)",
    ),
    Mutation(
        "an input beyond twice the range wraps",
        "array/arithmetic.py",
        "lost.eq(beyond | (count[k]",
        "lost.eq((count[k]",
    ),
    Mutation(
        "neurons go on while a spike waits",
        "array/updater.py",
        "self.go.eq(self.spikes.ready)",
        "self.go.eq(1)",
        boards="serial",
    ),
    Mutation(
        "spike queue overflows",
        "array/updater.py",
        "room.eq(queue.level + in_flight < _QUEUE)",
        "room.eq(queue.level + in_flight < _QUEUE + 8)",
        boards="wide",  # the only one with more neurons than the queue holds
    ),
    Mutation(
        "theta decays in every step",
        "array/core_control.py",
        "(self.t & mask) == 0",
        "(self.t & 0) == 0",
    ),
    Mutation(
        "neurons not in use are integrated",
        "array/core.py",
        "updater.neurons_in_use.eq(self.registers.neurons_in_use)",
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
        "m.d.sync += rest.eq(rest + 1)",
        "m.d.sync += rest.eq(1)",
    ),
    Mutation(
        "neighbour's probe",
        "array/prober.py",
        "neuron, core = entry[:neuron_bits],",
        "neuron, core = entry[:neuron_bits] ^ 1,",
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
        "quiet.eq(~self.updating)",
        "quiet.eq(1)",
    ),
    Mutation(
        "reads return the core before",
        "array/bus_fabric.py",
        "k: _whole_bytes(port.read_data) for k, port in",
        "k: _whole_bytes(ports[0].read_data) for k, port in",
    ),
    Mutation(
        "the second master asks for what the first one would",
        "array/bus_arbiter.py",
        "Mux(owner, second.request.payload[name], first.request.payload[name])",
        "first.request.payload[name]",
    ),
    Mutation(
        "writing a part of a word writes all of it",
        "array/host_memory.py",
        "commit = [host.commit & (part == k * parts // granules) for",
        "commit = [host.commit for",
        boards="wide",  # its words have two parts
    ),
    Mutation(
        "the second bank shows words of the first",
        "array/host_memory.py",
        "chosen.eq(read_address >= start)",
        "chosen.eq(0)",
        boards="rewarded",  # the only one with two banks
    ),
    Mutation(
        "writing a window writes those beside it",
        "array/neuron_memory.py",
        "enable, new = host.select & host.commit, host.data",
        "enable, new = host.commit, host.data",
    ),
    Mutation(
        "an update clears parameters",
        "array/neuron_memory.py",
        'if window.kind == "state":\n                enable |= self.write',
        'enable |= self.write\n            if window.kind == "state":',
    ),
    Mutation(
        "refused events are not counted",
        "array/status.py",
        "if name in happens else getattr(self, name)",
        "if name in happens else 0 * getattr(self, name)",
    ),
    Mutation(
        "what happens while a counter is emptied is lost",
        "array/status.py",
        "m.d.sync += count.eq(event)",
        "m.d.sync += count.eq(0)",
    ),
    Mutation(
        "counts of a step go on into the next one",
        "array/step_tally.py",
        "m.d.sync += count.eq(happens)",
        "m.d.sync += count.eq(count + happens)",
    ),
    Mutation(
        "the number of the step is read as it was written",
        "array/step_tally.py",
        "self.write_place.index.eq(t), self.carry.eq(1)]",
        "self.write_place.index.eq(t), self.carry.eq(0)]",
    ),
    Mutation(
        "a high half is written to the low one as well",
        "array/control.py",
        "& (written.half == half)",
        "& (written.half >= half)",
    ),
    Mutation(
        "registers are not cleared",
        "array/register_file.py",
        "value.eq(self._reset_value(m, host.place))",
        "value.eq(1)",
    ),
)
"""Mutations that the lock-step suite must notice."""

LINK = (
    Mutation(
        "a full input ring drops what comes",
        "link/input_ring.py",
        "wiring.connect(m, wiring.flipped(self.i), queue.i)",
        "m.d.comb += [queue.i.valid.eq(self.i.valid), queue.i.payload.eq(self.i.payload),"
        " self.i.ready.eq(1)]",
    ),
    Mutation(
        "a word that comes as another goes is not counted",
        "block_queue.py",
        "more = taken & ~write.en",
        "more = taken",
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
        "self.i.ready.eq(free.any() & ~released)",
        "self.i.ready.eq(~released)",
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
        "with m.If(shown != (self.sum.crc ^ nonce)):",
        "with m.If(0):",
    ),
    Mutation(
        "frames of earlier sessions pass",
        "link/frame_receiver.py",
        "nonce = nonce_byte(self.nonce, left) & ~plain.replicate(8)",
        # What the first two bytes of the CRC differ by is taken for the nonce of the others.
        "given, differs = Signal(16), shown ^ self.sum.crc\n"
        "        m.d.sync += given.eq(Cat(given[8:], differs))\n"
        "        nonce = Mux(plain, 0, Mux(left[1], differs, given[:8]))",
    ),
    Mutation(
        "an unfinished COBS block passes",
        "link/frame_receiver.py",
        "with m.If(~sized | ~well_coded):",
        "with m.If(~sized):",
    ),
    Mutation(
        "a frame's sum is not forgotten",
        "link/checksum.py",
        "processor.start.eq(first.restart | second.restart)",
        "processor.start.eq(second.restart)",
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
        "a core that is not there is within reach",
        "link/window_table.py",
        '"last_core": window.cores - 1,',
        '"last_core": window.cores,',
    ),
    Mutation(
        "the last word of a window is out of reach",
        "link/memory_access.py",
        "(place + entry.spare)[self._place_bits :].any()",
        "(place + entry.spare + 1)[self._place_bits :].any()",
    ),
    Mutation(
        "a frame's word count is rounded",
        "link/memory_access.py",
        "counted.eq(Mux(write, self._left == 0,",
        "counted.eq(Mux(write, self._left < entry.word_bytes,",
    ),
    Mutation(
        "bytes of a word are swapped",
        "link/payload_reader.py",
        "with m.If(read_lane == k):",
        "with m.If((size - 1 - read_lane)[: len(lane)] == k):",
    ),
    Mutation(
        "a word's second byte is damaged",
        "link/reply_writer.py",
        "word.eq(word >> 8)",
        "word.eq((word >> 8) ^ 1)",
    ),
    Mutation(
        "an echo ends with its first byte",
        "link/echo.py",
        "reply.payload.last.eq(words.payload.last)",
        "reply.payload.last.eq(1)",
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
    Mutation(
        "a byte that finds no room overwrites all others",
        "link/byte_queue.py",
        "self.i.ready.eq(~(meet & came))",
        "self.i.ready.eq(1)",
    ),
    Mutation(
        "a difference forgets its borrow",
        "link/processor.py",
        "one = Mux(with_carry, carry, code[12])",
        "one = code[12]",
    ),
    Mutation(
        "an index stays where it is",
        "link/processor.py",
        "x.eq(x + 1)",
        "x.eq(x)",
    ),
    Mutation(
        "a byte is not summed up",
        "link/serial_checksum.py",
        "feedback.eq(crc[0] ^ bits[0])",
        "feedback.eq(crc[0])",
    ),
    Mutation(
        "a word is released although another comes",
        "link/separate_rings.py",
        "more = rings.release & ~write.en",
        "more = rings.release",
    ),
    Mutation(
        "a word goes to the array while another is looked at",
        "link/shared_rings.py",
        "~fetched & ~holds & ~rings.look",
        "~fetched & ~rings.look",
    ),
    Mutation(
        "the link rests while a byte waits",
        "link/compact_link.py",
        "takes & queue.empty & ~busy",
        "takes & ~busy",
    ),
    Mutation(
        "a busy array is written to",
        "link/firmware/memory.py",
        'asm.jump("is busy", "busy")',
        'asm.jump("put word", "busy")',
    ),
    Mutation(
        "a release before the oldest word is taken",
        "link/firmware/rings.py",
        'asm.jump("pull words", "carry")',
        'asm.jump("bad address", "carry")',
    ),
)
"""Mutations of the link that its benches or the host's tests must notice."""

LEARNING = (
    Mutation(
        "rewards do not scale coefficients",
        "learning/effect.py",
        "here.gain, magnitude(reward)))",
        "here.gain, REWARD_ONE))",
    ),
    Mutation(
        "constant terms are those of the other side",
        "learning/effect.py",
        "constants = Mux(for_spikes, r.b0.coefficient, r.a0.coefficient)",
        "constants = Mux(for_spikes, r.a0.coefficient, r.b0.coefficient)",
    ),
    Mutation(
        "history counts one bit too few",
        "learning/effect.py",
        "return Cat(a ^ b ^ c ^ d, pairs & ~four, four)",
        "return Cat(a ^ b ^ c ^ d, pairs & ~four, 0)",
    ),
    Mutation(
        "effects beyond the range wrap",
        "learning/fractions.py",
        "m.d.comb += change.eq(Mux(fits, wide[:CHANGE_BITS], limit))",
        "m.d.comb += change.eq(wide[:CHANGE_BITS])",
    ),
    Mutation(
        "changes round down",
        "learning/fractions.py",
        "return Mux(negative, -wide, wide)[: len(wide)].as_signed()",
        "return Mux(negative, ~wide, wide)[: len(wide)].as_signed()",
    ),
    Mutation(
        "upper limit of weights is not kept",
        "learning/limits.py",
        "limited.eq(changes & (above | below)),",
        "limited.eq(changes & below),",
    ),
    Mutation(
        "words of the list forget their first lane",
        "learning/fired_words.py",
        "Mux(lane == 0, 0, here.fired) | (self.fired << lane)",
        "Mux(lane == 0, 0, here.fired) | ((self.fired & (lane != 0)) << lane)",
    ),
    Mutation(
        "the last word of the list is lost",
        "learning/fired_words.py",
        "with m.If((done | (self.end & (lane != 0))) & some):",
        "with m.If(done & some):",
    ),
    Mutation(
        "weights wrap in a lane",
        "learning/limits.py",
        "far_above, far_below = ~sign & upper.any(), sign & ~upper.all()",
        "far_above, far_below = sign & False, sign & False",
    ),
    Mutation(
        "depression snaps to -1",
        "learning/third_term.py",
        "lost = weight[-1] & (sized & term.lost).any()",
        "lost = Const(0, 1)",
    ),
    Mutation(
        "a bit of the weight stands where its sign belongs",
        "learning/third_term.py",
        "signed = _where(shift, [bit >= WEIGHT_BITS for",
        "signed = _where(shift, [bit > WEIGHT_BITS for",
    ),
    Mutation(
        "frozen weights change by rewards",
        "learning/lane.py",
        "enable = enable & self.registers.learning.change",
        "enable = enable & 1",
        boards="odd or rewarded",
    ),
    Mutation(
        "rewards let eligibility stay",
        "learning/lane.py",
        'Mux(late["enable"] & late["reward"], decayed,',
        'Mux(late["enable"] & late["reward"] & 0, decayed,',
        boards="odd or rewarded",
    ),
    Mutation(
        "neighbours learn (n takes n+1)",
        "learning/learner.py",
        "changer.flags.eq(synapses.flags),",
        "changer.flags.eq(synapses.flags.rotate_left(1)),",
    ),
    Mutation(
        "neurons out of use learn",
        "learning/learner.py",
        "late.lanes.eq(visit.lanes & Mux(last, self.lanes_in_use, ~0)),",
        "late.lanes.eq(visit.lanes),",
    ),
    Mutation(
        "effects stay when coefficients change",
        "learning/learner.py",
        "with m.If(r.changed | post.accessed):",
        "with m.If(post.accessed):",
    ),
    Mutation(
        "rewards come a step late",
        "learning/phases.py",
        "((self.t & mask) == 0)",
        "((self.t & mask) == mask)",
        boards="odd or rewarded",
    ),
    Mutation(
        "only the first lanes of a word keep traces y",
        "learning/post_traces.py",
        "traces.write_en.eq(Mux(valid[1] & ~refreshing, 1 << lane, 0)),",
        "traces.write_en.eq(Mux(valid[1], 1 << lane, 0) & 3),",
    ),
    Mutation(
        "effects of the lane before",
        "learning/post_traces.py",
        "(there.lane == k % shown)",
        "(here.lane == k % shown)",
    ),
    Mutation(
        "rows that arrive are not marked",
        "learning/pre_traces.py",
        "Cat(Cat(trace, arriving[2]) for trace in after)",
        "Cat(Cat(trace, 0) for trace in after)",
    ),
    Mutation(
        "traces of rows out of use decay",
        "learning/pre_traces.py",
        "of_pass = Mux(last, (1 << self.plastic_rows[:_LANE_BITS]) - 1, ~0)",
        "of_pass = Mux(last, 15, ~0)",
    ),
    Mutation(
        "an arrival writes its whole word",
        "learning/pre_traces.py",
        "words.write_en.eq(lanes[2]),",
        "words.write_en.eq(Mux(lanes[2].any(), 15, 0)),",
    ),
    Mutation(
        "the last row of a word is not found",
        "learning/row_finder.py",
        "after = Cat(rows[k] & rows[:k].any() for k in range(TRACES_PER_WORD))",
        "after = Cat(rows[k] & rows[:k].any() & (k != 3) for k in range(TRACES_PER_WORD))",
    ),
    Mutation(
        "the lower word of a pair is not swept",
        "learning/row_finder.py",
        "self.pop.eq(walking & (~holds | (self.read & ~upper))),",
        "self.pop.eq(walking & (~holds | self.read)),",
    ),
    Mutation(
        "phases share random numbers",
        "learning/row_preparer.py",
        "mixed_key(self.key, axon, self.phase)",
        "mixed_key(self.key, axon, self.phase & 0)",
    ),
    Mutation(
        "rows begin to learn before the flag says so",
        "learning/row_preparer.py",
        "plastic[0].eq(flag & below),",
        "plastic[0].eq(below),",
        boards="serial",
    ),
    Mutation(
        "the key of the step before",
        "learning/step_key.py",
        "current.eq((seed == self.seed) & (t == self.t))",
        "current.eq(seed == self.seed)",
    ),
    Mutation(
        "one bit decides all of a random number",
        "learning/randomness.py",
        "offset = row_key[_OFFSET_BIT:]",
        "offset = row_key[_OFFSET_BIT].replicate(FRACTION_BITS)",
    ),
    Mutation(
        "a sweep ends one word early",
        "learning/sweeper.py",
        "last.eq(after + 1 >= Mux(for_reward, self.words_in_use, self.count)),",
        "last.eq(after + 1 >= Mux(for_reward, self.words_in_use, self.count - 1)),",
    ),
    Mutation(
        "visits do not wait for the port",
        "learning/sweeper.py",
        "go.eq(self.rows.valid & ~self.wait),",
        "go.eq(self.rows.valid),",
        boards="serial",
    ),
    Mutation(
        "nearest neighbours add up",
        "learning/traces.py",
        "self.replaces.eq(register.nearest & ~history),",
        "self.replaces.eq(0),",
    ),
    Mutation(
        "traces round up",
        "learning/traces.py",
        "return (trace * factor)[TRACE_BITS : 2 * TRACE_BITS]",
        "return (trace * factor + TRACE_ONE - 1)[TRACE_BITS : 2 * TRACE_BITS]",
    ),
    Mutation(
        "a row that waits is overtaken",
        "skid.py",
        "with m.If(waits):",
        "with m.If(waits & 0):",
        boards="rewarded",
    ),
    Mutation(
        "changed words are written one row on",
        "learning/weight_changer.py",
        "self.address.eq(address[-1]),",
        "self.address.eq(address[-2]),",
    ),
    Mutation(
        "plastic flags move with the pipeline",
        "learning/weight_changer.py",
        "self.new_flags.eq(flags[-1]),",
        "self.new_flags.eq(flags[0]),",
    ),
    Mutation(
        "a register is written in the next core",
        "array/core_control.py",
        "with m.If(self.write & (self.place == register.offset)):",
        "with m.If(self.write & (self.place[:4] == register.offset)):",
    ),
    Mutation(
        "terms in the table round down",
        "learning/narrow/effect_table.py",
        "carry = term[-1] & lost",
        "carry = term[-1] & lost & 0",
        boards="cut",
    ),
    Mutation(
        "the table is not made anew",
        "learning/narrow/effect_table.py",
        "with m.If(changed):",
        "with m.If(changed & 0):",
        boards="cut",
    ),
    Mutation(
        "upper neurons of a word keep no traces y",
        "learning/narrow/post_traces.py",
        "stepped(m, old, rule, self.fired, ",
        "stepped(m, old, rule, self.fired & ~lane, ",
        boards="cut",
    ),
    Mutation(
        "lower traces have the marks of upper ones",
        "learning/narrow/row_traces.py",
        "marks = Mux(second, late, upper[:_HALF])",
        "marks = Mux(second, late, upper[_HALF : 2 * _HALF])",
        boards="cut",
    ),
    Mutation(
        "only every other word with a trace is linked",
        "learning/narrow/row_traces.py",
        "with m.If(some & inside):",
        "with m.If(some & inside & ~word[0]):",
        boards="cut",
    ),
    Mutation(
        "marks stay",
        "learning/narrow/row_traces.py",
        "(after[:TRACES_PER_WORD] & ~second.replicate(TRACES_PER_WORD)) | arrived",
        "after[:TRACES_PER_WORD] | second.replicate(TRACES_PER_WORD) | arrived",
        boards="cut",
    ),
    Mutation(
        "rows learn that are not among the first",
        "learning/narrow/row_preparer.py",
        "prepared.plastic.eq(below & self._flag(m, row, held.row)),",
        "prepared.plastic.eq(self._flag(m, row, held.row)),",
        boards="cut",
    ),
    Mutation(
        "the upper weight of a word is written a turn early",
        "learning/narrow/weight_changer.py",
        "self.new_weights.eq(Cat(lower, result[:bits])),",
        "self.new_weights.eq(Cat(lower, lower)),",
        boards="cut",
    ),
    Mutation(
        "what the weight itself adds rounds down",
        "learning/narrow/weight_changer.py",
        "negative.replicate(_FRACTION_BITS), weight",
        "(negative & 0).replicate(_FRACTION_BITS), weight",
        boards="cut",
    ),
    Mutation(
        "both weights of a word take the effect of one",
        "learning/narrow/learner.py",
        "word_select(self._changes.upper, TRACE_BITS)",
        "word_select(0, TRACE_BITS)",
        boards="cut",
    ),
    Mutation(
        "visits do not wait for traces y",
        "learning/narrow/learner.py",
        "self.wait.eq(changes.due | (learns & ~looked)),",
        "self.wait.eq(changes.due),",
        boards="cut",
    ),
)
"""Mutations of learning that the lock-step suite must notice."""

BOOT = (
    Mutation(
        "the image's CRC is not looked at",
        "boot/image_check.py",
        "(self.valid & self.sum & feedback) | self.endless",
        "self.endless",
    ),
    Mutation(
        "images of other arrays pass",
        "boot/image_check.py",
        "self.header & (expected != self.data)",
        "self.header & ~self.count[5] & (expected != self.data)",
    ),
    Mutation(
        "the flash sleeps on",
        "boot/flash_reader.py",
        "self.copi.eq(self.wake)",
        "self.copi.eq(0)",
    ),
    Mutation(
        "SCK runs while the flash is let go",
        "boot/flash_reader.py",
        "self.run & (self.select | ~self.cs)",
        "self.run",
    ),
    Mutation(
        "frames do not wait for replies",
        "boot/loader.py",
        "(~self.open & self.room)",
        "self.room",
    ),
    Mutation(
        "pushes do not wait for room",
        "boot/loader.py",
        "(~self.open & self.room)",
        "~self.open",
    ),
    Mutation(
        "rounds begin while steps are under way",
        "boot/loader.py",
        "rest = self.quiet & ~self.open",
        "rest = ~self.open",
    ),
    Mutation(
        "a frame that a host interrupts is not ended",
        "boot/loader.py",
        '(self._in["cut"] & ~self._boundary)',
        '(self._in["cut"] & 0)',
    ),
    Mutation(
        "a refused image stays",
        "boot/loader.py",
        '("cut", over & self._refused, "stop")',
        '("cut", over & self._refused, "done")',
    ),
    Mutation(
        "the host gets the loader's last reply",
        "boot/boot.py",
        "mine.eq(~loader.done | loader.open)",
        "mine.eq(~loader.done)",
    ),
    Mutation(
        "bytes of the host wait while the image is loaded",
        "boot/boot.py",
        "Mux(loader.done, self.link_rx.ready, loader.deaf)",
        "Mux(loader.done, self.link_rx.ready, 0)",
    ),
    Mutation(
        "output waits for a host that is not there",
        "boot/boot.py",
        "array.spikes.ready.eq(link.spikes.ready | mine)",
        "array.spikes.ready.eq(link.spikes.ready)",
    ),
    Mutation(
        "counters tell of the loader's frames",
        "boot/boot.py",
        "getattr(link, name) & ~mine)",
        "getattr(link, name))",
    ),
)
"""Mutations of the boot loader that its bench or the boot tests must notice."""

SAMPLING = (
    Mutation(
        "scales of encoders are ignored",
        "sampling/encoders.py",
        "rate.eq(level << ~scale)",
        "rate.eq(level << 7)",
    ),
    Mutation(
        "all inputs draw the same number",
        "sampling/encoders.py",
        "mixed_key(self.key, axon, Const(STIMULUS_PHASE, 2))",
        "mixed_key(self.key, Const(0, 15), Const(STIMULUS_PHASE, 2))",
    ),
    Mutation(
        "levels of 0 spike at their latency",
        "sampling/encoders.py",
        "fires.eq(is_first & (late_rate != 0))",
        "fires.eq(is_first)",
    ),
    Mutation(
        "spikes of encoders do not wait",
        "sampling/encoders.py",
        "go.eq(~self.spikes.valid | self.spikes.ready)",
        "go.eq(1)",
    ),
    Mutation(
        "encoders do not wait for their key",
        "sampling/encoders.py",
        "with m.If(waits & self.key_ready):",
        "with m.If(waits):",
    ),
    Mutation(
        "the last input is not encoded",
        "sampling/encoders.py",
        "issues.eq(running & (number != limit))",
        "issues.eq(running & (number + 1 != limit))",
    ),
    Mutation(
        "words behind a pause are played",
        "sampling/pattern_player.py",
        "                    shown.eq(0),\n                    valid.eq(0),\n",
        "",
    ),
    Mutation(
        "pauses last a step too long",
        "sampling/pattern_player.py",
        "self.wait.eq(word[:_COUNT_BITS] - 1)",
        "self.wait.eq(word[:_COUNT_BITS])",
    ),
    Mutation(
        "a pattern does not begin again",
        "sampling/pattern_player.py",
        "return Mux(place >= last, 0, place + 1)",
        "return place + 1",
    ),
    Mutation(
        "a pattern plays spikes of neurons",
        "sampling/pattern_player.py",
        "(axon >= config.neurons) & (axon < config.axons)",
        "axon < config.axons",
    ),
    Mutation(
        "the key of the next age comes too early",
        "sampling/stimulator.py",
        "ahead.eq(begun & ~encoders.busy & ~self.step_done)",
        "ahead.eq(begun & ~self.step_done)",
    ),
    Mutation(
        "a spike of the pattern takes that of an encoder along",
        "sampling/stimulator.py",
        "encoded.ready.eq(self.spikes.ready & ~played.valid)",
        "encoded.ready.eq(self.spikes.ready)",
    ),
    Mutation(
        "silent neurons are not counted",
        "sampling/readout_map.py",
        "self.counts.eq(fresh & counted &",
        "self.counts.eq(fresh & counted & ~silent &",
    ),
    Mutation(
        "a spike counts as long as it waits",
        "sampling/readout_map.py",
        "fresh.eq(takes)",
        "fresh.eq(takes | (held & ~self.neurons.ready))",
    ),
    Mutation(
        "groups that do not exist are counted",
        "sampling/readout_map.py",
        " & (group < self._config.neurons)",
        "",
    ),
    Mutation(
        "of two spikes of a group in a row one is lost",
        "sampling/spike_counter.py",
        "follows.eq(valid[1] & (group[0] == group[1]))",
        "follows.eq(0)",
    ),
    Mutation(
        "of two spikes of a group, another between them, one is lost",
        "sampling/spike_counter.py",
        "Mux(self.counted & (group[0] == self.counted_group), latest",
        "Mux(self.counted & 0, latest",
    ),
    Mutation(
        "counts wrap",
        "sampling/spike_counter.py",
        "old_count + ~old_count.all()",
        "old_count + 1",
    ),
    Mutation(
        "the last spike is taken for the first",
        "sampling/spike_counter.py",
        "Mux(old_first == 0, self.next_age, old_first)",
        "self.next_age",
    ),
    Mutation(
        "of equals the first to come leads",
        "sampling/leader.py",
        "Cat(~self.group, self.count) > Cat(~self.leader, self.best)",
        "self.count > self.best",
    ),
    Mutation(
        "a leader that goes on is behind itself",
        "sampling/leader.py",
        "with m.If(passes & ~leads):",
        "with m.If(passes):",
    ),
    Mutation(
        "who is behind the leader is not seen",
        "sampling/leader.py",
        "with m.If(~passes & ~leads & (self.count > self.second)):",
        "with m.If(0):",
    ),
    Mutation(
        "a sample is judged a step too late",
        "sampling/judge.py",
        "old_enough.eq(self.next_age >= self.stop_after)",
        "old_enough.eq(self.age >= self.stop_after)",
    ),
    Mutation(
        "a margin of 0 decides",
        "sampling/judge.py",
        "ahead.eq((lead >= self.stop_margin) & (self.stop_margin != 0))",
        "ahead.eq(lead >= self.stop_margin)",
    ),
    Mutation(
        "bits of a bitmap act on a sample that is decided",
        "sampling/sample_words.py",
        "word.eq(Mux(self.decided, 0, self.words.payload))",
        "word.eq(self.words.payload)",
    ),
    Mutation(
        "the second level of each word is lost",
        "sampling/sample_words.py",
        "m.d.sync += word.eq(word[LEVEL_BITS:])",
        "m.d.sync += word.eq(word)",
    ),
    Mutation(
        "words of a sample stand one further",
        "sampling/sample_window.py",
        "with m.Case(k):",
        "with m.Case((k + 1) % SAMPLE_WORDS):",
    ),
    Mutation(
        "counts in a result wrap",
        "sampling/sampler.py",
        "return Mux(count[bits:].any(), MAX_RESULT_COUNT, count[:bits])",
        "return count[:bits]",
    ),
    Mutation(
        "events act on a sample that is decided",
        "array/event_reader.py",
        "event.eq(~word[15] & ~decided)",
        "event.eq(~word[15])",
    ),
    Mutation(
        "steps run in a sample that is decided",
        "array/event_reader.py",
        "self.wanted.eq((count != 0) & ~decided)",
        "self.wanted.eq(count != 0)",
    ),
    Mutation(
        "results come before their steps",
        "array/output_writer.py",
        "(content | self.flush | report)",
        "(content | self.flush)",
    ),
    Mutation(
        "a SAMPLE clears all of the state",
        "array/bus_fabric.py",
        "clear = clears & (~self._partly | named)",
        "clear = clears",
    ),
    Mutation(
        "a SAMPLE clears what the last reset did",
        "array/bus_fabric.py",
        "clear = clears & self.clear_network & ~self._partly",
        "clear = clears & self.clear_network",
    ),
    Mutation(
        "a SAMPLE clears no more than its smallest window",
        "array/bus_fabric.py",
        "return Mux(self._partly, Cat(parts).all(), last)",
        "return Mux(self._partly, (Cat(parts) & Cat(self.what)).any(), last)",
    ),
    Mutation(
        "the walk begins before stimulus is scheduled",
        "array/array.py",
        "sequencer.stimulating.eq(sampler.stimulating | ~self._settled)",
        "sequencer.stimulating.eq(sampler.stimulating)",
    ),
)
"""Mutations of what samples are made of, that their lock-step must notice."""
