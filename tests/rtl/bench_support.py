"""What the cocotb benches of the array share."""

from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

SEED = 20_261_121


async def start(dut):
    """Start the clock, set all inputs to zero and reset."""
    Clock(dut.clk, 10, unit="ns").start()
    for handle in dut:
        name = handle._name
        if name.endswith(("__valid", "__ready", "__select", "__commit")) or name in (
            "walk",
            "take",
        ):
            try:
                handle.value = 0
            except (TypeError, ValueError):
                continue
    dut.rst.value = 1
    for _ in range(3):
        await RisingEdge(dut.clk)
    dut.rst.value = 0
    await RisingEdge(dut.clk)
