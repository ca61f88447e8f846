"""The array: everything between the link's port and the neurons."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.frames import ResetKind
from spikeloom.contract.registers import OutputPolicy

from ..learning.step_key import StepKey
from ..ports import ArrayPort
from ..sampling.sampler import SAMPLE_REGISTERS, SAMPLE_WINDOWS, Sampler
from .arithmetic import largest
from .bus_arbiter import BusArbiter
from .bus_fabric import BusFabric
from .capability_rom import CapabilityRom
from .control import Control
from .core import CORE_WINDOWS, Core
from .event_reader import EventReader
from .injector import Injector
from .output_writer import OutputWriter
from .prober import Prober
from .register_file import RegisterFile
from .scheduler import Scheduler
from .sequencer import Sequencer
from .spike_bus import SpikeBus
from .status import Status
from .step_coder import StepCoder

__all__ = ["Array"]


class Array(wiring.Component):
    """Scheduler, cores, spike bus, sequencer and registers, joined.

    A step takes at most ``sum over arrivals of max(1, S) + N + F + A/16 + 64`` cycles, with S, N
    and A those in use and F the neurons that fired; learning, sampling probes and waiting for the
    output ring come on top: ``spikeloom.contract.cycles``.

    Parameters
    ----------
    config : ArrayConfig
        The array.

    Members
    -------
    link : In(ArrayPort)
    """

    link: Any

    def __init__(self, config: ArrayConfig) -> None:
        self._config = config
        super().__init__({"link": In(ArrayPort(config))})

    def elaborate(self, platform: object) -> Module:
        """Join the parts."""
        m = Module()
        config = self._config
        m.submodules.fabric = self._fabric = BusFabric(config)
        m.submodules.registers = self._registers = RegisterFile(config)
        m.submodules.control = self._control = Control(config)
        m.submodules.status = self._status = Status(config)
        m.submodules.capability = self._capability = CapabilityRom(config)
        m.submodules.reader = self._reader = EventReader(config)
        m.submodules.injector = self._injector = Injector(config)
        m.submodules.scheduler = self._scheduler = Scheduler(config)
        m.submodules.sequencer = self._sequencer = Sequencer(
            registered=config.memories_registered,
            stimulates=config.sampling,
            learns=config.learns,
        )
        m.submodules.spike_bus = self._spike_bus = SpikeBus(config)
        m.submodules.writer = self._writer = OutputWriter(samples=config.sampling)
        self._on_the_way = Signal()  # an axon is, between scheduler and cores
        self._settled = Signal()  # no spike is on its way into the scheduler
        self._cores = [Core(config, k) for k in range(config.cores)]
        for k, core in enumerate(self._cores):
            m.submodules[f"core_{k}"] = core
        self._prober = Prober(config) if config.probes else None
        if self._prober is not None:
            m.submodules.prober = self._prober
        self._sampler = Sampler(config) if config.sampling else None
        self._telling = Signal()  # a step's spikes are still being told, as late as during the next
        self._step_told = Signal()  # they have been, and the step is over
        self._join_bus(m)
        self._join_registers(m)
        self._join_spikes(m)
        self._join_steps(m)
        self._join_output(m)
        self._join_status(m)
        self._join_resets(m)
        if self._sampler is not None:
            m.submodules.sampler = self._sampler
            self._join_sampler(m, self._sampler)
            self._join_coder(m, self._sampler, StepCoder(config))
        else:
            m.d.comb += self._step_told.eq(self._sequencer.step_done)
        return m

    def _join_bus(self, m: Module) -> None:
        """Bring the bus to every memory; the prober shares it."""
        fabric, bus = self._fabric, self.link.bus
        if self._prober is None:
            wiring.connect(m, wiring.flipped(bus), fabric.bus)
        else:
            m.submodules.arbiter = arbiter = BusArbiter(MemoryMap(self._config).data_bits)
            wiring.connect(m, self._prober.bus, arbiter.masters[0])
            wiring.connect(m, wiring.flipped(bus), arbiter.masters[1])
            wiring.connect(m, arbiter.bus, fabric.bus)
            m.d.comb += arbiter.early.eq(self._prober.early)
        wiring.connect(m, fabric.host_capability[0], self._capability.host)
        wiring.connect(m, fabric.registers, self._registers.host)
        wiring.connect(m, fabric.host_delay[0], self._injector.host)
        wiring.connect(m, fabric.host_pending[0], self._scheduler.host)
        memory = MemoryMap(self._config)
        for name in CORE_WINDOWS:
            if name in memory:
                for core, port in zip(self._cores, getattr(fabric, f"host_{name}"), strict=True):
                    wiring.connect(m, port, getattr(core, f"host_{name}"))

    def _join_registers(self, m: Module) -> None:
        """Let host, CONTROL words, status and prober share the register file."""
        registers, status, reader = self._registers, self._status, self._reader
        wiring.connect(m, reader.control, registers.words)
        wiring.connect(m, registers.written, self._control.written)
        host = registers.host
        taken = host.soon | host.select | reader.soon
        m.d.comb += [
            reader.hold.eq(status.telling),
            status.hold.eq(taken),
            status.read_data.eq(registers.read_data),
            registers.read_place.eq(status.read_place),
            registers.write_en.eq(status.write_en),
            registers.write_place.eq(status.write_place),
            registers.write_data.eq(status.write_data),
        ]
        prober = self._prober
        if prober is not None:
            m.d.comb += [
                prober.hold.eq(taken | status.telling),
                prober.table_data.eq(registers.read_data),
                status.hold.eq(taken | prober.fetching),
            ]
            with m.If(prober.fetching):
                m.d.comb += registers.read_place.eq(prober.table_place)

    def _join_spikes(self, m: Module) -> None:
        """Lead events and spikes to the scheduler, axons to all cores, spikes to the output."""
        reader, injector, control = self._reader, self._injector, self._control
        wiring.connect(m, wiring.flipped(self.link.events), reader.words)
        wiring.connect(m, injector.due, self._scheduler.due)
        bus = self._spike_bus
        neurons = bus.neurons
        told = self._writer.spikes if self._sampler is None else self._sampler.neurons
        m.d.comb += [
            reader.in_use.eq(injector.in_use),
            injector.axon_words.eq(control.axon_words),
            injector.t.eq(control.t),
            # Events come between steps and neurons fire within them, so the two never meet.
            injector.spikes.valid.eq(reader.spikes.valid | bus.fresh),
            injector.spikes.payload.eq(Mux(neurons.valid, neurons.payload, reader.spikes.payload)),
            bus.heard.eq(injector.spikes.ready),
            # A spike leaves when it has been told and heard.
            told.valid.eq(neurons.valid & (~bus.fresh | bus.heard)),
            told.payload.eq(neurons.payload),
            neurons.ready.eq(told.ready & (~bus.fresh | bus.heard)),
        ]
        if self._sampler is not None:  # it makes spikes before neurons fire
            made = self._sampler.spikes
            m.d.comb += made.ready.eq(injector.spikes.ready)
            with m.If(made.valid):
                m.d.comb += [injector.spikes.valid.eq(1), injector.spikes.payload.eq(made.payload)]
        self._broadcast(m, self._scheduler.axons)
        for core, spikes in zip(self._cores, self._spike_bus.cores, strict=True):
            wiring.connect(m, core.spikes, spikes)

    def _broadcast(self, m: Module, axons: stream.Interface) -> None:
        """Hand each axon to all cores in the same cycle, once all have room."""
        everyone = Signal()
        m.d.comb += axons.ready.eq(everyone)
        have_room = Cat(core.axons.ready for core in self._cores).all()
        if self._config.rows_never_wait or self._config.cores_are_many:
            # Their tables stand far apart: the way there gets its own cycle, and so does the way
            # back, which tables that have rows wait reckon with.
            if self._config.rows_never_wait:
                m.d.comb += everyone.eq(1)
            else:
                m.d.sync += everyone.eq(have_room)
            m.d.sync += self._on_the_way.eq(axons.valid & everyone)
            axon = Signal.like(axons.payload, name="axon_on_the_way")
            m.d.sync += axon.eq(axons.payload)
            for core in self._cores:
                m.d.comb += [core.axons.payload.eq(axon), core.axons.valid.eq(self._on_the_way)]
            return
        m.d.comb += everyone.eq(have_room)
        for core in self._cores:
            m.d.comb += [
                core.axons.payload.eq(axons.payload),
                core.axons.valid.eq(axons.valid & everyone),
            ]

    def _key(self, m: Module) -> tuple[Value, Value]:
        """Return the step's key and whether it is ready; any key will do where none is used."""
        if not self._config.draws:
            return Const(0), Const(1)
        m.submodules.step_key = key = StepKey()
        m.d.comb += [key.seed.eq(self._control.seed), key.t.eq(self._control.t)]
        return key.key, key.ready

    def _join_steps(self, m: Module) -> None:
        """Let the sequencer lead scheduler, cores and prober."""
        sequencer, scheduler, control = self._sequencer, self._scheduler, self._control
        # A spike that waits for the output is not in the scheduler either.
        neurons = self._spike_bus.neurons
        m.d.comb += self._settled.eq(
            scheduler.settled & ~self._injector.busy & ~self._reader.spikes.valid & ~neurons.valid
        )
        integrating = Cat(core.integrating for core in self._cores).any()
        updating = Cat(core.updating for core in self._cores).any()
        hold = Cat(core.hold for core in self._cores).any()
        key, key_ready = self._key(m)
        sampler = self._sampler
        unsettled: Value = ~self._settled
        telling: Value = self._status.telling
        if sampler is not None:
            unsettled, telling = unsettled | sampler.reporting, telling | sampler.judging
        m.d.comb += [
            sequencer.wanted.eq(self._reader.wanted),
            sequencer.stop.eq(self.link.stop),
            sequencer.interval.eq(control.step_interval),
            sequencer.settled.eq(self._settled & ~hold),
            sequencer.learning.eq(Cat(core.learning for core in self._cores).any()),
            sequencer.arriving.eq(scheduler.walking | self._on_the_way | integrating),
            sequencer.updating.eq(updating | self._spike_bus.gathering | unsettled),
            scheduler.walk.eq(sequencer.walk),
            scheduler.slot.eq(control.t[: self._config.delay_bits]),
            scheduler.axon_words.eq(control.axon_words),
            self._reader.stop.eq(self.link.stop),
            self._reader.step_done.eq(sequencer.step_done),
            control.step_done.eq(sequencer.step_done),
            sequencer.probing.eq(telling),
        ]
        for k, core in enumerate(self._cores):
            m.d.comb += [
                core.start.eq(sequencer.walk),
                core.update.eq(sequencer.update),
                core.learn.eq(sequencer.learn),
                core.key.eq(key),
                core.key_ready.eq(key_ready),
                core.t.eq(control.t),
            ]
            wiring.connect(m, control.cores[k], core.registers)
        if self._prober is not None:
            m.d.comb += [
                self._prober.start.eq(sequencer.probe),
                self._prober.probes_in_use.eq(control.probes_in_use),
                sequencer.probing.eq(self._prober.busy | telling),
            ]

    def _join_output(self, m: Module) -> None:
        """Lead spikes, probes and passing steps to the output ring."""
        writer, link = self._writer, self.link
        wiring.connect(m, writer.words, wiring.flipped(link.spikes))
        if self._prober is not None:  # probes come behind spikes
            samples = self._prober.samples
            m.d.comb += [
                writer.probes.payload.eq(samples.payload),
                writer.probes.valid.eq(samples.valid & ~self._telling),
                samples.ready.eq(writer.probes.ready & ~self._telling),
            ]
        # Registered, which breaks the loop from the writer's ready back to here; telling steps a
        # cycle late is as good.
        m.d.sync += writer.flush.eq(
            ~self._sequencer.running & ~self._reader.busy & ~link.events.valid & ~self._telling
        )
        m.d.comb += [
            writer.step_done.eq(self._step_told),
            writer.drop.eq(self._control.output_policy == OutputPolicy.DROP),
            writer.stop.eq(link.stop),
            writer.free.eq(link.output_free),
            link.waiting.eq(writer.waiting),
        ]
        # Registered as well: much of the link asks for it.
        m.d.sync += link.busy.eq(
            self._sequencer.running
            | self._reader.busy
            | writer.untold
            | self._telling
            | ~self._settled
            | self._status.telling
        )

    def _join_status(self, m: Module) -> None:
        """Lead everything that is counted or shown to the status registers."""
        status, registers, link = self._status, self._registers, self.link
        neurons, axons = self._spike_bus.neurons, self._scheduler.axons
        m.d.comb += [
            registers.busy.eq(link.busy | link.events.valid),
            registers.session_end.eq(link.session_end),
            registers.input_free.eq(link.input_free),
            registers.boot.eq(link.boot),
            status.overruns.eq(self._sequencer.overrun),
            status.refused_events.eq(self._reader.refused),
            status.bad_frames.eq(link.count_bad_frame),
            status.line_errors.eq(link.count_line_error),
            status.out_of_order.eq(link.count_out_of_order),
            status.repeated.eq(link.count_repeated),
            status.refused.eq(link.count_refused),
            status.dropped.eq(self._writer.dropped),
            status.in_step.eq(self._sequencer.running & ~self._writer.waiting),
            status.waiting.eq(self._writer.waiting),
            status.arrival.eq(axons.valid & axons.ready),
            status.spike.eq(neurons.valid & neurons.ready),
            status.swept.eq(largest(m, [core.swept for core in self._cores], "swept")),
            status.step_done.eq(self._sequencer.step_done),
        ]

    def _join_sampler(self, m: Module, sampler: Sampler) -> None:
        """Lead stimulus and judgement into the steps, and samples' words to both."""
        reader, writer, sequencer = self._reader, self._writer, self._sequencer
        fabric, control = self._fabric, self._control
        for name in SAMPLE_WINDOWS:
            wiring.connect(m, getattr(fabric, f"host_{name}")[0], getattr(sampler, f"host_{name}"))
        wiring.connect(m, reader.levels, sampler.levels)
        m.d.comb += [
            *(getattr(sampler, name).eq(getattr(control, name)) for name in SAMPLE_REGISTERS),
            sampler.start.eq(sequencer.stimulate),
            sampler.step_done.eq(sequencer.step_done),
            sequencer.stimulating.eq(sampler.stimulating | ~self._settled),
            reader.decided.eq(sampler.decided),
            reader.levels_first.eq(control.levels_first),
            reader.reported.eq(writer.reported),
            reader.cleared.eq(fabric.cleared),
            writer.report.eq(reader.report & ~self._telling),
            writer.result.eq(sampler.result),
            fabric.clear_sample.eq(reader.clear),
            fabric.what.eq(reader.what),
        ]

    def _join_coder(self, m: Module, sampler: Sampler, coder: StepCoder) -> None:
        """Let a step's spikes be told while the next one runs, and only then the step."""
        sequencer = self._sequencer
        m.submodules.coder = coder
        wiring.connect(m, sampler.reported, coder.spikes)
        wiring.connect(m, coder.words, self._writer.spikes)
        over = Signal()  # a step whose spikes are still being told
        m.d.sync += over.eq(coder.busy & (over | sequencer.step_done))
        m.d.comb += [
            coder.ended.eq(sequencer.learn if self._config.learns else sequencer.probe),
            coder.singly.eq(self._control.output_policy == OutputPolicy.DROP),
            self._telling.eq(coder.busy | over),
            self._step_told.eq(~coder.busy & (over | sequencer.step_done)),
        ]
        with m.If(over):
            m.d.comb += sequencer.probing.eq(1)

    def _join_resets(self, m: Module) -> None:
        """Carry out the link's resets."""
        reset, fabric = self.link.reset, self._fabric
        kind = reset.payload
        counters = reset.valid & (kind == Const(ResetKind.COUNTERS, 2))
        everything = kind == Const(ResetKind.ALL, 2)
        m.d.comb += [
            self._status.clear.eq(counters),
            # After power-up counters come first: a clear of registers keeps them from the file.
            fabric.clear_state.eq(reset.valid & ~counters & ~self._status.clearing),
            fabric.clear_network.eq(everything),
            reset.ready.eq(Mux(counters, self._status.cleared, fabric.cleared)),
        ]
