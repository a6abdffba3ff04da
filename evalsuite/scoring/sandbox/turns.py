"""Candidates run side by side; one that ran out of time has its second try alone."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Turns:
    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.one_alone = threading.Lock()
        self.running = 0
        self.waiting_alone = False


_turns = _Turns()


@contextmanager
def together() -> Iterator[None]:
    """A turn that others may share; waits while somebody has, or waits for, a turn alone."""
    turns = _turns
    with turns.changed:
        while turns.waiting_alone:
            turns.changed.wait()
        turns.running += 1
    try:
        yield
    finally:
        with turns.changed:
            turns.running -= 1
            turns.changed.notify_all()


@contextmanager
def alone() -> Iterator[None]:
    """A turn that nobody of this process shares."""
    turns = _turns
    with turns.one_alone:
        with turns.changed:
            turns.waiting_alone = True
            while turns.running:
                turns.changed.wait()
        try:
            yield
        finally:
            with turns.changed:
                turns.waiting_alone = False
                turns.changed.notify_all()


def _start_anew() -> None:
    """Threads that had a turn are not there in a forked copy of this process."""
    global _turns
    _turns = _Turns()


os.register_at_fork(after_in_child=_start_anew)
