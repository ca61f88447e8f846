"""Reading networks, what is folded and reported, and what is refused."""

import itertools
import json
import random

import numpy as np
import pytest
from superneuromat_support import assert_same, new_snn

import spikeloom
from spikeloom.compiler import NetworkTooLargeError
from spikeloom.contract import SpikeloomError
from spikeloom.superneuromat import (
    StepsError,
    SuperNeuroMATError,
    SuperNeuroMATFileError,
    UnsupportedError,
    from_superneuromat,
    read,
    run_superneuromat,
    simulate_on,
)


def delayed():
    """Two neurons, a delay of 3, an input spike."""
    snn = new_snn()
    a, b = snn.create_neuron(threshold=0.5), snn.create_neuron(threshold=1.5, reset_state=-1.0)
    snn.create_synapse(a, b, weight=4.0, delay=3)
    snn.add_spike(1, a, 1.0)
    return snn


def whats(imported, level=None):
    return [each.what for each in imported.differences if level in (None, each.level)]


# JSON


@pytest.mark.parametrize("encoding", ["json-native", "base64", "base85"])
def test_json_in_all_forms_is_the_live_network(encoding, tmp_path):
    snn = delayed()
    snn.simulate(2)  # spikes of hidden neurons are under way
    snn.add_spike(0, 0, 1.0)
    path = tmp_path / "chain.snn.json"
    with path.open("w", encoding="utf-8") as file:
        snn.saveas_json(file, array_representation=encoding, net_name="chain")
    text = path.read_text(encoding="utf-8")
    there = snn.copy()
    there.simulate(6)
    with spikeloom.open("model:quad") as board:
        for source in (snn, path, str(path), text, json.loads(text)):
            imported = from_superneuromat(source)
            result = imported.run(board, 6)
            assert result.spikes.tolist() == there.ispikes[2:].tolist()
            assert result.states.tolist() == there.neuron_states
    assert str(read(path).report).startswith("SuperNeuroMAT network 'chain' for 'quad': 4 neurons")


def test_a_network_of_a_file_is_chosen_by_place_or_name():
    document = json.loads(delayed().to_json(net_name="first"))
    other = new_snn()
    other.create_neuron()
    document["networks"] += json.loads(other.to_json(net_name="other"))["networks"]
    assert from_superneuromat(document, net="other").report.neurons == 1
    assert from_superneuromat(document, net=0).report.neurons == 4
    for net in (2, -1, "third", None, True):
        with pytest.raises(SuperNeuroMATError, match="net must be"):
            from_superneuromat(document, net=net)


def broken(change):
    document = json.loads(delayed().to_json())
    change(document["networks"][0]["data"], document)
    return document


BAD_FILES = {
    "foreign": (lambda d, j: j.pop("networks"), "must hold 'networks'"),
    "version": (lambda d, j: j.update(version="2.0"), "format version .* must be 0.1, not '2.0'"),
    "inner version": (
        lambda d, j: j["networks"][0]["meta"].update(format_version="9"),
        "format version of a network",
    ),
    "no data": (lambda d, j: j["networks"][0].pop("data"), "must have 'data'"),
    "no object": (lambda d, j: j.update(networks=[3]), "must be objects"),
}


@pytest.mark.parametrize(("change", "text"), BAD_FILES.values(), ids=BAD_FILES)
def test_foreign_documents_are_refused(change, text):
    with pytest.raises(SuperNeuroMATFileError, match=text):
        from_superneuromat(broken(change))


def test_a_foreign_format_is_refused():
    with pytest.raises(UnsupportedError, match="format 'snm' and type 'SNN', not 'nir'"):
        from_superneuromat(broken(lambda d, j: j["networks"][0]["meta"].update(format="nir")))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_truncated_files_are_refused(share, tmp_path):
    text = delayed().to_json()
    path = tmp_path / "cut.json"
    path.write_text(text[: int(len(text) * share)], encoding="utf-8")
    with pytest.raises(SuperNeuroMATFileError, match=r"cut.json' must be complete JSON"):
        read(path)


def test_binary_and_damaged_arrays_are_refused(tmp_path):
    path = tmp_path / "binary.json"
    path.write_bytes(bytes(range(128, 256)))
    with pytest.raises(SuperNeuroMATFileError, match="not binary data"):
        read(path)
    document = json.loads(delayed().to_json(array_representation="base64"))
    document["networks"][0]["data"]["synaptic_weights"]["base64"] = "AAA"
    with pytest.raises(SuperNeuroMATFileError, match=r"synaptic_weights .* whole array in base64"):
        from_superneuromat(document)
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.json")


