"""The stream of items a model is trained on: the five families, mixed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

from evalsuite.embedded.items import FAMILIES, Item, Split, items

__all__ = ["WEIGHTS", "mixture"]

# Shares of items. Rows of tables are short, hence cheap; arithmetic needs the most practice.
WEIGHTS: dict[str, float] = {
    "reasoning": 0.26,
    "code": 0.17,
    "ner": 0.16,
    "tabular": 0.24,
    "writing": 0.17,
}


def mixture(
    split: Split, *, seed: int = 0, weights: Mapping[str, float] = WEIGHTS
) -> Iterator[Item]:
    """Endless, deterministic stream of items of all families.

    Args:
        split: Which split to draw from.
        seed: Another seed gives another stream.
        weights: Share of items by family.
    """
    rng = random.Random(f"evalsuite/mixture/{split}/{seed}")
    streams = {family: items(family, split, seed=seed) for family in FAMILIES}
    shares = [weights[family] for family in FAMILIES]
    while True:
        yield next(streams[rng.choices(FAMILIES, shares)[0]])
