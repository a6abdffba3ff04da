from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evalsuite.analysis.intervals import (
    JEFFREYS_PRIOR,
    Estimate,
    clopper_pearson,
    clustered_mean,
    clustered_standard_error,
    credible_interval,
    effective_n,
    fewest_for_percentile,
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


def test_credible_intervals_are_quantiles_of_the_posterior() -> None:
    # Beta(1, 1), 10 of 10: 0.025^(1/11) and 0.975^(1/11), as bayes_evals has it
    assert credible_interval(10, 10) == pytest.approx((0.7151, 0.9977), abs=5e-5)
    # statsmodels 0.15.0: proportion_confint(method="jeffreys")
    for successes, n, low, high in [
        (9, 10, 0.6186852289333836, 0.9889883262368389),
        (460, 500, 0.8937828632211005, 0.9413747485023882),
        (0, 7, 6.768646424383023e-05, 0.2924361736623099),
    ]:
        found = credible_interval(successes, n, prior=JEFFREYS_PRIOR)
        assert found == pytest.approx((low, high), rel=1e-9)


def test_proportions_refuse_impossible_counts() -> None:
    for interval in (wilson, clopper_pearson, credible_interval):
        for successes, n in [(1, 0), (-1, 3), (4, 3)]:
            with pytest.raises(ValueError, match="successes"):
                interval(successes, n)
        for level in (0.0, 1.0, math.nan):
            with pytest.raises(ValueError, match="level"):
                interval(1, 3, level=level)
    with pytest.raises(ValueError, match="prior"):
        credible_interval(1, 3, prior=(0.0, 1.0))


def covered(interval: Callable[[int, int], tuple[float, float]], n: int, rate: float) -> float:
    """Exact chance that ``interval`` holds ``rate``."""
    counts = np.arange(n + 1)
    bounds = np.array([interval(int(count), n) for count in counts])
    inside = (bounds[:, 0] <= rate) & (rate <= bounds[:, 1])
    return float(stats.binom.pmf(counts, n, rate)[inside].sum())


def test_coverage_of_97_percent_in_30_is_the_published_one() -> None:
    # the reference measurements of this project: Wald .597, Wilson .940, Clopper-Pearson .988
    def wald(successes: int, n: int) -> tuple[float, float]:
        share = successes / n
        half = 1.959964 * math.sqrt(share * (1 - share) / n)
        return share - half, share + half

    assert covered(wald, 30, 0.97) == pytest.approx(0.597, abs=5e-4)
    assert covered(wilson, 30, 0.97) == pytest.approx(0.940, abs=5e-4)
    assert covered(clopper_pearson, 30, 0.97) == pytest.approx(0.988, abs=5e-4)


@pytest.mark.parametrize("rate", [0.03, 0.2, 0.5, 0.8])
def test_clopper_pearson_never_covers_less_than_it_says(rate: float) -> None:
    assert min(covered(clopper_pearson, n, rate) for n in (5, 17, 60)) >= 0.95


counted = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counted, st.sampled_from([0.5, 0.8, 0.95, 0.999]))
def test_intervals_of_a_proportion_are_sane(found: tuple[int, int], level: float) -> None:
    successes, n = found
    for interval in (wilson, clopper_pearson, credible_interval):
        low, high = interval(successes, n, level=level)
        assert 0 <= low < high <= 1
        mirrored = interval(n - successes, n, level=level)
        assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)
        if successes < n:
            above = interval(successes + 1, n, level=level)
            assert low <= above[0] and high <= above[1]
    for interval in (wilson, clopper_pearson):
        low, high = interval(successes, n, level=level)
        assert low <= successes / n <= high


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


def test_unknown_values_are_refused() -> None:
    for call, words in (
        (lambda: clustered_mean([1.0, math.nan], [0, 1]), "missing"),
        (lambda: clustered_mean([1.0, 2.0], [0]), "labels"),
        (lambda: proportion([1, 0.5], [0, 1]), "neither 0 nor 1"),
        (lambda: percentile([1.0, math.inf], 0.5), "missing or infinite"),
        (lambda: percentile([1.0], 1.0), "between 0 and 1"),
        (lambda: clustered_standard_error([[1.0]], [0]), "one-dimensional"),
    ):
        with pytest.raises(ValueError, match=words):
            call()


