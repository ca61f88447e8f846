"""Learn from reward which of two arms pays, and learn anew when they are swapped.

In each trial a cue excites two neurons that inhibit each other; the one that fires more chooses
its arm. Noise on both makes it try either. Synapses that made a neuron fire remember it in their
eligibility traces; the reward, which comes after the choice, turns that into weight (Izhikevich
2007, doi:10.1093/cercor/bhl152). Half-way the arms are swapped. Without reward, or with one that
does not depend on the choice, the same network cannot know.
"""

import dataclasses
import enum
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.board import Board
from spikeloom.network import LIF, STDP, Network

__all__ = [
    "CONFIG",
    "PAYS",
    "TRIALS",
    "Condition",
    "Game",
    "Session",
    "bandit_network",
    "play",
]

CONFIG = "quad_elig"
"""The named configuration with eligibility traces."""
ARMS = 2
CUES = 8
"""Input channels that tell that a trial begins."""
NOISES = 8
"""Input channels of noise for each arm."""
TRIALS = 200
PAYS = (0.85, 0.15)
"""Chance that the better and the worse arm pays."""
REWARD_STEPS = 1
"""Steps of the reward for the trial before, which come first."""
GAP_STEPS = 11
"""Silent steps after the reward, in which potentials and traces fade."""
CUE_STEPS = 12
"""Steps of the cue."""
NOISE_RATE = 0.3
"""Chance of a spike of a noise channel in a step."""
INITIAL_WEIGHT = 8
RULE = STDP(
    a_plus=4,
    a_minus=0,
    w_max=16,
    tau_plus=4,
    tau_eligibility=12,
    eligibility_rate=1 / 4,
    reward=0.0,
)

_CELLS = LIF(threshold=100, v_decay=0.1)
_NOISE_WEIGHT = 12
_INHIBITION = -120


class Condition(enum.Enum):
    """What the board is told after a choice."""

    REWARD = "reward"
    """+1 if the arm paid, -1 if it did not."""
    NONE = "no reward"
    """0, always."""
    CONSTANT = "constant reward"
    """+1, always: STDP that nothing modulates."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Game:
    """Everything that is random in a session, drawn before it begins.

    Attributes
    ----------
    seed : int
        Of noise, payments and stochastic rounding.
    trials : int
        Trials; the arms are swapped half-way.
    """

    seed: int = 0
    trials: int = TRIALS

    @property
    def better(self) -> npt.NDArray[np.int64]:
        """The arm that pays more often, shape (trials,)."""
        first = self.seed % ARMS
        swapped = np.arange(self.trials) >= self.trials // 2
        return np.where(swapped, 1 - first, first)

    def draw(self) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
        """Return noise, payments and coins.

        Returns
        -------
        noise : ndarray of bool, shape (trials, CUE_STEPS, ARMS * NOISES)
            Spikes of the noise channels.
        pays : ndarray of bool, shape (trials, ARMS)
            Whether an arm pays if it is chosen.
        coins : ndarray of int, shape (trials,)
            The arm to choose where both neurons fire equally often.
        """
        rng = np.random.default_rng(self.seed)
        noise = rng.random((self.trials, CUE_STEPS, ARMS * NOISES)) < NOISE_RATE
        chances = np.where(self.better[:, None] == np.arange(ARMS), *PAYS)
        pays = rng.random((self.trials, ARMS)) < chances
        return noise, pays, rng.integers(ARMS, size=self.trials)


@dataclasses.dataclass(frozen=True, eq=False)
class Session:
    """What a board did in a game.

    Attributes
    ----------
    choices : ndarray of int, shape (trials,)
        The arm that was chosen.
    good : ndarray of bool, shape (trials,)
        Whether it was the better one.
    undecided : int
        Trials that a coin decided, since both neurons fired equally often.
    weights : ndarray of float, shape (trials, ARMS)
        Mean weight from the cue to each neuron before each trial's reward, integers of the array.
    cycles, steps : int
        Clock cycles of the array (0 where there is no clock) and steps.
    """

    choices: npt.NDArray[np.int64]
    good: npt.NDArray[np.bool_]
    undecided: int
    weights: npt.NDArray[np.float64]
    cycles: int
    steps: int

    @property
    def share(self) -> float:
        """Share of trials with the better arm, 0..1; chance is 0.5."""
        return float(self.good.mean())


def bandit_network() -> Network:
    """Return cue, noise and the two neurons that choose."""
    net = Network("two arms")
    cue = net.input("cue", CUES)
    noise = net.input("noise", ARMS * NOISES)
    arms = net.population("arms", ARMS, _CELLS, scale=1)
    net.connect(cue, arms, weights=INITIAL_WEIGHT, stdp=RULE, name="habit")
    net.connect(
        noise,
        arms,
        weights=_NOISE_WEIGHT,
        pre=np.arange(ARMS * NOISES),
        post=np.repeat(np.arange(ARMS), NOISES),
    )
    net.connect(arms, arms, weights=_INHIBITION, pre=[0, 1], post=[1, 0], name="rivalry")
    return net


def play(board: Board, game: Game, condition: Condition) -> Session:
    """Play one game on a board, trial by trial.

    Parameters
    ----------
    board : Board
        Of a build with eligibility traces; the network is loaded into it.
    game : Game
        What happens.
    condition : Condition
        What the board is told.

    Raises
    ------
    CompileError
        If the build has no eligibility traces; nothing has been written then.
    """
    board.program(bandit_network())
    board.seed = game.seed
    noise, pays, coins = game.draw()
    lead = REWARD_STEPS + GAP_STEPS
    choices = np.zeros(game.trials, np.int64)
    weights = np.zeros((game.trials, ARMS))
    undecided = cycles = 0
    reward = 0.0
    for trial in range(game.trials):
        recording = board.run(_trial(noise[trial], lead), control=_feedback(reward))
        cycles += recording.counters["cycles"]
        fired = recording.counts("arms")
        tie = fired[0] == fired[1]
        undecided += int(tie)
        choices[trial] = coins[trial] if tie else fired.argmax()
        reward = {
            Condition.REWARD: 1.0 if pays[trial, choices[trial]] else -1.0,
            Condition.NONE: 0.0,
            Condition.CONSTANT: 1.0,
        }[condition]
        weights[trial] = board.read_weights("habit", dense=True, raw=True).mean(axis=0)
    steps = game.trials * (lead + CUE_STEPS)
    return Session(choices, choices == game.better, undecided, weights, cycles, steps)


def _trial(noise: npt.NDArray[np.bool_], lead: int) -> dict[str, npt.NDArray[np.bool_]]:
    """Return the stimulus of a trial: the end of the one before, then cue and noise."""
    silent = ((lead, 0), (0, 0))
    cue = np.zeros((CUE_STEPS, CUES), bool)
    cue[::2] = True
    return {"cue": np.pad(cue, silent), "noise": np.pad(noise, silent)}


def _feedback(reward: float) -> list[tuple[int, str, Any]]:
    """Return the reward for the trial before: it acts for some steps, then not."""
    return [(0, "reward", reward), (REWARD_STEPS, "reward", 0.0)]
