"""Entity spans: gold and predicted spans compared under the four SemEval-2013 schemas.

strict: boundaries and type; exact: boundaries; partial: any overlap, half a point unless the
boundaries agree; type: any overlap and the type. Source: Segura-Bedmar et al. 2013 (task 9.1),
with one change: spans are paired by an optimal assignment, so that the order in which a model
lists its entities does not matter. Tags of tokens become spans in ``bio``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Schema = Literal["strict", "exact", "partial", "type"]
SCHEMAS: tuple[Schema, ...] = ("strict", "exact", "partial", "type")


@dataclass(frozen=True, order=True)
class Span:
    """Characters ``start`` to ``end`` (exclusive) of a text, or tokens where tags were read."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class Counts:
    """How spans fared under one schema: COR, INC, PAR, MIS and SPU of the literature.

    Gold spans are correct + incorrect + partial + missed, predicted ones correct + incorrect +
    partial + spurious.
    """

    correct: int = 0
    incorrect: int = 0
    partial: int = 0
    missed: int = 0
    spurious: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.correct + other.correct,
            self.incorrect + other.incorrect,
            self.partial + other.partial,
            self.missed + other.missed,
            self.spurious + other.spurious,
        )

    @property
    def gold(self) -> int:
        """Gold spans (POS)."""
        return self.correct + self.incorrect + self.partial + self.missed

    @property
    def predicted(self) -> int:
        """Predicted spans (ACT)."""
        return self.correct + self.incorrect + self.partial + self.spurious

    @property
    def precision(self) -> float | None:
        """(correct + partial / 2) / predicted; None if nothing was predicted."""
        return (self.correct + self.partial / 2) / self.predicted if self.predicted else None

    @property
    def recall(self) -> float | None:
        """(correct + partial / 2) / gold; None if there is no gold."""
        return (self.correct + self.partial / 2) / self.gold if self.gold else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None if there is neither gold nor prediction."""
        if not self.gold + self.predicted:
            return None
        return 2 * (self.correct + self.partial / 2) / (self.gold + self.predicted)


def compare(
    gold: Sequence[Span], predicted: Sequence[Span], *, unplaced: Sequence[str] = ()
) -> dict[Schema, Counts]:
    """Counts under every schema for one text.

    Args:
        gold: Reference spans; duplicates make no sense and count double.
        predicted: Predicted spans in any order; a repeated span is spurious.
        unplaced: Labels of predictions that can match nothing (made up, named too often, of an
            undeclared type): spurious.
    """
    pairs = pair(gold, predicted)
    missed, spurious = len(gold) - len(pairs), len(predicted) - len(pairs) + len(unplaced)
    counts: dict[Schema, Counts] = {}
    for schema in SCHEMAS:
        judged = [_judge(schema, gold[i], predicted[j]) for i, j in pairs]
        counts[schema] = Counts(
            judged.count("correct"),
            judged.count("incorrect"),
            judged.count("partial"),
            missed,
            spurious,
        )
    return counts


def by_label(
    gold: Sequence[Span],
    predicted: Sequence[Span],
    labels: Iterable[str],
    *,
    unplaced: Sequence[str] = (),
) -> dict[str, Counts]:
    """Strict counts for each label by itself; every disagreement is missed or spurious."""
    counts = {}
    for label in labels:
        wanted = {span for span in gold if span.label == label}
        said = [span for span in predicted if span.label == label]
        hit = len(wanted & set(said))
        spurious = len(said) - hit + unplaced.count(label)
        counts[label] = Counts(correct=hit, missed=len(wanted) - hit, spurious=spurious)
    return counts


def _judge(schema: Schema, gold: Span, predicted: Span) -> str:
    same_place = (gold.start, gold.end) == (predicted.start, predicted.end)
    same_label = gold.label == predicted.label
    match schema:
        case "strict":
            return "correct" if same_place and same_label else "incorrect"
        case "exact":
            return "correct" if same_place else "incorrect"
        case "partial":
            return "correct" if same_place else "partial"
        case "type":
            return "correct" if same_label else "incorrect"


def pair(gold: Sequence[Span], predicted: Sequence[Span]) -> list[tuple[int, int]]:
    """Overlapping pairs (index into gold, index into predicted) of the best one-to-one assignment.

    Best is lexicographic: most strict matches, then most exact, then most overlaps of one type,
    then most overlaps. So how many pairs there are of each kind does not depend on the order of
    the spans, and neither do the pairs as spans: ties are broken by sorted spans.
    """
    free_gold = sorted(range(len(gold)), key=gold.__getitem__)
    free_said = sorted(range(len(predicted)), key=predicted.__getitem__)
    # Equal spans are interchangeable, so an optimum pairs as many of them as there are.
    waiting: dict[Span, list[int]] = {}
    for j in reversed(free_said):
        waiting.setdefault(predicted[j], []).append(j)
    pairs = [(i, waiting[gold[i]].pop()) for i in free_gold if waiting.get(gold[i])]
    if len(pairs) < min(len(gold), len(predicted)):
        taken, used = {i for i, _ in pairs}, {j for _, j in pairs}
        free_gold = [i for i in free_gold if i not in taken]
        free_said = [j for j in free_said if j not in used]
        for rows, columns in _overlapping(gold, predicted, free_gold, free_said):
            pairs += _assigned(gold, predicted, rows, columns)
    return sorted(pairs)


def _overlapping(
    gold: Sequence[Span], predicted: Sequence[Span], rows: Sequence[int], columns: Sequence[int]
) -> Iterator[tuple[list[int], list[int]]]:
    """Groups of spans that hang together by overlaps; no pair of the assignment crosses groups."""
    ordered = sorted(
        [(gold[i], 0, i) for i in rows if gold[i].start < gold[i].end]
        + [(predicted[j], 1, j) for j in columns if predicted[j].start < predicted[j].end]
    )
    group: tuple[list[int], list[int]] = ([], [])
    end = -1
    for span, side, index in ordered:
        if span.start >= end:
            if group[0] and group[1]:
                yield group
            group = ([], [])
        group[side].append(index)
        end = max(end, span.end)
    if group[0] and group[1]:
        yield group


def _assigned(
    gold: Sequence[Span], predicted: Sequence[Span], rows: Sequence[int], columns: Sequence[int]
) -> list[tuple[int, int]]:
    if len(rows) == len(columns) == 1:
        overlap = _overlap(gold[rows[0]], predicted[columns[0]])
        return [(rows[0], columns[0])] if overlap else []
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    # A digit for each kind of pair: no number of lesser pairs outweighs one of a better kind.
    base = float(min(len(rows), len(columns)) + 1)
    weights = np.zeros((len(rows), len(columns)))
    for at, i in enumerate(rows):
        for to, j in enumerate(columns):
            wanted, said = gold[i], predicted[j]
            if _overlap(wanted, said):
                same_place = (wanted.start, wanted.end) == (said.start, said.end)
                weights[at, to] = base ** (2 * same_place + (wanted.label == said.label))
    chosen = zip(*(ends.tolist() for ends in linear_sum_assignment(weights, True)), strict=True)
    return [(rows[at], columns[to]) for at, to in chosen if weights[at, to] > 0]


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def from_records(records: Iterable[Mapping[str, Any]]) -> list[Span]:
    """Spans of mappings with ``start``, ``end`` and ``label``, as targets and classical models."""
    return [Span(int(r["start"]), int(r["end"]), str(r["label"])) for r in records]
