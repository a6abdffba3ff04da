"""Sharing out what energy counters count among the pieces of work that are being done.

A counter moves in steps of its own (NVML every 20 to 100 ms, RAPL every millisecond), so a short
window may read zero (Zeus, "approx_instant_energy", says so of NVML): that is not zero joules. Here
a counter is carried on between two of its steps at the power of the last ones, and corrected by the
next: where it was carried too far it goes on slowly until it is caught up with. What it counts from
one event to the next (work begins, work ends) is shared equally among the work that was going on,
or is nobody's. So the parts sum to the counter as it was carried on, none is zero or less, and what
is handed out differs from what was counted by about one step.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from evalsuite.records import IdlePower
from evalsuite.systems.energy.counters import HOST, Counter, CounterLost, Found
from evalsuite.systems.energy.nvml import nvml_counter
from evalsuite.systems.energy.rapl import rapl

REST_SECONDS = 2.0
_STALLED_SECONDS = 5.0  # no counter stands still for so long on a machine that is on
_POLL_SECONDS = 0.005
_POWER_SECONDS = 0.05  # shorter spans say little of power: they may hold a step more or less
_SLOWLY = 0.1


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a piece of work took.

    ``joules`` hold what the machine takes idling as well; ``idle_joules`` is how much that is, None
    where it was not measured. ``basis`` names the counters.
    """

    joules: float
    idle_joules: float | None
    basis: str


def energy_fields(reading: Reading | None, share: float = 1.0) -> dict[str, Any]:
    """The fields of a ``Completion`` that took ``share`` of what was read; none without reading."""
    if reading is None:
        return {}
    idle = reading.idle_joules
    return {
        "joules": reading.joules * share,
        "idle_joules": None if idle is None else idle * share,
        "joules_basis": reading.basis,
    }


@dataclass(eq=False)
class Work:
    """A piece of work; ``reading`` is there when it is done, None where nothing counts it."""

    reading: Reading | None = None
    joules: float = 0.0
    idle_joules: float | None = 0.0
    known: bool = True
    ledgers: tuple[Ledger, ...] = ()


@dataclass(eq=False)
class Ledger:
    """One counter with what is known of it; ``carried`` is the counter between its steps.

    ``since`` is when, and at what, the span began over which power is measured.
    """

    counter: Counter
    raw: float
    moved_at: float
    read_at: float
    carried: float
    since: tuple[float, float]
    watts: float | None = None
    idle_watts: float | None = None
    resting: float = 0.0
    lost: bool = False

    def step(self, now: float) -> float | None:
        """Joules since the last reading; None where nobody knows."""
        unread = now - self.read_at
        self.read_at = now
        try:
            raw = self.counter.joules()
        except CounterLost:
            self.lost = True
        if self.lost:
            return None
        if raw > self.raw:
            self.raw, self.moved_at = raw, now
            began, low = self.since
            if now - began >= _POWER_SECONDS:
                self.watts = (raw - low) / (now - began)
                self.since = (now, raw)
        before, watts = self.carried, self.watts or 0.0
        target = self.raw + watts * (now - self.moved_at)
        self.carried = max(target, before + _SLOWLY * watts * unread)
        longest = self.counter.longest_seconds
        stalled = now - self.moved_at > _STALLED_SECONDS
        if stalled or (longest is not None and unread > longest):
            return None
        return self.carried - before


@dataclass
class _Marks:
    """When a counter was seen to move while nothing ran, and what it then read."""

    seen: list[tuple[float, float]] = field(default_factory=list)

    def watts(self) -> float | None:
        if len(self.seen) < 2:
            return None
        (began, low), (ended, high) = self.seen[0], self.seen[-1]
        return (high - low) / (ended - began) if ended > began else None


