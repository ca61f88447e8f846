"""`run_superneuromat`: in place of ``SNN.simulate``, on any target."""

import logging
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import spikeloom
from spikeloom.board import Board

from .errors import SuperNeuroMATError, UnsupportedError
from .imported import ImportedSnn
from .importing import Learning, from_superneuromat
from .reading import is_live
from .running import SnnRun
from .steps import checked_steps

__all__ = ["BACKEND", "run_superneuromat"]

BACKEND = "spikeloom"
"""What ``SNN.last_used_backend()`` says after a run."""

_log = logging.getLogger("spikeloom")


def run_superneuromat(
    snn: Any,
    steps: int = 1,
    target: Board | str = "model:",
    *,
    learning: Learning = "auto",
    callback: Callable[[Any, int, int], None] | None = None,
) -> ImportedSnn:
    """Run a SuperNeuroMAT network on a board instead of ``snn.simulate(steps)``.

    The network is left as ``simulate`` leaves it: `spike_train` has a row more for each step,
    `neuron_states`, `neuron_refractory_periods_state` and, if it learns, `synaptic_weights` are
    those after the last step, and input spikes of these steps are gone. If anything fails it is
    left as it was, or with a callback, as the callback saw it last.

    Parameters
    ----------
    snn : superneuromat.SNN
        A live network.
    steps : int
        Steps, at least 1.
    target : Board or str
        An open board, which stays open; or a URL, such as ``model:``, ``sim:`` or a port.
    learning : {"auto", "chip", "host", "off"}
        Who applies STDP, see `from_superneuromat`.
    callback : callable, optional
        Called before each step with the network, the number of the step and `steps`. Only
        reading is meant; the network runs step by step then, with all of it written back.

    Returns
    -------
    ImportedSnn
        What was run; its report lists every difference in meaning, and each that changes results
        is logged as a warning too.

    Raises
    ------
    SuperNeuroMATError
        If `snn` is no such network or contradicts itself.
    UnsupportedError
        If it asks for what cannot be done.
    CompileError
        If it does not fit into the array.
    LinkError
        If the link fails.

    Notes
    -----
    ``manual_setup`` does not go together with it, since ``setup()`` keeps copies of everything.
    """
    if not is_live(snn):
        raise SuperNeuroMATError(
            f"what runs must be a superneuromat.SNN, not {type(snn).__name__}; "
            f"from_superneuromat(...).run(board, steps) takes JSON"
        )
    if snn.manual_setup:
        raise UnsupportedError(
            "manual_setup must be False, since setup() and devec() keep copies that a board does "
            "not know, not True; leave it off, every run sets itself up"
        )
    steps = checked_steps(steps)
    opened = nullcontext(target) if isinstance(target, Board) else spikeloom.open(target)
    with opened as board:
        imported = from_superneuromat(snn, config=board.config, learning=learning, steps=steps)
        for difference in imported.report.of_level("change"):
            _log.warning("%s", difference)
        back = _WriteBack(snn, imported)
        told = None
        if callback is not None:
            tell = callback

            def told(result: SnnRun) -> None:
                back.write(result)
                tell(snn, result.steps, steps)

        result = imported.run(board, steps, told)
    back.write(result)
    back.finish(steps)
    if result.clamped:
        _log.warning(
            "%d weights that learn are at the limit of what the array holds", result.clamped
        )
    return imported


class _WriteBack:
    """Brings what was run into a network."""

    def __init__(self, snn: Any, imported: ImportedSnn) -> None:
        self.snn = snn
        self.learns = imported.report.learning in ("chip", "host")
        self.written = 0

    def write(self, result: SnnRun) -> None:
        """Add rows that are new; set states and weights."""
        snn = self.snn
        rows = result.spikes[self.written :].astype(snn.default_bool_dtype)
        snn.spike_train.extend(rows)
        self.written = result.steps
        snn.neuron_states = result.states.tolist()
        snn.neuron_refractory_periods_state = result.counters.astype(float).tolist()
        if self.learns:
            snn.synaptic_weights = list(result.weights.astype(snn.default_dtype))

    def finish(self, steps: int) -> None:
        """Take off the input spikes that are over."""
        self.snn.consume_input_spikes(steps)
        self.snn._last_used_backend = BACKEND
