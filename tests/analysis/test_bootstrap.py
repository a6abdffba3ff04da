from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evalsuite.analysis.bootstrap import bca, bca_mean_difference
from evalsuite.analysis.clusters import Floats


def mean_of(totals: Floats) -> Floats:
    return np.asarray(totals[..., 0].sum(axis=-1) / totals[..., 1].sum(axis=-1))


def with_ones(values: Floats) -> Floats:
    return np.column_stack([values, np.ones(len(values))])


@pytest.mark.parametrize("seed", [0, 1])
def test_bca_of_a_skewed_mean_is_scipys(seed: int) -> None:
    values = np.random.default_rng(seed).lognormal(size=60)
    ours = bca(with_ones(values), mean_of, range(60), resamples=20_000)
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="BCa", random_state=seed
    ).confidence_interval
    assert ours is not None and ours.low is not None and ours.high is not None
    width = ours.high - ours.low
    # two draws of 20,000 resamples: their tails differ by about 2 % of the width
    assert ours.low == pytest.approx(theirs.low, abs=0.05 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.05 * width)
    # skewed to the right, so it reaches further up than down
    assert ours.high - ours.value > ours.value - ours.low


def test_whole_clusters_are_redrawn() -> None:
    values = np.random.default_rng(2).normal(size=30)
    once = bca(with_ones(values), mean_of, range(30))
    repeated = bca(with_ones(np.repeat(values, 5)), mean_of, np.repeat(range(30), 5))
    assert once is not None and repeated is not None
    assert (repeated.low, repeated.high) == pytest.approx((once.low, once.high))


def test_strata_are_redrawn_apart_and_weigh_the_same() -> None:
    rng = np.random.default_rng(3)
    big, small = rng.normal(0, 0.1, 90), rng.normal(5, 0.1, 10)
    found = bca_mean_difference(
        np.concatenate([big, small]), np.zeros(100), range(100), strata=["b"] * 90 + ["s"] * 10
    )
    assert found is not None and found.low is not None and found.high is not None
    assert found.value == pytest.approx((big.mean() + small.mean()) / 2)
    assert found.high - found.low < 0.15  # between the strata nothing is resampled


def test_f1_is_a_function_of_sums() -> None:
    rng = np.random.default_rng(4)
    columns = rng.poisson([4, 1, 1], size=(50, 3)).astype(float)  # hits, spurious, missed

    def f1(totals: Floats) -> Floats:
        hits, spurious, missed = np.moveaxis(totals.sum(axis=-2), -1, 0)
        return np.asarray(2 * hits / (2 * hits + spurious + missed))

    found = bca(columns, f1, range(50))
    hits, spurious, missed = columns.sum(axis=0)
    assert found is not None and found.low is not None and found.high is not None
    assert found.value == pytest.approx(2 * hits / (2 * hits + spurious + missed))
    assert 0.7 < found.low < found.value < found.high < 0.9


def test_what_a_bootstrap_cannot_show_has_no_bounds() -> None:
    few = bca(with_ones(np.arange(7.0)), mean_of, range(7))
    constant = bca(with_ones(np.ones(20)), mean_of, range(20))
    lone = bca(with_ones(np.arange(20.0)), mean_of, range(20), strata=["a"] * 19 + ["b"])
    undefined = bca(
        np.column_stack([np.ones(10), [1.0] + [0.0] * 9]),
        lambda totals: np.where(
            totals[..., 0, 1] > 0, totals[..., 0, 0] / np.maximum(totals[..., 0, 1], 1), math.nan
        ),
        range(10),
    )
    for found, words in (
        (few, "too small"),
        (constant, "nothing varies"),
        (lone, "too small"),
        (undefined, "undefined"),
    ):
        assert found is not None
        assert (found.low, found.high) == (None, None)
        assert words in found.method
    assert bca(np.zeros((0, 2)), mean_of, []) is None


def test_unknown_values_are_refused() -> None:
    for columns in ([[1.0, math.nan]], [1.0, 2.0]):
        with pytest.raises(ValueError, match="table"):
            bca(columns, mean_of, [0] * len(columns))
    with pytest.raises(ValueError, match="both sides"):
        bca_mean_difference([1.0, 2.0], [1.0], [0, 1])
    with pytest.raises(ValueError, match="two strata"):
        bca_mean_difference([1.0, 2.0], [1.0, 1.0], [0, 0], strata=[0, 1])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_swapping_mirrors_and_order_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.gamma(1, size=20), rng.gamma(1, size=20)
    order = rng.permutation(20)
    one = bca_mean_difference(a, b, range(20), resamples=400)
    same = bca_mean_difference(a[order], b[order], order, resamples=400)
    swapped = bca_mean_difference(b, a, range(20), resamples=400)
    assert one is not None and same is not None and swapped is not None
    assert (one.low, one.high) == pytest.approx((same.low, same.high))
    assert one.low is not None and swapped.high is not None
    assert one.low == pytest.approx(-swapped.high)
