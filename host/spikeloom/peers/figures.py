"""Figures for boards and for batches, beside the speeds of simulators."""

import dataclasses
import time
from collections.abc import Callable, Sequence

from spikeloom.contract import SpikeloomError
from spikeloom.contract.words import step_words

from .boards import BoardBuild, StepCycles, fits, step_cycles
from .networks import PeerNetwork
from .on_board import OnBoard
from .outcome import check_equal

__all__ = ["BatchSpeed", "BoardFigure", "batch_speed", "board_figures"]

_BATCH_SAMPLES = 64


@dataclasses.dataclass(frozen=True)
class BoardFigure:
    """What a build for a board makes of a network.

    Attributes
    ----------
    network, rule, board, config : str
        Which.
    fmax_hz : float
        Clock of the build.
    timing_met : bool
        Whether the build holds the board's clock.
    cycles, worst : float, int
        Clock cycles of a step: median, and of the longest step.
    arrivals, fired, swept : float
        What they are spent on, a step on average; see `StepCycles`.
    steps_per_s : float
        `fmax_hz` over `cycles`.
    sim_steps_per_s : float
        Steps per second of processor time of the simulation.
    activity, silent : float
        As measured there.
    missing : str
        Why nothing was measured; empty if it was.
    """

    network: str
    rule: str
    board: str
    config: str
    fmax_hz: float
    timing_met: bool
    cycles: float = 0.0
    worst: int = 0
    arrivals: float = 0.0
    fired: float = 0.0
    swept: float = 0.0
    steps_per_s: float = 0.0
    sim_steps_per_s: float = 0.0
    activity: float = 0.0
    silent: float = 0.0
    missing: str = ""


def board_figures(
    network: PeerNetwork,
    builds: Sequence[BoardBuild],
    steps: int,
    *,
    progress: Callable[[str], None] = lambda text: None,
) -> list[BoardFigure]:
    """Return a figure for each build that has room; each array is simulated once.

    Spikes are compared with those of the reference.

    Raises
    ------
    PeerSpikesError
        If they differ.
    """
    seen: dict[str, StepCycles | str] = {}
    figures = []
    for build in builds:
        if not fits(network, build.config):
            continue
        if build.config not in seen:
            progress(f"sim:{build.config} counts cycles")
            seen[build.config] = _counted(network, build.config, steps)
        figures.append(_figure(network, build, seen[build.config]))
    return figures


def _counted(network: PeerNetwork, config: str, steps: int) -> StepCycles | str:
    try:
        counted = step_cycles(network, config, steps)
    except SpikeloomError as error:
        return str(error)
    reference = OnBoard(network, "model:")
    check_equal(f"sim:{config}", counted.outcome, reference.run(steps))
    reference.close()
    return counted


def _figure(network: PeerNetwork, build: BoardBuild, counted: StepCycles | str) -> BoardFigure:
    figure = BoardFigure(
        network.name, network.rule.name, build.board, build.config, build.fmax_hz, build.timing_met
    )
    if isinstance(counted, str):
        return dataclasses.replace(figure, missing=counted)
    return dataclasses.replace(
        figure,
        cycles=counted.cycles,
        worst=counted.worst,
        arrivals=counted.arrivals,
        fired=counted.fired,
        swept=counted.swept,
        steps_per_s=build.fmax_hz / counted.cycles,
        sim_steps_per_s=counted.outcome.steps_per_s,
        activity=counted.outcome.activity(network.neurons),
        silent=counted.outcome.silent,
    )


@dataclasses.dataclass(frozen=True)
class BatchSpeed:
    """How fast ``fast:`` runs many samples of a network.

    Attributes
    ----------
    network : str
        Which; it does not learn.
    threads, samples, steps : int
        Threads, samples of the batch and steps of each.
    steps_per_s : float
        Steps of all samples per second, by the clock on the wall; the best of the rounds, since
        whatever else the computer does is in it.
    """

    network: str
    threads: int
    samples: int
    steps: int
    steps_per_s: float


def batch_speed(network: PeerNetwork, threads: int, rounds: int, steps: int) -> BatchSpeed:
    """Measure a batch; each sample begins at rest."""
    simulator = OnBoard(network, "fast:", threads=threads)
    samples = [step_words(steps)] * _BATCH_SAMPLES
    rates = []
    for _ in range(rounds):
        began = time.perf_counter()
        simulator.board.target.run_batch(samples)
        rates.append(len(samples) * steps / (time.perf_counter() - began))
    simulator.close()
    return BatchSpeed(network.name, threads, len(samples), steps, max(rates))
