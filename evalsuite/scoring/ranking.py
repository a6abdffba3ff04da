"""Rankings: reading them from answers, and nDCG, MRR and MAP as trec_eval computes them.

Gains of nDCG are the grades themselves (Järvelin and Kekäläinen 2002), and every grade above 0
counts as relevant in MRR and MAP. The figures are pytrec_eval's (Van Gysel and de Rijke 2018).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from evalsuite.errors import ExtraMissing
from evalsuite.records import Answer, Score
from evalsuite.scoring.answer_text import without_reasoning

METRICS: Mapping[str, str] = {
    "ndcg@1": "ndcg_cut_1",
    "ndcg@5": "ndcg_cut_5",
    "ndcg@10": "ndcg_cut_10",
    "mrr": "recip_rank",
    "map": "map",
}
"""Names of the figures, and trec_eval's names for them."""

_BRACKETED = re.compile(r"\[\s*(\d{1,6})\s*\]")
_LISTED = re.compile(r"\[?\d{1,6}(?:[>,;\s]+\d{1,6})*[\s.\]]*")


class Ranking(NamedTuple):
    """An order of the candidates, best first.

    Attributes:
        ids: Every candidate once. What was not named stands at the end, in the given order.
        named: How many candidates the answer names itself.
        faults: What was mended: "missing", "repeated", "unknown".
    """

    ids: tuple[str, ...]
    named: int
    faults: tuple[str, ...]


def read_ranking(answer: Answer, candidates: Sequence[str]) -> Ranking:
    """The order in which an answer puts the ``candidates``, mended as RankGPT does.

    The text is ``[2] > [1] > [3]``, numbers of candidates from 1 in the given order; numbers
    without brackets count where nothing else is said. ``answer.data["ranking"]`` goes before the
    text: a list of ids, or of positions of candidates from 0 where it holds integers.

    Repeated and unknown ones are dropped, missing ones appended in the given order (Sun et al.
    2023, arXiv:2304.09542, ``receive_permutation``).
    """
    said, unknown = _said(answer, candidates)
    first = list(dict.fromkeys(said))
    missing = [one for one in candidates if one not in set(first)]
    faults = {
        "missing": bool(missing),
        "repeated": len(first) < len(said),
        "unknown": bool(unknown),
    }
    mended = tuple(name for name, is_so in faults.items() if is_so)
    return Ranking((*first, *missing), len(first), mended)


def ranking_metrics(ranking: Sequence[str], relevance: Mapping[str, int]) -> dict[str, float]:
    """The figures of :data:`METRICS` for an order of ids, best first.

    Args:
        ranking: Ids, each at most once; what is relevant and not in it counts as not found.
        relevance: Grades by id, 0 for what is not relevant; ids that are not in it have grade 0.

    Raises:
        ValueError: If an id is ranked twice, or nothing is relevant: there is nothing to rank.
        ExtraMissing: If pytrec_eval is not installed.
    """
    try:
        import pytrec_eval
    except ImportError:
        purpose = "scoring rankings"
        raise ExtraMissing("pytrec-eval-terrier", "ranking", purpose) from None
    if len(set(ranking)) < len(ranking):
        raise ValueError("an id is ranked twice")
    if not any(grade > 0 for grade in relevance.values()):
        raise ValueError("nothing is relevant")
    if not ranking:
        return dict.fromkeys(METRICS, 0.0)
    measures = {"ndcg_cut.1,5,10", "recip_rank", "map"}
    evaluator = pytrec_eval.RelevanceEvaluator({"q": dict(relevance)}, measures)
    scores = {one: float(len(ranking) - rank) for rank, one in enumerate(ranking)}
    figures = evaluator.evaluate({"q": scores})["q"]
    return {name: float(figures[theirs]) for name, theirs in METRICS.items()}


def score_ranking(
    answer: Answer, relevance: Mapping[str, int], candidates: Sequence[str]
) -> list[Score]:
    """The figures of the mended ranking, ``well_formed`` and ``strict_ndcg@10``.

    ``well_formed`` is 1.0 if the answer names every candidate once and nothing else, and
    ``strict_ndcg@10`` is ``ndcg@10`` where it is and a ``format_error`` of 0.0 where it is not:
    mending gives a ranker the given order for free. An answer that names no candidate at all is a
    ``format_error`` of 0.0 in everything.

    Args:
        answer: Read by :func:`read_ranking`.
        relevance: Grades by id.
        candidates: Ids in the order in which they were given.

    Raises:
        ValueError: If nothing is relevant.
        ExtraMissing: If pytrec_eval is not installed.
    """
    ranking = read_ranking(answer, candidates)
    figures = ranking_metrics(ranking.ids, relevance)
    well = not ranking.faults
    if ranking.named == 0:
        names = (*METRICS, "well_formed", "strict_ndcg@10")
        return [
            Score(name=name, value=0.0, status="format_error", explanation="names no passage")
            for name in names
        ]
    why = "" if well else ", ".join(ranking.faults)
    return [
        *(Score(name=name, value=value) for name, value in figures.items()),
        Score(name="well_formed", value=float(well), explanation=why),
        Score(
            name="strict_ndcg@10",
            value=figures["ndcg@10"] if well else 0.0,
            status="scored" if well else "format_error",
            explanation=why,
        ),
    ]


def _said(answer: Answer, candidates: Sequence[str]) -> tuple[list[str], bool]:
    """Candidates in the order in which they are named, and whether others are named too."""
    if isinstance(answer.data, dict) and isinstance(answer.data.get("ranking"), list | tuple):
        ids: dict[str | int, str] = {one: one for one in candidates}
        ids |= dict(enumerate(candidates))
        given = [ids.get(one) for one in answer.data["ranking"] if isinstance(one, str | int)]
        known = [one for one in given if one is not None]
        return known, len(known) < len(answer.data["ranking"])
    text = without_reasoning(answer.text or "").strip()
    numbers = [int(number) for number in _BRACKETED.findall(text)]
    if len(numbers) < 2 and _LISTED.fullmatch(text):
        numbers = [int(number) for number in re.findall(r"\d+", text)]
    inside = [number for number in numbers if 1 <= number <= len(candidates)]
    return [candidates[number - 1] for number in inside], len(inside) < len(numbers)
