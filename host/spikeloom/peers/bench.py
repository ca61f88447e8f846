"""Measure simulators on the same networks, in rounds, so that a disturbance hits all of them."""

import contextlib
import dataclasses
import statistics
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from spikeloom.contract import SpikeloomError

from .by_hand import ByHand
from .errors import PeerSpikesError
from .networks import PeerNetwork
from .on_board import OnBoard
from .outcome import Outcome, Simulator, check_equal
from .process import PeerProcess

__all__ = ["CHECK_STEPS", "PEERS", "SIMULATORS", "TOLERANCE", "Contender", "Speed", "measure"]

CHECK_STEPS = 1000
"""Steps in which spikes are compared before anything is measured."""
TOLERANCE = 0.25
"""How far, relatively, the activity of a simulator with another arithmetic may be off."""
_ROUND_SECONDS = 0.4
_FEWEST_STEPS, _MOST_STEPS = 200, 200_000
_Make = Callable[[PeerNetwork, Callable[[], Path]], Simulator]


@dataclasses.dataclass(frozen=True)
class Contender:
    """A simulator of the bench.

    Attributes
    ----------
    title : str
        What tables call it.
    make : callable
        Gets a network, and what returns the Python of the peers' environment or raises.
    exact : bool
        Whether it computes what the semantics page says, so that its spikes are those of ``fast:``.
    """

    title: str
    make: _Make
    exact: bool = True


def _process(script: str) -> _Make:
    return lambda network, python: PeerProcess(network, script, python())


SIMULATORS = {
    "by-hand": Contender("C++ by hand", lambda network, _: ByHand(network)),
    "fast": Contender("fast:", lambda network, _: OnBoard(network, "fast:")),
    "recording": Contender(
        "fast:, decoded", lambda network, _: OnBoard(network, "fast:", recording=True)
    ),
    "numba-rows": Contender("numba, rows", _process("numba_rows.py")),
    "numba-lists": Contender("numba, lists", _process("numba_lists.py")),
    "brian2": Contender("Brian2", _process("brian2_standalone.py")),
    "superneuromat": Contender("SuperNeuroMAT", _process("superneuromat_dense.py"), exact=False),
}
"""All simulators but ``sim:``, by the name that ``--only`` takes."""
PEERS = ("numba-rows", "numba-lists", "brian2", "superneuromat")
"""Those that are compared with ``fast:``."""


@dataclasses.dataclass(frozen=True)
class Speed:
    """How fast a simulator runs a network, or why it does not.

    Attributes
    ----------
    network, rule, simulator : str
        Which.
    version : str
        What the simulator says that it is.
    steps, rounds : int
        Steps of a round, and rounds.
    steps_per_s, slowest, fastest : float
        Steps per second of processor time: median of the rounds and extremes.
    activity, silent : float
        Share of the neurons that fired in a step, and of the steps in which none did.
    spikes : str
        "equal" to those of ``fast:``, "similar" (activity within `TOLERANCE`), or "alone" where
        ``fast:`` was not run.
    missing : str
        Why nothing was measured; empty if it was.
    """

    network: str
    rule: str
    simulator: str
    version: str = ""
    steps: int = 0
    rounds: int = 0
    steps_per_s: float = 0.0
    slowest: float = 0.0
    fastest: float = 0.0
    activity: float = 0.0
    silent: float = 0.0
    spikes: str = ""
    missing: str = ""


def measure(
    network: PeerNetwork,
    names: Sequence[str],
    python: Callable[[], Path],
    *,
    steps: int | None = None,
    rounds: int = 5,
    progress: Callable[[str], None] = lambda text: None,
) -> list[Speed]:
    """Measure some simulators on a network.

    Parameters
    ----------
    network : PeerNetwork
        What they run.
    names : sequence of str
        Keys of `SIMULATORS`.
    python : callable
        Returns the Python of the peers' environment, or raises.
    steps : int, optional
        Steps of a round; as many as take each simulator about 0.4 s if None.
    rounds : int
        Rounds, in each of which each simulator runs once.
    progress : callable
        Is told what begins.

    Raises
    ------
    PeerSpikesError
        If spikes differ where they must not, or activity does by more than `TOLERANCE`.
    """
    with contextlib.ExitStack() as closing:
        ready: dict[str, Simulator] = {}
        missing: dict[str, str] = {}
        for name in names:
            progress(f"{SIMULATORS[name].title} is prepared")
            try:
                ready[name] = SIMULATORS[name].make(network, python)
                closing.callback(ready[name].close)
            except SpikeloomError as error:
                missing[name] = str(error)
        progress("spikes are compared")
        first = {name: simulator.run(CHECK_STEPS) for name, simulator in ready.items()}
        agreed = {name: _agreement(name, first, network) for name in first}
        chosen = {name: steps or _steps_for(ready[name]) for name in first}
        seen: dict[str, list[Outcome]] = {name: [] for name in first}
        for number in range(rounds):
            for name, simulator in ready.items():
                progress(f"round {number + 1} of {rounds}: {SIMULATORS[name].title}")
                seen[name].append(simulator.run(chosen[name]))
        versions = {name: simulator.version for name, simulator in ready.items()}
    return list(_speeds(network, names, missing, versions, agreed, seen))


def _steps_for(simulator: Simulator) -> int:
    """Return how many steps take a round's time, as a second run of the check tells."""
    rate = simulator.run(CHECK_STEPS).steps_per_s
    return min(max(round(rate * _ROUND_SECONDS), _FEWEST_STEPS), _MOST_STEPS)


def _agreement(name: str, first: dict[str, Outcome], network: PeerNetwork) -> str:
    if "fast" not in first:
        return "alone"
    if SIMULATORS[name].exact:
        check_equal(SIMULATORS[name].title, first[name], first["fast"])
        return "equal"
    activities = [first[key].activity(network.neurons) for key in (name, "fast")]
    if abs(activities[0] - activities[1]) > TOLERANCE * activities[1]:
        raise PeerSpikesError(
            f"{SIMULATORS[name].title} must let {activities[1]:.1%} of the neurons fire in a step, "
            f"within {TOLERANCE:.0%} of that, as fast: does, not {activities[0]:.1%}; its time "
            f"would be that of another network"
        )
    return "similar"


def _speeds(
    network: PeerNetwork,
    names: Sequence[str],
    missing: dict[str, str],
    versions: dict[str, str],
    agreed: dict[str, str],
    seen: dict[str, list[Outcome]],
) -> Iterator[Speed]:
    for name in names:
        case = Speed(network.name, network.rule.name, name)
        if name in missing:
            yield dataclasses.replace(case, missing=missing[name])
            continue
        runs, rates = seen[name], [run.steps_per_s for run in seen[name]]
        yield dataclasses.replace(
            case,
            version=versions[name],
            steps=runs[0].counts.size,
            rounds=len(runs),
            steps_per_s=statistics.median(rates),
            slowest=min(rates),
            fastest=max(rates),
            activity=runs[-1].activity(network.neurons),
            silent=runs[-1].silent,
            spikes=agreed[name],
        )
