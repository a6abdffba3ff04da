"""What an answer predicts for a text: read in its form, placed in the text, nothing dropped.

The protocol is the same for every system. An answer that cannot be read predicts nothing and is a
``format_error``. Every mention that was read is a prediction: one that is nowhere in the text, is
named more often than it occurs or has an undeclared type matches nothing, so it is spurious.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

from evalsuite.records import Answer
from evalsuite.scoring.entity_forms import Said, read_form
from evalsuite.scoring.entity_repair import mended
from evalsuite.scoring.placing import Mention, Placed, Placement, place, words_of
from evalsuite.scoring.spans import Span, pair

Outcome = Literal[
    "correct",
    "type",
    "boundary",
    "type_boundary",
    "missing",
    "spurious",
    "hallucinated",
    "duplicate",
    "undeclared",
    "format",
]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
Facts = frozenset[tuple[str, str]]
"""Types and words, as a document holds them whatever their place and number."""


@dataclass(frozen=True)
class Reading:
    """What an answer says about a text.

    ``placed`` are predictions of declared types with their place; ``undeclared`` those of other
    types. ``hallucinated`` mentions are nowhere in the text, ``excess`` ones were named more often
    than they occur; both may have any type. ``readable`` is False where no part of the answer had
    the expected form; ``unreadable_parts`` counts the parts that were skipped.
    """

    placed: tuple[Placed, ...] = ()
    hallucinated: tuple[Mention, ...] = ()
    excess: tuple[Mention, ...] = ()
    undeclared: tuple[Placed, ...] = ()
    readable: bool = True
    unreadable_parts: int = 0

    @cached_property
    def spans(self) -> list[Span]:
        """Predicted spans of declared types, in order."""
        return [placed.span for placed in self.placed]

    @cached_property
    def unplaced(self) -> list[str]:
        """Labels of the predictions that can match nothing."""
        lost = (*self.hallucinated, *self.excess, *(placed.mention for placed in self.undeclared))
        return [mention.label for mention in lost]

    @property
    def predicted(self) -> int:
        """Predictions of every kind."""
        return len(self.placed) + len(self.unplaced)


def read_spans(answer: Answer, text: str, labels: Sequence[str]) -> Reading:
    """What an answer predicts for ``text``, read to the letter.

    Structured answers (``data``: mappings of start, end and label, offsets in characters) are taken
    as they are; a span outside the text is hallucinated.
    """
    if isinstance(answer.data, list):
        return _structured(answer.data, text, labels)
    return _placed(read_form(answer.text or "", text, labels), text, labels)


def read_both(answer: Answer, text: str, labels: Sequence[str]) -> tuple[Reading, Reading]:
    """What an answer predicts to the letter, and if its form is mended; see ``entity_repair``.

    The second is the first, the same object, where there is nothing to mend.
    """
    if isinstance(answer.data, list):
        reading = _structured(answer.data, text, labels)
        return reading, reading
    said = read_form(answer.text or "", text, labels)
    better = mended(said, answer.text or "", text, labels)
    reading = _placed(said, text, labels)
    return reading, reading if better == said else _placed(better, text, labels)


def _placed(said: Said, text: str, labels: Sequence[str]) -> Reading:
    readable = bool(said.mentions or said.spans) or not said.unreadable
    if said.mentions:
        placement = place(said.mentions, text)
    else:
        placement = Placement(tuple(_as_placed(span, text) for span in said.spans))
    return _sorted_out(placement, labels, readable, said.unreadable)


def _sorted_out(
    placement: Placement, labels: Sequence[str], readable: bool, unreadable: int
) -> Reading:
    return Reading(
        tuple(one for one in placement.placed if one.span.label in labels),
        placement.hallucinated,
        placement.excess,
        tuple(one for one in placement.placed if one.span.label not in labels),
        readable,
        unreadable,
    )


def _as_placed(span: Span, text: str) -> Placed:
    return Placed(Mention(span.label, text[span.start : span.end]), span, 0)


def _structured(entries: list[Any], text: str, labels: Sequence[str]) -> Reading:
    found = [_span(entry) for entry in entries]
    spans = sorted(span for span in found if span is not None)
    inside = [span for span in spans if 0 <= span.start < span.end <= len(text)]
    outside = [span for span in spans if not 0 <= span.start < span.end <= len(text)]
    placement = Placement(
        tuple(_as_placed(span, text) for span in inside),
        tuple(Mention(span.label, "") for span in outside),
    )
    return _sorted_out(placement, labels, bool(spans) or not found, found.count(None))


def _span(entry: Any) -> Span | None:
    if not isinstance(entry, Mapping):
        return None
    start, end, label = entry.get("start"), entry.get("end"), entry.get("label")
    if isinstance(start, int) and isinstance(end, int) and isinstance(label, str):
        return Span(start, end, label)
    return None


def outcomes(gold: Sequence[Span], reading: Reading) -> Counter[Outcome]:
    """What became of every gold span, every prediction and every unreadable part.

    correct: place and type. type: place, not the type. boundary: an overlap with the type.
    type_boundary: an overlap, not the type. missing: a gold span that nothing was paired with.
    spurious: a prediction elsewhere in the text. hallucinated: nowhere in the text. duplicate: said
    once more than it is there. undeclared: in the text, of a type that was not asked for. format: a
    part of the answer that could not be read, or the whole of it.

    Gold spans are correct + type + boundary + type_boundary + missing; predictions are all but
    missing and format.
    """
    pairs = pair(gold, reading.spans)
    found: Counter[Outcome] = Counter()
    for i, j in pairs:
        found[_outcome(gold[i], reading.spans[j])] += 1
    found["missing"] += len(gold) - len(pairs)
    seen = {reading.spans[j] for _, j in pairs}
    used = {j for _, j in pairs}
    for span in (span for j, span in enumerate(reading.spans) if j not in used):
        found["duplicate" if span in seen else "spurious"] += 1
        seen.add(span)
    found["hallucinated"] += len(reading.hallucinated)
    found["duplicate"] += len(reading.excess)
    found["undeclared"] += len(reading.undeclared)
    found["format"] += reading.unreadable_parts
    return +found


def _outcome(gold: Span, predicted: Span) -> Outcome:
    same_place = (gold.start, gold.end) == (predicted.start, predicted.end)
    if gold.label == predicted.label:
        return "correct" if same_place else "boundary"
    return "type" if same_place else "type_boundary"


def facts_of_spans(spans: Sequence[Span], text: str) -> Facts:
    """Types and words of spans, words without case and punctuation."""
    return frozenset((span.label, words_of(text[span.start : span.end])) for span in spans)


def facts_of_reading(reading: Reading) -> Facts:
    """Types and words of everything that was predicted, words without case and punctuation."""
    mentions = [placed.mention for placed in (*reading.placed, *reading.undeclared)]
    mentions += [*reading.hallucinated, *reading.excess]
    return frozenset((mention.label, words_of(mention.text)) for mention in mentions)
