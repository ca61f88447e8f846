"""The updater of a core: takes every neuron in use through the neuron pipeline, one a cycle."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap

from .host_memory import HostPort
from .neuron import NEURON_STAGES, Neuron
from .neuron_memory import NeuronMemory

__all__ = ["NEURON_WINDOWS", "Updater"]

_QUEUE = 16
"""Spikes that wait for the bus; more than the neurons in the pipeline, so it never overflows."""

NEURON_WINDOWS = (
    "v", "i", "c", "theta",
    "threshold", "reset", "bias", "leak", "v_decay", "i_decay", "refractory", "adaptation",
)  # fmt: skip
"""Windows whose memories stand here, one word a neuron."""

_TOGETHER = (
    ("v", "i"),
    ("v_decay", "i_decay"),
    ("theta", "c", "refractory"),
    ("threshold", "reset"),
    ("bias", "leak"),
    ("adaptation",),
)
"""Windows that share a memory: at most 36 bits, and needed at about the same time."""

# The cycle, counted from the take of a neuron, in which its address is at the memory. The word is
# there a cycle later, when the neuron pipeline wants it (its stage + 1).
_READ_IN_CYCLE = {
    "v": 0, "i": 0, "theta": 0, "v_decay": 0, "i_decay": 0, "adaptation": 0,
    "leak": 1,
    "bias": 2, "threshold": 2, "reset": 2, "c": 2,
    "refractory": 3,
}  # fmt: skip


class Updater(wiring.Component):
    """State and parameter memories of N neurons, and the pipeline between them.

    One neuron a cycle; the state of neuron k is written back 5 cycles after it was taken. It
    pauses while the spike queue could overflow, which happens only while the spike bus carries
    another spike. So an update takes at most N + F + 8 cycles, F being the spikes of all cores.

    Parameters
    ----------
    config : ArrayConfig
        N and widths.

    Members
    -------
    start : In(1)
        High for one cycle: update neurons 0..neurons_in_use-1.
    neurons_in_use : In(11)
    theta_decays : In(1)
        Theta decays in this step.
    busy : Out(1)
        Neurons are being updated; spikes may still wait in `spikes`.
    take : Out(1), last : Out(1)
        A neuron is taken in this cycle, for the accumulators; `last` says that no more follow.
    accumulator : In(signed)
        Its sum, a cycle later.
    updated : Out(1), fired : Out(1)
        The next neuron was updated, in order from 0; it fired.
    spikes : Out(stream.Signature)
        Neurons that fired, within the core.
    host_<window> : In(HostPort)
        One for each of `NEURON_WINDOWS` that the build has.
    """

    start: Signal
    neurons_in_use: Signal
    theta_decays: Signal
    busy: Signal
    take: Signal
    last: Signal
    accumulator: Signal
    updated: Signal
    fired: Signal
    spikes: stream.Interface

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        memory = MemoryMap(config)
        self.windows = [memory[name] for name in NEURON_WINDOWS if name in memory]
        self._index_bits = max(1, (config.neurons_per_core - 1).bit_length())
        super().__init__(
            {
                "start": In(1),
                "neurons_in_use": In(11),
                "theta_decays": In(1),
                "busy": Out(1),
                "take": Out(1),
                "last": Out(1),
                "accumulator": In(signed(config.accumulator_bits)),
                "updated": Out(1),
                "fired": Out(1),
                "spikes": Out(stream.Signature(self._index_bits)),
                **{f"host_{w.name}": In(HostPort(w.word_bits)) for w in self.windows},
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build memories, address pipeline, neuron and spike queue."""
        m = Module()
        memories = self._memories(m)
        m.submodules.neuron = neuron = Neuron(self._config)
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(width=self._index_bits, depth=_QUEUE)
        index, valid = self._sequence(m, queue)
        self._feed(m, self._words(m, memories, index), neuron)
        self._write_back(m, memories, neuron, index[-1], valid[-1])
        m.d.comb += [
            self.updated.eq(valid[-1]),
            self.fired.eq(valid[-1] & neuron.fire),
            queue.w_data.eq(index[-1]),
            queue.w_en.eq(self.fired),
            self.spikes.valid.eq(queue.r_rdy),
            self.spikes.payload.eq(queue.r_data),
            queue.r_en.eq(self.spikes.ready),
        ]
        return m

    def _memories(self, m: Module) -> list[tuple[list[str], Any]]:
        """Build a memory for each of `_TOGETHER`; return the windows in each, and the memory."""
        windows = {window.name: window for window in self.windows}
        memories: list[tuple[list[str], Any]] = []
        for names in _TOGETHER:
            here = [name for name in names if name in windows]
            if here:
                words = NeuronMemory(self._config, [windows[name] for name in here])
                m.submodules["_".join(here)] = words
                memories.append((here, words))
                for name in here:
                    port = wiring.flipped(getattr(self, f"host_{name}"))
                    wiring.connect(m, port, getattr(words, f"host_{name}"))
        return memories

    def _words(
        self, m: Module, memories: list[tuple[list[str], Any]], index: list[Signal]
    ) -> dict[str, Value]:
        """Read each memory when the first of its windows is needed; delay what is needed later."""
        words: dict[str, Value] = {}
        for names, stored in memories:
            first = min(_READ_IN_CYCLE[name] for name in names)
            m.d.comb += stored.read_address.eq(index[first])
            for name in names:
                word: Value = getattr(stored, f"word_{name}")
                for k in range(_READ_IN_CYCLE[name] - first):
                    late = Signal(len(word), name=f"{name}_late_{k}")
                    m.d.sync += late.eq(word)
                    word = late
                words[name] = word
        if self._config.memories_registered:
            for name, word in words.items():
                shown = Signal(len(word), name=f"{name}_shown")
                m.d.sync += shown.eq(word)
                words[name] = shown
        return words

    def _sequence(
        self, m: Module, queue: fifo.SyncFIFOBuffered
    ) -> tuple[list[Signal], list[Signal]]:
        """Count through the neurons; return index and valid of each cycle after the take."""
        running = Signal()
        count = Signal(11)
        cycles = NEURON_STAGES + 2 + self._config.memories_registered
        index = [
            Signal(self._index_bits, name="index_0"),
            *(Signal(self._index_bits, name=f"index_{k}") for k in range(1, cycles)),
        ]
        valid = [self.take, *(Signal(name=f"valid_{k}") for k in range(1, cycles))]
        for k in range(1, cycles):
            m.d.sync += [index[k].eq(index[k - 1]), valid[k].eq(valid[k - 1])]
        in_flight = sum(valid[1:], start=valid[1] & 0)
        m.d.comb += [
            self.take.eq(running & (queue.level + in_flight < _QUEUE)),
            self.last.eq(count + 1 == self.neurons_in_use),
            index[0].eq(count),
            self.busy.eq(running | (in_flight != 0) | (queue.level != 0)),
        ]
        with m.If(self.start):
            m.d.sync += [count.eq(0), running.eq(self.neurons_in_use != 0)]
        with m.Elif(self.take):
            m.d.sync += count.eq(count + 1)
            with m.If(self.last):
                m.d.sync += running.eq(0)
        return index, valid

    def _feed(
        self,
        m: Module,
        word: dict[str, Value],
        neuron: Neuron,
    ) -> None:
        """Split words into the neuron's inputs."""
        decay, gain = word["v_decay"][:13], word["v_decay"][13:]
        gain_late, mode_late = Signal.like(gain, name="gain_late"), Signal(2)
        mode_later, reset_mode = Signal(2), Signal()
        m.d.sync += [
            gain_late.eq(gain),
            mode_late.eq(word["i_decay"][13:]),
            mode_later.eq(mode_late),
            reset_mode.eq(mode_later[0]),
        ]
        accumulator = self.accumulator
        for k in range(1 + self._config.memories_registered):
            late_sum = Signal.like(self.accumulator, name=f"accumulator_late_{k}")
            m.d.sync += late_sum.eq(accumulator)
            accumulator = late_sum
        m.d.comb += [
            neuron.s0_v.eq(word["v"]),
            neuron.s0_i.eq(word["i"]),
            neuron.s0_v_decay.eq(decay),
            neuron.s0_i_decay.eq(word["i_decay"][:13]),
            neuron.s1_accumulator.eq(accumulator),
            neuron.s1_gain.eq(gain_late),
            neuron.s1_leak.eq(word["leak"]),
            neuron.s2_bias.eq(word["bias"]),
            neuron.s2_threshold.eq(word["threshold"]),
            neuron.s2_reset.eq(word["reset"]),
            neuron.s2_count.eq(word["c"]),
            neuron.s2_hold.eq(mode_later[1]),
            neuron.s3_reset_mode.eq(reset_mode),
            neuron.s3_refractory.eq(word["refractory"]),
        ]
        if self._config.theta:
            plus = word["adaptation"][: self._config.state_bits - 1]
            theta_decay = word["adaptation"][self._config.state_bits - 1 :]
            late = [Signal.like(plus, name=f"theta_plus_{k}") for k in range(3)]
            m.d.sync += [late[0].eq(plus), late[1].eq(late[0]), late[2].eq(late[1])]
            m.d.comb += [
                neuron.s0_theta.eq(word["theta"]),
                neuron.s0_theta_decay.eq(Mux(self.theta_decays, theta_decay, 0)),
                neuron.s3_theta_plus.eq(late[2]),
            ]

    def _write_back(
        self,
        m: Module,
        memories: list[tuple[list[str], Any]],
        neuron: Neuron,
        index: Signal,
        valid: Signal,
    ) -> None:
        results = {"v": neuron.v, "i": neuron.i, "c": neuron.count, "theta": neuron.theta}
        for names, stored in memories:
            m.d.comb += [stored.write_address.eq(index), stored.write.eq(valid)]
            for name in names:
                if name in results:
                    m.d.comb += getattr(stored, f"new_{name}").eq(results[name])
