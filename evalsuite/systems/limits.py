"""How many requests an endpoint takes: found by asking, never by guessing.

``Window`` finds the number in flight, ``Rate`` keeps the user's caps per minute, and a refusal or
a used-up quota puts the whole endpoint on hold. Whoever waits goes in the order of asking.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType

from evalsuite.systems.quota import seconds_until_quota
from evalsuite.systems.rate import Rate
from evalsuite.systems.window import FixedWindow, Window

START = 16
MOST = 1024
LONGEST_RETRY_AFTER_SECONDS = 300.0
LONGEST_QUOTA_SECONDS = 60.0
_OTHER_FILES = 100  # that a process has open besides its connections


class Slot:
    """One request's turn at an endpoint; an async context manager made by ``Limiter.slot``.

    ``queue_seconds`` is how long it waited for its turn. Report ``congested`` for a 429 or 503 and
    ``headers`` for every reply before leaving; leaving without either counts as a success, leaving
    by an exception as neither.
    """

    __slots__ = ("_began", "_limiter", "_refused", "_serial", "_tokens", "queue_seconds")

    def __init__(self, limiter: Limiter, tokens: int) -> None:
        """Made by ``Limiter.slot``."""
        self.queue_seconds = 0.0
        self._limiter = limiter
        self._tokens = tokens
        self._refused = False

    def congested(self, retry_after_seconds: float | None) -> None:
        """The endpoint refused this time; nobody asks again before ``retry_after_seconds``."""
        self._refused = True
        self._limiter._congested(self._serial, retry_after_seconds)

    def headers(self, headers: Mapping[str, str]) -> None:
        """What the endpoint said of its limits with a reply."""
        seconds = seconds_until_quota(headers, time.time())
        if seconds:
            self._limiter._hold(min(seconds, LONGEST_QUOTA_SECONDS))

    def used(self, tokens: int) -> None:
        """What the request took after all, of the tokens that were announced for it.

        The rest goes back to the tokens per minute. Where it is not called, all counts as used.
        """
        self._limiter._give_back(self._tokens - tokens)
        self._tokens = tokens

    async def __aenter__(self) -> Slot:
        """Wait for the turn."""
        limiter = self._limiter
        now = limiter._clock()
        serial = limiter._at_once(self._tokens, now)
        if serial is None:
            serial = await limiter._in_turn(self._tokens)
            entered = limiter._clock()
            self.queue_seconds = entered - now
            now = entered
        self._serial = serial
        self._began = now
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the turn back."""
        limiter = self._limiter
        answered = kind is None and not self._refused
        seconds = limiter._clock() - self._began if answered else None
        limiter._window.finished(self._serial, seconds)
        limiter._leave()


