from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evalsuite.analysis.mcnemar import discordant_counts, mcnemar_exact, mcnemar_mid_p

counts = st.integers(0, 60)

# statsmodels 0.15.0: contingency_tables.mcnemar([[0, b], [c, 0]], exact=True)
PUBLISHED = [
    (5, 15, 0.04138946533203125),
    (0, 6, 0.03125),
    (1, 1, 1.0),
    (2, 9, 0.0654296875),
    (40, 61, 0.046044066929342785),
]


@pytest.mark.parametrize(("only_a", "only_b", "p_value"), PUBLISHED)
def test_the_exact_test_is_statsmodels(only_a: int, only_b: int, p_value: float) -> None:
    assert mcnemar_exact(only_a, only_b) == pytest.approx(p_value, rel=1e-12)


def test_statsmodels_itself_where_it_is_installed() -> None:
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    for only_a, only_b, _ in PUBLISHED:
        theirs = tables.mcnemar([[0, only_a], [only_b, 0]], exact=True).pvalue
        assert mcnemar_exact(only_a, only_b) == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize(
    ("only_a", "only_b", "mid_p"),
    [
        (5, 15, 0.0266037),  # 0.0413895 less the chance of exactly 5 of 20
        (6, 16, 0.034690),  # Cavo (2012): R package contingencytables
        (0, 6, 0.015625),
        (3, 3, 1.0),
        (0, 0, 1.0),
    ],
)
def test_the_mid_p_values_are_the_published_ones(only_a: int, only_b: int, mid_p: float) -> None:
    assert mcnemar_mid_p(only_a, only_b) == pytest.approx(mid_p, abs=5e-7)


def test_exact_of_cavo_is_the_published_one() -> None:
    assert mcnemar_exact(6, 16) == pytest.approx(0.052479, abs=5e-7)


@given(counts, counts)
def test_one_side_is_the_binomial_test_and_sides_are_mirrored(only_a: int, only_b: int) -> None:
    total = only_a + only_b
    if total:
        theirs = stats.binomtest(only_a, total, alternative="greater").pvalue
        assert mcnemar_exact(only_a, only_b, alternative="greater") == pytest.approx(theirs)
    for test in (mcnemar_exact, mcnemar_mid_p):
        assert 0 <= test(only_a, only_b) <= 1
        assert test(only_a, only_b) == test(only_b, only_a)
        assert test(only_a, only_b, alternative="greater") == test(
            only_b, only_a, alternative="less"
        )
    assert mcnemar_mid_p(only_a, only_b) <= mcnemar_exact(only_a, only_b)


@given(counts, st.integers(1, 60))
def test_more_wins_are_more_evidence(only_a: int, only_b: int) -> None:
    more = mcnemar_exact(only_a + 1, only_b, alternative="greater")
    less = mcnemar_exact(only_a, only_b, alternative="greater")
    assert more < less or more == less == 1.0  # 1 - 2^-53 is the last float below 1


def test_pairs_are_counted_and_what_is_no_outcome_is_refused() -> None:
    assert discordant_counts([1, 1, 0, 0, 1], [1, 0, 1, 0, 0]) == (2, 1)
    with pytest.raises(ValueError, match="both sides"):
        discordant_counts([1], [1, 0])
    with pytest.raises(ValueError, match="neither 0 nor 1"):
        discordant_counts([0.5], [1])
    for only_a, only_b in ((-1, 2), (1.5, 2)):
        with pytest.raises(ValueError, match="whole and not negative"):
            mcnemar_exact(only_a, only_b)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="alternative"):
        mcnemar_mid_p(1, 2, alternative="better")  # type: ignore[arg-type]
