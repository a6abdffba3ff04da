"""API calls written in prose or code, looked up in a database of calls that exist.

The measure of Gorilla's APIBench (Patil et al. 2023, arXiv:2305.15334): the call is right if it is
one of the database and that one is for the domain asked for; a call that is not in the database is
a hallucination. The authors' script compares by substrings in a tolerant syntax tree, so that
``resnet50`` is found in ``wide_resnet50_2`` and a stray quote before the call hides it. Here the
arguments are read and compared whole, a repository without its revision (``owner/name:revision``).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from evalsuite.records import Answer, Score
from evalsuite.scoring.answer_text import excerpt, without_reasoning

_MARK = re.compile(r"""api_call\W{0,4}:""")
_OPEN, _CLOSE = "([{", ")]}"


class ApiCall(NamedTuple):
    """What tells one API from another: the function and the arguments that name what is loaded."""

    function: str
    arguments: tuple[tuple[str, str], ...]


def score_api_call(
    answer: Answer,
    database: Mapping[ApiCall, frozenset[str]],
    domain: str,
    *,
    function: str,
    keys: Sequence[str],
) -> list[Score]:
    """``api_match`` and ``hallucinated`` of an answer that should call an API for ``domain``.

    ``hallucinated`` is 1.0 for a call that is not in the database. An answer without a call of
    ``function`` is a ``format_error``: ``api_match`` is 0.0, and nothing can be hallucinated, so
    ``hallucinated`` is 0.0 too, as the authors count it.

    Args:
        answer: Its text is searched from the first ``api_call:`` on, if there is one.
        database: The domains of every call that exists.
        domain: What was asked for.
        function: Dotted name of the function, such as ``torch.hub.load``.
        keys: Names of the arguments that count, in the order of their positions.
    """
    text = without_reasoning(answer.text or "")
    said = find_call(text, function, keys)
    if said is None:
        return [
            Score(name=name, value=0.0, status="format_error", explanation=f"no {function}(...)")
            for name in ("api_match", "hallucinated")
        ]
    domains = database.get(said)
    shown = excerpt(", ".join(f"{name}={value}" for name, value in said.arguments))
    right = domains is not None and domain in domains
    return [
        Score(name="api_match", value=float(right), explanation=shown),
        Score(name="hallucinated", value=float(domains is None), explanation=shown),
    ]


def find_call(text: str, function: str, keys: Sequence[str]) -> ApiCall | None:
    """The first call of ``function`` in ``text`` after ``api_call:``, else in all of it.

    The arguments in ``keys`` are taken by name or, where they are not named, by position. None
    where there is no call of the function.
    """
    mark = _MARK.search(text)
    places = [text[mark.end() :], text] if mark else [text]
    for place in places:
        found = re.search(rf"(?<![\w.]){re.escape(function)}\s*\(", place)
        if found is None:
            continue
        positional: list[str] = []
        named: dict[str, str] = {}
        for argument in _arguments(place[found.end() :]):
            name, equals, value = argument.partition("=")
            if equals and name.strip().isidentifier():
                named[name.strip()] = _literal(value)
            else:
                positional.append(_literal(argument))
        values = {**dict(zip(keys, positional, strict=False)), **named}
        told = tuple((key, _unrevised(values[key])) for key in keys if key in values)
        return ApiCall(function, told)
    return None


def _arguments(text: str) -> Iterator[str]:
    """What stands between commas up to the closing parenthesis; to the end if it never closes."""
    depth, quote, start = 0, "", 0
    for at, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in _OPEN:
            depth += 1
        elif sign in _CLOSE:
            if depth == 0:
                yield from filter(str.strip, [text[start:at]])
                return
            depth -= 1
        elif sign == "," and depth == 0:
            yield text[start:at]
            start = at + 1
    yield from filter(str.strip, [text[start:]])


def _literal(text: str) -> str:
    """The text of a literal; what is none stays as it is written."""
    bare = text.strip().replace("\\", "")
    try:
        return str(ast.literal_eval(bare))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return bare


def _unrevised(value: str) -> str:
    return value.split(":", 1)[0] if "/" in value else value
