"""The tops: UART, boot loader, link and array joined, for a board and for the simulator."""

from typing import Any

from amaranth.hdl import ClockDomain, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeloom.contract import ArrayConfig
from spikeloom.contract.frames import BAUD_PHASE_BITS, ResetKind

from .array.array import Array
from .boot.boot import Boot
from .boot.flash_pins import FLASH_MEMBERS, lead_flash
from .link.compact_link import CompactLink, is_compact
from .link.link import Link
from .link.uart_rx import UartRx
from .link.uart_tx import UartTx

__all__ = ["SimTop", "Top"]


class _Parts:
    """Link, array, boot loader and both halves of the UART, joined except for the host's bytes.

    Attributes
    ----------
    rx, tx : stream.Interface
        Bytes from and to the host.
    quiet : Signal
        All but the UART rests.
    deaf : Signal
        Bytes from the host are dropped.
    error : Signal
        See `Top`.
    """

    def __init__(self, m: Module, config: ArrayConfig) -> None:
        m.submodules.uart_rx = self.uart_rx = UartRx()
        m.submodules.uart_tx = self.uart_tx = UartTx()
        self.link = CompactLink(config) if is_compact(config) else Link(config)
        m.submodules.link = self.link
        m.submodules.array = self.array = Array(config)
        self.quiet, self.deaf, self.error = Signal(), Signal(), Signal()
        rests = self.link.quiet & ~self.array.link.busy
        damaged = self._damaged(m)
        m.d.comb += [
            self.uart_rx.increment.eq(self.link.increment),
            self.uart_tx.increment.eq(self.link.increment),
            self.link.line_error.eq(self.uart_rx.line_error),
        ]
        self.boot = Boot(config) if config.boot_offset is not None else None
        if self.boot is None:
            self.rx, self.tx = self.link.rx, self.link.tx
            wiring.connect(m, self.link.array, self.array.link)
            m.d.comb += [self.quiet.eq(rests), self.error.eq(damaged)]
        else:
            m.submodules.boot = boot = self.boot
            self.rx, self.tx = boot.host_rx, boot.host_tx
            wiring.connect(m, self.link.array, boot.link)
            wiring.connect(m, boot.array, self.array.link)
            wiring.connect(m, boot.link_rx, self.link.rx)
            wiring.connect(m, self.link.tx, boot.link_tx)
            m.d.comb += [
                boot.link_quiet.eq(self.link.quiet),
                self.quiet.eq(rests & boot.quiet),
                self.deaf.eq(boot.deaf),
                self.error.eq(damaged | boot.error),
            ]

    def _damaged(self, m: Module) -> Signal:
        """Remember that a byte or frame was damaged or refused, as long as that is counted."""
        damaged = Signal()
        port = self.array.link
        with m.If(port.reset.valid & (port.reset.payload == Const(ResetKind.COUNTERS, 2))):
            m.d.sync += damaged.eq(0)
        with m.If(
            port.count_line_error
            | port.count_bad_frame
            | port.count_out_of_order
            | port.count_refused
        ):
            m.d.sync += damaged.eq(1)
        return damaged


def _flash_members(config: ArrayConfig) -> dict[str, Any]:
    return {} if config.boot_offset is None else FLASH_MEMBERS


def _join_flash(m: Module, top: Any, parts: _Parts) -> None:
    if parts.boot is not None:
        lead_flash(m, parts.boot, top)


