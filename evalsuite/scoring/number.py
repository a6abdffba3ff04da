"""Numeric answers: find the final number of a worked solution, compare it exactly.

Statuses: ``scored``; ``format_error`` with 0.0 where the answer holds no number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from evalsuite.records import Answer, Score

# A sign counts where nothing stands before it that it could be subtracted from.
_NUMBER = re.compile(
    r"""
    (?P<sign>(?<![\w)\].])-)?
    (?:[$€£]\s?)?
    (?P<inner_sign>(?<=[$€£])-)?
    (?<![A-Za-z_0-9])(?<![A-Za-z0-9]\.)
    (?:(?P<mixed>[0-9]+)\s+(?=[0-9]+/[0-9]))?
    (?P<whole>[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+|(?<!\.)(?=\.[0-9]))
    (?P<decimals>\.[0-9]+)?
    (?P<power>[eE][-+]?[0-9]{1,3}(?![0-9]))?
    (?:\s?/\s?(?P<below>[0-9]+)(?![0-9.]))?
    """,
    re.VERBOSE,
)
_FRACTION = re.compile(r"\\[dt]?frac\s*\{\s*([0-9]+)\s*\}\s*\{\s*([0-9]+)\s*\}")
_LONGEST = 10_000  # digits beyond this are no answer to anything, and cost quadratic time


@dataclass(frozen=True)
class Found:
    """A number and the rule that found it: "####", "boxed" or "last number"."""

    value: Fraction
    rule: str


def final_number(text: str) -> Found | None:
    r"""The number that an answer gives as its result; None if it holds none.

    The first number after the first ``####`` (GSM8K's own mark), else the last number in the
    last ``\boxed{}``, else the last number of the text. Currency signs, thousands separators and
    a percent sign are units and dropped: ``$1,000.00`` is 1000 and ``50%`` is 50. ``3/4``,
    ``1 1/2`` and ``\frac{3}{4}`` are fractions.
    """
    text = _plain(text)
    mark = text.find("####")
    if mark >= 0:
        after = numbers(text[mark + 4 :].split("\n", 1)[0])
        if after:
            return Found(after[0], "####")
    boxed = _last_boxed(text)
    if boxed is not None and (inside := numbers(boxed)):
        return Found(inside[-1], "boxed")
    everywhere = numbers(text)
    return Found(everywhere[-1], "last number") if everywhere else None


def numbers(text: str) -> list[Fraction]:
    """All numbers of a text in order, exactly."""
    values = (_value(match) for match in _NUMBER.finditer(_plain(text)))
    return [value for value in values if value is not None]


def last_integer(text: str) -> int | None:
    """The last run of digits with all commas removed; RouteLLM's GSM8K rule.

    Kept for comparison with published figures: it reads ``$20.00`` as 0. Numbers with leading
    zeros are invalid there, as they are in Python.
    """
    runs = re.findall(r"[0-9]+", text.replace(",", ""))
    if not runs or (runs[-1].startswith("0") and runs[-1].strip("0")):
        return None
    return int(runs[-1])


def score_number(answer: Answer, target: str | int | float) -> Score:
    """``number_match``: 1.0 if the final number equals the target exactly.

    Raises:
        ValueError: If the target holds no number.
    """
    wanted = final_number(str(target))
    if wanted is None:
        raise ValueError(f"target {target!r} holds no number")
    found = final_number(answer.text or "")
    if found is None:
        return Score(name="number_match", value=0.0, status="format_error", explanation="no number")
    said = f"{found.value} ({found.rule})"
    return Score(name="number_match", value=float(found.value == wanted.value), explanation=said)


def _plain(text: str) -> str:
    text = text.replace("−", "-").replace("{,}", ",").replace("\\!", "").replace("\\$", "$")
    return _FRACTION.sub(r"\1/\2", text)


def _value(match: re.Match[str]) -> Fraction | None:
    if len(match.group()) > _LONGEST:
        return None
    whole = match["whole"].replace(",", "") or "0"
    value = Fraction(f"{whole}{match['decimals'] or ''}{match['power'] or ''}")
    if match["below"]:
        below = int(match["below"])
        if below == 0:
            return None
        value /= below
    if match["mixed"]:
        value += int(match["mixed"])
    return -value if match["sign"] or match["inner_sign"] else value


def _last_boxed(text: str) -> str | None:
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    begin, depth = start + len("\\boxed{"), 1
    for at in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return text[begin:at]
    return text[begin:]
