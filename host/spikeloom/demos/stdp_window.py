"""The STDP window as a target has it: one pair of spikes per lag, and what the weight does."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from spikeloom.board import Board, open
from spikeloom.compiler import Program, compile
from spikeloom.contract import ArrayConfig, SpikeloomError
from spikeloom.contract.learning import FRACTION_BITS
from spikeloom.contract.numbers import signed_range
from spikeloom.network import LIF, STDP, LearningRule, Network

__all__ = ["LAGS", "WindowError", "measure_stdp_window", "window_network"]

LAGS = tuple(range(-40, 41))
"""Lags that are measured by default: step of the spike minus step of the arrival."""

_TRIGGERS = 4
"""Channels that make the cells fire together; any weight of the synapse alone does not."""
_CELLS = 16
_SETTLE_TAUS = 4
_ROUNDS = 1 << (FRACTION_BITS - 4)
"""Repetitions with another seed where rounding is stochastic."""


class WindowError(SpikeloomError):
    """Cells that did not fire when they were made to."""

    exit_code = 1


def measure_stdp_window(
    target: str | Board,
    stdp: LearningRule,
    lags: Sequence[int] = LAGS,
    *,
    rounds: int | None = None,
) -> npt.NDArray[np.float64]:
    """Measure the change of a weight by one pair of spikes at each lag.

    Several cells, each with one plastic synapse from the same channel, see the same pair; each
    pair starts from the reset state, with a weight in the middle of the rule's range.

    Parameters
    ----------
    target : str or Board
        What to open, such as ``"model:tiny"``, or a board that is open; its program is replaced.
    stdp : STDP or RawSTDP
        The rule.
    lags : sequence of int
        Step of the spike minus step of the arrival.
    rounds : int, optional
        Repetitions with another seed. Default 16 with stochastic rounding, else 1.

    Returns
    -------
    ndarray of float64, shape (lags,)
        Mean change of the weight over cells and rounds, in the rule's unit.

    Raises
    ------
    WindowError
        If cells do not fire when they are made to, and only then.
    CompileError
        If the target cannot learn by this rule.
    """
    if isinstance(target, str):
        with open(target) as board:
            return measure_stdp_window(board, stdp, lags, rounds=rounds)
    program = _load(target, stdp)
    middle = _middle(stdp, target.config)
    if rounds is None:
        rounds = _ROUNDS if stdp.stochastic else 1
    changes = np.zeros((rounds, len(lags)))
    for number in range(rounds):
        target.seed = number
        for k, lag in enumerate(lags):
            changes[number, k] = _change(target, program, middle, int(lag), _settle_steps(stdp))
    mean: npt.NDArray[np.float64] = changes.mean(axis=0)
    return mean


def _load(board: Board, stdp: LearningRule) -> Program:
    """Load the network of the measurement."""
    program = compile(window_network(stdp, board.config), board.config)
    return board.program(program)


def window_network(stdp: LearningRule, config: ArrayConfig) -> Network:
    """Return cells with one plastic synapse each, and channels that make them fire."""
    low, high = _range(stdp, config)
    largest = max(abs(low), abs(high))
    raw = not isinstance(stdp, STDP)
    network = Network("stdp window")
    pre = network.input("pre", 1)
    trigger = network.input("trigger", _TRIGGERS)
    threshold = float(math.floor(1.5 * largest)) if raw else 1.5 * largest
    cells = network.population(
        "cells", min(_CELLS, config.neurons), LIF(threshold=threshold, v_decay=1.0),
        scale=1 if raw else None,
    )  # fmt: skip
    everywhere = np.ones((1, cells.size), bool)
    network.connect(
        pre, cells, weights=_middle(stdp, config), mask=everywhere, stdp=stdp, name="synapse"
    )
    network.connect(trigger, cells, weights=largest, name="trigger")
    return network


def _range(stdp: LearningRule, config: ArrayConfig) -> tuple[float, float]:
    low, high = signed_range(config.weight_bits)
    w_min = low + 1 if stdp.w_min is None else stdp.w_min
    return float(w_min), float(high if stdp.w_max is None else stdp.w_max)


def _middle(stdp: LearningRule, config: ArrayConfig) -> float:
    low, high = _range(stdp, config)
    middle = (low + high) / 2
    return middle if isinstance(stdp, STDP) else float(math.floor(middle))


def _settle_steps(stdp: LearningRule) -> int:
    """Return how long after a pair its weight still changes: with eligibility traces a while."""
    if isinstance(stdp, STDP):
        tau = stdp.tau_eligibility
        return 1 if tau is None else math.ceil(_SETTLE_TAUS * tau / stdp.dt)
    return 1 << (stdp.eligibility_every_log2 + FRACTION_BITS) if stdp.eligibility else 1


def _change(board: Board, program: Program, middle: float, lag: int, settle: int) -> float:
    """Return the mean change of the cells' weights by one pair."""
    board.reset_state()
    board.write_weights("synapse", middle)
    before = board.read_weights("synapse")
    arrival = 1 + max(0, -lag)
    spike = arrival + lag
    stimulus = {
        "pre": ([arrival], [0]),
        "trigger": ([spike] * _TRIGGERS, list(range(_TRIGGERS))),
    }
    recording = board.run(stimulus, steps=max(arrival, spike) + 1 + settle)
    times = recording.spikes("cells")[0]
    if len(times) != program.populations["cells"].size or (times != spike).any():
        raise WindowError(
            f"each cell must fire once, in step {spike} at lag {lag}, not in steps "
            f"{sorted(set(times.tolist()))} ({len(times)} spikes); please report this"
        )
    return float((board.read_weights("synapse") - before).mean())
