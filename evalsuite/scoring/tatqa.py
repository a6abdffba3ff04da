"""TAT-QA: exact match and numeracy-aware F1 of answers that have a scale.

The rules are those of the official evaluator (NExTplusplus/TAT-QA, ``tatqa_metric.py``; Zhu et al.
2021, arXiv:2105.07624), re-stated here; a differential test holds them to its recorded outcomes.
What an answer says and its scale become one text: numbers are rounded to two decimals and
multiplied by their scale, other spans get the scale as a further word, and several spans are sorted
and joined. Texts are then compared word by word, numbers by value.

Its peculiarities are kept, because figures of the literature have them: F1 is over sets of words
and rounded to two decimals, for computed and counted answers it is the exact match, and a single
number without a scale is also tried unrounded. One is not: there the number 0 counts as no answer.
"""

from __future__ import annotations

import ast
import json
import math
import re
import string
from collections.abc import Sequence
from typing import Any

from evalsuite.records import Answer, Score
from evalsuite.scoring.answer_text import excerpt, without_reasoning

SCALES = ("", "thousand", "million", "billion", "percent")

_FACTORS = (
    ("hundred", 100.0),
    ("thousand", 1e3),
    ("million", 1e6),
    ("billion", 1e9),
    ("percent", 0.01),
)
_NOISE = str.maketrans("", "", "'\"\\$€£¥%(),[]")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_NUMBER = re.compile(r"([+-]?\d+(\.\d+)?)|([+-]?\.\d+)")
_IN_BRACKETS = re.compile(r"\([\d.\s]+\)")
_PERCENT = re.compile(r"[\d.\s]+%")
_WITH_WORD = re.compile(r"[\d.]+\s?[a-zA-Z]+")
_ARTICLE = re.compile(r"\b(a|an|the)\b")
_ANSWER_IS = re.compile(r"(?:\A|\n|\b(?:the )?)answer(?:\s+is)?\s*:\s*", re.IGNORECASE)
_LONGEST = 10_000  # characters of an answer that are searched for JSON or a list
_MOST_DIGITS = 300  # more would be no floating-point number


def score_tatqa(answer: Answer, target: dict[str, Any]) -> list[Score]:
    """``exact_match``, ``f1`` and ``scale_match`` of one answer.

    All three are ``format_error`` with 0.0 where the answer says nothing.

    Args:
        answer: Its text is read by :func:`read_tatqa`.
        target: ``answer`` (a list of spans, or a number), ``answer_type`` ("span", "multi-span",
            "arithmetic", "count") and ``scale``, as in the dataset.
    """
    said = read_tatqa(answer.text or "")
    names = ("exact_match", "f1", "scale_match")
    if said is None:
        return [
            Score(name=name, value=0.0, status="format_error", explanation="no answer")
            for name in names
        ]
    spans, scale = said
    exact, f1 = exact_match_and_f1(
        spans, scale, target["answer"], target["scale"], target["answer_type"]
    )
    shown = excerpt(", ".join(map(str, spans))) + (f" ({scale})" if scale else "")
    values = (exact, f1, float(scale == target["scale"]))
    return [
        Score(name=name, value=value, explanation=shown)
        for name, value in zip(names, values, strict=True)
    ]


def read_tatqa(text: str) -> tuple[list[Any], str] | None:
    """The spans (texts or numbers) and the scale that an answer gives; None where it gives none.

    The last JSON object with ``answer`` counts, with its ``scale`` ("" where it names none). Else
    it is what follows the last "answer:" or "answer is:", or the whole text; a list in Python's or
    JSON's notation is several spans, and a scale is then part of the span ("$1.2 million").
    """
    text = without_reasoning(text).strip()
    structured = _last_object(text)
    if structured is not None:
        said = structured["answer"]
        spans = list(said) if isinstance(said, list) else [said]
        spans = [span for span in spans if span is not None and str(span).strip()]
        return (spans, str(structured.get("scale") or "").strip()) if spans else None
    marks = list(_ANSWER_IS.finditer(text))
    told = text[marks[-1].end() :].strip() if marks else text
    several = _list_literal(told)
    if several is not None:
        return (several, "") if several else None
    return ([told], "") if told else None


