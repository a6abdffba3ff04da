"""What is seen of a run while it goes on: a live table, plain lines, JSON, or next to nothing.

Whoever is told of an Event only puts it down in a queue. A thread of the display takes from there
a few times a second, adds up and shows, so the engine waits for no terminal.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol

from evalsuite.reporting.tally import Limits
from evalsuite.running.events import Event

if TYPE_CHECKING:
    from rich.console import Console

Mode = Literal["live", "plain", "quiet", "json"]

EVERY_SECONDS = 10.0
_TICK_SECONDS = 0.25
_LONGEST_TICK_SECONDS = 2.0
_SHARE_OF_A_CORE = 0.02
_MOST_WAITING = 200_000


class View(Protocol):
    """One way of showing a run. All of it happens in one thread at a time."""

    def begin(self) -> None:
        """Take the terminal, where there is something to take."""

    def show(self, events: Sequence[Event]) -> None:
        """Show the state after ``events``, which came since the last time."""

    def end(self, *, failed: bool) -> None:
        """Give the terminal back; ``failed`` says that no summary of the run follows."""

    def done(self, path: Path, stopped: str | None) -> None:
        """The run is in ``path``; ``stopped`` is the limit that ended it early."""


class ProgressDisplay:
    """Shows Events. A context manager, because a live display must give the terminal back.

    A terminal that goes away ends the display and not the run. Any other error of the display is
    raised when the run is over, unless the run has one of its own.
    """

    def __init__(self, view: View) -> None:
        """Nothing is shown before it is entered."""
        self._view = view
        self._waiting: deque[Event] = deque()
        self._room = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="evalsuite-progress", daemon=True)
        self._done: tuple[Path, str | None] | None = None
        self._blind = False
        self._error: Exception | None = None

    def __enter__(self) -> ProgressDisplay:
        """Take the terminal."""
        self._view.begin()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Show what was told last, and give the terminal back."""
        try:
            self._over.set()
            self._thread.join()
            self._show()
        finally:
            with suppress(OSError):  # the terminal has gone away
                self._view.end(failed=kind is not None)
        if self._error is not None and kind is None:
            raise self._error
        if self._done is not None:
            self._view.done(*self._done)

    def tell(self, event: Event) -> None:
        """Take note of one event; from any thread, thousands of times a second.

        Waits only where a reader of the events has fallen very far behind.
        """
        self._waiting.append(event)
        if len(self._waiting) > _MOST_WAITING:
            self._wait_for_room()

    def done(self, path: Path, stopped: str | None = None) -> None:
        """The run is over and lies in ``path``; ``stopped`` says which limit ended it early."""
        self._done = (path, stopped)

    def _work(self) -> None:
        pause = _TICK_SECONDS
        while not self._over.wait(pause):
            began = time.thread_time()
            self._show()
            spent = time.thread_time() - began
            pause = min(max(_TICK_SECONDS, spent / _SHARE_OF_A_CORE), _LONGEST_TICK_SECONDS)

    def _show(self) -> None:
        waiting = self._waiting
        events = [waiting.popleft() for _ in range(len(waiting))]
        self._room.set()
        if self._blind or self._error is not None:
            return
        try:
            self._view.show(events)
        except OSError:
            self._blind = True
        except Exception as error:  # raised when the run is over: that has not failed
            self._error = error

    def _wait_for_room(self) -> None:
        while len(self._waiting) > _MOST_WAITING and self._thread.is_alive():
            self._room.clear()
            self._room.wait(_TICK_SECONDS)


def progress_display(
    *,
    quiet: bool = False,
    as_json: bool = False,
    every_seconds: float = EVERY_SECONDS,
    limits: Limits | None = None,
) -> ProgressDisplay:
    """The display that suits where the command runs; people's goes to stderr, JSON to stdout.

    Live on a terminal; where there is none (CI, a file), a line for what is at work every
    ``every_seconds``.
    """
    if as_json:
        return display(None, "json")
    from evalsuite.reporting.live import watching_console

    console = watching_console()
    # FORCE_COLOR makes rich take any file for a terminal, and CI systems set it.
    live = sys.stderr.isatty() and console.is_interactive
    mode: Mode = "quiet" if quiet else "live" if live else "plain"
    return display(console, mode, every_seconds=every_seconds, limits=limits)


def display(
    console: Console | None,
    mode: Mode,
    *,
    every_seconds: float = EVERY_SECONDS,
    limits: Limits | None = None,
) -> ProgressDisplay:
    """The display of ``mode``, on ``console``; "json" writes to stdout and needs none."""
    if mode == "json":
        from evalsuite.reporting.event_lines import EventLines

        return ProgressDisplay(EventLines(sys.stdout))
    assert console is not None
    if mode == "live":
        from evalsuite.reporting.live import LiveView

        return ProgressDisplay(LiveView(console, limits))
    from evalsuite.reporting.plain_progress import PlainView, QuietView

    if mode == "quiet":
        return ProgressDisplay(QuietView(console))
    return ProgressDisplay(PlainView(console, limits, every_seconds))
