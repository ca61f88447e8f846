"""The weight changer: L lanes that change the words which integrator and sweeper visit."""

from itertools import pairwise
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import Phase

from ..array.core_control import CoreRegisters
from ..array.host_memory import HostMemory, HostPort
from .fractions import CHANGE_BITS
from .lane import LANE_STAGES, Lane
from .randomness import lane_numbers
from .third_term import ThirdTerm, third_term_of
from .word_visit import WordVisit

__all__ = ["WeightChanger"]

_STAGES = 1 + LANE_STAGES
"""Cycles from a visit to the word that is written."""

_GROUP_LANES = 8
"""Lanes that are told together what to do, in fast builds."""


class WeightChanger(wiring.Component):
    """Follows each visit: takes the word that was read, and writes it back if it has changed.

    A word goes to be written 4 cycles after its address was at the memory; throughput one word a
    cycle. No word is visited twice within those cycles, or in the one after: an axon is active once
    a step and no two share a row, and arrivals have passed long before spikes change anything.

    Parameters
    ----------
    config : ArrayConfig
        L, widths, eligibility.
    core : int
        Number of the core, for the global index of its neurons.

    Members
    -------
    registers : In(CoreRegisters)
    visit : In(WordVisit)
    weights, flags, effects : In
        Of the word visited in the cycle before.
    write : Out(1), address : Out, new_weights : Out, new_flags : Out
        To the synapse memory.
    busy : Out(1)
        A word has not been written back.
    host : In(HostPort)
        Window ``eligibility``; only where built in.
    """

    registers: Any
    visit: Any
    weights: Signal
    flags: Signal
    effects: Signal
    write: Signal
    address: Signal
    new_weights: Signal
    new_flags: Signal
    busy: Signal
    host: Any

    def __init__(self, config: ArrayConfig, core: int) -> None:
        self._config = config
        self._first_neuron = core * config.neurons_per_core
        lanes, depth = config.lanes, config.rows_per_core * config.words_per_row
        members: dict[str, Any] = {
            "registers": In(CoreRegisters(config)),
            "visit": In(WordVisit(config)),
            "weights": In(lanes * config.weight_bits),
            "flags": In(lanes),
            "effects": In(lanes * CHANGE_BITS),
            "write": Out(1),
            "address": Out(max(1, (depth - 1).bit_length())),
            "new_weights": Out(lanes * config.weight_bits),
            "new_flags": Out(lanes),
            "busy": Out(1),
        }
        if config.eligibility:
            members["host"] = In(HostPort(config.window_lanes * 8))
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        """Build the lanes and the stages beside them."""
        m = Module()
        config = self._config
        visit = self.visit
        valid = [visit.valid, *(Signal(name=f"valid_{k}") for k in range(1, _STAGES + 1))]
        address = [
            visit.address,
            *(Signal.like(self.address, name=f"address_{k}") for k in range(1, _STAGES + 1)),
        ]
        flags = [
            self.flags,
            *(Signal.like(self.flags, name=f"flags_{k}") for k in range(LANE_STAGES)),
        ]
        for k, (early, late) in enumerate(pairwise(flags)):
            with m.If(valid[k + 1]):
                m.d.sync += late.eq(early)
        for k in range(_STAGES):
            m.d.sync += valid[k + 1].eq(valid[k])
            with m.If(valid[k]):
                m.d.sync += address[k + 1].eq(address[k])
        lanes = self._lanes(m, valid[1])
        m.d.comb += [
            self.address.eq(address[-1]),
            self.write.eq(valid[-1] & Cat(lane.weight_changes for lane in lanes).any()),
            self.new_weights.eq(Cat(lane.new_weight for lane in lanes)),
            self.new_flags.eq(flags[-1]),
            self.busy.eq(Cat(valid[1:]).any()),
        ]
        if config.eligibility:
            self._remember(m, lanes, valid[-1], address[-1])
        return m

    def _lanes(self, m: Module, visited: Signal) -> list[Lane]:
        """Build the lanes, and what they are told in the cycle after a visit."""
        config, visit = self._config, self.visit
        allowed, phase = Signal(config.lanes), Signal.like(visit.phase)
        learns = self.registers.learning.change
        if config.eligibility:
            learns = learns | (visit.phase == Phase.REWARD)
        with m.If(visit.valid):
            m.d.sync += [
                phase.eq(visit.phase),
                allowed.eq(Mux(visit.plastic & learns, visit.lanes, 0)),
            ]
        base = (Const(self._first_neuron, 15) + visit.word * config.lanes)[:15]
        numbers = lane_numbers(m, visit.key, base, config.lanes, visit.valid)
        lanes = [Lane(config) for _ in range(config.lanes)]
        for k, (lane, group) in enumerate(zip(lanes, self._told(m), strict=True)):
            m.submodules[f"lane_{k}"] = lane
            wiring.connect(m, wiring.flipped(self.registers), lane.registers)
            mine = self.effects.word_select(k, CHANGE_BITS).as_signed()
            flag = self.flags[k] if config.plastic == "synapse" else 1
            m.d.comb += [
                lane.visited.eq(visited),
                lane.phase.eq(phase),
                lane.enable.eq(allowed[k] & flag),
                lane.weight.eq(self.weights.word_select(k, config.weight_bits)),
                lane.change.eq(Mux(group.arrives, mine, group.effect)),
                lane.term.eq(group.term),
                lane.number.eq(numbers[k]),
            ]
        return lanes

    def _told(self, m: Module) -> list[Any]:
        """Return what each lane is told: the same for all, kept once for each group of them.

        In fast builds groups are small: one register for all lanes of a wide core would be far from
        most of them. A group of which no lane is visited changes nothing, and need not be told.
        """
        config, visit = self._config, self.visit
        size = _GROUP_LANES if config.memories_registered else config.lanes
        told = {"arrives": 1, "effect": visit.effect.shape(), "term": ThirdTerm()}
        term = third_term_of(m, self.registers, visit.phase)
        of_lanes: list[Any] = []
        for first in range(0, config.lanes, size):
            group = Signal(data.StructLayout(told), name=f"told_{first}")
            with m.If(visit.valid & visit.lanes[first : first + size].any()):
                m.d.sync += [
                    group.arrives.eq(visit.phase == Phase.ARRIVAL),
                    group.effect.eq(visit.effect),
                    group.term.eq(term),
                ]
            of_lanes += [group] * min(size, config.lanes - first)
        return of_lanes

    def _remember(self, m: Module, lanes: list[Lane], valid: Value, address: Value) -> None:
        """Build the eligibility memory, which is visited beside the synapses."""
        config = self._config
        m.submodules.eligibility = traces = HostMemory(
            width=config.lanes * 8,
            depth=config.rows_per_core * config.words_per_row,
            parts=config.lanes // config.window_lanes,
            banked=True,
        )
        wiring.connect(m, wiring.flipped(self.host), traces.host)
        m.d.comb += [
            traces.read_address.eq(self.visit.address),
            traces.write_address.eq(address),
            traces.write_data.eq(Cat(lane.new_eligibility for lane in lanes)),
            traces.write_en.eq(valid),
        ]
        for k, lane in enumerate(lanes):
            m.d.comb += lane.eligibility.eq(traces.read_data.word_select(k, 8))
