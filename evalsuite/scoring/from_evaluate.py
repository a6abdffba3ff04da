"""Metrics of Hugging Face `evaluate` as corpus metrics of a task.

What `evaluate` does without a network: a subclass of ``evaluate.Metric``, ``evaluate.load`` of an
absolute folder, ``evaluate.combine`` of such. ``evaluate.load("rouge")`` fetches a script from the
hub, and runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from evalsuite.records import Sample
from evalsuite.scoring.corpus_texts import once
from evalsuite.task import CorpusMetric, Graded


class Computes(Protocol):
    """An ``evaluate.Metric``, or several combined."""

    def compute(
        self, *, predictions: Sequence[Any], references: Sequence[Any], **options: Any
    ) -> Mapping[str, Any] | None:
        """Figures by name."""
        ...


def evaluate_metrics(
    metric: Computes,
    figures: Sequence[str],
    *,
    references: Callable[[Sample], Any] = lambda sample: sample.target,
    **options: Any,
) -> dict[str, CorpusMetric]:
    """Corpus metrics named ``figures``, all from one ``metric.compute``.

    A failed answer is the prediction "", which the metric counts as it counts an empty text. None
    where every answer failed, and where the metric gives no number.

    Args:
        metric: Loaded or made by the caller.
        figures: Keys of what it computes.
        references: A sample's reference, as the metric wants it.
        options: Further arguments of ``compute``.
    """

    @once
    def computed(graded: Sequence[Graded]) -> Mapping[str, Any]:
        if all(row.answer is None for row in graded):
            return {}
        said = [(row.answer.text or "") if row.answer is not None else "" for row in graded]
        wanted = [references(row.sample) for row in graded]
        return metric.compute(predictions=said, references=wanted, **options) or {}

    def figure(name: str) -> CorpusMetric:
        def one(graded: Sequence[Graded]) -> float | None:
            found = computed(graded)
            if found and name not in found:
                raise KeyError(f"the metric computes {', '.join(found)}, and no {name!r}")
            value = found.get(name)
            return None if value is None else float(value)

        return one

    return {name: figure(name) for name in figures}
