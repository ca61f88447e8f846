"""Links to an `EchoArray`, and the words that go over them."""

import random

import numpy as np
from echo_array import EchoArray

from spikeloom.contract.words import STEP_TAG
from spikeloom.link import Limits, LinkTarget
from spikeloom_sim.device import device_port

QUICK = Limits(answer_latency_s=0.02, poll_s=0.01)


def open_echo(array: EchoArray | None = None, **options) -> LinkTarget:
    return LinkTarget(device_port(array or EchoArray(), **options), "device:", limits=QUICK)


def random_words(rng: random.Random, steps: int, events: int, config) -> np.ndarray:
    words = []
    for _ in range(steps):
        words += rng.sample(range(config.axons), events)
        words.append(STEP_TAG | 1)
    return np.array(words, np.uint16)


def joined(chunks) -> np.ndarray:
    return np.concatenate([np.empty(0, np.uint16), *chunks])


def spikes_of(words: np.ndarray) -> tuple[list[tuple[int, int]], int]:
    t, spikes = 0, []
    for word in words.tolist():
        if word & 0x8000:
            t += word & 0x3FFF
        else:
            spikes.append((t, word))
    return spikes, t
