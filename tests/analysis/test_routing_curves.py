"""Curves of routers and cascades, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite import routing
from evalsuite.routing import Curve

# Four samples: the strong model alone is right on two, both on one, the weak one alone on one.
WEAK, STRONG = np.array([0.0, 0.0, 1.0, 1.0]), np.array([1.0, 1.0, 1.0, 0.0])


def test_gap_recovered() -> None:
    assert routing.gap_recovered(0.7, 0.6, 0.8) == pytest.approx(0.5)
    assert routing.gap_recovered(0.9, 0.6, 0.8) == pytest.approx(1.5)
    assert routing.gap_recovered(0.5, 0.6, 0.8) == pytest.approx(-0.5)
    assert routing.gap_recovered(0.7, 0.8, 0.8) is None
    assert routing.gap_recovered(0.7, 0.8, 0.6) is None, "a worse strong model leaves no gap"


def test_a_router_by_hand() -> None:
    """It sends samples 0, 1, 2, 3 in this order: quality .5, .75, 1, 1, .75 of the five shares."""
    curve = routing.routing_curve([4.0, 3.0, 2.0, 1.0], WEAK, STRONG, edges=4)
    assert curve.shares == (0.0, 0.25, 0.5, 0.75, 1.0)[: len(curve.shares)]
    assert curve.qualities == (0.5, 0.75, 1.0, 1.0, 0.75)
    # Trapezoids: (.625 + .875 + 1 + .875) / 4 = .84375; (.84375 - .5) / .25
    assert routing.average_gap_recovered(curve, 0.5, 0.75) == pytest.approx(1.375)
    assert routing.call_share_for(0.5, curve, 0.5, 0.75) == pytest.approx(0.125)
    assert routing.call_share_for(1.0, curve, 0.5, 0.75) == pytest.approx(0.25)
    assert routing.best_curve(WEAK, STRONG, edges=4).qualities == (0.5, 0.75, 1.0, 1.0, 1.0)


def test_first_crossing_of_a_curve_that_falls_again() -> None:
    """``np.interp`` over the qualities, as in RouteLLM's code, says 0.4 here; or nothing sane."""
    curve = Curve(shares=(0.0, 0.2, 0.4, 1.0), qualities=(0.5, 0.7, 0.4, 0.6))
    assert routing.call_share_for(0.5, curve, 0.4, 0.6) == 0.0
    assert routing.call_share_for(1.0, curve, 0.4, 0.6) == pytest.approx(0.1)
    assert routing.call_share_for(2.0, curve, 0.4, 0.6) is None, "not reached"
    assert routing.call_share_for(0.5, curve, 0.6, 0.6) is None, "no gap"


def test_scores_that_tie_have_fewer_thresholds() -> None:
    same = routing.routing_curve([1.0] * 4, WEAK, STRONG)
    assert same.shares == (0.0, 1.0) and same.qualities == (0.5, 0.75)
    two = routing.routing_curve([2.0, 2.0, 1.0, 1.0], WEAK, STRONG)
    assert two.shares == (0.0, 0.5, 1.0) and two.qualities == (0.5, 1.0, 0.75)


def test_a_curve_of_one_point_has_no_average() -> None:
    with pytest.raises(ValueError, match="needs a curve that spans some"):
        routing.average_gap_recovered(Curve(shares=(1.0,), qualities=(0.5,)), 0.4, 0.6)
    with pytest.raises(ValueError, match="one value for each sample"):
        routing.routing_curve([1.0], WEAK, STRONG)
    with pytest.raises(ValueError, match="missing or infinite"):
        routing.routing_curve([1.0, 2.0, 3.0, np.nan], WEAK, STRONG)


