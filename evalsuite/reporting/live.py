"""The live view: a table that is drawn anew in place, with notes above it."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text

from evalsuite.reporting.live_table import LiveTable
from evalsuite.reporting.plain import one_line
from evalsuite.reporting.tally import Limits, Tally
from evalsuite.running.events import Event

_LONGEST_NOTE = 2000


class _Console(Console):
    def on_broken_pipe(self) -> None:
        # Rich would close stdout and exit; results still go there.
        raise BrokenPipeError


def watching_console() -> Console:
    """The console for whoever watches a run: stderr, so that stdout is left to results."""
    return _Console(stderr=True, highlight=False)


class LiveView:
    """Draws on a terminal. The cursor stays visible, so even a killed run leaves it usable."""

    def __init__(self, console: Console, limits: Limits | None) -> None:
        """``console`` is a terminal that can move its cursor."""
        self._console = console
        self._tally = Tally(time.time(), limits)
        self._at_work = True
        self._live = Live(
            console=console,
            auto_refresh=False,
            transient=True,
            get_renderable=self._table,
            redirect_stdout=sys.stdout.isatty(),
            redirect_stderr=sys.stderr.isatty(),
            vertical_overflow="crop",
        )

    def begin(self) -> None:
        """Take the terminal."""
        self._live.start()
        self._console.show_cursor(True)

    def show(self, events: Sequence[Event]) -> None:
        """Print what there is to say, and draw the table."""
        self._tally.add_all(events)
        messages = self._tally.take_messages()
        for event in messages:
            self._console.print(message(event), soft_wrap=True)
        if not messages:  # printing above the table draws it too
            self._live.refresh()

    def end(self, *, failed: bool) -> None:
        """Give the terminal back: without the table, unless no summary follows."""
        self._at_work = False
        self._live.transient = not (failed and self._tally.answered)
        try:
            self._live.stop()
        finally:
            self._console.show_cursor(True)

    def done(self, path: Path, stopped: str | None) -> None:
        """The summary that follows says it."""

    def _table(self) -> LiveTable:
        return LiveTable(self._tally, time.time(), self._at_work)


def message(event: Event) -> Text:
    """A note or a stopping message as one line of safe text."""
    style = "bold yellow" if event.kind == "stopping" else "yellow"
    return Text.assemble((f"{event.kind}:", style), f" {one_line(event.text, _LONGEST_NOTE)}")
