"""Recommendation: a ranking of candidates against the one that the user took.

Every figure is of one list with one right candidate, as in leave-one-out evaluation (He et al.
2017, arXiv:1708.05031); means over users are hit rate (HR@k), nDCG@k and mean reciprocal rank. A
candidate that the answer leaves out is behind every rank; :mod:`evalsuite.scoring.ranking`, for
graded relevance of many passages, mends such an answer instead.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from evalsuite.records import Answer, Score
from evalsuite.scoring.answer_text import without_reasoning
from evalsuite.scoring.label_names import read_label

_NUMBERS = re.compile(r"\d{1,6}(?:[\s,;>]+\d{1,6})*\.?")
_NO_BRACKETS = str.maketrans("", "", "[]")
_ITEM = re.compile(r"^[^\S\n]*+(?:\d+[.):]|[-*•])[^\S\n]+(?P<name>\S.*)$", re.MULTILINE)


def read_ranking(answer: Answer, candidates: Sequence[str]) -> list[str] | None:
    """The candidates that an answer ranks, best first; None where it ranks none.

    Class probabilities give a full ranking, ties in the order of ``candidates``. A text gives the
    numbers of candidates, counted from 1 ("3, 1, 2" or "[3] > [1] > [2]", alone on its last line),
    or a list of their names, one an item, or names one candidate alone. An unknown number or name
    makes a text unreadable, because what comes after it would be ranked too high; a repeated one
    counts once.
    """
    if answer.probabilities is not None:
        given = answer.probabilities
        return sorted(candidates, key=lambda name: -given.get(name, 0.0))
    text = without_reasoning(answer.text or "").strip()
    last = text.rsplit("\n", 1)[-1].strip().translate(_NO_BRACKETS)
    if _NUMBERS.fullmatch(last):
        places = [int(number) for number in re.findall(r"\d+", last)]
        known = all(1 <= place <= len(candidates) for place in places)
        return _once([candidates[place - 1] for place in places]) if known else None
    items = [match["name"] for match in _ITEM.finditer(text)]
    names = [read_label(Answer(text=item), candidates) for item in items]
    if not names:
        names = [read_label(answer, candidates)]
    read = [name for name in names if name is not None]
    return _once(read) if len(read) == len(names) else None


def rank_of(target: str, ranking: Sequence[str]) -> int | None:
    """Place of ``target`` counted from 1; None where it is not in the ranking."""
    return ranking.index(target) + 1 if target in ranking else None


def hit(rank: int | None, k: int) -> float:
    """1.0 if the target is among the first ``k``."""
    return float(rank is not None and rank <= k)


def ndcg(rank: int | None, k: int) -> float:
    """nDCG@k with one relevant candidate: 1 / log2(rank + 1) within the first ``k``, else 0."""
    return 1 / math.log2(rank + 1) if rank is not None and rank <= k else 0.0


def reciprocal_rank(rank: int | None) -> float:
    """1 / rank; 0.0 for a target that was not ranked."""
    return 1 / rank if rank is not None else 0.0


def score_ranking(
    answer: Answer, target: str, candidates: Sequence[str], cutoffs: Sequence[int] = (1, 5, 10)
) -> list[Score]:
    """``hit@k`` and ``ndcg@k`` for each k of ``cutoffs``, and ``mrr``, the reciprocal rank.

    All are 0.0 with ``format_error`` where no ranking can be read. nDCG@1 is hit@1 and left out.

    Raises:
        ValueError: If the target is not one of the candidates, or a name occurs twice.
    """
    if target not in candidates or len(set(candidates)) < len(candidates):
        raise ValueError(f"target {target!r} must be one of {len(candidates)} different candidates")
    ranking = read_ranking(answer, candidates)
    rank = None if ranking is None else rank_of(target, ranking)
    values = {f"hit@{k}": hit(rank, k) for k in cutoffs}
    values |= {f"ndcg@{k}": ndcg(rank, k) for k in cutoffs if k > 1}
    values["mrr"] = reciprocal_rank(rank)
    if ranking is None:
        why = "ranks no candidate, or something that is none"
        return [
            Score(name=name, value=0.0, status="format_error", explanation=why) for name in values
        ]
    place = "not ranked" if rank is None else f"rank {rank} of {len(ranking)} ranked"
    return [Score(name=name, value=value, explanation=place) for name, value in values.items()]


def _once(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(names))
