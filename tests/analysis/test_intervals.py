from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsuite.analysis.intervals import (
    Estimate,
    clopper_pearson,
    clustered_mean,
    clustered_standard_error,
    effective_n,
    percentile,
    proportion,
    ratio_of_sums,
    stratified,
    wilson,
)

# statsmodels.stats.proportion.proportion_confint, to four digits
WILSON = [(10, 10, 0.7225, 1.0), (9, 10, 0.5958, 0.9821), (4, 5, 0.3755, 0.9638)]
# four clusters of unequal size; inspect_ai's std.py and statsmodels' cluster-robust errors
CLUSTERS = [0, 0, 0, 1, 1, 2, 2, 2, 2, 3]
VALUES = [1, 1, 0, 0, 0, 1, 0, 1, 1, 1]

labelled = st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=1, max_size=60)


@pytest.mark.parametrize(("successes", "n", "low", "high"), [*WILSON, (460, 500, 0.8929, 0.9407)])
def test_wilson_agrees_with_statsmodels(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


def test_clopper_pearson_agrees_with_statsmodels() -> None:
    assert clopper_pearson(10, 10) == pytest.approx((0.6915, 1.0), abs=5e-5)
    assert clopper_pearson(0, 10) == pytest.approx((0.0, 1 - 0.6915), abs=5e-5)


def test_proportions_refuse_impossible_counts() -> None:
    for successes, n in [(1, 0), (-1, 3), (4, 3)]:
        with pytest.raises(ValueError, match="successes"):
            wilson(successes, n)
        with pytest.raises(ValueError, match="successes"):
            clopper_pearson(successes, n)


def test_clustered_standard_error_agrees_with_inspect_and_statsmodels() -> None:
    plain = clustered_standard_error(VALUES, CLUSTERS, corrected=False)
    assert plain == pytest.approx(0.1414214, abs=1e-7)
    assert clustered_standard_error(VALUES, CLUSTERS) == pytest.approx(0.1632993, abs=1e-7)


def test_clustered_mean_uses_t_with_one_degree_less_than_clusters() -> None:
    estimate = clustered_mean(VALUES, CLUSTERS)
    assert estimate is not None and estimate.high is not None
    assert estimate.value == pytest.approx(0.6)
    assert estimate.high - estimate.value == pytest.approx(3.182446 * 0.1632993, abs=1e-5)


def test_one_cluster_has_a_value_and_no_interval() -> None:
    for estimate in (proportion([1, 0, 1], ["a"] * 3), clustered_mean([1, 0, 1], ["a"] * 3)):
        assert estimate is not None
        assert (estimate.low, estimate.high) == (None, None)
        assert estimate.value == pytest.approx(2 / 3)


def test_nothing_gives_nothing() -> None:
    assert proportion([], []) is None
    assert clustered_mean([], []) is None
    assert ratio_of_sums([], [], []) is None
    assert percentile([], 0.5) is None
    with pytest.raises(ValueError, match="at least one part"):
        stratified([], [])


def test_a_proportion_of_single_samples_is_wilson() -> None:
    estimate = proportion([1] * 9 + [0], range(10))
    assert estimate is not None
    assert (estimate.low, estimate.high) == wilson(9, 10)


def test_all_right_in_clusters_counts_clusters_and_not_samples() -> None:
    alike = proportion([1] * 100, np.repeat(range(10), 10))
    independent = proportion([1] * 100, range(100))
    assert alike is not None and independent is not None
    assert alike.low is not None and independent.low is not None
    assert alike.low < wilson(10, 10)[0] < independent.low
    assert alike.high == 1.0


def test_effective_n_of_repeated_answers_is_the_number_of_clusters_before_the_t_correction() -> (
    None
):
    many = np.repeat(range(1000), 3)
    repeated = np.repeat([1, 0] * 500, 3)
    # every cluster repeats one observation: design effect 3, and t(999) is nearly normal
    assert effective_n(repeated, many) == pytest.approx(1000, rel=0.01)


def test_coverage_at_the_edge_stays_near_the_aim_where_plain_wald_has_60_percent() -> None:
    rng = np.random.default_rng(7)
    clusters = np.repeat(range(30), 10)
    covered = 0
    for _ in range(400):
        rates = rng.beta(0.97 * 4, 0.03 * 4, size=30)  # intra-cluster correlation 1 / (1 + 4)
        estimate = proportion(rng.random(300) < np.repeat(rates, 10), clusters)
        assert estimate is not None and estimate.low is not None and estimate.high is not None
        covered += estimate.low <= 0.97 <= estimate.high
    assert covered / 400 > 0.9


@given(labelled)
def test_a_proportion_lies_in_its_interval_which_has_width(rows: list[tuple[bool, int]]) -> None:
    estimate = proportion([right for right, _ in rows], [cluster for _, cluster in rows])
    assert estimate is not None
    if estimate.low is not None and estimate.high is not None:
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
        assert estimate.low < estimate.high


@given(labelled, st.randoms(use_true_random=False))
def test_order_does_not_matter(rows: list[tuple[bool, int]], random: object) -> None:
    shuffled = rows.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    def both(items: list[tuple[bool, int]]) -> tuple[Estimate | None, Estimate | None]:
        right, cluster = [item[0] for item in items], [item[1] for item in items]
        return proportion(right, cluster), ratio_of_sums(
            [1.0] * len(items), right, cluster, resamples=50
        )

    for first, second in zip(both(rows), both(shuffled), strict=True):
        assert first is not None and second is not None
        for name in ("value", "low", "high"):
            a, b = getattr(first, name), getattr(second, name)
            assert a == b or a == pytest.approx(b)


def test_strata_combine_by_square_and_add() -> None:
    first = Estimate(value=0.5, low=0.4, high=0.7, n=10, method="")
    second = Estimate(value=0.9, low=0.8, high=0.95, n=30, method="")
    both = stratified([first, second], [1, 1])
    assert both.value == pytest.approx(0.7)
    assert both.low == pytest.approx(0.7 - math.hypot(0.05, 0.05))
    assert both.high == pytest.approx(0.7 + math.hypot(0.1, 0.025))
    assert both.n == 40
    assert stratified([first, second], [10, 30]).value == pytest.approx(0.8)
    unbounded = Estimate(value=0.9, low=None, high=None, n=1, method="")
    assert stratified([first, unbounded], [1, 1]).low is None
    assert stratified([first], [3]) is first


def test_cost_per_success_divides_everything_spent_by_the_successes() -> None:
    estimate = ratio_of_sums([0.25] * 40, [1, 0] * 20, range(40), seed=3)
    assert estimate is not None and estimate.low is not None and estimate.high is not None
    assert estimate.value == pytest.approx(0.5)
    assert estimate.low < 0.5 < estimate.high
    assert estimate == ratio_of_sums([0.25] * 40, [1, 0] * 20, range(40), seed=3)


def test_no_success_costs_infinitely_much() -> None:
    estimate = ratio_of_sums([1.0] * 10, [0] * 10, range(10))
    assert estimate is not None
    assert (estimate.value, estimate.low, estimate.high) == (math.inf, None, None)


def test_hardly_any_success_leaves_no_upper_bound() -> None:
    estimate = ratio_of_sums([1.0] * 10, [1] + [0] * 9, range(10))
    assert estimate is not None
    assert estimate.value == 10
    assert estimate.high == math.inf


def test_a_bootstrap_needs_five_clusters() -> None:
    four, five = (ratio_of_sums([1.0] * n, [1] * n, range(n)) for n in (4, 5))
    assert four is not None and four.low is None and "too small" in four.method
    assert five is not None and five.low == 1.0


def test_strata_are_redrawn_apart() -> None:
    # within each stratum nothing varies, so resampling inside strata cannot move the ratio
    costs, strata = [1.0] * 20 + [9.0] * 20, ["a"] * 20 + ["b"] * 20
    apart = ratio_of_sums(costs, [1] * 40, range(40), strata=strata)
    together = ratio_of_sums(costs, [1] * 40, range(40))
    assert apart is not None and together is not None
    assert (apart.low, apart.high) == (5.0, 5.0)
    assert together.low is not None and together.low < 5.0


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 10), st.booleans()), min_size=5, max_size=40))
def test_a_ratio_lies_in_its_interval(rows: list[tuple[float, bool]]) -> None:
    estimate = ratio_of_sums(
        [usd for usd, _ in rows], [right for _, right in rows], range(len(rows)), resamples=60
    )
    assert estimate is not None
    if estimate.low is not None and estimate.high is not None:
        assert estimate.low <= estimate.value <= estimate.high


def test_percentiles_of_100_have_the_published_ranks() -> None:
    # ranks (90, 100) bracket the 95th percentile of 100; the 99th has no upper bound
    values = np.arange(1, 101)
    p95, p99 = percentile(values, 0.95), percentile(values, 0.99)
    assert p95 is not None and p99 is not None
    assert (p95.value, p95.low, p95.high) == (96, 90, 100)
    assert p99.high is None and "too small" in p99.method


def test_a_median_of_few_has_no_interval() -> None:
    # for 5 values even the extremes bracket the median with only 1 - 2/32 = 93.75 %
    five, six = percentile([3, 1, 2, 5, 4], 0.5), percentile(range(6), 0.5)
    assert five is not None and (five.value, five.low, five.high) == (3, None, None)
    assert six is not None and (six.low, six.high) == (0, 5)


@given(st.lists(st.floats(0.001, 1e3), min_size=1, max_size=80), st.sampled_from([0.5, 0.9, 0.95]))
def test_a_percentile_lies_in_its_interval(values: list[float], q: float) -> None:
    estimate = percentile(values, q)
    assert estimate is not None and estimate.value in values
    assert estimate.low is None or estimate.low <= estimate.value
    assert estimate.high is None or estimate.value <= estimate.high
