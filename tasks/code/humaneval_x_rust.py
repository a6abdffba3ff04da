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

from evalsuite.library.humaneval_x import humaneval_x_task

TASK = humaneval_x_task(
    "rust",
    language="rust",
    title="Rust",
    sha256="36938439d536c34418b582db82f7bfa5d0331990424fc69b1915c5067634b4e7",
)
