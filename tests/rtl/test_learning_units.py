"""Units of the learner against integer arithmetic, in Amaranth's own simulator."""

import random

import pytest
from amaranth.hdl import Module
from amaranth.sim import SimulatorContext
from learning_arithmetic import (
    LIMIT,
    SEED,
    Rule,
    config_of,
    effect_of,
    extremes,
    next_trace,
    random_number,
    random_terms,
    run,
    signed,
    toward_zero,
)

from spikeloom.contract import ArrayConfig
from spikeloom.contract.learning import Phase
from spikeloom.contract.registers import CORE_REGISTERS
from spikeloom_rtl.array.core_control import register_shape
from spikeloom_rtl.learning.effect import EFFECT_STAGES, Effect
from spikeloom_rtl.learning.fired_words import FiredWords
from spikeloom_rtl.learning.lane import LANE_STAGES
from spikeloom_rtl.learning.pre_traces import PreTraces
from spikeloom_rtl.learning.row_finder import RowFinder
from spikeloom_rtl.learning.step_key import StepKey
from spikeloom_rtl.learning.sweeper import Sweeper
from spikeloom_rtl.learning.weight_changer import WeightChanger
from spikeloom_sim.reference.randomness import step_key


@pytest.mark.parametrize("lanes", [1, 2, 4, 16])
def test_changed_weights(lanes: int) -> None:
    """Words of random weights, changes, flags and rules: terms, random numbers and limits."""
    config = config_of(cores=2, lanes=lanes)
    dut = WeightChanger(config, core=1)
    rng = random.Random(SEED + lanes)
    mask = (1 << lanes) - 1

    async def bench(ctx: SimulatorContext) -> None:
        written = 0
        for case in range(400):
            rule = Rule(rng)
            for name, fields in rule.registers().items():
                ctx.set(getattr(dut.registers, name), fields)
            phase = rng.choice([Phase.ARRIVAL, Phase.FIRING])
            key, word = rng.getrandbits(32), rng.randrange(config.words_per_row)
            plastic, allowed = (
                rng.random() < 0.9,
                (rng.getrandbits(16) | rng.getrandbits(16)) & mask,
            )
            flags = (rng.getrandbits(16) | rng.getrandbits(16)) & mask
            unit = 1 if rule.stochastic else 256
            changes = [
                toward_zero(rng.randint(-LIMIT, LIMIT - 1), rng.randrange(18)) // unit * unit
                for _ in range(lanes + 1)
            ]
            weights = [extremes(rng, -128, 127) for _ in range(lanes)]
            ctx.set(dut.visit, {
                "valid": 1, "phase": phase, "address": case % 21, "word": word,
                "lanes": allowed, "key": key, "plastic": plastic, "effect": changes[-1],
            })  # fmt: skip
            await ctx.tick()
            ctx.set(dut.visit.valid, 0)
            ctx.set(dut.weights, sum((w & 255) << 8 * k for k, w in enumerate(weights)))
            ctx.set(dut.flags, flags)
            ctx.set(dut.effects, sum((c % (2 * LIMIT)) << 18 * k for k, c in enumerate(changes)))
            await ctx.tick()
            ctx.set(dut.weights, rng.getrandbits(8 * lanes))
            ctx.set(dut.flags, 0)
            for _ in range(LANE_STAGES - 1):
                await ctx.tick()
            expected, any_changes = list(weights), False
            for k in range(lanes):
                change = changes[k] if phase == Phase.ARRIVAL else changes[-1]
                number = random_number(key, 16 + word * lanes + k)
                moved = rule.weight(phase, weights[k], change, number)
                if plastic and (allowed & flags) >> k & 1 and moved is not None:
                    expected[k], any_changes = moved, True
            got = [signed(ctx.get(dut.new_weights) >> 8 * k & 255, 8) for k in range(lanes)]
            assert (got, ctx.get(dut.write)) == (expected, any_changes), (case, rule.__dict__)
            assert (ctx.get(dut.address), ctx.get(dut.new_flags)) == (case % 21, flags)
            written += any_changes
        assert written > 100

    run(dut, bench)


