from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.judges import (
    agreement_estimate,
    alpha_estimate,
    cohen_kappa,
    fleiss_estimate,
    fleiss_kappa,
    join,
    kappa_estimate,
    krippendorff_alpha,
    percent_agreement,
)
from evalsuite.judging.krippendorff import alpha_of, alphas_of, coincidences

# Fleiss (1971) on ten subjects and fourteen raters, as worked out in Wikipedia's "Fleiss' kappa".
FLEISS = """
0 0 0 0 14
0 2 6 4 2
0 0 3 5 6
0 3 9 2 0
2 2 8 1 1
7 7 0 0 0
3 2 6 3 0
2 5 3 2 2
6 5 2 1 0
0 2 2 3 7
"""
# Krippendorff (2011), Computing Krippendorff's alpha-reliability, section C: 4 observers, 12 units.
OBSERVERS = """
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 .
"""


def observed() -> list[list[Any]]:
    rows = [line.split() for line in OBSERVERS.strip().splitlines()]
    units = zip(*rows, strict=True)
    return [[None if value == "." else int(value) for value in unit] for unit in units]


def test_labels_are_joined_by_key_and_everything_left_out_is_counted() -> None:
    judge = {"q3": "a", "q1": "b", "q2": None, "q9": "a"}
    human = {"q1": "b", "q2": "a", "q3": "b", "q4": "a", "q5": None}
    found = join(judge, human)
    assert found.keys == ("q1", "q2", "q3")
    assert (found.judge, found.human) == (("b", None, "a"), ("b", "a", "b"))
    assert (found.n_failed, found.n_unjudged, found.n_unlabelled) == (1, 1, 1)


def test_a_failure_is_left_out_or_wrong() -> None:
    judge, human = ["a", None, "b", float("nan")], ["a", "a", "b", "b"]
    assert percent_agreement(judge, human) == 1.0
    assert percent_agreement(judge, human, failures="wrong") == 0.5
    assert cohen_kappa(judge, human) == 1.0
    # observed disagreement 1/2; expected 1 - (1/4 x 1/2 + 1/4 x 1/2) = 3/4
    assert cohen_kappa(judge, human, failures="wrong") == pytest.approx(1 - 0.5 / 0.75)


def test_kappa_of_cohens_own_example() -> None:
    """Cohen (1960), table 1: 200 patients; kappa .492 of the joint proportions."""
    shares = [[0.25, 0.13, 0.12], [0.12, 0.02, 0.16], [0.03, 0.15, 0.02]]
    pairs = [
        (row, column)
        for row in range(3)
        for column in range(3)
        for _ in range(round(200 * shares[row][column]))
    ]
    found = cohen_kappa([a for a, _ in pairs], [b for _, b in pairs])
    same, chance = 0.29, 0.5 * 0.4 + 0.3 * 0.3 + 0.2 * 0.3
    assert found == pytest.approx((same - chance) / (1 - chance))


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=2, max_size=60))
def test_kappa_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    from sklearn.metrics import cohen_kappa_score

    judge, human = [a for a, _ in pairs], [b for _, b in pairs]
    labels = [1, 2, 3, 4]
    for weights in ("nominal", "linear", "quadratic"):
        found = cohen_kappa(judge, human, labels=labels, weights=weights)
        if len(set(judge) | set(human)) == 1:
            assert found is None
            continue
        named = None if weights == "nominal" else weights
        expected = cohen_kappa_score(judge, human, labels=labels, weights=named)
        assert found == pytest.approx(expected)


def test_weights_follow_the_order_of_labels() -> None:
    grades = ["bad", "fair", "good"]
    near, far = ["fair", "bad", "good"], ["good", "bad", "good"]
    human = ["bad", "bad", "good"]
    one = cohen_kappa(near, human, labels=grades, weights="linear")
    other = cohen_kappa(far, human, labels=grades, weights="linear")
    assert one is not None and other is not None and one > other
    with pytest.raises(ValueError, match="ugly"):
        cohen_kappa(["ugly"], ["bad"], labels=grades)


def test_raters_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 labels of one rater and 1"):
        percent_agreement(["a", "b"], ["a"])
    with pytest.raises(ValueError, match="reference has missing"):
        cohen_kappa(["a"], [None])
    assert percent_agreement([], []) is None


def test_fleiss_kappa() -> None:
    table = [[int(count) for count in line.split()] for line in FLEISS.strip().splitlines()]
    assert fleiss_kappa(table) == pytest.approx(0.210, abs=5e-4)
    estimate = fleiss_estimate(table, range(10))
    assert estimate is not None and estimate.low is not None and estimate.high is not None
    assert estimate.value == fleiss_kappa(table)
    assert estimate.low < estimate.value < estimate.high
    assert fleiss_kappa([[2, 0], [2, 0]]) is None
    with pytest.raises(ValueError, match="same number of ratings"):
        fleiss_kappa([[2, 0], [1, 2]])


