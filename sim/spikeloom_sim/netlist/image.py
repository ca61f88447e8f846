"""A netlist as the words that the engine reads: nets numbered, gates in levels, lists of sinks."""

import dataclasses
from collections.abc import Iterable

import numpy as np

from .errors import NetlistError
from .gates import CONST_0, CONST_1, Bit, Flop
from .models import group_models
from .reader import Netlist

__all__ = ["Image", "make_image"]

_ZERO, _ONE = 0, 1
"""Nets that never change."""
_LUT, _FLOP, _RAM, _COMB_PIN, _SEQ_PIN = range(5)
_KIND_BITS, _PIN_BITS = 3, 4
_RAM_WRITE_ADDRESS, _RAM_DATA, _RAM_WRITE_ENABLE = 4, 8, 12


@dataclasses.dataclass(frozen=True)
class Image:
    """What the engine is built from.

    Attributes
    ----------
    words : bytes
        Little-endian words of 32 bits, in the order of ``engine.h``.
    verilog : str
        Modules ``comb_cells`` and ``seq_cells``.
    levels : int
        Gates in a row, at the most.
    """

    words: bytes
    verilog: str
    levels: int


class _Nets:
    """Numbers of nets; bits that are the same have the same."""

    def __init__(self, aliases: Iterable[tuple[Bit, Bit]]) -> None:
        self._parent: dict[Bit, Bit] = {}
        for driven, other in aliases:
            root, name = self._root(driven), self._root(other)
            if root != name:
                # A constant stays the root of all that are equal to it.
                self._parent[name] = root
        self._numbers: dict[Bit, int] = {CONST_0: _ZERO, "x": _ZERO, "z": _ZERO, CONST_1: _ONE}
        self.count = 2

    def _root(self, bit: Bit) -> Bit:
        while bit in self._parent:
            bit = self._parent[bit]
        return bit

    def number(self, bit: Bit) -> int:
        known = self._numbers.get(bit)
        if known is None:
            root = self._root(bit)
            if root == bit or root not in self._numbers:
                self._numbers[root] = self.count
                self.count += 1
            known = self._numbers[bit] = self._numbers[root]
        return known


class _Builder:
    def __init__(self, netlist: Netlist, clock: Bit) -> None:
        self.clock = clock
        gates = netlist.gates
        self.gates = gates
        self.netlist = netlist
        gated = [(source, out) for source, _, out in gates.gates]
        self.clock_nets = _Nets([*gates.aliases, *gated])
        self.nets = _Nets(gates.aliases)
        constants = {_ZERO: "1'b0", _ONE: "1'b1"}
        number = self.nets.number
        self.comb = group_models(
            "comb_cells", [m for m in gates.models if not m.sequential], number, constants
        )
        self.seq = group_models(
            "seq_cells", [m for m in gates.models if m.sequential], number, constants
        )
        self.sinks: dict[int, list[int]] = {}

    def clock_gate(self) -> int:
        """Check that there is one clock; return the net that lets it through to the array."""
        clock = self.clock_nets.number(self.clock)
        gates = self.gates
        clocked = [
            *((flop.clock, "a flip-flop") for flop in gates.flops),
            *((ram.clock, "a distributed RAM") for ram in gates.rams),
            *(
                (model.cell.pin(name), model.cell.name)
                for model in gates.models
                for name in model.clocks
                if model.cell.pin(name) not in (CONST_0, CONST_1)
            ),
        ]
        for bit, name in clocked:
            if self.clock_nets.number(bit) != clock:
                raise NetlistError(
                    f"everything must have the board's clock, but {name} has another ({bit!r}); "
                    f"netlists with more than one clock are not simulated"
                )
        if len(gates.gates) > 1:
            raise NetlistError(
                f"a netlist must have at most one clock gate, not {len(gates.gates)}; "
                f"gate the clock once"
            )
        return self.nets.number(gates.gates[0][1]) if gates.gates else _ONE

    def is_gated(self, clock: Bit) -> bool:
        return any(self.nets.number(clock) == self.nets.number(out) for *_, out in self.gates.gates)

    def sink(self, bit: Bit | None, kind: int, number: int, pin: int, net: int = -1) -> None:
        net = self.nets.number(bit) if bit is not None else net
        if net != _ZERO:
            code = kind | pin << _KIND_BITS | number << (_KIND_BITS + _PIN_BITS)
            self.sinks.setdefault(net, []).append(code)

    def connect(self) -> None:
        """List where each net leads to."""
        for number, lut in enumerate(self.gates.luts):
            for pin, bit in enumerate(lut.inputs):
                self.sink(bit, _LUT, number, pin)
        for number, flop in enumerate(self.gates.flops):
            for pin, bit in enumerate((flop.data, flop.enable, flop.reset)):
                self.sink(bit, _FLOP, number, pin)
        for number, ram in enumerate(self.gates.rams):
            for first, bits in (
                (0, ram.read_address),
                (_RAM_WRITE_ADDRESS, ram.write_address),
                (_RAM_DATA, ram.data),
                (_RAM_WRITE_ENABLE, (ram.write_enable,)),
            ):
                for pin, bit in enumerate(bits, first):
                    self.sink(bit, _RAM, number, pin)
        for kind, group in ((_COMB_PIN, self.comb), (_SEQ_PIN, self.seq)):
            for number, net in enumerate(group.inputs):
                self.sink(None, kind, number, 0, net)

    def nodes(self) -> list[tuple[list[int], list[int]]]:
        """Inputs and outputs of everything with a path that needs no clock edge."""
        number = self.nets.number
        found = [([number(b) for b in lut.inputs], [number(lut.out)]) for lut in self.gates.luts]
        found += [
            ([number(b) for b in ram.read_address], [number(b) for b in ram.out])
            for ram in self.gates.rams
        ]
        comb_inputs: list[list[int]] = [[] for _ in self.comb.output_ranges]
        for net, model in zip(self.comb.inputs, self.comb.input_models, strict=True):
            comb_inputs[model].append(net)
        for model, (first, end) in enumerate(self.comb.output_ranges):
            found.append((comb_inputs[model], list(self.comb.outputs[first:end])))
        return found

    def check_drivers(self, nodes: list[tuple[list[int], list[int]]]) -> None:
        """Every net has one driver, and every net that leads somewhere has one."""
        number = self.nets.number
        driven = [net for _, outputs in nodes for net in outputs]
        driven += [number(flop.out) for flop in self.gates.flops]
        driven += self.seq.outputs
        driven += [number(bit) for bit in self.netlist.inputs]
        once = set(driven)
        if len(once) != len(driven) or once & {_ZERO, _ONE}:
            raise NetlistError("every net must have one driver, and some have two; build it again")
        loose = set(self.sinks) - once - {_ONE}
        if loose:
            raise NetlistError(
                f"every net must have a driver, but {len(loose)} have none; build it again"
            )


