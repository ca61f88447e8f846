"""The compiled kernel, bound to a model's memories."""

import contextlib
import ctypes
import weakref
from collections.abc import Iterator, Sequence

import numpy as np

from spikeloom.contract import ArrayConfig
from spikeloom.contract.registers import core_register
from spikeloom.contract.words import Words, longest_told, map_words
from spikeloom_sim.reference import ArrayModel
from spikeloom_sim.reference.counters import Counters

from .build import kernel_library
from .errors import KernelMemoryError
from .layout import RegisterValues, Run, Scan, Tally, core_rules, shape_of
from .memories import Memories

__all__ = ["CONTROL", "END", "FULL", "Kernel", "counts_of", "set_counts"]

END, CONTROL, FULL = range(3)
"""Why `Kernel.run` returned: all complete words taken, at a CONTROL word, or too little room for
output."""

_SAMPLE_REGISTERS = ("stimulus_seed", "levels_first", "stop_count", "stop_margin", "stop_after")


def _functions() -> ctypes.CDLL:
    library = kernel_library()
    pointer = ctypes.c_void_p
    library.fast_open.restype = library.fast_batch.restype = pointer
    library.fast_close.argtypes = library.fast_store.argtypes = [pointer]
    library.fast_close.restype = library.fast_store.restype = None
    library.fast_load.argtypes, library.fast_load.restype = [pointer, pointer], None
    library.fast_registers.argtypes = [pointer, pointer, pointer]
    library.fast_registers.restype = None
    library.fast_run.argtypes, library.fast_run.restype = [pointer, pointer], ctypes.c_int32
    library.fast_batch.argtypes = [pointer, pointer, pointer, ctypes.c_int64, ctypes.c_int32]
    library.fast_batch_sizes.argtypes = [pointer, pointer, pointer]
    library.fast_batch_sizes.restype = None
    library.fast_scan.argtypes = [pointer, pointer, pointer, ctypes.c_int64, pointer]
    library.fast_scan.restype = None
    library.fast_batch_take.argtypes, library.fast_batch_take.restype = [pointer, pointer], None
    return library


class Kernel:
    """A kernel for one configuration; runs the model that it holds.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Raises
    ------
    ToolchainError, KernelBuildError
        If the kernel cannot be built.
    KernelMemoryError
        If there is no memory for its state.
    """

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        self._library = _functions()
        self._handle = self._library.fast_open(ctypes.byref(shape_of(config)))
        if not self._handle:
            raise KernelMemoryError(
                f"a kernel for configuration {config.name!r} must fit in memory and does not; "
                f"choose a smaller one"
            )
        self._close = weakref.finalize(self, self._library.fast_close, self._handle)
        self._memories = Memories(config)
        self._held: ArrayModel | None = None

    def hold(self, model: ArrayModel) -> None:
        """Keep a model's state in the kernel until `release`.

        Weights and eligibility traces change in the model's own memory meanwhile.
        """
        if self._held is model:
            return
        self.release()
        self._library.fast_load(self._handle, ctypes.byref(self._memories.taken(model)))
        self._held = model
        self.set_registers(model)

    def release(self) -> None:
        """Give the state that is held, if any, back to its model.

        Where all of it is garbage the kernel may have been closed already: then there is nothing to
        give back, nor anyone who would want it.
        """
        held, self._held = self._held, None
        if held is not None and self._close.alive:
            self._library.fast_store(self._handle)
            self._memories.give_back(held)

    @contextlib.contextmanager
    def holding(self, model: ArrayModel) -> Iterator[None]:
        """Hold a model for as long as the context lasts."""
        self.hold(model)
        try:
            yield
        finally:
            self.release()

    def set_registers(self, model: ArrayModel) -> None:
        """Take over the control registers, except the step counter."""
        control, config = model.network.control, self._config
        rules = control.rules
        values = RegisterValues(
            axons_in_use=control.axons_in_use,
            probes_in_use=control.probes_in_use,
            seed=control.seed,
            learns=rules.active,
            changing=rules.changing,
            encoded_inputs=min(control.named("encoded_inputs"), config.inputs),
            pattern_length=min(control.named("pattern_length"), config.pattern_words),
            map_words=0 if control.drops else map_words(config),
            longest_told=longest_told(config),
            **{name: control.named(name) for name in _SAMPLE_REGISTERS},
        )
        cores = core_rules(rules).copy()
        for core in range(config.cores):
            cores["theta_mask"][core] = (1 << control[core_register("theta_every_log2", core)]) - 1
        self._library.fast_registers(self._handle, ctypes.byref(values), cores.ctypes.data)

    def run(self, run: Run) -> int:
        """Go on with a run; return `END`, `CONTROL` or `FULL`."""
        return int(self._library.fast_run(self._handle, ctypes.byref(run)))

    def scan(self, samples: Sequence[Words]) -> list[Scan]:
        """Return what each of some inputs holds."""
        words = np.concatenate([np.zeros(0, np.uint16), *samples])
        ends = np.cumsum([sample.size for sample in samples], dtype=np.int64)
        scans = (Scan * len(samples))()
        self._library.fast_scan(
            self._handle, words.ctypes.data, ends.ctypes.data, len(samples), scans
        )
        return list(scans)

    def run_batch(self, samples: Sequence[Words], threads: int) -> tuple[list[Words], Tally]:
        """Run samples without CONTROL words, each from the reset state and without learning.

        Levels that one sets are not seen by others, nor by the model.

        Parameters
        ----------
        samples : sequence of ndarray of uint16
            Input words.
        threads : int
            Threads that share them, at least 1.

        Returns
        -------
        words : list of ndarray of uint16
            Output words of each.
        tally : Tally
            What all of them count.
        """
        words = np.concatenate([np.zeros(0, np.uint16), *samples])
        ends = np.cumsum([sample.size for sample in samples], dtype=np.int64)
        batch = self._library.fast_batch(
            self._handle, words.ctypes.data, ends.ctypes.data, len(samples), threads
        )
        if not batch:
            raise KernelMemoryError(
                f"the state and output of {len(samples)} samples must fit in memory and do not; "
                f"run fewer of them at a time"
            )
        sizes, tally = np.zeros(len(samples), np.int64), Tally()
        self._library.fast_batch_sizes(batch, sizes.ctypes.data, ctypes.byref(tally))
        results = np.zeros(int(sizes.sum()), np.uint16)
        self._library.fast_batch_take(batch, results.ctypes.data)
        return np.split(results, np.cumsum(sizes)[:-1]), tally


def counts_of(counters: Counters) -> Tally:
    """Return a model's counters as the kernel goes on with them."""
    return Tally(**{name: getattr(counters, name) for name, *_ in Tally._fields_})


def set_counts(tally: Tally, counters: Counters) -> None:
    """Set a model's counters to what the kernel has counted."""
    for name, *_ in Tally._fields_:
        setattr(counters, name, getattr(tally, name))
