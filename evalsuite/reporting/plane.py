"""Layout of the cost-quality plane: where marks, whiskers and labels go, so that none collide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from evalsuite.analysis.intervals import Estimate
from evalsuite.analysis.numbers import UNKNOWN, interval, money, percent
from evalsuite.analysis.summary import Summary, SystemFigures
from evalsuite.reporting.axes import Axis, Tick, log_values, share_values
from evalsuite.reporting.plain import one_line

CHARACTER = 6.9
"""Pixels of an average character of the labels' 12.5 px type; erring on the wide side."""
LONGEST = 32
"""Characters of a label; the rest of a longer name is in the tables."""
LINE = 15.0
NEAR, FAR = 10.0, 90.0
"""How far from its mark a name may be, in pixels: where many share little room, and elsewhere."""
CRAMPED, FEW = 500, 10
MARK = 7.0
LANE = 64.0
"""Width of the lanes beside the axis for what a log axis cannot hold: free, and cost unknown."""


@dataclass(frozen=True)
class Box:
    """A rectangle that labels must stay out of."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        """Whether the two share any area."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


@dataclass(frozen=True)
class Mark:
    """One system: its point, the ends of its whiskers (None where there is none) and its label.

    ``label`` is its name, cut where it is long; its number in ``Plane.key`` where there is no room
    for that beside everything else; "" where there is none for the number either.
    """

    name: str
    label: str
    kind: str
    front: bool
    x: float
    y: float
    left: float | None
    right: float | None
    top: float | None
    bottom: float | None
    label_x: float
    label_y: float
    anchor: str
    leader: bool
    title: str


@dataclass(frozen=True)
class Plane:
    """Everything the template draws, in pixels of a ``width`` x ``height`` view box.

    ``key`` has the names of the marks that are numbered, from 1, or are without a label.
    """

    width: int
    height: int
    frame: Box
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    free_at: float | None
    unknown_at: float | None
    front: tuple[tuple[float, float], ...]
    marks: tuple[Mark, ...]
    key: tuple[str, ...]
    description: str


def lay_out(summary: Summary, *, width: int, height: int) -> Plane | None:
    """Place the comparable systems of ``summary``; None where there are none.

    x is dollars per thousand samples on a log axis, y the macro success rate. Free systems and
    those of unknown cost have lanes of their own at the sides.
    """
    systems = [item for item in summary.systems if item.comparable]
    if not systems:
        return None
    costs = [_bounded(item.figures.usd_per_thousand) for item in systems]
    priced = [bounds for bounds in costs if bounds is not None and bounds[1] > 0]
    has_free = any(bounds is not None and bounds[1] == 0 for bounds in costs)
    has_unknown = any(bounds is None for bounds in costs)
    frame = Box(50, 14, width - 14, height - 46)
    x = _cost_axis(
        priced,
        frame.left + (LANE if has_free else 0),
        frame.right - (LANE if has_unknown else 0),
    )
    y = rate_axis(systems, frame)
    free_at = frame.left + LANE / 2 if has_free else None
    unknown_at = frame.right - LANE / 2 if has_unknown else None
    bare = [_mark(item, x, y, free_at, unknown_at) for item in systems]
    marks, key = labelled(bare, frame)
    return Plane(
        width=width,
        height=height,
        frame=frame,
        x_ticks=x.ticks(log_values(x.low, x.high, max(3, round(width / 110))), _tick)
        if priced
        else (),
        y_ticks=y.ticks(share_values(y.low, y.high), lambda value: f"{100 * value:.0f} %"),
        free_at=free_at,
        unknown_at=unknown_at,
        front=front_line(bare, frame.right - (LANE if has_unknown else 0)),
        marks=marks,
        key=key,
        description=" ".join(f"{mark.title}." for mark in bare),
    )


def _tick(usd: float) -> str:
    """A round number of dollars, without digits that say nothing."""
    return f"${usd:,.4g}" if usd >= 1e-4 else f"${usd:.0e}".replace("e-0", "e-")


def _bounded(estimate: Estimate | None) -> tuple[float, float, float] | None:
    """(low, value, high) of an estimate, its value standing in for a bound it lacks."""
    if estimate is None:
        return None
    low = estimate.value if estimate.low is None else estimate.low
    high = estimate.value
    if estimate.high is not None and not math.isinf(estimate.high):
        high = estimate.high
    return low, estimate.value, high


def _cost_axis(priced: Sequence[tuple[float, float, float]], start: float, end: float) -> Axis:
    if not priced:
        return Axis(0.1, 10.0, start, end, log=True)
    low = min(bounds[0] if bounds[0] > 0 else bounds[1] for bounds in priced)
    high = max(bounds[2] for bounds in priced)
    return Axis(low / 1.6, high * 1.6, start, end, log=True)


def rate_axis(systems: Sequence[SystemFigures], frame: Box) -> Axis:
    """The axis of success rates, upwards, with room for every interval of ``systems``."""
    rates = [_bounded(item.figures.macro_success_rate) or (0.0, 0.0, 0.0) for item in systems]
    low, high = min(rate[0] for rate in rates), max(rate[2] for rate in rates)
    low, high = math.floor(low * 20 - 0.3) / 20, math.ceil(high * 20 + 0.3) / 20
    return Axis(max(0.0, low), min(1.0, high), frame.bottom, frame.top + 6)


