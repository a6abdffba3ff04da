"""How many requests an endpoint takes at a time, found from how it replies.

Two signs say that it is enough. A refusal (429, 503) is the plain one. A server that queues, as
vLLM and llama.cpp do, never refuses: more requests in flight only wait longer, so the other sign is
that throughput has stopped growing although concurrency grew.

Throughput at a level is the mean number in flight over the mean seconds of a reply (Little's law,
Little 1961), over requests sent while that level stood. Counting replies per second would mistake
replies that come in bursts for speed; this does not. A higher level is worth going to where it adds
at least a quarter of the throughput that it would add if nothing queued (for a doubling that is
25 %, as in BBR, Cardwell et al. 2016), and worth keeping where it adds a tenth.

The window starts by doubling, then adds one a round, and compares whenever it has grown by a
quarter. Refusals lower it by a fifth, once for all requests that were under way (additive increase,
multiplicative decrease: Chiu and Jain 1989), but not single ones: some endpoints refuse one request
in fifty whatever the load, and a window that believed each of them would end at 1. Beyond its
capacity an endpoint refuses many at once. Where more brought nothing, it also tries whether less
costs nothing, because what waits at the server counts as the server's latency.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Phase = Literal["doubling", "holding", "adding", "lowering"]

DECREASE = 0.8
WORTH, WORTH_KEEPING = 0.25, 0.1
STEP = 1.25
_FEWEST, _PLENTY = 32, 96  # replies that a first and a careful comparison stand on, at the least
_COUNTED = 0.9  # of the requests of a measurement: the slowest tenth is not waited for
_IN_USE = 0.5  # of the limit (RFC 7661): below it the demand is the limit, and nothing is learnt
_REFUSALS, _AMONG = 5, 64  # so many refusals among so many requests are the load's doing
_HOLD = 12  # rounds at a level before another is tried


@dataclass(frozen=True)
class Level:
    """Replies per second with ``limit`` requests in flight."""

    limit: int
    throughput: float


class Window:
    """The number of requests that may be in flight, ``limit``, between 1 and ``most``.

    A round is ``limit`` requests. Not thread-safe; it reads no clock.
    """

    def __init__(self, start: int, most: int) -> None:
        """Begin with ``start`` in flight, or ``most`` where that is fewer."""
        self.most = most
        self.limit = min(start, most)
        self.phase: Phase = "doubling"
        self._granted = 0
        self._lowered_at = 0
        self._refusals_from = self._refusals = 0
        self._known: Level | None = None
        self._upwards = True
        self._refused = False
        self._doubted = False
        self._measure(fewest=_FEWEST)

    def cap(self, most: int) -> None:
        """Never allow more than ``most``."""
        self.most = most
        if self.limit > most:
            self._go("holding", most, rounds=_HOLD)

    def granted(self, in_flight: int) -> int:
        """A request is sent, the ``in_flight``-th now under way; returns its serial number."""
        serial = self._granted
        self._granted = serial + 1
        if self._first <= serial < self._end:
            self._in_flight_sum += in_flight
        return serial

    def finished(self, serial: int, seconds: float | None) -> None:
        """Request ``serial`` was answered after ``seconds``; None where it failed."""
        if self._first <= serial < self._end:
            self._finished += 1
            if seconds is not None:
                self._answered += 1
                self._seconds_sum += seconds
            if self._finished >= self._enough:
                self._judge()
        elif serial >= self._overdue:
            self._judge()

    def refused(self, serial: int) -> bool:
        """The endpoint refused request ``serial``; whether the limit was lowered.

        Requests that were under way when the limit was last lowered say nothing about the new one.
        """
        if serial < self._lowered_at:
            return False
        if self._granted - self._refusals_from > max(_AMONG, self.limit):
            self._refusals_from, self._refusals = self._granted, 0
        self._refusals += 1
        if self._refusals < max(_REFUSALS, _REFUSALS * self.limit // _AMONG):
            return False
        self._lowered_at = self._refusals_from = self._granted
        self._refusals = 0
        self._refused = self._upwards = True
        self._go("holding", max(1, int(self.limit * DECREASE)), rounds=2)
        return True

    # -- measuring ------------------------------------------------------------------------------

    def _measure(self, *, rounds: int = 1, settling: int = 0, fewest: int) -> None:
        """Judge by ``rounds`` rounds, ``fewest`` requests at least, after ``settling`` others."""
        requests = max(rounds * self.limit, fewest)
        self._first = self._granted + settling
        self._end = self._first + requests
        self._overdue = self._end + requests
        self._enough = math.ceil(requests * _COUNTED)
        self._finished = self._answered = self._in_flight_sum = 0
        self._seconds_sum = 0.0

    def _judge(self) -> None:
        """A measurement is complete: go on by what it says."""
        in_flight = self._in_flight_sum / (min(self._granted, self._end) - self._first)
        if in_flight < _IN_USE * self.limit or 2 * self._answered < self._finished:
            self._measure(fewest=_FEWEST)
            return
        seconds = max(self._seconds_sum / self._answered, 1e-9)
        here = Level(self.limit, in_flight / seconds)
        if self.phase == "doubling":
            self._double(here)
        elif self.phase == "holding":
            self._try_another(here)
        elif self.phase == "adding":
            self._add(here)
        else:
            self._lower(here)

    # -- deciding -------------------------------------------------------------------------------

    def _go(self, phase: Phase, limit: int, *, rounds: int = 1) -> None:
        """Move to ``limit``; requests that jump in at once say nothing about how it will be."""
        limit = min(limit, self.most)
        settling = max(0, limit - self.limit)
        self.phase, self.limit = phase, limit
        fewest = _FEWEST if phase == "doubling" else _PLENTY
        self._measure(rounds=rounds, settling=settling, fewest=fewest)

    def _double(self, here: Level) -> None:
        if self._known is not None and not worth(self._known, here):
            if not self._doubted:  # once may be chance
                self._doubted = True
                self._measure(fewest=_PLENTY)
                return
            self._upwards = False
            self._go("holding", knee(self._known, here), rounds=2)
            return
        self._doubted = False
        self._known = here
        if here.limit < self.most:
            self._go("doubling", 2 * here.limit)
        else:
            self._go("holding", here.limit, rounds=_HOLD)

    def _try_another(self, here: Level) -> None:
        """After holding a level: see what more of it, or less of it, would bring."""
        self._known = here
        if here.limit == 1 or (self._upwards and here.limit < self.most):
            self._add_one()
        else:
            self._go("lowering", min(here.limit - 1, round(here.limit / STEP)))

    def _add_one(self) -> None:
        if self.limit >= self.most:
            self._upwards = False
            self._go("holding", self.limit, rounds=_HOLD)
            return
        self.phase = "adding"
        self.limit += 1
        self._measure(fewest=_PLENTY if self.limit >= self._top() else 1)

    def _top(self) -> int:
        """The level at which what was added is compared with the level before."""
        assert self._known is not None
        low = self._known.limit
        return min(self.most, low + max(2, math.ceil(low * (STEP - 1))))

    def _add(self, here: Level) -> None:
        known = self._known
        assert known is not None
        if here.limit < self._top():
            self._add_one()
        elif not worth(known, here):
            self._upwards = False
            self._go("holding", knee(known, here))
        else:
            self._known = here
            if self._refused:
                self._add_one()
            else:  # the endpoint has grown: catch up with it
                self._go("doubling", 2 * here.limit)

    def _lower(self, here: Level) -> None:
        known = self._known
        assert known is not None
        self._upwards = worth(here, known, WORTH_KEEPING)
        if self._upwards:
            self._go("holding", knee(here, known), rounds=_HOLD)
        else:
            self._try_another(here)


class FixedWindow:
    """A window that its user knows: nothing is found out, and a refusal does not lower it."""

    phase: Phase = "holding"

    def __init__(self, limit: int) -> None:
        """Allow ``limit`` in flight."""
        self.limit = self.most = limit

    def cap(self, most: int) -> None:
        """Never allow more than ``most``."""
        self.limit = self.most = most

    def granted(self, in_flight: int) -> int:
        """Requests need no serial numbers here."""
        return 0

    def finished(self, serial: int, seconds: float | None) -> None:
        """Nothing is learnt from it."""

    def refused(self, serial: int) -> bool:
        """Not lowered."""
        return False


def worth(low: Level, high: Level, share: float = WORTH) -> bool:
    """Whether ``high`` adds to the throughput of ``low`` at least ``share`` of what it might."""
    added = high.limit / low.limit - 1
    return high.throughput >= low.throughput * (1 + share * added)


def knee(low: Level, high: Level) -> int:
    """Where growth in proportion from ``low`` would have reached the throughput of ``high``."""
    grown = min(max(high.throughput / low.throughput, 1.0), high.limit / low.limit)
    return max(1, round(low.limit * grown))
