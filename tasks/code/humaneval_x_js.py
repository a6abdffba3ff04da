"""HumanEval-X in JavaScript: HumanEval, translated (Zheng et al. 2023, arXiv:2303.17568).

    /* You're given a list of deposit and withdrawal operations on a bank account that starts with
      zero balance. [...]
      >>> belowZero([1, 2, -4, 5])
      true
      */
    const belowZero = (operations) => {
    ->    var balance = 0;
          for (const op of operations) {
            balance += op;
            if (balance < 0) {
              return true;
            }
          }
          return false;
        }

Success: every call that the benchmark's test makes returns what the benchmark's solution returns
(floats within the test's tolerance). The program is compiled and run in the sandbox beside the
calls alone; what they return is compared outside of it. Needs Node.js; where that is not on the
machine, the task says so before anything is asked.

Known flaws: the benchmark's solutions of 112 and 155 fail its own test, and that of 162 needs an
npm package; they are mended, and what is mended passes the test.

    evalsuite run --task code/humaneval_x_js --system embedded/nano
"""

from __future__ import annotations

from functools import partial

from evalsuite.datasets import DataFile, Dataset
from evalsuite.scoring.humaneval_x import prompt, ready, samples, score
from evalsuite.scoring.pass_at_k import metrics
from evalsuite.task import Task

DATA = Dataset(
    name="humaneval_x_js",
    licence="Apache-2.0",
    source="https://github.com/THUDM/CodeGeeX",
    files={
        "test": DataFile(
            path="tasks/code/humaneval_x/humaneval_js.jsonl",
            sha256="da529500a73fcbc86bc8f6c7855c0f2c0fc7af1c4dc530e26a54bbfd17f97cef",
            url="https://raw.githubusercontent.com/THUDM/CodeGeeX/"
            "2838420b7b4492cf3d16bce5320e26e65960c9e2/codegeex/benchmark/humaneval-x/js/data/"
            "humaneval_js.jsonl.gz",
        )
    },
)

TASK = Task(
    name="code/humaneval_x_js",
    family="code",
    summary="HumanEval's problems in JavaScript",
    samples=partial(samples, DATA, "javascript"),
    prompt=partial(prompt, "javascript"),
    score=partial(score, "javascript"),
    success="passed",
    corpus=metrics("passed"),
    data=(DATA,),
    runs_code=True,
    ready=partial(ready, "javascript"),
    max_output_tokens=512,
    source=DATA.source,
    licence=DATA.licence,
    reference="arXiv:2303.17568",
)
