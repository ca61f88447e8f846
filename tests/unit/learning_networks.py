"""Rules, builds and networks for tests of learning, and what the compiler writes for them."""

import numpy as np

from spikeloom.contract import CONFIGS, ArrayConfig, MemoryMap
from spikeloom.contract.registers import CORE_REGISTERS, core_register, core_registers
from spikeloom.network import LIF, STDP, Network

TINY = CONFIGS["tiny"]
ELIGIBLE = TINY.replace(eligibility=True)
BY_ROW = ArrayConfig(
    name="by row", cores=2, neurons_per_core=8, axons=32, rows_per_core=32, lanes=4, plastic="row"
)
NONE = TINY.replace(plastic="none")
RULE = STDP(a_plus=0.1, a_minus=0.2, w_max=1.0)
RAW = STDP.raw(a1=(-1, 8), b1=(1, 8))


def layer(rule=RULE, inputs=4, cells=6, *, weights=1.0, scale=None, **options):
    net = Network("layer")
    a = net.input("a", inputs)
    b = net.population("b", cells, LIF(threshold=100 * weights), scale=scale)
    net.connect(a, b, weights, stdp=rule, **options)
    return net


def registers(program, core):
    """Return the learning registers of a core, unpacked; `plastic_rows` as it is."""
    values = {}
    for name in core_registers(program.config):
        if (offset := core_register(name, core)) in program.control:
            register = CORE_REGISTERS[name]
            word = program.control[offset]
            values[name] = register.unpack(word) if register.fields else word
    return values


def memory(program, name):
    """Return a window of every core as a program leaves it: fields by name, (cores, numbers)."""
    window = MemoryMap(program.config)[name]
    data = np.zeros((window.cores, window.depth * window.word_bytes), np.uint8)
    for image in program.images:
        if image.window == name:
            start = image.offset * window.word_bytes
            data[image.core, start : start + len(image.data)] = np.frombuffer(image.data, np.uint8)
    fields = [window.unpack(core.tobytes()) for core in data]
    return {key: np.stack([f[key].reshape(-1) for f in fields]) for key in fields[0]}
