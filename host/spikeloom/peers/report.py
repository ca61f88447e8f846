"""The bench's tables, and its picture."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from spikeloom.cli.output import NOTHING, format_table
from spikeloom.plot import COLOURS, Path, picture, saved, without_spines

from .bench import PEERS, SIMULATORS, Speed
from .figures import BatchSpeed, BoardFigure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Report", "draw", "tables"]

_AGAINST = {"none": ("numba-lists", 4.0), "window": ("numba-lists", 5.0)}
"""What a board is to reach, by rule: times the steps per second of whom."""


@dataclasses.dataclass(frozen=True)
class Report:
    """All that a run of the bench has measured."""

    speeds: list[Speed]
    boards: list[BoardFigure]
    batches: list[BatchSpeed]
    notes: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return dataclasses.asdict(self)

    def cases(self) -> list[tuple[str, str]]:
        """Return networks and rules, in the order of the run."""
        of_speeds = [(speed.network, speed.rule) for speed in self.speeds]
        of_boards = [(figure.network, figure.rule) for figure in self.boards]
        return list(dict.fromkeys(of_speeds + of_boards))

    def speed(self, case: tuple[str, str], simulator: str) -> float | None:
        """Return the steps per second of a simulator, None if there are none."""
        for speed in self.speeds:
            if (speed.network, speed.rule) == case and speed.simulator == simulator:
                return None if speed.missing else speed.steps_per_s
        return None

    def best_peer(self, case: tuple[str, str]) -> float | None:
        """Return the steps per second of the fastest peer."""
        rates = [rate for name in PEERS if (rate := self.speed(case, name)) is not None]
        return max(rates, default=None)


def tables(report: Report) -> str:
    """Return all tables, one after the other."""
    parts = []
    if report.speeds:
        parts += ["steps per second of processor time, one thread", _speed_table(report)]
        parts += ["activity, and steps without a spike", _activity_table(report)]
    if report.boards:
        parts += ["boards: median cycles of a step on sim:, times Fmax", _board_table(report)]
    if report.batches:
        parts += ["batches on fast:, by the clock on the wall", _batch_table(report)]
    if report.notes:
        parts += ["not measured, or from here", "\n".join(report.notes)]
    titled = zip(parts[::2], parts[1::2], strict=True)
    return "\n\n".join(f"{title}\n{table}" for title, table in titled)


def _rate(value: float | None) -> str:
    if value is None:
        return NOTHING
    return f"{float(f'{value:.3g}'):,.0f}"


def _ratio(value: float | None, to: float | None) -> str:
    return NOTHING if value is None or not to else f"{value / to:.2f}"


def _speed_table(report: Report) -> str:
    names = [name for name in SIMULATORS if any(s.simulator == name for s in report.speeds)]
    head = ["network", "learning", *(SIMULATORS[name].title for name in names),
            "fast: / best peer", "fast: / by hand"]  # fmt: skip
    rows = []
    for case in report.cases():
        fast = report.speed(case, "fast")
        rates = [_rate(report.speed(case, name)) for name in names]
        peers = _ratio(fast, report.best_peer(case))
        rows.append([*case, *rates, peers, _ratio(fast, report.speed(case, "by-hand"))])
    return format_table(head, rows)


def _activity_table(report: Report) -> str:
    head = ("network", "learning", "simulator", "steps", "fire", "silent", "spikes")
    rows = [
        [s.network, s.rule, SIMULATORS[s.simulator].title, s.steps, f"{s.activity:.2%}",
         f"{s.silent:.2%}", s.spikes]
        for s in report.speeds
        if not s.missing
    ]  # fmt: skip
    return format_table(head, rows)


def _board_table(report: Report) -> str:
    head = ("network", "learning", "board", "configuration", "cycles", "worst", "arrive", "fire",
            "swept", "Fmax, MHz", "steps/s", "/ numba, lists", "/ numba, rows", "reached",
            "sim: steps/s")  # fmt: skip
    rows: list[list[object]] = []
    for figure in report.boards:
        case = (figure.network, figure.rule)
        start = [*case, figure.board, figure.config]
        if figure.missing:
            rows.append([*start, *[NOTHING] * (len(head) - 4)])
            continue
        lists, others = (report.speed(case, name) for name in ("numba-lists", "numba-rows"))
        rows.append([
            *start, round(figure.cycles), figure.worst, f"{figure.arrivals:.1f}",
            f"{figure.fired:.1f}", f"{figure.swept:.1f}", f"{figure.fmax_hz / 1e6:.1f}",
            _rate(figure.steps_per_s), _ratio(figure.steps_per_s, lists),
            _ratio(figure.steps_per_s, others), _reached(report, figure),
            _rate(figure.sim_steps_per_s),
        ])  # fmt: skip
    return format_table(head, rows)


def _reached(report: Report, figure: BoardFigure) -> str:
    """Return whether a board is as many times faster as it is to be."""
    if figure.rule not in _AGAINST:
        return NOTHING
    name, times = _AGAINST[figure.rule]
    peer = report.speed((figure.network, figure.rule), name)
    if peer is None:
        return NOTHING
    if not figure.timing_met:
        return "timing not met"
    return f"{'yes' if figure.steps_per_s >= times * peer else 'no'}, {times:g} x"


def _batch_table(report: Report) -> str:
    one = {batch.network: batch.steps_per_s for batch in report.batches if batch.threads == 1}
    rows = [
        [b.network, b.threads, b.samples, b.steps, _rate(b.steps_per_s),
         _ratio(b.steps_per_s, one.get(b.network))]
        for b in report.batches
    ]  # fmt: skip
    return format_table(("network", "threads", "samples", "steps", "steps/s", "/ 1 thread"), rows)


_BOARD = "best board"
_MARKS = {"by-hand": "|", "fast": "o", "recording": ".", "numba-rows": "s", "numba-lists": "D",
          "brian2": "^", "superneuromat": "v"}  # fmt: skip


def draw(report: Report, path: Path | None = None) -> "Axes":
    """Plot steps per second of all simulators, and of the best board, network by network.

    Parameters
    ----------
    report : Report
        With at least one speed or board.
    path : path-like, optional
        Where to save the picture.

    Raises
    ------
    PlotError
        If matplotlib is not installed.
    """
    figure, axes = picture((8.0, 5.5))
    cases = report.cases()
    for row in range(len(cases)):
        axes.axhline(row, color="0.92", lw=6.0, zorder=0)
    for k, (title, mark, points) in enumerate(_series(report, cases)):
        big = title in (SIMULATORS["fast"].title, _BOARD)
        size, order = (60.0, 3) if big else (30.0, 2)
        if title == SIMULATORS["by-hand"].title:  # must be seen where `fast:` is as fast
            size, order = 200.0, 4
        axes.scatter([x for x, _ in points], [y for _, y in points], marker=mark, label=title,
                     color=COLOURS[k % len(COLOURS)], s=size, zorder=order)  # fmt: skip
    axes.set_xscale("log")
    axes.set_yticks(range(len(cases)), [f"{name}\n{rule}" for name, rule in cases])
    axes.set_ylim(len(cases) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("steps per second: of processor time, one thread; boards: Fmax over cycles")
    axes.legend(frameon=False, ncols=4, loc="lower center", bbox_to_anchor=(0.4, 1.0))
    without_spines(axes, "top", "right", "left")
    return saved(figure, axes, path)


def _series(
    report: Report, cases: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, str, list[tuple[float, int]]]]:
    """Yield title, mark and points of each line of the legend."""
    for name, mark in _MARKS.items():
        rates = [(report.speed(case, name), row) for row, case in enumerate(cases)]
        points = [(rate, row) for rate, row in rates if rate is not None]
        if points:
            yield SIMULATORS[name].title, mark, points
    best = []
    for row, case in enumerate(cases):
        boards = [f.steps_per_s for f in report.boards
                 if (f.network, f.rule) == case and f.timing_met and not f.missing]  # fmt: skip
        if boards:
            best.append((max(boards), row))
    if best:
        yield _BOARD, "*", best
