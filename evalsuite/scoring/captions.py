"""Captions of drawings, read as facts: how many shapes of which colour, and how two of them lie.

A fact is one shape of a kind, or the relation. So a caption is compared by what it says and not by
its words. Statuses: ``scored``; ``format_error`` with 0.0 where no coloured shape is named.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalsuite.records import Answer, Score
from evalsuite.scoring.answer_text import without_reasoning
from evalsuite.scoring.overlap import chrf

Kind = tuple[str, str]
Relation = tuple[str, Kind, Kind]

_COUNTS = {"a": 1, "an": 1, "single": 1} | {
    word: number
    for number, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], start=1
    )
}
# Phrase -> its relation, and whether the two shapes change places.
_PHRASES = {
    "left of": ("left of", False),
    "right of": ("left of", True),
    "above": ("above", False),
    "over": ("above", False),
    "on top of": ("above", False),
    "below": ("above", True),
    "under": ("above", True),
    "underneath": ("above", True),
    "beneath": ("above", True),
}
_MOST_DIGITS = 9  # of a count; Python reads no number of 4300
_RELATION = re.compile(rf"\b(?:{'|'.join(sorted(_PHRASES, key=len, reverse=True))})\b")


@dataclass(frozen=True)
class Facts:
    """What a caption says: the number of each kind, and the relation of two, if it states one.

    A relation is ("left of" or "above", the first kind, the second).
    """

    kinds: Mapping[Kind, int]
    relation: Relation | None


def read_caption(text: str, colours: Sequence[str], shapes: Sequence[str]) -> Facts:
    """The facts of a caption in words.

    A shape counts if its colour stands before it ("two small red circles"); without a number it is
    one. Of relations the first is read: the kind before the phrase and the one after it, or the
    two after it ("left of a red circle is a blue square").
    """
    numbers = "|".join((*_COUNTS, r"\d+"))
    between = rf"(?:(?!(?:{numbers}|{'|'.join(colours)})\b)[a-z-]+\s+){{0,2}}?"
    mention = re.compile(
        rf"(?:\b(?P<number>{numbers})\s+{between})?"
        rf"\b(?P<colour>{'|'.join(colours)})[\s-]+(?P<shape>{'|'.join(shapes)})(?:e?s)?\b"
    )
    lower = " ".join(text.lower().split())
    kinds: Counter[Kind] = Counter()
    found: list[tuple[int, int, Kind]] = []
    for match in mention.finditer(lower):
        number = match["number"]
        kind = (match["colour"], match["shape"])
        kinds[kind] += _COUNTS.get(number, 0) or int(number[:_MOST_DIGITS]) if number else 1
        found.append((match.start("colour"), match.end(), kind))
    return Facts(kinds, _relation(lower, found))


def _relation(text: str, found: Sequence[tuple[int, int, Kind]]) -> Relation | None:
    phrase = _RELATION.search(text)
    if phrase is None:
        return None
    name, swapped = _PHRASES[phrase[0]]
    before = [kind for _, end, kind in found if end <= phrase.start()]
    after = [kind for start, _, kind in found if start >= phrase.end()]
    if before and after:
        first, second = before[-1], after[0]
    elif len(after) > 1:
        first, second = after[1], after[0]
    else:
        return None
    return (name, second, first) if swapped else (name, first, second)


def score_caption(
    answer: Answer, target: Mapping[str, Any], colours: Sequence[str], shapes: Sequence[str]
) -> Sequence[Score]:
    """``caption_match``, ``fact_f1``, ``kinds_match``, ``relation_match`` and ``chrf``.

    ``caption_match`` is 1.0 where exactly the right facts are stated. ``relation_match`` is there
    for targets with a relation; where there is none, what a caption says of places is not looked
    at. ``chrf`` compares with the words of the target's caption.

    Args:
        answer: The caption, maybe after reasoning in tags.
        target: ``kinds`` (colour, shape, number of each), ``relation`` (of the first kind to the
            second, or None) and ``caption``.
        colours: The colours that there may be.
        shapes: The shapes that there may be.
    """
    text = without_reasoning(answer.text or "").strip()
    said = read_caption(text, colours, shapes)
    kinds: dict[Kind, int] = {(colour, shape): n for colour, shape, n in target["kinds"]}
    relation: Relation | None = None
    if target["relation"] is not None:
        first, second = kinds
        relation = (target["relation"], first, second)
    wanted, given = sum(kinds.values()), sum(said.kinds.values())
    right = sum((Counter(kinds) & Counter(said.kinds)).values())
    if relation is not None:
        wanted += 1
        given += said.relation is not None
        right += said.relation == relation
    kinds_match = dict(said.kinds) == kinds
    match = kinds_match and (relation is None or said.relation == relation)
    if not said.kinds:
        why = "names no coloured shape"
        return [
            Score(name="caption_match", value=0.0, status="format_error", explanation=why),
            Score(name="fact_f1", value=0.0, status="format_error", explanation=why),
        ]
    scores = [
        Score(name="caption_match", value=float(match)),
        Score(name="fact_f1", value=2 * right / (wanted + given)),
        Score(name="kinds_match", value=float(kinds_match)),
        Score(name="chrf", value=chrf(text, target["caption"])),
    ]
    if relation is not None:
        scores.append(Score(name="relation_match", value=float(said.relation == relation)))
    return scores
