"""What the HumanEval-X tasks share: where a language's problems are, and how they are graded."""

from __future__ import annotations

from functools import partial

from evalsuite.datasets import DataFile, Dataset
from evalsuite.scoring.humaneval_x import prompt, ready, samples, score
from evalsuite.scoring.pass_at_k import metrics
from evalsuite.task import Task

_DATA = (
    "https://raw.githubusercontent.com/THUDM/CodeGeeX/"
    "2838420b7b4492cf3d16bce5320e26e65960c9e2/codegeex/benchmark/humaneval-x"
)


def humaneval_x_task(short: str, *, language: str, title: str, sha256: str) -> Task:
    """HumanEval's problems in one language.

    Args:
        short: The benchmark's name of the language, which is in the names of task and file.
        language: The name that grading has for it.
        title: What people call it.
        sha256: Of the unpacked file.
    """
    data = Dataset(
        name=f"humaneval_x_{short}",
        licence="Apache-2.0",
        source="https://github.com/THUDM/CodeGeeX",
        files={
            "test": DataFile(
                path=f"tasks/code/humaneval_x/humaneval_{short}.jsonl",
                sha256=sha256,
                url=f"{_DATA}/{short}/data/humaneval_{short}.jsonl.gz",
            )
        },
    )
    return Task(
        name=f"code/humaneval_x_{short}",
        family="code",
        summary=f"HumanEval's problems in {title}",
        samples=partial(samples, data, language),
        prompt=partial(prompt, language),
        score=partial(score, language),
        success="passed",
        corpus=metrics("passed"),
        data=(data,),
        runs_code=True,
        ready=partial(ready, language),
        max_output_tokens=512,
        source=data.source,
        licence=data.licence,
        reference="arXiv:2303.17568",
    )
