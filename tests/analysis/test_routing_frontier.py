"""Cost against quality, by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite import routing
from evalsuite.analysis.routing.members import mixed
from evalsuite.routing import Point

SQUARE = [Point(1, 0.5), Point(2, 0.8), Point(3, 0.7), Point(5, 0.9)]


def test_a_hull_by_hand() -> None:
    """(3, .7) lies below the line from (2, .8) to (5, .9)."""
    assert routing.hull(SQUARE) == (Point(1, 0.5), Point(2, 0.8), Point(5, 0.9))
    assert routing.quality_at(SQUARE, 1.5) == pytest.approx(0.65)
    assert routing.quality_at(SQUARE, 3.5) == pytest.approx(0.85)
    assert routing.quality_at(SQUARE, 99) == pytest.approx(0.9)
    assert routing.quality_at(SQUARE, 0.5) is None
    # (.65 x 1 + .85 x 3) / 4
    assert routing.average_improvement(SQUARE) == pytest.approx(0.8)
    assert routing.average_improvement(SQUARE, (2, 7)) == pytest.approx((0.85 * 3 + 0.9 * 2) / 5)


def test_hulls_that_the_published_code_breaks_on() -> None:
    """Two points; a falling curve; one point; equal costs."""
    two = [Point(1, 0.2), Point(2, 0.6)]
    assert routing.hull(two) == tuple(two)
    assert routing.average_improvement(two) == pytest.approx(0.4)
    falling = [Point(1, 0.9), Point(2, 0.5), Point(3, 0.1)]
    assert routing.hull(falling) == (Point(1, 0.9),)
    assert routing.average_improvement(falling) == pytest.approx(0.9)
    assert routing.hull([Point(1, 0.3), Point(1, 0.4)]) == (Point(1, 0.4),)
    for points, costs, message in (
        ([Point(1, 0.4)], None, "needs a range"),
        (two, (0.5, 2), "nothing is known of costs below 1"),
        ([], None, "needs points"),
        ([Point(math.inf, 0.4)], None, "needs points"),
    ):
        with pytest.raises(ValueError, match=message):
            routing.average_improvement(points, costs)


points = st.lists(
    st.tuples(st.integers(1, 9), st.integers(0, 10)).map(lambda p: Point(p[0], p[1] / 10)),
    min_size=1,
    max_size=6,
)


@given(points, st.floats(0, 10))
def test_a_hull_is_concave_rises_and_is_above_every_point(drawn: list[Point], at: float) -> None:
    corners = routing.hull(drawn)
    assert all(a.cost < b.cost and a.quality < b.quality for a, b in itertools.pairwise(corners))
    for point in drawn:
        height = routing.quality_at(drawn, point.cost)
        assert height is not None and height >= point.quality - 1e-9
    slopes = [(b.quality - a.quality) / (b.cost - a.cost) for a, b in itertools.pairwise(corners)]
    assert slopes == sorted(slopes, reverse=True)
    # The mixture of members, which is computed in another way for all resamples at once, is it.
    costs, qualities = np.array(drawn, float).T
    budget = max(at, costs.min())
    assert mixed(qualities, costs, np.array(budget)) == pytest.approx(
        routing.quality_at(drawn, budget)
    )


def test_incremental_benefit_by_hand() -> None:
    """From (1, .4) to (50, .6) a unit of cost buys .2 / 49; the method gets .1 for 10."""
    small, large, method = Point(1, 0.4), Point(50, 0.6), Point(11, 0.5)
    assert routing.benefit(method, small) == pytest.approx(0.01)
    assert routing.benefit_lift(method, small, large) == pytest.approx(0.01 / (0.2 / 49) - 1)
    assert routing.benefit_lift(large, small, large) == pytest.approx(0.0)
    with pytest.raises(ValueError, match="cost above the small"):
        routing.benefit(small, small)
    with pytest.raises(ValueError, match="better than the small one"):
        routing.benefit_lift(method, small, Point(50, 0.4))


def test_cheapest_reaching() -> None:
    assert routing.cheapest_reaching(SQUARE, 0.7) == 1
    assert routing.cheapest_reaching(SQUARE, 0.95) is None
