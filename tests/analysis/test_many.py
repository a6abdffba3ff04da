from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evalsuite.analysis.many import (
    block_means,
    compare_many,
    friedman,
    indistinguishable_groups,
    wilcoxon_signed_rank,
)

# critdd's tests (mirkobunse/critdd, critdd/tests/stats.py); there, low is good
CATALYSTS = np.array(
    [[84.5, 78.4, 83.1], [82.8, 79.1, 79.9], [79.1, 78.0, 77.8], [80.2, 76.0, 77.9]]
)
TREES = np.array([[6, 4, 3, 3], [4, 3, 3, 2], [4, 2, 1, 1], [2, 1, 2, 1]], dtype=float).T


@pytest.mark.parametrize(
    ("scores", "chi_square"), [(CATALYSTS, 6.5), (CATALYSTS.T, 7.4), (TREES, 9.525)]
)
def test_friedman_is_critdds(scores: np.ndarray, chi_square: float) -> None:
    found = friedman(-scores)
    assert found.chi_square_uncorrected == pytest.approx(chi_square)
    assert (found.n_blocks, found.n_systems) == scores.shape
    theirs = stats.friedmanchisquare(*scores.T)  # scipy corrects for ties
    assert found.chi_square == pytest.approx(theirs.statistic)
    assert found.chi_square_p == pytest.approx(theirs.pvalue)


def test_iman_and_davenports_f_by_hand() -> None:
    # (n - 1) chi2 / (n (k - 1) - chi2) = 3 x 6.5 / (8 - 6.5) = 13, on (2, 6) degrees of freedom
    found = friedman(CATALYSTS)
    assert found.f == pytest.approx(13.0)
    assert found.f_p == pytest.approx(float(stats.f.sf(13.0, 2, 6)))
    assert found.average_ranks == pytest.approx((1.0, 2.75, 2.25))
    # F of ranks is the F of a two-way analysis of variance of them
    ranks = stats.rankdata(-TREES, axis=1)
    rows, columns = ranks.mean(axis=1, keepdims=True), ranks.mean(axis=0, keepdims=True)
    between = 4 * np.square(columns - 2.5).sum() / 3
    residual = np.square(ranks - rows - columns + 2.5).sum() / 9
    assert friedman(TREES).f == pytest.approx(between / residual)


def test_friedman_of_outcomes_is_cochrans_q() -> None:
    # statsmodels 0.15.0: contingency_tables.cochrans_q
    hits = np.array(
        [
            [1, 1, 0],
            [1, 0, 0],
            [1, 1, 1],
            [0, 0, 0],
            [1, 1, 0],
            [1, 0, 1],
            [1, 1, 0],
            [0, 1, 0],
        ]
    )
    found = friedman(hits)
    assert found.chi_square == pytest.approx(4.333333333333333)
    assert found.chi_square_p == pytest.approx(0.11455884399268772)


def test_friedmans_ends() -> None:
    alike = friedman(np.ones((5, 3)))
    assert (alike.chi_square, alike.chi_square_p, alike.f, alike.f_p) == (0.0, 1.0, 0.0, 1.0)
    same_order = friedman(np.tile([3.0, 2.0, 1.0], (5, 1)))
    assert same_order.chi_square == pytest.approx(10.0)
    assert (same_order.f, same_order.f_p) == (math.inf, 0.0)


@pytest.mark.parametrize("n", [5, 9, 20, 50])
def test_wilcoxon_is_scipys_exact_test(n: int) -> None:
    values = np.random.default_rng(n).normal(0.3, 1, n)
    theirs = stats.wilcoxon(values, method="exact")
    found = wilcoxon_signed_rank(values)
    assert found.exact
    assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
    assert min(found.w_plus, n * (n + 1) / 2 - found.w_plus) == theirs.statistic


def test_wilcoxon_with_ties_and_zeros_is_scipys_enumeration() -> None:
    values = [0, 1, 1, -1, 2, 2, 0, 3, -1, 2.0]
    theirs = stats.wilcoxon(values, zero_method="pratt", method=stats.PermutationMethod())
    found = wilcoxon_signed_rank(values)
    assert found.p_value == pytest.approx(theirs.pvalue)
    assert (found.n, found.n_nonzero, found.w_plus) == (10, 8, 43.0)


def test_wilcoxon_of_many_is_scipys_approximation() -> None:
    values = np.random.default_rng(7).normal(0.05, 1, 3000)
    theirs = stats.wilcoxon(values, method="approx", correction=False)
    found = wilcoxon_signed_rank(values)
    assert not found.exact
    assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-9)


def test_rates_that_differ_equally_tie_whatever_their_last_bits() -> None:
    assert 0.3 - 0.1 != 0.9 - 0.7
    assert wilcoxon_signed_rank([0.3 - 0.1, 0.7 - 0.9, 0.5]).w_plus == 4.5
    assert wilcoxon_signed_rank([0.0, 0.0]).p_value == 1.0


