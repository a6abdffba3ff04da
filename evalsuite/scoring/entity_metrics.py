"""Figures over all texts of a task: span F1 under four schemas, by type, by document, by outcome.

Texts whose system failed are in no figure but those that name failures: a failure is unknown, not
an empty answer. Unreadable answers predict nothing, so their gold spans are missed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from evalsuite.records import Answer, Sample
from evalsuite.scoring.entity_reading import (
    OUTCOMES,
    Facts,
    Outcome,
    Reading,
    facts_of_reading,
    facts_of_spans,
    outcomes,
    read_both,
)
from evalsuite.scoring.placing import TIERS
from evalsuite.scoring.spans import (
    SCHEMAS,
    Counts,
    Schema,
    Span,
    by_label,
    compare,
    from_records,
)
from evalsuite.task import CorpusMetric, Graded

_Name = TypeVar("_Name", bound=str)


@dataclass(frozen=True, kw_only=True)
class EntityReport:
    """Everything counted over the texts of one system.

    Attributes:
        n_texts: Texts with an answer. Counts are over these.
        n_failed: Texts whose system failed; ``failed_gold`` are their gold spans.
        n_unreadable: Texts with an answer that could not be read at all.
        schemas: Counts under each schema, of answers to the letter; ``repaired`` of mended ones.
        labels: Strict counts of each declared type.
        documents: Sets of (type, words) of each text, words without case and punctuation: correct,
            missed, spurious; ``repaired_documents`` of mended answers.
        surface: The same over the whole corpus at once, words as they stand; correct if found at
            its place at least once. The second measure of the WNUT-17 shared task.
        outcomes: What became of gold spans and predictions; see ``entity_reading.outcomes``.
        tiers: Placed predictions by how their words were found, in the order of ``TIERS``.
    """

    n_texts: int
    n_failed: int
    failed_gold: int
    n_unreadable: int
    schemas: Mapping[Schema, Counts]
    repaired: Mapping[Schema, Counts]
    labels: Mapping[str, Counts]
    documents: Counts
    repaired_documents: Counts
    surface: Counts
    outcomes: Counter[Outcome]
    tiers: tuple[int, ...]


@dataclass(frozen=True)
class _Read:
    """A text, its gold spans, and its answer to the letter and mended."""

    text: str
    gold: list[Span]
    reading: Reading
    repaired: Reading


def entity_report(graded: Sequence[Graded], labels: Sequence[str]) -> EntityReport:
    """Count over the answers of one system.

    Args:
        graded: Samples with ``inputs["text"]`` and targets of start, end and label.
        labels: The declared types, which every macro average is over.
    """
    read = [_read(one.sample, one.answer, labels) for one in graded if one.answer is not None]
    compared = [_compared(r.gold, r.reading) for r in read]
    placed = Counter(one.tier for r in read for one in (*r.reading.placed, *r.reading.undeclared))
    return EntityReport(
        n_texts=len(read),
        n_failed=len(graded) - len(read),
        failed_gold=sum(len(one.sample.target) for one in graded if one.answer is None),
        n_unreadable=sum(not r.reading.readable for r in read),
        schemas=_summed(SCHEMAS, compared),
        repaired=_summed(
            SCHEMAS,
            (
                found if r.repaired is r.reading else _compared(r.gold, r.repaired)
                for r, found in zip(read, compared, strict=True)
            ),
        ),
        labels=_summed(
            labels,
            (by_label(r.gold, r.reading.spans, labels, unplaced=r.reading.unplaced) for r in read),
        ),
        documents=_documents((r.text, r.gold, r.reading) for r in read),
        repaired_documents=_documents((r.text, r.gold, r.repaired) for r in read),
        surface=_surface(read),
        outcomes=sum((outcomes(r.gold, r.reading) for r in read), Counter()),
        tiers=tuple(placed[tier] for tier in range(len(TIERS))),
    )


def _read(sample: Sample, answer: Answer, labels: Sequence[str]) -> _Read:
    text = sample.inputs["text"]
    return _Read(text, from_records(sample.target), *read_both(answer, text, labels))


def _compared(gold: Sequence[Span], reading: Reading) -> Mapping[Schema, Counts]:
    return compare(gold, reading.spans, unplaced=reading.unplaced)


def _summed(
    names: Iterable[_Name], counts: Iterable[Mapping[_Name, Counts]]
) -> dict[_Name, Counts]:
    totals = dict.fromkeys(names, Counts())
    for one in counts:
        for name in totals:
            totals[name] += one[name]
    return totals


def _documents(read: Iterable[tuple[str, Sequence[Span], Reading]]) -> Counts:
    total = Counts()
    for text, gold, reading in read:
        total += _sets(facts_of_spans(gold, text), facts_of_reading(reading))
    return total


def _sets(gold: Facts, predicted: Facts) -> Counts:
    hit = len(gold & predicted)
    return Counts(correct=hit, missed=len(gold) - hit, spurious=len(predicted) - hit)


def _surface(read: Sequence[_Read]) -> Counts:
    there = frozenset[tuple[str, str]]().union(*(_words(r.gold, r.text) for r in read))
    right = frozenset[tuple[str, str]]().union(
        *(_words(set(r.gold) & set(r.reading.spans), r.text) for r in read)
    )
    said = {(m.label, m.text) for r in read for m in r.reading.hallucinated + r.reading.excess}
    for r in read:
        said |= _words((one.span for one in r.reading.placed + r.reading.undeclared), r.text)
    return Counts(correct=len(right), missed=len(there - right), spurious=len(said - right))


def _words(spans: Iterable[Span], text: str) -> Facts:
    return frozenset((span.label, text[span.start : span.end]) for span in spans)


# --- metrics ------------------------------------------------------------------------------------


def corpus_metrics(labels: Sequence[str]) -> dict[str, CorpusMetric]:
    """Micro F1 under every schema, strict precision and recall, and macro F1 over ``labels``.

    For tasks with ``inputs["text"]`` and targets of start, end and label. Samples without an
    answer are left out. Macro F1 is the mean over the declared labels that occur, in gold or in
    predictions.
    """
    return _metrics(labels, _SPAN_FIGURES)


def entity_metrics(labels: Sequence[str], *, surface: bool = False) -> dict[str, CorpusMetric]:
    """All figures of the protocol.

    - Those of :func:`corpus_metrics`;
    - ``micro_f1_repaired``, ``document_f1``, ``document_f1_repaired``, and with ``surface``
      ``surface_f1``;
    - ``f1_LABEL`` for every declared label, empty where it neither is nor was predicted;
    - ``outcome_NAME``: how many gold spans and predictions came out so;
    - ``placed_exact``, ``placed_case``, ``placed_punctuation``: predictions by tier;
    - ``texts_scored``, ``texts_unreadable``, ``texts_failed``: the n of the others, and
      ``micro_f1_failures_missed``, with every gold span of a failed text counted as missed.
    """
    figures = {**_SPAN_FIGURES, **_MORE_FIGURES}
    if surface:
        figures["surface_f1"] = lambda report: report.surface.f1
    figures |= {f"f1_{label}": partial(_label_f1, label) for label in labels}
    figures |= {f"outcome_{name}": partial(_n_outcomes, name) for name in OUTCOMES}
    figures |= {f"placed_{name}": partial(_n_placed, at) for at, name in enumerate(TIERS)}
    return _metrics(labels, figures)


_Figure = Callable[[EntityReport], float | None]


def _metrics(labels: Sequence[str], figures: Mapping[str, _Figure]) -> dict[str, CorpusMetric]:
    report_of = _counted_once(labels)

    def metric(figure: _Figure, graded: Sequence[Graded]) -> float | None:
        return figure(report_of(graded))

    return {name: partial(metric, figure) for name, figure in figures.items()}


def _counted_once(labels: Sequence[str]) -> Callable[[Sequence[Graded]], EntityReport]:
    """``entity_report`` that keeps the last result: a task's metrics all ask about one list."""
    last: list[tuple[tuple[Graded, ...], EntityReport]] = []

    def report_of(graded: Sequence[Graded]) -> EntityReport:
        known = last and len(last[0][0]) == len(graded)
        if not known or any(a is not b for a, b in zip(last[0][0], graded, strict=True)):
            last[:] = [(tuple(graded), entity_report(graded, labels))]
        return last[0][1]

    return report_of


