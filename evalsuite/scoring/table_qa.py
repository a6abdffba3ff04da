"""Denotations: whether an answer is the same set of values as the reference (WikiTableQuestions).

The rules of the official evaluator, version 1.0.2 (ppasupat/WikiTableQuestions, ``evaluator.py``;
Pasupat and Liang 2015, arXiv:1508.00305): both sets have the same size, and every reference value
is matched by some value of the answer. Two values match if their normalised texts are equal, if
both are numbers and equal to within 1e-6, or if both are dates and equal in year, month and day.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from evalsuite.records import Answer, Score
from evalsuite.scoring.answer_text import without_reasoning

Date = tuple[int | None, int | None, int | None]

_SINGLE_QUOTES = re.compile("[‘’´`]")
_DOUBLE_QUOTES = re.compile("[“”]")
_DASHES = re.compile("[‐‑‒–—−]")
_CITATIONS = re.compile(r"((?<!^)\[[^\]]*\]|\[\d+\]|[•♦†‡*#+])*$")
_IN_BRACKETS = re.compile(r"(?<!^)( \([^)]*\))*$")
_QUOTED = re.compile(r'^"([^"]*)"$')
_INTEGER = re.compile(r"[+-]?[0-9]+")
_EQUAL_WITHIN = 1e-6
_LONGEST = 4000  # characters of an answer; more is no table value, nor a number that Python reads


@dataclass(frozen=True)
class Value:
    """A value of a denotation: its normalised text, and the number or date that it is, if any."""

    text: str
    number: float | None = None
    date: Date | None = None

    def matches(self, other: Value) -> bool:
        """Whether the two are the same text, number or date."""
        if self.text == other.text:
            return True
        if self.number is not None and other.number is not None:
            return abs(self.number - other.number) < _EQUAL_WITHIN
        return self.date is not None and self.date == other.date


def denotation_match(
    said: Sequence[str], wanted: Sequence[str], canonical: Sequence[str] | None = None
) -> bool:
    """Whether the values of an answer are those of the reference, in any order.

    Args:
        said: Values of the answer. "1990-01-02" is a date, of which unknown parts are "xx".
        wanted: Values of the reference, as written in the table.
        canonical: What each of ``wanted`` stands for ("1,200" for 1200), where the data says so;
            without it, "1,200" is a text that the number 1200 does not match, as in the original.
    """
    meant = wanted if canonical is None else canonical
    reference = _distinct([_value(*pair) for pair in zip(wanted, meant, strict=True)])
    answer = _distinct([_value(text, text) for text in said])
    return len(answer) == len(reference) and all(
        any(target.matches(value) for value in answer) for target in reference
    )


def score_denotation(
    answer: Answer, wanted: Sequence[str], canonical: Sequence[str] | None = None
) -> Score:
    """``denotation_match``: 1.0 if the answer is the right set of values.

    ``format_error`` with 0.0 where the answer says nothing. See :func:`read_values` for how the
    values of a text are told apart.
    """
    said = read_values(answer.text or "")
    if not said:
        return Score(
            name="denotation_match", value=0.0, status="format_error", explanation="no value"
        )
    right = denotation_match(said, wanted, canonical)
    return Score(name="denotation_match", value=float(right), explanation=" | ".join(said))


def read_values(text: str) -> list[str]:
    """The values that an answer lists: a JSON list, else what stands between ``|`` or lines."""
    text = without_reasoning(text).strip()[:_LONGEST]
    if text.startswith("["):
        try:
            listed = json.loads(text)
        except (ValueError, RecursionError):
            listed = None
        if isinstance(listed, list):
            return [str(value) for value in listed if str(value).strip()]
    return [part.strip() for part in re.split(r"[|\n]", text) if part.strip()]


def normalise_value(text: str) -> str:
    """Lower case without accents, citations, trailing brackets, outer quotes and full stop."""
    decomposed = unicodedata.normalize("NFKD", text)
    text = "".join(char for char in decomposed if unicodedata.category(char) != "Mn")
    text = _SINGLE_QUOTES.sub("'", text)
    text = _DOUBLE_QUOTES.sub('"', text)
    text = _DASHES.sub("-", text)
    before = None
    while before != text:
        before = text
        text = _CITATIONS.sub("", text.strip())
        text = _IN_BRACKETS.sub("", text.strip())
        text = _QUOTED.sub(r"\1", text.strip())
    text = text.removesuffix(".")
    return " ".join(text.lower().split())


def _value(text: str, meant: str) -> Value:
    """A value written as ``text`` that stands for ``meant``."""
    written = normalise_value(text)
    number = _number(meant or text)
    if number is not None:
        return Value(written, number=number)
    date = _date(meant or text)
    if date is None:
        return Value(written)
    year, month, day = date
    if month is None and day is None and year is not None:
        return Value(written, number=float(year))
    return Value(written, date=date)


def _number(text: str) -> float | None:
    if "_" in text:  # a number to Python, to nobody else
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _date(text: str) -> Date | None:
    parts = text.strip().lower().split("-")
    if len(parts) != 3:
        return None
    read: list[int | None] = []
    for part, unknown in zip(parts, (("xx", "xxxx"), ("xx",), ("xx",)), strict=True):
        if part in unknown:
            read.append(None)
        elif _INTEGER.fullmatch(part):
            read.append(int(part))
        else:
            return None
    year, month, day = read
    if year is month is day is None:
        return None
    if (month is not None and not 1 <= month <= 12) or (day is not None and not 1 <= day <= 31):
        return None
    return year, month, day


def _distinct(values: Sequence[Value]) -> list[Value]:
    """Without repetitions: numbers and dates by what they are, texts by their normalised text."""
    kept: dict[tuple[str, object], Value] = {}
    for value in values:
        if value.number is not None:
            whole = abs(value.number - round(value.number)) < _EQUAL_WITHIN
            key: tuple[str, object] = ("number", round(value.number) if whole else value.number)
        elif value.date is not None:
            key = ("date", value.date)
        else:
            key = ("text", value.text)
        kept.setdefault(key, value)
    return list(kept.values())
