"""Lock-step: two targets run the same steps; after each, their complete states are compared.

The first difference is reported with step, window, core, index and both values. Everything goes
through the public `Target` calls, so the read-back of every memory is under test as well.
"""

import contextlib
import dataclasses
from collections.abc import Iterator

import numpy as np
from hypothesis import HealthCheck, Phase, settings
from random_networks import Case

from spikeloom.contract import ArrayConfig, MemoryMap
from spikeloom.contract.cycles import step_cycle_bound
from spikeloom.contract.frames import ResetKind
from spikeloom.contract.registers import CONTROL_REGISTERS, STATUS_REGISTERS, core_register
from spikeloom.contract.words import (
    MAX_STEP_COUNT,
    RESULT_WORD,
    RESULT_WORDS,
    STEP_TAG,
    TAG_MASK,
    Words,
    longest_told,
    map_words,
)
from spikeloom.link import LinkTarget
from spikeloom.target import Target
from spikeloom_sim.verilated.target import open_sim


def random_cases(networks: int) -> settings:
    """Return how a property is tested on so many random networks.

    Shrinking would run for minutes and shows nothing that the seed does not.
    """
    return settings(
        max_examples=networks,
        deadline=None,
        print_blob=True,
        derandomize=False,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@contextlib.contextmanager
def simulated(config: ArrayConfig, optimise: dict[str, int]) -> Iterator[LinkTarget]:
    """Power up the gateware of a configuration; `optimise` as the fixture of that name."""
    target = open_sim(f"sim:{config.name}", config=config, **optimise)
    yield target
    target.close()


class Difference(AssertionError):
    """Two targets disagree."""


@dataclasses.dataclass
class StepCost:
    """What one step cost the gateware, and what the architecture allows."""

    cycles: int
    bound: int


def load(target: Target, case: Case) -> None:
    """Reset everything, then write the case's memories and registers."""
    target.reset(ResetKind.ALL)
    target.reset(ResetKind.COUNTERS)
    for window, core, offset, data in case.writes:
        target.write(window, data, core=core, offset=offset)
    control = MemoryMap(case.config)["control"]
    for offset, value in case.control.items():
        target.write("control", control.pack(value=[value]), offset=offset)


def run_words(target: Target, words: Words, chunks: int = 1) -> Words:
    """Run input words, cut anywhere, to the end and return all output words."""
    cuts = np.sort(np.random.default_rng(words.size).integers(0, words.size + 1, chunks - 1))
    source = np.split(words, cuts)
    told = [np.asarray(chunk, np.uint16) for chunk in target.run(source)]
    return np.concatenate([*told, np.zeros(0, np.uint16)])


def canonical(words: Words, config: ArrayConfig) -> list[tuple[str, tuple[int, ...]]]:
    """Output words with the spikes between two STEP words sorted, adjacent STEPs added up.

    Bitmaps stay what they are: both must choose them for the same steps.
    """
    result: list[tuple[str, tuple[int, ...]]] = []
    spikes: list[int] = []
    position = 0
    values = [int(word) for word in words]

    def close() -> None:
        if spikes:
            result.append(("spikes", tuple(sorted(spikes))))
            spikes.clear()

    while position < len(values):
        word = values[position]
        if word < STEP_TAG:
            spikes.append(word)
        elif word & TAG_MASK == STEP_TAG and word != RESULT_WORD:
            close()
            count = word & longest_told(config)
            if result and result[-1][0] == "step":
                count += result.pop()[1][0]
            if count:
                result.append(("step", (count,)))
            if word & MAX_STEP_COUNT & ~longest_told(config):
                size = map_words(config)
                result.append(("bitmap", tuple(values[position + 1 : position + 1 + size])))
                position += size
        elif word == RESULT_WORD:
            close()
            result.append(("result", tuple(values[position + 1 : position + RESULT_WORDS])))
            position += RESULT_WORDS - 1
        else:
            close()
            position += 1
            result.append(("probe", (word & MAX_STEP_COUNT, values[position])))
        position += 1
    close()
    return result


def state_windows(case: Case) -> Iterator[str]:
    """Windows that a step may change: state, and what is learnt."""
    for window in MemoryMap(case.config):
        if window.kind == "state" or (window.name == "weights" and case.config.learns):
            yield window.name


def compare_window(name: str, case: Case, expected: Target, actual: Target, when: str) -> None:
    """Compare one window of all cores."""
    window = MemoryMap(case.config)[name]
    for core in range(window.cores):
        left, right = expected.read(name, core=core), actual.read(name, core=core)
        if left == right:
            continue
        first, second = window.unpack(left), window.unpack(right)
        for field in first:
            wrong = np.argwhere(first[field] != second[field])
            if wrong.size:
                at = tuple(int(k) for k in wrong[0])
                raise Difference(
                    f"{case!r}: {field} differs {when} in core {core} at {at}: "
                    f"expected {first[field][at]}, got {second[field][at]} "
                    f"({len(wrong)} differences in window {name!r})"
                )


def compare_all(case: Case, expected: Target, actual: Target, when: str) -> None:
    """Compare every register, network and state window."""
    for window in MemoryMap(case.config):
        if window.kind != "info":
            compare_window(window.name, case, expected, actual, when)


def register(target: Target, name: str) -> int:
    """Read a status register."""
    offset = STATUS_REGISTERS[name].offset
    return int.from_bytes(target.read("status", offset=offset, count=1), "little")


def cost_of_last_step(case: Case, target: Target) -> StepCost:
    """Return the cycles of the last step and the bound of the architecture page."""
    config = case.config
    control = MemoryMap(config)["control"].unpack(target.read("control"))["value"]
    axon_words = int(control[CONTROL_REGISTERS["axon_words"].offset])
    cores = [core_register("neurons_in_use", core) for core in range(config.cores)]
    in_use = int(control[cores].max())
    plastic = [core_register("plastic_rows", core) for core in range(config.cores)]
    learns = config.learns and control[plastic].any()
    encoded = pattern_words = 0
    if config.sampling:
        encoded = int(control[CONTROL_REGISTERS["encoded_inputs"].offset])
        pattern_words = int(control[CONTROL_REGISTERS["pattern_length"].offset])
    bound = step_cycle_bound(
        config,
        arrivals=register(target, "last_arrivals"),
        fired=register(target, "last_fired"),
        neurons_in_use=in_use,
        axon_words=axon_words,
        probes=case.probes,
        swept=register(target, "last_swept") if learns else None,
        encoded=encoded,
        pattern_words=pattern_words,
    )
    return StepCost(register(target, "step_cycles"), bound)


def lockstep(case: Case, expected: Target, actual: Target) -> list[StepCost]:
    """Run a case on both targets, comparing everything; return what each step cost.

    Raises
    ------
    Difference
        At the first thing that differs.
    """
    for target in (expected, actual):
        load(target, case)
    compare_all(case, expected, actual, "after loading")
    costs = []
    steps = register(expected, "steps")
    for number, words in enumerate(case.steps):
        when = f"after step {number}"
        left = canonical(run_words(expected, words, chunks=1 + number % 3), case.config)
        right = canonical(run_words(actual, words, chunks=1 + number % 4), case.config)
        if left != right:
            raise Difference(f"{case!r}: output differs {when}: expected {left}, got {right}")
        for name in state_windows(case):
            compare_window(name, case, expected, actual, when)
        compare_window("control", case, expected, actual, when)
        steps, before = register(expected, "steps"), steps
        if steps == before:
            continue  # what the last step was like has been seen
        if register(expected, "last_swept") != register(actual, "last_swept"):
            raise Difference(f"{case!r}: register last_swept differs {when}")
        costs.append(cost_of_last_step(case, actual))
        if costs[-1].cycles > costs[-1].bound:
            raise Difference(f"{case!r}: {costs[-1]} cycles {when}")
    compare_all(case, expected, actual, "at the end")
    for name in ("steps", "spikes", "arrivals", "refused_events"):
        if register(expected, name) != register(actual, name):
            raise Difference(f"{case!r}: status register {name} differs at the end")
    return costs
