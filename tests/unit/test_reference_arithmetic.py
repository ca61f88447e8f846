"""The three functions of the semantics page, section 1, against exact fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.contract.numbers import DECAY_ONE, signed_range, unsigned_range
from spikeloom_sim.reference.arithmetic import rtz, sat, state_dtype, toward_zero

BITS = st.integers(8, 22)


@st.composite
def states(draw, extra_bits=0):
    """A width and a number of that many bits, extremes included."""
    bits = draw(BITS)
    low, high = signed_range(bits + extra_bits)
    return bits, draw(st.sampled_from([low, high, -1, 0, 1]) | st.integers(low, high))


@given(states(), st.integers(0, DECAY_ONE))
def test_rtz_rounds_toward_zero_and_never_overflows(state, decay):
    bits, z = state
    dtype = state_dtype(bits)
    result = rtz(np.array([z], dtype), np.array([decay], dtype))
    assert result.dtype == dtype
    assert int(result[0]) == int(Fraction(z * (DECAY_ONE - decay), DECAY_ONE))


@pytest.mark.parametrize("bits", range(8, 23))
def test_rtz_is_exact_at_the_rails_of_every_width(bits):
    for z in signed_range(bits):
        assert int(rtz(np.array([z], state_dtype(bits)), 0)[0]) == z
        assert int(rtz(np.array([z], state_dtype(bits)), DECAY_ONE)[0]) == 0


@given(states())
def test_every_decay_reaches_zero(state):
    bits, z = state
    value = np.array([z], state_dtype(bits))
    for _ in range(2**12 * bits):
        smaller = rtz(value, 64)
        if not value[0]:
            break
        assert abs(int(smaller[0])) < abs(int(value[0]))
        value = smaller
    assert not value[0]


@given(states(extra_bits=2))
def test_sat_clamps_and_keeps_what_fits(state):
    bits, z = state
    low, high = signed_range(bits)
    assert int(sat(np.array([z], state_dtype(bits)), bits)[0]) == min(max(z, low), high)


@given(states(), st.data())
def test_toward_zero_stops_at_zero(state, data):
    bits, z = state
    leak = data.draw(st.integers(*unsigned_range(bits - 1)))
    dtype = state_dtype(bits)
    result = int(toward_zero(np.array([z], dtype), np.array([leak], dtype))[0])
    assert abs(result) == max(abs(z) - leak, 0)
    assert result * z >= 0


def test_int32_holds_every_sum_of_a_step():
    widest = max(bits for bits in range(8, 23) if state_dtype(bits) is np.int32)
    weights = 32_767 * 128 << 7
    assert widest == 20
    assert weights + 2 ** (widest - 1) < 2**31
    assert 2 ** (widest - 1) * DECAY_ONE <= 2**31