class Meter:
    """The counters of the devices in use. Safe from any thread; free where there are none."""

    def __init__(
        self,
        find: Callable[[str], Found] | None = None,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Nothing is looked for before a device is watched. ``find`` gives a device's counters."""
        self._find = find or counters_of
        self._clock = clock
        self._sleep = sleep
        self._ledgers: dict[str, tuple[Ledger, ...]] = {}
        self._working: list[Work] = []
        self._lock = threading.Lock()

    def watch(self, device: str) -> None:
        """Find the counters of ``device``, and of the host that drives it; nothing a second time.

        Call it when a model is loaded: what idling takes is measured of watched devices.
        """
        with self._lock:
            for name in (HOST, device):
                if name not in self._ledgers:
                    self._ledgers[name] = self._opened(self._find(name).counters)

    def rest(self, seconds: float | None = None) -> tuple[IdlePower, ...]:
        """Measure what the watched devices take while nothing runs, for so many seconds (2).

        Between two steps of each counter, so that a slow one is not cut short. Returns at once
        where there is no counter.
        """
        if not self._all():
            return ()
        seconds = REST_SECONDS if seconds is None else seconds
        marks = {id(ledger): _Marks() for ledger in self._all()}
        ends = self._clock() + seconds
        while self._clock() < ends:
            self._sleep(_POLL_SECONDS)
            with self._lock:
                for ledger in self._all():
                    before = ledger.raw
                    self._share(ledger, self._clock())
                    if ledger.raw > before:
                        marks[id(ledger)].seen.append((ledger.moved_at, ledger.raw))
        for ledger in self._all():
            ledger.idle_watts = marks[id(ledger)].watts()
        return tuple(
            IdlePower(counter=ledger.counter.name, watts=ledger.idle_watts, seconds=seconds)
            for ledger in self._all()
        )

    @contextmanager
    def measure(self, device: str) -> Iterator[Work]:
        """Count what is done inside, on ``device``; its ``reading`` is there afterwards."""
        work = Work(ledgers=self._claimed(device))
        if not work.ledgers:
            yield work
            return
        with self._lock:
            self._settle()
            self._working.append(work)
        try:
            yield work
        finally:
            with self._lock:
                self._settle()
                self._working.remove(work)
            work.reading = _reading(work)

    @property
    def resting_joules(self) -> float:
        """What was counted while no work was being done."""
        return sum(ledger.resting for ledger in self._all())

    def close(self) -> None:
        """Let go of the counters."""
        for ledger in self._all():
            ledger.counter.close()
        self._ledgers.clear()

    def _opened(self, counters: Sequence[Counter]) -> tuple[Ledger, ...]:
        """All of them, or none where one is lost already: a part would pass for the whole."""
        opened = []
        for counter in counters:
            try:
                raw, now = counter.joules(), self._clock()
            except CounterLost:
                return ()
            opened.append(
                Ledger(
                    counter=counter,
                    raw=raw,
                    moved_at=now,
                    read_at=now,
                    carried=raw,
                    since=(now, raw),
                )
            )
        return tuple(opened)

    def _all(self) -> list[Ledger]:
        return [ledger for ledgers in self._ledgers.values() for ledger in ledgers]

    def _claimed(self, device: str) -> tuple[Ledger, ...]:
        """The counters that work on ``device`` moves; none where its own are missing.

        The host's alone would pass for the whole of what a GPU took.
        """
        own = self._ledgers.get(device, ())
        return own if device == HOST or not own else (*self._ledgers.get(HOST, ()), *own)

    def _settle(self) -> None:
        for ledger in self._all():
            self._share(ledger, self._clock())

    def _share(self, ledger: Ledger, now: float) -> None:
        """Give what was counted since the last event to whoever worked meanwhile."""
        seconds = now - ledger.read_at
        joules = ledger.step(now)
        claiming = [work for work in self._working if ledger in work.ledgers]
        if not claiming:
            ledger.resting += joules or 0.0
        for work in claiming:
            if joules is None or ledger.watts is None:
                work.known = False
            else:
                work.joules += joules / len(claiming)
            if ledger.idle_watts is None or work.idle_joules is None:
                work.idle_joules = None
            else:
                work.idle_joules += ledger.idle_watts * seconds / len(claiming)


def counters_of(device: str) -> Found:
    """The counters of the machine's processors for "cpu", of one GPU for "cuda:0"."""
    if device == HOST:
        return rapl()
    if device.startswith("cuda"):
        return nvml_counter(device)
    return Found(counters=(), problem=f"{device} has no counter that is known here")


def _reading(work: Work) -> Reading | None:
    if not work.known:
        return None
    sampled = any(ledger.counter.sampled for ledger in work.ledgers)
    names = " + ".join(ledger.counter.name for ledger in work.ledgers)
    basis = f"estimated: sampled power, {names}" if sampled else f"measured: {names}"
    return Reading(joules=work.joules, idle_joules=work.idle_joules, basis=basis)
