"""How fast answers come at the moment."""

from __future__ import annotations

from collections import deque

RECENT_SECONDS = 10.0
FEWEST_RECENT = 20
"""Answers that a recent rate rests on where there are so many: slow systems look further back."""

_BUCKETS = 64
_SHORTEST_SECONDS = 0.5


class Recent:
    """How many answers a second there have been lately, from counts by the second."""

    __slots__ = ("_counts", "_since")

    def __init__(self) -> None:
        """Nothing has been counted."""
        self._counts: deque[list[float]] = deque()
        self._since: float | None = None

    def start(self, at: float) -> None:
        """What comes is measured from ``at`` on, unless something has come already."""
        if not self._counts:
            self._since = at

    def count(self, at: float) -> None:
        """One answer came at ``at``."""
        second = at // 1.0
        counts = self._counts
        if counts and counts[-1][0] == second:
            counts[-1][1] += 1.0
        else:
            if self._since is None:
                self._since = at
            if len(counts) == _BUCKETS:
                self._since = counts.popleft()[0] + 1.0
            counts.append([second, 1.0])

    def per_second(self, now: float) -> float | None:
        """The rate over about the last ``RECENT_SECONDS``; None where too little is known.

        It looks further back until it has seen ``FEWEST_RECENT`` answers. It falls while nothing
        comes.
        """
        if not self._counts or self._since is None:
            return None
        n, since = 0.0, self._since
        for second, counted in reversed(self._counts):
            if n >= FEWEST_RECENT and second < now - RECENT_SECONDS:
                since = max(since, second + 1.0)
                break
            n += counted
        seconds = now - since
        return n / seconds if seconds >= _SHORTEST_SECONDS else None
