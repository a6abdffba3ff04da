"""BIG-Bench Hard: exact match of the final answer, in the form that each subtask asks for.

Statuses: ``scored``; ``format_error`` with 0.0 where no answer of that form is found.
"""

from __future__ import annotations

import re
from typing import Literal

from evalsuite.records import Answer, Score
from evalsuite.scoring.answer_text import without_reasoning
from evalsuite.scoring.number import final_number
from evalsuite.scoring.text import normalise

Form = Literal["option", "word", "number", "brackets", "words", "text"]

_WORDS = (("true", "false"), ("yes", "no"), ("valid", "invalid"))
_TOLD = re.compile(r"\banswer(?:[ ]is\b:?|:)", re.IGNORECASE)
_BRACKETS = re.compile(r"[\[\](){}<>\s]+")


def form_of(subtask: str, target: str) -> Form:
    """The form of a target: "(A)", a word of a closed set, a number, brackets or sorted words.

    Anything else is "text": three targets of the published data are titles whose commas were taken
    for the ends of options ("Monsters, Inc").
    """
    if re.fullmatch(r"\([A-Z]\)", target):
        return "option"
    if any(target.lower() in pair for pair in _WORDS):
        return "word"
    if re.fullmatch(r"-?[0-9]+", target):
        return "number"
    if subtask == "dyck_languages" and _BRACKETS.fullmatch(target):
        return "brackets"
    return "words" if subtask == "word_sorting" else "text"


def score_bbh(answer: Answer, target: str, form: Form) -> Score:
    """``exact_match``: 1.0 if what follows the last "answer is" is the target.

    Without these words it is the last line, which for options and closed words must then begin
    with the answer. Letter case, the point at the end, brackets around a letter and white space
    between brackets do not count, nor do commas between sorted words. Two options, or two closed
    words, are no answer.
    """
    said, told = _final(without_reasoning(answer.text or "").strip())
    read = _READERS[form](said, told)
    if read is None:
        explanation = f"no {form} in {said[:80]!r}"
        return Score(name="exact_match", value=0.0, status="format_error", explanation=explanation)
    right = read == _READERS[form](target, True)
    return Score(name="exact_match", value=float(right), explanation=read[:200])


def _final(text: str) -> tuple[str, bool]:
    """What is said to be the answer, to the end of its line; or the last line, and False."""
    told = list(_TOLD.finditer(text))
    if told:
        return text[told[-1].end() :].strip().split("\n", 1)[0].strip(), True
    lines = [line for line in text.split("\n") if line.strip()]
    return (lines[-1].strip() if lines else ""), False


def _option(said: str, told: bool) -> str | None:
    named = set(re.findall(r"\(([A-Z])\)", said))
    if len(named) > 1:
        return None
    begins = re.match(r"[\s*$]*(?:\(([A-Z])\)|([A-Z])(?=[\s.*$]*\Z|[):]))", said)
    if begins:
        return str(begins[1] or begins[2])
    return str(named.pop()) if named and told else None


def _word(said: str, told: bool) -> str | None:
    words = re.findall(r"[a-z]+", said.lower())
    found = {word for word in words if any(word in pair for pair in _WORDS)}
    if len(found) != 1 or not (told or words[0] in found):
        return None
    return str(found.pop())


def _number(said: str, told: bool) -> str | None:
    found = final_number(said)
    return str(found.value) if found else None


def _brackets(said: str, told: bool) -> str | None:
    bare = said.strip().strip("`\"'$").removesuffix(".")
    return re.sub(r"\s", "", bare) if bare and _BRACKETS.fullmatch(bare) else None


def _sorted_words(said: str, told: bool) -> str | None:
    words = re.split(r"[\s,]+", said.strip().removesuffix(".").lower().strip())
    return " ".join(word for word in words if word) or None


def _text(said: str, told: bool) -> str | None:
    return normalise(said) or None


_READERS = {
    "option": _option,
    "word": _word,
    "number": _number,
    "brackets": _brackets,
    "words": _sorted_words,
    "text": _text,
}
