"""AQuA-RAT: algebra word problems with five options (Ling et al. 2017, arXiv:1705.04146).

    The original price of an item is discounted 22%. A customer buys the item at this discounted
    price using a $20-off coupon. ... what was the original price of the item?
    A) $61  B) $65  C) $67.40  D) $70  E) $78.20
    -> E

Success: the right option. Test is the official test split (254); train and validation are the
first 154 and the last 100 problems of the official dev split, with people's rationales.

    evalsuite run --task reasoning/aqua --system embedded/nano
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.reasoning import option_task
from evalsuite.records import Sample
from evalsuite.task import Published, Split

_URL = (
    "https://raw.githubusercontent.com/google-deepmind/AQuA/"
    "26b64ed1f22208c6742f47df547dfd65088ec30d"
)
DATA = Dataset(
    name="aqua",
    licence="Apache-2.0",
    source="https://github.com/google-deepmind/AQuA",
    files={
        "test": DataFile(
            path="tasks/reasoning/aqua/test.jsonl",
            sha256="de41581881ef95c5588c44ddc701c77fd480839241dd422a0d181262af24520c",
            url=f"{_URL}/test.json",
        ),
        "dev": DataFile(
            path="tasks/reasoning/aqua/dev.jsonl",
            sha256="4a52301d8a49ae0b286f8e697f9c5da1b109b247b825b47b4c6de34312dceec5",
            url=f"{_URL}/dev.json",
        ),
    },
)
_RANGES: dict[Split, tuple[str, int, int | None]] = {
    "test": ("test", 0, None),
    "train": ("dev", 0, 154),
    "validation": ("dev", 154, None),
}
_KEY = "one question has another key there, D for AQuA's E"
_SOURCE = "github.com/TIGER-AI-Lab/Program-of-Thoughts, "


def samples(split: Split) -> Iterator[Sample]:
    """Problems in the order of the file; options without their letters."""
    file, start, stop = _RANGES[split]
    for number, row in islice(enumerate(DATA.rows(file)), start, stop):
        yield Sample(
            id=f"{file}-{number}",
            inputs={
                "question": row["question"],
                "options": [option.split(")", 1)[1].strip() for option in row["options"]],
            },
            target=row["correct"],
            metadata={"rationale": row["rationale"]},
        )


TASK = option_task(
    name="reasoning/aqua",
    summary="Algebra word problems with five options",
    data=DATA,
    samples=samples,
    reasons=lambda sample: sample.metadata["rationale"],
    reference="arXiv:1705.04146",
    published=(
        Published(
            metric="choice_match",
            value=0.727,
            system="GPT-4, chain of thought",
            source=_SOURCE + "outputs/aqua_gpt4_s0_e-1_03_31_22_24.jsonl",
            n=253,
            note=f"{_KEY}; 0.7233 here",
        ),
        Published(
            metric="choice_match",
            value=0.541,
            system="code-davinci-002, programs of thought",
            source=_SOURCE + "README.md",
            n=253,
            note=f"{_KEY}; 0.5375 here",
        ),
    ),
)