BAD_DATA = {
    "missing": (lambda d: d.pop("synaptic_weights"), "synaptic_weights must be there"),
    "short": (lambda d: d["neuron_leaks"].pop(), "neuron_leaks must have 4 entries"),
    "flags": (lambda d: d["enable_stdp"].pop(), "enable_stdp must have 3 entries"),
    "text": (lambda d: d.update(neuron_leaks="leaks"), "must be a list, not str"),
    "words": (lambda d: d["neuron_leaks"].__setitem__(0, "x"), "must be a list of numbers"),
    "nan": (lambda d: d["neuron_leaks"].__setitem__(1, float("nan")), "not NaN at index 1"),
    "infinite": (
        lambda d: d["neuron_states"].__setitem__(0, float("inf")), "neuron_states must be finite"
    ),
    "weight": (
        lambda d: d["synaptic_weights"].__setitem__(0, float("inf")), "synaptic_weights must be fin"
    ),
    "target": (
        lambda d: d["post_synaptic_neuron_ids"].__setitem__(0, 9), "whole numbers in 0..3, not 9"
    ),
    "period": (
        lambda d: d["neuron_refractory_periods"].__setitem__(0, 1.5), "periods must be whole"
    ),
    "twice": (
        lambda d: (d["pre_synaptic_neuron_ids"].__setitem__(1, 0),
                   d["post_synaptic_neuron_ids"].__setitem__(1, 2)),
        "0 -> 2 has 2",
    ),
    "spikes": (lambda d: d.update(input_spikes={"1": {"nids": [0]}}), "equally long lists"),
    "list of spikes": (lambda d: d.update(input_spikes=[1]), "must map steps to spikes"),
    "spike neuron": (
        lambda d: d.update(input_spikes={"1": {"nids": [7], "values": [1]}}), "in 0..3, not 7"
    ),
    "spike value": (
        lambda d: d.update(input_spikes={"1": {"nids": [0], "values": [None]}}), "finite number"
    ),
    "past": (
        lambda d: d.update(input_spikes={"-1": {"nids": [0], "values": [1]}}), "at least 0, not -1"
    ),
    "rows": (lambda d: d.update(spike_train=[[1, 0]]), "must have 4 entries, one per neuron"),
    "lists": (lambda d: d.update(apos=[1, 2], aneg=[-1]), "same length, not 2 and 1"),
    "sign": (lambda d: d.update(apos=[-1]), "apos must be at least 0"),
    "empty": (
        lambda d: d.update(neuron_thresholds=[]), "at least 1 neuron, not 0"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "text"), BAD_DATA.values(), ids=BAD_DATA)
def test_networks_that_contradict_themselves_are_refused(change, text):
    with pytest.raises(SuperNeuroMATError, match=text) as caught:
        from_superneuromat(broken(lambda d, j: change(d)))
    assert isinstance(caught.value, SpikeloomError)
    assert caught.value.exit_code == 2


WEIRD = [
    None, True, -1, 3, 1e308, -1e308, 5e-324, np.inf, -np.inf, np.nan, "x", "", [], {}, [[]],
    [None], {"a": 1}, 2**70, 0.1, "float64", "int8", {"base64": "!!"},
    {"base64": "AAAA", "dtype": "<i3"},
]  # fmt: skip


def spoil(node, rng: random.Random):
    """Replace, drop or add something somewhere in a document."""
    if not isinstance(node, dict | list) or not node or rng.random() < 0.2:
        return rng.choice(WEIRD)
    place = rng.choice(list(node)) if isinstance(node, dict) else rng.randrange(len(node))
    if rng.random() < 0.1:
        del node[place]
    elif isinstance(node, list) and rng.random() < 0.1:
        node.append(rng.choice(WEIRD))
    else:
        node[place] = spoil(node[place], rng)
    return node


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(0, 200, 20))
def test_spoilt_documents_are_refused_or_run(seed):
    """Whatever is in a file, there is no error but our own."""
    with spikeloom.open("model:tiny") as board:
        for part in range(seed, seed + 20):
            rng = random.Random(part)
            encoding = rng.choice(["json-native", "base64", "base85"])
            document = json.loads(delayed().to_json(array_representation=encoding))
            (network,) = document["networks"]
            network["data"] = spoil(network["data"], rng)
            try:
                imported = from_superneuromat(document, config="tiny")
                imported.run(board, 3)
            except SpikeloomError:
                continue
            assert str(imported.report)


