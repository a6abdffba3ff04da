from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsuite.analysis.intervals import ratio_of_sums, wilson
from evalsuite.analysis.ratios import ratio_bounds

ONE_STRATUM = np.zeros(400, dtype=np.intp)


def test_with_many_clusters_it_is_fiellers_interval() -> None:
    rng = np.random.default_rng(0)
    top, bottom = rng.gamma(4, size=400), 1.0 + rng.random(400)
    low, high = ratio_bounds(top, bottom, ONE_STRATUM, seed=1, resamples=20_000, level=0.95)
    covariance = np.cov(top, bottom) / 400
    square = bottom.mean() ** 2 - 1.96**2 * covariance[1, 1]
    cross = top.mean() * bottom.mean() - 1.96**2 * covariance[0, 1]
    constant = top.mean() ** 2 - 1.96**2 * covariance[0, 0]
    root = math.sqrt(cross**2 - square * constant)
    width = high - low
    assert low == pytest.approx((cross - root) / square, abs=0.1 * width)
    assert high == pytest.approx((cross + root) / square, abs=0.1 * width)


def test_a_constant_price_per_answer_is_the_inverse_of_a_success_rate() -> None:
    hits = np.array([1.0] * 85 + [0.0] * 15)
    found = ratio_of_sums([2.0] * 100, hits, range(100))
    low, high = wilson(85, 100)
    assert found is not None and found.low is not None and found.high is not None
    assert found.low == pytest.approx(2 / high, rel=0.03)
    assert found.high == pytest.approx(2 / low, rel=0.06)


def test_one_failure_among_thirty_leaves_a_finite_bound() -> None:
    # 38 % of resamples hold no failure at all, and so no variance
    found = ratio_of_sums([1.0] * 30, [1] * 29 + [0], range(30))
    assert found is not None and found.high is not None
    assert 1.1 < found.high < 1.6


def test_no_failure_among_thirty_is_not_certainty() -> None:
    # rates down to Wilson's 0.8865 would have let all 30 succeed
    found = ratio_of_sums([2.0] * 30, [1] * 30, range(30))
    assert found is not None
    assert found.low == found.value == pytest.approx(2.0)
    assert found.high == pytest.approx(2.0 / 0.8865, rel=1e-4)
    assert wilson(30, 30)[0] == pytest.approx(0.8865, abs=5e-5)


def test_skewed_costs_are_covered_better_than_by_percentiles() -> None:
    # lognormal costs, SD 1 of the logarithm, 90 % successes, n = 30: percentiles of resampled
    # ratios cover 88 %; three errors of simulation are 3.7 points
    rng = np.random.default_rng(1)
    held = 0
    for run in range(300):
        hits = rng.random(30) < 0.9
        usd = rng.lognormal(0, 1, 30)
        found = ratio_of_sums(usd, hits, range(30), seed=run, resamples=400)
        assert found is not None and found.low is not None and found.high is not None
        held += found.low <= math.exp(0.5) / 0.9 <= found.high
    assert held / 300 >= 0.93 - 0.037


def test_nothing_that_varies_leaves_no_width_and_a_lone_stratum_is_known() -> None:
    constant = ratio_of_sums([0.1] * 30, [0.3] * 30, range(30))
    assert constant is not None
    assert constant.low == constant.high == constant.value
    found = ratio_of_sums([5.0] + [1.0] * 10, [2.0] * 11, range(11), strata=["a"] + ["b"] * 10)
    assert found is not None
    assert found.low == pytest.approx(found.value) and found.high == pytest.approx(found.value)


def test_what_is_no_ratio_of_amounts_is_refused() -> None:
    for top, bottom in (([-1.0], [1.0]), ([1.0], [-1.0]), ([1.0, 2.0], [1.0])):
        with pytest.raises(ValueError, match="ratio of sums"):
            ratio_of_sums(top, bottom, range(len(top)))
    with pytest.raises(ValueError, match="missing"):
        ratio_of_sums([math.nan], [1.0], [0])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 100))
def test_units_do_not_matter_and_the_inverse_ratio_mirrors(seed: int, unit: float) -> None:
    rng = np.random.default_rng(seed)
    top, bottom = rng.gamma(1, size=30), rng.gamma(2, size=30)
    strata = np.zeros(30, dtype=np.intp)
    low, high = ratio_bounds(top, bottom, strata, seed=3, resamples=300, level=0.95)
    scaled = ratio_bounds(unit * top, bottom, strata, seed=3, resamples=300, level=0.95)
    assert scaled == pytest.approx((unit * low, unit * high))
    turned = ratio_bounds(bottom, top, strata, seed=3, resamples=300, level=0.95)
    # quantiles that do not interpolate take the neighbouring order statistic on the other side
    assert turned == pytest.approx((1 / high, 1 / low))
