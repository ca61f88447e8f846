"""The boot loader's place: between host and link, and between link and array."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.boot import boot_push_words
from spikeloom.contract.frames import ResetKind

from ..ports import ArrayPort
from .flash_pins import FLASH_MEMBERS, lead_flash
from .loader import Loader

__all__ = ["Boot"]

_COUNTS = ("count_bad_frame", "count_out_of_order", "count_repeated", "count_refused")
_FAILURES = ("count_bad_frame", "count_out_of_order", "count_refused")


class Boot(wiring.Component):
    """Plays the boot image into the link, then joins host, link and array as if it were not there.

    As long as replies are the loader's they are swallowed, the link counts nothing, and what the
    array puts out is discarded, since nobody reads it. All ways are combinational.

    Parameters
    ----------
    config : ArrayConfig
        The array; it has a `boot_offset`.

    Members
    -------
    host_rx : In(stream.Signature(8)), host_tx : Out(stream.Signature(8))
        Bytes from and to the host.
    link_rx : Out(stream.Signature(8)), link_tx : In(stream.Signature(8))
        Bytes to and from the link.
    link : In(ArrayPort), array : Out(ArrayPort)
        Link and array.
    link_quiet : In(1)
        Link and array rest; see `Link`.
    quiet : Out(1)
        Nothing happens here any more.
    deaf : Out(1)
        Bytes from the host are dropped.
    error : Out(1)
        There is an image, and it could not be loaded.
    flash_cs, flash_clk, flash_copi : Out(1), flash_cipo : In(1)
        See `FlashReader`.
    """

    host_rx: stream.Interface
    host_tx: stream.Interface
    link_rx: stream.Interface
    link_tx: stream.Interface
    link: Any
    array: Any
    link_quiet: Signal
    quiet: Signal
    deaf: Signal
    error: Signal
    flash_cs: Signal
    flash_clk: Signal
    flash_copi: Signal
    flash_cipo: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        super().__init__(
            {
                "host_rx": In(stream.Signature(8)),
                "host_tx": Out(stream.Signature(8)),
                "link_rx": Out(stream.Signature(8)),
                "link_tx": In(stream.Signature(8)),
                "link": In(ArrayPort(config)),
                "array": Out(ArrayPort(config)),
                "link_quiet": In(1),
                "quiet": Out(1),
                "deaf": Out(1),
                "error": Out(1),
                **FLASH_MEMBERS,
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the loader and the switches around it."""
        m = Module()
        m.submodules.loader = loader = Loader(self._config)
        mine = Signal()  # replies are the loader's
        m.d.comb += [
            mine.eq(~loader.done | loader.open),
            loader.quiet.eq(self.link_quiet),
            loader.failed.eq(Cat(getattr(self.link, name) for name in _FAILURES).any()),
            loader.room.eq(self._has_room()),
            self.quiet.eq(~mine),
            self.deaf.eq(loader.deaf),
            self.error.eq(loader.error),
        ]
        lead_flash(m, loader, self)
        self._join_host(m, loader, mine)
        self._join_array(m, loader, mine)
        return m

    def _has_room(self) -> Value:
        """Return whether the largest PUSH of an image fits; a power of two is easily seen."""
        enough = (boot_push_words(self._config) - 1).bit_length()
        free: Signal = self.link.input_free
        return free[enough:].any()

    def _join_host(self, m: Module, loader: Loader, mine: Signal) -> None:
        """Let host or loader talk to the link."""
        host, frames = self.host_rx, loader.frames
        m.d.comb += [
            loader.host_waits.eq(host.valid),
            self.link_rx.valid.eq(Mux(loader.done, host.valid, frames.valid)),
            self.link_rx.payload.eq(
                Mux(loader.done, host.payload, frames.payload & ~loader.cut.replicate(8))
            ),
            frames.ready.eq(~loader.done & self.link_rx.ready),
            host.ready.eq(Mux(loader.done, self.link_rx.ready, loader.deaf)),
            self.host_tx.valid.eq(self.link_tx.valid & ~mine),
            self.host_tx.payload.eq(self.link_tx.payload),
            self.link_tx.ready.eq(self.host_tx.ready | mine),
            loader.reply_ends.eq(self.link_tx.valid & (self.link_tx.payload == 0)),
        ]

    def _join_array(self, m: Module, loader: Loader, mine: Signal) -> None:
        """Join link and array, but for what nobody must see and what the loader adds."""
        link, array = self.link, self.array
        wiring.connect(m, wiring.flipped(link), wiring.flipped(array))
        full = self._config.output_words
        m.d.comb += [
            *(getattr(array, name).eq(getattr(link, name) & ~mine) for name in _COUNTS),
            array.boot.eq(loader.state),
            array.output_free.eq(link.output_free | Mux(mine, Const(full, 16), 0)),
            array.spikes.ready.eq(link.spikes.ready | mine),
            link.spikes.valid.eq(array.spikes.valid & ~mine),
            array.stop.eq(link.stop | loader.stop),
            array.reset.valid.eq(link.reset.valid | loader.clear),
            array.reset.payload.eq(Mux(loader.clear, Const(ResetKind.ALL, 2), link.reset.payload)),
            loader.cleared.eq(array.reset.ready),
        ]