def _levels(nodes: list[tuple[list[int], list[int]]]) -> list[int]:
    """Give each node a level above those of all nodes that it depends on."""
    driver = {net: node for node, (_, outputs) in enumerate(nodes) for net in outputs}
    waits_for = [[driver[net] for net in inputs if net in driver] for inputs, _ in nodes]
    leads_to: list[list[int]] = [[] for _ in nodes]
    missing = [len(before) for before in waits_for]
    for node, before in enumerate(waits_for):
        for earlier in before:
            leads_to[earlier].append(node)
    level = [0] * len(nodes)
    ready = [node for node, count in enumerate(missing) if count == 0]
    done = 0
    while ready:
        node = ready.pop()
        done += 1
        for later in leads_to[node]:
            level[later] = max(level[later], level[node] + 1)
            missing[later] -= 1
            if missing[later] == 0:
                ready.append(later)
    if done != len(nodes):
        raise NetlistError(
            f"gates must form no loops, but {len(nodes) - done} of {len(nodes)} do; "
            f"loops without a flip-flop are not simulated"
        )
    return level


def make_image(
    netlist: Netlist, *, clock: Bit, ports: Iterable[Bit], settings: Iterable[int] = ()
) -> Image:
    """Turn a netlist into what the engine reads.

    Parameters
    ----------
    netlist : Netlist
        The netlist.
    clock : Bit
        Input with the clock.
    ports : iterable of Bit
        Bits that whoever drives the engine wants to set and see.
    settings : iterable of int
        Numbers for whoever drives the engine.

    Raises
    ------
    NetlistError
        If there is more than one clock, a loop, or a net without a driver.
    """
    builder = _Builder(netlist, clock)
    gate = builder.clock_gate()
    builder.connect()
    nodes = builder.nodes()
    builder.check_drivers(nodes)
    level = _levels(nodes)
    number, gates = builder.nets.number, netlist.gates
    comb_clocked = any(
        model.cell.pin(pin) not in (CONST_0, CONST_1)
        for model in gates.models
        if not model.sequential
        for pin in model.clocks
    )
    sections: list[list[int]] = [
        [word for lut in gates.luts for word in (number(lut.out), lut.table)],
        [word for flop in gates.flops for word in (number(flop.out), _flags(builder, flop))],
        [
            word
            for ram in gates.rams
            for word in (*map(number, ram.out), ram.contents & 0xFFFF_FFFF, ram.contents >> 32)
        ],
        list(builder.comb.input_models),
        [bit for pair in builder.comb.output_ranges for bit in pair],
        list(builder.comb.outputs),
        list(builder.seq.outputs),
        level,
        *_fan_out(builder),
    ]
    listed, numbers = [number(bit) for bit in ports], list(settings)
    words = [len(listed), *listed, len(numbers), *numbers, gate, int(comb_clocked)]
    words += [word for section in sections for word in (len(section), *section)]
    levels = 1 + max(level, default=0)
    return Image(
        words=np.array([*words, levels], "<u4").tobytes(),
        verilog=builder.comb.verilog + builder.seq.verilog,
        levels=levels,
    )


def _flags(builder: _Builder, flop: Flop) -> int:
    flags = (
        flop.reset_value,
        flop.asynchronous,
        flop.initial,
        flop.enabled_reset,
        builder.is_gated(flop.clock),
    )
    return sum(flag << place for place, flag in enumerate(flags))


def _fan_out(builder: _Builder) -> tuple[list[int], list[int]]:
    begins, codes = [0], list[int]()
    for net in range(builder.nets.count):
        codes.extend(builder.sinks.get(net, ()))
        begins.append(len(codes))
    return begins, codes
