"""The critical difference diagram: systems on an axis of average ranks, bars over those alike.

After Demsar (2006), JMLR 7, figure 1. A bar joins systems that the data do not tell apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from evalsuite.analysis.many import ManySystems
from evalsuite.errors import UserError
from evalsuite.reporting.axes import Axis, Tick
from evalsuite.reporting.plain import one_line
from evalsuite.reporting.scene import png_axes, save_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AXIS_WIDTH = 420.0
CHARACTER = 7.8
"""Pixels of an average character of 13 px type; erring on the wide side."""
LONGEST_NAME = 40
MARGIN = 16.0
AXIS_AT = 62.0
LANE = 9.0
ROW = 22.0
INK, MUTED, BAR = "#1b1f24", "#59636e", "#1f5fbf"
STYLE = """
.cd { color-scheme: light dark; --ink: #1b1f24; --muted: #59636e; --bar: #1f5fbf; --bg: #ffffff;
  font: 13px system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
@media (prefers-color-scheme: dark) {
  .cd { --ink: #e7eaee; --muted: #9ba6b2; --bar: #82b1ff; --bg: #14171b; } }
.cd .paper { fill: var(--bg); } .cd text { fill: var(--ink); } .cd .note { fill: var(--muted); }
.cd .line { stroke: var(--muted); stroke-width: 1; fill: none; } .cd .dot { fill: var(--ink); }
.cd .group { stroke: var(--bar); stroke-width: 4; stroke-linecap: round; }
"""


@dataclass(frozen=True)
class Label:
    """One system: its place on the axis, and the row and side its name stands on."""

    text: str
    x: float
    y: float
    edge: float
    left: bool


@dataclass(frozen=True)
class Bar:
    """A group of systems that are not told apart."""

    left: float
    right: float
    y: float
    title: str


@dataclass(frozen=True)
class Diagram:
    """Everything that is drawn, in pixels of a ``width`` x ``height`` view box."""

    width: float
    height: float
    start: float
    end: float
    ticks: tuple[Tick, ...]
    labels: tuple[Label, ...]
    bars: tuple[Bar, ...]
    title: str
    note: str
    description: str


def lay_out(many: ManySystems, *, title: str = "Average ranks") -> Diagram:
    """Place the systems of ``many``: rank 1, the best, is at the left."""
    k = len(many.systems)
    names = [one_line(name, LONGEST_NAME) for name in many.systems]
    texts = [f"{name}  {rank:.2f}" for name, rank in zip(names, many.average_ranks, strict=True)]
    n_left = (k + 1) // 2
    before, after = (
        CHARACTER * max(len(text) for text in side) + MARGIN
        for side in (texts[:n_left], texts[n_left:])
    )
    axis = Axis(1.0, float(k), before + 14, before + 14 + AXIS_WIDTH)
    at = [round(axis.at(rank), 1) for rank in many.average_ranks]
    bars = _bars(many, at)
    top = max((bar.y for bar in bars), default=AXIS_AT) + 20
    labels = tuple(
        Label(
            text=text,
            x=at[place],
            y=top + ROW * (place if place < n_left else k - 1 - place),
            edge=axis.start - 14 if place < n_left else axis.end + 14,
            left=place < n_left,
        )
        for place, text in enumerate(texts)
    )
    width = axis.end + 14 + after
    return Diagram(
        width=round(width, 1),
        height=round(top + ROW * (n_left - 1) + 40, 1),
        start=axis.start,
        end=axis.end,
        ticks=axis.ticks([float(rank) for rank in range(1, k + 1)], lambda rank: f"{rank:.0f}"),
        labels=labels,
        bars=bars,
        title=one_line(title),
        note=_note(many),
        description=describe(many),
    )


def describe(many: ManySystems) -> str:
    """The diagram in words, for those who do not see it."""
    ranks = ", ".join(
        f"{one_line(name)} {rank:.2f}"
        for name, rank in zip(many.systems, many.average_ranks, strict=True)
    )
    parts = [f"Average ranks, 1 is best: {ranks}.", f"{_note(many)}."]
    if many.groups:
        groups = "; ".join(", ".join(map(one_line, group)) for group in many.groups)
        parts.append(f"Not told apart: {groups}.")
    else:
        parts.append("All systems are told apart.")
    if many.unbarred:
        pairs = "; ".join(f"{one_line(a)} and {one_line(b)}" for a, b in many.unbarred)
        parts.append(f"Not told apart either, though no bar joins them: {pairs}.")
    return " ".join(parts)


def critical_difference_svg(
    many: ManySystems, *, title: str = "Average ranks", identifier: str = "cd"
) -> str:
    """The diagram as an SVG document that follows the reader's light or dark setting.

    ``identifier`` must be unique among the figures of one page. The same ranks draw the same bytes.
    """
    drawn, name = lay_out(many, title=title), escape(identifier)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="cd" width="{drawn.width:g}" '
        f'height="{drawn.height:g}" viewBox="0 0 {drawn.width:g} {drawn.height:g}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc">',
        f'<title id="{name}-title">{escape(drawn.title)}</title>',
        f'<desc id="{name}-desc">{escape(drawn.description)}</desc>',
        f"<style>{STYLE}</style>",
        '<rect class="paper" width="100%" height="100%"/>',
        f'<text x="{drawn.width / 2:g}" y="20" text-anchor="middle" font-weight="600">'
        f"{escape(drawn.title)}</text>",
        _svg_line(drawn.start, AXIS_AT, drawn.end, AXIS_AT),
    ]
    for tick in drawn.ticks:
        parts.append(_svg_line(tick.at, AXIS_AT - 6, tick.at, AXIS_AT))
        parts.append(
            f'<text class="note" x="{tick.at:g}" y="{AXIS_AT - 11:g}" '
            f'text-anchor="middle">{escape(tick.label)}</text>'
        )
    for label in drawn.labels:
        parts.append(_svg_label(label))
    for bar in drawn.bars:
        parts.append(
            f'<line class="group" x1="{bar.left:g}" x2="{bar.right:g}" y1="{bar.y:g}" '
            f'y2="{bar.y:g}"><title>{escape(bar.title)}</title></line>'
        )
    parts.append(
        f'<text class="note" x="{drawn.width / 2:g}" y="{drawn.height - 10:g}" '
        f'text-anchor="middle" font-size="12">{escape(drawn.note)}</text>'
    )
    return "\n".join([*parts, "</svg>"]) + "\n"


def write_critical_difference(
    many: ManySystems, path: Path, *, title: str = "Average ranks"
) -> None:
    """Write the diagram to ``path``: ``.svg``, or ``.png`` by way of matplotlib.

    Raises:
        UserError: another suffix.
        ExtraMissing: a PNG is asked for and matplotlib is not installed.
    """
    if path.suffix == ".svg":
        path.write_text(critical_difference_svg(many, title=title), encoding="utf-8")
    elif path.suffix == ".png":
        _write_png(lay_out(many, title=title), path)
    else:
        raise UserError(f"{path.name}: a diagram is written as .svg or .png")


def _bars(many: ManySystems, at: list[float]) -> tuple[Bar, ...]:
    """A bar for each group, each in the first lane where it is clear of those before it."""
    place = {name: index for index, name in enumerate(many.systems)}
    ends: list[float] = []
    bars = []
    for group in many.groups:
        left, right = at[place[group[0]]] - 4, at[place[group[-1]]] + 4
        lane = next((i for i, end in enumerate(ends) if left > end + 8), len(ends))
        ends[lane : lane + 1] = [right]
        names = ", ".join(map(one_line, group))
        title = f"not told apart: {names}"
        bars.append(Bar(left, right, AXIS_AT + 12 + LANE * lane, title))
    return tuple(bars)


def _note(many: ManySystems) -> str:
    found = many.friedman
    p = "p < 0.001" if found.f_p < 0.001 else f"p = {found.f_p:.3f}"
    if found.f_p >= many.alpha:
        return f"{found.n_blocks} blocks, Friedman {p}: no system is told apart from another"
    return f"{found.n_blocks} blocks, Friedman {p}; pairs by Wilcoxon and Holm at {many.alpha:g}"


def _svg_line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="line" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'


def _svg_label(label: Label) -> str:
    anchor, gap = ("end", -5) if label.left else ("start", 5)
    points = f"{label.x:g},{AXIS_AT:g} {label.x:g},{label.y:g} {label.edge:g},{label.y:g}"
    return (
        f'<polyline class="line" points="{points}"/>'
        f'<circle class="dot" cx="{label.x:g}" cy="{AXIS_AT:g}" r="3.5"/>'
        f'<text x="{label.edge + gap:g}" y="{label.y + 4:g}" text-anchor="{anchor}">'
        f"{escape(label.text)}</text>"
    )


def _write_png(drawn: Diagram, path: Path) -> None:
    axes = png_axes(drawn.width, drawn.height)
    _draw(axes, drawn)
    save_png(axes, path)


def _draw(axes: Axes, drawn: Diagram) -> None:
    def write(x: float, y: float, text: str, align: str, colour: str = INK) -> None:
        plain = text.replace("$", r"\$")
        axes.text(x, y, plain, color=colour, fontsize=8.6, ha=align, va="center")

    write(drawn.width / 2, 16, drawn.title, "center")
    write(drawn.width / 2, drawn.height - 14, drawn.note, "center", MUTED)
    axes.plot([drawn.start, drawn.end], [AXIS_AT] * 2, color=MUTED, linewidth=0.8)
    for tick in drawn.ticks:
        axes.plot([tick.at] * 2, [AXIS_AT - 6, AXIS_AT], color=MUTED, linewidth=0.8)
        write(tick.at, AXIS_AT - 15, tick.label, "center", MUTED)
    for label in drawn.labels:
        xs, ys = [label.x, label.x, label.edge], [AXIS_AT, label.y, label.y]
        axes.plot(xs, ys, color=MUTED, linewidth=0.8)
        axes.plot(label.x, AXIS_AT, "o", color=INK, markersize=5)
        gap = -5 if label.left else 5
        write(label.edge + gap, label.y, label.text, "right" if label.left else "left")
    for bar in drawn.bars:
        axes.plot(
            [bar.left, bar.right], [bar.y] * 2, color=BAR, linewidth=3, solid_capstyle="round"
        )
