"""Learn handwritten digits on a board without labels, by STDP alone.

64 pixels excite a layer of neurons that inhibit each other, so that few fire for an image. A
neuron that fires moves the weights of its synapses toward the image that made it fire, and raises
its own threshold, which leaves other images to others (competitive learning in the manner of
Diehl & Cook 2015, doi:10.3389/fncom.2015.00099). Labels come in when learning is over: each neuron
gets the classes of the training images that it answers to, and neurons vote.
"""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.board import Board
from spikeloom.board.progress import Progress
from spikeloom.network import LIF, STDP, Network, RawSTDP
from spikeloom.recording import Recording

from .digits_data import CLASSES, PIXELS, Digits, Images, encode
from .recognition import Recognition

Shares = npt.NDArray[np.float64]
"""Classes that neurons answer to, shape (neurons, 10)."""

__all__ = [
    "GAP_STEPS",
    "NEURONS",
    "RULE",
    "SHOWN_STEPS",
    "Evaluation",
    "Learnt",
    "TrainingPlan",
    "class_shares",
    "evaluate",
    "frozen_network",
    "learn",
    "plastic_network",
    "vote",
]

NEURONS = 160
"""Neurons that learn."""
SHOWN_STEPS = 24
"""Steps for which an image is shown."""
GAP_STEPS = 16
"""Silent steps after each image, in which potentials and traces fade."""
THRESHOLD = 100
INHIBITION = -128
"""Weight from each neuron to each other."""
LARGEST_INITIAL_WEIGHT = 20
RULE: RawSTDP = STDP.raw(
    b0=(-1, 9),
    b1=(2, 4),
    b2=(-1, 4),
    x_plus=2,
    x_decay=32,
    w_min=-64,
    w_max=127,
    stochastic=True,
)
"""When a neuron fires: ``dw = (2*x - w)/16 - 1/2``. So w moves toward ``2*x - 8``, where x is about
the pixel: inputs that were bright gain, dark ones lose, and no other normalisation is needed."""

