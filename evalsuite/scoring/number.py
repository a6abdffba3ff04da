r"""Numeric answers: find the final number of a worked solution, compare it exactly.

Statuses: ``scored``; ``format_error`` with 0.0 where the answer holds no number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from evalsuite.records import Answer, Score
from evalsuite.scoring.answer_text import without_reasoning
from evalsuite.scoring.numeral import Separators, plain_numerals

# A sign counts where nothing stands before it that it could be subtracted from. What follows a
# caret is an exponent: of a unit (cm^2) or of a power, but not the answer.
_NUMBER = re.compile(
    r"""
    (?P<sign>(?<![\w)\].}^])-)?
    (?:[$€£¥₹₩฿₽৳]\s?)?
    (?P<inner_sign>(?<=[$€£¥₹₩฿₽৳])-)?
    (?<![A-Za-z_0-9])(?<![A-Za-z0-9]\.)(?<!\^)(?<!\^-)(?<!\^\{)
    (?:(?P<mixed>[0-9]+)\s+(?=[0-9]+/[0-9]))?
    (?P<whole>[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?![0-9])
        |[0-9]+|(?<!\.)(?=\.[0-9]))
    (?P<decimals>\.[0-9]+)?
    (?P<power>[eE][-+]?[0-9]+)?
    (?:\s?/\s?(?P<below>[0-9]+)(?![0-9.]))?
    """,
    re.VERBOSE,
)
_TOLD = re.compile(
    r"(?:\banswer\b[^\n.:=0-9]{0,40}?(?:\bis\b|:)|^A:)", re.IGNORECASE | re.MULTILINE
)
_ERRORS = re.compile(
    r"""
      ^Traceback[ ]\(most[ ]recent[ ]call[ ]last\):.*?(?:^(?=\S*(?:Error|Exception)\b)[^\n]*|\Z)
    | ^[ \t]*(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception)\b[^\n]*
    | ^[ \t]*File[ ]"[^"\n]*",[ ]line[ ][^\n]*
    | ^[ \t]*(?:HTTP[ ])?(?:ERROR\b|[Ee]rror(?:[ ]code)?[ ]?:|[Ee]rror[ ][0-9])[^\n]*
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_OUTPUT = re.compile(r"^```output\n(.*?)(?:^```|\Z)", re.MULTILINE | re.DOTALL)
_MOST_POWER_DIGITS = 3
_LONGEST = 4000  # digits beyond this are no answer to anything; Python reads 4300 at most

_MOST_TOLD, _LINE = 20, 2000  # so many "answer is" are read, and so much behind each


@dataclass(frozen=True)
class Found:
    """A number, the rule that found it and how many decimals it was written with.

    ``rule`` is "####", "boxed", "answer is", "program output" or "last number". ``decimals`` is
    None for fractions and for numbers with a power of ten.
    """

    value: Fraction
    rule: str
    decimals: int | None = None


@dataclass(frozen=True)
class Tolerance:
    """How far from the target a number may be and still be right.

    Attributes:
        absolute: Difference that is taken for rounding of the target itself; below it, exclusive.
        relative: The difference must be below this share of the target too; None for any.
        rounded: Whether the target rounded to the decimals that the answer shows is right too,
            where those are at least two decimals and two digits other than leading zeros.
    """

    absolute: Fraction = Fraction(0)
    relative: Fraction | None = None
    rounded: bool = False


EXACT = Tolerance()


def final_number(
    text: str, *, separators: Separators = "point", marks: Sequence[str] = ()
) -> Found | None:
    r"""The number that an answer gives as its result; None if it holds none.

    By the first of these rules that finds one: the first number after the first ``####`` (GSM8K's
    own mark) on its line; the last number in the last ``\boxed{}``; after the last "answer is",
    "answer:" or "A:", the number behind the first sentence's last ``=``, else its first number;
    a number that stands alone in the last block of program output (three backticks and
    ``output``, as ToRA writes them); the last number of the text. What a model thought aloud and
    error messages of programs or servers are not read.

    Currency signs, thousands separators, units and a percent sign are dropped: ``$1,000.00`` is
    1000 and ``50%`` is 50. ``3/4``, ``1 1/2`` and ``\frac{3}{4}`` are fractions, ``2.5e3`` and
    ``2.5 \times 10^3`` are 2500. Digits of any script are read; numbers in words are not.

    Args:
        text: The answer.
        separators: How numbers are grouped, see :func:`~.numeral.plain_numerals`.
        marks: What stands before an answer in other languages, such as "Antwort:".
    """
    text = _ERRORS.sub("", _plain(without_reasoning(text), separators))
    mark = text.find("####")
    if mark >= 0:
        after = _found(text[mark + 4 :].split("\n", 1)[0], "####")
        if after:
            return after[0]
    boxed = last_boxed(text)
    if boxed is not None and (inside := _found(boxed, "boxed")):
        return inside[-1]
    told = _told(text, marks)
    if told is not None:
        return told
    printed = _OUTPUT.findall(text)
    if printed and (alone := _alone(printed[-1])):
        return alone
    everywhere = _found(text, "last number")
    return everywhere[-1] if everywhere else None


def numbers(text: str, *, separators: Separators = "point") -> list[Fraction]:
    """All numbers of a text in order, exactly."""
    return [one.value for one in _found(_plain(text, separators), "")]


def last_integer(text: str) -> int | None:
    """The last run of digits with all commas removed; RouteLLM's GSM8K rule.

    Kept for comparison with published figures: it reads ``$20.00`` as 0. Numbers with leading
    zeros are invalid there, as they are in Python, and so are those of more than 4000 digits.
    """
    runs = re.findall(r"[0-9]+", text.replace(",", ""))
    if not runs or len(runs[-1]) > _LONGEST or (runs[-1].startswith("0") and runs[-1].strip("0")):
        return None
    return int(runs[-1])


