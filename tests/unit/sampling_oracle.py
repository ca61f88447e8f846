"""Section 7 of the semantics page once more, and the event words, on plain Python integers.

Goes on where ``scalar_oracle.py`` ends: shares nothing with the reference model but the
configuration and the registers' places. Meant to be read beside ``docs/semantics.md`` and
``docs/link.md``.
"""

import copy
import dataclasses

from learning_oracle import ScalarLearning, jenkins
from scalar_oracle import PROBE, STEP, Plan, ScalarArray

from spikeloom.contract import ArrayConfig
from spikeloom.contract.registers import CONTROL_REGISTERS, CORE_REGISTERS, core_register

CONTROL, BITMAP, LEVELS, SAMPLE = 0xC000, 0xE000, 0xF000, 0xF800
MAPPED, FULL = 0xA000, 8191  # a bitmap of spikes follows; the largest count of a STEP word
REPORT, RESTART, CLEAR_STATE, CLEAR_THETA, CLEAR_TRACES, CLEAR_ELIGIBILITY = 1, 2, 4, 8, 16, 32
REGULAR, RANDOM, LATENCY = 1, 2, 3
MOST = 65_535
SAMPLE_REGISTERS = (
    "stimulus_seed",
    "encoded_inputs",
    "levels_first",
    "pattern_length",
    "stop_count",
    "stop_margin",
    "stop_after",
)


@dataclasses.dataclass
class SamplePlan:
    """A network, what its samples are made of, a sample under way, and a stream of input words."""

    network: Plan  # its events are not used
    level: list[int]  # per input
    mode: list[int]
    scale: list[int]
    pattern: list[int]
    group: list[int]  # per neuron
    counted: list[int]
    silent: list[int]
    registers: dict[str, int]
    age: int
    decided: int
    place: int
    wait: int
    count: list[int]  # per group
    first: list[int]
    words: list[list[int]]  # each with those that belong to it

    @property
    def config(self) -> ArrayConfig:
        return self.network.config


def leading(count: list[int]) -> tuple[int, int, int]:
    """Leader, best and second."""
    best = max(count)
    if best == 0:
        return 0, 0, 0
    leader = count.index(best)
    others = count[:leader] + count[leader + 1 :]
    return leader, best, max(others, default=0)


def sixteen_random_bits(seed: int, age: int, axon: int) -> int:
    """The number r of mode 2."""
    m = 2**32
    key = jenkins(jenkins(seed) ^ age)
    k = 4 * axon + 3
    u = (key ^ (k << 15) ^ k) % m
    u = (u + (u << 4)) % m
    u = u ^ (u >> 5)
    u = (u + (u << 13)) % m
    u = u ^ (u >> 5)
    u = (u + (u << 7)) % m
    u = u ^ (u >> 17)
    return u // 2**16


def encoder_spikes(mode: int, level: int, scale: int, age: int, r: int) -> bool:
    """Whether an encoder spikes at an age, given its random number."""
    if mode == REGULAR:
        period = 2 ** (8 + scale)
        return (age * level) % period + level >= period
    if mode == RANDOM:
        return r < level * 256 // 2**scale
    if mode == LATENCY:
        return level > 0 and age == (255 - level) // 2**scale
    return False


