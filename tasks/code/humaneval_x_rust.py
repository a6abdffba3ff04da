"""HumanEval-X in Rust: HumanEval's problems, translated (Zheng et al. 2023, arXiv:2303.17568).

    /*
     You're given a list of deposit and withdrawal operations on a bank account [...]
    */
    fn below_zero(operations:Vec<i32>) -> bool{
    ->  let mut balance:i32 = 0;
        for op in operations {
            balance = balance + op;
            if balance < 0 {
                return true;
            }
        }
        return false;
    }

Success: every call that the benchmark's test makes returns what the benchmark's solution returns
(floats within the test's tolerance). The program is compiled and run in the sandbox beside the
calls alone; what they return is compared outside of it. Needs rustc; where that is not on the
machine, the task says so before anything is asked.

Known flaws: 32 is left out (its test is in a comment, and its own solution does not end on it).
Every declaration imports the crates rand, regex and md5: what the tests use of rand is here,
programs that use one of the others (91, 162) are scorer errors. 10, 38 and 137 test functions and
types that the prompt does not name.

    evalsuite run --task code/humaneval_x_rust --system embedded/nano
"""

from __future__ import annotations

from functools import partial

from evalsuite.datasets import DataFile, Dataset
from evalsuite.scoring.humaneval_x import prompt, ready, samples, score
from evalsuite.scoring.pass_at_k import metrics
from evalsuite.task import Task

DATA = Dataset(
    name="humaneval_x_rust",
    licence="Apache-2.0",
    source="https://github.com/THUDM/CodeGeeX",
    files={
        "test": DataFile(
            path="tasks/code/humaneval_x/humaneval_rust.jsonl",
            sha256="36938439d536c34418b582db82f7bfa5d0331990424fc69b1915c5067634b4e7",
            url="https://raw.githubusercontent.com/THUDM/CodeGeeX/"
            "2838420b7b4492cf3d16bce5320e26e65960c9e2/codegeex/benchmark/humaneval-x/rust/data/"
            "humaneval_rust.jsonl.gz",
        )
    },
)

TASK = Task(
    name="code/humaneval_x_rust",
    family="code",
    summary="HumanEval's problems in Rust",
    samples=partial(samples, DATA, "rust"),
    prompt=partial(prompt, "rust"),
    score=partial(score, "rust"),
    success="passed",
    corpus=metrics("passed"),
    data=(DATA,),
    runs_code=True,
    ready=partial(ready, "rust"),
    max_output_tokens=512,
    source=DATA.source,
    licence=DATA.licence,
    reference="arXiv:2303.17568",
)
