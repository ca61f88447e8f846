"""Registers behind the array's bus, in Amaranth's own simulator: halves, masks, resets, counts."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.sim import Simulator, SimulatorContext

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.frames import ResetKind
from spikeloom.contract.numbers import AXONS_PER_WORD
from spikeloom.contract.registers import (
    CONTROL_REGISTERS,
    CORE_REGISTERS,
    STATUS_REGISTERS,
    array_registers,
    core_register,
    core_registers,
    reset_value,
)
from spikeloom.contract.words import CONTROL_TAG, PROBE_TAG, PROBE_VALUE_BITS, STEP_TAG
from spikeloom_rtl.array.array import Array
from spikeloom_rtl.array.register_file import FILE_WINDOWS, FilePlace, file_base, file_bits
from spikeloom_rtl.array.status import Status

SEED = 20_261_121
MOST_CYC = 5_000
SLOW = ArrayConfig(
    name="slow", cores=2, neurons_per_core=4, axons=20, rows_per_core=20, lanes=2, probes=5
)
FAST = SLOW.replace(name="fast", cores=1, clock_hz=75_000_000, probes=40)
NO_PROBES = SLOW.replace(name="no_probes", probes=0, plastic="none")


def bits_of(config: ArrayConfig) -> dict[int, int]:
    """Return the width of each control register that there is, by its offset."""
    bits = {register.offset: register.bits for register in array_registers(config).values()}
    for core in range(config.cores):
        for name in core_registers(config):
            bits[core_register(name, core)] = CORE_REGISTERS[name].bits
    return bits


class Talker:
    """Talks to an array as the link does."""

    def __init__(self, config: ArrayConfig, ctx: SimulatorContext, link: Any) -> None:
        self.map, self.ctx, self.link = MemoryMap(config), ctx, link
        ctx.set(link.spikes.ready, 1)
        ctx.set(link.output_free, 100)

    async def until(self, condition: Any) -> None:
        for _ in range(MOST_CYC):
            if self.ctx.get(condition):
                return
            await self.ctx.tick()
        raise AssertionError(f"not within {MOST_CYC} cycles: {condition!r}")

    async def access(
        self, window: str, offset: int, data: int | None = None, *, core: int = 0
    ) -> int:
        request, response = self.link.bus.request, self.link.bus.response
        self.ctx.set(request.payload.core, core)
        self.ctx.set(request.payload.window, self.map[window].id)
        self.ctx.set(request.payload.offset, offset)
        self.ctx.set(request.payload.write, data is not None)
        self.ctx.set(request.payload.data, data or 0)
        self.ctx.set(request.valid, 1)
        await self.until(request.ready)
        await self.ctx.tick()
        self.ctx.set(request.valid, 0)
        if data is not None:
            return data
        await self.until(response.valid)
        word = self.ctx.get(response.payload) % (1 << 8 * self.map[window].word_bytes)
        await self.ctx.tick()
        return word

    async def reset(self, kind: ResetKind) -> None:
        self.ctx.set(self.link.reset.payload, kind)
        self.ctx.set(self.link.reset.valid, 1)
        await self.until(self.link.reset.ready)
        await self.ctx.tick()
        self.ctx.set(self.link.reset.valid, 0)

    async def say(self, *words: int) -> None:
        for word in words:
            self.ctx.set(self.link.events.payload, word)
            self.ctx.set(self.link.events.valid, 1)
            await self.until(self.link.events.ready)
            await self.ctx.tick()
            self.ctx.set(self.link.events.valid, 0)

    async def end(self) -> None:
        await self.ctx.tick().repeat(4)
        await self.until(~self.link.busy)

    async def status(self, name: str) -> int:
        return await self.access("status", STATUS_REGISTERS[name].offset)


def run(
    config: ArrayConfig, bench: Callable[[Talker], Any], words: list[int] | None = None
) -> None:
    """Run a bench on an array that has been reset; gather the words of its output."""
    array = Array(config)

    async def gather(ctx: SimulatorContext) -> None:
        output = array.link.spikes
        async for _, _, valid, word in ctx.tick().sample(output.valid, output.payload):
            if valid and words is not None:
                words.append(word)

    async def testbench(ctx: SimulatorContext) -> None:
        ctx.set(array.link.bus.response.ready, 1)
        talker = Talker(config, ctx, array.link)
        await talker.reset(ResetKind.ALL)
        await bench(talker)

    simulator = Simulator(array)
    simulator.add_clock(1e-6)
    simulator.add_testbench(gather, background=True)
    simulator.add_testbench(testbench)
    simulator.run()


@pytest.mark.parametrize("config", [SLOW, FAST, NO_PROBES], ids=lambda config: config.name)
def test_places_do_not_overlap(config: ArrayConfig) -> None:
    memory, places = MemoryMap(config), set()
    for name in FILE_WINDOWS:
        if name in memory:
            base = file_base(config, name)
            here = set(range(base, base + memory[name].depth))
            assert not here & places
            places |= here
    assert file_base(config, "control") == 0
    assert max(places) < 1 << file_bits(config)
    assert FilePlace(config).size == file_bits(config) + 1


@pytest.mark.parametrize("config", [SLOW, FAST, NO_PROBES], ids=lambda config: config.name)
def test_read_what_was_written_and_cleared(config: ArrayConfig) -> None:
    rng = random.Random(SEED)

    async def bench(talker: Talker) -> None:
        bits = bits_of(config)
        written: dict[tuple[str, int], int] = {}
        for name in ("control", "probe"):
            if name not in talker.map:
                continue
            window = talker.map[name]
            for offset in rng.sample(range(window.depth), min(window.depth, 40)):
                value = rng.getrandbits(window.word_bits)
                await talker.access(name, offset, value)
                wide = bits.get(offset, 0) if name == "control" else window.word_bits
                written[name, offset] = value % (1 << wide)
        for (name, offset), value in written.items():
            assert await talker.access(name, offset) == value, (name, offset)
        await talker.reset(ResetKind.STATE)
        for (name, offset), value in written.items():
            kept = 0 if (name, offset) == ("control", 0) else value
            assert await talker.access(name, offset) == kept, (name, offset)
        await talker.reset(ResetKind.ALL)
        for name, offset in written:
            kept = reset_value(config, offset) if name == "control" else 0
            assert await talker.access(name, offset) == kept, (name, offset)

    run(config, bench)


def test_words_write_control_registers_and_t_counts() -> None:
    async def bench(talker: Talker) -> None:
        seed, t = (CONTROL_REGISTERS[name].offset for name in ("seed", "t"))
        await talker.say(CONTROL_TAG | seed, 0x1234, 0xABCD)
        await talker.say(CONTROL_TAG | t, 0xFFFE, 0x0001)
        # No register: not even one of those that follow the control registers in the file.
        await talker.say(CONTROL_TAG | talker.map["control"].depth + 1, 1, 1)
        await talker.say(CONTROL_TAG | 0x3FFF, 1, 1, STEP_TAG | 1)
        await talker.end()
        assert await talker.access("control", seed) == 0xABCD_1234
        assert await talker.access("control", t) == 0x1_FFFF
        await talker.say(STEP_TAG | 2, CONTROL_TAG | seed, 5, 0, STEP_TAG | 1)
        await talker.end()
        assert await talker.access("control", t) == 0x2_0002
        assert await talker.access("control", seed) == 5

    run(SLOW, bench)


@pytest.mark.parametrize("config", [SLOW, FAST], ids=lambda config: config.name)
def test_what_follows_a_control_word_sees_its_register(config: ArrayConfig) -> None:
    axon, delay = config.neurons + 3, 3

    async def bench(talker: Talker) -> None:
        t, axon_words = (CONTROL_REGISTERS[name].offset for name in ("t", "axon_words"))
        await talker.access("delay", axon, delay)
        due: set[int] = set()

        async def found() -> set[int]:
            word, bit = divmod(axon, AXONS_PER_WORD)
            places = [slot * config.axon_words + word for slot in range(config.delay_slots)]
            words = [await talker.access("pending", place) for place in places]
            return {slot for slot, each in enumerate(words) if each == 1 << bit}

        for now in (21, 30, 20):
            await talker.say(CONTROL_TAG | t, now, 0, axon, STEP_TAG | 1, axon)
            await talker.end()
            assert await talker.access("control", t) == now + 1
            due |= {(now + step + delay) % config.delay_slots for step in (0, 1)}
            assert await found() == due
        await talker.say(CONTROL_TAG | axon_words, 0, 0, axon)
        await talker.end()
        await talker.ctx.tick().repeat(200)
        assert await found() == due
        assert await talker.status("refused_events") == 1

    run(config, bench)


@pytest.mark.parametrize("config", [SLOW, FAST], ids=lambda config: config.name)
def test_probes_show_state_while_the_host_reads(config: ArrayConfig) -> None:
    rng = random.Random(SEED)
    words: list[int] = []

    async def bench(talker: Talker) -> None:
        window, state = talker.map["probe"], talker.map["v"]
        for core in range(config.cores):
            await talker.access("control", core_register("neurons_in_use", core), 0)
        values = {}
        for core in range(config.cores):
            for neuron in range(config.neurons_per_core):
                values[core, neuron] = rng.getrandbits(state.word_bits)
                await talker.access("v", neuron, values[core, neuron], core=core)
        probed = [rng.choice(list(values)) for _ in range(window.depth)]
        for k, (core, neuron) in enumerate(probed):
            word = window.pack(neuron=neuron, core=core, quantity=0)
            await talker.access("probe", k, int.from_bytes(word, "little"))
        await talker.access("control", CONTROL_REGISTERS["probes_in_use"].offset, len(probed))
        await talker.say(STEP_TAG | 2)
        await talker.ctx.tick().repeat(4)
        while talker.ctx.get(talker.link.busy):
            await talker.access("control", CONTROL_REGISTERS["seed"].offset)
        high = PROBE_VALUE_BITS - 16
        sign = 1 << state.word_bits - 1
        for step in range(2):
            for k, place in enumerate(probed):
                value = ((values[place] ^ sign) - sign) % (1 << PROBE_VALUE_BITS)
                assert words[:2] == [PROBE_TAG | k << high | value >> 16, value & 0xFFFF], k
                del words[:2]
            assert words.pop(0) == STEP_TAG | 1, step
        assert not words

    run(config, bench, words)


def test_status_counts_while_it_is_read() -> None:
    steps = 60

    async def bench(talker: Talker) -> None:
        ctx, link = talker.ctx, talker.link
        ctx.set(link.input_free, 0x1234)
        await talker.say(STEP_TAG | steps)
        await talker.end()
        await ctx.tick().repeat(200)
        cycles = await talker.status("step_cycles")
        assert await talker.status("step_cycles_max") >= cycles > 0
        assert await talker.status("steps") == steps
        total = await talker.status("cycles_low")
        assert total == pytest.approx(steps * cycles, rel=0.1)
        assert await talker.status("input_free") == 0x1234
        await talker.say(STEP_TAG | steps)
        for _ in range(40):  # between the words that the host reads, counters are counted
            assert await talker.status("bad_frames") == 0
        await talker.end()
        await ctx.tick().repeat(200)
        assert await talker.status("steps") == 2 * steps
        assert await talker.status("cycles_low") == total + steps * cycles
        await talker.reset(ResetKind.COUNTERS)
        for name in ("steps", "cycles_low", "step_cycles_max"):
            assert await talker.status(name) == 0, name
        assert await talker.access("control", 0) == 2 * steps

    run(FAST, bench)


def test_the_longest_step_stays() -> None:
    async def bench(talker: Talker) -> None:
        in_use = core_register("neurons_in_use", 0)
        longest = 0
        for neurons in (2, 4, 0, 3, 1):
            await talker.access("control", in_use, neurons)
            await talker.say(STEP_TAG | 1)
            await talker.end()
            cycles = await talker.status("step_cycles")
            longest = max(longest, cycles)
            assert (await talker.status("step_cycles_max")) == longest, (neurons, cycles)
        assert cycles < longest

    run(FAST, bench)


class Visited(wiring.Component):
    """A visitor with a file of its own, which the test looks into and changes."""

    def __init__(self) -> None:
        self.status = Status(SLOW)
        super().__init__({})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.status = self.status
        return m


def test_counts_carry_into_the_words_that_follow() -> None:
    top = Visited()
    status = top.status
    words: dict[int, int] = {}
    bits, base = file_bits(SLOW), file_base(SLOW, "status")

    def place(name: str, half: int) -> int:
        return base + STATUS_REGISTERS[name].offset | half << bits

    async def file(ctx: SimulatorContext) -> None:
        read = 0
        while True:
            ctx.set(status.read_data, read)
            if ctx.get(status.write_en):
                words[ctx.get(status.write_place.as_value())] = ctx.get(status.write_data)
            # A word is not read in the cycle in which it is written.
            read = words.get(ctx.get(status.read_place.as_value()), 0)
            await ctx.tick()

    async def bench(ctx: SimulatorContext) -> None:
        for _ in range(MOST_CYC):
            if ctx.get(status.cleared):
                break
            await ctx.tick()
        for name, half in (("cycles_low", 0), ("cycles_low", 1), ("cycles_high", 0)):
            words[place(name, half)] = 0xFFFF
        words[place("dropped", 0)] = words[place("dropped", 1)] = 0xFFFF
        ctx.set(status.in_step, 1)
        ctx.set(status.dropped, 2)
        await ctx.tick().repeat(5)
        ctx.set(status.in_step, 0)
        ctx.set(status.dropped, 0)
        await ctx.tick().repeat(200)
        found = [words[place(n, h)] for n in ("cycles_low", "cycles_high") for h in (0, 1)]
        assert found == [4, 0, 0, 1]
        # What overflows a register that none goes on with is lost, not counted by the next one.
        assert [words[place("dropped", half)] for half in (0, 1)] == [9, 0]
        assert words[place("refused_events", 0)] == 0

    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(file, background=True)
    simulator.add_testbench(bench)
    simulator.run()
