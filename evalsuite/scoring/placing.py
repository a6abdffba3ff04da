"""Where the mentions of a generated answer stand in the text.

The k-th mention of some words takes their k-th occurrence. Words are compared exactly (tier 0),
then by NFKC without case (tier 1), then without whitespace and punctuation, whole words only
(tier 2). Longer mentions choose first, and places inside taken ones come last ("Bank" after "Torli
Bank"), so the order of an answer matters only among mentions of the same words. What has no place
is kept: words that are nowhere are made up, words named more often than they occur are in excess.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from evalsuite.scoring.spans import Span

TIERS = ("exact", "case", "punctuation")
_Folded = tuple[str, Sequence[int]]
"""A folded text, and for each of its characters the place that it came from."""


@dataclass(frozen=True)
class Mention:
    """An entity as an answer names it."""

    label: str
    text: str


@dataclass(frozen=True)
class Placed:
    """A mention with its place; ``tier`` is an index into ``TIERS``."""

    mention: Mention
    span: Span
    tier: int


@dataclass(frozen=True)
class Placement:
    """Every mention once: with a place, nowhere in the text, or named more often than it occurs."""

    placed: tuple[Placed, ...]
    hallucinated: tuple[Mention, ...] = ()
    excess: tuple[Mention, ...] = ()


def place(mentions: Iterable[Mention], text: str) -> Placement:
    """Find mentions in the text; ``placed`` is in the order of the text."""
    folded_text = cache(lambda tier: _folded(text, tier))
    taken: list[Placed] = []
    hallucinated: list[Mention] = []
    excess: list[Mention] = []
    for mention in sorted(mentions, key=lambda mention: (-len(mention.text), mention.text)):
        chosen, found = _choose(mention.text, text, folded_text, taken)
        if chosen is None:
            (excess if found else hallucinated).append(mention)
        else:
            (start, end), tier = chosen
            taken.append(Placed(mention, Span(start, end, mention.label), tier))
    taken.sort(key=lambda placed: placed.span)
    return Placement(tuple(taken), tuple(hallucinated), tuple(excess))


def words_of(text: str) -> str:
    """The text as the last tier sees it: NFKC, no case, letters and digits only.

    Where that leaves nothing, the text without case and outer whitespace.
    """
    return _folded(text, 2)[0] or text.strip().casefold()


def _choose(
    words: str, text: str, folded_text: Callable[[int], _Folded], taken: Sequence[Placed]
) -> tuple[tuple[tuple[int, int], int] | None, bool]:
    """The place for ``words`` with its tier, and whether they stand anywhere at all.

    It is the first place apart from what is taken, or else the first that is not itself taken.
    """
    second: tuple[tuple[int, int], int] | None = None
    found = False
    for tier in range(len(TIERS)):
        sought = words if tier == 0 else _folded(words, tier)[0]
        for start, end in _places(sought, *folded_text(tier), text, tier):
            found = True
            spans = [placed.span for placed in taken]
            if all(end <= span.start or span.end <= start for span in spans):
                return ((start, end), tier), True
            if second is None and all((span.start, span.end) != (start, end) for span in spans):
                second = (start, end), tier
    return second, found


def _folded(text: str, tier: int) -> _Folded:
    if tier == 0:
        return text, range(len(text))
    if text.isascii():
        return _folded_ascii(text.lower(), tier)
    characters, origin = [], []
    for at, character in enumerate(text):
        for folded in unicodedata.normalize("NFKC", character).casefold():
            if tier == 1 or folded.isalnum():
                characters.append(folded)
                origin.append(at)
    return "".join(characters), origin


def _folded_ascii(text: str, tier: int) -> _Folded:
    if tier == 1:
        return text, range(len(text))
    origin = [at for at, character in enumerate(text) if character.isalnum()]
    return "".join([text[at] for at in origin]), origin


def _places(
    words: str, folded: str, origin: Sequence[int], text: str, tier: int
) -> list[tuple[int, int]]:
    """Where the words stand, whole words before parts of longer ones."""
    places = [(origin[at], origin[at + len(words) - 1] + 1) for at in _starts(words, folded)]
    whole = [place for place in places if not _inside_word(text, *place)]
    if tier == 2:
        return whole
    return whole + [place for place in places if _inside_word(text, *place)]


def _starts(words: str, text: str) -> Iterator[int]:
    at = text.find(words) if words else -1
    while at >= 0:
        yield at
        at = text.find(words, at + 1)


def _inside_word(text: str, start: int, end: int) -> bool:
    before = start > 0 and text[start - 1].isalnum() and text[start].isalnum()
    return before or (end < len(text) and text[end].isalnum() and text[end - 1].isalnum())
