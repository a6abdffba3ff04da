from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.errors import ExtraMissing
from evalsuite.records import Answer
from evalsuite.scoring.ranking import METRICS, ranking_metrics, read_ranking, score_ranking

IDS = ("a", "b", "c", "d")
RELEVANCE = {"a": 2, "b": 1, "c": 0, "d": 0}


def test_figures_by_hand() -> None:
    """b c a d: gains 1 0 2 0, DCG 1/1 + 2/2 = 2; ideal 2 + 1/log2(3). The first relevant one is
    first; precision at b is 1/1, at a 2/3.
    """
    figures = ranking_metrics(["b", "c", "a", "d"], RELEVANCE)
    ideal = 2 + 1 / math.log2(3)
    assert figures == pytest.approx(
        {
            "ndcg@1": 1 / 2,
            "ndcg@5": 2 / ideal,
            "ndcg@10": 2 / ideal,
            "mrr": 1.0,
            "map": (1 + 2 / 3) / 2,
        }
    )


def test_what_is_not_ranked_is_not_found() -> None:
    figures = ranking_metrics(["c", "b"], RELEVANCE)
    assert figures["mrr"] == 0.5
    assert figures["map"] == pytest.approx((1 / 2) / 2)
    assert ranking_metrics([], RELEVANCE) == dict.fromkeys(METRICS, 0.0)


def test_rankings_that_cannot_be_scored() -> None:
    with pytest.raises(ValueError, match="twice"):
        ranking_metrics(["a", "a"], RELEVANCE)
    with pytest.raises(ValueError, match="nothing is relevant"):
        ranking_metrics(["a"], {"a": 0})


@pytest.mark.parametrize(
    ("text", "ids", "faults"),
    [
        ("[2] > [1] > [4] > [3]", "badc", ()),
        ("The order is [2] > [1] > [4] > [3].", "badc", ()),
        ("2 > 1 > 4 > 3", "badc", ()),
        ("2, 1, 4, 3.", "badc", ()),
        ("[2, 1, 4, 3]", "badc", ()),
        ("[2] > [4]", "bdac", ("missing",)),
        ("[2] > [2] > [1] > [4] > [3]", "badc", ("repeated",)),
        ("[2] > [1] > [4] > [3] > [9]", "badc", ("unknown",)),
        ("[0] > [2] > [2]", "bacd", ("missing", "repeated", "unknown")),
        ("Of the 4 passages none is relevant.", "abcd", ("missing",)),
        ("", "abcd", ("missing",)),
        ("<think>[1] > [2]</think>[4] > [3] > [2] > [1]", "dcba", ()),
    ],
)
def test_reading_and_mending(text: str, ids: str, faults: tuple[str, ...]) -> None:
    ranking = read_ranking(Answer(text=text), IDS)
    assert ("".join(ranking.ids), ranking.faults) == (ids, faults)


def test_ids_of_a_ranker_go_before_its_text() -> None:
    answer = Answer(text="[1]", data={"ranking": ["d", "x", "b"]})
    ranking = read_ranking(answer, IDS)
    assert ranking == (("d", "b", "a", "c"), 2, ("missing", "unknown"))


def test_integers_of_a_ranker_are_positions_from_0() -> None:
    ranking = read_ranking(Answer(data={"ranking": [3, 1, 0, 2]}), IDS)
    assert ranking == (("d", "b", "a", "c"), 4, ())
    numbered = read_ranking(Answer(data={"ranking": [2, 0, 1]}), ("1", "2", "3"))
    assert numbered.ids == ("3", "1", "2"), "ids that look like numbers are texts"
    other = read_ranking(Answer(data={"ranking": [3, 9, None, -1]}), IDS)
    assert other == (("d", "a", "b", "c"), 1, ("missing", "unknown"))


def test_mended_and_strict_figures_are_apart() -> None:
    well = {s.name: s for s in score_ranking(Answer(text="[1] > [2] > [3] > [4]"), RELEVANCE, IDS)}
    assert well["ndcg@10"].value == well["strict_ndcg@10"].value == well["well_formed"].value == 1.0
    part = {s.name: s for s in score_ranking(Answer(text="[1] > [2]"), RELEVANCE, IDS)}
    assert part["ndcg@10"].value == 1.0, "mended as RankGPT does"
    assert (part["strict_ndcg@10"].value, part["strict_ndcg@10"].status) == (0.0, "format_error")
    assert part["well_formed"].value == 0.0 and part["well_formed"].explanation == "missing"


def test_who_names_no_passage_does_not_get_the_given_order() -> None:
    scores = score_ranking(Answer(text="I cannot rank these."), RELEVANCE, IDS)
    assert {(score.value, score.status) for score in scores} == {(0.0, "format_error")}


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pytrec_eval", None)
    with pytest.raises(ExtraMissing, match=r"evalsuite\[ranking\]"):
        ranking_metrics(["a"], RELEVANCE)


@given(st.permutations(IDS), st.lists(st.integers(0, 3), min_size=4, max_size=4).filter(any))
def test_ndcg_against_its_definition(order: list[str], grades: list[int]) -> None:
    relevance = dict(zip(IDS, grades, strict=True))
    gains = [relevance[one] for one in order]
    dcg = sum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains))
    ideal = sum(g / math.log2(rank + 2) for rank, g in enumerate(sorted(gains, reverse=True)))
    assert ranking_metrics(order, relevance)["ndcg@10"] == pytest.approx(dcg / ideal)


@given(st.text(alphabet="[]0123456789> ,.x\n", max_size=50))
def test_any_text_is_mended_to_a_permutation(text: str) -> None:
    ranking = read_ranking(Answer(text=text), IDS)
    assert sorted(ranking.ids) == list(IDS)
    assert 0 <= ranking.named <= len(IDS)
