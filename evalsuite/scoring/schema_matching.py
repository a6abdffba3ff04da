"""Column matching: rankings of the columns of one table for each column of another.

Definitions are those of Valentine (Koutras et al. 2021, ``valentine.metrics``) and Magneto (Liu et
al. 2025, arXiv:2412.08194): mean reciprocal rank over the columns that have a counterpart, recall
among the top n pairs of a table pair with n true ones, and one-to-one precision, recall and F1.

Ties get their expected value under a random order, where both projects take the order in which
pairs happen to come. A pair that was not ranked ranks nowhere.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from evalsuite.records import Answer
from evalsuite.scoring.answer_text import without_reasoning

Pair = tuple[str, str]
"""A column of the first table and one of the second."""

_MARKER = re.compile(r"^\s*(?:[-*•]|\(?\d+[.):])\s+")
_SEPARATORS = re.compile(r"[;,>]|->")
_LONGEST = 20_000  # characters of an answer that are read


@dataclass(frozen=True, kw_only=True)
class Matches:
    """What a system says of one pair of tables, and what is true.

    scores: the pairs that were ranked, higher is likelier; ties have no order. None where the
        system ranks nothing, but only says what matches.
    chosen: the pairs that were said to match.
    truth: the pairs that do.
    """

    scores: Mapping[Pair, float] | None
    chosen: Collection[Pair]
    truth: Collection[Pair]


def reciprocal_rank(scores: Mapping[str, float], wanted: Collection[str]) -> float:
    """Expected 1 / rank of the first right candidate; 0 where none of them was ranked.

    Args:
        scores: Candidate -> score, higher is better.
        wanted: The right candidates.
    """
    best = max((scores[name] for name in wanted if name in scores), default=None)
    if best is None:
        return 0.0
    above = sum(value > best for value in scores.values())
    tied = [name for name, value in scores.items() if value == best]
    right = sum(name in wanted for name in tied)
    orders = math.comb(len(tied), right)
    # The first right one of the tied is at place k if the others are all behind it.
    return sum(
        math.comb(len(tied) - k, right - 1) / orders / (above + k)
        for k in range(1, len(tied) - right + 2)
    )


def mean_reciprocal_rank(tables: Sequence[Matches]) -> float | None:
    """Mean over the columns with a counterpart, of all tables together.

    None where no column has one, or where a table was not ranked.
    """
    ranks = []
    for table in tables:
        if table.scores is None:
            return None
        wanted: dict[str, set[str]] = {}
        for source, target in table.truth:
            wanted.setdefault(source, set()).add(target)
        for source, targets in wanted.items():
            ranked = {t: value for (s, t), value in table.scores.items() if s == source}
            ranks.append(reciprocal_rank(ranked, targets))
    return math.fsum(ranks) / len(ranks) if ranks else None


def recall_at_ground_truth(table: Matches) -> float | None:
    """Expected share of the n true pairs among the n pairs with the highest scores.

    None where nothing matches, or nothing was ranked.
    """
    n = len(table.truth)
    if n == 0 or table.scores is None:
        return None
    places, found = n, 0.0
    for value in sorted(set(table.scores.values()), reverse=True):
        tied = [pair for pair, score in table.scores.items() if score == value]
        right = sum(pair in table.truth for pair in tied)
        if len(tied) >= places:
            return (found + right * places / len(tied)) / n
        places -= len(tied)
        found += right
    return found / n


def mean_recall_at_ground_truth(tables: Sequence[Matches]) -> float | None:
    """Mean over the pairs of tables in which something matches.

    None where there is none, or where a table was not ranked.
    """
    if any(table.scores is None for table in tables):
        return None
    values = [value for table in tables if (value := recall_at_ground_truth(table)) is not None]
    return math.fsum(values) / len(values) if values else None


def one_to_one(table: Matches) -> list[Pair]:
    """The chosen pairs, likeliest first, without those of which a column is already taken.

    Valentine's greedy filter, without its cut at the median score: what matches is the system's to
    say. Of equal scores the pair that comes first is kept.
    """
    scores = table.scores or {}
    taken_sources, taken_targets, kept = set(), set(), []
    for source, target in sorted(table.chosen, key=lambda pair: -scores.get(pair, -math.inf)):
        if source not in taken_sources and target not in taken_targets:
            taken_sources.add(source)
            taken_targets.add(target)
            kept.append((source, target))
    return kept


def precision_recall_f1(
    tables: Sequence[Matches],
) -> tuple[float | None, float | None, float | None]:
    """One-to-one precision, recall and F1, over the pairs of all tables together.

    Precision is None where nothing is chosen, recall where nothing matches, F1 where neither.
    """
    said = right = wanted = 0
    for table in tables:
        kept = one_to_one(table)
        said += len(kept)
        right += sum(pair in table.truth for pair in kept)
        wanted += len(table.truth)
    return (
        right / said if said else None,
        right / wanted if wanted else None,
        2 * right / (said + wanted) if said + wanted else None,
    )


def read_ranking(answer: Answer, candidates: Sequence[str], none: str) -> dict[str, float] | None:
    """Candidate -> score, from an answer that ranks names; None where it cannot be read.

    Args:
        answer: With ``probabilities`` over the candidates and ``none``, these are the scores.
            Else its text names candidates, the best first: a JSON list of names or of objects with
            ``column`` and perhaps ``score``, or names on lines, or between commas, semicolons or
            ``>``. Without scores, each place has the score 1 / place.
        candidates: Names of the columns to be ranked. Others are passed over, and compared without
            regard to case and white space.
        none: What an answer says where there is no counterpart: then nothing is ranked, unless
            names come before it.
    """
    if answer.probabilities is not None:
        return dict(answer.probabilities)
    text = without_reasoning(answer.text or answer.choice or "").strip()[:_LONGEST]
    names = {_folded(name): name for name in reversed(candidates)} | {_folded(none): none}
    scores: dict[str, float] = {}
    said = _listed(text)
    if said is None:
        return None
    for name, score in said:
        known = names.get(_folded(name))
        if known is not None and known not in scores:
            place = 1 / (len(scores) + 1)
            scores[known] = place if score is None else score
    return scores or None


def best_of(scores: Mapping[str, float]) -> str:
    """The name with the highest score; of several, the first."""
    return max(scores, key=scores.__getitem__)


def _listed(text: str) -> list[tuple[str, float | None]] | None:
    """Names with their scores, if any, in order; None for no text."""
    if not text:
        return None
    start, end = text.find("["), text.rfind("]")
    if 0 <= start < end:
        try:
            return _entries(json.loads(text[start : end + 1]))
        except (ValueError, RecursionError):
            pass  # brackets that are part of a name
    lines = [_MARKER.sub("", line).strip() for line in text.splitlines() if line.strip()]
    if len(lines) == 1:
        parts = [part.strip() for part in _SEPARATORS.split(lines[0])]
        # The whole line first: a name may hold a comma.
        lines = [lines[0], *parts] if len(parts) > 1 else lines
    return [(line.strip(" \"'`*"), None) for line in lines]


def _entries(value: object) -> list[tuple[str, float | None]]:
    found: list[tuple[str, float | None]] = []
    for entry in value if isinstance(value, list) else []:
        if isinstance(entry, Mapping):
            score = entry.get("score")
            if not isinstance(score, int | float) or not math.isfinite(score):
                score = None
            found.append((str(entry.get("column", "")), score))
        else:
            found.append((str(entry), None))
    return found


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
