"""Writing rows from a thread: whoever has a row does not wait for the disk.

The thread commits whatever has gathered since its last commit, so a commit costs little at any
speed, and a row is on disk within milliseconds. Putting a row takes no lock: a thread that is at
work looks again by itself, and only one that sleeps is woken.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from typing import Any

# A commit costs as much as a hundred rows; a row waits at most this long for others.
_GATHERING_SECONDS = 0.004
_MOST_ROWS = 1000
_STOP = object()


class RowWriter:
    """Statements carried out in the order in which they were put, by a thread of their own.

    Inserts by the same statement are carried out together, and so may change places with other
    inserts of the same commit; nothing changes places with a DELETE or an UPDATE.
    """

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        """``connection`` (opened for any thread) is the thread's from now on; it closes it.

        ``failure`` is the error that made it give up (disk full, folder gone); None while it
        writes. What is put after that is lost: look at ``failure`` first.
        """
        self.failure: sqlite3.Error | None = None
        self._connection = connection
        self._rows: deque[Any] = deque()
        self._asleep = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._write_rows, name=name)
        self._thread.start()

    def put(self, statement: str, values: tuple[Any, ...]) -> None:
        """Carry out ``statement`` soon."""
        self._append((statement, values))

    def then(self, call: Callable[[], object]) -> None:
        """Call ``call``, in the thread, when everything put so far is on disk, or has failed."""
        self._append(call)

    def settled(self) -> asyncio.Future[None]:
        """Done when everything put so far is on disk, or has failed; of the running loop."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._append((loop, future))
        return future

    def flush(self) -> None:
        """Return when everything put so far is on disk, or when there has been a failure."""
        written = threading.Event()
        self.then(written.set)
        written.wait()

    def close(self) -> None:
        """Write what is left and end the thread."""
        self._append(_STOP)
        self._thread.join()

    def _append(self, item: Any) -> None:
        self._rows.append(item)
        if self._asleep:
            self._asleep = False  # one call wakes it; the rows until it is awake need none
            self._wake.set()

    def _write_rows(self) -> None:
        with closing(self._connection) as connection:
            ended = False
            while not ended:
                gathered = self._gathered()
                ended = _STOP in gathered
                if self.failure is None:
                    try:
                        with connection:
                            _write(connection, [row for row in gathered if _is_row(row)])
                    except sqlite3.Error as failure:  # told to whoever puts the next row
                        self.failure = failure
                _let_go(gathered)

    def _gathered(self) -> list[Any]:
        """At least one item, with what comes within the next few milliseconds."""
        if not self._rows:
            self._wake.clear()
            self._asleep = True
            while not self._rows:  # looked at again: an item may have come before _asleep was seen
                self._wake.wait(0.1)
            self._asleep = False
            if self._rows[0] is not _STOP:
                time.sleep(_GATHERING_SECONDS)
        return [self._rows.popleft() for _ in range(min(len(self._rows), _MOST_ROWS))]


def _is_row(item: Any) -> bool:
    return isinstance(item, tuple) and isinstance(item[0], str)


def _let_go(gathered: list[Any]) -> None:
    """Wake those who wait for what has been written."""
    waiting: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for item in gathered:
        if callable(item):
            item()
        elif isinstance(item, tuple) and not _is_row(item):
            loop, future = item
            waiting.setdefault(loop, []).append(future)
    for loop, futures in waiting.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_resolve, futures)


def _resolve(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


def _write(connection: sqlite3.Connection, rows: list[tuple[str, tuple[Any, ...]]]) -> None:
    """Carry out ``rows``; consecutive inserts by the same statement go together."""
    together: dict[str, list[tuple[Any, ...]]] = {}

    def write_together() -> None:
        for statement, values in together.items():
            connection.executemany(statement, values)
        together.clear()

    for statement, values in rows:
        if statement.startswith("INSERT"):
            together.setdefault(statement, []).append(values)
        else:
            write_together()
            connection.execute(statement, values)
    write_together()