def exact_match_and_f1(
    said: Sequence[Any], scale: str, wanted: Any, wanted_scale: str, answer_type: str
) -> tuple[float, float]:
    """Exact match (0 or 1) and F1 (0 to 1, two decimals) by the official rules.

    Args:
        said: Spans of the answer, texts or numbers; none at all is wrong.
        scale: Of the answer; the official ones are ``SCALES``.
        wanted: The reference: a list of spans, or one number.
        wanted_scale: Of the reference.
        answer_type: "span", "multi-span", "arithmetic" or "count".
    """
    gold = list(wanted) if answer_type in ("span", "multi-span") else [_plain(wanted, answer_type)]
    if not said or not gold:
        return 0.0, 0.0
    reference = _as_text(gold, wanted_scale)
    tried = [_as_text(said, scale)]
    alone = str(said[0])
    if len(said) == 1 and not scale and "%" not in alone and is_number(alone):
        unrounded = to_number(alone)
        if unrounded is not None:
            tried.append(f"{unrounded:.4f}")
    exact, f1 = max(_compare(text, reference) for text in tried)
    return exact, exact if answer_type in ("arithmetic", "count") else f1


def is_number(text: str) -> bool:
    """Whether a text is a number, with a word for its scale after it or not."""
    words = " ".join(word.translate(_NOISE) for word in text.split()).split()
    if not words:
        return False
    try:
        value = float(words[0])
    except ValueError:
        return False
    return not math.isnan(value) and (len(words) < 2 or _factor(words[1]) != 1)


def to_number(text: str) -> float | None:
    """The last number of a text: "1.2 million" is 1200000, "(168)" -168 and "12%" 0.12.

    None where it has none.
    """
    found = _NUMBER.findall(text.translate(_NOISE))
    digits = found[-1][0] if found else ""
    if not digits or len(digits) > _MOST_DIGITS:
        return None
    value: float = float(digits) if "." in digits else int(digits)
    word = _WITH_WORD.search(text)
    value *= _factor(word[0]) if word else 1
    value *= -1 if _IN_BRACKETS.search(text) else 1
    value *= 0.01 if _PERCENT.search(text) else 1
    return round(value, 4)


def _plain(wanted: Any, answer_type: str) -> str:
    return str(int(wanted)) if answer_type == "count" else str(wanted)


def _factor(words: str) -> float:
    """The factor of the first scale named anywhere in ``words``; 1 for none."""
    words = words.lower()
    return next((factor for name, factor in _FACTORS if name in words), 1)


def _as_text(spans: Sequence[Any], scale: str) -> str:
    """The spans, sorted, with their scale worked in: what is compared."""
    try:
        ordered = sorted(spans)
    except TypeError:  # texts among numbers, on which the official evaluator stops
        ordered = sorted(spans, key=str)
    parts = []
    for span in map(str, ordered):
        number = to_number(span) if is_number(span) else None
        if number is None:
            parts.append(f"{span} {scale}" if scale else span)
        elif "%" in span:
            parts.append(f"{number:.4f}")
        else:
            parts.append(f"{round(number, 2) * _factor(scale):.4f}")
    return " ".join(parts)


def _compare(said: str, wanted: str) -> tuple[float, float]:
    said, wanted = _normalised(said), _normalised(wanted)
    words, gold = set(said.split()), set(wanted.split())
    common = len(words & gold)
    precision = common / len(words) if words else 1.0
    recall = common / len(gold) if gold else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    # Rounded as numpy does: half to even, after multiplying.
    return float(said == wanted), round(f1 * 100) / 100


def _normalised(text: str) -> str:
    """Lower case without articles and punctuation; words that are numbers by their value."""
    words = []
    for word in text.lower().split(" "):
        if is_number(word):
            word = str(to_number(word))
        else:
            word = word.translate(_PUNCTUATION)
            word = str(to_number(word)) if is_number(word) else word
        words.extend(_ARTICLE.sub(" ", word).split())
    return " ".join(words)


def _last_object(text: str) -> dict[str, Any] | None:
    """The last JSON object of the text that has an ``answer``."""
    decoder = json.JSONDecoder()
    starts = [match.start() for match in re.finditer(r"\{", text[-_LONGEST:])]
    tail = text[-_LONGEST:]
    for start in reversed(starts):
        try:
            value, _ = decoder.raw_decode(tail, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and "answer" in value:
            return value
    return None


def _list_literal(text: str) -> list[Any] | None:
    if not (text.startswith("[") and text.endswith("]")) or len(text) > _LONGEST:
        return None
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, list) else None