def test_a_lone_failure_does_not_prove_that_clusters_are_no_matter() -> None:
    # Plain design effect: 10/9 x (0.9^2 + 9 x 0.1^2) / (100 x 0.0099) = 1 / 0.99. It is drawn a
    # quarter of the way (k = 1) to that of clusters which repeat one observation, 10.
    found = effective_n([0] + [1] * 99, np.repeat(range(10), 10))
    effect = 1 / 0.99 + (10 - 1 / 0.99) / 4
    assert found == pytest.approx(100 / effect * (1.959964 / 2.262157) ** 2, rel=1e-5)


def test_coverage_at_the_edge_stays_near_the_aim_where_plain_wald_has_60_percent() -> None:
    rng = np.random.default_rng(7)
    clusters = np.repeat(range(30), 10)
    covered = 0
    for _ in range(400):
        rates = rng.beta(0.97 * 4, 0.03 * 4, size=30)  # intra-cluster correlation 1 / (1 + 4)
        estimate = proportion(rng.random(300) < np.repeat(rates, 10), clusters)
        assert estimate is not None and estimate.low is not None and estimate.high is not None
        covered += estimate.low <= 0.97 <= estimate.high
    assert covered / 400 > 0.93


def test_independent_intervals_of_clustered_answers_cover_far_less() -> None:
    # 30 clusters of 10, intra-cluster correlation 0.2; as measured for this project: 0.74, and 0.94
    rng = np.random.default_rng(8)
    clusters = np.repeat(range(30), 10)
    held = {"clustered": 0, "independent": 0}
    for _ in range(400):
        rates = rng.beta(0.8 * 4, 0.2 * 4, size=30)
        hits = rng.random(300) < np.repeat(rates, 10)
        for name, labels in (("clustered", clusters), ("independent", np.arange(300))):
            estimate = clustered_mean(hits, labels)
            assert estimate is not None and estimate.low is not None and estimate.high is not None
            held[name] += estimate.low <= 0.8 <= estimate.high
    assert held["clustered"] / 400 > 0.92
    assert held["independent"] / 400 < 0.8


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
    apart = ratio_of_sums(costs, [2] * 40, range(40), strata=strata)
    together = ratio_of_sums(costs, [2] * 40, range(40))
    assert apart is not None and together is not None
    assert (apart.low, apart.high) == (2.5, 2.5)
    assert together.low is not None and together.low < 2.5


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


def test_fewest_observations_for_a_percentile_are_the_published_ones() -> None:
    # the reference measurements of this project: one-sided 95 %; and LoadGen's minimum
    # queries of early stopping with one over the limit (mlperf.conf has 662 for the 99th)
    assert [fewest_for_percentile(q) for q in (0.95, 0.99)] == [59, 299]
    assert [fewest_for_percentile(q, confidence=0.99, n_above=1) for q in (0.9, 0.99, 0.999)] == [
        64,
        662,
        6636,
    ]
    for q in (0.0, 1.0):
        with pytest.raises(ValueError, match="between 0 and 1"):
            fewest_for_percentile(q)


@pytest.mark.parametrize(("q", "fewest"), [(0.95, 59), (0.99, 299)])
def test_a_percentile_has_a_one_sided_bound_from_then_on(q: float, fewest: int) -> None:
    before, then = (percentile(range(n), q, level=0.9) for n in (fewest - 1, fewest))
    assert before is not None and before.high is None
    assert then is not None and then.high == fewest - 1


@given(st.integers(2, 400), st.sampled_from([0.1, 0.5, 0.9, 0.95]))
def test_order_statistics_cover_at_least_what_they_say(n: int, q: float) -> None:
    estimate = percentile(range(n), q)
    assert estimate is not None
    if estimate.low is not None and estimate.high is not None:
        # P(X_(l) <= quantile < X_(u)) = P(l <= Binomial(n, q) <= u - 1) for 1-based ranks
        chance = stats.binom.cdf(estimate.high, n, q) - stats.binom.cdf(estimate.low, n, q)
        assert chance >= 0.95


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