def test_what_the_machine_cannot_do_is_named():
    snn = new_snn()
    snn.allow_signed_leak = True
    snn.create_neuron(leak=-1.0)
    with pytest.raises(UnsupportedError, match="leak of neuron 0 must be at least 0"):
        from_superneuromat(snn)
    snn = delayed()
    snn.default_dtype = np.int32
    with pytest.raises(UnsupportedError, match="default_dtype must be a floating type"):
        from_superneuromat(snn)
    snn = delayed()
    snn.manual_setup = True
    with pytest.raises(UnsupportedError, match="manual_setup must be False"):
        run_superneuromat(snn, 3, "model:tiny")


@pytest.mark.parametrize("source", [3, None, b"{}", [1]])
def test_other_things_are_refused(source):
    with pytest.raises(SuperNeuroMATError, match=r"must be a superneuromat\.SNN, or its JSON"):
        from_superneuromat(source)


def test_wrong_arguments_are_refused_and_change_nothing():
    snn = delayed()
    before = snn.copy()
    for steps in (0, -1, 1.5, "3", True, None, [3]):
        with pytest.raises(StepsError, match="steps must be a whole number"):
            run_superneuromat(snn, steps, "model:tiny")
    with pytest.raises(SuperNeuroMATError, match=r"from_superneuromat\(...\).run"):
        run_superneuromat(snn.to_json(), 3, "model:tiny")
    with pytest.raises(SuperNeuroMATError, match="learning must be one of"):
        from_superneuromat(snn, learning="yes")
    for channel in [(9, 1.0), (0, np.inf), 3]:
        with pytest.raises(SuperNeuroMATError, match="channels must be pairs"):
            from_superneuromat(snn, channels=[channel])
    imported = from_superneuromat(snn, config="up5k")
    with spikeloom.open("model:tiny") as board, pytest.raises(SuperNeuroMATError, match="state_b"):
        imported.run(board, 3)
    for _ in range(20):
        snn.create_neuron()
    before = snn.copy()
    with pytest.raises(NetworkTooLargeError, match="'tiny'"):
        run_superneuromat(snn, 3, "model:tiny")
    assert snn == before


def test_an_older_live_network_is_named():
    class Old:
        neuron_thresholds = ()

        def simulate(self): ...

    with pytest.raises(SuperNeuroMATError, match=r"install superneuromat>=3.5,<4"):
        from_superneuromat(Old())


# Chains


def test_chains_are_folded_into_delays():
    imported = from_superneuromat(delayed())
    (_, synapses) = imported.network.projections.values()
    assert synapses.delays.tolist() == [3]
    assert imported.network.populations["neurons"].size == 2
    assert imported.report.hidden == 2
    assert "chains of hidden neurons are delays of axons" in whats(imported, "form")


def other_use(snn):
    snn.create_synapse(2, 0, weight=1.0)


def input_spike(snn):
    snn.add_spike(0, 2, 1.0)


def changed(snn):
    snn.neurons[3].threshold = 1.0


def refractory(snn):
    snn.neurons[3].refractory_period = 2


def at_work(snn):
    snn.neurons[3].leak = 1.0
    snn.neurons[3].state = -5.0


def fires_alone(snn):
    snn.neurons[2].threshold = -1.0


def plastic_link(snn):
    snn.stdp_setup(Apos=[1.0], positive_update=True, negative_update=False)
    snn.synapses[0].stdp_enabled = True


def second_chain(snn):
    snn.create_synapse(0, 1, weight=4.0, delay=3)


@pytest.mark.filterwarnings("ignore:STDP is not enabled")
@pytest.mark.parametrize(
    ("change", "hidden"),
    [(other_use, 0), (input_spike, 0), (changed, 0), (refractory, 0), (at_work, 0),
     (fires_alone, 0), (plastic_link, 0), (second_chain, 2)],
)  # fmt: skip
def test_chains_with_another_use_stay_neurons(change, hidden):
    """And whatever is done with them, the run is the same."""
    here = delayed()
    change(here)
    imported = from_superneuromat(here)
    assert imported.report.hidden == hidden
    assert "chains of hidden neurons stay neurons" in whats(imported, "form")
    there = here.copy()
    for _ in range(2):
        there.simulate(6)
        run_superneuromat(here, 6, "model:tiny")
        assert_same(here, there)


# Values of input spikes


