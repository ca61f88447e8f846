"""`Run`: one run of a sweep. `grid`: all combinations of some parameters as runs."""

import functools
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from spikeloom.compiler import Program
from spikeloom.network import Network

from .digest import digest
from .errors import SweepError
from .plain import encode

__all__ = ["RESERVED", "Run", "checked_runs", "grid"]

Loadable: TypeAlias = Network | Program

RESERVED = ("index", "run", "key", "worker", "board", "duration_s", "attempts")
"""Columns that every table has; no parameter or result may be called so."""
_NAME_LENGTH = 80


class Run(Mapping[str, Any]):
    """One run of a sweep: what the function is called with, and all that tells it from others.

    A run is a mapping of its parameters: ``run["seed"]``.

    Parameters
    ----------
    parameters : mapping of str to plain data
        Columns of the table. Numbers, strings, short lists; large arrays are better `data`.
    network : Network or Program, optional
        What the board holds when the function is called, in its initial state. It is sent to a
        worker once and loaded when the board holds something else.
    data : optional
        Plain data that comes along without being a column, such as a stimulus; sent to a worker
        once, however many runs share it. Its arrays cannot be written to.
    name : str, optional
        For messages; made of the parameters if None.

    Raises
    ------
    SweepError
        If names of parameters are reserved or no strings.
    PlainDataError
        If a parameter is not plain data.

    Examples
    --------
    >>> run = Run({"seed": 3, "rate": 0.5})
    >>> run, run["rate"]
    (<Run 'seed=3, rate=0.5'>, 0.5)
    >>> run.key == Run({"rate": 0.5, "seed": 3}).key
    True
    """

    def __init__(
        self,
        parameters: Mapping[str, Any] | None = None,
        *,
        network: Loadable | None = None,
        data: Any = None,
        name: str | None = None,
    ) -> None:
        self._parameters = dict(parameters or {})
        for each in self._parameters:
            if not isinstance(each, str) or each in RESERVED:
                raise SweepError(
                    f"a parameter must have a name other than {', '.join(RESERVED)}, not {each!r}; "
                    f"rename it"
                )
        self.name = _name_of(self._parameters) if name is None else str(name)
        self.encoded = encode(self._parameters, f"parameters of run {self.name!r}")
        if not isinstance(network, Network | Program | None):
            raise SweepError(
                f"network of run {self.name!r} must be a Network or a Program, not "
                f"{type(network).__name__}; Program.load reads a file"
            )
        self._network = network
        self.data = data

    @property
    def network(self) -> Loadable | None:
        """What the board holds when the function is called."""
        return self._network

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters, as a dict of their own."""
        return dict(self._parameters)

    @functools.cached_property
    def key(self) -> str:
        """Hash of parameters, network and data: 32 hexadecimal digits, the same in all processes.

        Raises
        ------
        PlainDataError
            If the data is not plain.
        """
        where = f"run {self.name!r}"
        content = [self.encoded, self.network_digest, self.data_digest]
        return digest(content, where)

    @functools.cached_property
    def network_digest(self) -> str | None:
        """Hash of the network; None without one."""
        if self.network is None:
            return None
        return digest(self.network, f"network of run {self.name!r}")

    @functools.cached_property
    def data_digest(self) -> str | None:
        """Hash of the data; None without any."""
        return None if self.data is None else digest(self.data, f"data of run {self.name!r}")

    def __getitem__(self, name: str) -> Any:
        if name not in self._parameters:
            known = ", ".join(self._parameters) or "none"
            raise KeyError(f"parameters of run {self.name!r} are {known}; there is no {name!r}")
        return self._parameters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)

    def __repr__(self) -> str:
        return f"<Run {self.name!r}>"

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


def _name_of(parameters: Mapping[str, Any]) -> str:
    text = ", ".join(f"{name}={value}" for name, value in parameters.items())
    text = " ".join(text.split())
    return text if len(text) <= _NAME_LENGTH else f"{text[: _NAME_LENGTH - 3]}..."


def grid(
    *,
    network: Loadable | Mapping[str, Loadable] | Callable[[dict[str, Any]], Loadable] | None = None,
    data: Any = None,
    **axes: Iterable[Any],
) -> list[Run]:
    """Return a run for each combination of values; the last axis changes fastest.

    Parameters
    ----------
    network : Network, Program, mapping of names to these, or callable, optional
        One for all runs; several as a further axis, whose parameter ``network`` is the name; or a
        function that makes one from a dict of the parameters.
    data : optional
        Data of all runs, or a function that makes it from a dict of the parameters.
    **axes : iterable
        The values of each parameter, in the order in which they are to change.

    Raises
    ------
    SweepError
        If an axis is no iterable of values, or empty.

    Examples
    --------
    >>> for run in grid(threshold=[0.5, 1.0], seed=range(2)):
    ...     print(run.name)
    threshold=0.5, seed=0
    threshold=0.5, seed=1
    threshold=1.0, seed=0
    threshold=1.0, seed=1
    """
    if isinstance(network, Mapping):
        axes = {"network": list(network), **axes}
    values = [_axis(name, given) for name, given in axes.items()]
    runs = []
    for combination in itertools.product(*values):
        parameters = dict(zip(axes, combination, strict=True))
        if isinstance(network, Mapping):
            chosen: Any = network[parameters["network"]]
        else:
            chosen = network(dict(parameters)) if callable(network) else network
        own = data(dict(parameters)) if callable(data) else data
        runs.append(Run(parameters, network=chosen, data=own))
    return runs


def _axis(name: str, given: Iterable[Any]) -> list[Any]:
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise SweepError(
            f"axis {name!r} must be a list of values, not {given!r}; write [{given!r}] for one"
        )
    values = list(given)
    if not values:
        raise SweepError(f"axis {name!r} must have at least one value, not none; leave it out")
    return values


def checked_runs(given: Iterable[Any]) -> Sequence[Run]:
    """Return runs that are all different, of runs or dicts of parameters.

    Raises
    ------
    SweepError
        If there is none, if one is neither, or if two have the same content.
    PlainDataError
        If the content of one cannot be known.
    """
    runs = []
    for each in given:
        if not isinstance(each, Run | Mapping):
            raise SweepError(
                f"a run must be a Run or a dict of parameters, not {each!r}; fleet.grid makes runs"
            )
        runs.append(each if isinstance(each, Run) else Run(each))
    _share_digests(runs)
    if not runs:
        raise SweepError("a sweep must have at least one run, not none; fleet.grid makes runs")
    key, times = Counter(run.key for run in runs).most_common(1)[0]
    if times > 1:
        name = next(run.name for run in runs if run.key == key)
        raise SweepError(
            f"runs must differ in parameters, network or data, but {times} are {name!r}; give each "
            f"a parameter of its own, such as a seed"
        )
    return runs


def _share_digests(runs: Iterable[Run]) -> None:
    """Hash each network and each data once, however many runs share it."""
    known: dict[tuple[str, int], str | None] = {}
    for run in runs:
        for name, value in (("network_digest", run.network), ("data_digest", run.data)):
            shared = (name, id(value))
            if shared in known:
                vars(run)[name] = known[shared]
            else:
                known[shared] = getattr(run, name)
