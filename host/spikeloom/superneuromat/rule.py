"""STDP lists of SuperNeuroMAT as terms of the machine, where they have a shape that it has.

A pair of lag k (a spike of the source k steps before one of the target) changes a weight by
``apos[k - 1]``. Here a spike of the source arrives one step after it, so that pair meets as an
arrival k - 1 steps before the spike: bit k - 1 of a trace in history mode. A list of one amount,
with gaps, is a mask of bits. A list that halves from lag to lag is a trace that halves: bits that
leave it at the right end no longer count.
"""

import dataclasses

import numpy as np
import numpy.typing as npt

from spikeloom.contract.learning import HISTORY_STEPS, TRACE_ONE
from spikeloom.network import RawSTDP

__all__ = ["ChipRule", "chip_rule"]

Floats = npt.NDArray[np.float64]

_LARGEST_COEFFICIENT = 127


@dataclasses.dataclass(frozen=True)
class ChipRule:
    """A list that the machine can follow.

    Attributes
    ----------
    kind : {"equal", "halving"}
        All amounts equal (or 0), or each half of the one before.
    amount : float
        The smallest amount.
    mask : int
        Lags that count: bit k for lag k + 1.
    """

    kind: str
    amount: float
    mask: int

    @property
    def lags(self) -> int:
        """Number of lags up to the last one that counts."""
        return self.mask.bit_length()

    def raw(self, unit: float) -> RawSTDP | None:
        """Return the rule in steps of a weight of `unit`, of which all amounts are multiples.

        None if the amounts are larger than the machine has.
        """
        coefficient = round(self.amount / unit)
        if not 0 < coefficient <= _LARGEST_COEFFICIENT:
            return None
        if self.kind == "equal":
            return RawSTDP(
                b1=(coefficient, TRACE_ONE.bit_length() - 1), x_mode="history",
                x_effect="history", x_mask=self.mask,
            )  # fmt: skip
        return RawSTDP(b1=(coefficient, 0), x_plus=1 << (self.lags - 1), x_decay=TRACE_ONE // 2)

    def trace(self, arrivals: npt.NDArray[np.bool_]) -> int:
        """Return the trace after some steps.

        Parameters
        ----------
        arrivals : ndarray of bool, shape (steps,)
            Whether a spike arrived, the last step at the end.
        """
        bits = [k for k, arrived in enumerate(arrivals[::-1]) if arrived and k < HISTORY_STEPS]
        if self.kind == "equal":
            return sum(1 << k for k in bits)
        return sum((1 << (self.lags - 1)) >> k for k in bits)


def chip_rule(apos: Floats, aneg: Floats) -> tuple[ChipRule | None, str]:
    """Return the rule for lists that act, or None and why there is none."""
    if aneg.any():
        return None, (
            "aneg takes from every enabled synapse in every step, and the machine changes weights "
            "only by spikes"
        )
    counting = np.flatnonzero(apos)
    lags = int(counting[-1]) + 1
    if lags > HISTORY_STEPS:
        return None, f"apos has {lags} lags, and a trace remembers {HISTORY_STEPS}"
    amounts = apos[counting]
    mask = int((1 << counting).sum())
    if (amounts == amounts[0]).all():
        return ChipRule("equal", float(amounts[0]), mask), ""
    if counting.size == lags and (2 * amounts[1:] == amounts[:-1]).all():
        return ChipRule("halving", float(amounts[-1]), mask), ""
    return None, "apos is neither one amount nor halved from lag to lag"
