"""Row tables and synapse memories, and the matrix that they amount to."""

import contextlib
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spikeloom.contract import ArrayConfig
from spikeloom.contract.numbers import AXONS_PER_WORD

from .neuron import Flags

__all__ = ["Block", "Synapses"]

_Indices = npt.NDArray[np.intp]

_SERIAL_PRODUCTS = 1 << 18
"""OpenBLAS computes a matrix product of at most this many multiplications in one thread."""
_NARROWEST_TILE = 8
_CACHE_LINE_BYTES = 64


def _zeros_in_lines(shape: tuple[int, ...], dtype: type[np.generic]) -> npt.NDArray[Any]:
    """Return zeros of one byte each that begin where a line of the processor's cache does."""
    size = math.prod(shape)
    spare = np.zeros(size + _CACHE_LINE_BYTES, np.uint8)
    begin = -spare.ctypes.data % _CACHE_LINE_BYTES
    return spare[begin : begin + size].view(dtype).reshape(shape)


class Block(NamedTuple):
    """Some synapses: those of all places that the arrays, broadcast together, name.

    Attributes
    ----------
    core, row, neuron : ndarray of int
        Where they are; the neuron within its core.
    """

    core: _Indices
    row: _Indices
    neuron: _Indices


class Synapses:
    """The synapses of all cores.

    The arrays can be written only within `edit`, so that the matrix made of them never is an old
    one.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Attributes
    ----------
    row : ndarray of int, shape (C, A)
        Row of an axon's synapses, per core.
    valid : ndarray of bool, shape (C, A)
        Whether the axon has a row in that core.
    source : ndarray of int, shape (C, R)
        The axon whose synapses a row holds, as told to learning; 0 where the array does not learn.
    row_plastic : ndarray of bool, shape (C, R)
        Plastic flags kept per row; all false unless ``plastic="row"``.
    weight : ndarray of int, shape (C, R, N)
        Weights.
    plastic : ndarray of bool, shape (C, R, N)
        Plastic flags kept per synapse; all false unless ``plastic="synapse"``.
    edits : int
        How often anything may have been written through `edit`.
    """

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        tables = (config.cores, config.axons)
        memories = (config.cores, config.rows_per_core, config.neurons_per_core)
        self.row: npt.NDArray[np.int32] = np.zeros(tables, np.int32)
        self.valid: Flags = np.zeros(tables, np.bool_)
        rows = (config.cores, config.rows_per_core)
        self.source: npt.NDArray[np.int32] = np.zeros(rows, np.int32)
        self.row_plastic: Flags = np.zeros(rows, np.bool_)
        self.weight: npt.NDArray[np.int8] = _zeros_in_lines(memories, np.int8)
        self.plastic: Flags = _zeros_in_lines(memories, np.bool_)
        self._arrays: tuple[npt.NDArray[Any], ...] = (
            self.row, self.valid, self.source, self.row_plastic, self.weight, self.plastic,
        )  # fmt: skip
        self._weights = self.weight.reshape(-1)  # a view that stays writable
        self.edits = 0
        self._matrix: npt.NDArray[np.float32] | None = None
        self._row_of: _Indices | None = None
        self._axon_of: _Indices | None = None
        self._tiles: npt.NDArray[np.float32] | None = None
        self._lock()

    def _lock(self) -> None:
        for array in self._arrays:
            array.flags.writeable = False

    @contextlib.contextmanager
    def edit(self) -> Iterator[None]:
        """Make the arrays writable for as long as the context lasts."""
        for array in self._arrays:
            array.flags.writeable = True
        try:
            yield
        finally:
            self._lock()
            self._matrix = self._tiles = self._row_of = self._axon_of = None
            self.edits += 1

    def forget_products(self) -> None:
        """Make matrix and tiles anew when next asked for: weights were changed from outside."""
        self._matrix = self._tiles = None

    def clear(self) -> None:
        """Set everything to 0."""
        with self.edit():
            for array in self._arrays:
                array[...] = 0

    @property
    def row_of(self) -> _Indices:
        """Row of each axon in each core, shape (C, 16*ceil(A/16)); R where it has none."""
        if self._row_of is None:
            config = self._config
            none = config.rows_per_core
            shape = (config.cores, config.axon_words * AXONS_PER_WORD)
            self._row_of = np.full(shape, none, np.intp)
            reached = np.minimum(self.row, none)
            self._row_of[:, : config.axons] = np.where(self.valid, reached, none)
        return self._row_of

    @property
    def matrix(self) -> npt.NDArray[np.float32]:
        """Weight from each axon to each neuron, shape (16*ceil(A/16) + 1, C*N); 0 without a row.

        The last row belongs to no axon. Single precision, for the matrix products of BLAS, is
        exact here: at most 32,767 weights of 8 bits add up to less than 2**22, and integers up to
        2**24 are exact in any order.
        """
        if self._matrix is None:
            config = self._config
            axons = config.axon_words * AXONS_PER_WORD
            matrix = np.zeros((axons + 1, config.neurons), np.float32)
            for core in range(config.cores):
                reaching = np.flatnonzero(self.row_of[core] < config.rows_per_core)
                columns = slice(
                    core * config.neurons_per_core, (core + 1) * config.neurons_per_core
                )
                matrix[reaching, columns] = self.weight[core][self.row_of[core][reaching]]
            self._matrix = matrix
        return self._matrix

    def places(self, block: Block) -> _Indices:
        """Return the places of synapses in memories of one number a synapse.

        A place is ``(core * R + row) * N + neuron``.
        """
        line = block.core * self._config.rows_per_core + block.row
        return line * self._config.neurons_per_core + block.neuron

    def core_of(self, places: _Indices) -> _Indices:
        """Return the cores of some places."""
        return places // (self._config.rows_per_core * self._config.neurons_per_core)

    def weights_at(self, places: _Indices) -> npt.NDArray[np.int32]:
        """Return the weights at some places."""
        return self._weights.take(places).astype(np.int32)

    def change(self, places: _Indices, weights: npt.NDArray[np.int32]) -> None:
        """Set the weights at some places, in the matrix as well."""
        self._weights[places] = weights
        self._tiles = None
        if self._matrix is not None:
            config = self._config
            line = places // config.neurons_per_core
            neuron = places - line * config.neurons_per_core
            column = (line // config.rows_per_core) * config.neurons_per_core + neuron
            cell = self._axons_of().take(line) * config.neurons + column
            self._matrix.reshape(-1)[cell] = weights

    def _axons_of(self) -> _Indices:
        """Return the axon that reaches each row, shape (C*R,); the one after the last if none does.

        No two axons share a row of a core.
        """
        if self._axon_of is None:
            rows, none = self._config.rows_per_core, self.row_of.shape[1]
            self._axon_of = np.full(self._config.cores * rows, none, np.intp)
            core, axon = (self.row_of < rows).nonzero()
            self._axon_of[core * rows + self.row_of[core, axon]] = axon
        return self._axon_of

    def sums(self, active: Flags) -> npt.NDArray[np.float32]:
        """Return the sum of the weights that reach each neuron.

        The matrix product is cut into tiles that are too small for OpenBLAS to hand them to
        several threads: where other programs use the processors too, threads that wait for each
        other make it ten times slower.

        Parameters
        ----------
        active : ndarray of bool, shape (samples, axons)
            Active axons, from axon 0 on; those beyond are not active.

        Returns
        -------
        ndarray of float32, shape (samples, C*N)
            Whole numbers.
        """
        samples, axons = active.shape
        neurons = self._config.neurons
        tiles = self._tiles_of(max(_NARROWEST_TILE, _SERIAL_PRODUCTS // max(1, active.size)))
        sums = np.matmul(active.astype(np.float32), tiles[:, :axons])
        joined: npt.NDArray[np.float32] = sums.transpose(1, 0, 2).reshape(samples, -1)
        return joined[:, :neurons]

    def _tiles_of(self, most_columns: int) -> npt.NDArray[np.float32]:
        """Return the matrix as tiles of equal width, shape (tiles, axons, columns)."""
        neurons = self._config.neurons
        count = -(-neurons // most_columns)
        if self._tiles is None or self._tiles.shape[0] != count:
            columns = -(-neurons // count)
            padded = np.pad(self.matrix[:-1], ((0, 0), (0, count * columns - neurons)))
            tiles = padded.reshape(-1, count, columns).transpose(1, 0, 2)
            self._tiles = np.ascontiguousarray(tiles)
        return self._tiles