def test_few_values_take_a_channel_each_and_many_are_put_together_from_bits():
    few, many = new_snn(), new_snn()
    for snn, values in ((few, [1.0, 9.0, 9.0, -4.0]), (many, range(-40, 60))):
        neuron = snn.create_neuron(threshold=1000.0, leak=0.0)
        for step, value in enumerate(values):
            neuron.add_spike(step, float(value))
    assert from_superneuromat(few).network.inputs["input"].size == 3
    assert from_superneuromat(many).network.inputs["input"].size == 7
    for snn in (few, many):
        there = snn.copy()
        there.simulate(100)
        run_superneuromat(snn, 100, "model:tiny")
        assert_same(snn, there)


def test_channels_can_be_asked_for():
    snn = new_snn()
    snn.create_neuron(threshold=1.5)
    imported = from_superneuromat(snn, channels=[(0, 1.0), (0, 2.0)])
    assert sorted(imported.channels) == [(0, 1.0), (0, 2.0)]
    with spikeloom.open("model:tiny") as board:
        board.program(imported.network)
        (two,) = imported.channels[0, 2.0]
        (one,) = imported.channels[0, 1.0]
        assert board.run(([0, 1], [one, two])).spikes("neurons")[0].tolist() == [1]


# Differences


def test_every_difference_of_a_program_alone_is_listed():
    snn = new_snn()
    a = snn.create_neuron(
        threshold=2.0, leak=1.0, reset_state=1.0, refractory_period=400, initial_state=2.0
    )
    b = snn.create_neuron(threshold=1e9)
    snn.create_synapse(a, b, weight=1.0)
    snn.add_spike(0, a, 2.5)
    snn.spike_train.append(np.array([True, False]))
    imported = from_superneuromat(snn)
    assert imported.report.exact
    assert whats(imported, "run") == [
        "queued input spikes are a stimulus, no part of the program",
        "states or refractory countdowns at the start",
        "spikes of the step before that are under way",
        "refractory periods above 255 steps",
    ]
    assert whats(imported, "limit") == [
        "thresholds above every potential that the array can hold",
        "potentials saturate",
    ]
    assert whats(from_superneuromat(snn, steps=10), "limit") == [
        "thresholds above every potential that the array can hold"
    ]
    text = str(imported.report)
    for each in imported.differences:
        assert str(each) in text
        assert each.what in imported.report._repr_html_()


def test_weights_without_a_common_unit_are_reported_as_rounded():
    snn = new_snn()
    a, b = snn.create_neuron(), snn.create_neuron(threshold=1.0)
    snn.create_synapse(a, b, weight=np.pi)
    snn.create_synapse(b, b, weight=0.3333)
    (change,) = from_superneuromat(snn).report.of_level("change")
    assert "2 weights by up to" in change.consequence
    assert not from_superneuromat(snn).report.exact


@pytest.mark.parametrize(
    "unit", [*range(1, 30, 2), 75, 77, 91, 0.1, 0.3, 0.7, 1.1, 2.1, 3 * 2.0**-100, 5 * 2.0**150]
)
def test_weights_over_the_full_range_are_exact_whatever_their_unit(unit):
    """Quotients that come out above 127 by the last place must not cost a bit."""
    snn = new_snn()
    a, b = snn.create_neuron(), snn.create_neuron(threshold=5.0 * unit, leak=0.0)
    snn.create_synapse(a, b, weight=127 * unit)
    snn.create_synapse(b, b, weight=-128 * unit)
    snn.create_synapse(b, a, weight=unit)
    snn.create_synapse(a, a, weight=3 * unit)
    imported = from_superneuromat(snn)
    with spikeloom.open("model:quad") as board:
        board.program(imported.network)
        raw = {
            name: board.read_weights(name, raw=True).tolist()
            for name in imported.network.projections
        }
    assert sorted(itertools.chain(*raw.values())) == [-128, 1, 3, 127]


@pytest.mark.parametrize("weights", [(200.0, 1.0), (-130.0, 3.0), (130.0, 0.5)])
def test_weights_of_more_than_8_bits_are_no_exact_ones(weights):
    snn = new_snn()
    a, b, c = (snn.create_neuron() for _ in range(3))
    snn.create_synapse(a, c, weight=weights[0])
    snn.create_synapse(b, c, weight=weights[1])
    (change,) = from_superneuromat(snn).report.of_level("change")
    assert "rounded to 8 bits" in change.consequence
    snn.synaptic_weights[1] = 4.0 * np.sign(weights[0])  # at a gain of 1 these fit
    assert from_superneuromat(snn).report.exact


