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

from evalsuite.library.humaneval_x import humaneval_x_task

TASK = humaneval_x_task(
    "js",
    language="javascript",
    title="JavaScript",
    sha256="da529500a73fcbc86bc8f6c7855c0f2c0fc7af1c4dc530e26a54bbfd17f97cef",
)
