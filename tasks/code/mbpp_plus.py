'''MBPP+: 378 problems of MBPP, mended, with hidden inputs (Liu et al. 2023, arXiv:2305.01210).

    """
    Write a python function to check whether the two numbers differ at one bit position only or not.
    assert differ_At_One_Bit_Pos(13,9) == True
    """
    ->  def is_Power_Of_Two(x: int):
            return x > 0 and (x & (x - 1)) == 0
        def differ_At_One_Bit_Pos(a: int,b: int):
            return is_Power_Of_Two(a ^ b)

Success: the function gives what EvalPlus's solution gives for all inputs, base and plus; both run
in the sandbox. The file has the first 25 plus inputs of each problem of EvalPlus's "NoExtreme" set
(most have over 100), so figures are a little higher than with all of them. EvalPlus's rules hold:
floats within 1e-6, order does not matter where the problem says nothing of it, and the problems
that can be read in two ways (164, 295, 558, 581) accept both.

    evalsuite run --task code/mbpp_plus --system embedded/nano
'''

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.differential import score_against_reference
from evalsuite.scoring.evalplus import MBPP_ANY_OBJECT, mbpp_arguments, mbpp_equal
from evalsuite.scoring.pass_at_k import metrics
from evalsuite.task import Split, Task

DATA = Dataset(
    name="mbpp_plus_25",
    licence="Apache-2.0",
    source="https://github.com/evalplus/mbppplus_release",
    files={
        "test": DataFile(
            path="tasks/code/mbpp/MbppPlus-NoExtreme_25inputs.jsonl",
            sha256="aac9b0683cfb102306edd1f504be99257e274f0a7e03ed887630def53887fea2",
        )
    },
)
# Such functions return objects that stay on their side; what counts is whether there is one.
_ADAPTER = """

_found = {name}


def {name}(*args):
    value = _found(*args)
    return value if isinstance(value, bool) else value is not None
"""


def samples(split: Split) -> Iterator[Sample]:
    """The 378 problems; there is nothing to learn from."""
    for row in DATA.rows("test") if split == "test" else ():
        yield Sample(
            id=row["task_id"],
            inputs={"text": row["prompt"], "entry_point": row["entry_point"]},
            target={
                "solution": row["canonical_solution"],
                "inputs": [*row["base_input"], *row["plus_input"]],
                "atol": row["atol"],
            },
        )


def prompt(sample: Sample) -> str:
    """The problem with its one assert, and the form of the answer, after EvalPlus's wording."""
    return (
        "Please provide a self-contained Python script that solves the following problem in a "
        f"markdown code block:\n```\n{sample.inputs['text'].strip()}\n```"
    )


def score(sample: Sample, answer: Answer) -> Sequence[Score]:
    """``passed``."""
    name, number = sample.inputs["entry_point"], int(sample.id.removeprefix("Mbpp/"))
    return score_against_reference(
        answer,
        entry_point=name,
        prompt="",
        mode="chat",
        reference=sample.target["solution"],
        inputs=[mbpp_arguments(number, arguments) for arguments in sample.target["inputs"]],
        equal=partial(_equal, name, sample.target["atol"]),
        adapter=_ADAPTER.format(name=name) if name in MBPP_ANY_OBJECT else "",
    )


def _equal(
    name: str, atol: float, arguments: Sequence[object], value: object, wanted: object
) -> bool:
    return mbpp_equal(name, arguments, value, wanted, atol)


TASK = Task(
    name="code/mbpp_plus",
    family="code",
    summary="MBPP with hidden inputs (EvalPlus's, at most 25 a problem)",
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
    reference="arXiv:2305.01210",
)
