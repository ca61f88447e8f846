"""Which package pins a board's array uses, by what they are for."""

from spikeloom_boards import BoardTable

from .errors import ToolMissingError

__all__ = ["pins_of"]

_SUBSIGNALS = ("rx", "tx", "cs", "clk", "copi", "cipo")


def pins_of(board: BoardTable) -> dict[str, str]:
    """Return the package pins that are used, by what they are for.

    Parameters
    ----------
    board : BoardTable
        The board.

    Raises
    ------
    ToolMissingError
        If amaranth-boards, which has most of them, is not installed.

    Examples
    --------
    >>> from spikeloom_boards import find_board
    >>> pins_of(find_board("icebreaker"))["UART rx"]
    '6'
    """
    try:
        platform = board.platform()
    except ImportError as error:
        raise ToolMissingError(
            f"amaranth-boards must be installed to look up pins, but {error}; "
            f"run: pip install 'spikeloom[boards]'"
        ) from error
    leds = board.leds
    named = {"clock": board.oscillator, "UART": board.uart}
    named |= {
        f"{light} LED": resource
        for light, resource in (
            ("idle", leds.idle), ("running", leds.running), ("error", leds.error),
        )
        if resource is not None
    }  # fmt: skip
    if board.flash is not None:
        named["flash"] = board.flash.resource
    pins: dict[str, str] = {}
    for name, resource in named.items():
        for io in platform.lookup(*resource).ios:
            if hasattr(io, "names"):
                pins[name] = " ".join(io.names)
            elif hasattr(io, "ios") and io.name in _SUBSIGNALS:
                pins[f"{name} {io.name}"] = " ".join(io.ios[0].names)
    if board.flash is not None and board.flash.clock != "pin":
        pins["flash clk"] = f"by {board.flash.clock.upper()}"
    return pins
