"""What does not fit: which limit, by how much, what to try. And what placement does with room."""

import re

import numpy as np
import pytest

from spikeloom.compiler import (
    CompileError,
    NetworkTooLargeError,
    QuantisationError,
    ThetaError,
    compile,
)
from spikeloom.compiler.lowering import waypoints
from spikeloom.contract import CONFIGS, ArrayConfig, ConfigError
from spikeloom.contract.registers import core_register
from spikeloom.network import LIF, Network

TINY = CONFIGS["tiny"]  # 2 cores of 8 neurons, 32 axons, 16 of them inputs


def layer(inputs, neurons, *, density=1.0, scale=None, **fields):
    net = Network("layer")
    source = net.input("in", inputs)
    cells = net.population("cells", neurons, LIF(**{"threshold": 1.0} | fields), scale=scale)
    matrix = np.random.default_rng(0).random((inputs, neurons)) < density
    net.connect(source, cells, 1.0, mask=matrix)
    return net


def memory(program, name):
    return next(use for use in program.report.memories if use.name == name)


def recurrent(size, delay=1):
    net = Network("recurrent")
    cells = net.population("cells", size, LIF(threshold=1.0))
    net.connect(cells, cells, 0.1, delay=delay)
    return net


def several_delays(size, delays):
    net = Network("delays")
    cells = net.population("cells", size, LIF(threshold=1.0))
    for delay in delays:
        net.connect(cells, cells, 0.1, delay=delay)
    return net


def theta_groups(*every):
    net = Network("theta")
    for k, steps in enumerate(every):
        neuron = LIF(threshold=1.0, theta_plus=0.1, theta_decay=0.5, theta_every=steps)
        net.population(f"p{k}", 5, neuron)
    return net


TOO_LARGE = [
    (
        lambda: layer(1, 17),
        "tiny",
        r"neurons must be at most 16 in configuration 'tiny', not 17, 1 too many \(cells: 17\); "
        r"compile it for 'up5k', which it fits, or make it smaller",
    ),
    (
        lambda: layer(20, 4),
        "tiny",
        r"input axons must be at most 16 .*, not 20, 4 too many \(in: 20\); compile it for 'up5k'",
    ),
    (
        lambda: layer(400, 4),
        "tiny",
        r"input axons .*, 384 too many .*; compile it for 'ecp5_85f', which it fits",
    ),
    (
        lambda: layer(1300, 4),
        "tiny",
        "input axons .*; make it smaller, since no named configuration has room for it",
    ),
    (
        lambda: several_delays(6, (1, 2, 3)),
        "tiny",
        r"neurons must be .*not 18, 2 too many \(cells: 6, relays for delays: 12\); compile",
    ),
    (
        lambda: several_delays(3, (60_000,)),
        "ecp5_85f",
        r"relay neurons for delays must be at most the 512 neurons .* one for every 15 steps\); "
        r"make it smaller",
    ),
    (
        lambda: layer(400, 400),
        ArrayConfig(
            name="few rows", cores=8, neurons_per_core=64, axons=1024, rows_per_core=300, lanes=8
        ),
        r"rows of core 0 must be at most 300 .*'few rows', not 400, 100 too many in the best "
        r"placement .*\(each axon takes a row .* 400 axons have targets\); compile it for "
        r"'ecp5_85f'",
    ),
]


@pytest.mark.parametrize(("make", "config", "text"), TOO_LARGE)
def test_too_large_names_the_limit_the_excess_and_what_fits(make, config, text):
    with pytest.raises(NetworkTooLargeError, match=text) as caught:
        compile(make(), config)
    assert_well_formed(caught.value)


def test_what_is_said_to_fit_does_fit():
    for make, config, _ in TOO_LARGE:
        net = make()
        with pytest.raises(NetworkTooLargeError) as caught:
            compile(net, config)
        named = re.search("compile it for '(.*?)'", str(caught.value))
        if named:
            assert compile(net, named[1]).config is CONFIGS[named[1]]


def test_exactly_full_fits():
    program = compile(layer(16, 16), TINY)
    assert (memory(program, "neurons").used, memory(program, "input axons").used) == (16, 16)
    assert memory(program, "weights").percent == 50.0


def test_blocks_are_taken_when_spreading_needs_too_many_rows():
    config = TINY.replace(name="rows", rows_per_core=16)
    net = Network("two columns")
    for k in range(2):
        source, cells = net.input(f"in{k}", 8), net.population(f"p{k}", 8, LIF(threshold=1.0))
        net.connect(source, cells, 1.0)
        net.connect(cells, cells, 1.0)
    program = compile(net, config)
    assert program.report.placement == "blocks"
    assert [memory(program, f"rows, core {k}").used for k in range(2)] == [16, 16]


@pytest.mark.parametrize("sizes", [(6, 4), (4, 6)])
def test_a_placement_that_fits_is_taken_before_one_that_is_balanced(sizes):
    config = TINY.replace(name="rows", rows_per_core=8)
    net = Network("two columns")
    for k, size in enumerate(sizes):
        cells = net.population(f"p{k}", size, LIF(threshold=1.0))
        net.connect(net.input(f"in{k}", 8), cells, 1.0)
    program = compile(net, config)
    used = [program.control[core_register("neurons_in_use", core)] for core in range(2)]
    assert sorted(used) == [4, 6]
    assert [memory(program, f"rows, core {k}").used for k in range(2)] == [8, 8]


def test_neurons_are_balanced_over_cores():
    program = compile(layer(4, 100), "quad")
    used = [program.control[core_register("neurons_in_use", core)] for core in range(4)]
    assert used == [25, 25, 25, 25]


