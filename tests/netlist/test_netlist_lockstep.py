"""The synthesised netlist equals the reference in every bit of state after every step.

The networks are those of the lock-step suite, with fewer rows; everything is read and written over
the netlist's own UART, four clock cycles a bit.
"""

from collections.abc import Iterator

import pytest
from excerpts import Excerpt, shrink
from lockstep import compare_all, lockstep
from random_networks import make_case

from spikeloom.link import LinkTarget
from spikeloom_rtl.identity import build_id
from spikeloom_sim.netlist.target import open_netlist
from spikeloom_sim.reference import Coverage, LearningCoverage
from spikeloom_sim.reference.target import ModelTarget

pytestmark = [pytest.mark.verilated, pytest.mark.slow]

ROWS = 12
STEPS = 6
REGIMES = ("mixed", "rails", "fast", "calm")
DENSITIES = (1.0, 0.4)
ACTIVITIES = (0.4, 1.0, 0.1)
LEAST_FIRING = 0.05


@pytest.fixture(scope="module")
def board(netlist_choice: str) -> Iterator[LinkTarget]:
    name, _, file = netlist_choice.partition("=")
    target = open_netlist(f"netlist:{name}", json=file or None)
    yield target
    target.close()


def test_it_carries_these_sources(board: LinkTarget) -> None:
    """A netlist from other sources would prove something about them."""
    assert board.capability.build_id == build_id(board.capability.config)


def test_random_networks(board: LinkTarget, netlist_networks: int) -> None:
    config = board.capability.config
    coverage, learning = Coverage(), LearningCoverage()
    model = ModelTarget(config, coverage=coverage, learning_coverage=learning)
    few = [Excerpt(target, config, ROWS) for target in (model, board)]
    steps = plastic = 0
    for seed in range(netlist_networks):
        case = make_case(
            config,
            seed=seed,
            steps=STEPS,
            density=DENSITIES[seed % len(DENSITIES)],
            activity=ACTIVITIES[seed % len(ACTIVITIES)],
            regime=REGIMES[seed % len(REGIMES)],
        )
        case = shrink(case, ROWS)
        steps += len(lockstep(case, *few))
        plastic += case.learns
    compare_all(case, model, board, "at the end, all rows")
    print(f"\n{config.name}: {netlist_networks} networks, {plastic} of them plastic, "
          f"{steps} steps, {coverage}, {learning}")  # fmt: skip
    assert coverage.fired >= LEAST_FIRING * coverage.neuron_steps
    assert not config.learns or plastic >= netlist_networks // 2


def test_steps_in_which_nearly_all_fire(board: LinkTarget) -> None:
    config = board.capability.config
    case = make_case(config, seed=0, steps=2, density=1.0, activity=1.0, regime="storm")
    few = [Excerpt(target, config, ROWS) for target in (ModelTarget(config), board)]
    lockstep(shrink(case, ROWS), *few)
