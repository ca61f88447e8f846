"""`assert_same_run`: it agrees where it must, and points at the first thing that differs."""

import itertools

import numpy as np
import pytest

import spikeloom
from spikeloom import LIF, STDP, Network, compile
from spikeloom.testing import RunsDifferError, TestingError, assert_same_run, unmet_needs

STIMULUS = np.random.default_rng(1).random((60, 3)) < 0.3


def network(rule=None) -> Network:
    net = Network("pair")
    source = net.input("in", 3)
    first = net.population("first", 4, LIF(threshold=1.0, v_decay=0.1))
    second = net.population("second", 2, LIF(threshold=1.0, v_decay=0.2))
    net.connect(source, first, np.full((3, 4), 0.4), stdp=rule)
    net.connect(first, second, 0.3)
    return net


@pytest.fixture
def board():
    with spikeloom.open("model:tiny") as board:
        yield board


@pytest.fixture
def model():
    with spikeloom.open("model:tiny") as model:
        yield model


def disturbed(board, times=None, **state):
    """Let the board begin its next runs with other state, `times` times."""
    run = board.run
    left = itertools.count() if times is None else iter(range(times))

    def wrong(*arguments, **options):
        if next(left, None) is not None:
            board.write_state("first", **state)
        return run(*arguments, **options)

    board.run = wrong


def test_runs_that_agree(board, model):
    run = assert_same_run(board, model, network(), STIMULUS, record=("spikes", "v"), state=True)
    assert run.counts("second").sum() > 0
    assert ("v", "first") in run.recorded


@pytest.mark.parametrize(
    ("stimulus", "steps"),
    [
        (np.nonzero(STIMULUS), 60),
        ({"in": STIMULUS}, None),
        (None, 20),
        ((list(np.flatnonzero(row)) for row in STIMULUS), None),
        (({"in": [k % 3]} for k in itertools.count()), 30),
        (np.stack([STIMULUS, ~STIMULUS]), None),
    ],
    ids=["pairs", "dict", "silence", "iterator", "endless", "batch"],
)
def test_every_form_of_stimulus(board, model, stimulus, steps):
    run = assert_same_run(board, model, compile(network(), board.config), stimulus, steps)
    assert steps in (None, run.steps)
    assert (run.counts("first").sum() > 0) == (stimulus is not None)


@pytest.mark.parametrize("form", ["dense", "pairs", "dict", "iterator", "batch"])
def test_the_first_difference_and_the_inputs_around_it(board, model, form):
    forms = {
        "dense": STIMULUS,
        "pairs": np.nonzero(STIMULUS),
        "dict": {"in": STIMULUS},
        "iterator": (np.flatnonzero(row).tolist() for row in STIMULUS),
        "batch": np.stack([STIMULUS[:30], STIMULUS[30:]]),
    }
    real = board.write_weights
    disturb = board.run

    def wrong(*arguments, **options):
        real("first->second", 0.2)
        return disturb(*arguments, **options)

    board.run = wrong
    with pytest.raises(RunsDifferError) as caught:
        assert_same_run(board, model, network(), forms[form])
    found = caught.value.difference
    golden = model_spikes(forms["batch"] if form == "batch" else STIMULUS)
    assert (found.quantity, found.where) == ("spikes", "second")
    assert found.sample == (0 if form == "batch" else None)
    assert (found.board, found.model) == (False, True)
    times = golden[0] if form == "batch" else golden
    assert times[found.step, found.member]
    text = str(caught.value)
    before, _, rest = text.partition("\n")
    assert f"differ first in step {found.step}" in before
    assert f"second[{found.member}] fires on the model, not on the board" in before
    row = next(line for line in rest.splitlines() if line.startswith("input in"))
    shown = [cell.strip() for cell in row.removeprefix("input in").split("  ") if cell.strip()]
    steps = range(max(0, found.step - 4), found.step + 4)
    wanted = [" ".join(map(str, np.flatnonzero(STIMULUS[t]))) or "." for t in steps]
    assert shown == wanted
    lines = rest.splitlines()
    spikes = lines[lines.index("spikes of second") + 2].split("  ")
    fired = [cell.strip() for cell in spikes[2:] if cell.strip()]
    assert fired == [" ".join(map(str, np.flatnonzero(times[t]))) or "." for t in steps]
    assert "i of second[" in rest
    assert f"[{found.step}]" in rest
    assert "a second run differed in the same step" in rest


def model_spikes(stimulus):
    with spikeloom.open("model:tiny") as model:
        model.program(network())
        return model.run(stimulus).dense("second")


def test_values_are_compared_and_come_before_spikes(board, model):
    disturbed(board, v=0.3)
    with pytest.raises(
        RunsDifferError, match=r"step 0: v of first\[0\] is \d+ on the board, \d+ on"
    ):
        assert_same_run(board, model, network(), STIMULUS, record=("spikes", "v"))


def test_spikes_that_only_the_board_has(board, model):
    disturbed(board, v=0.9)
    with pytest.raises(RunsDifferError, match="fires on the board, not on the model") as caught:
        assert_same_run(board, model, network(), STIMULUS)
    assert caught.value.difference.board is True
    assert "v of first[0] differs from step 0 on" in str(caught.value)


def test_a_board_that_does_not_repeat_itself_is_told(board, model):
    disturbed(board, times=1, v=0.9)
    with pytest.raises(
        RunsDifferError, match=r"second run agreed in all: .* does not repeat itself"
    ):
        assert_same_run(board, model, network(), STIMULUS)


def test_weights_are_compared(board, model):
    rule = STDP(a_plus=0.1, a_minus=0.05, w_max=1.0, tau_plus=8, tau_minus=8, stochastic=False)
    options = {"record": ("spikes", "weights"), "every": 20}
    run = assert_same_run(board, model, network(rule), STIMULUS, state=True, **options)
    assert run.weights["in->first"].steps.tolist() == [0, 20, 40, 60]
    program = compile(network(rule), board.config)
    for each in (board, model):
        each.program(program)
    board.write_weights("in->first", board.read_weights("in->first", raw=True) - 1, raw=True)
    text = r"after it the weight from in\[0\] to first\[0\] in 'in->first' is \d+ on the board"
    with pytest.raises(RunsDifferError, match=text):
        assert_same_run(board, model, None, STIMULUS * 0, **options)


def test_memories_are_compared_where_asked(board, model):
    program = compile(network(), board.config)
    for each in (board, model):
        each.program(program)
    board.write_state("second", c=3)
    board.write("control", offset=5, value=[7])
    assert_same_run(board, model, None, steps=1)
    text = (
        r"but 2 memories differ, although all that was recorded of 1 steps agrees:\n"
        r"register '\w+': board 7, model \d+\nc of second\[0\]: board 1, model 0 and 1 more"
    )
    with pytest.raises(RunsDifferError, match=text):
        assert_same_run(board, model, None, steps=1, state=True)


def test_a_run_goes_on_without_a_network(board, model):
    assert_same_run(board, model, compile(network(), board.config), STIMULUS)
    model.program(network())
    with pytest.raises(TestingError, match="must hold the same program"):
        assert_same_run(board, model, None, STIMULUS)
    with pytest.raises(TestingError, match="must be two arrays, not 'model:tiny' twice"):
        assert_same_run(board, board, network(), STIMULUS)


def test_needs(board):
    assert unmet_needs(board.config, neurons=16, learning=True, name=["quad", "tiny"]) == []
    assert unmet_needs(board.config, learning=False, name="quad") == [
        "learning=False, not True",
        "name 'quad', not 'tiny'",
    ]
