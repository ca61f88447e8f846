"""Units of the array, each in a cocotb bench under Verilator against a model of its own."""

from pathlib import Path

import pytest
from rtl_configs import BENCH_CONFIG, CONFIGS

from spikeloom.contract import ArrayConfig
from spikeloom_rtl.array.neuron import Neuron
from spikeloom_rtl.array.output_writer import OutputWriter
from spikeloom_rtl.array.scheduler import Scheduler
from spikeloom_sim.verilated.bench import run_bench

pytestmark = pytest.mark.verilated


@pytest.fixture(params=CONFIGS)
def config(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ArrayConfig:
    """Give each configuration of `CONFIGS`, to the bench as well."""
    monkeypatch.setenv(BENCH_CONFIG, request.param)
    return CONFIGS[request.param]


def test_scheduler(config: ArrayConfig, tmp_path: Path) -> None:
    run_bench(Scheduler(config), name="scheduler", test_module="bench_scheduler", work=tmp_path)


def test_neuron(config: ArrayConfig, tmp_path: Path) -> None:
    run_bench(Neuron(config), name="neuron", test_module="bench_neuron", work=tmp_path)


def test_output_writer(tmp_path: Path) -> None:
    run_bench(
        OutputWriter(), name="output_writer", test_module="bench_output_writer", work=tmp_path
    )
