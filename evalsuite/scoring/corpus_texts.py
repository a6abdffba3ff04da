"""What corpus metrics of texts share: the texts of what was graded, and one result for many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from evalsuite.task import Graded

Result = TypeVar("Result")


def texts_of(graded: Sequence[Graded]) -> list[str | None]:
    """The answers' texts; None where the system failed, or said nothing."""
    texts = [row.answer.text if row.answer is not None else None for row in graded]
    return [text if text and text.strip() else None for text in texts]


def mean(values: Sequence[float]) -> float | None:
    """The mean; None of nothing."""
    return sum(values) / len(values) if values else None


def once(compute: Callable[[Sequence[Graded]], Result]) -> Callable[[Sequence[Graded]], Result]:
    """``compute`` that remembers its last result, because several metrics are read from one."""
    last: list[tuple[list[tuple[str, str | None]], Result]] = []

    def remembered(graded: Sequence[Graded]) -> Result:
        ids = [row.sample.id for row in graded]
        key = list(zip(ids, texts_of(graded), strict=True))
        if not last or last[0][0] != key:
            last[:] = [(key, compute(graded))]
        return last[0][1]

    return remembered
