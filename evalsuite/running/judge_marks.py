"""What a judge's answer says: a value by each criterion, or the reason why there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from evalsuite.judging.judge_file import POINTWISE, JudgeFile
from evalsuite.judging.parsing import (
    BRACKETS,
    Reading,
    read_choice,
    read_field,
    read_json,
    read_ranking,
    read_text,
    sealed,
    tiers_of,
)
from evalsuite.judging.scales import TIE, A
from evalsuite.judging.weighing import chances, expected
from evalsuite.records import Answer
from evalsuite.running.judge_questions import Put

_LONGEST_MESSAGE = 300


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A reading of one criterion.

    Of an answer, ``label`` and ``value`` are the scale's. Of a pair, ``value`` is 1, 0.5 or 0 for
    the answer that was shown first (or the expected value over these) and ``label`` one of
    "A", "B", "tie". Of a list, ``label`` is the ranking.
    """

    criterion: str
    label: str | None = None
    value: float | None = None
    basis: Literal["plain", "expected"] | None = None
    error_kind: str | None = None
    error_message: str | None = None


def marks_of(judge: JudgeFile, put: Put, answer: Answer) -> list[Mark]:
    """What ``answer`` says by each criterion of the question ``put``."""
    parsed: Any = None
    problem: Reading | None = None
    if judge.form == "json":
        parsed, problem = read_json(answer.text)
    marks = []
    for criterion in put.criteria:
        reading = problem or _reading(judge, put, criterion, answer, parsed)
        marks.append(_mark(judge, criterion, answer, reading))
    return marks


def places_of(label: str, n: int) -> Iterator[tuple[int, int, float]]:
    """Every pair of places of a ranking of ``n``, with 1, 0.5 or 0 for the first of the pair."""
    rank = {
        ord(name) - ord(A): place for place, tier in enumerate(tiers_of(label)) for name in tier
    }
    for first in range(n):
        for second in range(first + 1, n):
            ahead = rank[second] - rank[first]
            yield first, second, 1.0 if ahead > 0 else 0.0 if ahead < 0 else 0.5


def _reading(judge: JudgeFile, put: Put, criterion: str, answer: Answer, parsed: Any) -> Reading:
    question = put.question
    assert question is not None
    scale = judge.scale_of(criterion)
    if judge.form == "choices":
        return read_choice(answer.choice, answer.text, scale)
    if judge.form == "text":
        pattern = sealed(question.mark)
        if judge.kind == "listwise":
            reading = read_ranking(answer.text, question.labels, pattern=pattern)
        else:
            reading = read_text(answer.text, scale, pattern=pattern)
        if reading.error_kind == "no_verdict" and re.search(BRACKETS, answer.text or ""):
            return Reading(error_kind="unsealed_verdict", found=reading.found)
        return reading
    if judge.kind == "listwise":
        reading = read_field(parsed, ("verdict",), None, mark=question.mark)
        if reading.label is None:
            return reading
        return read_ranking(reading.label, question.labels, pattern=r"\A\s*(.+?)\s*\Z")
    path = ("verdict", criterion) if judge.ask == "together" else ("verdict",)
    return read_field(parsed, path, scale, mark=question.mark)


def _mark(judge: JudgeFile, criterion: str, answer: Answer, reading: Reading) -> Mark:
    if reading.label is None:
        return Mark(
            criterion=criterion,
            error_kind=reading.error_kind,
            error_message=reading.found[:_LONGEST_MESSAGE] or None,
        )
    if judge.kind == "listwise":
        return Mark(criterion=criterion, label=reading.label, basis="plain")
    scale = judge.scale_of(criterion)
    chance = chances(answer, reading.label, scale) if judge.ask == "each" else None
    if chance is None:
        value = scale.values[reading.label]
        return Mark(criterion=criterion, label=reading.label, value=value, basis="plain")
    value = expected(chance, scale)
    return Mark(criterion=criterion, label=reading.label, value=value, basis="expected")


def winner_of(value: float) -> str:
    """The verdict "a", "b" or "tie" that a value for a says."""
    return "a" if value > 0.5 else "b" if value < 0.5 else TIE


def is_score(judge: JudgeFile) -> bool:
    """Whether the judge's verdicts are of one answer."""
    return judge.kind in POINTWISE
