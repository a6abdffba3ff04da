"""MBPP: 974 short Python problems written by crowd workers (Austin et al. 2021, arXiv:2108.07732).

    You are an expert Python programmer, and here is your task: Write a function to find the
    largest integers from a given list of numbers using heap queue algorithm. Your code should
    pass these tests:
    assert heap_queue_largest( [25, 35, 22, 85, 14, 65, 75, 22, 58],3)==[85, 75, 65]
    ...
    ->  import heapq as hq
        def heap_queue_largest(nums,n):
          largest_nums = hq.nlargest(n, nums)
          return largest_nums

Success: all three asserts hold; the program runs in the sandbox, the asserts outside it. As in the
paper the prompt shows the asserts, so a program that only knows their answers passes (MBPP+ has
hidden inputs). Splits are the paper's: 500 problems to test (11 to 510), 90 to validate, 374 to
train. It asks without examples; the paper shows three.

Known flaws: asserts compare objects of the program in 3 problems (367, 601, 927), whose arguments
are built on the program's side; 596 expects sizes of objects of one Python version.

    evalsuite run --task code/mbpp --system embedded/nano
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.asserts import as_check, entry_point
from evalsuite.scoring.code import score_check
from evalsuite.scoring.pass_at_k import metrics
from evalsuite.scoring.sandbox.contract import Limits
from evalsuite.task import Split, Task

DATA = Dataset(
    name="mbpp",
    licence="CC-BY-4.0",
    source="https://github.com/google-research/google-research/tree/master/mbpp",
    files={
        "all": DataFile(
            path="tasks/code/mbpp/mbpp.jsonl",
            sha256="ccf64ceae9c5403bf50a044cb6d505bfd2a2963ee58338ba268fd65beab92a9f",
            url="https://raw.githubusercontent.com/deepseek-ai/DeepSeek-Coder/"
            "2f9fd85927c669dae3c0fbb2d607274023af243e/Evaluation/MBPP/data/mbpp.jsonl",
        )
    },
)
# The solution of 123 takes over two seconds.
LIMITS = Limits(cpu_seconds=10, wall_seconds=60.0)
NUMBERS = {"test": range(11, 511), "validation": range(511, 601), "train": range(601, 975)}


def samples(split: Split) -> Iterator[Sample]:
    """Problems of the split, in the order of their numbers."""
    for row in DATA.rows("all"):
        if row["task_id"] not in NUMBERS[split]:
            continue
        code = row["code"].replace("\r\n", "\n")
        yield Sample(
            id=f"Mbpp/{row['task_id']}",
            inputs={
                "text": row["text"],
                "asserts": row["test_list"],
                "entry_point": entry_point(row["test_list"], code),
            },
            target={"setup": row["test_setup_code"].replace("\r\n", "\n"), "solution": code},
        )


def prompt(sample: Sample) -> str:
    """The paper's wording, and the form of the answer."""
    asserts = "\n".join(sample.inputs["asserts"])
    return (
        f"You are an expert Python programmer, and here is your task: {sample.inputs['text']} "
        f"Your code should pass these tests:\n\n{asserts}\n\nAnswer with one block of code."
    )


def score(sample: Sample, answer: Answer) -> Sequence[Score]:
    """``passed``."""
    name = sample.inputs["entry_point"]
    test = as_check(sample.inputs["asserts"], name, setup=sample.target["setup"])
    return score_check(
        answer,
        entry_point=name,
        check=test.check,
        prompt="",
        mode="chat",
        adapter=test.adapter,
        calls=test.calls,
        limits=LIMITS,
    )


TASK = Task(
    name="code/mbpp",
    family="code",
    summary="Short Python problems, graded by the three asserts of the prompt",
    samples=samples,
    prompt=prompt,
    score=score,
    success="passed",
    corpus=metrics("passed"),
    data=(DATA,),
    runs_code=True,
    max_output_tokens=512,
    source=DATA.source,
    licence=DATA.licence,
    reference="arXiv:2108.07732",
)
