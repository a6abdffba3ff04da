"""Closed-set answers: which of the choices was meant.

Statuses: ``scored``; ``format_error`` with 0.0 where the answer names none of the choices, or
more than one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from evalsuite.records import Answer, Score
from evalsuite.scoring.answer_text import without_reasoning
from evalsuite.scoring.text import normalise

_LETTER_FIRST = re.compile(r"\(?([A-Z])(?:[).:]|\Z)")
_LETTER_TOLD = re.compile(r"(?i:answer(?:\s+is)?)\s*:?\s*\(?([A-Z])\)?(?![\w'])")


def read_choice(answer: Answer, choices: Sequence[str]) -> str | None:
    """The choice that an answer names; None where that is none of them or not clear.

    A choice that the backend scored by log-likelihood is taken as it is. A text is read by the
    first rule that applies: it (or its first line) is a choice; it gives the letter of a choice
    ("B", "(B) ...", "answer: B"), counting from A, unless choices are letters themselves; exactly
    one choice occurs in it as whole words, those inside a longer choice not counted. Letter case,
    white space and punctuation around a choice do not count, unless choices differ in nothing else
    ("C" and "C++", "5" and "-5"): then punctuation does. What a model thought aloud is left out.
    """
    if answer.choice is not None:
        return answer.choice if answer.choice in choices else None
    text = without_reasoning(answer.text or "").strip()
    if not text:
        return None
    form = _form(choices)
    by_name = {form(choice): choice for choice in choices}
    for said in (text, text.split("\n", 1)[0]):
        for known in (form(said), form(said.removesuffix("."))):
            if known in by_name:
                return by_name[known]
    if all(len(name) > 1 for name in by_name):
        letter = _letter(text)
        if letter is not None:
            index = ord(letter) - ord("A")
            return choices[index] if index < len(choices) else None
    named = _named(form(text), list(by_name))
    return by_name[named.pop()] if len(named) == 1 else None


def _form(choices: Sequence[str]) -> Callable[[str], str]:
    """How texts are compared: normalised, or with their punctuation where choices need it."""
    distinct = {normalise(choice) for choice in choices}
    return normalise if len(distinct) == len(set(choices)) and "" not in distinct else _folded


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _letter(text: str) -> str | None:
    """The letter an answer gives: the last that it calls its answer, or the one it begins with."""
    told = _LETTER_TOLD.findall(text)
    if told:
        return str(told[-1])
    first = _LETTER_FIRST.match(text)
    return first[1] if first else None


def _named(text: str, names: Sequence[str]) -> set[str]:
    """Names that occur in the text outside every longer name."""
    found: set[str] = set()
    for name in sorted(filter(None, names), key=len, reverse=True):
        text, times = re.subn(rf"(?<!\w){re.escape(name)}(?!\w)", "\0", text)
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
