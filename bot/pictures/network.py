"""Who is named with whom: names as labels, ties as thick as they are strong. The same network always lies the same way."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon
from numpy.typing import NDArray

from bot.cards.picture import NetworkSpec, Node
from bot.pictures.canvas import LEADING, sheet, write
from bot.pictures.inks import Ink, shown, wide
from bot.pictures.layout import Box, Dot, Placed, Wish, along, place

WIDTH, HEIGHT = 1200, 800
MOST_NODES = 24
NAME_LETTERS = 38
_SIZE = 25.0
_EDGE_X, _EDGE_Y = 150.0, 96.0  # pixels kept free round the nodes, for their names
_ROUNDS = 300
_KINDS = (("actor", "group"), ("person", "person"), ("place", "place"))

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Web:
    """The network as it is drawn: nodes with their dots, ties between them, and labels."""

    nodes: tuple[Node, ...]
    dots: tuple[Dot, ...]
    ties: tuple[tuple[int, int, int], ...]
    labels: tuple[tuple[str, Placed], ...]
    left_out: int
    key: tuple[str, ...]  # the kinds that the key explains


def web(spec: NetworkSpec) -> Web:
    kept = _kept(spec)
    number = {old: new for new, old in enumerate(kept)}
    nodes = [spec.nodes[old] for old in kept]
    ties = [
        (number[edge.a], number[edge.b], edge.weight)
        for edge in spec.edges
        if edge.a in number and edge.b in number and edge.a != edge.b
    ]
    most = max((node.weight for node in nodes), default=1)
    spots = _lay(len(nodes), ties)
    dots = [
        Dot(float(x), float(y), 12.0 + 14.0 * sqrt(max(0, node.weight) / max(1, most)))
        for node, (x, y) in zip(nodes, spots, strict=True)
    ]
    kinds = {_kind(node) for node in nodes}
    key = tuple(word for kind, word in _KINDS if kind in kinds) if len(kinds) > 1 else ()
    frame = Box(14, 14, WIDTH - 14, HEIGHT - 14)
    taken = [Box(14, 14, 14 + _key_wide(key), 52)] if key else []
    left_out = len(spec.nodes) - len(nodes)
    if left_out:
        taken.append(Box(WIDTH - 14 - wide(f"+{left_out} more", _SIZE), 14, WIDTH - 14, 14 + _SIZE * LEADING))
    texts = [shown(node.name, NAME_LETTERS) for node in nodes]
    wishes = [
        Wish(dot, wide(text, _SIZE, i == 0), _SIZE * LEADING)
        for i, (text, dot) in enumerate(zip(texts, dots, strict=True))
    ]
    lines = [((dots[a].x, dots[a].y), (dots[b].x, dots[b].y)) for a, b, _ in ties]
    marks = place(wishes, frame, dots, taken, avoid=along(lines))
    return Web(
        tuple(nodes), tuple(dots), tuple(ties), tuple((texts[mark.number], mark) for mark in marks), left_out, key
    )


def network_figure(spec: NetworkSpec, ink: Ink) -> Figure:
    drawn = web(spec)
    figure, axes = sheet(WIDTH, HEIGHT, ink.ground)
    strongest = max((weight for _, _, weight in drawn.ties), default=1)
    for a, b, weight in sorted(drawn.ties, key=lambda tie: tie[2]):
        one, two = drawn.dots[a], drawn.dots[b]
        thick = 1.5 + 9.0 * sqrt(max(0, weight) / max(1, strongest))
        axes.plot([one.x, two.x], [one.y, two.y], color=ink.faint, linewidth=thick, zorder=2, solid_capstyle="round")
    for number, (node, dot) in enumerate(zip(drawn.nodes, drawn.dots, strict=True)):
        _shape(axes, dot, _kind(node), ink.accent if number == 0 else ink.dot, ink.ground)
    for text, mark in drawn.labels:
        if mark.leader:
            (x0, y0), (x1, y1) = mark.leader
            axes.plot([x0, x1], [y0, y1], color=ink.quiet, linewidth=1.6, zorder=6)
        write(axes, mark.box.left, mark.box.bottom, text, _SIZE, ink.text, bold=mark.number == 0, halo=ink.ground)
    _key(axes, drawn, ink)
    return figure


def _kept(spec: NetworkSpec) -> list[int]:
    """The first node and the heaviest of the others, by their number."""
    others = sorted(range(1, len(spec.nodes)), key=lambda number: (-spec.nodes[number].weight, number))
    return sorted([*([0] if spec.nodes else []), *others[: MOST_NODES - 1]])


def _kind(node: Node) -> str:
    return node.kind if node.kind in ("person", "place") else "actor"


def _lay(count: int, ties: list[tuple[int, int, int]]) -> Floats:
    """Nodes push one another away, ties draw them together, until it is calm; then spread over the sheet."""
    if count == 0:
        return np.empty((0, 2))
    if count == 1:
        return np.array([[WIDTH / 2, HEIGHT / 2]])
    turn = 2 * pi * np.arange(count) / max(1, count - 1)
    spots = np.column_stack([np.cos(turn), np.sin(turn)])
    spots[0] = 0.0
    pull = np.zeros((count, count))
    most = max((weight for _, _, weight in ties), default=1)
    for a, b, weight in ties:
        pull[a, b] = pull[b, a] = 0.35 + 0.65 * sqrt(max(0, weight) / max(1, most))
    ideal = 1.6 / sqrt(count)
    for step in range(_ROUNDS):
        apart = spots[:, None] - spots[None]
        far = np.maximum(np.hypot(apart[..., 0], apart[..., 1]), 0.01)
        force = ideal**2 / far**2 - pull * far / ideal
        moved = (apart * force[..., None]).sum(axis=1) - 0.05 * spots
        long = np.maximum(np.hypot(moved[:, 0], moved[:, 1]), 1e-9)
        heat = 0.12 * (1 - step / _ROUNDS) + 0.002
        spots = spots + moved / long[:, None] * np.minimum(long, heat)[:, None]
    return _apart(_spread(spots))


def _spread(spots: Floats) -> Floats:
    low, high = spots.min(axis=0), spots.max(axis=0)
    room = np.array([WIDTH - 2 * _EDGE_X, HEIGHT - 2 * _EDGE_Y])
    flat = np.maximum(high - low, 1e-6)
    share = np.where(high - low < 1e-3, 0.5, (spots - low) / flat)
    spread: Floats = np.array([_EDGE_X, _EDGE_Y]) + share * room
    return spread


def _apart(spots: Floats) -> Floats:
    """No two nodes nearer than their dots and a line of text need."""
    least = 84.0
    for _ in range(80):
        apart = spots[:, None] - spots[None]
        far = np.hypot(apart[..., 0], apart[..., 1])
        np.fill_diagonal(far, 1e9)
        if far.min() >= least:
            break
        push = np.where(far < least, (least - far) / 2 / np.maximum(far, 1e-6), 0.0)
        spots = spots + (apart * push[..., None]).sum(axis=1) * 0.6
        spots = np.clip(spots, [_EDGE_X * 0.6, _EDGE_Y * 0.7], [WIDTH - _EDGE_X * 0.6, HEIGHT - _EDGE_Y * 0.7])
    return spots


def _shape(axes: Axes, dot: Dot, kind: str, colour: str, edge: str) -> None:
    """Groups are discs, places squares, persons diamonds: told apart without colour."""
    x, y, r = dot.x, dot.y, dot.radius
    if kind == "place":
        r *= 0.84
        corners = [(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)]
    elif kind == "person":
        corners = [(x, y - r), (x + r, y), (x, y + r), (x - r, y)]
    else:
        axes.add_patch(Circle((x, y), r, facecolor=colour, edgecolor=edge, linewidth=2.5, zorder=5))
        return
    axes.add_patch(Polygon(corners, facecolor=colour, edgecolor=edge, linewidth=2.5, zorder=5))


def _key_wide(key: tuple[str, ...]) -> float:
    return sum(wide(word, 23.0) + 58 for word in key)


def _key(axes: Axes, drawn: Web, ink: Ink) -> None:
    x = 14.0
    words = {word: kind for kind, word in _KINDS}
    for word in drawn.key:
        _shape(axes, Dot(x + 12, 32, 11), words[word], ink.quiet, ink.ground)
        write(axes, x + 32, 20, word, 23.0, ink.quiet)
        x += wide(word, 23.0) + 58
    if drawn.left_out:
        text = f"+{drawn.left_out} more"
        write(axes, WIDTH - 14 - wide(text, _SIZE), 14, text, _SIZE, ink.quiet)
