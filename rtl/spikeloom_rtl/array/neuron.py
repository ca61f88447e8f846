"""The neuron update: what one step does to one neuron, in a pipeline."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.numbers import DECAY_BITS, GAIN_BITS, REFRACTORY_BITS

from .arithmetic import add_carry, is_sign, round_to_zero, shift_left, toward_zero

__all__ = ["Neuron", "neuron_stages"]


def neuron_stages(config: ArrayConfig) -> int:
    """Return the cycles from the first inputs of a neuron to its outputs: 3, or 4 if registered."""
    return 3 + config.memories_registered


class Neuron(wiring.Component):
    """Update of membrane potential, current, refractory counter and theta.

    A new neuron enters every cycle. To save registers each input is taken in the stage that uses
    it: inputs named ``s0_...`` of neuron k are sampled in cycle k, ``s1_...`` in cycle k+1, and
    so on, so that the memory of each parameter is simply read that much later. Outputs of neuron
    k are valid in cycle k+3, behind the logic of stage 3, or in k+4 where memories are followed by
    registers: then outputs are registers too. `i` is there in cycle k+2 already.

    Stage 0 multiplies, stage 1 rounds, adds the input and leaks, stage 2 adds current and bias,
    stage 3 holds, compares, resets and adapts. Source: ``docs/semantics.md``, section 3.

    Parameters
    ----------
    config : ArrayConfig
        Widths, and whether theta is built in.

    Members
    -------
    s0_v, s0_i, s0_theta : In
        State before the step.
    s0_v_kept, s0_i_kept, s0_theta_kept : In(signed(13))
        `kept` of the decays; theta's decay is 0 in steps without decay.
    s1_accumulator : In(signed)
        Sum of the weights that arrived.
    s1_gain : In(3)
        Its left shift.
    s1_leak : In
    s2_bias : In(signed)
    s2_threshold : In(signed)
        Only with theta; else ``s3_threshold``.
    s3_reset : In(signed)
    s3_count : In(8)
        The refractory counter before the step.
    s3_hold : In(1)
        Refractory mode: while the counter runs v is held at reset.
    s3_reset_mode, s3_refractory, s3_theta_plus : In
        What a spike does.
    s3_valid : In(1)
        A neuron is in stage 3; else nothing fires, and v is not reset.
    load : In(1), loaded_v, loaded_i : In
        While no neuron is under way: take these for the results of stages 2 and 1.
    v, i, count, theta : Out
        State after the step.
    fire : Out(1)
        The neuron fired.
    """

    s0_v: Signal
    s0_i: Signal
    s0_theta: Signal
    s0_v_kept: Signal
    s0_i_kept: Signal
    s0_theta_kept: Signal
    s1_accumulator: Signal
    s1_gain: Signal
    s1_leak: Signal
    s2_bias: Signal
    s2_threshold: Signal
    s3_threshold: Signal
    s3_reset: Signal
    s3_count: Signal
    s3_hold: Signal
    s3_reset_mode: Signal
    s3_refractory: Signal
    s3_theta_plus: Signal
    s3_valid: Signal
    load: Signal
    loaded_v: Signal
    loaded_i: Signal
    v: Signal
    i: Signal
    count: Signal
    theta: Signal
    fire: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        state = signed(config.state_bits)
        magnitude = unsigned(config.state_bits - 1)
        self._registered = config.memories_registered
        super().__init__(
            {
                "s0_v": In(state),
                "s0_i": In(state),
                "s0_theta": In(magnitude),
                "s0_v_kept": In(signed(DECAY_BITS)),
                "s0_i_kept": In(signed(DECAY_BITS)),
                "s0_theta_kept": In(signed(DECAY_BITS)),
                "s1_accumulator": In(signed(config.accumulator_bits)),
                "s1_gain": In(GAIN_BITS),
                "s1_leak": In(magnitude),
                "s2_bias": In(state),
                "s2_threshold" if config.theta else "s3_threshold": In(state),
                "s3_reset": In(state),
                "s3_count": In(REFRACTORY_BITS),
                "s3_hold": In(1),
                "s3_reset_mode": In(1),
                "s3_refractory": In(REFRACTORY_BITS),
                "s3_theta_plus": In(magnitude),
                "s3_valid": In(1),
                "load": In(1),
                "loaded_v": In(state),
                "loaded_i": In(state),
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
        current = self._current(m)
        self._spike(m, self._potential(m, current), self._limit(m))
        m.d.comb += self.i.eq(current)
        return m

    def _product(self, m: Module, value: Value, keeps: Signal, name: str) -> Signal:
        """Stage 0: one multiplier, signed value by the 4096ths that the decay keeps."""
        # Without a reset, so that the register can be that of a multiplier.
        product = Signal(signed(len(value) + DECAY_BITS), name=name, reset_less=True)
        m.d.sync += product.eq(value * keeps + value)
        return product

    def _current(self, m: Module) -> Signal:
        """Stages 0 and 1 of the synaptic current; the result is registered for stage 2."""
        bits = self._config.state_bits
        product = self._product(m, self.s0_i, self.s0_i_kept, "i_product")
        arrived, beyond = shift_left(m, self.s1_accumulator, self.s1_gain, bits + 1, "arrived")
        total = Signal(signed(bits + 2), name="i_total")
        whole, more = round_to_zero(product)
        m.d.comb += total.eq(add_carry(whole[:bits].as_signed(), arrived, more))
        # What does not fit there leads to the rail, whatever the current was.
        fits = ~beyond & is_sign(total[bits - 1 :])
        negative = Mux(beyond, self.s1_accumulator[-1], total[-1])
        current = Signal(signed(bits))
        m.d.sync += current.eq(self._clamped(m, total, fits, negative, self.loaded_i, "i"))
        return current

    def _potential(self, m: Module, current: Signal) -> Signal:
        """Stages 0 to 2 of the membrane potential; the complement is registered for stage 3.

        So subtracting it needs no inverters.
        """
        bits = self._config.state_bits
        product = self._product(m, self.s0_v, self.s0_v_kept, "v_product")
        leaked, inverse = Signal(signed(bits)), Signal(signed(bits))
        total = Signal(signed(bits + 2), name="v_total")
        # Nothing is left of the first sum while words are loaded. Else the tools would add all
        # three at once, which takes more tables than two adders.
        two = (leaked + current)[: bits + 1] & ~self.load.replicate(bits + 1)
        m.d.comb += total.eq(two.as_signed() + self.s2_bias)
        fits = is_sign(total[bits - 1 :])
        m.d.sync += [
            leaked.eq(toward_zero(m, product, self.s1_leak, bits, "v_leaked")),
            inverse.eq(~self._clamped(m, total, fits, total[-1], self.loaded_v, "v")),
        ]
        return inverse

    def _clamped(
        self, m: Module, total: Value, fits: Value, negative: Value, loaded: Value, name: str
    ) -> Value:
        """Return a total or, where it does not fit, a rail; or what is loaded.

        Two signals choose among the four cases, so a bit is a table of four inputs.
        """
        bits = self._config.state_bits
        inner, upper = Signal(name=f"{name}_is_inner"), Signal(name=f"{name}_is_upper")
        m.d.comb += [
            inner.eq(fits | self.load),
            upper.eq(self.load | (~fits & ~negative)),
        ]
        result = [
            Mux(inner, Mux(upper, loaded[k], total[k]), upper if k < bits - 1 else ~upper)
            for k in range(bits)
        ]
        return Cat(result).as_signed()

    def _limit(self, m: Module) -> Value:
        """Stages 0 to 2 of theta and threshold, registered for stage 3."""
        if not self._config.theta:
            return self.s3_threshold
        bits = self._config.state_bits
        value = Cat(self.s0_theta, Const(0, 1)).as_signed()
        product = self._product(m, value, self.s0_theta_kept, "theta_product")
        self._theta, late = Signal(bits - 1), Signal(bits - 1)
        limit = Signal(signed(bits + 1))
        m.d.sync += [
            late.eq(round_to_zero(product)[0]),
            self._theta.eq(late),
            limit.eq(self.s2_threshold + late),
        ]
        return limit

    def _spike(self, m: Module, inverse: Signal, limit: Value) -> None:
        """Stage 3: threshold, reset, refractory period, theta."""
        bits = self._config.state_bits
        domain = m.d.sync if self._registered else m.d.comb
        potential, still = Signal(signed(bits)), Signal(signed(len(limit) + 1))
        waits, fire, to_reset, below = Signal(), Signal(), Signal(), Signal(bits)
        # limit - potential - 1, whose complement is what a spike leaves of the potential.
        m.d.comb += [potential.eq(~inverse), still.eq(limit + inverse)]
        above = ~still[bits - 1 : -1]
        m.d.comb += [
            waits.eq(self.s3_count != 0),
            fire.eq(still[-1] & (potential != limit) & ~waits & self.s3_valid),
            to_reset.eq((waits & self.s3_hold & self.s3_valid) | (fire & ~self.s3_reset_mode)),
            below.eq(~still[: bits - 1] | above.any().replicate(bits - 1)),
        ]
        with m.If(to_reset):
            domain += self.v.eq(self.s3_reset)
        with m.Else():
            domain += self.v.eq(Mux(fire, below, potential))
        domain += [
            self.fire.eq(fire),
            self.count.eq(Mux(fire, self.s3_refractory, self.s3_count - waits)),
        ]
        if self._config.theta:
            raised = Signal(bits)
            m.d.comb += raised.eq(self._theta + self.s3_theta_plus)
            ceiling = Const((1 << (bits - 1)) - 1, bits - 1)
            domain += self.theta.eq(Mux(fire, Mux(raised[-1], ceiling, raised), self._theta))
