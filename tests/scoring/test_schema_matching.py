from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.records import Answer
from evalsuite.scoring.schema_matching import (
    Matches,
    best_of,
    mean_recall_at_ground_truth,
    mean_reciprocal_rank,
    one_to_one,
    precision_recall_f1,
    read_ranking,
    recall_at_ground_truth,
    reciprocal_rank,
)

# The example of Valentine's tests/test_metrics.py: "Title" has two candidates, neither is right.
VALENTINE = {
    ("Cited by", "Cited by"): 0.8374313,
    ("Authors", "Authors"): 0.83498037,
    ("EID", "EID"): 0.8214057,
    ("Title", "DUMMY1"): 0.8214057,
    ("Title", "DUMMY2"): 0.8114057,
}
TRUTH = {(name, name) for name in ("Cited by", "Authors", "EID", "Title", "DUMMY3")}
TABLE = Matches(scores=VALENTINE, chosen=list(VALENTINE), truth=TRUTH)


def test_figures_of_valentines_own_tests() -> None:
    """Precision 0.75, recall 0.6, F1 2/3 and recall at ground truth 0.6, as asserted there."""
    assert one_to_one(TABLE) == list(VALENTINE)[:4]
    assert precision_recall_f1([TABLE]) == pytest.approx((0.75, 0.6, 2 / 3))
    assert recall_at_ground_truth(TABLE) == pytest.approx(0.6)


def test_mean_reciprocal_rank_as_magneto_counts_it() -> None:
    """Over the true pairs; a column that was not ranked, or not to the right one, adds 0."""
    scores = {("a", "x"): 0.9, ("a", "y"): 0.8, ("b", "x"): 0.7, ("b", "z"): 0.6, ("c", "x"): 0.1}
    truth = {("a", "y"), ("b", "x"), ("c", "q"), ("d", "x")}
    table = Matches(scores=scores, chosen=[], truth=truth)
    assert mean_reciprocal_rank([table]) == pytest.approx((1 / 2 + 1 + 0 + 0) / 4)


def test_a_tie_is_worth_its_mean() -> None:
    assert reciprocal_rank({"a": 1, "b": 1}, ["b"]) == pytest.approx((1 + 1 / 2) / 2)
    assert reciprocal_rank({"a": 2, "b": 1, "c": 1, "d": 1}, ["d"]) == pytest.approx(
        (1 / 2 + 1 / 3 + 1 / 4) / 3
    )
    half = Matches(scores={("a", "x"): 1, ("a", "y"): 1}, chosen=[], truth={("a", "x")})
    assert recall_at_ground_truth(half) == pytest.approx(1 / 2)


_SCORES = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([0.1, 0.5, 0.9]), min_size=1)


@given(_SCORES, st.sets(st.sampled_from("abcdef"), min_size=1, max_size=3))
def test_ties_are_the_mean_over_all_orders(scores: dict[str, float], wanted: set[str]) -> None:
    ranks, recalls = [], []
    for order in itertools.permutations(scores):
        ranked = sorted(order, key=lambda name: -scores[name])
        ranks.append(max((1 / (ranked.index(w) + 1) for w in wanted if w in ranked), default=0))
        recalls.append(len(set(ranked[: len(wanted)]) & wanted) / len(wanted))
    assert reciprocal_rank(scores, wanted) == pytest.approx(sum(ranks) / len(ranks))
    table = Matches(
        scores={("s", name): value for name, value in scores.items()},
        chosen=[],
        truth={("s", name) for name in wanted},
    )
    assert recall_at_ground_truth(table) == pytest.approx(sum(recalls) / len(recalls))


def test_what_is_not_defined_is_none() -> None:
    silent = Matches(scores=None, chosen=[("a", "x")], truth={("a", "x")})
    assert mean_reciprocal_rank([silent, TABLE]) is None
    assert mean_recall_at_ground_truth([silent, TABLE]) is None
    assert precision_recall_f1([silent]) == (1, 1, 1)
    empty = Matches(scores={}, chosen=[], truth=set())
    assert precision_recall_f1([empty]) == (None, None, None)
    assert mean_reciprocal_rank([empty]) is mean_recall_at_ground_truth([empty]) is None
    assert mean_recall_at_ground_truth([empty, TABLE]) == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("text", "ranked"),
    [
        ("price", ["price"]),
        ("1. Price\n2. list price\n", ["price", "list price"]),
        ("- `price`\n- title", ["price", "title"]),
        ("price, title", ["price", "title"]),
        ("title > price", ["title", "price"]),
        ("a, b", ["a, b"]),
        ('["title", "nowhere", "price", "title"]', ["title", "price"]),
        ('[{"column": "price", "score": 0.2}, {"column": "title", "score": 0.9}]', None),
        ("none of them", ["none"]),
        ("<think>price?</think> title", ["title"]),
    ],
)
def test_rankings_are_read(text: str, ranked: list[str] | None) -> None:
    candidates = ["title", "price", "list price", "a, b"]
    scores = read_ranking(Answer(text=text), candidates, "none of them")
    assert scores is not None
    order = sorted(scores, key=lambda name: -scores[name])
    assert order == (
        ["title", "price"]
        if ranked is None
        else [r.replace("none", "none of them") for r in ranked]
    )


@pytest.mark.parametrize("text", ["", "nowhere", "[]", "I cannot say"])
def test_rankings_that_cannot_be_read(text: str) -> None:
    assert read_ranking(Answer(text=text), ["title"], "none of them") is None


def test_probabilities_are_a_ranking() -> None:
    probabilities: dict[str, Any] = {"title": 0.2, "price": 0.5, "none of them": 0.3}
    scores = read_ranking(
        Answer(choice="price", probabilities=probabilities), ["title", "price"], "none of them"
    )
    assert scores == probabilities and best_of(scores) == "price"
