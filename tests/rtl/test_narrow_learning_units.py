"""Units of the narrow learner against integer arithmetic, in Amaranth's own simulator."""

import random

import pytest
from amaranth.sim import SimulatorContext
from learning_arithmetic import (
    SEED,
    Rule,
    config_of,
    effect_of,
    extremes,
    next_trace,
    random_terms,
    run,
    signed,
    toward_zero,
)

from spikeloom.contract import CONFIGS, ArrayConfig
from spikeloom.contract.learning import Phase
from spikeloom.contract.registers import CORE_REGISTERS
from spikeloom_rtl.array.core_control import register_shape
from spikeloom_rtl.learning.narrow.effect_table import EffectTable
from spikeloom_rtl.learning.narrow.row_traces import RowTraces
from spikeloom_rtl.learning.narrow.weight_changer import WeightChanger


def narrow(rows: int = 21) -> ArrayConfig:
    """Return a core whose learner is built narrowly."""
    config = config_of(
        axons=200, rows_per_core=rows, lanes=2, plastic="row", stochastic=False, synapse_ports=1
    )
    assert config.learns_narrowly
    return config


def test_who_learns_narrowly() -> None:
    """The small parts; not those that need random numbers, flags by synapse, or speed."""
    assert [name for name, config in CONFIGS.items() if config.learns_narrowly] == [
        "up5k",
        "gw1nr_9",
    ]


def test_tables_of_effects() -> None:
    """The table is made anew for whatever registers say, and looked up for both sides."""
    dut = EffectTable(narrow())
    rng = random.Random(SEED)

    async def bench(ctx: SimulatorContext) -> None:
        for _ in range(8):
            fields = random_terms(rng)
            fields["learning"]["stochastic"] = 0
            fields["learning"]["eligibility"] = 0
            for name, values in fields.items():
                ctx.set(getattr(dut.registers, name), values)
            ctx.set(dut.registers.changed, 1)
            await ctx.tick()
            ctx.set(dut.registers.changed, 0)
            cycles = 1
            while not ctx.get(dut.settled):
                await ctx.tick()
                cycles += 1
            assert cycles <= 9300
            for side in "ab":
                ctx.set(dut.spikes, side == "b")
                for trace in (0, 1, 255, *(rng.randrange(256) for _ in range(40))):
                    expected = effect_of(fields, side, trace, fields["reward"]["reward"]) >> 8
                    ctx.set(dut.trace, trace)
                    ctx.set(dut.read, 1)
                    await ctx.tick()
                    assert ctx.get(dut.effect) == expected, (fields, side, trace)
                    ctx.set(dut.read, 0)
                    ctx.set(dut.trace, trace ^ 255)
                    await ctx.tick()
                    assert ctx.get(dut.effect) == expected

    run(dut, bench)


def test_weights_that_change_in_turn() -> None:
    """Words every other cycle: both weights follow the rule, and words that move are written."""
    config = narrow()
    dut = WeightChanger(config)
    rng = random.Random(SEED)

    async def bench(ctx: SimulatorContext) -> None:
        written = 0
        for _ in range(60):
            rule = Rule(rng)
            rule.stochastic, rule.change = False, True
            for name, fields in rule.registers().items():
                ctx.set(getattr(dut.registers, name), fields)
            phase = rng.choice([Phase.ARRIVAL, Phase.FIRING])
            ctx.set(dut.spikes, phase == Phase.FIRING)
            visits = []
            for k in range(9):
                ctx.set(dut.visit, k < 7)
                if k < 7:
                    weights = [extremes(rng, -128, 127) for _ in range(2)]
                    changes = [toward_zero(rng.randint(-512, 511), rng.randrange(9)) for _ in "ab"]
                    allowed = rng.randrange(4)
                    visits.append((weights, changes, allowed))
                    ctx.set(dut.address, 3 * k)
                    ctx.set(dut.lanes, allowed)
                if k > 0:
                    ctx.set(dut.effect, visits[min(k, 7) - 1][1][1])
                ctx.set(dut.weights, rng.getrandbits(16))
                await ctx.tick()
                ctx.set(dut.visit, 0)
                assert ctx.get(dut.upper) == (k < 7)
                if k < 7:
                    ctx.set(dut.weights, sum((w & 255) << 8 * n for n, w in enumerate(weights)))
                    ctx.set(dut.effect, changes[0])
                if 0 < k < 8:
                    written += check(ctx, rule, phase, k - 1, visits[k - 1])
                await ctx.tick()
            assert not ctx.get(dut.busy)
        assert written > 100

    def check(ctx, rule, phase, k, visit) -> bool:
        weights, changes, allowed = visit
        expected, moves = list(weights), False
        for lane in range(2):
            moved = rule.weight(phase, weights[lane], changes[lane] << 8, 0)
            if allowed >> lane & 1 and moved is not None:
                expected[lane], moves = moved, True
        got = [signed(ctx.get(dut.new_weights) >> 8 * lane & 255, 8) for lane in range(2)]
        assert (got, ctx.get(dut.write)) == (expected, moves), (visit, rule.__dict__)
        assert ctx.get(dut.write_address) == 3 * k
        return moves

    run(dut, bench)