def _macro(report: EntityReport) -> float | None:
    known = [counts.f1 for counts in report.labels.values() if counts.f1 is not None]
    return sum(known) / len(known) if known else None


def _failures_missed(report: EntityReport) -> float | None:
    return (report.schemas["strict"] + Counts(missed=report.failed_gold)).f1


def _label_f1(label: str, report: EntityReport) -> float | None:
    return report.labels[label].f1


def _n_outcomes(name: Outcome, report: EntityReport) -> float:
    return float(report.outcomes[name])


def _n_placed(tier: int, report: EntityReport) -> float:
    return float(report.tiers[tier])


_SPAN_FIGURES: dict[str, _Figure] = {
    "micro_f1": lambda report: report.schemas["strict"].f1,
    "micro_f1_exact": lambda report: report.schemas["exact"].f1,
    "micro_f1_partial": lambda report: report.schemas["partial"].f1,
    "micro_f1_type": lambda report: report.schemas["type"].f1,
    "precision": lambda report: report.schemas["strict"].precision,
    "recall": lambda report: report.schemas["strict"].recall,
    "macro_f1": _macro,
}
_MORE_FIGURES: dict[str, _Figure] = {
    "micro_f1_repaired": lambda report: report.repaired["strict"].f1,
    "micro_f1_failures_missed": _failures_missed,
    "document_f1": lambda report: report.documents.f1,
    "document_f1_repaired": lambda report: report.repaired_documents.f1,
    "texts_scored": lambda report: float(report.n_texts),
    "texts_unreadable": lambda report: float(report.n_unreadable),
    "texts_failed": lambda report: float(report.n_failed),
}