_CELLS = LIF(
    threshold=THRESHOLD,
    v_decay=200 / 4096,
    theta_plus=6,
    theta_decay=8 / 4096,
    theta_every=512,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingPlan:
    """What is shown in training.

    Attributes
    ----------
    seed : int
        Of initial weights, order of images and stochastic rounding.
    images : int or None
        Images of the training part that are used; None: all 1,203.
    epochs : int
        How often each is shown.
    """

    seed: int = 0
    images: int | None = None
    epochs: int = 2

    def order(self, available: int) -> Images:
        """Return indices of the images in the order in which they are shown."""
        rng = np.random.default_rng(self.seed)
        chosen = rng.permutation(available)[: self.images]
        return np.concatenate([rng.permutation(chosen) for _ in range(self.epochs)])

    def initial_weights(self) -> Images:
        """Return weights to begin with, shape (64, NEURONS)."""
        rng = np.random.default_rng([self.seed, 1])
        return rng.integers(0, LARGEST_INITIAL_WEIGHT + 1, (PIXELS, NEURONS))


@dataclasses.dataclass(frozen=True, eq=False)
class Learnt:
    """What a board has learnt, and what it took.

    Attributes
    ----------
    weights : ndarray of int, shape (64, NEURONS)
        Integers of the array.
    theta : ndarray of int, shape (NEURONS,)
        What the thresholds have grown by.
    presentations, steps, spikes : int
        Images shown, steps run, and spikes fired meanwhile.
    seconds : float
        Time on the host.
    cycles : int
        Clock cycles of the array, 0 where there is no clock.
    """

    weights: Images
    theta: Images
    presentations: int
    steps: int
    spikes: int
    seconds: float
    cycles: int

    def figures(self) -> dict[str, Any]:
        """Return what was counted, as plain numbers."""
        names = ("presentations", "steps", "spikes", "seconds", "cycles")
        return {name: getattr(self, name) for name in names}


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation(Recognition):
    """How learnt weights do on images that were not learnt.

    Attributes
    ----------
    shares : ndarray of float, shape (NEURONS, 10)
        Classes that each neuron answers to in the training part; rows add up to 1.
    labels, predictions : ndarray of int, shape (images,)
        Of the images that were classified.
    """

    shares: Shares
    labels: Images
    predictions: Images


def plastic_network(weights: Images) -> Network:
    """Return the network that learns, with synapses of these integer weights from the pixels."""
    return _network("digits-stdp", weights, _CELLS, RULE)


def frozen_network(weights: Images, theta: Images) -> Network:
    """Return the network after learning: neither weights nor thresholds change any more."""
    cells = dataclasses.replace(_CELLS, threshold=THRESHOLD + theta, theta_plus=0)
    return _network("digits-stdp frozen", weights, cells, None)


def _network(name: str, weights: Images, cells: LIF, rule: RawSTDP | None) -> Network:
    net = Network(name)
    pixels = net.input("pixels", PIXELS)
    neurons = net.population("neurons", NEURONS, cells, scale=1)
    everywhere = np.ones_like(weights, bool)
    net.connect(pixels, neurons, weights=weights, mask=everywhere, stdp=rule, name="features")
    others = ~np.eye(NEURONS, dtype=bool)
    net.connect(neurons, neurons, weights=INHIBITION, mask=others, name="inhibition")
    return net


def learn(board: Board, images: Images, plan: TrainingPlan, *, progress: Progress = None) -> Learnt:
    """Show images to a board that learns; no labels are involved.

    Parameters
    ----------
    board : Board
        Of a build that learns.
    images : ndarray of int, shape (images, 64)
        Pixel values 0..16, of the training part.
    plan : TrainingPlan
        Which of them, in which order.
    progress : bool or callable, optional
        See `Board.run`.
    """
    board.program(plastic_network(plan.initial_weights()))
    board.seed = plan.seed
    order = plan.order(len(images))
    shown = encode(images[order])[:, :SHOWN_STEPS]
    spikes = np.pad(shown, ((0, 0), (0, GAP_STEPS), (0, 0))).reshape(-1, PIXELS)
    recording = board.run(spikes, progress=progress)
    return Learnt(
        weights=board.read_weights("features", dense=True, raw=True),
        theta=board.read_state("neurons", raw=True)["theta"],
        presentations=len(order),
        steps=recording.steps,
        spikes=int(recording.counts("neurons").sum()),
        seconds=recording.seconds,
        cycles=recording.counters["cycles"],
    )


def class_shares(counts: Images, labels: Images) -> Shares:
    """Return to which classes each neuron answers.

    Parameters
    ----------
    counts : ndarray of int, shape (images, NEURONS)
        Spikes for each image.
    labels : ndarray of int, shape (images,)
        Their digits.

    Returns
    -------
    ndarray of float, shape (NEURONS, 10)
        Mean spikes for the images of a class, divided by the sum over classes; 0 for a neuron
        that never fires.
    """
    means = np.zeros((counts.shape[1], CLASSES))
    for digit in np.unique(labels):
        means[:, digit] = counts[labels == digit].mean(axis=0)
    total = means.sum(axis=1, keepdims=True)
    shares: Shares = np.divide(means, total, out=np.zeros_like(means), where=total > 0)
    return shares


def vote(counts: Images, shares: Shares) -> Images:
    """Return the class of each image: every spike votes with its neuron's shares."""
    winners: Images = (counts @ shares).argmax(axis=1)
    return winners


def evaluate(board: Board, learnt: Learnt, digits: Digits) -> tuple[Evaluation, Recording]:
    """Freeze what was learnt, give neurons their classes, and classify the test images.

    Parameters
    ----------
    board : Board
        Where it runs; the frozen network is loaded into it.
    learnt : Learnt
        Weights and thresholds.
    digits : Digits
        Labels of the training part go into `class_shares`; those of the test part are compared
        with the predictions and used for nothing else.

    Returns
    -------
    (Evaluation, Recording)
        And the spikes of the test images.
    """
    board.program(frozen_network(learnt.weights, learnt.theta))
    train = board.run(encode(digits.train_images)[:, :SHOWN_STEPS])
    test = board.run(encode(digits.test_images)[:, :SHOWN_STEPS])
    shares = class_shares(train.counts("neurons"), digits.train_labels)
    predictions = vote(test.counts("neurons"), shares)
    return Evaluation(shares, digits.test_labels, predictions), test
