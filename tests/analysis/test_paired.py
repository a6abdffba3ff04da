from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evalsuite.analysis.mcnemar import mcnemar_exact
from evalsuite.analysis.paired import (
    mean_difference,
    paired_difference,
    score_interval,
    sign_flip_p,
)


def outcomes(both: int, only_a: int, only_b: int, neither: int) -> tuple[list[int], list[int]]:
    a = [1] * both + [1] * only_a + [0] * only_b + [0] * neither
    b = [1] * both + [0] * only_a + [1] * only_b + [0] * neither
    return a, b


def test_sign_flips_of_single_samples_are_the_exact_mcnemar_test() -> None:
    # statsmodels' mcnemar(exact=True): (0, 6) .03125 and (5, 15) .0413895
    a, b = outcomes(10, 0, 6, 4)
    assert sign_flip_p(np.subtract(a, b), range(20)) == 0.03125
    a, b = outcomes(40, 5, 15, 40)
    assert sign_flip_p(np.subtract(a, b), range(100)) == pytest.approx(0.0413895, abs=1e-7)
    for alternative in ("greater", "less"):
        assert sign_flip_p(np.subtract(a, b), range(100), alternative=alternative) == pytest.approx(
            mcnemar_exact(5, 15, alternative=alternative), abs=1e-12
        )


def test_a_whole_cluster_flips_together() -> None:
    differences = [1, 1, 1, 1, 1, 1]
    assert sign_flip_p(differences, range(6)) == 2 / 64
    assert sign_flip_p(differences, ["a", "a", "a", "b", "b", "b"]) == 0.5
    assert sign_flip_p([0, 0], range(2)) == 1.0


@pytest.mark.parametrize(
    ("only_a", "only_b", "n", "low", "high"),
    [
        # Bentur (2009) and Cavo (2012) as in Fagerland, Lydersen and Laake, "Statistical Analysis
        # of Contingency Tables" (2017), ch. 8, and the tests of its R package contingencytables
        (1, 7, 21, -0.517, -0.026),
        (6, 16, 161, -0.1240, -0.0054),
        # no disagreement: +- z^2 / (n + z^2)
        (0, 0, 200, -0.018845, 0.018845),
    ],
)
def test_the_score_interval_is_tangos(
    only_a: int, only_b: int, n: int, low: float, high: float
) -> None:
    a, b = outcomes(0, only_a, only_b, n - only_a - only_b)
    estimate = score_interval(a, b, range(n))
    assert estimate.value == pytest.approx((only_a - only_b) / n)
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=5e-4)


def test_the_score_interval_agrees_at_90_percent_with_propcis() -> None:
    # R 4, PropCIs 0.3-0: scoreci.mp(25, 28, 618, 0.90), which takes the second less the first
    a, b = outcomes(0, 28, 25, 618 - 53)
    estimate = score_interval(a, b, range(618), level=0.90)
    assert (estimate.low, estimate.high) == pytest.approx((-0.0148, 0.0247), abs=5e-5)


def test_its_bounds_are_where_the_likelihood_rejects() -> None:
    # The restricted maximum by brute force over the chance of "only B", given the difference.
    only_a, only_b, n, z = 9, 3, 60, 1.959963984540054
    a, b = outcomes(30, only_a, only_b, 18)
    estimate = score_interval(a, b, range(n))
    for bound, sign in ((estimate.low, 1), (estimate.high, -1)):
        assert bound is not None
        q = np.linspace(max(0.0, -bound) + 1e-7, (1 - bound) / 2 - 1e-7, 2_000_001)
        likelihood = (
            only_a * np.log(q + bound)
            + only_b * np.log(q)
            + (n - only_a - only_b) * np.log(1 - 2 * q - bound)
        )
        best = q[likelihood.argmax()]
        variance = n * (2 * best + bound - bound**2)
        assert (only_a - only_b - n * bound) / math.sqrt(variance) == pytest.approx(
            sign * z, abs=1e-4
        )


def test_perfect_agreement_is_not_certainty() -> None:
    found = paired_difference([1] * 50, [1] * 50, range(50))
    assert found is not None
    # z^2 / (n + z^2), as much as Wilson's interval of 0 of 50
    assert found.difference.low == pytest.approx(-0.0713, abs=1e-4)
    assert found.difference.high == pytest.approx(0.0713, abs=1e-4)
    assert found.p_value == 1.0
    assert found.smallest_detectable > 0


