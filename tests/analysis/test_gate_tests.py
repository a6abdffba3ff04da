from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evalsuite.analysis.gate_tests import cost_test, latency_test, share_spread, share_test

ALPHA = 0.05


def test_a_lost_share_has_the_one_sided_exact_p_value() -> None:
    # 6 of 20 lost, none gained: one-sided exact McNemar (sign test) is 2^-6
    found = share_test([1] * 20, [0] * 6 + [1] * 14, range(20), alpha=ALPHA)
    assert found is not None
    assert found.p_value == 2**-6
    assert found.change.value == pytest.approx(-0.3)
    assert found.loss.value == pytest.approx(0.3)
    assert found.loss.low is not None and 0 < found.loss.low < 0.3 < (found.loss.high or 0)
    assert (found.baseline, found.run) == (1.0, 0.7)


def test_a_gain_is_no_loss() -> None:
    found = share_test([0] * 6 + [1] * 14, [1] * 20, range(20), alpha=ALPHA)
    assert found is not None
    assert found.p_value == 1.0  # every flip of the signs is at most as good
    assert not found.shows_loss(found.p_value, min_effect=0.0, alpha=ALPHA)
    assert found.loss.value == pytest.approx(-0.3)


def test_whole_clusters_are_one_piece_of_evidence() -> None:
    then, now = [1.0] * 20, [0.0] * 6 + [1.0] * 14
    apart = share_test(then, now, range(20), alpha=ALPHA)
    together = share_test(then, now, ["a"] * 6 + [f"b{i}" for i in range(14)], alpha=ALPHA)
    assert apart is not None and together is not None
    assert together.p_value == 0.5  # one cluster differs: one coin
    assert together.n_clusters == 15


def test_nothing_differs_is_not_certainty() -> None:
    found = share_test([1.0, 0.0] * 25, [1.0, 0.0] * 25, range(50), alpha=ALPHA)
    assert found is not None
    assert not found.can_fail and found.p_value == 1.0
    assert found.loss.high is not None and found.loss.high > 0.02
    assert not found.shows_within(0.02)
    # (z.95 + z.80)^2 x 2 / 52 / 0.02^2: two pairs added to 50 that agree
    assert found.samples_needed(0.02, alpha=ALPHA) == math.ceil(6.182557 * 2 / 52 / 0.0004)


def test_samples_needed_by_hand() -> None:
    # differences of +-1/2 in half of 100 samples: variance about 1/8
    then = np.array([0.5] * 100)
    now = np.array([1.0] * 25 + [0.0] * 25 + [0.5] * 50)
    found = share_test(then, now, range(100), alpha=ALPHA)
    assert found is not None
    spread = max(12.5 / 99, (12.5 + 2) / 102)
    assert found.spread == pytest.approx(spread)
    assert found.samples_needed(0.05, alpha=ALPHA) == math.ceil(6.182557 * spread / 0.0025)


def test_the_rule_needs_proof_and_size() -> None:
    found = share_test([1] * 20, [0] * 6 + [1] * 14, range(20), alpha=ALPHA)
    assert found is not None
    assert found.shows_loss(found.p_value, min_effect=0.01, alpha=ALPHA)
    assert not found.shows_loss(0.06, min_effect=0.01, alpha=ALPHA)
    assert not found.shows_loss(found.p_value, min_effect=0.31, alpha=ALPHA)


def test_cost_per_success_is_a_ratio_of_ratios() -> None:
    usd_then, usd_now = [1.0, 2.0, 3.0, 2.0], [2.0, 3.0, 4.0, 3.0]
    found = cost_test(usd_then, [1, 1, 1, 1], usd_now, [1, 0, 1, 1], range(4), alpha=ALPHA)
    assert found is not None
    assert found.baseline == 2.0 and found.run == 4.0
    assert found.change.value == pytest.approx(2.0)
    # by hand: influence = u'/3 - h'/.75 - u/2 + h
    influence = np.array(usd_now) / 3 - np.array([1, 0, 1, 1]) / 0.75 - np.array(usd_then) / 2 + 1
    error = math.sqrt(4 / 3 * np.square(influence - influence.mean()).sum()) / 4
    half = stats.t.ppf(1 - ALPHA, 3) * error
    assert found.change.low == pytest.approx(2 * math.exp(-half))
    assert found.change.high == pytest.approx(2 * math.exp(half))
    assert found.p_value == pytest.approx(stats.t.sf(math.log(2) / error, 3))


