"""Chances of success learnt from practice, and predicted for samples that a model has not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Seen = TypeVar("Seen")
Found = TypeVar("Found")

FOLDS = 5


def laplace(right: int, n: int) -> float:
    """The chance of success after ``right`` of ``n``: (right + 1) / (n + 2)."""
    return (right + 1) / (n + 2)


def out_of_fold(
    items: Sequence[Item],
    outcomes: Sequence[Seen],
    learn: Callable[[Sequence[Item], Sequence[Seen]], Callable[[Item], Found]],
) -> list[Found]:
    """What is predicted of each item by a model that was learnt without it.

    Five folds, item i in fold i mod 5; of fewer than five items, each is a fold. A single item is
    predicted by the model that was learnt from it, because there is no other.
    """
    n = len(items)
    folds = min(FOLDS, n)
    if folds < 2:
        model = learn(items, outcomes)
        return [model(item) for item in items]
    found: dict[int, Found] = {}
    for fold in range(folds):
        rest = [index for index in range(n) if index % folds != fold]
        model = learn([items[i] for i in rest], [outcomes[i] for i in rest])
        found.update((index, model(items[index])) for index in range(fold, n, folds))
    return [found[index] for index in range(n)]