def score_number(
    answer: Answer,
    target: str | int | float,
    *,
    name: str = "number_match",
    tolerance: Tolerance = EXACT,
    separators: Separators = "point",
    marks: Sequence[str] = (),
) -> Score:
    """``number_match``: 1.0 if the final number equals the target.

    Args:
        answer: What was said.
        target: A number, or a text with one; read with a decimal point.
        name: Of the score.
        tolerance: None by default: values are compared exactly.
        separators: See :func:`final_number`.
        marks: See :func:`final_number`.

    Raises:
        ValueError: If the target holds no number.
    """
    wanted = final_number(str(target))
    if wanted is None:
        raise ValueError(f"target {target!r} holds no number")
    found = final_number(answer.text or "", separators=separators, marks=marks)
    if found is None:
        return Score(name=name, value=0.0, status="format_error", explanation="no number")
    said = f"{shown(found.value)} ({found.rule})"
    return Score(name=name, value=float(_right(found, wanted.value, tolerance)), explanation=said)


def shown(value: Fraction) -> str:
    """A number as text, in at most 40 characters."""
    text = str(value) if max(abs(value.numerator), value.denominator) < 10**40 else ""
    return text if text and len(text) <= 40 else f"{_scientific(value)}"


def last_boxed(text: str) -> str | None:
    r"""What stands in the last ``\boxed{}`` of a text; None where there is none.

    A box that is never closed goes to the end.
    """
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    begin, depth = start + len("\\boxed{"), 1
    for at in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return text[begin:at]
    return text[begin:]


# --- reading ------------------------------------------------------------------------------------

_FRACTION = re.compile(r"\\[dt]?frac\s*\{\s*(-?)([0-9]+)\s*\}\s*\{\s*([0-9]+)\s*\}")
_SHORT_FRACTION = re.compile(r"\\[dt]?frac\s*([0-9])\s*([0-9])(?![0-9])")
_MIXED = re.compile(r"(?<=[0-9])\s*(?=\\[dt]?frac)")
_TIMES_TEN = re.compile(
    r"(?<=[0-9])\s?(?:\\times|\\cdot|×|·|\*|x)\s?10\s?(?:\^|\*\*)\s?(?:([-+]?[0-9]{1,3})(?![0-9])|\{([-+]?[0-9]{1,3})\})"
)


def _plain(text: str, separators: Separators) -> str:
    """``text`` with one way to write minus, digits, separators, fractions and powers of ten."""
    text = text.replace("{,}", ",").replace("\\!", "").replace("\\,", "").replace("\\$", "$")
    text = plain_numerals(text, separators)
    text = _MIXED.sub(" ", text)
    text = _SHORT_FRACTION.sub(r"\1/\2", _FRACTION.sub(r"\1\2/\3", text))
    return _TIMES_TEN.sub(lambda match: f"e{match[1] or match[2]}", text)


def _found(text: str, rule: str) -> list[Found]:
    read = (_read(match, rule) for match in _NUMBER.finditer(text))
    return [one for one in read if one is not None]


def _read(match: re.Match[str], rule: str) -> Found | None:
    power = match["power"] or ""
    if len(match.group()) > _LONGEST or len(power.lstrip("eE+-")) > _MOST_POWER_DIGITS:
        return None
    whole = match["whole"].replace(",", "") or "0"
    value = Fraction(f"{whole}{match['decimals'] or ''}{power}")
    decimals: int | None = max(len(match["decimals"] or "") - 1, 0)
    if match["below"]:
        below = int(match["below"])
        if below == 0:
            return None
        value /= below
    if match["mixed"]:
        value += int(match["mixed"])
    if match["below"] or power:
        decimals = None
    value = -value if match["sign"] or match["inner_sign"] else value
    return Found(value, rule, decimals)


def _alone(text: str) -> Found | None:
    """The number that is all of ``text``."""
    match = _NUMBER.fullmatch(text.strip())
    return _read(match, "program output") if match else None


def _told(text: str, marks: Sequence[str]) -> Found | None:
    """The number that the last sentence with "the answer is", or a mark, states."""
    starts = [match.end() for match in _TOLD.finditer(text)]
    if marks:
        stems = "|".join(re.escape(mark).replace(":", "[:：]") for mark in marks)
        starts += [match.end() for match in re.finditer(stems, text, re.IGNORECASE)]
    for start in sorted(starts, reverse=True)[:_MOST_TOLD]:
        line = text[start : start + _LINE].lstrip(" \t*\n").split("\n", 1)[0]
        sentence = re.split(r"[.!?。।]\s", line, maxsplit=1)[0]
        result = _found(sentence.rpartition("=")[2], "answer is")
        if result:
            return result[0]
    return None


# --- comparing ----------------------------------------------------------------------------------


def _right(found: Found, wanted: Fraction, tolerance: Tolerance) -> bool:
    gap = abs(found.value - wanted)
    share = tolerance.relative
    if gap == 0 or (gap < tolerance.absolute and (share is None or gap < share * abs(wanted))):
        return True
    if not tolerance.rounded or found.decimals is None or found.decimals < 2:
        return False
    step = Fraction(1, 10**found.decimals)
    enough_digits = abs(found.value) >= 10 * step
    return enough_digits and 2 * gap <= step


def _scientific(value: Fraction) -> str:
    """About ``value``, which may be too large for a float."""
    from decimal import Context, Decimal

    context = Context(prec=12, Emax=10**9, Emin=-(10**9))
    about = context.divide(Decimal(value.numerator), Decimal(value.denominator))
    return str(about.normalize(context))