def test_cost_agrees_with_a_bootstrap() -> None:
    rng = np.random.default_rng(3)
    n = 300
    usd_then, usd_now = rng.gamma(3, 1, n), rng.gamma(3, 1.1, n)
    hits_then, hits_now = rng.random(n) < 0.8, rng.random(n) < 0.75
    found = cost_test(usd_then, hits_then, usd_now, hits_now, range(n), alpha=ALPHA)
    assert found is not None
    drawn = rng.integers(0, n, (4000, n))
    ratios = (usd_now[drawn].sum(1) / hits_now[drawn].sum(1)) / (
        usd_then[drawn].sum(1) / hits_then[drawn].sum(1)
    )
    low, high = np.quantile(ratios, [ALPHA, 1 - ALPHA])
    assert found.change.low == pytest.approx(low, abs=0.015)
    assert found.change.high == pytest.approx(high, abs=0.015)


def test_a_price_that_doubled_needs_no_statistics() -> None:
    usd = np.array([1.0, 2.0, 3.0])
    found = cost_test(usd, [1, 0, 1], 2 * usd, [1, 0, 1], range(3), alpha=ALPHA)
    assert found is not None
    assert found.p_value == 0.0 and found.change.low == pytest.approx(2.0)
    assert found.shows_loss(0.0, min_effect=0.05, alpha=ALPHA)


@pytest.mark.parametrize("usd, hits", [([0.0, 0.0], [1, 1]), ([1.0, 1.0], [0, 0])])
def test_no_dollars_or_no_success_is_no_ratio(usd: list[float], hits: list[int]) -> None:
    assert cost_test([1.0, 1.0], [1, 1], usd, hits, range(2), alpha=ALPHA) is None
    assert cost_test(usd, hits, [1.0, 1.0], [1, 1], range(2), alpha=ALPHA) is None


def test_latency_is_a_ratio_of_geometric_means() -> None:
    found = latency_test([1.0, 4.0], [2.0, 8.0], range(2), alpha=ALPHA)
    assert found is not None
    assert (found.baseline, found.run) == pytest.approx((2.0, 4.0))
    assert found.change.value == pytest.approx(2.0)
    slower = np.log([1.5, 1.1, 1.3, 1.2])
    found = latency_test(np.ones(4), np.exp(slower), range(4), alpha=ALPHA)
    oracle = stats.ttest_1samp(slower, 0, alternative="greater")
    assert found is not None and found.p_value == pytest.approx(oracle.pvalue)


def test_one_cluster_shows_nothing() -> None:
    assert share_spread(np.array([0.5, -0.5]), ["a", "a"]) is None
    found = latency_test([1.0, 1.0], [2.0, 2.5], ["a", "a"], alpha=ALPHA)
    assert found is not None
    assert not found.can_fail and found.change.low is None and found.p_value == 1.0
    assert not found.shows_within(10.0)


def test_a_missing_value_is_refused() -> None:
    with pytest.raises(ValueError, match="missing"):
        share_test([1.0, math.nan], [1.0, 1.0], range(2), alpha=ALPHA)
    with pytest.raises(ValueError, match="above 0"):
        latency_test([1.0, 0.0], [1.0, 1.0], range(2), alpha=ALPHA)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40),
    st.randoms(use_true_random=False),
)
def test_order_does_not_matter_and_losing_more_never_looks_better(
    pairs: list[tuple[int, int]], shuffler: object
) -> None:
    then = np.array([pair[0] for pair in pairs]) / 3
    now = np.array([pair[1] for pair in pairs]) / 3
    found = share_test(then, now, range(len(pairs)), alpha=ALPHA)
    order = list(range(len(pairs)))
    shuffler.shuffle(order)  # type: ignore[attr-defined]
    again = share_test(then[order], now[order], np.arange(len(pairs))[order], alpha=ALPHA)
    assert found is not None and again is not None
    assert again.p_value == pytest.approx(found.p_value)
    assert again.change.value == pytest.approx(found.change.value)
    worse = np.maximum(now - 1 / 3, 0)
    lower = share_test(then, worse, range(len(pairs)), alpha=ALPHA)
    assert lower is not None and lower.loss.value >= found.loss.value - 1e-12


def test_the_false_alarm_rate_of_an_unchanged_sampled_system_is_kept() -> None:
    """200 suites of 120 samples in 30 clusters, 5 answers then and 2 now: at most 5 % blamed."""
    rng = np.random.default_rng(11)
    blamed = 0
    clusters = np.repeat(np.arange(30), 4)
    for _ in range(200):
        rates = rng.beta(0.6, 0.3, 120)
        then, now = (rng.binomial(k, rates) / k for k in (5, 2))
        found = share_test(then, now, clusters, alpha=ALPHA)
        assert found is not None
        blamed += found.shows_loss(found.p_value, min_effect=0.01, alpha=ALPHA)
    assert blamed <= stats.binom.ppf(0.999, 200, ALPHA)
