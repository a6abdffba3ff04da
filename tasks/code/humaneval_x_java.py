"""HumanEval-X in Java: HumanEval's problems, translated (Zheng et al. 2023, arXiv:2303.17568).

    class Solution {
        /**
        You're given a list of deposit and withdrawal operations on a bank account [...]
        >>> belowZero(Arrays.asList(1, 2, -4, 5))
        true
         */
        public boolean belowZero(List<Integer> operations) {
    ->      int balance = 0;
            for (int op : operations) {
                balance += op;
                if (balance < 0) {
                    return true;
                }
            }
            return false;
        }
    }

Success: every call that the benchmark's test makes returns what the benchmark's solution returns
(floats within the test's tolerance). The program is compiled and run in the sandbox beside the
calls alone; what they return is compared outside of it. Needs a JDK; where that is not on the
machine, the task says so before anything is asked.

Known flaws: some tests compare texts with ``==``, which is true for constants only; here values are
compared. Mathematically equal numbers of different types count as equal.

    evalsuite run --task code/humaneval_x_java --system embedded/nano
"""

from __future__ import annotations

from evalsuite.library.humaneval_x import humaneval_x_task

TASK = humaneval_x_task(
    "java",
    language="java",
    title="Java",
    sha256="2157a77a6ff808020adc20142228b4ff698048c0696b33110786400c47c5d79c",
)