class Limiter:
    """The limits of one endpoint, shared by all systems of the run that ask it.

    ``limit`` is how many requests may be in flight now, ``in_flight`` how many are; just after a
    refusal it may be more than the new limit, until as many have come back. A ``Retry-After`` is
    kept to up to 5 minutes, the reset of a used-up quota up to one; what the endpoint refuses after
    that is asked to wait again. All of it happens in one event loop's thread.
    """

    def __init__(
        self,
        *,
        start: int = START,
        most: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with ``start`` in flight; never more than ``most``.

        By default ``most`` is 1024, or fewer where the process may not open as many connections.
        ``clock`` is that of the event loop.
        """
        self.in_flight = 0
        self._window: Window | FixedWindow = Window(start, most or _connections())
        self._requests: Rate | None = None
        self._tokens: Rate | None = None
        self._held_until = 0.0
        self._lowered_at: float | None = None
        self._waiting: deque[tuple[asyncio.Future[int], int]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._clock = clock

    @classmethod
    def fixed(cls, limit: int) -> Limiter:
        """A limiter that finds nothing out: ``limit`` in flight, caps and holds still kept."""
        limiter = cls()
        limiter._window = FixedWindow(limit)
        return limiter

    @property
    def limit(self) -> int:
        """How many requests may be in flight now."""
        return self._window.limit

    def cap(
        self,
        *,
        concurrency: int | None = None,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
    ) -> None:
        """Never ask for more than this; of several caps the lowest holds."""
        if concurrency is not None:
            self._window.cap(min(self._window.most, concurrency))
        self._requests = _lower(self._requests, requests_per_minute)
        self._tokens = _lower(self._tokens, tokens_per_minute)

    def slot(self, tokens: int) -> Slot:
        """A turn for a request of at most ``tokens`` (prompt and answer together)."""
        return Slot(self, tokens)

    def describe(self) -> str:
        """One line for people: "limit 37, lowered 12 s ago after a refusal"."""
        now = self._clock()
        words = [f"limit {self.limit}"]
        if self._lowered_at is not None:
            words.append(f"lowered {now - self._lowered_at:.0f} s ago after a refusal")
        elif self.limit == self._window.most:
            words.append("the most allowed")
        else:
            growing = self._window.phase == "doubling"
            words.append("growing" if growing else "more brought no more answers a second")
        if self._held_until > now:
            words.append(f"on hold for {self._held_until - now:.0f} s, as the endpoint asked")
        return ", ".join(words)

    # -- taking turns ---------------------------------------------------------------------------

    def _at_once(self, tokens: int, now: float) -> int | None:
        """The serial number of a turn that is free now; None where there is none."""
        if self._waiting or self.in_flight >= self.limit or self._ready_at(tokens) > now:
            return None
        return self._take(tokens, now)

    async def _in_turn(self, tokens: int) -> int:
        """Wait for a turn behind everybody who waits already."""
        turn: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        place = (turn, tokens)
        self._waiting.append(place)
        self._grant()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was granted at the same moment
                self._return_unused(turn.result(), tokens)
            else:
                with suppress(ValueError):  # it may have been passed over already
                    self._waiting.remove(place)
                self._grant()  # the one behind may need less
            raise

    def _ready_at(self, tokens: int) -> float:
        """The moment from which holds and caps per minute let a request of ``tokens`` go."""
        ready = self._held_until
        if self._requests is not None:
            ready = max(ready, self._requests.ready_at(1))
        if self._tokens is not None:
            ready = max(ready, self._tokens.ready_at(tokens))
        return ready

    def _take(self, tokens: int, now: float) -> int:
        self.in_flight += 1
        if self._requests is not None:
            self._requests.take(1, now)
        if self._tokens is not None:
            self._tokens.take(tokens, now)
        return self._window.granted(self.in_flight)

    def _return_unused(self, serial: int, tokens: int) -> None:
        self._window.finished(serial, None)
        if self._requests is not None:
            self._requests.give_back(1)
        if self._tokens is not None:
            self._tokens.give_back(tokens)
        self._leave()

    def _leave(self) -> None:
        self.in_flight -= 1
        if self._waiting:
            self._grant()

    def _grant(self) -> None:
        """Let those who wait go, in order, as long as there is room; come back when there is."""
        now = self._clock()
        while self._waiting and self.in_flight < self.limit:
            turn, tokens = self._waiting[0]
            if turn.done():  # cancelled, and about to say so
                self._waiting.popleft()
                continue
            ready = self._ready_at(tokens)
            if ready > now:
                self._come_back(ready, now)
                return
            self._waiting.popleft()
            turn.set_result(self._take(tokens, now))

    def _come_back(self, at: float, now: float) -> None:
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer_at = at
        self._timer = asyncio.get_running_loop().call_later(at - now, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        self._grant()

    # -- what the endpoint said -----------------------------------------------------------------

    def _congested(self, serial: int, retry_after_seconds: float | None) -> None:
        if self._window.refused(serial):
            self._lowered_at = self._clock()
        if retry_after_seconds is not None:
            self._hold(min(retry_after_seconds, LONGEST_RETRY_AFTER_SECONDS))

    def _hold(self, seconds: float) -> None:
        self._held_until = max(self._held_until, self._clock() + seconds)

    def _give_back(self, tokens: int) -> None:
        if self._tokens is not None and tokens > 0:
            self._tokens.give_back(tokens)
            if self._waiting:
                self._grant()


def _lower(known: Rate | None, per_minute: float | None) -> Rate | None:
    if per_minute is None or (known is not None and known.per_minute <= per_minute):
        return known
    return Rate(per_minute)


def _connections() -> int:
    """How many connections this process may open, 1024 at most."""
    import resource

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MOST
    return max(START, min(MOST, files - _OTHER_FILES))