def test_theta_is_refused_where_it_is_not_built():
    text = r"theta_plus of 'cells' must be 0, since .*'up5k' is built without .*, not 0.5; set it"
    with pytest.raises(ThetaError, match=text) as caught:
        compile(layer(2, 2, theta_plus=0.5), "up5k")
    assert_well_formed(caught.value)


def test_theta_every_gets_cores_of_its_own():
    program = compile(theta_groups(4, 16), TINY)
    every = [program.control[core_register("theta_every_log2", core)] for core in range(2)]
    assert every == [2, 4]
    cores = [set(p.neurons // 8) for p in program.populations.values()]
    assert cores == [{0}, {1}]


def test_populations_whose_theta_rests_go_anywhere():
    net = theta_groups(4, 16)
    net.population("rest", 6, LIF(threshold=1.0, theta_every=64))
    program = compile(net, TINY)
    assert set(program.populations["rest"].neurons // 8) == {0, 1}


def test_too_many_theta_every_are_refused():
    text = (
        r"differ in theta_every \(1, 4, 16\) must fit on cores of their own, 2 in .*'tiny', "
        r"not 3; give more populations the same theta_every, or compile it for 'quad'"
    )
    with pytest.raises(ThetaError, match=text) as caught:
        compile(theta_groups(4, 16, 1), TINY)
    assert_well_formed(caught.value)


NUMBERS = [
    ({"threshold": 0.5}, 1, "threshold of 'cells' must be an integer, since its scale is 1, not 0"),
    ({"bias": [0, 0.25]}, 1, "bias of 'cells' must be an integer, since its scale is 1, not 0.25"),
    (
        {"threshold": 131_072},
        1,
        "threshold of 'cells' must be in -131072..131071 at scale 1 .*18 state bits, not 131072",
    ),
    ({"reset": -131_073}, 1, "reset of 'cells' must be in -131072..131071 .*, not -131073"),
    ({"leak": 131_072}, 1, "leak of 'cells' must be in 0..131071"),
    ({"theta_plus": 131_072}, 1, "theta_plus of 'cells' must be in 0..131071"),
    ({"threshold": 1.0}, 1e6, "threshold of 'cells' must be in .* at scale 1e.06"),
]


@pytest.mark.parametrize(("fields", "scale", "text"), NUMBERS)
def test_numbers_that_no_integer_stands_for(fields, scale, text):
    with pytest.raises(QuantisationError, match=text) as caught:
        compile(layer(2, 2, scale=scale, **fields), TINY)
    assert_well_formed(caught.value)


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        ([[0.5]], "weight of 'b' must be an integer, since its scale is 1, not 0.5"),
        ([[128]], None),
        ([[129]], r"weights onto 'b' must be integers in -128..127 .*, not 129, since its scale"),
        ([[127 << 7]], None),
        ([[128 << 7]], "weights onto 'b' must be .*up to 128 times that.*not 16384"),
        ([[-128 << 7]], None),
    ],
)
def test_weights_at_scale_one(weights, text):
    net = Network("w")
    a, b = net.input("a", 1), net.population("b", 1, LIF(threshold=1), scale=1)
    net.connect(a, b, weights)
    if text is None:
        population = compile(net, TINY).report.populations[0]
        assert (population.weight_error, population.clipped_weights) == (0, 0)
        return
    with pytest.raises(QuantisationError, match=text) as caught:
        compile(net, TINY)
    assert_well_formed(caught.value)


def test_merged_weights_that_do_not_fit_at_scale_one():
    net = Network("w")
    a, b = net.input("a", 1), net.population("b", 1, LIF(threshold=1), scale=1)
    net.connect(a, b, 100)
    net.connect(a, b, 27)
    assert compile(net, TINY).report.merged_synapses == 1
    net.connect(a, b, 2)
    with pytest.raises(QuantisationError, match=r"not 129.*of equal source, target and delay add"):
        compile(net, TINY)


def test_no_neurons_and_unknown_configuration():
    with pytest.raises(CompileError, match="'empty' must have at least 1 neuron, not 0; add a"):
        compile(Network("empty"))
    with pytest.raises(ConfigError, match=r"must be one of tiny, .*, not 'huge'; pick"):
        compile(layer(1, 1), "huge")


def test_relays_and_copies_are_counted():
    net = Network("count")
    source = net.input("in", 3)
    cells = net.population("cells", 2, LIF(threshold=1.0))
    net.connect(source, cells, 1.0, delay=[[0, 0], [0, 5], [1, 1]], name="in")
    net.connect(cells, cells, 1.0, delay=[[1, 2], [3, 3]])
    program = compile(net, TINY)
    report = program.report
    assert (report.relays, report.axon_copies, report.merged_synapses) == (1, 1, 0)
    copies = program.inputs["in"].axons
    assert [(copy >= 0).tolist() for copy in copies] == [[True] * 3, [False, True, False]]
    assert program.relays.size == 1


def test_one_delay_per_source_costs_nothing():
    net = recurrent(4, delay=[1, 5, 9, 15])
    report = compile(net, TINY).report
    assert (report.relays, report.axon_copies) == (0, 0)


def test_unconnected_channels_take_no_axon():
    program = compile(layer(3, 2, density=0.0), TINY)
    assert program.report.unconnected_channels == 3
    assert [copy.tolist() for copy in program.inputs["in"].axons] == [[-1, -1, -1]]


@pytest.mark.parametrize("longest", [1, 3, 15])
def test_waypoints_visit_every_delay_in_legal_hops(longest):
    delays = [1, 2, 15, 16, 40]
    points = waypoints(delays, 0, longest)
    hops = np.diff([0, *points])
    assert set(delays) <= set(points)
    assert hops.min() >= 1
    assert hops.max() <= longest


def assert_well_formed(error):
    assert " must " in str(error)
    assert "not " in str(error)
    assert str(error).count("; ") == 1
    assert error.exit_code == 2
