"""The updater of a core: takes every neuron in use through the neuron pipeline, one a cycle."""

import itertools
from typing import Any

from amaranth.hdl import Cat, Elaboratable, EnableInserter, Module, Mux, Signal, Value, signed
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.numbers import DECAY_BITS

from .arithmetic import kept
from .forms import stands_still
from .host_memory import HostPort
from .neuron import Neuron, neuron_stages
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

_NARROW_BITS = 16
"""Width of state up to which a window fills a block memory of the narrowest kind by itself."""

_TOGETHER_NARROW = (
    ("v",), ("i",), ("v_decay", "i_decay"), ("theta",), ("c", "refractory"),
    ("threshold", "reset"), ("bias",), ("leak",), ("adaptation",),
)  # fmt: skip
"""The same where state is narrow: what is needed in the same cycle, so that nothing is delayed."""


_LOADED = ("v", "i")
"""Windows into which the host's words may go through the neuron."""


def _read_in_cycle(config: ArrayConfig) -> dict[str, int]:
    """Return when the address of a neuron is at each memory, in cycles from its take.

    The word is there a cycle later, when the neuron pipeline wants it (its stage + 1).
    """
    return {
        "v": 0, "i": 0, "theta": 0, "v_decay": 0, "i_decay": 0, "adaptation": 0,
        "leak": 1,
        "bias": 2, "threshold": 2 if config.theta else 3,
        "reset": 3, "c": 3, "refractory": 3,
    }  # fmt: skip


