"""Texts and their labels: intents, emotions, verdicts.

A task file names its data, its labels and its question; the ways to ask, the reading of the answer
and the figures are here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalsuite.datasets import Dataset
from evalsuite.records import Answer, Sample, Score, fingerprint
from evalsuite.scoring.label_names import label_reader, score_label
from evalsuite.scoring.labels import (
    Labels,
    Predictions,
    balanced_accuracy,
    label_metrics,
    macro_f1,
    mcc,
    probability_metrics,
)
from evalsuite.task import Published, Split, Task, Variant

Samples = Callable[[Split], Iterable[Sample]]
Figures = Mapping[str, Callable[[Labels, Predictions], float | None]]


@dataclass(frozen=True, kw_only=True)
class LabelQuestion:
    """How the label of a text is asked for.

    Attributes:
        labels: The labels, as the data has them.
        what: What a text is, in one word: "Query", "Tweet".
        asked: The question about it, in one sentence.
        noun: What a label is, in one word: "intent", "emotion".
        hint: One sentence more about the labels, for what their names do not say.
        common_words: See :func:`evalsuite.scoring.label_names.read_label`.
    """

    labels: Sequence[str]
    what: str
    asked: str
    noun: str
    hint: str = ""
    common_words: bool = False

    def plain(self, sample: Sample) -> str:
        """The text, the question, then the labels in one line."""
        return (
            f"{self.what}: {sample.inputs['text']}\n\n{self.asked} Answer with one of these "
            f"{self.noun}s and nothing else: {', '.join(self.labels)}.{self._hint}"
        )

    def labels_first(self, sample: Sample) -> str:
        """The labels, one a line, then the text: prompts share their beginning."""
        listed = "\n".join(f"- {label}" for label in self.labels)
        return (
            f"{self.asked} The {self.noun}s are:\n{listed}\n\nAnswer with the {self.noun} and "
            f"nothing else.{self._hint}\n\n{self.what}: {sample.inputs['text']}"
        )

    def unlisted(self, sample: Sample) -> str:
        """The text alone: for models that score the labels by log-likelihood."""
        return f"{self.what}: {sample.inputs['text']}\n{self.noun.capitalize()}:"

    def score(self, sample: Sample, answer: Answer) -> Sequence[Score]:
        """``choice_match``."""
        return [score_label(answer, sample.target, self.labels, common_words=self.common_words)]

    def metrics(self, figures: Figures) -> dict[str, Any]:
        """Corpus metrics; an answer that failed or cannot be read is a wrong prediction."""
        return label_metrics(label_reader(self.labels, common_words=self.common_words), figures)

    @property
    def variants(self) -> dict[str, Variant]:
        """``labels_first``, ``unlisted``, and ``written``: the plain question, never scored."""
        return {
            "labels_first": Variant(prompt=self.labels_first),
            "unlisted": Variant(prompt=self.unlisted),
            "written": Variant(prompt=self.plain, generated=True),
        }

    @property
    def _hint(self) -> str:
        return f" {self.hint}" if self.hint else ""


def label_task(
    question: LabelQuestion,
    *,
    name: str,
    family: str,
    summary: str,
    samples: Samples,
    data: Dataset,
    reference: str,
    figures: Figures | None = None,
    variants: Mapping[str, Variant] | None = None,
    published: Sequence[Published] = (),
) -> Task:
    """A task of one label a text.

    Its corpus metrics are ``balanced_accuracy``, ``macro_f1`` and ``mcc`` with failed answers as
    wrong ones, those of class probabilities, and ``figures``.
    """
    own = {"balanced_accuracy": balanced_accuracy, "macro_f1": macro_f1, "mcc": mcc}
    return Task(
        name=name,
        family=family,
        summary=summary,
        samples=samples,
        prompt=question.plain,
        score=question.score,
        success="choice_match",
        choices=lambda sample: question.labels,
        corpus={**question.metrics({**own, **(figures or {})}), **probability_metrics()},
        learnable="texts",
        max_output_tokens=32,
        shot=lambda sample: str(sample.target),
        variants={**question.variants, **(variants or {})},
        data=(data,),
        published=tuple(published),
        source=data.source,
        licence=data.licence,
        reference=reference,
    )


def in_mixed_order(samples: Iterable[Sample]) -> Iterator[Sample]:
    """The samples by the hash of their ids, for files that are sorted by label.

    The first n of them are then a fair sample.
    """
    return iter(sorted(samples, key=lambda sample: fingerprint(["mixed", sample.id])))


def unseen(rows: Iterable[Mapping[str, Any]], seen: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """The rows whose ``text`` is not ``seen``: some train sets share texts with their test."""
    texts = {text.strip() for text in seen}
    return (row for row in rows if row["text"].strip() not in texts)
