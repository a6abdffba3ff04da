"""Figures over very many clusters: groups of them are redrawn, and nothing comes out otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsuite.analysis import clusters as module
from evalsuite.analysis.bootstrap import bca
from evalsuite.analysis.clusters import (
    MOST_CLUSTERS,
    cluster_codes,
    distinct,
    resampled_totals,
    units,
)
from evalsuite.analysis.intervals import Estimate, percentile, ratio_of_sums

MANY = 3 * MOST_CLUSTERS


def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on every cluster is redrawn by itself, however many there are."""
    monkeypatch.setattr(module, "MOST_CLUSTERS", 10**9)


def width(estimate: Estimate | None) -> float:
    assert estimate is not None and estimate.low is not None and estimate.high is not None
    return estimate.high - estimate.low


def test_few_clusters_are_redrawn_one_by_one_as_ever() -> None:
    rng = np.random.default_rng(1)
    sums, strata = rng.random((90, 2)), np.repeat([0, 1], [30, 60])
    totals = resampled_totals(sums, strata, seed=5, resamples=200)
    drawing = np.random.default_rng(5)
    for stratum, size in ((0, 30), (1, 60)):
        drawn = drawing.integers(0, size, size=(200, size), dtype=np.int32)
        expected = sums[strata == stratum][drawn].sum(axis=1)
        np.testing.assert_allclose(totals[:, stratum], expected, rtol=1e-12)


def test_groups_hold_every_cluster_once_within_its_stratum() -> None:
    rng = np.random.default_rng(2)
    strata = rng.integers(0, 3, MANY)
    columns = np.column_stack([np.ones(MANY), strata == 1, rng.random(MANY)])
    sums, cells, of_cell = units(columns, strata, seed=0)
    assert len(sums) == len(cells) < 1100
    np.testing.assert_allclose(sums.sum(axis=0), columns.sum(axis=0))
    of_unit = of_cell[cells]
    np.testing.assert_array_equal(sums[:, 1] > 0, of_unit == 1)  # no group spans two strata
    for cell in np.unique(cells):
        assert len(np.unique(sums[cells == cell, 0])) == 1  # groups of one size


def test_a_small_stratum_beside_large_ones_keeps_its_clusters() -> None:
    strata = np.repeat([0, 1], [MANY, 40])
    _, cells, of_cell = units(np.ones((MANY + 40, 1)), strata, seed=0)
    assert int((of_cell[cells] == 1).sum()) == 40


def test_every_resample_has_as_many_clusters() -> None:
    strata = np.repeat([0, 1], [MANY - 37, 5003])
    totals = resampled_totals(np.ones((len(strata), 1)), strata, seed=0, resamples=100)
    np.testing.assert_array_equal(totals[:, :, 0], np.tile([MANY - 37, 5003], (100, 1)))


def test_totals_have_the_moments_of_redrawn_clusters() -> None:
    rng = np.random.default_rng(3)
    costs = rng.lognormal(0.0, 1.0, MANY)
    totals = resampled_totals(costs[:, None], np.zeros(MANY, int), seed=0, resamples=20_000)
    found = totals[:, 0, 0]
    spread = costs.std() * np.sqrt(MANY)
    # A total of n redrawn values has n times their variance, and their skewness over sqrt(n).
    assert found.mean() == pytest.approx(costs.sum(), abs=4 * spread / np.sqrt(20_000))
    assert found.std() == pytest.approx(spread, rel=0.1)
    skewness = (((costs - costs.mean()) / costs.std()) ** 3).mean() / np.sqrt(MANY)
    assert (((found - found.mean()) / found.std()) ** 3).mean() == pytest.approx(skewness, abs=0.1)


def test_intervals_of_ratios_stay_what_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    strata = np.repeat(["a", "b", "c"], MANY // 3)
    usd = rng.lognormal(-6, 1, MANY) * np.repeat([1, 4, 2], MANY // 3)
    hits = (rng.random(MANY) < 0.7).astype(float)

    def widths() -> list[float]:
        return [
            width(ratio_of_sums(usd, hits, np.arange(MANY), strata=strata, seed=seed))
            for seed in range(12)
        ]

    grouped = np.array(widths())
    one_by_one(monkeypatch)
    single = np.array(widths())
    error = np.hypot(grouped.std(), single.std()) / np.sqrt(12)
    assert grouped.mean() == pytest.approx(single.mean(), abs=4 * error)
    assert grouped.mean() == pytest.approx(single.mean(), rel=0.05)


def test_corrected_intervals_stay_what_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    counts = rng.poisson([4, 1, 1], size=(MANY, 3)) * rng.lognormal(0, 0.7, (MANY, 1))

    def f1(totals: np.ndarray) -> np.ndarray:
        hits, spurious, missed = np.moveaxis(totals.sum(axis=-2), -1, 0)
        return np.asarray(2 * hits / (2 * hits + spurious + missed))

    def intervals() -> list[Estimate | None]:
        return [bca(counts, f1, np.arange(MANY), seed=seed, resamples=1000) for seed in range(8)]

    grouped = intervals()
    one_by_one(monkeypatch)
    single = intervals()
    assert {item.value for item in grouped if item} == {item.value for item in single if item}
    ours, theirs = (np.array([width(item) for item in found]) for found in (grouped, single))
    error = np.hypot(ours.std(), theirs.std()) / np.sqrt(8)
    assert ours.mean() == pytest.approx(theirs.mean(), abs=4 * error)


def test_the_order_of_rows_does_not_matter_to_groups() -> None:
    rng = np.random.default_rng(7)
    usd, labels = rng.lognormal(size=MANY), np.arange(MANY)
    order = rng.permutation(MANY)
    one = ratio_of_sums(usd, np.ones(MANY), labels, seed=3)
    other = ratio_of_sums(usd[order], np.ones(MANY), labels[order], seed=3)
    assert one is not None and other is not None
    assert one.low == pytest.approx(other.low) and one.high == pytest.approx(other.high)


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=60), st.integers(1, 10**12))
def test_whole_numbers_are_labels_as_any(labels: list[int], apart: int) -> None:
    for given_labels in (labels, [label * apart for label in labels]):
        codes, n = cluster_codes(np.array(given_labels))
        kinds, expected = np.unique(given_labels, return_inverse=True)
        assert n == len(kinds)
        np.testing.assert_array_equal(codes, expected)


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0, 0.5, 1e9]), max_size=30))
def test_distinct_values_and_their_counts(values: list[float]) -> None:
    found = distinct(np.array(values))
    for ours, theirs in zip(found, np.unique(values, return_counts=True), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@given(st.integers(1, 20_000), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
@settings(max_examples=60, deadline=None)
def test_percentiles_of_many_values_have_the_bounds_of_all_ranks(n: int, q: float) -> None:
    from scipy.special import bdtr

    below = bdtr(np.arange(n), n, q)
    lower = int(np.searchsorted(below, 0.025, side="right"))
    upper = int(np.searchsorted(below, 0.975, side="left")) + 1
    found = percentile(np.arange(1, n + 1), q)
    assert found is not None
    assert found.low == (lower if lower >= 1 else None)
    assert found.high == (upper if upper <= n else None)
