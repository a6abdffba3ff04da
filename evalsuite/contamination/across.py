"""Tasks that ask the same questions: a model that has seen one has seen the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

from evalsuite.contamination.corpus import sample_pieces
from evalsuite.contamination.ngrams import Overlap, ngram_overlap
from evalsuite.contamination.numbers import number_overlap
from evalsuite.contamination.splits import ENDLESS_SAMPLES
from evalsuite.records import Sample
from evalsuite.task import Split, Task


@dataclass(frozen=True, kw_only=True)
class SharedQuestions:
    """The test samples of ``task`` that stand in the test samples of ``other``."""

    task: str
    other: str
    by_words: Overlap
    by_numbers: Overlap


def first_samples(task: Task, split: Split) -> Iterator[Sample]:
    """The samples of a split; of an endless one, as many as the task uses unless told."""
    limit = task.default_limit or ENDLESS_SAMPLES if task.endless else None
    return islice(task.samples(split), limit)


def shared_questions(tasks: Sequence[Task], *, ngram: int = 13) -> Iterator[SharedQuestions]:
    """Every two of ``tasks`` whose test splits share something, by n-grams or by numbers.

    Raises:
        DataMissing: If the data of one is not on this machine.
    """
    for task, other in combinations(tasks, 2):
        by_words = ngram_overlap(
            first_samples(task, "test"), sample_pieces(first_samples(other, "test")), ngram=ngram
        )
        by_numbers = number_overlap(
            first_samples(task, "test"), sample_pieces(first_samples(other, "test"))
        )
        if by_words.contaminated or by_numbers.contaminated:
            yield SharedQuestions(
                task=task.name, other=other.name, by_words=by_words, by_numbers=by_numbers
            )
