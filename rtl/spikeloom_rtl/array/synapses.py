"""The synapse memory of a core: rows of words of L weights, each with its plastic flag."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig

from .forms import synapses_are_far
from .host_memory import HostMemory, HostPort

__all__ = ["SynapseAccess", "Synapses"]


class SynapseAccess(wiring.Signature):
    """The learner's way to the synapse memory, seen from the learner.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Members
    -------
    read : Out(1), address : Out
        Read a word; the integrator does not.
    weights, flags : In
        The word that was read two cycles before, whoever read it.
    early : In
        The weights that were read in the cycle before.
    write : Out(1), write_address, new_weights, new_flags : Out
        Write a word.
    """

    def __init__(self, config: ArrayConfig) -> None:
        depth = config.rows_per_core * config.words_per_row
        address = max(1, (depth - 1).bit_length())
        weights = config.lanes * config.weight_bits
        super().__init__(
            {
                "read": Out(1),
                "address": Out(address),
                "weights": In(weights),
                "flags": In(config.lanes),
                "early": In(weights),
                "write": Out(1),
                "write_address": Out(address),
                "new_weights": Out(weights),
                "new_flags": Out(config.lanes),
            }
        )


class Synapses(wiring.Component):
    """One memory of ``rows * S`` words; weight and flag of a lane stand side by side.

    Block memories of most parts have a ninth bit per byte, which is where the flag goes. The host
    sees weights and flags as two windows, whose words are at most 8 lanes of one here; writing one
    keeps the other, since it was read the cycle before. Latency 2 cycles, throughput one read
    and one write a cycle; with one port, whoever reads waits while a word is written. Where
    synapses are far, a word is written a cycle late.

    Parameters
    ----------
    config : ArrayConfig
        R, S, L, weight_bits, plastic.

    Members
    -------
    address : In
        ``row * S + word``.
    weights : Out
        L weights, lane 0 lowest, of the `address` of two cycles before.
    learner : In(SynapseAccess)
        Its flags are zero where the build keeps none here.
    host_weights : In(HostPort)
    host_flags : In(HostPort), only if ``config.plastic == "synapse"``
    """

    address: Signal
    weights: Signal
    learner: Any
    host_weights: Any
    host_flags: Any

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        self._depth = config.rows_per_core * config.words_per_row
        self._has_flags = config.plastic == "synapse"
        address_bits = max(1, (self._depth - 1).bit_length())
        members = {
            "address": In(address_bits),
            "weights": Out(config.lanes * config.weight_bits),
            "learner": In(SynapseAccess(config)),
            "host_weights": In(HostPort(config.window_lanes * config.weight_bits)),
        }
        if self._has_flags:
            members["host_flags"] = In(HostPort(config.window_lanes))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        """Build the memory and the two host windows on it."""
        m = Module()
        lanes, bits = self._config.lanes, self._config.weight_bits
        stride = bits + (1 if self._has_flags else 0)
        shown = self._config.window_lanes
        m.submodules.words = words = HostMemory(
            width=lanes * stride,
            depth=self._depth,
            parts=lanes // shown,
            ports=self._config.synapse_ports,
            far=synapses_are_far(self._config),
            banked=True,
        )
        # Block memories are slow to show a word, and adders wait for it: a register between them.
        shown_word = Signal.like(words.read_data)
        m.d.sync += shown_word.eq(words.read_data)
        old = [shown_word.word_select(lane, stride) for lane in range(lanes)]
        host, learner = self.host_weights, self.learner
        m.d.comb += [
            words.read_address.eq(Mux(learner.read, learner.address, self.address)),
            self.weights.eq(Cat(word[:bits] for word in old)),
            learner.weights.eq(self.weights),
            learner.early.eq(
                Cat(words.read_data.word_select(lane, stride)[:bits] for lane in range(lanes))
            ),
            words.write_en.eq(learner.write),
            words.write_address.eq(learner.write_address),
        ]
        for lane in range(lanes):
            new = words.write_data.word_select(lane, stride)
            m.d.comb += new.eq(
                Cat(learner.new_weights.word_select(lane, bits), learner.new_flags[lane])[:stride]
            )
        part = words.host
        part_word = part.read_data
        if self._config.cores_are_many:
            # Many lanes of many cores to choose from, far from the one who asked.
            part_word = Signal.like(part.read_data, name="part_word")
            m.d.sync += part_word.eq(part.read_data)
        elif self._config.memories_registered:
            # The fabric waits, so the host is as well served by the register.
            place = part.offset[: (lanes // shown).bit_length() - 1]
            part_word = shown_word.word_select(place, len(part_word))
        if not self._has_flags:
            m.d.comb += [
                part.select.eq(host.select),
                part.offset.eq(host.offset),
                part.commit.eq(host.commit),
                part.data.eq(host.data),
                host.read_data.eq(part_word),
            ]
            return m
        flags = self.host_flags
        part_old = [part_word.word_select(lane, stride) for lane in range(shown)]
        m.d.comb += [
            learner.flags.eq(Cat(word[bits] for word in old)),
            host.read_data.eq(Cat(word[:bits] for word in part_old)),
            flags.read_data.eq(Cat(word[bits] for word in part_old)),
            part.select.eq(host.select | flags.select),
            part.offset.eq(Mux(host.select, host.offset, flags.offset)),
            part.commit.eq(host.commit | flags.commit),
        ]
        for lane in range(shown):
            merged = part.data.word_select(lane, stride)
            weight = host.data.word_select(lane, bits)
            m.d.comb += [
                merged[:bits].eq(Mux(host.select, weight, part_old[lane][:bits])),
                merged[bits].eq(Mux(flags.select, flags.data[lane], part_old[lane][bits])),
            ]
        return m
