"""The signatures between link and array: one place, so that each can be built and tested alone."""

from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.boot import BOOT_STATE_BITS
from spikeloom.contract.memory import CORE_BITS, OFFSET_BITS, WINDOW_BITS

__all__ = ["ArrayPort", "BusRequest", "BusSignature"]


class BusRequest(data.StructLayout):
    """One access to a word of the memory map.

    Parameters
    ----------
    data_bits : int
        Width of the widest word, `MemoryMap.data_bits`.

    Members
    -------
    write : 1
        1: write `data`; 0: read.
    window, core, offset
        Address, within bounds; the link has checked it.
    data : data_bits
        The word, right-aligned, when writing.
    """

    def __init__(self, data_bits: int) -> None:
        super().__init__(
            {
                "write": 1,
                "window": WINDOW_BITS,
                "core": CORE_BITS,
                "offset": OFFSET_BITS,
                "data": data_bits,
            }
        )


class BusSignature(wiring.Signature):
    """The memory-mapped bus, seen from its master.

    Requests are carried out in order. A write is done when it has been taken, or before the next
    request acts. Each read is answered by one response, in order; latency is not fixed. Only
    live windows are accessed while the array is busy.

    Parameters
    ----------
    data_bits : int
        Width of the widest word.

    Members
    -------
    request : Out(stream.Signature(BusRequest))
    response : In(stream.Signature(data_bits))
    """

    def __init__(self, data_bits: int) -> None:
        super().__init__(
            {
                "request": Out(stream.Signature(BusRequest(data_bits))),
                "response": In(stream.Signature(data_bits)),
            }
        )


class ArrayPort(wiring.Signature):
    """Everything between link and array, seen from the link.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Members
    -------
    bus : Out(BusSignature)
        Memory access.
    events : Out(stream.Signature(16))
        Words from the input ring, `spikeloom.contract.words`.
    spikes : In(stream.Signature(16))
        Words for the output ring.
    output_free : Out(16)
        Free words of the output ring now, so that a pair can be written or dropped as a whole.
    busy : In(1)
        The array is in a step, or waits for the rest of a CONTROL word, or has output (a STEP
        count) that it has not handed over. The link's BUSY is this or a non-empty input ring.
    waiting : In(1)
        The array waits because the output ring is full.
    stop : Out(1)
        Level. The array takes no STEP, discards input words, forgets repetitions left of a STEP
        count, and discards its output; the step under way ends. The link holds it until `busy` is
        low and then empties both rings.
    reset : Out(stream.Signature(2))
        A `ResetKind` other than STOP, held valid until ready says that it is done. For STATE and
        ALL the link has stopped the array before.
    count_bad_frame, count_line_error, count_out_of_order, count_repeated, count_refused : Out(1)
        One cycle high for each event; the array's status registers count them.
    session_end : Out(8)
        `SessionEnd` of the session before this one.
    input_free : Out(16)
        Free words of the input ring.
    boot : Out(3)
        `BootState`, of the boot loader between link and array; the link leaves it at 0.
    """

    def __init__(self, config: ArrayConfig) -> None:
        super().__init__(
            {
                "bus": Out(BusSignature(MemoryMap(config).data_bits)),
                "events": Out(stream.Signature(16)),
                "spikes": In(stream.Signature(16)),
                "output_free": Out(16),
                "busy": In(1),
                "waiting": In(1),
                "stop": Out(1),
                "reset": Out(stream.Signature(2)),
                "count_bad_frame": Out(1),
                "count_line_error": Out(1),
                "count_out_of_order": Out(1),
                "count_repeated": Out(1),
                "count_refused": Out(1),
                "session_end": Out(8),
                "input_free": Out(16),
                "boot": Out(BOOT_STATE_BITS),
            }
        )
