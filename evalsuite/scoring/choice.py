"""Closed-set answers: which of the choices was meant.

Statuses: ``scored``; ``format_error`` with 0.0 where the answer names none of the choices, or
more than one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from evalsuite.records import Answer, Score
from evalsuite.scoring.answer_text import without_reasoning
from evalsuite.scoring.text import normalise, whole_words

_LETTER_FIRST = re.compile(r"\(?([A-Z])(?:[).:]|\Z)")
# "The answer is A card" and "the answer I gave" name no letter.
_LETTER_TOLD = re.compile(
    r"(?i:\banswer(?:\s++is)?)\s*+:?\s*+[(*]*+([B-HJ-Z]|[AI](?! +(?!because\b|since\b|as\b)\w))\)?"
    r"(?![\w'’])"
)
_NEXT_LETTER = re.compile(r"[\s,;/]*(?:or\b|and\b)?\s*\(?[A-Z](?:[).:]|\Z)")
_BEHIND = 500  # characters behind a letter that may be the text of its choice


def read_choice(answer: Answer, choices: Sequence[str]) -> str | None:
    """The choice that an answer names; None where that is none of them or not clear.

    A choice that the backend scored by log-likelihood is taken as it is. A text is read by the
    first rule that applies:

    1. it, or its first line, is a choice, and the next line is no other choice;
    2. it gives the letter of a choice, counting from A ("B", "(B) ...", "answer: B"), unless a
       choice is a single character itself. The last letter called the answer counts; one with the
       name of another choice or another letter behind it ("A. green", "(A) or (B)") or every one
       of three or more is not clear;
    3. exactly one choice occurs in it as whole words, those inside a longer choice not counted.

    Letter case, white space and punctuation around a choice do not count, unless choices differ in
    nothing else ("Yes" and "Yes!"): then punctuation does. What a model thought aloud is left out.
    """
    if answer.choice is not None:
        return answer.choice if answer.choice in choices else None
    text = without_reasoning(answer.text or "").strip()
    if not text:
        return None
    form = _form(choices)
    by_name = {form(choice): choice for choice in choices}
    first, _, rest = text.partition("\n")
    if (known := _known(text, form, by_name)) is not None:
        return known
    if (known := _known(first, form, by_name)) is not None:
        return known if _known(_first_line(rest), form, by_name) in (None, known) else None
    if all(len(name) > 1 for name in by_name):
        told = _letter(text, len(choices))
        if told is not None:
            index, behind = told
            if _NEXT_LETTER.match(behind):
                return None
            said = form(behind)
            named = {name for name in by_name if re.match(rf"{re.escape(name)}(?!\w)", said)}
            if index >= len(choices) or (named and form(choices[index]) not in named):
                return None
            return choices[index]
    named = _named(form(text), list(by_name))
    return by_name[named.pop()] if len(named) == 1 else None


def _known(said: str, form: Callable[[str], str], by_name: Mapping[str, str]) -> str | None:
    """The choice that ``said`` is, with or without a full stop."""
    return by_name.get(form(said)) or by_name.get(form(said.removesuffix(".")))


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _form(choices: Sequence[str]) -> Callable[[str], str]:
    """How texts are compared: normalised, or with their punctuation where choices need it."""
    distinct = {normalise(choice) for choice in choices}
    return normalise if len(distinct) == len(set(choices)) and "" not in distinct else _folded


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _letter(text: str, choices: int) -> tuple[int, str] | None:
    """The letter an answer gives, as its place, and what stands behind it.

    It is the last that the answer calls so, or the one that it begins with. A list of all letters,
    where they are three or more, gives none: its place is that behind the last.
    """
    told = list(_LETTER_TOLD.finditer(text))
    match = told[-1] if told else _LETTER_FIRST.match(text)
    if match is None:
        return None
    places = {ord(one[1]) - ord("A") for one in told}
    if choices > 2 and places >= set(range(choices)):
        return choices, ""
    return ord(match[1]) - ord("A"), text[match.end() : match.end() + _BEHIND]


def _named(text: str, names: Sequence[str]) -> set[str]:
    """Names that occur in the text outside every longer name."""
    found: set[str] = set()
    for name in sorted(filter(None, names), key=len, reverse=True):
        text, times = whole_words(name).subn("\0", text)
        if times:
            found.add(name)
    return found


def score_choice(answer: Answer, target: str, choices: Sequence[str]) -> Score:
    """``choice_match``: 1.0 if the answer names the target and nothing else.

    Raises:
        ValueError: If the target is not one of the choices.
    """
    if target not in choices:
        raise ValueError(f"target {target!r} is none of {list(choices)}")
    said = read_choice(answer, choices)
    if said is None:
        return Score(
            name="choice_match",
            value=0.0,
            status="format_error",
            explanation="names none of the choices, or several",
        )
    return Score(name="choice_match", value=float(said == target), explanation=said)
