"""BFCL v4, simple (Berkeley Function Calling Leaderboard).

    Find the area of a triangle with a base of 10 units and height of 5 units.
    -> [calculate_triangle_area(base=10, height=5)]

Success: the calls are those of the answer by the leaderboard's AST rules. One function is on offer
and one call is right; 400 questions, all of them in the test split. The functions stand in the
leaderboard's own system prompt.

    evalsuite run --task tool_calling/bfcl_simple --system my_endpoint --limit 20
"""

from __future__ import annotations

from evalsuite.library.tools.bfcl import bfcl_task

TASK = bfcl_task("simple")
