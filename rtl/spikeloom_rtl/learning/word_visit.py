"""A visit to a word of synapses: what integrator and sweeper tell those who change weights."""

from amaranth.hdl import signed
from amaranth.lib import data

from spikeloom.contract import ArrayConfig

from .fractions import CHANGE_BITS
from .randomness import KEY_BITS
from .row_preparer import PHASE_BITS

__all__ = ["WordVisit"]


class WordVisit(data.StructLayout):
    """A word of synapses that is read in this cycle and may change.

    Members: `valid`; `phase`, why; `address` in the synapse memory; `word` of the row; `lanes`
    that may change; `key`, `plastic` and `effect` of the row (the effect: for spikes).
    """

    def __init__(self, config: ArrayConfig) -> None:
        words = config.words_per_row
        super().__init__(
            {
                "valid": 1,
                "phase": PHASE_BITS,
                "address": max(1, (config.rows_per_core * words - 1).bit_length()),
                "word": max(1, (words - 1).bit_length()),
                "lanes": config.lanes,
                "key": KEY_BITS,
                "plastic": 1,
                "effect": signed(CHANGE_BITS),
            }
        )
