"""Runs of sweeps: what makes two the same, in this process and in others."""

import dataclasses
import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikeloom
from spikeloom import LIF, STDP, Network, fleet
from spikeloom.fleet.digest import digest
from spikeloom.fleet.runs import checked_runs


def network(weight=0.5, name="net", delay=1, order=1):
    net = Network(name)
    eye = net.input("eye", 2)
    for each in ("a", "b")[::order]:
        net.population(each, 3, LIF(threshold=1.0, v_decay=[0.1, 0.2, 0.3]))
    net.connect(eye, "a", weights=np.full((2, 3), weight), delay=delay)
    net.connect("a", "b", weights=0.5, stdp=STDP(a_plus=0.1, a_minus=0.1, w_max=1.0))
    return net


NETWORK_DIGESTS = {
    "same": network(),
    "weight": network(0.6),
    "delay": network(delay=2),
    "order": network(order=-1),
    "program": spikeloom.compile(network(), "tiny"),
    "program of another": spikeloom.compile(network(0.6), "tiny"),
}


def test_digests_tell_networks_apart():
    found = {digest(each, "it") for each in NETWORK_DIGESTS.values()}
    assert len(found) == len(NETWORK_DIGESTS)
    assert digest(network(), "it") == digest(NETWORK_DIGESTS["same"], "it")


def test_every_attribute_of_a_network_but_the_name_counts():
    """Also those that did not exist when digests were written."""
    for name in vars(network()):
        changed = network()
        setattr(changed, name, {} if name in ("inputs", "populations", "projections") else "x")
        assert (digest(changed, "it") == digest(network(), "it")) == (name == "name")


def test_stimulus_and_read_out_on_the_chip_count():
    plain, encoded, noisy, read = (network() for _ in range(4))
    plain.input("more", 3)
    encoded.input("more", 3, encoder=spikeloom.RateEncoder())
    noisy.noise("more", 3, 0.5)
    read.input("more", 3)
    read.readout("a", ["x", "y", None])
    found = {digest(each, "it") for each in (plain, encoded, noisy, read)}
    assert len(found) == 4


def test_digests_survive_pickling():
    for each in NETWORK_DIGESTS.values():
        assert digest(pickle.loads(pickle.dumps(each)), "it") == digest(each, "it")


def test_every_field_of_a_program_but_the_report_counts():
    program = NETWORK_DIGESTS["program"]
    for field in dataclasses.fields(program):
        changed = dataclasses.replace(program, **{field.name: "another"})
        assert (digest(changed, "it") == digest(program, "it")) == (field.name == "report")


def test_keys_are_the_same_in_another_process():
    """Also with another seed of Python's hashes."""
    program = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); import numpy as np\n"
        "from test_fleet_runs import keys; print(json.dumps(keys()))"
    )
    command = [sys.executable, "-c", program, str(Path(__file__).parent)]
    for seed in ("1", "2"):
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)}
        result = subprocess.run(
            command, env=environment, capture_output=True, timeout=120, check=True
        )
        assert json.loads(result.stdout) == keys()


def keys():
    runs = fleet.grid(
        seed=range(2),
        rate=[0.1, np.float32(0.25)],
        network={"one": network(), "other": NETWORK_DIGESTS["program"]},
        data={"x": np.arange(6, dtype=">u2").reshape(2, 3), "y": {"b": b"1", "a": None}},
    )
    return [run.key for run in runs]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)


def typed(value):
    """A value with its types, so that 1, 1.0 and True differ."""
    if isinstance(value, list):
        return ["list", *map(typed, value)]
    if isinstance(value, dict):
        return ["dict", *sorted((name, typed(each)) for name, each in value.items())]
    return (type(value).__name__, repr(value))


@settings(deadline=None)
@given(VALUES, VALUES)
def test_digests_are_equal_where_values_are(one, other):
    assert (digest(one, "it") == digest(other, "it")) == (repr(typed(one)) == repr(typed(other)))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"f": print}, r"it\['f'\] must be plain data, a Network or a Program"),
        ([object()], r"it\[0\] must be plain data"),
        ({1: 2, "a": 3}, "names in it must be of one kind"),
        (np.array([object()]), "not ndarray"),
    ],
)
def test_what_has_no_content_cannot_be_told_apart(value, message):
    with pytest.raises(fleet.PlainDataError, match=message):
        digest(value, "it")


def test_data_that_cannot_be_hashed_names_the_run():
    with pytest.raises(fleet.PlainDataError, match=r"data of run 'seed=1'.* not function"):
        checked_runs([fleet.Run({"seed": 1}, data={"f": lambda: 1})])


# Grids


def test_axes_in_their_order():
    names = [run.name for run in fleet.grid(a=[1, 2], b=["xy"], c=range(2))]
    assert names == ["a=1, b=xy, c=0", "a=1, b=xy, c=1", "a=2, b=xy, c=0", "a=2, b=xy, c=1"]


def test_networks_and_data_of_a_grid():
    made = fleet.grid(
        weight=[0.1, 0.2], network=lambda each: network(each["weight"]), data=lambda each: [each]
    )
    assert made[0].network_digest == digest(network(0.1), "it")
    assert [run.data for run in made] == [[{"weight": 0.1}], [{"weight": 0.2}]]
    one = network()
    assert all(run.network is one for run in fleet.grid(seed=range(2), network=one))
    named = fleet.grid(seed=range(2), network={"a": one, "b": network(0.7)})
    assert [(run["network"], run["seed"]) for run in named] == [
        ("a", 0), ("a", 1), ("b", 0), ("b", 1),
    ]  # fmt: skip
    assert len({run.key for run in named}) == 4


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"seed": 5}, r"axis 'seed' must be a list of values, not 5; write \[5\]"),
        ({"name": "abc"}, "axis 'name' must be a list"),
        ({"seed": []}, "at least one value"),
        ({"worker": [1]}, "a name other than .*worker.* not 'worker'"),
    ],
)
def test_bad_axes(axes, message):
    with pytest.raises(fleet.SweepError, match=message):
        fleet.grid(**axes)


def test_a_run_is_a_mapping():
    run = fleet.Run({"seed": 3, "long": "x" * 100})
    assert dict(run) == run.parameters
    assert (len(run), len(run.name), run == fleet.Run({"seed": 3})) == (2, 80, False)
    with pytest.raises(KeyError, match="there is no 'sede'"):
        run["sede"]


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ([], "at least one run, not none"),
        ([{"a": 1}, {"a": 2}, {"a": 1}], "2 are 'a=1'"),
        ([3], "must be a Run or a dict of parameters, not 3"),
    ],
)
def test_runs_that_make_no_sweep(runs, message):
    with pytest.raises(fleet.SweepError, match=message):
        checked_runs(runs)


def test_a_network_must_be_one():
    with pytest.raises(fleet.SweepError, match="must be a Network or a Program, not str"):
        fleet.Run({}, network="net.loom")


def test_runs_differ_by_data_alone():
    runs = checked_runs([fleet.Run({"a": 1}, data=np.arange(k)) for k in range(3)])
    assert len({run.key for run in runs}) == 3


def test_shared_networks_are_hashed_once(monkeypatch):
    hashed = []
    real = spikeloom.fleet.runs.digest

    def counted(value, where):
        hashed.append(value)
        return real(value, where)

    monkeypatch.setattr(spikeloom.fleet.runs, "digest", counted)
    net = network()
    checked_runs(fleet.grid(seed=range(20), network=net))
    assert sum(value is net for value in hashed) == 1
