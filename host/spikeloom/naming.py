"""`Named`: a dict whose names also complete as attributes."""

import keyword
import re
from collections import Counter
from typing import Any, TypeVar

__all__ = ["Named"]

_T = TypeVar("_T")


class Named(dict[str, _T]):
    """A dict of parts by name, each also an attribute, which prompts complete.

    What cannot be an attribute has underscores instead, an arrow becomes ``to``, and an underscore
    follows a name that is a word of Python or a method of `dict`. Where two names would be the
    same attribute there is none.

    Examples
    --------
    >>> parts = Named({"hidden": 1, "in->hidden": 2, "items": 3})
    >>> parts.hidden, parts.in_to_hidden, parts.items_, parts["in->hidden"]
    (1, 2, 3, 2)
    >>> [name for name in dir(parts) if "hidden" in name]
    ['hidden', 'in_to_hidden']
    """

    def __getattr__(self, name: str) -> _T:
        # Names of Python's own are asked for by copy, pickle and prompts.
        attributes = {} if name.startswith("__") else self._attributes()
        if name not in attributes:
            known = ", ".join(attributes) or "none"
            raise AttributeError(f"name must be one of {known}, not {name!r}", name=name, obj=self)
        return self[attributes[name]]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._attributes()]

    def _attributes(self) -> dict[str, str]:
        """Return the name of each attribute."""
        wanted = {name: _attribute(name) for name in self}
        often = Counter(wanted.values())
        return {attribute: name for name, attribute in wanted.items() if often[attribute] == 1}


_TAKEN: frozenset[str] = frozenset(dir(dict[Any, Any]))


def _attribute(name: str) -> str:
    words = re.sub(r"\W+", "_", name.replace("->", "_to_")).strip("_")
    if not words or words[0].isdigit():
        words = f"_{words}"
    return f"{words}_" if keyword.iskeyword(words) or words in _TAKEN else words
