"""What the multi-hop tasks share: Collab-RAG's files, prompts, the tasks themselves.

``inputs`` hold ``question`` and ``passages``, a list of ``{"title", "text"}``. The target holds the
right ``answers``, any of which will do, and ``support``, the titles of the passages that they take.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.multihop import score_multihop
from evalsuite.task import Published, Split, Task, Variant

_ZIP = (
    "https://github.com/ritaranx/Collab-RAG/tree/13021a230eb0dc3a313c9f41c635cc0eea8eb294 "
    "(datasets.zip, the first 250 of 500)"
)


def collab_rag(name: str, licence: str, sha256: str) -> Dataset:
    """One of the test files of Collab-RAG (Xu et al. 2025); only a mirror has its first half."""
    return Dataset(
        name=name,
        licence=licence,
        source=_ZIP,
        files={"test": DataFile(path=f"tasks/multihop_qa/{name}/test_250.jsonl", sha256=sha256)},
    )


def multihop_task(
    *,
    name: str,
    summary: str,
    data: Dataset,
    reference: str,
    published: tuple[Published, ...] = (),
) -> Task:
    """A task of questions over passages; success is an exact match of the answer."""
    return Task(
        name=name,
        family="multihop_qa",
        summary=summary,
        samples=lambda split: samples(data, split),
        prompt=prompt,
        score=score,
        success="exact_match",
        max_output_tokens=256,
        shot=shot,
        variants={
            "closed_book": Variant(prompt=closed_book_prompt),
            "support": Variant(prompt=support_prompt, shot=support_shot),
            "cot": Variant(prompt=reasoning_prompt, max_output_tokens=512),
        },
        data=(data,),
        published=published,
        source=data.source,
        licence=data.licence,
        reference=reference,
    )


def samples(data: Dataset, split: Split) -> Iterator[Sample]:
    """The rows in the order of the file, all of them in the test split."""
    if split != "test":
        return
    for row in data.rows("test"):
        contexts = row["contexts"]
        support = [one["title"] for one in contexts if one["is_supporting"]]
        kind = {"type": row["type"]} if "type" in row else {}
        yield Sample(
            id=row["id"],
            inputs={
                "question": row["question"],
                "passages": [{"title": one["title"], "text": one["text"]} for one in contexts],
            },
            target={"answers": row["answers"], "support": list(dict.fromkeys(support))},
            metadata=kind,
        )


# --- asking -------------------------------------------------------------------------------------


def prompt(sample: Sample) -> str:
    """All the passages, the question, the answer alone."""
    return (
        f"{_passages(sample)}\n\nQuestion: {sample.inputs['question']}\n"
        "Answer with a name, a date, a few words, yes or no, and nothing else."
    )


def closed_book_prompt(sample: Sample) -> str:
    """The question without any passage."""
    return (
        f"Question: {sample.inputs['question']}\n"
        "Answer with a name, a date, a few words, yes or no, and nothing else."
    )


def support_prompt(sample: Sample) -> str:
    """All the passages, the question, answer and support as JSON."""
    return (
        f"{_passages(sample)}\n\nQuestion: {sample.inputs['question']}\n"
        'Answer with JSON and nothing else: {"answer": "a name, a date, a few words, yes or no", '
        '"support": ["titles of the passages that the answer takes"]}'
    )


def reasoning_prompt(sample: Sample) -> str:
    """All the passages, the question, reasoning before the answer."""
    return (
        f"{_passages(sample)}\n\nQuestion: {sample.inputs['question']}\n"
        "Think step by step. Then give a name, a date, a few words, yes or no on the last line, "
        "as `Answer: ...`."
    )


def _passages(sample: Sample) -> str:
    return "\n\n".join(f"{one['title']}\n{one['text']}" for one in sample.inputs["passages"])


def shot(sample: Sample) -> str:
    """The first right answer."""
    return str(sample.target["answers"][0])


def support_shot(sample: Sample) -> str:
    """The first right answer and its support, as JSON."""
    told = {"answer": shot(sample), "support": sample.target["support"]}
    return json.dumps(told, ensure_ascii=False)


def score(sample: Sample, answer: Answer) -> list[Score]:
    """The figures of :func:`~evalsuite.scoring.multihop.score_multihop`."""
    return score_multihop(answer, sample.target["answers"], sample.target["support"])
