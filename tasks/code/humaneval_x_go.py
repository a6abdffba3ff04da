"""HumanEval-X in Go: HumanEval's problems, translated (Zheng et al. 2023, arXiv:2303.17568).

    // You're given a list of deposit and withdrawal operations on a bank account [...]
    // >>> BelowZero([1, 2, -4, 5])
    // true
    func BelowZero(operations []int) bool {
    ->  balance := 0
        for _, op := range operations {
            balance += op
            if balance < 0 {
                return true
            }
        }
        return false
    }

Success: every call that the benchmark's test makes returns what the benchmark's solution returns
(floats within the test's tolerance). The program is compiled and run in the sandbox beside the
calls alone; what they return is compared outside of it. Needs go; where that is not on the machine,
the task says so before anything is asked.

Known flaws: 50 is left out (its encoder gives its argument back unchanged, so that a right decoder
fails). Tests are seeded by the clock; here by a constant.

    evalsuite run --task code/humaneval_x_go --system embedded/nano
"""

from __future__ import annotations

from functools import partial

from evalsuite.datasets import DataFile, Dataset
from evalsuite.scoring.humaneval_x import prompt, ready, samples, score
from evalsuite.scoring.pass_at_k import metrics
from evalsuite.task import Task

DATA = Dataset(
    name="humaneval_x_go",
    licence="Apache-2.0",
    source="https://github.com/THUDM/CodeGeeX",
    files={
        "test": DataFile(
            path="tasks/code/humaneval_x/humaneval_go.jsonl",
            sha256="87aba5e8ab3be26aec48a355b77c73790900ebae3731c44ea9e3fdd5ea51f1fe",
            url="https://raw.githubusercontent.com/THUDM/CodeGeeX/"
            "2838420b7b4492cf3d16bce5320e26e65960c9e2/codegeex/benchmark/humaneval-x/go/data/"
            "humaneval_go.jsonl.gz",
        )
    },
)

TASK = Task(
    name="code/humaneval_x_go",
    family="code",
    summary="HumanEval's problems in Go",
    samples=partial(samples, DATA, "go"),
    prompt=partial(prompt, "go"),
    score=partial(score, "go"),
    success="passed",
    corpus=metrics("passed"),
    data=(DATA,),
    runs_code=True,
    ready=partial(ready, "go"),
    max_output_tokens=512,
    source=DATA.source,
    licence=DATA.licence,
    reference="arXiv:2303.17568",
)