@pytest.mark.parametrize("eligibility", [False, True])
def test_effects(eligibility: bool) -> None:
    """Coefficients are made ready for both sides, then traces of either side follow each other."""
    dut = Effect(config_of(eligibility=eligibility))
    rng = random.Random(SEED)

    async def bench(ctx: SimulatorContext) -> None:
        for _ in range(50):
            fields = random_terms(rng)
            for name, values in fields.items():
                ctx.set(getattr(dut.registers, name), values)
            ctx.set(dut.registers.changed, 1)
            await ctx.tick()
            ctx.set(dut.registers.changed, 0)
            cycles = 1
            while not ctx.get(dut.settled):
                await ctx.tick()
                cycles += 1
            assert cycles <= 14
            reward = fields["reward"]["reward"]
            if eligibility and fields["learning"]["eligibility"]:
                reward = 64
            for side in "abaab":
                ctx.set(dut.spikes, side == "b")
                await ctx.tick()
                traces = [extremes(rng, 0, 255) for _ in range(6)]
                ctx.set(dut.enable, 1)
                for k in range(len(traces) + EFFECT_STAGES):
                    if k >= EFFECT_STAGES:
                        trace = traces[k - EFFECT_STAGES]
                        expected = effect_of(fields, side, trace, reward)
                        assert ctx.get(dut.effect) == expected, (fields, side, trace)
                    ctx.set(dut.trace, traces[k] if k < len(traces) else 0)
                    await ctx.tick()
                ctx.set(dut.enable, 0)

    run(dut, bench)


