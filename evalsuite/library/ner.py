"""Named entities in sentences of tagged tokens: loading, four ways to ask, and the task itself.

Samples have the tokens of a sentence joined by blanks as ``inputs["text"]``, and character spans as
their target. How answers are read and scored is in ``evalsuite.scoring``: ``entity_forms``,
``placing``, ``entities``, ``entity_metrics``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import Any

import msgspec

from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.bio import spans_of_tags
from evalsuite.scoring.entities import score_entities
from evalsuite.scoring.entity_metrics import entity_metrics
from evalsuite.task import Published, Split, Task, Variant


@dataclass(frozen=True, kw_only=True)
class Part:
    """Sentences ``start`` to ``stop`` (exclusive) of a file of a dataset."""

    file: str
    start: int = 0
    stop: int | None = None


Parts = Mapping[Split, Part]


def character_spans(tokens: Sequence[str], tags: Sequence[str]) -> list[dict[str, Any]]:
    """The entities of BIO tags in the tokens joined by blanks: start, end (exclusive), label."""
    starts = [0, *accumulate(len(token) + 1 for token in tokens)]
    return [
        {"start": starts[span.start], "end": starts[span.end] - 1, "label": span.label}
        for span in spans_of_tags(tags)
    ]


def tagged_samples(data: Dataset, parts: Parts, split: Split) -> Iterator[Sample]:
    """The sentences of a split in the order of their file; none where the dataset has no such part.

    Test is whole. A sentence of train that is also in test or validation, word for word, is left
    out, and one of validation that is also in test.
    """
    if split not in parts:
        return
    later: tuple[Split, ...] = ("validation", "test")
    others = later if split == "train" else later[1:] if split == "validation" else ()
    elsewhere = {
        " ".join(row["tokens"])
        for other in others
        if other in parts
        for _, row in _rows(data, parts[other])
    }
    part = parts[split]
    for number, row in _rows(data, part):
        text = " ".join(row["tokens"])
        if text not in elsewhere:
            yield Sample(
                id=f"{part.file}-{number}",
                inputs={"text": text},
                target=character_spans(row["tokens"], row["tags"]),
            )


def _rows(data: Dataset, part: Part) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, row in enumerate(data.rows(part.file)):
        if part.stop is not None and number >= part.stop:
            return
        if number >= part.start:
            yield number, row


# --- asking -------------------------------------------------------------------------------------


def _prompt(labels: Sequence[str], form: str, sample: Sample) -> str:
    return (
        f"{_ASKED[form].format(labels=', '.join(labels), first=labels[0])}\n\n"
        f"Text: {sample.inputs['text']}"
    )


_ASKED = {
    "plain": (
        "List the named entities of the text, in order. Types: {labels}.\n"
        "Answer in one line, as TYPE: words; TYPE: words. Copy the words exactly. "
        "If there are no entities, answer none."
    ),
    "json": (
        "List the named entities of the text, in order. Types: {labels}.\n"
        'Answer with a JSON list of objects {{"type": ..., "text": ...}} and nothing else. Copy '
        "the words exactly. If there are no entities, answer []."
    ),
    "inline": (
        "Mark the named entities of the text. Types: {labels}.\n"
        "Answer with the whole text, unchanged, each entity between tags with its type, as in "
        "<{first}>words</{first}>. If there are no entities, answer none."
    ),
    "bio": (
        "Tag every word of the text. Types of named entities: {labels}.\n"
        "Answer with one word a line and its tag after a blank: B-TYPE for the first word of an "
        "entity, I-TYPE for its other words, O for all others. Words are what blanks separate."
    ),
}


def _entities(sample: Sample) -> list[tuple[str, str]]:
    text = sample.inputs["text"]
    return [(span["label"], text[span["start"] : span["end"]]) for span in sample.target]


def lines_answer(sample: Sample) -> str:
    """The right answer as ``TYPE: words; TYPE: words``."""
    return "; ".join(f"{label}: {words}" for label, words in _entities(sample)) or "none"


def json_answer(sample: Sample) -> str:
    """The right answer as a JSON list of objects with type and text."""
    found = [{"type": label, "text": words} for label, words in _entities(sample)]
    return msgspec.json.encode(found).decode()


def inline_answer(sample: Sample) -> str:
    """The right answer as the text with tags around its entities."""
    text, at, parts = sample.inputs["text"], 0, []
    for span in sample.target:
        start, end, label = span["start"], span["end"], span["label"]
        parts += [text[at:start], f"<{label}>{text[start:end]}</{label}>"]
        at = end
    return "".join(parts) + text[at:] if parts else "none"


def bio_answer(sample: Sample) -> str:
    """The right answer as a line for every token, with its BIO tag."""
    lines, at = [], 0
    for token in sample.inputs["text"].split(" "):
        span = next((s for s in sample.target if s["start"] <= at < s["end"]), None)
        tag = f"{'B' if at == span['start'] else 'I'}-{span['label']}" if span else "O"
        lines.append(f"{token} {tag}")
        at += len(token) + 1
    return "\n".join(lines)


# --- the task -----------------------------------------------------------------------------------


def _score(labels: Sequence[str], sample: Sample, answer: Answer) -> Sequence[Score]:
    return score_entities(answer, sample.target, text=sample.inputs["text"], labels=labels)


def ner_task(
    *,
    name: str,
    summary: str,
    data: Dataset,
    parts: Parts,
    labels: Sequence[str],
    reference: str,
    surface: bool = False,
    published: Iterable[Published] = (),
    version: int = 1,
) -> Task:
    """A task of named entities with flat spans and a declared set of types.

    Success is ``exact_set``: exactly the right entities with their types. Variants ``json``,
    ``inline`` and ``bio`` ask for other forms; one scorer reads all of them.

    Args:
        name: ``ner/NAME``.
        summary: A few words for lists.
        data: Where the sentences are.
        parts: Which sentences are which split.
        labels: The declared types, every one of which occurs in the data.
        reference: The paper.
        surface: With ``surface_f1`` among the metrics, the second measure of WNUT-17.
        published: Figures of the literature.
        version: Raised when scoring changes.
    """
    asked: dict[str, tuple[Callable[[Sample], str], int]] = {
        "json": (json_answer, 512),
        "inline": (inline_answer, 512),
        "bio": (bio_answer, 1024),
    }
    return Task(
        name=name,
        family="ner",
        summary=summary,
        samples=partial(tagged_samples, data, parts),
        prompt=partial(_prompt, labels, "plain"),
        score=partial(_score, labels),
        success="exact_set",
        corpus=entity_metrics(labels, surface=surface),
        learnable="spans",
        shot=lines_answer,
        variants={
            form: Variant(
                prompt=partial(_prompt, labels, form), shot=shot, max_output_tokens=tokens
            )
            for form, (shot, tokens) in asked.items()
        },
        data=(data,),
        published=tuple(published),
        source=data.source,
        licence=data.licence,
        reference=reference,
        version=version,
    )


_CROSSNER = "https://raw.githubusercontent.com/zliucr/CrossNER"
_CROSSNER_COMMIT = "2e7ba2a7798c961e3f29fbc51252c5a8d40224bf"


def crossner_task(
    domain: str, *, field: str, labels: Sequence[str], sha256: Mapping[str, str]
) -> Task:
    """A domain of CrossNER with its official train and test; validation is empty.

    Args:
        domain: As in the names of its files.
        field: What its sentences are about, in words.
        labels: Its types, in the order of the alphabet.
        sha256: Of its ``train`` and ``test`` file.
    """
    data = Dataset(
        name=f"crossner_{domain}",
        licence="MIT",
        source="https://github.com/zliucr/CrossNER",
        files={
            split: DataFile(
                path=f"tasks/ner/crossner/{domain}_{split}.txt",
                sha256=digest,
                url=f"{_CROSSNER}/{_CROSSNER_COMMIT}/ner_data/{domain}/{split}.txt",
                form="conll",
            )
            for split, digest in sha256.items()
        },
    )
    return ner_task(
        name=f"ner/crossner_{domain}",
        summary=f"Entities of {field} in Wikipedia, few to learn from",
        data=data,
        parts={"train": Part(file="train"), "test": Part(file="test")},
        labels=labels,
        reference="arXiv:2012.04373",
    )
