"""BFCL v4, multiple, calls by the endpoint (Berkeley Function Calling Leaderboard).

    Can I find the dimensions and properties of a triangle, if I know its three sides are 5 units,
    4 units and 3 units long?
    -> [triangle_properties.get(side1=5, side2=4, side3=3)]

Success: the calls are those of the answer by the leaderboard's AST rules. Two to four functions are
on offer and one call is right; 200 questions, all of them in the test split. The functions are
offered to the endpoint beside the question, and calls come back.

    evalsuite run --task tool_calling/bfcl_multiple_native --system my_endpoint --limit 20
"""

from __future__ import annotations

from evalsuite.library.tools.bfcl import bfcl_task

TASK = bfcl_task("multiple", native=True)
