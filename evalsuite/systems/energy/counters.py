"""What an energy counter is, and what tells one that is not there from one that reads zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

HOST = "cpu"
"""The device whose counters every piece of work on this machine moves."""


class CounterLost(Exception):
    """A counter that was there cannot be read any more; says which, and why."""


class Counter(Protocol):
    """Joules since some moment, never falling. It may stand still between two updates of its own.

    ``name`` is what a basis calls it. ``sampled`` says that it adds up readings of power, which is
    an estimate. ``longest_seconds`` is how long it may go unread before it may have gone round
    unseen, None for ever.
    """

    name: str
    sampled: bool
    longest_seconds: float | None

    def joules(self) -> float:
        """What has been counted; CounterLost where that cannot be read."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


@dataclass(frozen=True, kw_only=True)
class Found:
    """The counters of a device, and in words why there are none, or fewer than there could be."""

    counters: tuple[Counter, ...]
    problem: str = ""
    remedy: str = ""