class Updater(wiring.Component):
    """State and parameter memories of N neurons, and the pipeline between them.

    One neuron a cycle; the state of neuron k is written back 4 cycles after it was taken, 6 where
    memories are registered. It pauses while the spike queue could overflow, which happens only
    while the spike bus carries another spike. So an update takes at most N + F + 8 cycles, F being
    the spikes of all cores. A single slow core needs no queue: all its stages stand still while
    the spike bus takes no spike.

    When the host has selected a window, its offset is at all memories a cycle later.

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
    go : Out(1)
        Stages move. Who gives sums to them must stand still with them.
    take : Out(1), last : Out(1)
        The sum of the next neuron is wanted; `last` says that no more follow.
    accumulator : In(signed)
        Its sum, two cycles later.
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
    go: Signal
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
                "go": Out(1, init=1),
                "take": Out(1),
                "last": Out(1),
                "accumulator": In(signed(config.accumulator_bits)),
                "updated": Out(1),
                "fired": Out(1),
                "spikes": Out(stream.Signature(self._index_bits)),
                **{f"host_{w.name}": In(HostPort(w.word_bits)) for w in self.windows},
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        """Build memories, address pipeline, neuron and what leads spikes away."""
        m = Module()
        memories = self._memories(m)
        m.submodules.neuron = neuron = Neuron(self._config)
        cycles = neuron_stages(self._config) + 2 + self._config.memories_registered
        self._take = Signal()
        self._running = Signal()
        valid = [self._take, *(Signal(name=f"valid_{k}") for k in range(1, cycles))]
        m.d.sync += [late.eq(early) for early, late in itertools.pairwise(valid)]
        index = self._sequence(m, cycles)
        self._feed(m, self._words(m, memories, index), neuron)
        m.d.comb += neuron.s3_valid.eq(valid[-1 - self._config.memories_registered])
        if _loads(self._config):
            hosts = [getattr(self, f"host_{name}") for name in _LOADED]
            m.d.comb += [
                neuron.load.eq(Cat(host.select for host in hosts).any()),
                neuron.loaded_v.eq(hosts[0].data),
                neuron.loaded_i.eq(hosts[1].data),
            ]
        self._write_back(m, memories, neuron, index, valid)
        m.d.comb += [
            self.updated.eq(valid[-1] & self.go),
            self.fired.eq(neuron.fire & self.go),
        ]
        if not stands_still(self._config):
            self._enqueue(m, index[-1], valid)
            return m
        m.d.comb += [
            self._take.eq(self._running),
            self.go.eq(self.spikes.ready),
            self.spikes.valid.eq(neuron.fire),
            self.spikes.payload.eq(index[-1]),
            self.busy.eq(Cat(self._running, valid[1:]).any()),
        ]
        still: Elaboratable = EnableInserter(self.go)(m)
        return still

    def _enqueue(self, m: Module, index: Signal, valid: list[Signal]) -> None:
        """Let spikes wait in a queue; take no neuron that it may have no room for."""
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(width=self._index_bits, depth=_QUEUE)
        in_flight = sum(valid[1:], start=valid[1] & 0)
        room = Signal()
        if self._config.memories_registered:  # told of a cycle before
            m.d.sync += room.eq(queue.level + in_flight + self._take < _QUEUE)
        else:
            m.d.comb += room.eq(queue.level + in_flight < _QUEUE)
        m.d.comb += [
            self._take.eq(self._running & room),
            self.busy.eq(self._running | Cat(valid[1:]).any() | (queue.level != 0)),
            queue.w_data.eq(index),
            queue.w_en.eq(self.fired),
            self.spikes.valid.eq(queue.r_rdy),
            self.spikes.payload.eq(queue.r_data),
            queue.r_en.eq(self.spikes.ready),
        ]

    def _memories(self, m: Module) -> list[tuple[list[str], Any]]:
        """Build a memory for each group of windows; return the windows in each, and the memory."""
        windows = {window.name: window for window in self.windows}
        memories: list[tuple[list[str], Any]] = []
        for names in _TOGETHER_NARROW if _is_narrow(self._config) else _TOGETHER:
            here = [name for name in names if name in windows]
            if here:
                words = NeuronMemory(
                    self._config,
                    [windows[name] for name in here],
                    loaded=_loads(self._config) and here[0] in _LOADED,
                )
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
        cycle = _read_in_cycle(self._config)
        for names, stored in memories:
            first = min(cycle[name] for name in names)
            m.d.comb += stored.read_address.eq(index[first])
            for name in names:
                word = self._decoded(name, getattr(stored, f"word_{name}"))
                for k in range(cycle[name] - first):
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

    def _decoded(self, name: str, word: Value) -> Value:
        """Return a word with what its decay keeps in place of the decay."""
        if name.endswith("_decay"):
            return Cat(kept(word[:DECAY_BITS]), word[DECAY_BITS:])
        if name == "adaptation":
            plus = word[: self._config.state_bits - 1]
            decay = word[self._config.state_bits - 1 :]
            return Cat(plus, kept(Mux(self.theta_decays, decay, 0)))
        return word

    def _sequence(self, m: Module, cycles: int) -> list[Signal]:
        """Count through the neurons; return the index of each cycle after the take."""
        count = Signal(11)
        index = [Signal(self._index_bits, name=f"index_{k}") for k in range(cycles)]
        selected, offset = Signal(), Signal(self._index_bits)
        for window in self.windows:
            host = getattr(self, f"host_{window.name}")
            with m.If(host.select):
                m.d.comb += [selected.eq(1), offset.eq(host.offset)]
        m.d.comb += index[0].eq(Mux(selected, offset, count))
        for early, late in itertools.pairwise(index):
            m.d.sync += late.eq(Mux(selected, offset, early))
        with m.If(self.start):
            m.d.sync += [count.eq(0), self._running.eq(self.neurons_in_use != 0)]
        with m.Elif(self._take):
            m.d.sync += count.eq(count + 1)
            with m.If(self.last):
                m.d.sync += self._running.eq(0)
        m.d.comb += self.take.eq(self._take)
        if self._config.memories_registered:  # found out a cycle before
            last = Signal.like(self.neurons_in_use)
            m.d.sync += last.eq(self.neurons_in_use - 1)
            with m.If(self.start):
                m.d.sync += self.last.eq(last == 0)
            with m.Elif(self._take):
                m.d.sync += self.last.eq(count + 1 == last)
        else:
            m.d.comb += self.last.eq(count + 1 == self.neurons_in_use)
        return index

    def _feed(
        self,
        m: Module,
        word: dict[str, Value],
        neuron: Neuron,
    ) -> None:
        """Split words into the neuron's inputs."""
        gain = word["v_decay"][DECAY_BITS:]
        mode = word["i_decay"][DECAY_BITS:]
        accumulator: Value = self.accumulator
        if self._config.memories_registered:
            accumulator = _late(m, accumulator, 1, "accumulator")
        hold_mode = _late(m, mode, 3, "mode")
        m.d.comb += [
            neuron.s0_v.eq(word["v"]),
            neuron.s0_i.eq(word["i"]),
            neuron.s0_v_kept.eq(word["v_decay"][:DECAY_BITS]),
            neuron.s0_i_kept.eq(word["i_decay"][:DECAY_BITS]),
            neuron.s1_accumulator.eq(accumulator),
            neuron.s1_gain.eq(_late(m, gain, 1, "gain")),
            neuron.s1_leak.eq(word["leak"]),
            neuron.s2_bias.eq(word["bias"]),
            neuron.s3_reset.eq(word["reset"]),
            neuron.s3_count.eq(word["c"]),
            neuron.s3_reset_mode.eq(hold_mode[0]),
            neuron.s3_hold.eq(hold_mode[1]),
            neuron.s3_refractory.eq(word["refractory"]),
        ]
        if not self._config.theta:
            m.d.comb += neuron.s3_threshold.eq(word["threshold"])
            return
        plus = word["adaptation"][: self._config.state_bits - 1]
        m.d.comb += [
            neuron.s2_threshold.eq(word["threshold"]),
            neuron.s0_theta.eq(word["theta"]),
            neuron.s0_theta_kept.eq(word["adaptation"][self._config.state_bits - 1 :]),
            neuron.s3_theta_plus.eq(_late(m, plus, 3, "theta_plus")),
        ]

    def _write_back(
        self,
        m: Module,
        memories: list[tuple[list[str], Any]],
        neuron: Neuron,
        index: list[Signal],
        valid: list[Signal],
    ) -> None:
        """Write each result when it is there, or with the others of its memory."""
        results: dict[str, Value] = {
            "v": neuron.v, "c": neuron.count, "theta": neuron.theta
        }  # fmt: skip
        early = neuron_stages(self._config) - 2  # cycles by which the current is there before
        for names, stored in memories:
            at = -1
            if names == ["i"]:
                at -= early
                results["i"] = neuron.i
            elif "i" in names:
                results["i"] = _late(m, neuron.i, early, "i")
            m.d.comb += [stored.write_address.eq(index[at]), stored.write.eq(valid[at])]
            for name in names:
                if name in results:
                    m.d.comb += getattr(stored, f"new_{name}").eq(results[name])


def _is_narrow(config: ArrayConfig) -> bool:
    return config.state_bits <= _NARROW_BITS


def _loads(config: ArrayConfig) -> bool:
    """Return whether the host's words for `_LOADED` go through the neuron.

    That takes no multiplexers of their own, but they are soon enough there only if the neuron's
    outputs are no registers and the current waits for nothing.
    """
    return _is_narrow(config) and not config.memories_registered


def _late(m: Module, value: Value, cycles: int, name: str) -> Value:
    """Return what a value was some cycles before."""
    for k in range(cycles):
        late = Signal.like(value, name=f"{name}_late_{k}")
        m.d.sync += late.eq(value)
        value = late
    return value
