"""WNUT-17: rare and emerging entities in social media (Derczynski et al. 2017, W17-4418).

    & gt ; * Police last week evacuated 80 villagers from Waltengoo Nar where dozens were killed
    after a series of avalanches hit the area in 2005 in the south of the territory .
    -> location: Waltengoo Nar

Success: exactly the right entities with their types, and no others; the field's figure, strict
micro F1, is among the corpus metrics. Splits are the official ones (3394, 1009, 1287 texts).

    evalsuite run --task ner/wnut17 --system embedded/nano
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.entities import corpus_metrics, score_spans
from evalsuite.scoring.spans import from_bio
from evalsuite.task import Split, Task

LABELS = ("person", "location", "corporation", "group", "creative-work", "product")
_URL = (
    "https://raw.githubusercontent.com/leondz/emerging_entities_17/"
    "e52a2d2a71ac1a051ca2d532eef28653c5c02603"
)
DATA = Dataset(
    name="wnut17",
    licence="CC-BY-4.0",
    source="https://github.com/leondz/emerging_entities_17",
    files={
        "train": DataFile(
            path="tasks/ner/wnut17/train.conll",
            sha256="731820e13f71af324c6b55a1575ec2ce59fbaa2a0806f8f0400b98d56cd6a7a5",
            url=f"{_URL}/wnut17train.conll",
        ),
        "validation": DataFile(
            path="tasks/ner/wnut17/dev.conll",
            sha256="e053b752b8155113ca66e7db08af5f2f5f43ab993694e4774f1ec5bad42312d8",
            url=f"{_URL}/emerging.dev.conll",
        ),
        "test": DataFile(
            path="tasks/ner/wnut17/test.conll",
            sha256="2aa79b764e56ec9264a1b30fdd9b70195bd00ff400b62edd8f399d5f13c178f0",
            url=f"{_URL}/emerging.test.annotated",
        ),
    },
)


def samples(split: Split) -> Iterator[Sample]:
    """Texts of one blank between tokens; targets are character spans."""
    for number, row in enumerate(DATA.rows(split)):
        yield Sample(
            id=f"{split}-{number}",
            inputs={"text": " ".join(row["tokens"])},
            target=character_spans(row["tokens"], row["tags"]),
        )


def character_spans(tokens: Sequence[str], tags: Sequence[str]) -> list[dict[str, Any]]:
    """The spans of BIO tags in the tokens joined by blanks."""
    starts = [0, *accumulate(len(token) + 1 for token in tokens)]
    return [
        {"start": starts[span.start], "end": starts[span.end] - 1, "label": span.label}
        for span in from_bio(tags)
    ]


def prompt(sample: Sample) -> str:
    """The types, the form of the answer, the text."""
    return (
        f"List the named entities of the text, in order. Types: {', '.join(LABELS)}.\n"
        "Answer in one line, as TYPE: words; TYPE: words. Copy the words exactly. "
        "If there are no entities, answer none.\n\n"
        f"Text: {sample.inputs['text']}"
    )


def score(sample: Sample, answer: Answer) -> Sequence[Score]:
    """``exact_set``, ``span_f1`` and ``hallucinated``."""
    return score_spans(answer, sample.target, text=sample.inputs["text"], labels=LABELS)


TASK = Task(
    name="ner/wnut17",
    family="ner",
    summary="Emerging entities in social media",
    samples=samples,
    prompt=prompt,
    score=score,
    success="exact_set",
    corpus=corpus_metrics(LABELS),
    learnable="spans",
    source=DATA.source,
    licence=DATA.licence,
    reference="https://aclanthology.org/W17-4418",
)
