"""Classify the nodes of a graph by a wave of spikes along its edges, and STDP.

As the parent system does with citation graphs (arXiv 2506.14138): each node is a neuron and each
edge a pair of synapses; each class is a topic neuron. Nodes of known class excite their topic.
To classify a node, it is made to fire once. A wave runs through the graph, the faster the stronger
the edges, and each node of known class that it reaches makes its topic fire once. The node asked
has a plastic synapse to each topic; each spike of the topic makes it grow, the less the later it
comes, and the larger weight is the answer.
"""

import dataclasses

import numpy as np
import numpy.typing as npt

from spikeloom.board import Board
from spikeloom.extras import import_extra
from spikeloom.network import LIF, STDP, Network

__all__ = [
    "LABELLED",
    "QUERY_STEPS",
    "Answers",
    "Graph",
    "Split",
    "answer",
    "baselines",
    "graph_network",
    "karate_club",
    "split_nodes",
]

LABELLED = 8
"""Nodes whose class is known, of the karate club's 34; both classes have as many."""
QUERY_STEPS = 48
"""Steps in which the wave reaches every node of the karate club."""
LONGEST_DELAY_STEPS = 8
"""An edge of strength s delays a spike by ``max(8 - s, 1)`` steps; the club's are 1..7."""
LARGEST_WEIGHT = 127

_THRESHOLD = 100
_NODES = LIF(threshold=_THRESHOLD, refractory=255)
"""They fire once in a query: with the first spike that arrives."""
_TOPICS = LIF(threshold=_THRESHOLD - 1, reset_mode="subtract")
"""They fire once for each spike that arrives, one after the other if several do in one step."""
RULE = STDP.raw(b1=(1, 3), x_plus=255, x_decay=51, w_min=0, w_max=LARGEST_WEIGHT, stochastic=True)
"""When a topic fires: ``dw = x / 8``, where x fell by a fifth in each step since the node fired."""

Nodes = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, eq=False)
class Graph:
    """A graph whose nodes have classes.

    Attributes
    ----------
    name : str
        Its name.
    strengths : ndarray of int, shape (nodes, nodes)
        Symmetric; 0 where there is no edge.
    classes : ndarray of int, shape (nodes,)
        0, 1, ...
    topics : tuple of str
        Names of the classes.
    """

    name: str
    strengths: Nodes
    classes: Nodes
    topics: tuple[str, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
    """Which nodes' classes are known.

    Attributes
    ----------
    seed : int
        What it was drawn with.
    known, asked : ndarray of int
        Nodes of known class, and those to classify.
    """

    seed: int
    known: Nodes
    asked: Nodes


@dataclasses.dataclass(frozen=True, eq=False)
class Answers:
    """What a board says about the nodes of a split.

    Attributes
    ----------
    weights : ndarray of int, shape (asked, topics)
        What the synapses from the node to the topics have grown to.
    predictions : ndarray of int, shape (asked,)
        Classes; where weights are equal, one of them at random.
    undecided : int
        Nodes whose weights were equal.
    cycles, steps : int
        Clock cycles (0 where there is no clock) and steps.
    """

    weights: Nodes
    predictions: Nodes
    undecided: int
    cycles: int
    steps: int

    def accuracy(self, graph: Graph, split: Split) -> float:
        """Return the share of right answers, 0..1."""
        return float(np.mean(self.predictions == graph.classes[split.asked]))


def karate_club() -> Graph:
    """Return Zachary's karate club: 34 members, 78 friendships, two clubs after a quarrel.

    Raises
    ------
    MissingPackageError
        If networkx is not installed.
    """
    networkx = import_extra("networkx", "demo", "loading the karate club")
    club = networkx.karate_club_graph()
    topics = ("Mr. Hi", "Officer")
    classes = [topics.index(club.nodes[node]["club"]) for node in club]
    strengths = networkx.to_numpy_array(club, dtype=np.int64, weight="weight")
    return Graph("Zachary's karate club", strengths, np.array(classes), topics)


def split_nodes(graph: Graph, seed: int, labelled: int = LABELLED) -> Split:
    """Draw the nodes of known class, equally many of each where classes are equally large."""
    from sklearn.model_selection import train_test_split

    known, asked = train_test_split(
        np.arange(len(graph.classes)),
        train_size=labelled,
        random_state=seed,
        stratify=graph.classes,
    )
    return Split(seed, np.sort(known), np.sort(asked))


def graph_network(graph: Graph, split: Split) -> Network:
    """Return nodes, topics, edges as synapses, and the plastic synapses of the nodes asked."""
    nodes, topics = len(graph.classes), len(graph.topics)
    net = Network(graph.name)
    start = net.input("start", nodes)
    members = net.population("nodes", nodes, _NODES, scale=1)
    subjects = net.population("topics", topics, _TOPICS, scale=1)
    net.connect(start, members, weights=LARGEST_WEIGHT, one_to_one=True)
    pre, post = np.nonzero(graph.strengths)
    delays = np.maximum(LONGEST_DELAY_STEPS - graph.strengths[pre, post], 1)
    net.connect(members, members, weights=LARGEST_WEIGHT, pre=pre, post=post, delay=delays,
                name="edges")  # fmt: skip
    known = split.known
    net.connect(members, subjects, weights=_THRESHOLD, pre=known, post=graph.classes[known],
                name="labels")  # fmt: skip
    plastic = np.zeros((nodes, topics), bool)
    plastic[split.asked] = True
    net.connect(members, subjects, weights=0, mask=plastic, stdp=RULE, name="answers")
    return net


def answer(board: Board, graph: Graph, split: Split) -> Answers:
    """Classify the nodes of a split, one after the other.

    Parameters
    ----------
    board : Board
        Of a build that learns; the network is loaded into it.
    graph : Graph
        Classes of the nodes asked are not looked at.
    split : Split
        Which nodes are known, and which asked.
    """
    board.program(graph_network(graph, split))
    board.seed = split.seed
    weights = np.zeros((len(split.asked), len(graph.topics)), np.int64)
    cycles = 0
    for k, node in enumerate(split.asked):
        board.reset_state()
        board.write_weights("answers", 0)
        recording = board.run(([0], [int(node)]), QUERY_STEPS)
        weights[k] = board.read_weights("answers", dense=True, raw=True)[node]
        cycles += recording.counters["cycles"]
    ties = weights == weights.max(axis=1, keepdims=True)
    coins = np.random.default_rng(split.seed).random(ties.shape)
    return Answers(
        weights=weights,
        predictions=np.where(ties, coins, -1.0).argmax(axis=1),
        undecided=int((ties.sum(axis=1) > 1).sum()),
        cycles=cycles,
        steps=QUERY_STEPS * len(split.asked),
    )


def baselines(graph: Graph, split: Split) -> dict[str, float]:
    """Return the accuracy of the majority class and of label propagation on the same split."""
    from sklearn.semi_supervised import LabelPropagation

    labels = np.full(len(graph.classes), -1)
    labels[split.known] = graph.classes[split.known]
    truth = graph.classes[split.asked]
    majority = np.bincount(graph.classes[split.known]).argmax()
    model = LabelPropagation(kernel=lambda *_: graph.strengths.astype(float), max_iter=10_000)
    model.fit(np.arange(len(labels))[:, np.newaxis], labels)
    return {
        "majority": float(np.mean(truth == majority)),
        "label propagation": float(np.mean(model.transduction_[split.asked] == truth)),
    }