@pytest.mark.parametrize(
    ("level", "alpha"),
    [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)],
)
def test_krippendorffs_alpha(level: Any, alpha: float) -> None:
    assert krippendorff_alpha(observed(), level=level) == pytest.approx(alpha, abs=5e-4)


def test_alpha_of_few_or_equal_ratings_does_not_exist() -> None:
    assert krippendorff_alpha([[1], [2, None], [float("nan"), 3]]) is None
    assert krippendorff_alpha([["x", "x"], ["x", "x"]]) is None
    assert krippendorff_alpha([]) is None
    with pytest.raises(ValueError, match="needs numbers"):
        krippendorff_alpha([["x", "y"]], level="interval")
    with pytest.raises(ValueError, match="write one of"):
        krippendorff_alpha([["x", "y"]], level="other")  # type: ignore[arg-type]


@given(st.permutations(range(12)), st.randoms(use_true_random=False))
def test_alpha_knows_no_order_of_units_or_raters(order: list[int], random: Any) -> None:
    units = observed()
    turned = [units[index] for index in order]
    for unit in turned:
        random.shuffle(unit)
    assert krippendorff_alpha(turned, level="ordinal") == pytest.approx(
        krippendorff_alpha(units, level="ordinal")
    )


def test_alpha_of_named_grades_goes_by_their_order() -> None:
    words = {1: "awful", 2: "bad", 3: "fair", 4: "good", 5: "superb"}
    named = [[words.get(value) for value in unit] for unit in observed()]
    found = krippendorff_alpha(named, level="ordinal", labels=list(words.values()))
    assert found == pytest.approx(0.815, abs=5e-4)


def simulated(seed: int, n: int) -> tuple[list[str], list[str]]:
    """A judge that says what people say 8 times in 10; kappa of the population is .6."""
    rng = np.random.default_rng(seed)
    human = rng.choice(["a", "b"], size=n)
    same = rng.random(n) < 0.8
    judge = np.where(same, human, np.where(human == "a", "b", "a"))
    return judge.tolist(), human.tolist()


def test_intervals_cover_the_population() -> None:
    """Of 30 samples of 80 items, 95 % intervals of kappa and alpha hold .6 in most."""
    held = {"kappa": 0, "alpha": 0, "share": 0}
    for seed in range(30):
        judge, human = simulated(seed, 80)
        pairs = [list(pair) for pair in zip(judge, human, strict=True)]
        found = {
            "kappa": (kappa_estimate(judge, human, range(80), labels=["a", "b"]), 0.6),
            "alpha": (alpha_estimate(pairs, range(80)), 0.6),
            "share": (agreement_estimate(judge, human, range(80)), 0.8),
        }
        for name, (estimate, truth) in found.items():
            assert estimate is not None and estimate.low is not None and estimate.high is not None
            held[name] += estimate.low <= truth <= estimate.high
    assert min(held.values()) >= 25  # 28.5 expected; fewer than 25 has a chance below 2 %


def test_clusters_make_intervals_wider() -> None:
    judge, human = simulated(1, 40)
    four_times = (judge * 4, human * 4)
    free = kappa_estimate(*four_times, range(160), labels=["a", "b"])
    tied = kappa_estimate(*four_times, [*range(40)] * 4, labels=["a", "b"])
    assert free is not None and tied is not None
    assert None not in (free.low, free.high, tied.low, tied.high)
    assert tied.high - tied.low > 1.7 * (free.high - free.low)  # type: ignore[operator]


def test_estimates_count_failures_both_ways() -> None:
    judge, human = ["a", "b", None, "a"] * 5, ["a", "b", "b", "b"] * 5
    out = agreement_estimate(judge, human, range(20))
    wrong = agreement_estimate(judge, human, range(20), failures="wrong")
    assert out is not None and (out.value, out.n) == (pytest.approx(2 / 3), 15)
    assert wrong is not None and (wrong.value, wrong.n) == (0.5, 20)
    assert kappa_estimate([None], ["a"], [0], labels=["a"]) is None


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_alpha_of_all_resamples_at_once_is_that_of_each(level: Any) -> None:
    pairs = coincidences(observed())
    times = np.random.default_rng(0).integers(0, 3, size=(20, pairs.n_units)).astype(float)
    found = alphas_of(pairs, level, times)
    assert found == pytest.approx([alpha_of(pairs, level, row) for row in times])
    assert np.isnan(alphas_of(pairs, level, np.zeros((1, pairs.n_units)))).all()
