"""BFCL v4, irrelevance, calls by the endpoint (Berkeley Function Calling Leaderboard).

    Calculate the area of a triangle given the base is 10 meters and height is 5 meters.
    (on offer: determine_body_mass_index)
    -> None of the functions can be used.

Success: nothing is called, which is to say that the answer is no list of calls. No function on
offer fits; 240 questions, all of them in the test split. The functions are offered to the endpoint
beside the question, and calls come back.

    evalsuite run --task tool_calling/bfcl_irrelevance_native --system my_endpoint --limit 20
"""

from __future__ import annotations

from evalsuite.library.tools.bfcl import bfcl_task

TASK = bfcl_task("irrelevance", native=True)
