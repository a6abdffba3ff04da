"""Text of others inside a judge's question, walled in so that it cannot pose as the question.

A fence has a mark of its own for every question, drawn from a seed. Text that is judged was written
before the mark was drawn and cannot contain it, so it can neither close its fence nor write a
verdict that bears it. What a judge writes bears it within the brackets of its verdict, or in the
field ``SEAL`` of its JSON.
"""

from __future__ import annotations

from collections.abc import Iterable

from evalsuite.records import fingerprint

SEAL = "seal"
"""The key under which a verdict in JSON has the mark."""
_LETTERS = "bcdfghjkmnpqrstvwxz"
_LENGTH = 6


def mark_for(seed: object, texts: Iterable[str]) -> str:
    """A mark of six consonants that occurs in none of ``texts``; the same for the same ``seed``."""
    everything = "\n".join(texts).casefold()
    attempt = 0
    while True:
        drawn = int(fingerprint(["fence", seed, attempt]), 16)
        mark = ""
        for _ in range(_LENGTH):
            drawn, index = divmod(drawn, len(_LETTERS))
            mark += _LETTERS[index]
        if mark not in everything:
            return mark
        attempt += 1


def fenced(text: str, mark: str, what: str) -> str:
    """``text`` between two lines that say what it is and bear the mark.

    Raises:
        ValueError: the text contains the mark.
    """
    if mark in text.casefold():
        raise ValueError(f"the text contains the mark {mark!r} of its fence")
    return f"<<<{what} {mark}>>>\n{text}\n<<<end of {what} {mark}>>>"
