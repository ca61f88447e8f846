"""What goes around the array: clock, pins and lights of each board."""

import dataclasses
import itertools
import re

import pytest
from amaranth.sim import Simulator
from firmware_support import Echo, small_config

from spikeloom_boards import find_board
from spikeloom_firmware.board_top import BLINK_HZ, StatusLights
from spikeloom_firmware.plan import make_plan

# Pins of rx, tx and of the flash's data to the array, from the boards' schematics or the makers'
# constraint files; written down a second time, so that a table cannot drift.
PINS = {
    "icebreaker": ("6", "9", "17"),
    "ulx3s_25f": ("M1", "L4", "V2"),
    "ulx3s_85f": ("M1", "L4", "V2"),
    "icepi_zero": ("K16", "K15", "T7"),
    "tang_nano_9k": ("18", "17", "62"),
    "tang_nano_20k": ("70", "69", "62"),
    "arty_a7_35t": ("A9", "D10", "K18"),
    "cmod_a7_35t": ("J17", "J18", "D19"),
}
LOCATED = {
    "icestorm": (".pcf", r"set_io (\S+) (\S+)"),
    "trellis": (".lpf", r'LOCATE COMP "(\S+)" SITE "(\S+)"'),
    "apicula": (".cst", r'IO_LOC "(\S+)" (\S+);'),
    "vivado": (".xdc", r'set_property LOC (?P<pin>\S+) \[get_ports "(?P<port>\S+)"\]'),
}


def plan_of(name, clock_hz=None):
    board = find_board(name)
    return make_plan(board, small_config(board, clock_hz), Echo)


def locations(plan):
    ending, pattern = LOCATED[plan.board.fpga.toolchain]
    (data,) = plan.named(ending).values()
    found = {}
    for match in re.finditer(pattern, data.decode()):
        named = match.groupdict()
        port, pin = (named["port"], named["pin"]) if named else match.groups()
        found[port] = pin
    return found


def source(plan):
    (text,) = plan.named(".il", ".v").values()
    return text.decode()


@pytest.mark.parametrize("name", sorted(PINS))
def test_pins_are_where_the_makers_say(name):
    found = locations(plan_of(name))
    (rx,) = [pin for port, pin in found.items() if port.startswith("uart_0__rx")]
    (tx,) = [pin for port, pin in found.items() if port.startswith("uart_0__tx")]
    (cipo,) = [pin for port, pin in found.items() if "flash" in port and "cipo" in port]
    assert (rx, tx, cipo) == PINS[name]
    lights = [pin for port, pin in found.items() if "led" in port]
    assert len(lights) == len(set(lights)) >= 2


@pytest.mark.parametrize(
    ("name", "clock_mhz", "there", "absent"),
    [
        ("icebreaker", 24, ["SB_PLL40_PAD", "DIVF 63", "DIVQ 5"], ["DCCA"]),
        ("ulx3s_25f", 75, ["EHXPLLL", "DCCA", "USRMCLK", "CLKOS_DIV 6"], []),
        ("icepi_zero", 75, ["EHXPLLL", "DCCA", "USRMCLK"], []),
        ("ulx3s_25f", 25, ["USRMCLK"], ["EHXPLLL", "DCCA"]),
        ("tang_nano_9k", 27, [], ["rPLL"]),
        ("tang_nano_20k", 54, ["rPLL", 'FCLKIN "27"', 'DEVICE "GW2AR-18C"'], []),
    ],
)
def test_the_clock_comes_from_where_it_should(name, clock_mhz, there, absent):
    text = source(plan_of(name, clock_mhz * 1_000_000))
    for word in there:
        name, _, value = word.partition(" ")
        assert re.search(rf"{name}\b.*{re.escape(value)}", text), word
    for word in absent:
        assert word not in text, word


