"""Scores of entity answers, one text at a time.

How an answer is read is in ``entity_forms``, ``placing`` and ``entity_reading``; how spans are
compared in ``spans``; figures over whole corpora in ``entity_metrics``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from evalsuite.records import Answer, Score
from evalsuite.scoring.entity_reading import (
    OUTCOMES,
    Reading,
    outcomes,
    read_both,
    read_spans,
)
from evalsuite.scoring.spans import Span, compare, from_records

_UNREADABLE = "not a list of LABEL: words"


def score_spans(
    answer: Answer, gold: Iterable[Any], *, text: str, labels: Sequence[str]
) -> Sequence[Score]:
    """``exact_set`` (1.0 if exactly the gold spans were found), ``span_f1`` and ``hallucinated``.

    ``span_f1`` is the strict F1 of this text (1.0 where there is nothing and nothing was found);
    ``hallucinated`` counts mentions that are nowhere in the text. An answer that cannot be read
    is a ``format_error``: 0.0 for the first two, and nothing to count for the third.
    """
    return _spans_scores(read_spans(answer, text, labels), from_records(gold))


def score_entities(
    answer: Answer, gold: Iterable[Any], *, text: str, labels: Sequence[str]
) -> Sequence[Score]:
    """The scores of :func:`score_spans`, those of the mended form, and what F1 is made of.

    ``repaired_exact_set`` and ``repaired_span_f1`` are of the answer with its form mended
    (``entity_repair``); 0.0 and ``format_error`` where even that finds nothing.
    ``correct_entities``, ``predicted_entities`` and ``gold_entities`` are counts, strict and of the
    answer to the letter: micro F1 is 2 x correct / (predicted + gold), summed over texts, so its
    interval can be bootstrapped from them. The explanation of ``correct_entities`` says what became
    of every span.
    """
    wanted = from_records(gold)
    reading, repaired = read_both(answer, text, labels)
    found = outcomes(wanted, reading)
    told = ", ".join(f"{found[name]} {name}" for name in OUTCOMES if found[name])
    scores = _spans_scores(reading, wanted)
    exact, f1, _ = scores if repaired is reading else _spans_scores(repaired, wanted)
    return [
        *scores,
        Score(
            name="repaired_exact_set",
            value=exact.value,
            status=exact.status,
            explanation=exact.explanation,
        ),
        Score(
            name="repaired_span_f1", value=f1.value, status=f1.status, explanation=f1.explanation
        ),
        Score(name="correct_entities", value=float(found["correct"]), explanation=told),
        Score(name="predicted_entities", value=float(reading.predicted)),
        Score(name="gold_entities", value=float(len(wanted))),
    ]


def _spans_scores(reading: Reading, wanted: Sequence[Span]) -> list[Score]:
    if not reading.readable:
        return [
            Score(name="exact_set", value=0.0, status="format_error", explanation=_UNREADABLE),
            Score(name="span_f1", value=0.0, status="format_error", explanation=_UNREADABLE),
            Score(name="hallucinated", value=None, status="format_error", explanation=_UNREADABLE),
        ]
    counts = compare(wanted, reading.spans, unplaced=reading.unplaced)["strict"]
    perfect = counts.correct == len(wanted) and not counts.incorrect + counts.spurious
    f1 = 1.0 if counts.f1 is None else counts.f1
    nowhere = len(reading.hallucinated) + len(reading.excess)
    seen = f"{counts.correct} of {len(wanted)} found"
    seen += f", {counts.incorrect + counts.spurious} wrong, {nowhere} not in the text"
    if reading.unreadable_parts:
        seen += f", {reading.unreadable_parts} unreadable"
    return [
        Score(name="exact_set", value=float(perfect), explanation=seen),
        Score(name="span_f1", value=f1, explanation=seen),
        Score(name="hallucinated", value=float(len(reading.hallucinated))),
    ]