def test_a_run_has_channels_for_its_own_steps_only():
    snn = new_snn()
    neuron = snn.create_neuron(threshold=99.0)
    for step in range(6):
        neuron.add_spike(step, float(step + 1))
    assert sorted(from_superneuromat(snn, steps=3).channels) == [(0, 1.0), (0, 2.0), (0, 3.0)]


def test_floats_that_are_too_narrow_are_reported():
    snn = new_snn()
    snn.default_dtype = np.float16
    a = snn.create_neuron(threshold=100.0, reset_state=1024.0)
    a.add_spike(0, 0.25)
    assert whats(from_superneuromat(snn), "change") == ["float16 has too few digits"]


def learner(apos, aneg=(), weight=1.0):
    snn = new_snn()
    a, b = snn.create_neuron(), snn.create_neuron()
    snn.create_synapse(a, b, weight=weight, stdp_enabled=True)
    snn.apos, snn.aneg = list(apos), list(aneg)
    return snn


@pytest.mark.parametrize(
    ("snn", "reason"),
    [
        (learner([1.0], [-1.0]), "aneg takes from every enabled synapse"),
        (learner([1.0, 3.0]), "neither one amount nor halved"),
        (learner([1.0, 0.5, 0.0, 0.125]), "neither one amount nor halved"),
        (learner([0.0, 1.0, 0.5]), "neither one amount nor halved"),
        (learner([200.0, 1.0], weight=2.0), "neither one amount nor halved"),
        (learner([200.0, 0.0]), "no common unit"),
        (learner([1.0] * 9), "9 lags, and a trace remembers 8"),
        (learner([0.001, 0.001], weight=5.0), "no common unit"),
    ],
)
def test_lists_that_the_array_cannot_follow_are_left_to_the_host(snn, reason):
    imported = from_superneuromat(snn)
    assert imported.report.learning == "host"
    (found,) = [each for each in imported.differences if "host applies" in each.what]
    assert reason in found.consequence
    with pytest.raises(SuperNeuroMATError, match=reason):
        from_superneuromat(snn, learning="chip")
    off = from_superneuromat(snn, learning="off")
    assert off.report.learning == "off"
    assert "STDP is switched off" in whats(off, "change")


def test_lists_that_are_switched_off_do_nothing():
    snn = learner([1.0], [-1.0])
    snn.stdp_negative_update = False
    assert from_superneuromat(snn).report.learning == "chip"
    snn.stdp_positive_update = False
    assert from_superneuromat(snn).report.learning == "none"
    snn.stdp_negative_update = True
    assert from_superneuromat(snn).report.learning == "host"
    snn.stdp = False
    assert from_superneuromat(snn).report.learning == "none"


def test_thresholds_between_potentials_are_told():
    snn = new_snn()
    a = snn.create_neuron(threshold=1.5)
    snn.create_synapse(a, a, weight=1.0)
    assert whats(from_superneuromat(snn)) == ["thresholds between two potentials that occur"]
    snn.neuron_thresholds[0] = 1.0
    assert whats(from_superneuromat(snn)) == []
    assert "no difference" in str(from_superneuromat(snn).report)


def test_builds_without_learning_leave_it_to_the_host():
    imported = from_superneuromat(learner([1.0]), config="quad_plain")
    assert imported.report.learning == "host"
    assert from_superneuromat(learner([1.0])).report.learning == "chip"


def test_weights_beyond_8_bits_are_clamped_and_told(caplog):
    snn = learner([4.0], weight=500.0)
    for step in range(8):
        snn.add_spike(step, 0, 4.0)
    run_superneuromat(snn, 8, "model:tiny")
    assert snn.synaptic_weights == [508.0]
    assert "1 weights that learn are at the limit" in caplog.text


# In place of simulate


def test_scripts_run_unchanged_within_simulate_on():
    snn = delayed()
    original = type(snn).simulate
    with simulate_on("model:tiny") as board:
        snn.simulate(3)
        snn.simulate(time_steps=2, use="cpu", sparse=True)
        with pytest.raises(TypeError):
            snn.simulate([500])
        with pytest.raises(ValueError, match="steps"):
            snn.simulate(-1)
    assert type(snn).simulate is original
    assert snn.last_used_backend() == "spikeloom"
    assert snn.ispikes[:, 1].nonzero()[0].tolist() == [4]
    with spikeloom.open("model:tiny") as board, simulate_on(board):
        snn.simulate()
    assert board.loaded is not None