def test_deferral_by_hand() -> None:
    """Deferred in the order 1, 0, 2, 3: quality .5, .75, 1, 1, .75; trapezoids give .84375."""
    found = routing.deferral_curve([0.2, 0.1, 0.8, 0.9], WEAK, STRONG)
    assert found.curve.shares == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert found.curve.qualities == (0.5, 0.75, 1.0, 1.0, 0.75)
    assert found.auc == found.oracle == pytest.approx(0.84375)
    assert found.random == pytest.approx((0.5 + 0.75) / 2)
    assert found.normalised == pytest.approx(1.0)
    silent = routing.deferral_curve([np.nan] * 4, WEAK, STRONG)
    assert silent.normalised == pytest.approx(0.0), "without confidence it is random"
    last = routing.deferral_curve([0.2, np.nan, 0.8, 0.9], WEAK, STRONG)
    assert last.curve == found.curve, "what has no confidence goes first"
    assert routing.deferral_curve([1, 2, 3, 4], WEAK, WEAK).normalised is None


rows = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.booleans()), min_size=2, max_size=30)


@given(rows)
def test_no_order_of_deferral_beats_the_oracle(drawn: list[tuple[int, bool, bool]]) -> None:
    confidence, small, large = (np.array(column, float) for column in zip(*drawn, strict=True))
    found = routing.deferral_curve(confidence, small, large)
    worst = 2 * found.random - found.oracle
    assert worst - 1e-9 <= found.auc <= found.oracle + 1e-9
    assert found.curve.qualities[0] == pytest.approx(small.mean())
    assert found.curve.qualities[-1] == pytest.approx(large.mean())
    twice = routing.deferral_curve(confidence, small, large, weights=np.full(len(drawn), 2.0))
    assert twice.auc == pytest.approx(found.auc)


@given(rows)
def test_no_router_beats_hindsight(drawn: list[tuple[int, bool, bool]]) -> None:
    scores, weak, strong = (np.array(column, float) for column in zip(*drawn, strict=True))
    curve = routing.routing_curve(scores, weak, strong)
    best = routing.best_curve(weak, strong, edges=len(drawn))
    ceiling = np.interp(curve.shares, best.shares, best.qualities)
    assert (np.array(curve.qualities) <= ceiling + 1e-9).all()
    assert list(curve.shares) == sorted(set(curve.shares))


def test_intervals_of_areas_cover_the_truth_and_see_clusters() -> None:
    rng = np.random.default_rng(3)
    n = 400
    hard = rng.random(n) < 0.5
    weak = np.where(hard, rng.random(n) < 0.3, rng.random(n) < 0.9).astype(float)
    strong = (rng.random(n) < 0.9).astype(float)
    confidence = np.where(hard, 0.0, 1.0) + rng.normal(0, 0.5, n)
    plain = routing.deferral_auc(confidence, weak, strong, resamples=200)
    assert plain is not None and plain.low is not None and plain.high is not None
    assert 0 < plain.low < plain.value < plain.high < 1 and plain.n == n
    again = routing.deferral_auc(confidence, weak, strong, resamples=200)
    assert again == plain
    doubled = [np.repeat(column, 2) for column in (confidence, weak, strong)]
    paired = routing.deferral_auc(*doubled, clusters=np.repeat(np.arange(n), 2), resamples=200)
    assert paired is not None and paired.low is not None and paired.high is not None
    assert paired.high - paired.low == pytest.approx(plain.high - plain.low, rel=0.05)
    few = routing.deferral_auc(confidence[:6], weak[:6], [1.0] * 6, resamples=200)
    assert few is None or few.low is None


def test_recovered_has_an_interval_or_says_why_not() -> None:
    weak, strong = np.tile([0.0, 1.0, 1.0, 0.0], 25), np.tile([1.0, 1.0, 1.0, 0.0], 25)
    hybrid = np.where(np.arange(100) % 8 == 0, 1.0, weak)
    found = routing.recovered(hybrid, weak, strong)
    assert found is not None and found.value == pytest.approx(13 / 25)
    assert found.low is not None and found.high is not None
    assert 0 < found.low < found.value < found.high < 1
    assert routing.recovered(hybrid, strong, weak) is None
    few = routing.recovered(hybrid[:4], weak[:4], strong[:4])
    assert few is not None and few.low is None and "too small" in few.method
