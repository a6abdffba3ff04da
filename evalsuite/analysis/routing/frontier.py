"""Cost against quality: the hull of what can be had, AIQ, IBC, and mixing at random.

Costs are dollars an answer, or any other unit; qualities are success rates, or any other mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Point(NamedTuple):
    """What a system costs an answer, and how good its answers are."""

    cost: float
    quality: float


def hull(points: Sequence[Point]) -> tuple[Point, ...]:
    """The least non-decreasing concave function that no point lies above, by its corners.

    From the cheapest point to the best one; beyond that it is flat. Every value on it can be had by
    mixing two systems at random. Hu et al., 2024, "RouterBench", arXiv:2403.12031.

    Raises:
        ValueError: no points, or one that is not finite.
    """
    if not points or not np.isfinite(np.array(points)).all():
        raise ValueError("a hull needs points with a finite cost and quality")
    corners: list[Point] = []
    for point in sorted(points, key=lambda p: (p.cost, -p.quality)):
        if corners and point.quality <= corners[-1].quality:
            continue  # no dearer system is worth anything that is not better
        while len(corners) >= 2 and _slope(corners[-1], point) >= _slope(corners[-2], corners[-1]):
            corners.pop()
        corners.append(point)
    return tuple(corners)


def quality_at(points: Sequence[Point], cost: float) -> float | None:
    """The best mean quality that mixing ``points`` at random gives for at most ``cost``.

    None below the cheapest point: nothing can be had there.
    """
    corners = hull(points)
    if cost < corners[0].cost:
        return None
    costs, qualities = np.array(corners).T
    return float(np.interp(cost, costs, qualities))


def average_improvement(points: Sequence[Point], costs: tuple[float, float] | None = None) -> float:
    """AIQ: the mean height of the hull over a range of costs.

    1 / (high - low) x integral of the hull from low to high. Compare routers over one and the same
    range. RouterBench's published code divides by the highest cost instead and leaves out the area
    left of the first point.

    Args:
        points: of one router, at its settings.
        costs: the range; from the cheapest to the dearest point by default.

    Raises:
        ValueError: the range is empty, or begins below the cheapest point, where nothing is known.
    """
    corners = hull(points)
    low, high = costs or (corners[0].cost, max(point.cost for point in points))
    if not low < high:
        raise ValueError(f"an average over costs needs a range, not {low:g} to {high:g}")
    if low < corners[0].cost:
        raise ValueError(f"nothing is known of costs below {corners[0].cost:g}")
    inner = [point.cost for point in corners if low < point.cost < high]
    at = np.array([low, *inner, high])
    heights = np.interp(at, *np.array(corners).T)
    return float(np.trapezoid(heights, at) / (high - low))


def benefit(method: Point, small: Point) -> float:
    """IBC: quality gained for each unit of cost spent beyond the small model alone.

    Aggarwal et al., 2023, "AutoMix", arXiv:2310.12963. The cost of ``method`` is the small model on
    every question, the verifier, and the large model where deferred.

    Raises:
        ValueError: the method costs no more than the small model, so that nothing was spent.
    """
    if method.cost <= small.cost:
        raise ValueError("an incremental benefit needs a cost above the small model's")
    return (method.quality - small.quality) / (method.cost - small.cost)


def benefit_lift(method: Point, small: Point, large: Point) -> float:
    """How much more (0.5: half as much again) a method gains by cost than always the large model.

    (IBC of method - IBC of large) / IBC of large; negative where the money were better spent on the
    large model.

    Raises:
        ValueError: the large model is not better and dearer, so that there is nothing to compare.
    """
    base = benefit(large, small)
    if base <= 0:
        raise ValueError("a lift needs a large model that is better than the small one")
    return (benefit(method, small) - base) / base


def cheapest_reaching(points: Sequence[Point], floor: float) -> int | None:
    """Index of the cheapest point whose quality is at least ``floor``; None where none is.

    To report a saving fairly, pick the index on one split and read the point on another.
    """
    enough = [index for index, point in enumerate(points) if point.quality >= floor]
    return min(enough, key=lambda index: points[index].cost, default=None)


def _slope(a: Point, b: Point) -> float:
    return (b.quality - a.quality) / (b.cost - a.cost) if b.cost > a.cost else float("inf")
