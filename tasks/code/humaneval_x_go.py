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

from evalsuite.library.humaneval_x import humaneval_x_task

TASK = humaneval_x_task(
    "go",
    language="go",
    title="Go",
    sha256="87aba5e8ab3be26aec48a355b77c73790900ebae3731c44ea9e3fdd5ea51f1fe",
)
