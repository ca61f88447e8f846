"""The neuron update: what one step does to one neuron, in a pipeline."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.numbers import DECAY_BITS, GAIN_BITS, REFRACTORY_BITS

from .arithmetic import decay_factor, round_to_zero, saturate, toward_zero

__all__ = ["NEURON_STAGES", "Neuron"]

NEURON_STAGES = 4
"""Cycles from the first inputs to the outputs."""


class Neuron(wiring.Component):
    """Update of membrane potential, current, refractory counter and theta.

    A new neuron enters every cycle. To save registers each input is taken in the stage that uses
    it: inputs named ``s0_...`` of neuron k are sampled in cycle k, ``s1_...`` in cycle k+1, and
    so on, so that the memory of each parameter is simply read that much later. Outputs of neuron
    k are valid in cycle k+4.

    Stage 0 multiplies, stage 1 rounds, adds the input and leaks, stage 2 adds current and bias
    and holds, stage 3 compares, resets and adapts. Source: ``docs/semantics.md``, section 3.

    Parameters
    ----------
    config : ArrayConfig
        Widths, and whether theta is built in.

    Members
    -------
    s0_v, s0_i, s0_theta : In
        State before the step.
    s0_v_decay, s0_i_decay, s0_theta_decay : In(13)
        Decays; theta's is 0 in steps without decay.
    s1_accumulator : In(signed)
        Sum of the weights that arrived.
    s1_gain : In(3)
        Its left shift.
    s1_leak : In
    s2_bias, s2_threshold, s2_reset : In(signed)
    s2_count : In(8)
        The refractory counter before the step.
    s2_hold : In(1)
        Refractory mode: while the counter runs v is held at reset.
    s3_reset_mode, s3_refractory, s3_theta_plus : In
        What a spike does.
    v, i, count, theta : Out
        State after the step.
    fire : Out(1)
        The neuron fired.
    """

    s0_v: Signal
    s0_i: Signal
    s0_theta: Signal
    s0_v_decay: Signal
    s0_i_decay: Signal
    s0_theta_decay: Signal
    s1_accumulator: Signal
    s1_gain: Signal
    s1_leak: Signal
    s2_bias: Signal
    s2_threshold: Signal
    s2_reset: Signal
    s2_count: Signal
    s2_hold: Signal
    s3_reset_mode: Signal
    s3_refractory: Signal
    s3_theta_plus: Signal
    v: Signal
    i: Signal
    count: Signal
    theta: Signal
    fire: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        state = signed(config.state_bits)
        magnitude = unsigned(config.state_bits - 1)
        super().__init__(
            {
                "s0_v": In(state),
                "s0_i": In(state),
                "s0_theta": In(magnitude),
                "s0_v_decay": In(DECAY_BITS),
                "s0_i_decay": In(DECAY_BITS),
                "s0_theta_decay": In(DECAY_BITS),
                "s1_accumulator": In(signed(config.accumulator_bits)),
                "s1_gain": In(GAIN_BITS),
                "s1_leak": In(magnitude),
                "s2_bias": In(state),
                "s2_threshold": In(state),
                "s2_reset": In(state),
                "s2_count": In(REFRACTORY_BITS),
                "s2_hold": In(1),
                "s3_reset_mode": In(1),
                "s3_refractory": In(REFRACTORY_BITS),
                "s3_theta_plus": In(magnitude),
                "v": Out(state),
                "i": Out(state),
                "count": Out(REFRACTORY_BITS),
                "theta": Out(magnitude),
                "fire": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the four stages."""
        m = Module()
        current = self._currents(m)
        theta = self._theta(m)
        potential = self._potential(m, current)
        self._spike(m, potential, theta)
        i_late = Signal.like(current, name="i_late")
        m.d.sync += [i_late.eq(current), self.i.eq(i_late)]
        return m

    def _product(self, m: Module, value: Signal, decay: Signal, name: str) -> Signal:
        """Stage 0: one multiplier, signed value by the factor that the decay keeps."""
        factor = Cat(decay_factor(decay), Const(0, 1)).as_signed()
        product = Signal(signed(len(value) + DECAY_BITS + 1), name=name)
        m.d.sync += product.eq(value * factor)
        return product

    def _currents(self, m: Module) -> Signal:
        """Stages 0 and 1 of the synaptic current; the result is registered for stage 2."""
        bits = self._config.state_bits
        product = self._product(m, self.s0_i, self.s0_i_decay, "i_product")
        total = round_to_zero(product) + (self.s1_accumulator << self.s1_gain)
        current = Signal(signed(bits))
        m.d.sync += current.eq(saturate(m, total, bits, "i_sum"))
        return current

    def _potential(self, m: Module, current: Signal) -> Signal:
        """Stages 0 to 2 of the membrane potential; the result is registered for stage 3."""
        bits = self._config.state_bits
        product = self._product(m, self.s0_v, self.s0_v_decay, "v_product")
        decayed = Signal(signed(bits))
        m.d.comb += decayed.eq(round_to_zero(product))
        leaked = Signal(signed(bits))
        m.d.sync += leaked.eq(toward_zero(m, decayed, self.s1_leak, "v_leaked"))
        summed = saturate(m, leaked + current + self.s2_bias, bits, "v_sum")
        potential = Signal(signed(bits))
        held = self.s2_hold & (self.s2_count != 0)
        m.d.sync += potential.eq(Mux(held, self.s2_reset, summed))
        return potential

    def _theta(self, m: Module) -> Signal:
        """Stages 0 and 1 of theta; the result is registered for stage 2. Zero if not built."""
        bits = self._config.state_bits
        theta = Signal(bits - 1, name="theta_decayed")
        if self._config.theta:
            value = Cat(self.s0_theta, Const(0, 1)).as_signed()
            product = Signal(signed(bits + DECAY_BITS + 1), name="theta_product")
            factor = Cat(decay_factor(self.s0_theta_decay), Const(0, 1)).as_signed()
            m.d.sync += [product.eq(value * factor), theta.eq(round_to_zero(product))]
        return theta

    def _spike(self, m: Module, potential: Signal, theta: Signal) -> None:
        """Stages 2 and 3: threshold with theta, comparison, reset, refractory period."""
        bits = self._config.state_bits
        limit = Signal(signed(bits + 1))
        theta_late = Signal.like(theta, name="theta_late")
        m.d.sync += [limit.eq(self.s2_threshold + theta), theta_late.eq(theta)]
        count = Signal.like(self.s2_count, name="count_late")
        reset = Signal.like(self.s2_reset, name="reset_late")
        m.d.sync += [count.eq(self.s2_count), reset.eq(self.s2_reset)]
        fire = Signal()
        m.d.comb += fire.eq((potential > limit) & (count == 0))
        below = saturate(m, potential - limit, bits, "v_subtracted")
        after = Mux(self.s3_reset_mode, below, reset)
        raised = Signal(bits)
        m.d.comb += raised.eq(theta_late + self.s3_theta_plus)
        ceiling = Const((1 << (bits - 1)) - 1, bits - 1)
        m.d.sync += [
            self.fire.eq(fire),
            self.v.eq(Mux(fire, after, potential)),
            self.count.eq(Mux(fire, self.s3_refractory, Mux(count == 0, 0, count - 1))),
            self.theta.eq(Mux(fire, Mux(raised[-1], ceiling, raised), theta_late)),
        ]
