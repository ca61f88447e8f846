"""What the link's processor does: `docs/link.md` as a program."""

from spikeloom.contract import ArrayConfig
from spikeloom.contract.frames import BAUD_PHASE_BITS, baud_increment

from ..assembler import Assembler
from . import frames, memory, rings, session
from .layout import COUNTS, PLACES, STATUSES, WORD_BYTES, low_bytes

__all__ = ["COUNTS", "WORD_BYTES", "firmware"]


def firmware(config: ArrayConfig, trial_cyc: int) -> tuple[list[int], list[int]]:
    """Return the program and the initial contents of memory.

    Parameters
    ----------
    config : ArrayConfig
        One that `is_compact` holds for.
    trial_cyc : int
        How long a new rate waits for a good frame, in cycles.
    """
    table = memory.window_table(config)
    first = baud_increment(config.baud_rates[0], config.clock_hz)
    asm = Assembler(PLACES, table, STATUSES)
    session.begin(asm)
    frames.receive(asm)
    frames.wait_on_trial(asm, low_bytes(first, BAUD_PHASE_BITS // 8))
    frames.check(asm)
    session.sync(asm)
    session.order(asm)
    memory.memory(asm, len(table))
    memory.write(asm)
    memory.read(asm)
    rings.push(asm)
    rings.pull(asm, config.output_words)
    rings.pull_reply(asm)
    session.others(asm)
    session.finish(asm)
    frames.send(asm)
    frames.change_rate(asm, low_bytes(trial_cyc // frames.TRIAL_CYC, 3))
    return asm.program(), asm.data()
