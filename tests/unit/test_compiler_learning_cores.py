"""Learning rules share cores or do not, and what the compiler refuses of them."""

import pytest
from learning_networks import ELIGIBLE, NONE, RULE, TINY, layer, registers

from spikeloom.compiler import LearningError, ThetaError, compile
from spikeloom.compiler.sharing import CoreNeed, group_needs
from spikeloom.network import LIF, STDP, Network


def two(one, other, **fields):
    net = Network("two")
    a = net.input("a", 2)
    for name, rule in (("b", one), ("c", other)):
        part = net.population(name, 3, LIF(threshold=9.0, **fields))
        net.connect(a, part, 1.0, stdp=rule)
    return net


def cores(program, name):
    return set((program.populations[name].neurons // program.config.neurons_per_core).tolist())


def test_populations_with_different_rules_are_on_different_cores():
    program = compile(two(RULE, STDP(a_plus=0.2, a_minus=0.2, w_max=1.0)), TINY)
    assert cores(program, "b").isdisjoint(cores(program, "c"))
    (b,), (c,) = cores(program, "b"), cores(program, "c")
    assert registers(program, b)["b1"] != registers(program, c)["b1"]
    assert {each.name: each.cores for each in program.report.learning} == {"b": (b,), "c": (c,)}
    same = compile(two(RULE, RULE), TINY)
    assert cores(same, "b") == cores(same, "c") == {0, 1}
    grouped = compile(two(RULE, STDP(a_plus=0.1, a_minus=0.2, w_max=1.0, group="other")), TINY)
    assert cores(grouped, "b").isdisjoint(cores(grouped, "c"))


def test_a_rule_and_theta_may_share_a_core():
    net = Network("shared")
    a = net.input("a", 2)
    theta = {"theta_plus": 0.1, "theta_decay": 0.1}
    b = net.population("b", 4, LIF(threshold=9.0, **theta, theta_every=4))
    c = net.population("c", 4, LIF(threshold=9.0))
    d = net.population("d", 4, LIF(threshold=9.0, **theta, theta_every=8))
    net.connect(a, c, 1.0, stdp=RULE)
    net.connect(a, b, 1.0)
    net.connect(a, d, 1.0, stdp=STDP(a_plus=0.2, a_minus=0.2, w_max=1.0))
    program = compile(net, TINY)
    assert cores(program, "b") == cores(program, "c")
    assert cores(program, "d").isdisjoint(cores(program, "c"))
    (k,) = cores(program, "d")
    assert registers(program, k)["theta_every_log2"] == 3
    assert "plastic_rows" in registers(program, 1 - k)


def test_groups_are_few_whatever_the_order():
    """Populations that need two things choose first; the others join them."""
    one, other = STDP.raw(a1=1), STDP.raw(a1=2)
    needs = {
        "a": CoreNeed(2, None), "b": CoreNeed(None, other), "c": CoreNeed(2, one),
        "d": CoreNeed(4, other), "e": CoreNeed(None, None), "f": CoreNeed(4, None),
    }  # fmt: skip
    groups = group_needs({name: (need, 3) for name, need in needs.items()})
    assert [(g.need, sorted(g.populations), g.size) for g in groups] == [
        (CoreNeed(2, one), ["a", "c"], 6),
        (CoreNeed(4, other), ["b", "d", "f"], 9),
    ]


def test_too_many_rules_are_refused():
    net = two(RULE, STDP(a_plus=0.2, a_minus=0.2, w_max=1.0))
    d = net.population("d", 3, LIF(threshold=9.0))
    net.connect("a", d, 1.0, stdp=STDP(a_plus=0.3, a_minus=0.2, w_max=1.0))
    text = (
        r"different rules \(b, c, d\) must fit on cores of their own, 2 in configuration 'tiny', "
        r"not 3 .*; give more populations the same rule, or compile it for 'quad', which it fi"
    )
    with pytest.raises(LearningError, match=text) as caught:
        compile(net, TINY)
    assert caught.value.exit_code == 2
    program = compile(net, "quad")
    assert len({frozenset(cores(program, name)) for name in "bcd"}) == 3
    one = TINY.replace(cores=1, neurons_per_core=16)
    theta = {"theta_plus": 0.1, "theta_decay": 0.1}
    plain = two(RULE, RULE, **theta)
    plain.population("d", 1, LIF(threshold=1.0, **theta, theta_every=2))
    with pytest.raises(ThetaError, match="differ in theta_every"):
        compile(plain, one)


REFUSED = [
    (
        layer(), NONE,
        r"onto 'b' must not be plastic, since configuration 'tiny' is built without learning .*; "
        r"leave out stdp=",
    ),
    (
        layer(STDP.raw(eligibility=True)), TINY,
        "rule of 'b' must do without eligibility traces, since .* built without them; leave out",
    ),
    (
        layer(STDP(a_plus=1, a_minus=1, w_max=9, tau_eligibility=9)), TINY,
        "rule of 'b' must do without eligibility traces",
    ),
    (
        layer(STDP.raw(w_max=40)), TINY.replace(weight_bits=6),
        r"w_max of the rule of 'b' must be in -32..31, -32..31 in memory with 6 bits, not 40; cho",
    ),
    (
        layer(STDP(a_plus=0.0001, a_minus=0.1, w_max=1, stochastic=False)), TINY,
        r"a_plus of the rule of 'b' must be 0 or at least 0.00787 in size, one step of a weight "
        r"in memory \(0.00787\), not 0.0001; make it larger or stochastic=True",
    ),
    (
        layer(STDP(a_plus=0.1, a_minus=0.00001, w_max=1)), TINY,
        r"a_minus of the rule of 'b' must be 0 or at least 3.\d+e-05 in size, 1/256 of one step",
    ),
    (
        layer(STDP(a_plus=100.0, a_minus=0.1, w_max=1)), TINY,
        "a_plus of the rule of 'b' must be at most 64 in size.*, not 100; make it smaller",
    ),
    (
        layer(STDP(a_plus=0.1, a_minus=0.1, w_max=1, tau_eligibility=200)), ELIGIBLE,
        "tau_eligibility of the rule of 'b' must be at most 128 reward passes, .* not 200 steps; u",
    ),
    (
        layer(STDP(a_plus=1, a_minus=1, w_max=9, tau_eligibility=9, eligibility_rate=999)),
        ELIGIBLE,
        "eligibility_rate of the rule of 'b' must be in .*, not 999; change a_plus",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("network", "config", "text"), REFUSED)
def test_what_cannot_learn_is_refused(network, config, text):
    with pytest.raises(LearningError, match=text) as caught:
        compile(network, config)
    assert caught.value.exit_code == 2
    assert " must " in str(caught.value)
    assert str(caught.value).count("; ") == 1


def test_one_population_learns_by_one_rule():
    net = layer()
    other = net.input("other", 2)
    net.connect(other, "b", 1.0, stdp=STDP(a_plus=0.3, a_minus=0.2, w_max=1.0))
    with pytest.raises(LearningError, match=r"onto 'b' must learn by 1 rule, not by 2 \('a->b' by"):
        compile(net, TINY)
