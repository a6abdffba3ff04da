"""A report's figures as files of their own, SVG or PNG: for a README, a slide or a paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evalsuite.analysis.summary import Summary
from evalsuite.errors import UserError
from evalsuite.hints import did_you_mean
from evalsuite.reporting.latency_curves import draw_latency
from evalsuite.reporting.plain import one_line
from evalsuite.reporting.plane import LANE, Mark, Plane, lay_out
from evalsuite.reporting.scene import (
    Anchor,
    Block,
    Colour,
    Dot,
    Label,
    Scene,
    Shape,
    Stroke,
    straight,
    write_scene,
)
from evalsuite.store import Run

WIDTH, HEIGHT = 920, 470
LINE = 18
"""Of names below the drawing."""
FIGURES = ("plane", "latency")
"""The cost-quality plane, and how many answers were there within what time."""


def write_figure(run: Run, summary: Summary, path: Path, *, figure: str = "plane") -> None:
    """Draw ``figure`` of a run, of which ``summary`` was made, as ``.svg`` or ``.png``.

    Raises:
        ExtraMissing: a PNG is asked for and matplotlib is not installed.
        UserError: there is no such figure, or the run has nothing to draw in it.
    """
    if figure not in FIGURES:
        hint = did_you_mean(figure, FIGURES, otherwise=f"there are {', '.join(FIGURES)}")
        raise UserError(f"no figure {figure!r}; {hint}")
    scene = draw_plane(summary) if figure == "plane" else draw_latency(run, summary)
    if scene is None:
        why = "was scored in every task" if figure == "plane" else "was timed"
        raise UserError(f"{summary.manifest.name}: no system {why}; nothing to draw")
    write_scene(scene, path)


def draw_plane(summary: Summary) -> Scene | None:
    """Success rate against cost, with intervals and the efficient front.

    None where no system was scored in every task, so that nothing can be compared.
    """
    plane = lay_out(summary, width=WIDTH, height=HEIGHT)
    if plane is None:
        return None
    return Scene(
        width=WIDTH,
        height=HEIGHT + LINE * len(plane.key),
        title="Success rate against cost",
        description=plane.description,
        shapes=(
            *_frame(plane),
            *(shape for mark in plane.marks for shape in _mark(mark)),
            *(_name(mark) for mark in plane.marks if mark.label),
            *(_numbered(number, name) for number, name in enumerate(plane.key)),
        ),
    )


def _frame(plane: Plane) -> Iterator[Shape]:
    frame = plane.frame
    for at, left, words in (
        (plane.free_at, frame.left, "free"),
        (plane.unknown_at, frame.right - LANE, "unknown"),
    ):
        if at is not None:
            height = frame.bottom - frame.top
            yield Block(left=left, top=frame.top, width=LANE, height=height, colour="lane")
            yield Label(x=at, y=frame.bottom + 18, text=words)
    for tick in plane.y_ticks:
        yield straight(frame.left, tick.at, frame.right, tick.at, "grid")
        yield Label(x=frame.left - 7, y=tick.at + 4, text=tick.label, anchor="end")
    for tick in plane.x_ticks:
        yield straight(tick.at, frame.top, tick.at, frame.bottom, "grid")
        yield Label(x=tick.at, y=frame.bottom + 18, text=tick.label)
    yield straight(frame.left, frame.bottom, frame.right, frame.bottom, "muted")
    middle = (frame.left + frame.right) / 2
    title = "US dollars per 1,000 samples (log scale); up: share right, mean over tasks; 95 % CI"
    yield Label(x=middle, y=frame.bottom + 38, text=title)
    if len(plane.front) > 1:
        yield Stroke(points=plane.front, colour="front", width=1.5, dash=(5, 4))


def _mark(mark: Mark) -> Iterator[Shape]:
    colour: Colour = "hybrid" if mark.kind == "hybrid" else "model"
    ends = []
    if mark.left is not None and mark.right is not None:
        ends.append(((mark.left, mark.y), (mark.right, mark.y)))
    if mark.top is not None and mark.bottom is not None:
        ends.append(((mark.x, mark.top), (mark.x, mark.bottom)))
    for points in ends:
        yield Stroke(points=points, colour=colour, width=1.6, opacity=0.55)
    if mark.leader:
        yield straight(mark.x, mark.y, mark.label_x, mark.label_y - 4, "muted", 0.8)
    diamond = mark.kind == "hybrid"
    yield Dot(x=mark.x, y=mark.y, colour=colour, diamond=diamond, title=mark.title)


def _numbered(number: int, name: str) -> Label:
    """A name that has no room beside its mark, below the drawing."""
    top = HEIGHT + LINE * (number + 1) - 6
    return Label(x=LINE, y=top, text=f"{number + 1}  {one_line(name)}", anchor="start")


def _name(mark: Mark) -> Label:
    anchors: dict[str, Anchor] = {"start": "start", "middle": "middle", "end": "end"}
    return Label(
        x=mark.label_x,
        y=mark.label_y,
        text=mark.label,
        colour="ink",
        anchor=anchors[mark.anchor],
        bold=True,
    )
