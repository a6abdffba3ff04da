"""What a person sees while a run goes on: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

from evalsuite.running.engine import Event

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

_PLAIN_EVERY_SECONDS = 10.0


class ProgressDisplay:
    """Shows Events. A context manager, because a live display must give the terminal back."""

    def __init__(self, console: Console) -> None:
        """Live on a terminal; a line every ten seconds where there is none (CI logs)."""
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        self._console = console
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[failures]}", style="red"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._bar: TaskID | None = None
        self._label, self._total, self._done, self._failed = "", 0, 0, 0
        self._began = self._told = time.monotonic()

    def __enter__(self) -> ProgressDisplay:
        """Take the terminal."""
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give it back."""
        self._finish_bar()
        self._bars.stop()

    def tell(self, event: Event) -> None:
        """Take note of one event; safe to call thousands of times a second."""
        if event.kind == "pair":
            self._begin(f"{event.task}  {event.system}", event.n)
        elif event.kind == "scoring":
            self._begin("scoring", event.n)
        elif event.kind == "fit":
            self._begin(f"{event.task}  {event.system}: preparing", 0)
        elif event.kind == "note":
            self._console.print(event.text, style="yellow", markup=False, highlight=False)
        else:
            self._advance(event)

    def _begin(self, label: str, total: int) -> None:
        self._finish_bar()
        self._label, self._total, self._done, self._failed = label, total, 0, 0
        self._began = time.monotonic()
        self._bar = self._bars.add_task(label, total=total or None, failures="")

    def _advance(self, event: Event) -> None:
        self._done += 1
        self._failed += event.failed
        failures = f"{self._failed} failed" if self._failed else ""
        if self._bar is not None:
            self._bars.update(self._bar, advance=1, failures=failures)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._told > _PLAIN_EVERY_SECONDS:
            self._told = now
            self._plain(failures)

    def _finish_bar(self) -> None:
        if self._bar is None:
            return
        self._bars.remove_task(self._bar)
        self._bar = None
        if self._total and not self._console.is_terminal:
            self._plain(f"{self._failed} failed" if self._failed else "")

    def _plain(self, failures: str) -> None:
        seconds = time.monotonic() - self._began
        parts = [self._label, f"{self._done}/{self._total}", f"{seconds:.1f} s", failures]
        self._console.print("  ".join(filter(None, parts)), markup=False, highlight=False)
