"""Generated entity answers: read the mentions, find them in the text, score the spans.

Protocol: an answer that cannot be read predicts nothing (``format_error``); a mention takes the
first place in the text that carries its words, compared exactly, then without case, then without
punctuation, so that the k-th mention of some words goes to their k-th occurrence. Longer mentions
choose first, and places inside taken ones come last ("Bank" after "Torli Bank"). A mention that
is nowhere, or named more often than it occurs, is a wrong prediction, never dropped; so is one of
an undeclared type.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.spans import Counts, Schema, Span, by_label, compare, from_records
from evalsuite.task import CorpusMetric, Graded

_NONE = re.compile(r"\W*(none|no entities|n/a|nothing)\W*", re.IGNORECASE)
_FENCE = re.compile(r"\A\s*```\w*\n(.*?)```\s*\Z", re.DOTALL)


@dataclass(frozen=True)
class Mention:
    """An entity as an answer names it."""

    label: str
    text: str


@dataclass(frozen=True)
class Reading:
    """What an answer says about a text.

    ``readable`` is False where no part of the answer had the expected form. ``unreadable_parts``
    counts parts that were skipped. ``hallucinated`` mentions are nowhere in the text, ``excess``
    ones were named more often than they occur.
    """

    spans: list[Span]
    readable: bool = True
    unreadable_parts: int = 0
    hallucinated: tuple[Mention, ...] = ()
    excess: tuple[Mention, ...] = ()

    @property
    def unplaced(self) -> list[str]:
        """Labels of the predictions without a place in the text."""
        return [mention.label for mention in self.hallucinated + self.excess]


def parse_mentions(text: str, labels: Sequence[str]) -> tuple[list[Mention], int]:
    """Mentions of an answer, and how many parts could not be read.

    Two forms are read: ``LABEL: words; LABEL: words`` (also one a line) and JSON, a list of
    objects with label (or type) and text (or entity), or an object of label to list of texts.
    Labels are matched to the declared ones without case; others stay as they are. An answer
    without a word is unreadable: that there is nothing has to be said ("none", ``[]``).
    """
    fenced = _FENCE.match(text)
    text = (fenced[1] if fenced else text).strip()
    if not text:
        return [], 1
    if _NONE.fullmatch(text):
        return [], 0
    if text[0] in "[{":
        try:
            found = list(_from_json(json.loads(text)))
        except (ValueError, RecursionError):
            return [], 1
        unreadable = found.count(None)
        pairs = [pair for pair in found if pair is not None]
    else:
        pairs, unreadable = _from_lines(text)
    declared = {label.casefold(): label for label in labels}
    mentions = [Mention(declared.get(label.casefold(), label), words) for label, words in pairs]
    return mentions, unreadable


def _from_lines(text: str) -> tuple[list[tuple[str, str]], int]:
    pairs, unreadable = [], 0
    for part in filter(str.strip, re.split(r"[;\n]", text)):
        label, colon, words = part.partition(":")
        label, words = label.strip(" -*\t"), words.strip().strip("\"'`")
        if colon and label and words:
            pairs.append((label, words))
        else:
            unreadable += 1
    return pairs, unreadable


def _from_json(value: Any) -> Iterator[tuple[str, str] | None]:
    if isinstance(value, dict) and all(isinstance(texts, list) for texts in value.values()):
        for label, texts in value.items():
            yield from ((label, text) if isinstance(text, str) else None for text in texts)
        return
    for entry in value if isinstance(value, list) else [value]:
        label = text = None
        if isinstance(entry, dict):
            label = entry.get("label", entry.get("type"))
            text = entry.get("text", entry.get("entity"))
        both = isinstance(label, str) and isinstance(text, str)
        yield (str(label), str(text)) if both else None


def place(mentions: Iterable[Mention], text: str) -> Reading:
    """Find mentions in the text; see the protocol above."""
    tiers = [_folded(text, tier) for tier in range(3)]
    taken: list[Span] = []
    hallucinated: list[Mention] = []
    excess: list[Mention] = []
    for mention in sorted(mentions, key=lambda mention: -len(mention.text)):
        places: list[tuple[int, int]] = []
        for tier, (folded, origin) in enumerate(tiers):
            places += _places(_folded(mention.text, tier)[0], folded, origin)
        chosen = _free(places, taken)
        if chosen is None:
            (excess if places else hallucinated).append(mention)
        else:
            taken.append(Span(*chosen, mention.label))
    return Reading(sorted(taken), hallucinated=tuple(hallucinated), excess=tuple(excess))


def _free(places: Sequence[tuple[int, int]], taken: Sequence[Span]) -> tuple[int, int] | None:
    """The first place apart from what is taken, or else the first that is not itself taken."""
    for start, end in places:
        if all(end <= span.start or span.end <= start for span in taken):
            return start, end
    used = {(span.start, span.end) for span in taken}
    return next((found for found in places if found not in used), None)


def _folded(text: str, tier: int) -> tuple[str, list[int]]:
    """The text as tier 0 (as is), 1 (NFKC, no case) or 2 (letters and digits only) sees it.

    With it comes, for every folded character, the place it came from.
    """
    if tier == 0:
        return text, list(range(len(text)))
    characters, origin = [], []
    for at, character in enumerate(text):
        for folded in unicodedata.normalize("NFKC", character).casefold():
            if tier == 1 or folded.isalnum():
                characters.append(folded)
                origin.append(at)
    return "".join(characters), origin


def _places(words: str, text: str, origin: Sequence[int]) -> list[tuple[int, int]]:
    """Where the words stand, whole words before parts of longer ones."""
    if not words:
        return []
    starts = [match.start() for match in re.finditer(f"(?={re.escape(words)})", text)]

    def inside_word(start: int) -> bool:
        end = start + len(words)
        before = start > 0 and text[start - 1].isalnum() and text[start].isalnum()
        return before or (end < len(text) and text[end].isalnum() and text[end - 1].isalnum())

    starts.sort(key=inside_word)
    return [(origin[at], origin[at + len(words) - 1] + 1) for at in starts]


def read_spans(answer: Answer, text: str, labels: Sequence[str]) -> Reading:
    """What an answer predicts for ``text``.

    Structured answers (``data``: mappings of start, end and label) are taken as they are.
    """
    if isinstance(answer.data, list):
        return Reading(from_records(answer.data))
    mentions, unreadable = parse_mentions(answer.text or "", labels)
    reading = place(mentions, text)
    return Reading(
        reading.spans,
        readable=bool(mentions) or not unreadable,
        unreadable_parts=unreadable,
        hallucinated=reading.hallucinated,
        excess=reading.excess,
    )


def score_spans(
    answer: Answer, gold: Iterable[Any], *, text: str, labels: Sequence[str]
) -> Sequence[Score]:
    """``exact_set`` (1.0 if exactly the gold spans were found), ``span_f1`` and ``hallucinated``.

    ``span_f1`` is the strict F1 of this text (1.0 where there is nothing and nothing was found);
    ``hallucinated`` counts mentions that are nowhere in the text. An answer that cannot be read
    is a ``format_error``: 0.0 for the first two, and nothing to count for the third.
    """
    wanted = from_records(gold)
    reading = read_spans(answer, text, labels)
    if not reading.readable:
        why = "not a list of LABEL: words"
        return [
            Score(name="exact_set", value=0.0, status="format_error", explanation=why),
            Score(name="span_f1", value=0.0, status="format_error", explanation=why),
            Score(name="hallucinated", value=None, status="format_error", explanation=why),
        ]
    counts = compare(wanted, reading.spans, unplaced=reading.unplaced)["strict"]
    perfect = counts.correct == len(wanted) and not counts.incorrect + counts.spurious
    f1 = 1.0 if counts.f1 is None else counts.f1
    seen = f"{counts.correct} of {len(wanted)} found"
    seen += f", {counts.incorrect + counts.spurious} wrong, {len(reading.unplaced)} not in the text"
    if reading.unreadable_parts:
        seen += f", {reading.unreadable_parts} unreadable"
    return [
        Score(name="exact_set", value=float(perfect), explanation=seen),
        Score(name="span_f1", value=f1, explanation=seen),
        Score(name="hallucinated", value=float(len(reading.hallucinated))),
    ]


def corpus_metrics(labels: Sequence[str]) -> dict[str, CorpusMetric]:
    """Micro F1 under every schema, strict precision and recall, and macro F1 over ``labels``.

    For tasks with ``inputs["text"]`` and targets of start, end and label. Samples without an
    answer are left out. Macro F1 is the mean over the declared labels that occur, in gold or in
    predictions.
    """

    def micro(schema: Schema, graded: Sequence[Graded]) -> Counts:
        total = Counts()
        for sample, reading in _read(graded, labels):
            gold = from_records(sample.target)
            total += compare(gold, reading.spans, unplaced=reading.unplaced)[schema]
        return total

    def macro(graded: Sequence[Graded]) -> float | None:
        totals = dict.fromkeys(labels, Counts())
        for sample, reading in _read(graded, labels):
            found = by_label(
                from_records(sample.target), reading.spans, labels, unplaced=reading.unplaced
            )
            totals = {label: totals[label] + found[label] for label in labels}
        known = [counts.f1 for counts in totals.values() if counts.f1 is not None]
        return sum(known) / len(known) if known else None

    def f1(schema: Schema, graded: Sequence[Graded]) -> float | None:
        return micro(schema, graded).f1

    return {
        "micro_f1": partial(f1, "strict"),
        "micro_f1_exact": partial(f1, "exact"),
        "micro_f1_partial": partial(f1, "partial"),
        "micro_f1_type": partial(f1, "type"),
        "precision": lambda graded: micro("strict", graded).precision,
        "recall": lambda graded: micro("strict", graded).recall,
        "macro_f1": macro,
    }


def _read(graded: Sequence[Graded], labels: Sequence[str]) -> Iterator[tuple[Sample, Reading]]:
    for one in graded:
        if one.answer is not None:
            yield one.sample, read_spans(one.answer, one.sample.inputs["text"], labels)