class Rows:
    """The traces x of a narrow core, seen from outside."""

    def __init__(self, config: ArrayConfig) -> None:
        self.words = -(-config.rows_per_core // 4)
        self.dut = RowTraces(config, register_shape(CORE_REGISTERS["x_trace"]))

    async def write(self, ctx: SimulatorContext, traces: list[int]) -> None:
        """Write all traces."""
        host = self.dut.host
        ctx.set(host.select, 1)
        for word in range(self.words):
            ctx.set(host.offset, word)
            ctx.set(host.commit, 0)
            await ctx.tick().repeat(2)
            ctx.set(host.data, sum(traces[4 * word + k] << 8 * k for k in range(4)))
            ctx.set(host.commit, 1)
            await ctx.tick()
        ctx.set(host.select, 0)
        ctx.set(host.commit, 0)

    async def read(self, ctx: SimulatorContext) -> list[int]:
        """Read all traces."""
        host, traces = self.dut.host, []
        ctx.set(host.select, 1)
        for word in range(self.words):
            ctx.set(host.offset, word)
            await ctx.tick().repeat(2)
            traces += [ctx.get(host.read_data) >> 8 * k & 255 for k in range(4)]
        ctx.set(host.select, 0)
        return traces

    async def found(self, ctx: SimulatorContext, every: bool, ready: float) -> tuple[list, int]:
        """Return the rows that are given out, with their traces, and cycles that no one waits."""
        dut, rng = self.dut, random.Random(SEED)
        ctx.set(dut.every, every)
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        rows, cycles = [], 0
        while ctx.get(dut.finding):
            taken = rng.random() < ready
            ctx.set(dut.rows.ready, taken)
            valid = ctx.get(dut.rows.valid)
            cycles += taken or not valid
            if valid and taken:
                payload = ctx.get(dut.rows.payload)
                rows.append((payload.row, payload.trace))
            await ctx.tick()
        return rows, cycles


@pytest.mark.parametrize("rows", [3, 8, 21, 64, 150])
def test_traces_x_and_rows_that_are_found(rows: int) -> None:
    """Arrivals back to back, a pass, then a sweep; rows that take no part stay as they are."""
    bench_of = Rows(narrow(rows))
    dut, rng, words = bench_of.dut, random.Random(SEED + rows), bench_of.words

    async def bench(ctx: SimulatorContext) -> None:
        traces = [0] * (4 * words)
        await bench_of.write(ctx, traces)
        for _ in range(60):
            if rng.random() < 0.3:
                traces = [rng.choice([0, 0, 0, 1, rng.randrange(256)]) for _ in traces]
                await bench_of.write(ctx, traces)
            rule = {
                "plus": extremes(rng, 0, 255), "decay": extremes(rng, 0, 256),
                "mode": rng.randrange(3), "nearest": rng.randrange(2),
            }  # fmt: skip
            plastic = rng.choice([rows, rng.randint(0, rows)])
            ctx.set(dut.rule, rule)
            ctx.set(dut.plastic_rows, plastic)
            await ctx.tick()
            arriving = rng.sample(range(plastic), rng.randint(0, plastic))
            for row in arriving:
                ctx.set(dut.arrived, 1)
                ctx.set(dut.row, row)
                await ctx.tick()
            ctx.set(dut.arrived, 0)
            ctx.set(dut.begin, 1)
            await ctx.tick()
            ctx.set(dut.begin, 0)
            cycles = 0
            while ctx.get(dut.passing):
                await ctx.tick()
                cycles += 1
            assert cycles <= 2 * words + 4
            for row in range(plastic):
                traces[row] = next_trace(rule, traces[row], row in arriving)
            every = rng.random() < 0.4
            found, cycles = await bench_of.found(ctx, every, rng.choice([1.0, 0.4]))
            with_trace = [row for row in range(plastic) if every or traces[row]]
            assert sorted(found) == [(row, traces[row]) for row in with_trace]
            if cycles:
                assert cycles <= 2 * len(found) + 3
            assert await bench_of.read(ctx) == traces

    run(dut, bench)