def test_the_smallest_detectable_difference_is_the_published_one() -> None:
    # (1.96 + 0.84) sqrt(d / n): 6.3 points for n 200 and discordance 0.1, before the two pairs
    # that the adjustment adds
    a, b = outcomes(150, 10, 10, 30)
    found = paired_difference(a, b, range(200))
    assert found is not None
    assert found.smallest_detectable == pytest.approx(2.8016 * math.sqrt(22 / 202 / 200), abs=1e-4)
    assert found.smallest_detectable == pytest.approx(0.063, abs=0.003)


def test_tasks_weigh_the_same_whatever_their_size() -> None:
    a, b = [1] * 90 + [0] * 10, [0] * 90 + [1] * 10
    found = paired_difference(a, b, range(100), strata=["big"] * 90 + ["small"] * 10)
    assert found is not None
    assert found.difference.value == pytest.approx(0.0)
    assert (found.n_only_a, found.n_only_b) == (90, 10)


def test_no_pairs_no_difference_and_one_cluster_no_interval() -> None:
    assert paired_difference([], [], []) is None
    found = paired_difference([1, 1], [0, 1], ["a", "a"])
    assert found is not None
    assert (found.difference.value, found.difference.low) == (0.5, None)


pairs = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.integers(0, 6)), min_size=1, max_size=50
)


@given(pairs)
def test_swapping_the_systems_mirrors_everything(rows: list[tuple[bool, bool, int]]) -> None:
    a, b, clusters = ([row[i] for row in rows] for i in range(3))
    one, other = paired_difference(a, b, clusters), paired_difference(b, a, clusters)
    assert one is not None and other is not None
    assert one.difference.value == pytest.approx(-other.difference.value)
    assert one.p_value == other.p_value
    if one.difference.low is not None and one.difference.high is not None:
        assert one.difference.low == pytest.approx(-(other.difference.high or 0.0))
        assert -1 <= one.difference.low < one.difference.high <= 1
        assert one.difference.low - 1e-9 <= one.difference.value <= one.difference.high + 1e-9


def test_few_clusters_do_not_alarm_too_often() -> None:
    rng = np.random.default_rng(1)
    clusters = np.repeat(range(20), 5)
    alarms = 0
    for _ in range(200):
        common = np.repeat(rng.random(20), 5)
        a, b = rng.random(100) < common, rng.random(100) < common
        alarms += sign_flip_p(a.astype(float) - b, clusters, seed=2) < 0.05
    assert alarms / 200 < 0.1


def test_sign_flips_of_any_sums_agree_with_scipy() -> None:
    rng = np.random.default_rng(11)
    clusters = np.repeat(range(11), 4)
    values = rng.normal(0.3, 1, size=44)
    sums = np.bincount(clusters, values)
    for alternative in ("two-sided", "greater", "less"):
        theirs = stats.permutation_test(
            (sums,), np.mean, permutation_type="samples", n_resamples=5000, alternative=alternative
        ).pvalue
        ours = sign_flip_p(values, clusters, alternative=alternative)
        # 2^11 < 5000, so scipy enumerates too; it counts its two-sided p as twice the smaller tail
        assert ours == pytest.approx(theirs, abs=1e-12)


def test_random_flips_agree_with_the_exact_distribution() -> None:
    rng = np.random.default_rng(3)
    whole = rng.integers(-6, 9, size=60).astype(float)
    exact = sign_flip_p(whole, range(60))
    # no common step: a distribution has to be drawn
    drawn = sign_flip_p(whole + rng.normal(0, 1e-7, size=60), range(60), seed=5)
    assert drawn == pytest.approx(exact, abs=4 * math.sqrt(exact / 4999))
    assert drawn != exact


def test_sign_flips_take_a_thousand_clusters_exactly_and_soon() -> None:
    differences = np.array([1.0] * 300 + [-1.0] * 240 + [0.0] * 460)
    assert sign_flip_p(differences, range(1000)) == pytest.approx(
        stats.binomtest(300, 540).pvalue, rel=1e-9
    )