def _mark(
    item: SystemFigures, x: Axis, y: Axis, free_at: float | None, unknown_at: float | None
) -> Mark:
    figures, name = item.figures, item.entry.name
    rate, cost = figures.macro_success_rate, _bounded(figures.usd_per_thousand)
    at_y = y.at(rate.value if rate else 0.0)
    left = right = None
    if cost is None:
        at_x, words = unknown_at or x.end, f"cost {UNKNOWN}"
    elif cost[1] == 0:
        at_x, words = free_at or x.start, "free"
    else:
        at_x = x.at(cost[1])
        left, right = x.at(cost[0]), x.at(cost[2])
        bounds = interval(figures.usd_per_thousand, money)
        words = f"{money(cost[1])} per thousand samples ({bounds})"
    right_words = f"{percent(rate.value)} right ({interval(rate, percent)})" if rate else ""
    return Mark(
        name=name,
        label=one_line(name, LONGEST),
        kind=item.entry.kind,
        front=item.on_pareto_front,
        x=round(at_x, 1),
        y=round(at_y, 1),
        left=left,
        right=right,
        top=y.at(rate.high) if rate and rate.high is not None else None,
        bottom=y.at(rate.low) if rate and rate.low is not None else None,
        label_x=0.0,
        label_y=0.0,
        anchor="start",
        leader=False,
        title=f"{one_line(name)}: {right_words}, {words}",
    )


def front_line(marks: Sequence[Mark], right_end: float) -> tuple[tuple[float, float], ...]:
    """The edge of what is attainable: steps, since nothing between two systems was measured."""
    chosen = sorted((mark.x, mark.y) for mark in marks if mark.front)
    corners: list[tuple[float, float]] = []
    for x, y in chosen:
        if corners:
            corners.append((x, corners[-1][1]))
        corners.append((x, y))
    return (*corners, (right_end, corners[-1][1])) if corners else ()


def labelled(marks: Sequence[Mark], frame: Box) -> tuple[tuple[Mark, ...], tuple[str, ...]]:
    """Give every mark a label spot clear of marks, whiskers and other labels, nearest first.

    What is on the front chooses first. Who finds no room for a name is numbered.
    """
    taken = [box for mark in marks for box in _obstacles(mark)]
    line = _along(front_line(marks, frame.right))
    placed: dict[int, Mark] = {}
    key: list[str] = []
    reach = NEAR if frame.right < CRAMPED and len(marks) > FEW else FAR
    order = sorted(range(len(marks)), key=lambda i: (not marks[i].front, marks[i].y, marks[i].x))
    nameless = []
    for index in order:
        found = _place(marks[index], marks[index].label, taken, frame, line, reach)
        if found is None:
            nameless.append(index)
        else:
            placed[index] = found
    for index in nameless:
        key.append(marks[index].name)
        found = _place(marks[index], str(len(key)), taken, frame)
        placed[index] = found or replace(marks[index], label="")
    return tuple(placed[index] for index in range(len(marks))), tuple(key)


def _place(
    mark: Mark,
    label: str,
    taken: list[Box],
    frame: Box,
    line: Sequence[Box] = (),
    reach: float = FAR,
) -> Mark | None:
    """``mark`` with ``label`` at the nearest free spot, which is then taken; None without one.

    A spot clear of ``line`` too is better than one that is nearer, if it is beside the mark.
    """
    free = [
        (any(box.overlaps(other) for other in line) and not far, box, anchor, far)
        for box, anchor, far in _spots(mark, CHARACTER * len(label), reach)
        if _inside(box, frame) and not any(box.overlaps(other) for other in taken)
    ]
    if not free:
        return None
    crossing, box, anchor, far = free[0]
    if crossing:
        beside = (item for item in free if not item[0] and not item[3])
        _, box, anchor, far = next(beside, free[0])
    taken.append(box)
    at = {"start": box.left, "end": box.right, "middle": (box.left + box.right) / 2}
    return replace(
        mark,
        label=label,
        label_x=round(at[anchor], 1),
        label_y=round(box.bottom - 4, 1),
        anchor=anchor,
        leader=far,
    )


def _along(corners: Sequence[tuple[float, float]]) -> list[Box]:
    """Thin boxes around the straight parts between ``corners``."""
    return [
        Box(min(x, to_x) - 1, min(y, to_y) - 1, max(x, to_x) + 1, max(y, to_y) + 1)
        for (x, y), (to_x, to_y) in pairwise(corners)
    ]


def _obstacles(mark: Mark) -> list[Box]:
    boxes = [Box(mark.x - MARK, mark.y - MARK, mark.x + MARK, mark.y + MARK)]
    if mark.left is not None and mark.right is not None:
        boxes.append(Box(mark.left, mark.y - 1, mark.right, mark.y + 1))
    if mark.top is not None and mark.bottom is not None:
        boxes.append(Box(mark.x - 1, mark.top, mark.x + 1, mark.bottom))
    return boxes


def _spots(mark: Mark, width: float, reach: float) -> list[tuple[Box, str, bool]]:
    """Candidate boxes around ``mark``: (box, text anchor, needs a leader line)."""
    found: list[tuple[Box, str, bool]] = []
    for distance in (d for d in (0.0, 10.0, 22.0, 36.0, 52.0, 70.0, FAR) if d <= reach):
        gap, far = MARK + 3 + distance, distance > 12
        for dx, dy in ((1, -1), (-1, -1), (1, 1), (-1, 1), (1, 0), (-1, 0), (0, -1), (0, 1)):
            middle = mark.y + dy * (gap * 0.7 + LINE / 2)
            if dx > 0:
                left, anchor = mark.x + gap * 0.7, "start"
            elif dx < 0:
                left, anchor = mark.x - gap * 0.7 - width, "end"
            else:
                left, anchor = mark.x - width / 2, "middle"
            box = Box(left, middle - LINE / 2, left + width, middle + LINE / 2)
            found.append((box, anchor, far))
    return found


def _inside(box: Box, frame: Box) -> bool:
    return (
        box.left >= frame.left + 2
        and box.right <= frame.right
        and box.top >= frame.top - 8
        and box.bottom <= frame.bottom
    )
