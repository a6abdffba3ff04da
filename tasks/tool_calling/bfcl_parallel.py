"""BFCL v4, parallel (Berkeley Function Calling Leaderboard).

    Play songs from the artists Taylor Swift and Maroon 5, with a play time of 20 minutes and 15
    minutes respectively, on Spotify.
    -> [spotify.play(artist="Taylor Swift", duration=20),
        spotify.play(artist="Maroon 5", duration=15)]

Success: the calls are those of the answer by the leaderboard's AST rules. One function is on offer
and two to eight calls are right, in any order; 200 questions, all of them in the test split. The
functions stand in the leaderboard's own system prompt.

    evalsuite run --task tool_calling/bfcl_parallel --system my_endpoint --limit 20
"""

from __future__ import annotations

from evalsuite.library.tools.bfcl import bfcl_task

TASK = bfcl_task("parallel")
