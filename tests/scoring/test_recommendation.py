from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsuite.records import Answer
from evalsuite.scoring.recommendation import (
    hit,
    ndcg,
    rank_of,
    read_ranking,
    reciprocal_rank,
    score_ranking,
)

BOOKS = ("Dune by Frank Herbert", "Sula by Toni Morrison", "Emma by Jane Austen", "It by S. King")


@pytest.mark.parametrize(
    ("said", "places"),
    [
        ("3, 1, 2", [3, 1, 2]),
        ("I rank them so:\n3,1,2,4", [3, 1, 2, 4]),
        ("2 > 1 > 4", [2, 1, 4]),
        ("[2] > [1] > [4]", [2, 1, 4]),
        ("3", [3]),
        ("3, 3, 1", [3, 1]),
        ("1. Sula by Toni Morrison\n2. Dune by Frank Herbert", [2, 1]),
        ("- emma by jane austen", [3]),
        ("Emma by Jane Austen", [3]),
        ("<think>2, 1</think>4, 3", [4, 3]),
        ("5, 1", None),
        ("0, 1", None),
        ("1. Ulysses by James Joyce\n2. Dune by Frank Herbert", None),
        ("Emma by Jane Austen or Sula by Toni Morrison", None),
        ("none of them", None),
        ("", None),
    ],
)
def test_read_ranking(said: str, places: list[int] | None) -> None:
    wanted = None if places is None else [BOOKS[place - 1] for place in places]
    assert read_ranking(Answer(text=said), BOOKS) == wanted


def test_probabilities_rank_all_with_ties_in_order() -> None:
    given_ = {BOOKS[0]: 0.1, BOOKS[1]: 0.4, BOOKS[2]: 0.4, BOOKS[3]: 0.1}
    ranking = read_ranking(Answer(choice=BOOKS[1], probabilities=given_), BOOKS)
    assert ranking == [BOOKS[1], BOOKS[2], BOOKS[0], BOOKS[3]]


def test_figures_by_hand() -> None:
    assert [hit(3, k) for k in (1, 3, 5)] == [0.0, 1.0, 1.0]
    assert ndcg(1, 5) == 1.0
    assert ndcg(3, 5) == 0.5  # 1 / log2(4)
    assert ndcg(6, 5) == 0.0 == ndcg(None, 5)
    assert reciprocal_rank(4) == 0.25 and reciprocal_rank(None) == 0.0
    assert rank_of("b", ["a", "b"]) == 2 and rank_of("c", ["a", "b"]) is None


def test_scores_of_a_ranking() -> None:
    scores = {s.name: s.value for s in score_ranking(Answer(text="4, 3"), BOOKS[2], BOOKS)}
    assert scores == {
        "hit@1": 0.0,
        "hit@5": 1.0,
        "hit@10": 1.0,
        "ndcg@5": 1 / math.log2(3),
        "ndcg@10": 1 / math.log2(3),
        "mrr": 0.5,
    }
    left_out = score_ranking(Answer(text="4, 3"), BOOKS[0], BOOKS)
    assert {score.value for score in left_out} == {0.0}
    assert {score.status for score in left_out} == {"scored"}


def test_an_unreadable_ranking_and_impossible_candidates() -> None:
    scores = score_ranking(Answer(text="no idea"), BOOKS[0], BOOKS)
    assert {(score.value, score.status) for score in scores} == {(0.0, "format_error")}
    with pytest.raises(ValueError, match="different candidates"):
        score_ranking(Answer(text="1"), "Ulysses", BOOKS)
    with pytest.raises(ValueError, match="different candidates"):
        score_ranking(Answer(text="1"), "a", ["a", "a"])


@settings(deadline=None)
@given(st.permutations(range(12)), st.integers(0, 11))
def test_as_trec_eval_and_scikit_learn_compute_them(order: list[int], wanted: int) -> None:
    import numpy as np
    import pytrec_eval
    from sklearn.metrics import ndcg_score

    names = [f"book {place}" for place in range(12)]
    ranking = [names[place] for place in order]
    run = {"u": {name: float(len(names) - rank) for rank, name in enumerate(ranking)}}
    evaluator = pytrec_eval.RelevanceEvaluator(
        {"u": {names[wanted]: 1}}, {"ndcg_cut.5,10", "recip_rank", "success.1,5,10"}
    )
    theirs = evaluator.evaluate(run)["u"]
    rank = rank_of(names[wanted], ranking)
    assert math.isclose(ndcg(rank, 5), theirs["ndcg_cut_5"], abs_tol=1e-12)
    assert math.isclose(ndcg(rank, 10), theirs["ndcg_cut_10"], abs_tol=1e-12)
    assert math.isclose(reciprocal_rank(rank), theirs["recip_rank"], abs_tol=1e-12)
    assert [hit(rank, k) for k in (1, 5, 10)] == [theirs[f"success_{k}"] for k in (1, 5, 10)]
    relevant = np.array([[float(name == names[wanted]) for name in names]])
    scored = np.array([[run["u"][name] for name in names]])
    assert math.isclose(ndcg(rank, 5), ndcg_score(relevant, scored, k=5), abs_tol=1e-12)
