"""Programs, runs and recordings: the same on every target."""

import numpy as np
import pytest

from spikeloom import LIF, Network, Recording, compile
from spikeloom.board import NoProgramError, RecordError, StimulusError
from spikeloom.compiler import NetworkTooLargeError, ProgramMismatchError
from spikeloom.contract import ValueRangeError, named_config


def same_spikes(a: Recording, b: Recording) -> None:
    assert a.populations == b.populations
    for name in a.populations:
        for mine, theirs in zip(a.spikes(name), b.spikes(name), strict=True):
            assert np.array_equal(mine, theirs)


def test_spikes_and_values_are_those_of_the_model(board, model, network, stimulus):
    record = {"spikes": ["hidden", "output"], "v": "hidden", "i": [("output", [0, 3])]}
    if board.config.theta:
        record["theta"] = ("hidden", [1])
    runs = []
    for each in (board, model):
        each.program(network)
        runs.append(each.run(stimulus(400), record=record))
    ours, golden = runs
    same_spikes(ours, golden)
    assert golden.counts("hidden").sum() > 400
    assert golden.counts("output").sum() > 50
    for key in golden.recorded:
        assert np.array_equal(ours.values(*key, raw=True), golden.values(*key, raw=True))
    assert ours.values("v", "hidden").shape == (400, 9)
    assert ours.counters["steps"] == 400
    assert ours.counters["spikes"] == golden.counters["spikes"]
    assert ours.counters["dropped"] == ours.counters["refused_events"] == 0


def test_a_run_goes_on_where_the_last_one_ended(board, network, stimulus):
    board.program(network)
    whole = board.run(stimulus(60))
    board.reset_state()
    both = stimulus(60)
    parts = [board.run({k: v[:25] for k, v in both.items()})]
    parts.append(board.run({k: v[25:] for k, v in both.items()}))
    for name in whole.populations:
        joined = np.concatenate([part.dense(name) for part in parts])
        assert np.array_equal(joined, whole.dense(name))


def test_the_forms_of_a_stimulus_are_equal(board, network, stimulus):
    board.program(network)
    dense = stimulus(80)
    events = {name: np.nonzero(array) for name, array in dense.items()}
    per_step = [
        {name: np.flatnonzero(array[t]).tolist() for name, array in dense.items()}
        for t in range(80)
    ]
    runs = []
    for form in (dense, events, iter(per_step)):
        board.reset_state()
        runs.append(board.run(form, steps=80))
    for run in runs[1:]:
        same_spikes(run, runs[0])
        assert run.steps == 80


def test_samples_start_from_the_reset_state(board, network, stimulus):
    board.program(network)
    samples = [stimulus(30, seed) for seed in range(7)]
    batch = {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}
    together = board.run(batch, record={"spikes": ["hidden", "output"], "v": "output"})
    assert together.dense("hidden").shape == (7, 30, 9)
    for k, sample in enumerate(samples):
        board.reset_state()
        alone = board.run(sample, record={"spikes": ["hidden", "output"], "v": "output"})
        assert np.array_equal(together.dense("hidden")[k], alone.dense("hidden"))
        assert np.array_equal(together.counts("output")[k], alone.counts("output"))
        assert np.array_equal(together.values("v", "output")[k], alone.values("v", "output"))


def test_silence_and_zero_steps(board, network):
    board.program(network)
    quiet = board.run(steps=20_000)
    assert quiet.counters["steps"] == quiet.steps == 20_000
    assert quiet.counts("hidden").sum() == 0
    assert board.run(steps=0).steps == 0


def test_a_stimulus_larger_than_every_ring(board, model, network, stimulus):
    runs = []
    for each in (board, model):
        each.program(network)
        runs.append(each.run(stimulus(1500, rate=0.8)))
    same_spikes(*runs)


def test_only_chosen_populations_are_kept(board, network, stimulus):
    board.program(network)
    run = board.run(stimulus(10), record={"spikes": "output"})
    assert run.populations == ("output",)
    assert board.run(stimulus(10), record=None).populations == ()