class ScalarSamples(ScalarArray):
    """Runs the words of a plan one by one."""

    def __init__(self, plan: SamplePlan) -> None:
        super().__init__(copy.deepcopy(plan.network))
        self.samples = plan
        self.config = plan.config
        self.level, self.pattern = list(plan.level), list(plan.pattern)
        self.registers = dict.fromkeys(SAMPLE_REGISTERS, 0) | plan.registers
        self.age, self.decided = plan.age, bool(plan.decided)
        self.place, self.wait = plan.place, plan.wait
        self.count, self.first = list(plan.count), list(plan.first)
        self.probes_in_use = len(self.plan.probes)
        self.steps = self.spikes = 0
        self.drops = False
        self.untold = 0
        self.out: list[int] = []
        self.seen: set[str] = set()  # what has happened, by name

    # Words

    def run(self, words: list[int]) -> bool:
        """Do what input words ask for; return whether the last one was complete."""
        at = 0
        while at < len(words):
            end = at + 1 + belongings(words[at])
            if end > len(words):
                return False
            self.act(words[at], words[at + 1 : end])
            at = end
        return True

    def flush(self) -> None:
        if self.untold:
            self.out.append(STEP + self.untold)
            self.untold = 0

    def act(self, head: int, own: list[int]) -> None:
        if head < STEP:
            self.event_word(head)
        elif head < CONTROL:
            for _ in range(head - STEP):
                self.step_word()
        elif head < BITMAP:
            self.control(head - CONTROL, own[0] + 65_536 * own[1])
        elif head < LEVELS:
            for k in range(16 * len(own)):
                if own[k // 16] >> k % 16 & 1:
                    self.event_word(self.config.neurons + k)
            self.step_word()
        elif head < SAMPLE:
            for j in range(head - LEVELS):
                level = own[j // 2] // 256 if j % 2 else own[j // 2] % 256
                k = self.registers["levels_first"] + j
                if k < self.config.inputs:
                    self.level[k] = level
        else:
            self.end_sample(head - SAMPLE)

    def event_word(self, axon: int) -> None:
        if self.decided:
            self.seen.add("event ignored")
        else:
            self.event(axon)

    def control(self, offset: int, value: int) -> None:
        names = {CONTROL_REGISTERS[name].offset: name for name in SAMPLE_REGISTERS}
        if offset in names:
            bits = CONTROL_REGISTERS[names[offset]].bits
            self.registers[names[offset]] = value % 2**bits
        elif offset == CONTROL_REGISTERS["t"].offset:
            self.t = value
        elif offset == CONTROL_REGISTERS["output_policy"].offset:
            self.drops = bool(value % 2)
        elif offset == CONTROL_REGISTERS["axon_words"].offset:
            self.plan.axon_words = value % 2**16
        elif offset == CONTROL_REGISTERS["probes_in_use"].offset:
            self.probes_in_use = value % 2**9
        for core in range(self.config.cores):
            self.core_control(core, offset, value)

    def core_control(self, core: int, offset: int, value: int) -> None:
        if offset == core_register("neurons_in_use", core):
            self.plan.neurons_in_use[core] = value % 2**11
            for learning in self.learning_of(core):
                learning.neurons = min(value % 2**11, self.config.neurons_per_core)
        elif offset == core_register("theta_every_log2", core):
            bits = CORE_REGISTERS["theta_every_log2"].bits
            self.plan.theta_every_log2[core] = value % 2**bits
        elif offset == core_register("reward", core):
            for learning in self.learning_of(core):
                learning.rule.reward = (value + 128) % 256 - 128

    def learning_of(self, core: int) -> list[ScalarLearning]:
        return self.learning[core : core + 1]

    # A step

    def step_word(self) -> None:
        if self.decided:
            self.seen.add("step ignored")
            return
        for axon in [*self.pattern_axons(), *self.encoded_axons()]:
            if axon in range(self.config.neurons, self.config.axons) and self.axon_in_use(axon):
                self.schedule(axon)
                self.seen.add("stimulated")
            else:
                self.seen.add("passed over")
        fired = self.step([])
        self.steps += 1
        self.spikes += len(fired)
        for n in fired:
            if self.samples.counted[n]:
                self.count_spike(self.samples.group[n])
        self.judge()
        self.tell([n for n in fired if not self.samples.silent[n]])

    def pattern_axons(self) -> list[int]:
        length = min(self.registers["pattern_length"], len(self.pattern))
        if length == 0:
            return []
        axons = []
        if self.wait == 0:
            for _ in range(length):
                word = self.pattern[self.place]
                self.place += 1
                if self.place >= length:
                    self.place = 0
                    self.seen.add("pattern begins again")
                if word < STEP:
                    axons.append(word)
                if STEP < word < CONTROL:
                    self.wait = word - STEP
                    break
            else:
                self.seen.add("pattern without a step")
        if self.wait > 0:
            self.wait -= 1
        return axons

    def encoded_axons(self) -> list[int]:
        plan, axons = self.samples, []
        for k in range(min(self.registers["encoded_inputs"], self.config.inputs)):
            axon = self.config.neurons + k
            r = sixteen_random_bits(self.registers["stimulus_seed"], self.age, axon)
            if encoder_spikes(plan.mode[k], self.level[k], plan.scale[k], self.age, r):
                axons.append(axon)
                self.seen.add(f"encoder {plan.mode[k]}")
        return axons

    def count_spike(self, group: int) -> None:
        if group >= self.config.neurons:
            self.seen.add("no group")
            return
        if self.count[group] == MOST:
            self.seen.add("count saturated")
        self.count[group] = min(self.count[group] + 1, MOST)
        if self.first[group] == 0:
            self.first[group] = (self.age + 1) % 2**16
            self.seen.add("first" if self.first[group] else "first wrapped")

    def judge(self) -> None:
        before = self.age
        self.age = (self.age + 1) % 2**16
        if self.age < before:
            self.seen.add("age wrapped")
        _, best, second = leading(self.count)
        enough, margin = self.registers["stop_count"], self.registers["stop_margin"]
        by_count = 0 < enough <= best
        by_margin = 0 < margin <= best - second
        if (by_count or by_margin) and self.age < self.registers["stop_after"]:
            self.seen.add("too early")
        elif by_count or by_margin:
            self.decided = True
            self.seen |= {"by count"} if by_count else {"by margin"}

    def tell(self, reported: list[int]) -> None:
        values = [value % 2**22 for value in self.probe_values()[: self.probes_in_use]]
        words = -(-self.config.neurons // 16)
        if len(reported) > words and not self.drops:
            self.out.append(MAPPED + self.untold)
            self.untold = 0
            self.out += [
                sum(1 << neuron % 16 for neuron in reported if neuron // 16 == word)
                for word in range(words)
            ]
            self.seen.add("bitmap")
        elif reported or values:
            self.flush()
            self.out += reported
        for number, bits in enumerate(values):
            self.out += [PROBE + number * 64 + bits // 2**16, bits % 2**16]
        self.untold += 1
        if self.untold == FULL:
            self.flush()

    # The end of a sample

    def end_sample(self, flags: int) -> None:
        if flags & REPORT:
            leader, best, second = leading(self.count)
            self.flush()
            self.out += [STEP, self.decided * 2**15 + leader, min(second, 255) * 256]
            self.out[-1] += min(best, 255)
            self.seen.add("told as 255" if best > 255 else "reported")
        if flags & RESTART:
            self.age = self.place = self.wait = 0
            self.decided = False
            self.count = [0] * len(self.count)
            self.first = [0] * len(self.first)
        if flags & CLEAR_STATE:
            self.v, self.i, self.c = ([0] * self.config.neurons for _ in range(3))
            self.pending = set()
        if flags & CLEAR_THETA:
            self.theta = [0] * self.config.neurons
        for learning in self.learning:
            if flags & CLEAR_TRACES:
                learning.x, learning.y = [0] * len(learning.x), [0] * len(learning.y)
            if flags & CLEAR_ELIGIBILITY:
                learning.el = [[0] * len(row) for row in learning.el]

    def sample_words(self) -> list[int]:
        """What window ``sample`` holds."""
        leader, best, second = leading(self.count)
        decided_and_leader = self.decided * 2**15 + leader
        return [self.age, decided_and_leader, best, second, self.place, self.wait]


def belongings(head: int) -> int:
    """How many words belong to a word of a build with samples."""
    if head < CONTROL or head >= SAMPLE:
        return 0
    if head < BITMAP:
        return 2
    return head - BITMAP if head < LEVELS else (head - LEVELS + 1) // 2
