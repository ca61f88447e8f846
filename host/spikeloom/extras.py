"""Packages that only some users need: imported when they are, named when they are not there."""

import importlib
from typing import Any

from spikeloom.contract import SpikeloomError

__all__ = ["MissingPackageError", "import_extra"]


class MissingPackageError(SpikeloomError):
    """A package of an extra that is not installed."""

    exit_code = 3


def import_extra(module: str, extra: str, purpose: str) -> Any:
    """Import a module that comes with an extra of this package.

    Parameters
    ----------
    module : str
        Name to import, such as ``scipy.sparse``.
    extra : str
        The extra of pyproject.toml that brings it.
    purpose : str
        What it is for, as the subject of a sentence: "importing NIR".

    Returns
    -------
    module

    Raises
    ------
    MissingPackageError
        If it cannot be imported.

    Examples
    --------
    >>> import_extra("json", "none", "an example").loads("1")
    1
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingPackageError(
            f"{purpose} needs the package {module.partition('.')[0]!r}, which cannot be imported "
            f"({error}); run: pip install 'spikeloom[{extra}]'"
        ) from error
