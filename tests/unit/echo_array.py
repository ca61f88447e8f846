"""A target without a network: memory that remembers, and one spike for each event."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from spikeloom.contract import ArrayConfig, Capability, MemoryMap, named_config
from spikeloom.contract.frames import ResetKind
from spikeloom.contract.registers import CONTROL_REGISTERS, reset_value
from spikeloom.contract.words import CONTROL_TAG, MAX_STEP_COUNT, STEP_TAG, TAG_MASK, Words


class EchoArray:
    """Event `a` becomes a spike of neuron `a mod neurons` in the next step."""

    def __init__(self, config: ArrayConfig | None = None) -> None:
        self.url = "echo:"
        self.config = config or named_config("tiny")
        self.capability = Capability(bytes(range(8)), self.config)
        self.map = MemoryMap(self.config)
        self.memory: dict[tuple[str, int], bytearray] = {}
        self.resets: list[ResetKind] = []
        self.spikes: list[int] = []
        self.reset(ResetKind.ALL)

    def reset(self, kind: ResetKind) -> None:
        self.resets.append(kind)
        if kind == ResetKind.ALL:
            for window in self.map:
                for core in range(window.cores):
                    self.memory[window.name, core] = bytearray(window.depth * window.word_bytes)
            self.memory["capability", 0][:] = self.capability.to_bytes()
            control = self.map["control"]
            values = [reset_value(self.config, k) for k in range(control.depth)]
            self.memory["control", 0][:] = control.pack(value=values)
        if kind in (ResetKind.ALL, ResetKind.STATE):
            self._set_t(0)
            self.spikes = []

    def read(self, window: str, core: int = 0, offset: int = 0, count: int | None = None) -> bytes:
        size = self.map[window].word_bytes
        words = self.map[window].depth - offset if count is None else count
        return bytes(self.memory[window, core][offset * size : (offset + words) * size])

    def write_all(self, writes, done=None) -> None:
        for each in writes:
            self.write(each.window, each.data, each.core, each.offset)
            if done is not None:
                done(len(each.data))

    def write(self, window: str, data: bytes, core: int = 0, offset: int = 0) -> None:
        at = offset * self.map[window].word_bytes
        self.memory[window, core][at : at + len(data)] = data

    def _t(self) -> int:
        return int.from_bytes(self.read("control", 0, CONTROL_REGISTERS["t"].offset, 1), "little")

    def _set_t(self, t: int) -> None:
        self.write("control", t.to_bytes(4, "little"), 0, CONTROL_REGISTERS["t"].offset)

    def run(self, words: Iterable[Words]) -> Iterator[Words]:
        out: list[int] = []
        stream = iter([int(word) for chunk in words for word in chunk])
        untold = 0
        for word in stream:
            if word & TAG_MASK == STEP_TAG:
                if self.spikes and untold:
                    out.append(STEP_TAG | untold)
                    untold = 0
                out += self.spikes
                self.spikes = []
                untold += word & MAX_STEP_COUNT
                self._set_t(self._t() + (word & MAX_STEP_COUNT))
            elif word & TAG_MASK == CONTROL_TAG:
                value = next(stream) | next(stream) << 16
                self.write("control", value.to_bytes(4, "little"), 0, word & 0x3FFF)
            else:
                self.spikes.append(word % self.config.neurons)
        if untold:
            out.append(STEP_TAG | untold)
        yield np.array(out, np.uint16)

    def run_batch(self, samples: Sequence[Words]) -> list[Words]:
        results = []
        for sample in samples:
            self.reset(ResetKind.STATE)
            results.append(np.concatenate(list(self.run([sample]))))
        return results

    def close(self) -> None:
        pass
