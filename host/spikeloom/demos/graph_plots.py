"""The figure of the graph demo: who is known, who was asked, and what was answered."""

from pathlib import Path
from typing import Any

import numpy as np

from .figures import PNG_DPI, new_figure
from .graph import Answers, Graph, Split

__all__ = ["plot_graph"]

_COLOURS = ("#4477aa", "#ee9933")
_LAYOUT_SEED = 4


def plot_graph(path: Path, graph: Graph, split: Split, answers: Answers) -> None:
    """Draw the graph of two classes with the answers of one split, and the learnt weights.

    Parameters
    ----------
    path : Path
        File to write.
    graph : Graph
        Its nodes are placed by networkx' spring layout.
    split : Split
        Squares: nodes of known class. Circles: nodes asked, ringed where the answer is wrong.
    answers : Answers
        What the board said.
    """
    import networkx

    figure = new_figure(11.0, 5.4)
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1.0])
    net = networkx.from_numpy_array(graph.strengths)
    places = networkx.spring_layout(net, seed=_LAYOUT_SEED)
    xy = np.array([places[node] for node in range(len(graph.classes))])
    for one, other in net.edges:
        left.plot(*xy[[one, other]].T, color="0.8", lw=0.8, zorder=0)
    told = graph.classes.copy()
    told[split.asked] = answers.predictions
    wrong = told != graph.classes
    for nodes, marker, size in ((split.known, "s", 330), (split.asked, "o", 300)):
        left.scatter(
            *xy[nodes].T, marker=marker, s=size, c=[_COLOURS[told[node]] for node in nodes],
            edgecolors=["#cc3311" if wrong[node] else "white" for node in nodes],
            linewidths=[3.0 if wrong[node] else 0.8 for node in nodes],
        )  # fmt: skip
    for node, (x, y) in enumerate(xy):
        left.text(x, y, str(node), ha="center", va="center", fontsize=8, color="white")
    right_count = int((~wrong[split.asked]).sum())
    left.set_title(
        f"{graph.name}: {right_count} of {len(split.asked)} right\n"
        "squares: known; red ring: answer is wrong", fontsize=10,
    )  # fmt: skip
    left.set_axis_off()
    _plot_weights(right, graph, split, answers)
    figure.savefig(path, dpi=PNG_DPI)


def _plot_weights(axes: Any, graph: Graph, split: Split, answers: Answers) -> None:
    """Draw the weights from each node asked to the topics, nodes of a class side by side."""
    order = np.argsort(graph.classes[split.asked], kind="stable")
    place = np.arange(len(order))
    for topic, name in enumerate(graph.topics):
        axes.barh(
            place + 0.4 * topic, answers.weights[order, topic], height=0.4,
            color=_COLOURS[topic], label=f"to topic {name}",
        )  # fmt: skip
    axes.set_yticks(place + 0.2, [str(node) for node in split.asked[order]], fontsize=7)
    border = np.searchsorted(graph.classes[split.asked][order], 1) - 0.3
    axes.axhline(border, color="black", lw=0.8, ls="--")
    axes.invert_yaxis()
    axes.set_ylabel(f"node asked (above the line: {graph.topics[0]})")
    axes.set_xlabel("learnt weight")
    axes.legend(frameon=False, fontsize=8, ncols=2, loc="lower right", bbox_to_anchor=(1.0, 1.0))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
