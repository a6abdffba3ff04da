"""So many a minute: the generic cell rate algorithm (ITU-T I.371), a token bucket without a timer.

It keeps one number, the moment at which the bucket will be full again. What is taken moves it
onwards; a cost is free to go when the bucket, at that moment, would hold it.
"""

from __future__ import annotations

BURST_SECONDS = 1.0
# Sums of binary fractions must neither let one more in nor keep one out that is due.
_ROUNDING, _ROUNDING_SECONDS = 1 + 1e-9, 1e-9


class Rate:
    """At most ``per_minute`` units in any 60 seconds, in bursts of one second's worth at most.

    A burst is one unit at the least. A cost above it (a long prompt) waits until the bucket is full
    and takes it into debt, so that even a cost above ``per_minute`` gets its turn; nothing else
    goes until the debt is paid off. Times are seconds of one monotonic clock, read by the caller.
    """

    def __init__(self, per_minute: float) -> None:
        """``per_minute`` is above 0. The bucket starts full."""
        self.per_minute = per_minute
        self.burst = max(1.0, per_minute * BURST_SECONDS / 60)
        # Less than burst + 60 s / interval units can go in 60 s, and units are whole.
        self._interval = 60 / (per_minute - self.burst + 1) * _ROUNDING
        self._full_at = 0.0

    def ready_at(self, cost: float) -> float:
        """The moment from which ``cost`` may be taken."""
        early = max(0.0, self.burst - cost) * self._interval
        return self._full_at - early - _ROUNDING_SECONDS

    def take(self, cost: float, now: float) -> None:
        """Take ``cost``."""
        self._full_at = max(self._full_at, now) + cost * self._interval

    def give_back(self, cost: float) -> None:
        """Return ``cost`` that was taken and not used."""
        self._full_at -= cost * self._interval
