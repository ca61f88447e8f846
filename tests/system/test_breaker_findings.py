"""What tries to break the stack have found; each test is one finding."""

import numpy as np
import pytest

from spikeloom.contract import SpikeloomError, ValueRangeError
from spikeloom.contract.frames import ResetKind
from spikeloom.contract.words import step_words


class Interrupted(Exception):
    """What a user's callback raises."""


@pytest.mark.parametrize("kind", [ResetKind.STOP, ResetKind.STATE, ResetKind.ALL])
def test_a_reset_within_a_run_is_refused_and_loses_nothing(board, network, stimulus, kind):
    board.program(network)
    board.target.write("control", (1).to_bytes(4, "little"), 0, 2)  # a probe: output every step
    steps = 2000
    run = board.target.run([step_words(1)] * steps)
    words = [next(run)]
    with pytest.raises(SpikeloomError, match=r"must wait until the run .* has ended"):
        board.target.reset(kind)
    board.reset_counters()
    words += list(run)
    output = np.concatenate(words)
    assert np.count_nonzero(output == step_words(1)[0]) == steps
    board.reset_state()
    assert board.run(stimulus(5)).steps == 5


def test_a_run_that_failed_is_over_although_its_exception_is_kept(board, model, network, stimulus):
    def fail(done: int, total: int | None) -> None:
        if done:
            raise Interrupted

    for each in (board, model):
        each.program(network)
    with pytest.raises(Interrupted) as kept:
        board.run(stimulus(3000), record=("spikes", "v"), progress=fail)
    board.reset_state()
    ours, golden = (each.run(stimulus(50)) for each in (board, model))
    assert np.array_equal(ours.dense("hidden"), golden.dense("hidden"))
    assert kept.value.__traceback__ is not None


@pytest.mark.parametrize("interval", ["0.1", None, [1.0], float("nan"), -1])
def test_an_interval_that_is_none_is_refused(model, network, interval):
    model.program(network)
    with pytest.raises(ValueRangeError, match="step_interval_s must be in"):
        model.run(steps=1, step_interval_s=interval)