def test_jumps_of_one_size_scale_the_interval_of_outcomes() -> None:
    a, b = outcomes(0, 7, 3, 50)
    whole = score_interval(a, b, range(60))
    fifth = score_interval(np.multiply(a, 0.2), np.multiply(b, 0.2), range(60))
    assert whole.low is not None and whole.high is not None
    assert (fifth.low, fifth.high) == pytest.approx((whole.low / 5, whole.high / 5))
    assert "jumps of 0.20" in fifth.method


def test_means_of_repeats_that_hardly_differ_are_covered_where_t_is_not() -> None:
    # 5 % of samples lose 30 points of their success rate; 5 repeats each; 100 samples
    rng = np.random.default_rng(5)
    held = {"ours": 0, "t": 0}
    for _ in range(400):
        flaky = rng.random(100) < 0.05
        then = rng.binomial(5, np.where(flaky, 0.5, 1.0)) / 5
        now = rng.binomial(5, np.where(flaky, 0.2, 1.0)) / 5
        ours = mean_difference(now, then, range(100))
        assert ours is not None and ours.low is not None and ours.high is not None
        held["ours"] += ours.low <= -0.015 <= ours.high
        theirs = stats.ttest_rel(now, then).confidence_interval()
        held["t"] += theirs.low <= -0.015 <= theirs.high
    assert held["ours"] / 400 > 0.92
    assert held["t"] / 400 < 0.9


def test_any_scores_have_a_clustered_t_interval() -> None:
    rng = np.random.default_rng(8)
    a, b = rng.random(40), rng.random(40)
    found = mean_difference(a, b, range(40))
    theirs = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))


def test_identical_scores_are_as_uncertain_as_ties_and_a_constant_shift_is_unknown() -> None:
    same = mean_difference([0.25] * 50, [0.25] * 50, range(50))
    shifted = mean_difference([0.5] * 50, [0.25] * 50, range(50))
    outside = mean_difference([7.0] * 50, [7.0] * 50, range(50))
    assert same is not None and shifted is not None and outside is not None
    assert same.high == pytest.approx(0.0713, abs=1e-4)
    for found in (shifted, outside):
        assert (found.low, found.high) == (None, None)
        assert "nothing varies" in found.method


def test_what_cannot_be_compared_is_refused() -> None:
    for a, b, clusters, words in (
        ([1, 0], [1], range(2), "both sides"),
        ([1, 0.5], [1, 0], range(2), "neither 0 nor 1"),
        ([1, math.nan], [1, 0], range(2), "missing"),
        ([1, 0], [1, 0], range(3), "labels"),
    ):
        with pytest.raises(ValueError, match=words):
            paired_difference(a, b, clusters)
    with pytest.raises(ValueError, match="two strata"):
        paired_difference([1, 0], [0, 0], ["x", "x"], strata=["s", "t"])
    with pytest.raises(ValueError, match="alternative"):
        sign_flip_p([1.0], [0], alternative="smaller")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one pair"):
        score_interval([], [], [])
    with pytest.raises(ValueError, match=r"0\.\.1"):
        score_interval([2.0], [0.0], [0])
    with pytest.raises(ValueError, match="level"):
        score_interval([1, 0], [0, 1], range(2), level=1.0)


@given(pairs, st.randoms(use_true_random=False))
def test_the_order_of_samples_does_not_matter(
    rows: list[tuple[bool, bool, int]], random: object
) -> None:
    shuffled = rows.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (
        paired_difference(*([row[i] for row in items] for i in range(3)))
        for items in (rows, shuffled)
    )
    assert one is not None and other is not None
    assert one.p_value == other.p_value
    assert one.difference.low == (
        None if other.difference.low is None else pytest.approx(other.difference.low)
    )


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 40))
def test_a_wider_level_gives_a_wider_interval(only_a: int, only_b: int, ties: int) -> None:
    a, b = outcomes(0, only_a, only_b, ties)
    narrow, wide = (score_interval(a, b, range(len(a)), level=level) for level in (0.8, 0.99))
    assert narrow.low is not None and wide.low is not None
    assert narrow.high is not None and wide.high is not None
    assert -1 <= wide.low < narrow.low <= narrow.value <= narrow.high <= wide.high <= 1
