"""Small designs that make yosys use the cells of the boards, and stimulus for them."""

from collections.abc import Sequence

import numpy as np
from amaranth.hdl import Module, Shape, signed, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out
from memory_shapes import MemoryShape, Product

from spikeloom_rtl.array.host_memory import HostMemory

__all__ = ["Memories", "Multipliers", "SinglePort"]

_FEW = 4
"""Addresses that are used at a time, so that reads meet writes."""
_PHASE_CYC = 40


class Memories(wiring.Component):
    """One memory of each shape, with its ports outside; memory k has ``ra_k``, ``wd_k`` ...."""

    def __init__(self, shapes: Sequence[MemoryShape]) -> None:
        self.shapes = shapes
        members = {}
        for k, shape in enumerate(shapes):
            address = Shape((shape.depth - 1).bit_length())
            members |= {f"ra_{k}": In(address), f"re_{k}": In(1), f"rd_{k}": Out(shape.width)}
            if shape.lanes:
                members |= {
                    f"wa_{k}": In(address), f"we_{k}": In(shape.lanes), f"wd_{k}": In(shape.width)
                }  # fmt: skip
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for k, shape in enumerate(self.shapes):
            rng = np.random.default_rng(k)
            init = (
                rng.integers(1 << shape.width, size=shape.depth).tolist() if shape.initial else []
            )
            words: memory.Memory = memory.Memory(shape=shape.width, depth=shape.depth, init=init)
            m.submodules[f"memory_{k}"] = words
            writers = ()
            if shape.lanes:
                write = words.write_port(granularity=shape.width // shape.lanes)
                writers = (write,)
                for name, signal in (("wa", write.addr), ("we", write.en), ("wd", write.data)):
                    m.d.comb += signal.eq(getattr(self, f"{name}_{k}"))
            read = words.read_port(transparent_for=writers if shape.transparent else ())
            m.d.comb += [
                read.addr.eq(getattr(self, f"ra_{k}")),
                read.en.eq(getattr(self, f"re_{k}")),
                getattr(self, f"rd_{k}").eq(read.data),
            ]
        return m

    def stimulus(self, rng: np.random.Generator, cycles: int) -> dict[str, list[int]]:
        """Reads and writes of a few addresses at a time, everywhere in turn."""
        values: dict[str, list[int]] = {}
        for k, shape in enumerate(self.shapes):
            base = np.repeat(rng.integers(0, shape.depth, -(-cycles // _PHASE_CYC)), _PHASE_CYC)
            # The ends of the memory take part, too.
            base[: 2 * _PHASE_CYC] = np.repeat([0, max(0, shape.depth - _FEW)], _PHASE_CYC)

            def near(base: np.ndarray = base, depth: int = shape.depth) -> list[int]:
                return ((base[:cycles] + rng.integers(0, _FEW, cycles)) % depth).tolist()

            values[f"ra_{k}"] = near()
            # What a read port shows before its first read is not defined.
            values[f"re_{k}"] = [1, *(rng.random(cycles - 1) < 0.8).astype(int).tolist()]
            if shape.lanes:
                values[f"wa_{k}"] = near()
                masks = rng.integers(0, 1 << shape.lanes, cycles)
                masks[rng.random(cycles) < 0.3] = (1 << shape.lanes) - 1
                values[f"we_{k}"] = masks.tolist()
                values[f"wd_{k}"] = [
                    int.from_bytes(rng.bytes(-(-shape.width // 8)), "little")
                    & (1 << shape.width) - 1
                    for _ in range(cycles)
                ]
        return values


class Multipliers(wiring.Component):
    """One product of each kind, ``y_k = a_k * b_k``; every other one with a register behind it."""

    def __init__(self, products: Sequence[Product]) -> None:
        self.products = products
        members = {}
        for k, product in enumerate(products):
            shape = signed if product.signed else unsigned
            members |= {
                f"a_{k}": In(shape(product.a_bits)),
                f"b_{k}": In(shape(product.b_bits)),
                f"y_{k}": Out(shape(product.a_bits + product.b_bits)),
            }
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for k in range(len(self.products)):
            product = getattr(self, f"a_{k}") * getattr(self, f"b_{k}")
            # Parts may take a register behind the product into the multiplier.
            domain = m.d.sync if k % 2 else m.d.comb
            domain += getattr(self, f"y_{k}").eq(product)
        return m

    def stimulus(self, rng: np.random.Generator, cycles: int) -> dict[str, list[int]]:
        """Operands from extremes and from everywhere."""
        values = {}
        for k, product in enumerate(self.products):
            for name, bits in (("a", product.a_bits), ("b", product.b_bits)):
                low = -(1 << bits - 1) if product.signed else 0
                high = low + (1 << bits) - 1
                drawn = rng.integers(low, high + 1, cycles)
                extreme = rng.random(cycles) < 0.3
                corners = [low, high, 0, min(1, high), max(-1, low)]
                drawn[extreme] = rng.choice(corners, int(extreme.sum()))
                values[f"{name}_{k}"] = drawn.tolist()
        return values


class SinglePort(wiring.Component):
    """The gateware's memory with one port, as large as the one of a part; the array's side."""

    DEPTH, WIDTH, WORDS = 16384, 32, 16
    """Words, their bits, and how many words are used."""

    def __init__(self) -> None:
        address = Shape((self.DEPTH - 1).bit_length())
        super().__init__(
            {
                "ra": In(address), "re": In(1), "rd": Out(self.WIDTH),
                "wa": In(address), "we": In(1), "wd": In(self.WIDTH),
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.words = words = HostMemory(width=self.WIDTH, depth=self.DEPTH, ports=1)
        m.d.comb += [
            words.read_address.eq(self.ra),
            words.read_en.eq(self.re),
            self.rd.eq(words.read_data),
            words.write_address.eq(self.wa),
            words.write_en.eq(self.we),
            words.write_data.eq(self.wd),
        ]
        return m

    def stimulus(self, rng: np.random.Generator, cycles: int) -> dict[str, list[int]]:
        """Write some words, since none has contents at power-up; then write and read them."""
        places = rng.integers(0, self.DEPTH, self.WORDS)
        writes = np.concatenate([places, rng.choice(places, cycles - self.WORDS)])
        enables = rng.random(cycles) < 0.4
        enables[: self.WORDS] = True
        return {
            "ra": rng.choice(places, cycles).tolist(),
            "re": (rng.random(cycles) < 0.7).astype(int).tolist(),
            "wa": writes.tolist(),
            "we": enables.astype(int).tolist(),
            "wd": rng.integers(0, 1 << self.WIDTH, cycles).tolist(),
        }
