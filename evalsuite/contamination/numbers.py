"""Contamination that no n-gram can see: translated problems, found by the numbers in them.

A word problem keeps its numbers when it is translated or reworded. Two texts with the same numbers,
and enough of them, are most likely the same problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from evalsuite.contamination.corpus import Piece, texts_of
from evalsuite.contamination.ngrams import Overlap, SampleOverlap
from evalsuite.records import Sample

LEAST_NUMBERS = 4
"""Fewer than these say little: many problems are about 2, 3 and 5."""

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")

Numbers = tuple[str, ...]


def number_overlap(samples: Iterable[Sample], corpus: Iterable[Piece]) -> Overlap:
    """Which of ``samples`` have the same numbers, in any order, as a document of ``corpus``.

    Samples with fewer than ``LEAST_NUMBERS`` are not judged. Number words do not count, and
    ``1,000`` and ``1.000`` are one number.
    """
    wanted: dict[str, Numbers] = {}
    too_short: list[str] = []
    total = 0
    for sample in samples:
        total += 1
        numbers = numbers_of("\n".join(texts_of(sample.inputs)))
        if len(numbers) < LEAST_NUMBERS:
            too_short.append(sample.id)
        else:
            wanted[sample.id] = numbers
    known, seen = set(wanted.values()), set[Numbers]()
    documents = 0
    for text in _documents(corpus):
        documents += 1
        seen |= known & {numbers_of(text)}
    return Overlap(
        samples=total,
        too_short=tuple(too_short),
        contaminated=tuple(
            SampleOverlap(id=name, ngrams=len(numbers), found=len(numbers))
            for name, numbers in wanted.items()
            if numbers in seen
        ),
        documents=documents,
        words=None,
        rule=f"a document with the same numbers, {LEAST_NUMBERS} or more",
    )


def numbers_of(text: str) -> Numbers:
    """The numbers in a text, sorted, without separators and in ASCII digits."""
    found = (match.replace(",", "").replace(".", "") for match in _NUMBER.findall(text))
    return tuple(sorted(str(int(digits)) for digits in found))


def _documents(corpus: Iterable[Piece]) -> Iterable[str]:
    parts: list[str] = []
    for piece in corpus:
        if piece.begins and parts:
            yield "".join(parts)
            parts = []
        parts.append(piece.text)
    if parts:
        yield "".join(parts)
