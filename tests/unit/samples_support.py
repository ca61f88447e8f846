"""Networks that are stimulated and counted on the chip, for tests of compiler and board."""

import numpy as np
from hypothesis import strategies as st

from spikeloom import LIF, LatencyEncoder, Network, RandomEncoder, RateEncoder
from spikeloom.contract import CONFIGS, ArrayConfig, MemoryMap

SAMPLING = CONFIGS["tiny"].replace(sampling=True, pattern_words=64)
"""A small array with samples built in."""
PLAIN = CONFIGS["tiny"].replace(sampling=False)


def brightest(encoder=None, **options) -> Network:
    """Three channels, three neurons that fire as they do, one group each."""
    net = Network("brightest")
    eyes = net.input("eyes", 3, encoder=encoder or RateEncoder())
    cells = net.population("cells", 3, LIF(threshold=0.5, v_decay=1.0), **options)
    net.connect(eyes, cells, 1.0, one_to_one=True)
    net.readout(cells, names=["left", "middle", "right"])
    return net


@st.composite
def chip_networks(draw) -> Network:
    """Random networks for `SAMPLING`: encoded, silent and noisy inputs, delays, groups."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    net = Network("random")
    kinds = draw(st.permutations(["encoded", "plain", "noise"]))
    sources = []
    for kind in kinds:
        if kind == "encoded":
            encoder = draw(
                st.sampled_from(
                    [RateEncoder(), RateEncoder(0.3), RandomEncoder(0.7), LatencyEncoder(6)]
                )
            )
            sources.append(net.input("eyes", 4, encoder=encoder))
        elif draw(st.booleans()):
            plain = kind == "plain"
            sources.append(net.input("ears", 2) if plain else net.noise("hum", 2, [0.2, 0.05]))
    neuron = LIF(threshold=1.0, v_decay=0.25, refractory=int(rng.integers(0, 3)))
    inner = net.population("inner", 5, neuron, report=draw(st.booleans()))
    outer = net.population("outer", 4, LIF(threshold=0.7, v_decay=0.5), scale=50)
    for source in sources:
        delay = rng.integers(0, 2, (source.size, 5)) if draw(st.booleans()) else 0
        net.connect(source, inner, rng.uniform(-0.3, 1.2, (source.size, 5)), delay=delay)
    net.connect(inner, outer, rng.uniform(-0.5, 1.0, (5, 4)))
    groups = draw(st.lists(st.integers(-1, 3), min_size=4, max_size=4))
    net.readout(outer, [0, *groups[1:]])
    return net


def contents(program, name: str, config: ArrayConfig = SAMPLING) -> dict[str, np.ndarray]:
    """Return what a window holds once a program is loaded, by field."""
    window = MemoryMap(config)[name]
    data = bytearray(window.depth * window.word_bytes)
    for image in program.images:
        if image.window == name:
            first = image.offset * window.word_bytes
            data[first : first + len(image.data)] = image.data
    return window.unpack(bytes(data))


def register(program, name: str) -> int:
    """Return the value of a control register that a program writes, 0 if it does not."""
    from spikeloom.contract.registers import CONTROL_REGISTERS

    return program.control.get(CONTROL_REGISTERS[name].offset, 0)
