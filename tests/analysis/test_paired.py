from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.analysis.paired import adjusted_wald, holm, paired_difference, sign_flip_p


def outcomes(both: int, only_a: int, only_b: int, neither: int) -> tuple[list[int], list[int]]:
    a = [1] * both + [1] * only_a + [0] * only_b + [0] * neither
    b = [1] * both + [0] * only_a + [1] * only_b + [0] * neither
    return a, b


def test_sign_flips_of_single_samples_are_the_exact_mcnemar_test() -> None:
    # statsmodels' mcnemar(exact=True): (0, 6) .03125 and (5, 15) .0413895
    a, b = outcomes(10, 0, 6, 4)
    assert sign_flip_p(np.subtract(a, b), range(20)) == 0.03125
    a, b = outcomes(40, 5, 15, 40)
    assert sign_flip_p(np.subtract(a, b), range(100)) == pytest.approx(0.0413895, abs=0.01)


def test_a_whole_cluster_flips_together() -> None:
    differences = [1, 1, 1, 1, 1, 1]
    assert sign_flip_p(differences, range(6)) == 2 / 64
    assert sign_flip_p(differences, ["a", "a", "a", "b", "b", "b"]) == 0.5
    assert sign_flip_p([0, 0], range(2)) == 1.0


def test_holm_agrees_with_multipletests() -> None:
    # statsmodels.stats.multitest.multipletests(method="holm")
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_adjusted_wald_by_hand() -> None:
    # Bonett and Price: (f12 + 1) / (n + 2), (f21 + 1) / (n + 2), here 5 / 52 and 3 / 52
    a, b = outcomes(40, 4, 2, 4)
    estimate = adjusted_wald(a, b, range(50))
    centre, spread = 2 / 52, math.sqrt((8 / 52 - (2 / 52) ** 2) / 52)
    assert estimate.value == pytest.approx(2 / 50)
    assert estimate.low == pytest.approx(centre - 1.959964 * spread, abs=1e-6)
    assert estimate.high == pytest.approx(centre + 1.959964 * spread, abs=1e-6)


def test_perfect_agreement_is_not_certainty() -> None:
    found = paired_difference([1] * 50, [1] * 50, range(50))
    assert found is not None
    assert found.difference.low is not None and found.difference.low < -0.03
    assert found.difference.high is not None and found.difference.high > 0.03
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
