r"""MATH-500: competition mathematics with LaTeX answers (Lightman et al. 2023, arXiv:2305.20050).

    Convert the point $(0,3)$ in rectangular coordinates to polar coordinates. Enter your answer in
    the form $(r,\theta),$ where $r > 0$ and $0 \le \theta < 2 \pi.$
    -> \left( 3, \frac{\pi}{2} \right)

Success: the answer in the last \boxed{} means the same as the target; math-verify and sympy
compare (extra ``math``). Test is the 500 problems of MATH's test split that PRM800K holds out;
there are no other splits.

    evalsuite run --task reasoning/math500 --system embedded/nano
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.symbolic import ready, score_symbolic
from evalsuite.task import Split, Task, Variant

DATA = Dataset(
    name="math500",
    licence="MIT",
    source="https://github.com/openai/prm800k",
    files={
        "test": DataFile(
            path="tasks/reasoning/math500/test.jsonl",
            sha256="35dc41080a3680858b27fa7e0533d2d547825316fc5dafe5d316f4ccc5a06132",
            url="https://raw.githubusercontent.com/ZubinGou/math-evaluation-harness/"
            "db77bc6bb2a17c90ed2d63e88ebd8c40a82858c5/data/math_oai/test.jsonl",
        )
    },
)


def samples(split: Split) -> Iterator[Sample]:
    """Problems in the order of the file."""
    if split != "test":
        return
    for row in DATA.rows("test"):
        yield Sample(
            id=row["unique_id"].removesuffix(".json"),
            inputs={"question": row["problem"]},
            target=row["answer"],
            metadata={
                "subject": row["subject"],
                "level": row["level"],
                "solution": row["solution"],
            },
        )


def score(sample: Sample, answer: Answer) -> Sequence[Score]:
    """``symbolic_match``."""
    return [score_symbolic(answer, sample.target)]


TASK = Task(
    name="reasoning/math500",
    family="reasoning",
    summary="Competition mathematics with answers in LaTeX",
    samples=samples,
    prompt=lambda sample: (
        f"{sample.inputs['question']}\n\n"
        "Work it out step by step. Put the final answer in \\boxed{}."
    ),
    score=score,
    success="symbolic_match",
    max_output_tokens=1024,
    shot=lambda sample: str(sample.metadata["solution"]),
    variants={
        "terse": Variant(
            prompt=lambda sample: (
                f"{sample.inputs['question']}\n\nGive only the final answer, in \\boxed{{}}."
            ),
            shot=lambda sample: f"\\boxed{{{sample.target}}}",
            max_output_tokens=128,
        ),
        "bare": Variant(prompt=lambda sample: str(sample.inputs["question"])),
    },
    data=(DATA,),
    ready=ready,
    source=DATA.source,
    licence=DATA.licence,
    reference="arXiv:2305.20050",
)
