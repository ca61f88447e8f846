"""The board figure: cycles of a step, counted on ``sim:``, and the Fmax of a build."""

import dataclasses
import json
import statistics
import time
from pathlib import Path
from typing import Any

from spikeloom.contract import CONFIGS, MemoryMap
from spikeloom.contract.registers import STATUS_REGISTERS
from spikeloom.contract.words import Words, step_words

from .errors import MissingPeerError
from .networks import PeerNetwork
from .on_board import OnBoard
from .outcome import Outcome

__all__ = ["BoardBuild", "StepCycles", "board_builds", "fits", "step_cycles"]


@dataclasses.dataclass(frozen=True)
class BoardBuild:
    """A build for a board.

    Attributes
    ----------
    board, config : str
        Names.
    fmax_hz : float
        The clock that its slowest path allows.
    timing_met : bool
        Whether that is at least the clock that the board has.
    """

    board: str
    config: str
    fmax_hz: float
    timing_met: bool


def board_builds(path: Path) -> list[BoardBuild]:
    """Return the builds that have an Fmax, of a table as ``docs/boards.json`` is.

    Raises
    ------
    MissingPeerError
        If there is no such file, or it is no such table.
    """
    try:
        rows: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return [
            BoardBuild(row["board"], row["config"], row["fmax_hz"], bool(row["timing_met"]))
            for row in rows.values()
            if row.get("fmax_hz") and row["config"] in CONFIGS
        ]
    except OSError as error:
        raise MissingPeerError(
            f"the board figure needs the builds' table, and {path} cannot be read: {error}; run "
            f"in the repository, or give --boards FILE"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MissingPeerError(
            f"the builds' table must be JSON as docs/boards.json is, and {path} is not: "
            f"{error!r}; give another --boards FILE"
        ) from error


def fits(network: PeerNetwork, config: str) -> bool:
    """Return whether an array has room for a network, and learns if that does."""
    array = CONFIGS[config]
    learns = array.learns or network.rule.name == "none"
    return learns and min(array.neurons, array.rows_per_core) >= network.neurons


@dataclasses.dataclass(frozen=True)
class StepCycles:
    """Steps of a network on a simulated array.

    Attributes
    ----------
    config : str
        The array.
    cycles : float
        Clock cycles of a step, median.
    worst : int
        Of the longest step.
    arrivals, fired, swept : float
        Axons that were active, neurons that fired, and words swept by the core that swept most, in
        a step, on average: what the cycles go with.
    outcome : Outcome
        Spikes, and processor time of the simulation.
    """

    config: str
    cycles: float
    worst: int
    arrivals: float
    fired: float
    swept: float
    outcome: Outcome


def step_cycles(network: PeerNetwork, config: str, steps: int) -> StepCycles:
    """Run `steps` steps on ``sim:``, one by one, and read what each cost.

    Raises
    ------
    SpikeloomError
        If the array cannot be built or has no room.
    """
    seen: dict[str, list[int]] = {name: [] for name in _STATUS}
    words: list[Words] = []
    seconds = 0.0
    board = OnBoard(network, f"sim:{config}")
    try:
        target = board.board.target
        status = MemoryMap(target.capability.config)["status"]
        board.begin()
        for _ in range(steps):
            began = time.process_time()
            words += target.run([step_words(1)])
            seconds += time.process_time() - began
            values = status.unpack(target.read("status"))["value"]
            for name, numbers in seen.items():
                numbers.append(int(values[STATUS_REGISTERS[name].offset]))
        outcome = board.told(words, steps, seconds)
    finally:
        board.close()
    cycles, arrivals, fired, swept = (seen[name] for name in _STATUS)
    return StepCycles(
        config=config,
        cycles=statistics.median(cycles),
        worst=max(cycles),
        arrivals=statistics.fmean(arrivals),
        fired=statistics.fmean(fired),
        swept=statistics.fmean(swept) if network.rule.name != "none" else 0.0,
        outcome=outcome,
    )


_STATUS = ("step_cycles", "last_arrivals", "last_fired", "last_swept")
