'''HumanEval: 164 Python functions written by people (Chen et al. 2021, arXiv:2107.03374).

    def truncate_number(number: float) -> float:
        """ Given a positive floating point number, it can be decomposed into
        and integer part (largest integer smaller than given number) and decimals
        (leftover part always smaller than 1).

        Return the decimal part of the number.
        >>> truncate_number(3.5)
        0.5
        """
    ->  return number % 1.0

Success: the benchmark's own check passes; the program runs in the sandbox, with the standard
library only, and the check outside it. The whole set is the test split.

Known flaws: three asserts of HumanEval/33 compare the program with itself, so they hold for any
program that always gives the same. Many problems have few inputs (HumanEval+ has more).

    evalsuite run --task code/humaneval --system embedded/nano
'''

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.code import score_check
from evalsuite.scoring.pass_at_k import metrics
from evalsuite.task import Split, Task

DATA = Dataset(
    name="humaneval",
    licence="MIT",
    source="https://github.com/openai/human-eval",
    files={
        "test": DataFile(
            path="tasks/code/humaneval/HumanEval.jsonl",
            sha256="1d49078ba3e2b196b9344535bef34a43021f038fad9561d6ee7c53450609a6a2",
            url="https://raw.githubusercontent.com/openai/human-eval/"
            "6d43fb980f9fee3c892a914eda09951f772ad10d/data/HumanEval.jsonl.gz",
        )
    },
)


def samples(split: Split) -> Iterator[Sample]:
    """The 164 problems; there is nothing to learn from."""
    for row in DATA.rows("test") if split == "test" else ():
        yield Sample(
            id=row["task_id"],
            inputs={"prompt": row["prompt"], "entry_point": row["entry_point"]},
            target={"check": row["test"], "solution": row["canonical_solution"]},
        )


def prompt(sample: Sample) -> str:
    """A line of instruction, then the header and docstring as the benchmark has them."""
    return f"Complete this Python function.\n\n{sample.inputs['prompt']}"


def score(sample: Sample, answer: Answer) -> Sequence[Score]:
    """``passed``."""
    return score_check(
        answer,
        entry_point=sample.inputs["entry_point"],
        check=sample.target["check"],
        prompt=sample.inputs["prompt"],
    )


TASK = Task(
    name="code/humaneval",
    family="code",
    summary="Python functions written by people, graded by their own checks",
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
    reference="arXiv:2107.03374",
)
