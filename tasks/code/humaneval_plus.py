'''HumanEval+: HumanEval with further, hidden inputs (Liu et al. 2023, arXiv:2305.01210).

    def below_zero(operations: List[int]) -> bool:
        """ You're given a list of deposit and withdrawal operations on a bank account that starts
        with zero balance. Your task is to detect if at any point the balance of account fallls
        below zero, and at that point function should return True. [...]
        >>> below_zero([1, 2, -4, 5])
        True
        """
    ->  balance = 0
        for op in operations:
            balance += op
            if balance < 0:
                return True
        return False

Success: the function gives what EvalPlus's solution gives for all inputs, base and plus; both run
in the sandbox. The inputs are those of EvalPlus's minimised set ("Mini", 6.8 plus inputs a problem
on average, picked to find the mistakes that the full set finds), so figures are to be compared
with others of that set. EvalPlus's rules hold: floats within 1e-6, any zero for HumanEval/32.

    evalsuite run --task code/humaneval_plus --system embedded/nano
'''

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.differential import score_against_reference
from evalsuite.scoring.evalplus import humaneval_equal
from evalsuite.scoring.pass_at_k import metrics
from evalsuite.task import Split, Task

DATA = Dataset(
    name="humaneval_plus_mini",
    licence="Apache-2.0",
    source="https://github.com/evalplus/humanevalplus_release",
    files={
        "test": DataFile(
            path="tasks/code/humaneval/HumanEvalPlus-Mini.jsonl",
            sha256="78fbba8865b20c5a979cda6e02fd72538e1762e65980af7d1a6e93c3e87e93af",
            url="https://raw.githubusercontent.com/evalplus/humanevalplus_release/"
            "200defce9e3429d28ca215b6dd061c0f7f31c18b/HumanEvalPlus-Mini.jsonl.gz",
        )
    },
)


def samples(split: Split) -> Iterator[Sample]:
    """The 164 problems; there is nothing to learn from."""
    for row in DATA.rows("test") if split == "test" else ():
        yield Sample(
            id=row["task_id"],
            inputs={"prompt": row["prompt"], "entry_point": row["entry_point"]},
            target={
                "solution": row["canonical_solution"],
                "inputs": [*row["base_input"], *row["plus_input"]],
                "atol": row["atol"],
            },
        )


def prompt(sample: Sample) -> str:
    """As for ``code/humaneval``."""
    return f"Complete this Python function.\n\n{sample.inputs['prompt']}"


def score(sample: Sample, answer: Answer) -> Sequence[Score]:
    """``passed``."""
    name, header = sample.inputs["entry_point"], sample.inputs["prompt"]
    return score_against_reference(
        answer,
        entry_point=name,
        prompt=header,
        reference=header + sample.target["solution"],
        inputs=sample.target["inputs"],
        equal=partial(_equal, name, sample.target["atol"]),
    )


def _equal(
    name: str, atol: float, arguments: Sequence[object], value: object, wanted: object
) -> bool:
    return humaneval_equal(name, arguments, value, wanted, atol)


TASK = Task(
    name="code/humaneval_plus",
    family="code",
    summary="HumanEval with hidden inputs (EvalPlus's minimised set)",
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