def test_progress_is_told(board, network, stimulus):
    board.program(network)
    told = []
    board.run(stimulus(200), progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (200, 200)
    told.clear()
    board.program(network, progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] >= board.loaded.size_bytes


def test_a_new_program_replaces_all_of_the_old_one(board, model, network, stimulus):
    board.program(network)
    board.run(stimulus(50), record="v")
    other = Network("other")
    source = other.input("in", 2)
    cells = other.population("cells", 3, LIF(threshold=1.0, v_decay=1.0))
    other.connect(source, cells, weights=np.ones((2, 3)) * 1.5)
    board.program(other)
    run = board.run(np.array([[1, 0], [0, 0], [1, 1]]), record=("spikes", "v"))
    assert run.dense("cells").tolist() == [[True] * 3, [False] * 3, [True] * 3]
    assert board.loaded.report.network == "other"


def test_real_time_is_kept(board_url, board, network, stimulus):
    if board_url.startswith("replay:"):
        pytest.skip("what runs depends on what the board is, which a replay does not tell")
    board.program(network)
    if board_url.startswith("sim"):
        run = board.run(stimulus(20), step_interval_s=1e-6)
        assert run.counters["overruns"] > 0  # 12 cycles are not enough for a step
        run = board.run(stimulus(20), step_interval_s=100e-6)
        assert run.counters["overruns"] == 0
    same = board.run(stimulus(20), on_full="drop")
    assert same.counters["dropped"] == 0


class TestRefusals:
    """Each before anything is sent: what the array holds stays as it was."""

    @pytest.fixture
    def loaded(self, board, network, stimulus):
        board.program(network)
        board.run(stimulus(20))
        before = board.snapshot()
        yield board
        after = board.snapshot()
        assert after.windows == before.windows

    @pytest.mark.parametrize(
        ("arguments", "error", "text"),
        [
            ({"stimulus": np.zeros((5, 6))}, StimulusError, "dict of name to stimulus"),
            ({"stimulus": {"left": np.zeros((5, 7))}}, StimulusError, r"\[steps, 6\]"),
            ({"stimulus": {"left": np.full((5, 6), np.nan)}}, StimulusError, "not nan"),
            ({"stimulus": {"centre": np.zeros((5, 6))}}, StimulusError, "not 'centre'"),
            ({"stimulus": {"left": ([9], [0])}, "steps": 5}, StimulusError, "not 9"),
            ({"steps": 5, "record": "w"}, RecordError, "not 'w'"),
            ({"steps": 5, "record": {"v": "hiden"}}, RecordError, "not 'hiden'"),
            ({"steps": 5, "record": {"v": ("hidden", [9])}}, RecordError, r"0\.\.8, not 9"),
            ({"steps": 5, "step_interval_s": -1}, ValueRangeError, "not -1"),
            ({"steps": 5, "on_full": "explode"}, ValueRangeError, "not 'explode'"),
        ],
    )
    def test_runs(self, loaded, arguments, error, text):
        with pytest.raises(error, match=text):
            loaded.run(**arguments)

    def test_a_program_for_another_array(self, loaded):
        net = Network("small")
        net.population("cells", 2, LIF(threshold=1.0))
        other = compile(net, named_config("tiny" if loaded.config.name == "quad" else "quad"))
        with pytest.raises(ProgramMismatchError, match="compile the network for"):
            loaded.program(other)
        assert loaded.loaded.report.network == "layered 0"

    def test_a_network_that_is_too_large(self, loaded):
        net = Network("large")
        net.population("cells", loaded.config.neurons + 1, LIF(threshold=1.0))
        with pytest.raises(NetworkTooLargeError):
            loaded.program(net)

    def test_something_that_is_no_program(self, loaded):
        with pytest.raises(ValueRangeError, match="a Program or a Network, not a str"):
            loaded.program("digits.loom")


def test_too_many_probes(board, network):
    board.program(network)
    most = board.config.probes
    everyone = ("hidden", np.arange(9).tolist() * (most // 9 + 1))
    count = len(everyone[1])
    with pytest.raises(RecordError, match=rf"at most {most} values .* not {count}; choose fewer"):
        board.run(steps=3, record={"v": [everyone]})


def test_a_board_without_program(board):
    with pytest.raises(NoProgramError, match=r"call board.program"):
        board.run(steps=3)
    assert "no program" in repr(board)


def test_an_error_in_an_iterator_stops_the_run_and_the_board_goes_on(board, network, stimulus):
    board.program(network)

    def failing():
        yield {"left": [0]}
        yield {"left": [99]}

    with pytest.raises(StimulusError, match=r"channel in step 1 .* not 99"):
        board.run(failing())
    board.reset_state()
    assert board.run(stimulus(10)).steps == 10