@pytest.mark.parametrize("name", ["ulx3s_25f", "ulx3s_85f"])
def test_ulx3s_is_kept_from_loading_another_bitstream(name):
    plan = plan_of(name)
    found = locations(plan)
    assert found["esp32_0__gpio0__io"] == "L2"
    assert [port for port in found if port.startswith("esp32")] == ["esp32_0__gpio0__io"]


@pytest.mark.parametrize(
    ("name", "constraint"),
    [
        ("icebreaker", r"set_frequency clocking\.pll_clock 24\.0"),
        ("ulx3s_25f", r'FREQUENCY NET "clocking\.pll_clock" 75000000'),
        ("cmod_a7_35t", r"create_clock -name clk12_0__io -period 83\.3"),
    ],
)
def test_clocks_are_constrained(name, constraint):
    plan = plan_of(name, {"icebreaker": 24_000_000, "ulx3s_25f": 75_000_000}.get(name))
    ending = LOCATED[plan.board.fpga.toolchain][0]
    (data,) = plan.named(ending).values()
    assert re.search(constraint, data.decode())


def test_7_series_flash_without_a_pin_for_its_clock():
    board = find_board("arty_a7_35t")
    flash = dataclasses.replace(board.flash, clock="startupe2")
    plan = make_plan(dataclasses.replace(board, flash=flash), small_config(board), Echo)
    text = source(plan)
    assert text.count("STARTUPE2") == 1, "one cell; Amaranth's own domain would take another"
    assert "MMCME2_BASE" in text


def test_a_board_without_lights_or_loader():
    board = find_board("icebreaker")
    plain = dataclasses.replace(board, leds=type(board.leds)())
    plan = make_plan(plain, small_config(board).replace(boot_offset=None), Echo)
    found = locations(plan)
    assert not [port for port in found if "led" in port or "flash" in port]


CLOCK_HZ = 96 * BLINK_HZ
PERIOD_CYC = 64 + 1
"""Sixty-four counts, and one cycle in which the carry is taken up."""


def simulate(body):
    lights = StatusLights(CLOCK_HZ)
    simulator = Simulator(lights)
    simulator.add_clock(1e-6)

    async def bench(ctx):
        await body(ctx, lights)

    simulator.add_testbench(bench)
    simulator.run()


def test_a_state_of_one_cycle_is_seen():
    """Whenever it comes, it is shown for a whole period after the next look."""

    async def body(ctx, lights):
        for when in range(0, 3 * PERIOD_CYC, 7):
            await ctx.tick().repeat(2 * PERIOD_CYC + when % 5)
            assert not ctx.get(lights.running_light)
            assert ctx.get(lights.idle_light)
            ctx.set(lights.running, 1)
            await ctx.tick()
            ctx.set(lights.running, 0)
            lit = 0
            for _ in range(3 * PERIOD_CYC):
                await ctx.tick()
                lit += ctx.get(lights.running_light)
                assert ctx.get(lights.idle_light) != ctx.get(lights.running_light) or lit == 0
            assert lit in (PERIOD_CYC - 1, PERIOD_CYC), lit

    simulate(body)


def test_a_shared_light_blinks_while_running_and_is_on_while_idle():
    async def body(ctx, lights):
        await ctx.tick().repeat(2 * PERIOD_CYC)
        assert ctx.get(lights.shared_light)
        ctx.set(lights.running, 1)
        seen = []
        for _ in range(8 * PERIOD_CYC):
            await ctx.tick()
            seen.append(ctx.get(lights.shared_light))
        changes = sum(a != b for a, b in itertools.pairwise(seen))
        assert 6 <= changes <= 8
        ctx.set(lights.running, 0)
        await ctx.tick().repeat(3 * PERIOD_CYC)
        assert ctx.get(lights.shared_light)

    simulate(body)


def test_the_error_light():
    async def body(ctx, lights):
        ctx.set(lights.error, 1)
        await ctx.tick().repeat(2 * PERIOD_CYC)
        assert ctx.get(lights.error_light)

    simulate(body)
