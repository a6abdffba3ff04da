"""Recorded answers of models, put to a task's own scoring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from evalsuite.records import Answer, Sample, Score
from evalsuite.task import Graded, Task


@dataclass(frozen=True)
class Tally:
    """Everything graded, the successes among it, and how many of its scores have each status."""

    graded: list[Graded]
    right: int
    statuses: Counter[str]


def tally(task: Task, answers: Iterable[tuple[Sample, str | None]]) -> Tally:
    """Score what was said for each sample; None is an answer without text."""
    graded = []
    for sample, said in answers:
        answer = Answer(text=said)
        scores: dict[str, Score] = {one.name: one for one in task.score(sample, answer)}
        graded.append(Graded(sample=sample, answer=answer, scores=scores))
    right = sum(task.succeeded(one.scores) is True for one in graded)
    statuses = Counter(one.scores[task.success].status for one in graded)
    return Tally(graded, right, statuses)
