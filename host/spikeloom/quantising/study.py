"""`study`: a network at several widths of weights, compared with its floats on sample input."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.board import Board
from spikeloom.board import open as open_board
from spikeloom.compiler import Program, Report
from spikeloom.compiler.errors import QuantisationError
from spikeloom.contract.numbers import signed_range
from spikeloom.network import Network

from .floating import FloatModel, FloatRun, checked_stimulus
from .results import Study, StudyRow
from .rounding import Mode, check_bits, rounded

__all__ = ["study"]


def study(
    network: Network,
    stimulus: Any,
    labels: npt.ArrayLike | None = None,
    *,
    output: str | None = None,
    bits: Sequence[int] = (8, 6, 4),
    mode: Mode = "scaled",
    target: str | Board = "model:",
) -> Study:
    """Round a network to several widths and compare each with its floats.

    Parameters
    ----------
    network : Network
        The network.
    stimulus : array, or dict of str to array
        Sample input, shape (samples, steps, channels).
    labels : sequence of int, optional
        Class of each sample, to tell the accuracy.
    output : str, optional
        Population whose neuron with most spikes is the answer; default: the last
        that no other reads.
    bits : sequence of int
        Widths of weights.
    mode : {"scaled", "shared"}
        As of `rounded`; "shared" allows 2..4 bits.
    target : str or Board
        Where the rounded networks run: a URL, or an open board.

    Returns
    -------
    Study

    Raises
    ------
    QuantisationError
        If an argument does not fit; nothing has run then.
    CompileError
        If the network does not fit the array.
    """
    for width in bits:
        check_bits(width, mode)
    if not bits:
        raise QuantisationError("bits must name at least 1 width, not none; give bits=(8, 6, 4)")
    given = checked_stimulus(network, stimulus)
    samples, steps = next(iter(given.values())).shape[:2]
    output = _checked_output(network, output)
    wanted = _checked_labels(labels, samples)
    latest = max(p.latency for p in network.populations.values())
    reference = FloatModel(network).run(given, steps + latest)
    networks = {width: rounded(network, width, given, mode=mode) for width in bits}
    board = target if isinstance(target, Board) else open_board(target)
    try:
        results = {width: _run(board, each, given, steps + latest)
                   for width, each in networks.items()}  # fmt: skip
    finally:
        if not isinstance(target, Board):
            board.close()
    rows = [
        _row(width, name, network, networks[width], program, reference, spikes[name])
        for width, (program, spikes) in results.items()
        for name in dict.fromkeys(p.post.name for p in network.projections.values())
    ]
    late = network.populations[output].latency

    def accuracy(spikes: npt.NDArray[np.bool_]) -> float:
        counts = spikes[:, late : late + steps].sum(axis=1)
        return float((counts.argmax(axis=1) == wanted).mean())

    return Study(
        name=network.name,
        mode=mode,
        rows=tuple(rows),
        networks=networks,
        accuracy=None if wanted is None else accuracy(reference.spikes[output]),
        accuracies={}
        if wanted is None
        else {width: accuracy(spikes[output]) for width, (_, spikes) in results.items()},
        samples=samples,
        steps=steps,
        target=board.url,
    )


def _checked_output(network: Network, output: str | None) -> str:
    name = output
    if output is None and network.populations:
        read = {p.pre.name for p in network.projections.values() if p.pre is not p.post}
        last = [name for name in network.populations if name not in read]
        name = (last or list(network.populations))[-1]
    if name not in network.populations:
        raise QuantisationError(
            f"output must be one of {', '.join(network.populations) or 'none'}, not {output!r}; "
            f"use the names of the network"
        )
    return str(name)


def _checked_labels(labels: Any, samples: int) -> npt.NDArray[np.int64] | None:
    if labels is None:
        return None
    array = np.asarray(labels)
    if array.shape != (samples,) or array.dtype.kind not in "iu":
        raise QuantisationError(
            f"labels must be {samples} integers, one per sample, not {array.dtype} of shape "
            f"{list(array.shape)}; give the class of each sample"
        )
    return array.astype(np.int64)


def _run(
    board: Board, network: Network, stimulus: dict[str, Any], steps: int
) -> tuple[Program, dict[str, npt.NDArray[np.bool_]]]:
    program = board.program(network)
    recording = board.run(stimulus, steps)
    return program, {name: recording.dense(name) for name in network.populations}


def _row(
    bits: int,
    name: str,
    network: Network,
    narrow: Network,
    program: Program,
    reference: FloatRun,
    spikes: npt.NDArray[np.bool_],
) -> StudyRow:
    before, after = (
        np.concatenate(
            [np.zeros(0), *(p.weights for p in each.projections.values() if p.post.name == name)]
        )
        for each in (network, narrow)
    )
    power = float((before**2).mean()) if before.size else 0.0
    error = float(((before - after) ** 2).mean() / power) ** 0.5 if power else 0.0
    report = _report_of(program.report, name)
    room = signed_range(program.config.state_bits)[1] / report.scale
    beyond = [np.count_nonzero(np.abs(each[name]) > room) for each in (reference.v, reference.i)]
    wanted = reference.spikes[name]
    either = np.count_nonzero(spikes | wanted)
    return StudyRow(
        bits=bits,
        population=name,
        scale=report.scale,
        weight_error=error,
        clipped=_clipped(before, after),
        saturations=int(sum(beyond)),
        spikes=int(wanted.sum()),
        bins_equal=float((spikes == wanted).mean()),
        spikes_equal=float(np.count_nonzero(spikes & wanted) / either) if either else 1.0,
    )


def _clipped(before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]) -> int:
    """Return how many weights are further from the grid than half a step, beyond its end."""
    end = np.abs(after).max(initial=0.0)
    inner = np.abs(after) < end
    error = np.abs(before - after)
    half = error[inner].max(initial=0.0)
    return int(np.count_nonzero((error > half * (1 + 1e-9)) & (np.abs(before) > end) & ~inner))


def _report_of(report: Report, name: str) -> Any:
    return next(each for each in report.populations if each.name == name)
