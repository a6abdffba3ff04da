"""Closed-set answers: which of the choices was meant.

Statuses: ``scored``; ``format_error`` with 0.0 where the answer names none of the choices, or
more than one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from evalsuite.records import Answer, Score
from evalsuite.scoring.text import normalise

_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_LETTER_FIRST = re.compile(r"\(?([A-Z])(?:[).:]|\Z)")
_LETTER_TOLD = re.compile(r"(?i:answer(?:\s+is)?)\s*:?\s*\(?([A-Z])\)?(?![\w'])")


def read_choice(answer: Answer, choices: Sequence[str]) -> str | None:
    """The choice that an answer names; None where that is none of them or not clear.

    A choice that the backend scored by log-likelihood is taken as it is. A text is read by the
    first rule that applies: it (or its first line) is a choice; it gives the letter of a choice
    ("B", "(B) ...", "answer: B"), counting from A, unless choices are letters themselves; exactly
    one choice occurs in it as whole words, those inside a longer choice not counted.
    """
    if answer.choice is not None:
        return answer.choice if answer.choice in choices else None
    text = _THOUGHT.sub("", answer.text or "").strip()
    if not text:
        return None
    by_name = {normalise(choice): choice for choice in choices}
    for said in (text, text.split("\n", 1)[0]):
        if normalise(said) in by_name:
            return by_name[normalise(said)]
    if all(len(name) > 1 for name in by_name):
        letter = _letter(text)
        if letter is not None:
            index = ord(letter) - ord("A")
            return choices[index] if index < len(choices) else None
    named = _named(normalise(text), list(by_name))
    return by_name[named.pop()] if len(named) == 1 else None


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
