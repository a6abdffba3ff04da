"""One generator a file: ``draw(rng, split)`` makes one item of the family."""

from __future__ import annotations

__all__ = ["words"]


def words(text: str) -> tuple[str, ...]:
    """The words of a text: a list that can be read without its quotation marks."""
    return tuple(text.split())
