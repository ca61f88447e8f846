"""What a test needs of an array, as the marker ``needs_config`` says it."""

from typing import Any

from spikeloom.contract import ArrayConfig

from .errors import TestingError

__all__ = ["unmet_needs"]

_NEEDS = {
    "learning": "learns",
    "neurons": "neurons",
    "inputs": "inputs",
    **{
        name: name
        for name in (
            "name", "cores", "neurons_per_core", "axons", "rows_per_core", "lanes", "delay_slots",
            "weight_bits", "state_bits", "theta", "plastic", "eligibility", "stochastic", "probes",
            "input_words", "output_words", "clock_hz",
        )
    },
}  # fmt: skip
"""Name of a need, and the attribute of `ArrayConfig` that meets it."""


def unmet_needs(config: ArrayConfig, **needs: Any) -> list[str]:
    """Return in words which needs an array does not meet.

    Parameters
    ----------
    config : ArrayConfig
        The array.
    **needs
        ``learning``, ``neurons``, ``inputs``, or a field of `ArrayConfig`. A number must be
        reached, a truth value be the same; a text must be the same, and of several texts one.

    Raises
    ------
    TestingError
        If a need is unknown or of another type than what is to meet it.

    Examples
    --------
    >>> from spikeloom.contract import CONFIGS
    >>> unmet_needs(CONFIGS["tiny"], neurons=64, learning=True)
    ['neurons of at least 64, not 16']
    """
    unmet = []
    for name, wanted in needs.items():
        if name not in _NEEDS:
            raise TestingError(
                f"a need must be one of {', '.join(_NEEDS)}, not {name!r}; see "
                f"spikeloom.ArrayConfig"
            )
        given = getattr(config, _NEEDS[name])
        if isinstance(given, str):
            allowed = (wanted,) if isinstance(wanted, str) else tuple(wanted)
            if given not in allowed:
                unmet.append(f"{name} {' or '.join(map(repr, allowed))}, not {given!r}")
        elif isinstance(given, bool) != isinstance(wanted, bool) or isinstance(wanted, str):
            kind = "True or False" if isinstance(given, bool) else "a number"
            raise TestingError(f"need {name!r} must be {kind}, not {wanted!r}; change the marker")
        elif isinstance(given, bool):
            if given != wanted:
                unmet.append(f"{name}={wanted}, not {given}")
        elif given < wanted:
            unmet.append(f"{name} of at least {wanted}, not {given}")
    return unmet
