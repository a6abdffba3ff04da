"""BFCL v4, parallel multiple, calls by the endpoint (Berkeley Function Calling Leaderboard).

    Find the sum of all the multiples of 3 and 5 between 1 and 1000. Also find the product of the
    first five prime numbers.
    -> [math_toolkit.sum_of_multiples(lower_limit=1, upper_limit=1000, multiples=[3, 5]),
        math_toolkit.product_of_primes(count=5)]

Success: the calls are those of the answer by the leaderboard's AST rules. Several functions are on
offer and two to five calls are right, in any order; 200 questions, all of them in the test split.
The functions are offered to the endpoint beside the question, and calls come back.

    evalsuite run --task tool_calling/bfcl_parallel_multiple_native --system my_endpoint --limit 20
"""

from __future__ import annotations

from evalsuite.library.tools.bfcl import bfcl_task

TASK = bfcl_task("parallel_multiple", native=True)
