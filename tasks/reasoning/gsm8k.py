"""GSM8K: grade-school word problems written by people (Cobbe et al. 2021, arXiv:2110.14168).

    Janet's ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes
    muffins for her friends every day with four. She sells the remainder at the farmers' market
    daily for $2 per fresh duck egg. How much in dollars does she make every day at the farmers'
    market?
    -> ... #### 18

Success: the final number is exactly right. Test is the official test split (1319); train and
validation are the first 500 and the next 100 problems of the official training split.

    evalsuite run --task reasoning/gsm8k --system embedded/nano
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.number import score_number
from evalsuite.task import Split, Task

_COMMIT = "3101c7d5072418e28b9008a6636bde82a006892c"
_URL = (
    f"https://raw.githubusercontent.com/openai/grade-school-math/{_COMMIT}/grade_school_math/data"
)
DATA = Dataset(
    name="gsm8k",
    licence="MIT",
    source="https://github.com/openai/grade-school-math",
    files={
        "test": DataFile(
            path="tasks/reasoning/gsm8k/test.jsonl",
            sha256="3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14",
            url=f"{_URL}/test.jsonl",
        ),
        "train": DataFile(
            path="tasks/reasoning/gsm8k/train_first600.jsonl",
            sha256="8334a867e5233199b8b5689fb85863c8e30b512b52018641ffb161cf6a9df0e5",
            url=f"{_URL}/train.jsonl",
            lines=600,
        ),
    },
)
_RANGES: dict[Split, tuple[str, int, int | None]] = {
    "test": ("test", 0, None),
    "train": ("train", 0, 500),
    "validation": ("train", 500, 600),
}


def samples(split: Split) -> Iterator[Sample]:
    """Problems in the order of the file; the target is the worked solution."""
    file, start, stop = _RANGES[split]
    for number, row in islice(enumerate(DATA.rows(file)), start, stop):
        yield Sample(
            id=f"{file}-{number}", inputs={"question": row["question"]}, target=row["answer"]
        )


def prompt(sample: Sample) -> str:
    """The question and the form of the answer, no examples."""
    return (
        f"{sample.inputs['question']}\n\n"
        "Work it out step by step. Give the final number on the last line, after ####."
    )


def score(sample: Sample, answer: Answer) -> Sequence[Score]:
    """``number_match``."""
    return [score_number(answer, sample.target)]


TASK = Task(
    name="reasoning/gsm8k",
    family="reasoning",
    summary="Grade-school word problems",
    samples=samples,
    prompt=prompt,
    score=score,
    success="number_match",
    max_output_tokens=512,
    source=DATA.source,
    licence=DATA.licence,
    reference="arXiv:2110.14168",
)