class Top(wiring.Component):
    """What goes into a board: a serial line on one side, all the rest inside.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Members
    -------
    rx : In(1), init=1
        Serial line from the host, 8N1; synchronised inside.
    tx : Out(1), init=1
        Serial line to the host.
    running : Out(1)
        Steps are under way.
    error : Out(1)
        Something is wrong: a boot network that could not be loaded, or a damaged or refused
        frame since the counters were cleared.
    flash_cs : Out(1)
        Where the configuration has a `boot_offset`: the SPI flash. 1 selects it.
    flash_clk : Out(1), flash_copi : Out(1), flash_cipo : In(1)
        Clock and data, mode 0; all from or into a register.
    """

    rx: Signal
    tx: Signal
    running: Signal
    error: Signal
    flash_cs: Signal
    flash_clk: Signal
    flash_copi: Signal
    flash_cipo: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "running": Out(1),
                "error": Out(1),
                **_flash_members(config),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Join the parts."""
        m = Module()
        parts = _Parts(m, self._config)
        wiring.connect(m, parts.uart_rx.o, parts.rx)
        wiring.connect(m, parts.tx, parts.uart_tx.i)
        m.d.comb += [
            parts.uart_rx.rx.eq(self.rx),
            self.tx.eq(parts.uart_tx.tx),
            parts.link.tx_idle.eq(parts.uart_tx.idle),
            self.running.eq(parts.array.link.busy),
            self.error.eq(parts.error),
        ]
        _join_flash(m, self, parts)
        return m


class SimTop(wiring.Component):
    """`Top`, and a way past the UART for a simulator that does not want to count bits.

    Inputs end in registers and there is no reset, so that a simulator has next to nothing to do
    when an input changes. The registers' initial values are those that a reset would give.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Members
    -------
    clk : In(1)
        Clock of everything.
    rx : In(1), init=1
    tx : Out(1), init=1
        Serial lines, as in `Top`.
    bypass : In(1)
        1: the link's bytes go through `byte_in` and `byte_out`, 0: through the UART. Held from
        the first cycle on.
    byte_in : In(stream.Signature(8))
        Bytes to the link, at most one a cycle.
    byte_out.valid : Out(1)
    byte_out.payload : Out(8)
        Bytes from the link, at most one a cycle; each is there for one cycle.
    quiet : Out(1)
        Nothing is under way behind the receiver's shift register: link, array and transmitter
        rest, and no byte waits. The state then changes no more until a byte comes.
    increment : Out(24)
        The device's rate: a bit takes ``2**24 / increment`` cycles.
    deaf : Out(1)
        Bytes to the link are dropped, since the boot loader is at work.
    running : Out(1), error : Out(1)
        As in `Top`.
    flash_cs, flash_clk, flash_copi : Out(1), flash_cipo : In(1)
        As in `Top`.
    """

    clk: Signal
    rx: Signal
    tx: Signal
    bypass: Signal
    byte_in: Any
    byte_out: Any
    quiet: Signal
    increment: Signal
    deaf: Signal
    running: Signal
    error: Signal
    flash_cs: Signal
    flash_clk: Signal
    flash_copi: Signal
    flash_cipo: Signal

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        super().__init__(
            {
                "clk": In(1),
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "bypass": In(1),
                "byte_in": In(stream.Signature(8)),
                "byte_out": Out(wiring.Signature({"valid": Out(1), "payload": Out(8)})),
                "quiet": Out(1),
                "increment": Out(BAUD_PHASE_BITS),
                "deaf": Out(1),
                "running": Out(1),
                "error": Out(1),
                **_flash_members(config),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Join the parts, with a switch on both streams of bytes."""
        m = Module()
        m.domains.sync = sync = ClockDomain("sync", reset_less=True)
        m.d.comb += sync.clk.eq(self.clk)
        parts = _Parts(m, self._config)
        link, uart_rx, uart_tx = parts.link, parts.uart_rx, parts.uart_tx
        rx, tx = parts.rx, parts.tx
        bypass = Signal()
        taken = stream.Signature(8).create()
        m.d.sync += bypass.eq(self.bypass)
        m.d.comb += self.byte_in.ready.eq(~taken.valid | taken.ready)
        with m.If(self.byte_in.ready):
            m.d.sync += [
                taken.valid.eq(self.byte_in.valid),
                taken.payload.eq(self.byte_in.payload),
            ]
        m.d.comb += [
            uart_rx.rx.eq(self.rx),
            self.tx.eq(uart_tx.tx),
            self.increment.eq(link.increment),
            self.deaf.eq(parts.deaf),
            self.running.eq(parts.array.link.busy),
            self.error.eq(parts.error),
            link.tx_idle.eq(bypass | uart_tx.idle),
            rx.valid.eq(Mux(bypass, taken.valid, uart_rx.o.valid)),
            rx.payload.eq(Mux(bypass, taken.payload, uart_rx.o.payload)),
            taken.ready.eq(bypass & rx.ready),
            uart_rx.o.ready.eq(~bypass & rx.ready),
            self.byte_out.valid.eq(bypass & tx.valid),
            self.byte_out.payload.eq(tx.payload),
            uart_tx.i.valid.eq(~bypass & tx.valid),
            uart_tx.i.payload.eq(tx.payload),
            tx.ready.eq(bypass | uart_tx.i.ready),
            self.quiet.eq(parts.quiet & uart_tx.idle & ~rx.valid & ~tx.valid & ~uart_rx.line_error),
        ]
        _join_flash(m, self, parts)
        return m
