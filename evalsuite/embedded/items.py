"""What an item of the synthetic families is, how splits are drawn, and the public stream.

The three splits are disjoint by construction, not by sampling: every composition
(`template`) and every invented name belongs to exactly one split, decided by a
hash of its text. The fragments a composition is made of (phrases, syllables) are
shared, so what the test split asks for is recombination, not unseen vocabulary.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

__all__ = ["FAMILIES", "SPLITS", "Item", "Split", "items", "split_of"]

Split = Literal["train", "validation", "test"]

FAMILIES: tuple[str, ...] = ("reasoning", "code", "ner", "tabular", "writing")
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

# Of 20 hash buckets, 2 are test, 2 validation and 16 train.
_BUCKETS = 20
_HELD_OUT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One generated question with its reference answer.

    Attributes:
        family: One of :data:`FAMILIES`.
        level: Difficulty, 1 (easiest) to 4.
        template: Identity of the skeleton, all slots stripped.
        prompt: Exactly the user turn the model sees.
        answer: The reference answer text (what models are trained on).
        target: What is graded; JSON-able.
        metadata: Facts about the item that graders and classical baselines use.
    """

    family: str
    level: int
    template: str
    prompt: str
    answer: str
    target: Any
    metadata: dict[str, Any]


def split_of(text: str) -> Split:
    """The split that a composition or an invented name belongs to, for ever."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    bucket = int.from_bytes(digest, "big") % _BUCKETS
    if bucket < _HELD_OUT:
        return "test"
    return "validation" if bucket < 2 * _HELD_OUT else "train"


def items(family: str, split: Split, *, seed: int = 0) -> Iterator[Item]:
    """Endless, deterministic stream of items without repeated prompts.

    Args:
        family: One of :data:`FAMILIES`.
        split: One of :data:`SPLITS`.
        seed: Another seed gives another stream from the same split.

    Raises:
        ValueError: If the family or the split is unknown.
    """
    if family not in FAMILIES:
        raise ValueError(f"unknown family {family!r}; one of {', '.join(FAMILIES)}")
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}; one of {', '.join(SPLITS)}")
    return _stream(_generator(family), family, split, seed)


def _generator(family: str) -> Callable[[random.Random, Split], Item]:
    draw: Callable[[random.Random, Split], Item] = import_module(
        f"evalsuite.embedded.families.{family}"
    ).draw
    return draw


def _stream(
    draw: Callable[[random.Random, Split], Item], family: str, split: Split, seed: int
) -> Iterator[Item]:
    # A text seed is hashed by `random` itself, so streams of neighbouring seeds are unrelated.
    rng = random.Random(f"evalsuite/{family}/{split}/{seed}")
    seen: set[str] = set()
    while True:
        item = draw(rng, split)
        if item.prompt not in seen:
            seen.add(item.prompt)
            yield item
