"""Whether the target of a row is one that the named scorer can hold an answer to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from evalsuite.scoring.number import final_number


def target_problem(
    scorer: str, target: Any, *, choices: Sequence[str] = (), text: str = ""
) -> str | None:
    """What is wrong with ``target`` for the scorer of that name; None where nothing is.

    Args:
        scorer: A name of :mod:`evalsuite.scoring.named`; of an unknown one, only a target that is
            missing is wrong.
        target: What the row has in its target column.
        choices: The choices of the task; for spans, its labels.
        text: What spans are counted in.
    """
    if target is None:
        return "is missing"
    if scorer == "choice" and str(target) not in choices:
        return f"is {str(target)[:60]!r}, which is none of the choices {_some(choices)}"
    if scorer == "number" and final_number(str(target)) is None:
        return f"is {str(target)[:60]!r}, which holds no number"
    if scorer == "regex":
        return _regex_problem(target)
    if scorer == "spans":
        return _spans_problem(target, choices, text)
    if scorer == "code":
        return _code_problem(target)
    return None


def _regex_problem(target: Any) -> str | None:
    for pattern in target if isinstance(target, list) else [target]:
        try:
            re.compile(str(pattern))
        except re.error as error:
            return f"is {str(pattern)[:60]!r}, which is no regular expression: {error}"
    return None


def _spans_problem(target: Any, labels: Sequence[str], text: str) -> str | None:
    if not isinstance(target, list):
        return "is no list of objects with start, end and label"
    for span in target:
        if not (isinstance(span, Mapping) and {"start", "end", "label"} <= span.keys()):
            return f"has a span that is no object with start, end and label: {str(span)[:60]}"
        start, end = span["start"], span["end"]
        if not (isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text)):
            return f"has a span from {start!r} to {end!r} in a text of {len(text):,} characters"
        if span["label"] not in labels:
            return f"has a span labelled {span['label']!r}, which is none of {_some(labels)}"
    return None


def _code_problem(target: Any) -> str | None:
    if not isinstance(target, Mapping) or "entry_point" not in target:
        return "is no object with entry_point"
    if "cases" not in target and "check" not in target:
        return "has neither cases nor check"
    return None


def _some(words: Sequence[str]) -> str:
    return ", ".join(words[:20]) + (f" ... ({len(words)} in all)" if len(words) > 20 else "")
