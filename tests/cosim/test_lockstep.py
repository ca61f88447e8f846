"""The gateware equals the reference in every bit of state after every step.

Random networks on configurations unlike each other; Hypothesis prints the case that fails, and a
case is made from its seed alone. What the networks have exercised is counted: a run that took not
every branch, or in which too few neurons fired, fails.
"""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockstep import lockstep, random_cases, simulated
from lockstep_configs import LOCKSTEP_CONFIGS
from random_networks import cases, make_case

from spikeloom.contract import ArrayConfig
from spikeloom.link import LinkTarget
from spikeloom_sim.reference import Coverage, LearningCoverage
from spikeloom_sim.reference.target import ModelTarget

pytestmark = pytest.mark.verilated

LEAST_FIRING = 0.05
LEAST_STEPS = 2000

totals: dict[str, Coverage] = {}
learning_totals: dict[str, LearningCoverage] = {}
plastic_run: dict[str, int] = {}
steps_run: dict[str, int] = {}
networks_run: dict[str, int] = {}


@pytest.fixture(scope="module", params=LOCKSTEP_CONFIGS, ids=lambda config: config.name)
def config(request: pytest.FixtureRequest) -> ArrayConfig:
    return request.param


@pytest.fixture(scope="module")
def board(config: ArrayConfig, optimise: dict[str, int]) -> Iterator[LinkTarget]:
    with simulated(config, optimise) as target:
        yield target


def test_random_networks(config: ArrayConfig, board: LinkTarget, networks: int) -> None:
    coverage, learning = Coverage(), LearningCoverage()
    model = ModelTarget(config, coverage=coverage, learning_coverage=learning)
    steps_run[config.name] = networks_run[config.name] = plastic_run[config.name] = 0

    @random_cases(networks)
    @given(data=st.data())
    def property_holds(data: st.DataObject) -> None:
        case = data.draw(cases(config))
        steps_run[config.name] += len(lockstep(case, model, board))
        networks_run[config.name] += 1
        plastic_run[config.name] += case.learns

    property_holds()
    totals[config.name], learning_totals[config.name] = coverage, learning


def test_steps_in_which_nearly_all_fire(config: ArrayConfig, board: LinkTarget) -> None:
    """Queues of spikes fill up in every step; none may overflow."""
    for seed in range(3):
        case = make_case(config, seed=seed, steps=6, density=1.0, activity=1.0, regime="storm")
        lockstep(case, ModelTarget(config), board)


def test_coverage(networks: int) -> None:
    """Runs last: the networks above took every branch, and enough neurons fired."""
    if set(totals) != {config.name for config in LOCKSTEP_CONFIGS}:
        pytest.skip("counts only when all configurations have run in this process")
    total = sum(totals.values(), start=Coverage())
    learning = sum(learning_totals.values(), start=LearningCoverage())
    print(f"\n{sum(networks_run.values())} networks, {sum(plastic_run.values())} of them plastic, "
          f"{sum(steps_run.values())} steps, {total}, {learning}")  # fmt: skip
    assert total.missing() == []
    assert learning.missing() == []
    assert total.fired >= LEAST_FIRING * total.neuron_steps
    if networks >= 45:
        assert sum(networks_run.values()) >= 200
        assert sum(plastic_run.values()) >= 200
        assert sum(steps_run.values()) >= LEAST_STEPS
