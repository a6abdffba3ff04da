"""Entity spans: gold and predicted spans compared under the four SemEval-2013 schemas.

strict: boundaries and type; exact: boundaries; partial: any overlap, half a point unless the
boundaries agree; type: any overlap and the type. Source: Segura-Bedmar et al. 2013 (task 9.1),
with one change: spans are paired by an optimal assignment, so that the order in which a model
lists its entities does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    """How spans fared under one schema; gold = correct + incorrect + partial + missed."""

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
    def precision(self) -> float | None:
        """(correct + partial / 2) / predicted; None if nothing was predicted."""
        predicted = self.correct + self.incorrect + self.partial + self.spurious
        return (self.correct + self.partial / 2) / predicted if predicted else None

    @property
    def recall(self) -> float | None:
        """(correct + partial / 2) / gold; None if there is no gold."""
        gold = self.correct + self.incorrect + self.partial + self.missed
        return (self.correct + self.partial / 2) / gold if gold else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None if there is neither gold nor prediction."""
        gold = self.correct + self.incorrect + self.partial + self.missed
        predicted = self.correct + self.incorrect + self.partial + self.spurious
        if not gold + predicted:
            return None
        return 2 * (self.correct + self.partial / 2) / (gold + predicted)


def compare(
    gold: Sequence[Span], predicted: Sequence[Span], *, unplaced: Sequence[str] = ()
) -> dict[Schema, Counts]:
    """Counts under every schema for one text.

    Args:
        gold: Reference spans; duplicates make no sense and count double.
        predicted: Predicted spans in any order; a repeated span is spurious.
        unplaced: Labels of predictions that are nowhere in the text (made up, or named too often):
            spurious.
    """
    pairs = _paired(gold, predicted)
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


def _paired(gold: Sequence[Span], predicted: Sequence[Span]) -> list[tuple[int, int]]:
    """Overlapping pairs (gold index, predicted index) of the best one-to-one assignment.

    Best is lexicographic: most strict matches, then most exact, then most overlaps of one type,
    then most overlaps.
    """
    if not gold or not predicted:
        return []
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    base = min(len(gold), len(predicted)) + 1
    weights = np.zeros((len(gold), len(predicted)))
    for i, wanted in enumerate(gold):
        for j, said in enumerate(predicted):
            if wanted.start < said.end and said.start < wanted.end:
                same_place = (wanted.start, wanted.end) == (said.start, said.end)
                rank = 2 * same_place + (wanted.label == said.label)
                weights[i, j] = float(base) ** rank
    rows, columns = linear_sum_assignment(weights, maximize=True)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if weights[i, j] > 0]


def from_bio(tags: Sequence[str], *, strict: bool = False) -> list[Span]:
    """Token spans of BIO tags.

    Args:
        tags: "O", "B-LABEL" or "I-LABEL".
        strict: IOB2 to the letter: an I without its B starts nothing. Otherwise it starts a span,
            as in conlleval and as in seqeval's default.
    """
    spans: list[Span] = []
    start, label = 0, ""
    for at, tag in enumerate([*tags, "O"]):
        prefix, _, name = tag.partition("-")
        goes_on = bool(label) and prefix == "I" and name == label
        if goes_on:
            continue
        if label:
            spans.append(Span(start, at, label))
        begins = prefix == "B" or (prefix == "I" and not strict)
        start, label = at, name if begins else ""
    return spans


def from_records(records: Iterable[Mapping[str, Any]]) -> list[Span]:
    """Spans of mappings with ``start``, ``end`` and ``label``, as targets and classical models."""
    return [Span(int(r["start"]), int(r["end"]), str(r["label"])) for r in records]