class Rows:
    """Pre-synaptic traces and the row finder behind them, in one simulation."""

    def __init__(self, config: ArrayConfig) -> None:
        self.config = config
        self.m = Module()
        self.m.submodules.pre = self.pre = PreTraces(
            config, register_shape(CORE_REGISTERS["x_trace"])
        )
        self.m.submodules.finder = self.finder = RowFinder(config)
        self.m.d.comb += [
            self.finder.flag.eq(self.pre.flag),
            self.pre.pop.eq(self.finder.pop),
            self.pre.read.eq(self.finder.read),
            self.pre.read_address.eq(self.finder.read_address),
            self.finder.read_data.eq(self.pre.read_data),
        ]

    async def write(self, ctx: SimulatorContext, word: int, traces: list[int]) -> None:
        """Write a word from outside."""
        host = self.pre.host
        ctx.set(host.select, 1)
        ctx.set(host.commit, 1)
        ctx.set(host.offset, word)
        ctx.set(host.data, sum(trace << 8 * k for k, trace in enumerate(traces)))
        await ctx.tick()
        ctx.set(host.select, 0)
        ctx.set(host.commit, 0)

    async def read(self, ctx: SimulatorContext) -> list[int]:
        """Read all traces from outside."""
        host, traces = self.pre.host, []
        ctx.set(host.select, 1)
        for word in range(-(-self.config.rows_per_core // 4)):
            ctx.set(host.offset, word)
            await ctx.tick()
            data = ctx.get(host.read_data)
            traces += [data >> 8 * k & 255 for k in range(4)]
        ctx.set(host.select, 0)
        return traces

    async def found(self, ctx: SimulatorContext, every: bool, ready: float) -> tuple[list, int]:
        """Return the rows that are found, with their traces, and the cycles that no one waits."""
        rng = random.Random(SEED)
        ctx.set(self.finder.every, every)
        ctx.set(self.finder.start, 1)
        await ctx.tick()
        ctx.set(self.finder.start, 0)
        rows, cycles = [], 0
        while ctx.get(self.finder.busy):
            taken = rng.random() < ready
            ctx.set(self.finder.rows.ready, taken)
            if ctx.get(self.finder.rows.valid):
                cycles += taken
                if taken:
                    payload = ctx.get(self.finder.rows.payload)
                    rows.append((payload.row, payload.trace))
            else:
                cycles += 1
            await ctx.tick()
        return rows, cycles


@pytest.mark.parametrize("rows", [3, 8, 21, 150])
def test_pre_traces_and_rows_that_are_found(rows: int) -> None:
    """Arrivals back to back, a pass, then a sweep; rows that take no part stay as they are."""
    config = config_of(axons=200, rows_per_core=rows)
    dut = Rows(config)
    pre, rng = dut.pre, random.Random(SEED + rows)
    words = -(-rows // 4)

    async def bench(ctx: SimulatorContext) -> None:
        traces = [0] * (4 * words)
        for _ in range(60):
            if rng.random() < 0.3:
                traces = [rng.choice([0, 0, 1, rng.randrange(256)]) for _ in traces]
                for word in range(words):
                    await dut.write(ctx, word, traces[4 * word : 4 * word + 4])
            rule = {
                "plus": extremes(rng, 0, 255), "decay": extremes(rng, 0, 256),
                "mode": rng.randrange(3), "nearest": rng.randrange(2),
            }  # fmt: skip
            plastic = rng.choice([rows, rng.randint(0, rows)])
            ctx.set(pre.rule, rule)
            for part in (pre, dut.finder):
                ctx.set(part.plastic_rows, plastic)
            await ctx.tick()
            arriving = rng.sample(range(plastic), rng.randint(0, plastic))
            if rng.random() < 0.5:
                arriving.sort()
            for row in arriving:
                ctx.set(pre.arrived, 1)
                ctx.set(pre.row, row)
                await ctx.tick()
                ctx.set(pre.arrived, 0)
            ctx.set(pre.begin, 1)
            await ctx.tick()
            ctx.set(pre.begin, 0)
            cycles = 0
            while ctx.get(pre.busy):
                await ctx.tick()
                cycles += 1
            assert cycles <= words + 6
            for row in range(plastic):
                traces[row] = next_trace(rule, traces[row], row in arriving)
            assert await dut.read(ctx) == traces
            for every, ready in ((False, rng.choice([1.0, 0.4])), (True, 1.0)):
                found, cycles = await dut.found(ctx, every, ready)
                with_trace = [row for row in range(plastic) if every or traces[row]]
                assert sorted(found) == [(row, traces[row]) for row in with_trace]
                assert cycles <= len(found) + rows // 8 + 3

    run(dut.m, bench)


def test_step_keys() -> None:
    """Keys of random seeds and steps, each a step on or both new."""
    dut, rng = StepKey(), random.Random(SEED)

    async def bench(ctx: SimulatorContext) -> None:
        seed, t = 0, 0
        for _ in range(60):
            if rng.random() < 0.3:
                seed = rng.getrandbits(32)
            t = (t + 1 if rng.random() < 0.7 else rng.getrandbits(32)) & 0xFFFF_FFFF
            ctx.set(dut.seed, seed)
            ctx.set(dut.t, t)
            await ctx.tick()  # which it needs to see the change
            cycles = 1
            while not ctx.get(dut.ready):
                await ctx.tick()
                cycles += 1
            assert cycles <= 20
            assert ctx.get(dut.key) == int(step_key(seed, t))

    run(dut, bench)


@pytest.mark.parametrize(("neurons", "lanes"), [(16, 4), (16, 1), (6, 2), (7, 7), (64, 16)])
def test_words_that_fired_are_swept(neurons: int, lanes: int) -> None:
    """Every row visits each word that holds a neuron that fired, and no other, without a gap."""
    config = config_of(neurons_per_core=neurons, lanes=lanes, axons=80)
    m = Module()
    m.submodules.fired = fired = FiredWords(config)
    m.submodules.sweeper = sweeper = Sweeper(config)
    m.d.comb += [
        sweeper.phase.eq(Phase.FIRING),
        sweeper.count.eq(fired.count),
        sweeper.entry.eq(fired.entry),
        fired.index.eq(sweeper.index),
    ]
    rng = random.Random(SEED + neurons + lanes)

    async def bench(ctx: SimulatorContext) -> None:
        for _ in range(40):
            ctx.set(fired.begin, 1)
            await ctx.tick()
            ctx.set(fired.begin, 0)
            in_use, rate = rng.randint(1, neurons), rng.choice([0, 0.1, 0.5, 1])
            fires = [rng.random() < rate for _ in range(in_use)]
            for each in fires:
                ctx.set(fired.updated, 1)
                ctx.set(fired.fired, each)
                await ctx.tick()
                ctx.set(fired.updated, 0)
                if rng.random() < 0.3:
                    await ctx.tick()
            ctx.set(fired.end, 1)
            await ctx.tick()
            ctx.set(fired.end, 0)
            words = {}
            for neuron, each in enumerate(fires):
                if each:
                    words[neuron // lanes] = words.get(neuron // lanes, 0) | 1 << neuron % lanes
            assert ctx.get(fired.count) == len(words)
            if not words:
                continue
            await ctx.tick().repeat(2)
            visits = []
            for row in range(3):
                ctx.set(sweeper.rows.payload.row, row)
                ctx.set(sweeper.rows.valid, 1)
                taken = False
                while not taken:
                    ctx.set(sweeper.wait, rng.random() < 0.3)
                    visit = ctx.get(sweeper.visit)
                    if visit.valid:
                        visits.append((row, visit.word, visit.lanes))
                    taken = ctx.get(sweeper.rows.ready)
                    await ctx.tick()
                ctx.set(sweeper.rows.valid, 0)
                if rng.random() < 0.5:
                    await ctx.tick()
            expected = [(row, word, bits) for row in range(3) for word, bits in words.items()]
            assert visits == expected

    run(m, bench)