def test_many_systems_agree_with_scikit_posthocs() -> None:
    # scikit-posthocs 0.17.1: posthoc_wilcoxon(p_adjust="holm")
    scores = np.random.default_rng(3).normal(size=(12, 4)) + np.arange(4) * 0.5
    found = compare_many(scores, ["w", "x", "y", "z"])
    adjusted = {frozenset((pair.a, pair.b)): pair.adjusted_p for pair in found.pairs}
    for names, value in (("wx", 0.169922), ("wy", 0.134277), ("wz", 0.020508), ("xz", 1.0)):
        assert adjusted[frozenset(names)] == pytest.approx(value, abs=5e-7)
    assert len(found.pairs) == 6


def test_groups_are_stretches_of_the_ranking() -> None:
    ranked = ["a", "b", "c", "d"]
    assert indistinguishable_groups(ranked, set()) == (("a", "b", "c", "d"),)
    assert indistinguishable_groups(ranked, set(combinations(ranked, 2))) == ()
    assert indistinguishable_groups(ranked, {("a", "d")}) == (("a", "b", "c"), ("b", "c", "d"))
    # a and c are alike but b differs from a: no bar may cover all three
    assert indistinguishable_groups(ranked, {("a", "b"), ("a", "d")}) == (("b", "c", "d"),)


def test_pairs_that_no_bar_joins_are_named() -> None:
    # b is a less a little, always; c varies too much to be told from either; d and e are far off
    rng = np.random.default_rng(1)
    a = rng.normal(size=16)
    scores = np.column_stack([a, a - 0.01, a - 0.5 + rng.normal(size=16), a - 9, a - 10])
    found = compare_many(scores, list("abcde"))
    assert (found.groups, found.unbarred) == ((("b", "c"),), (("a", "c"),))
    told_apart = {frozenset((p.a, p.b)) for p in found.pairs if found.distinguishable(p)}
    for pair in combinations(found.systems, 2):
        together = any(set(pair) <= set(group) for group in found.groups)
        assert together + (pair in found.unbarred) + (frozenset(pair) in told_apart) == 1


def test_if_friedman_does_not_reject_nobody_differs() -> None:
    rng = np.random.default_rng(1)
    found = compare_many(rng.random((20, 3)), ["x", "y", "z"])
    assert found.friedman.f_p > 0.05
    assert found.groups == (found.systems,)
    assert not any(found.distinguishable(pair) for pair in found.pairs)


def test_blocks_of_a_cluster_are_one_block() -> None:
    scores = [[1, 0, 0], [0, 0, 1], [1, 1, 1]]
    assert block_means(scores, ["a", "a", "b"]).tolist() == [[0.5, 0, 0.5], [1, 1, 1]]


def test_what_cannot_be_ranked_is_refused() -> None:
    for scores, names, words in (
        (np.ones((5, 2)), ["a", "b"], "3 systems"),
        (np.ones((1, 3)), ["a", "b", "c"], "2 blocks"),
        (np.ones((5, 3)), ["a", "b", "b"], "all different"),
        (np.ones((5, 3)), ["a", "b"], "one name"),
        (np.full((5, 3), math.nan), ["a", "b", "c"], "missing"),
        (np.ones(5), ["a"], "table"),
    ):
        with pytest.raises(ValueError, match=words):
            compare_many(scores, names)
    with pytest.raises(ValueError, match="alpha"):
        compare_many(np.ones((5, 3)), ["a", "b", "c"], alpha=1.0)


tables = st.integers(0, 10_000).map(
    lambda seed: np.random.default_rng(seed).integers(0, 4, size=(12, 4)).astype(float)
)


@settings(max_examples=30, deadline=None)
@given(tables, st.permutations(range(4)), st.permutations(range(12)))
def test_names_and_orders_do_not_matter(
    scores: np.ndarray, columns: list[int], rows: list[int]
) -> None:
    names = np.array(["a", "b", "c", "d"])
    one = compare_many(scores, list(names))
    other = compare_many(scores[rows][:, columns], list(names[columns]))
    assert one.systems == other.systems and one.groups == other.groups
    assert one.average_ranks == pytest.approx(other.average_ranks)
    assert sum(one.average_ranks) == pytest.approx(10.0)
    assert list(one.average_ranks) == sorted(one.average_ranks)
    assert [pair.p_value for pair in one.pairs] == pytest.approx(
        [pair.p_value for pair in other.pairs]
    )


def test_equal_systems_are_told_apart_in_at_most_one_run_of_twenty() -> None:
    rng = np.random.default_rng(6)
    alarms = 0
    for _ in range(300):
        found = compare_many(rng.random((15, 5)), list("abcde"))
        alarms += any(found.distinguishable(pair) for pair in found.pairs)
    assert alarms / 300 <= 0.05 + 0.038  # three errors of simulation
