"""The response cache: what any run ever asked a model, by content.

The key of an answer covers the model's identity, all that it was sent and the repeat index; the
engine computes it. Only answers are kept, never failures. An answer that was just kept is there for
the next request at once, before it is on disk.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import msgspec

from evalsuite.datasets import cache_root
from evalsuite.records import Completion
from evalsuite.running.cache_file import INSERT, connect
from evalsuite.running.rows import RowWriter

_USED_TO_THE_SECONDS = 3600.0  # how exact ``last_used_at`` is: a hit need not be a write


def cache_path() -> Path:
    """``responses.sqlite`` in the folder ``$EVALSUITE_CACHE``, or else in ~/.cache/evalsuite."""
    return cache_root() / "responses.sqlite"


class Cache:
    """One cache file, open in any number of processes; used by the event loop's thread alone.

    What goes wrong with the file after it was opened costs no answer: it is said once, and the run
    goes on without the cache.
    """

    def __init__(self, path: Path, say: Callable[[str], None] = lambda text: None) -> None:
        """Open or create the file. UserError where it is damaged or something else.

        ``say`` shows a note.
        """
        self._path = path
        self._say = say
        self._reader: sqlite3.Connection | None = connect(path)
        self._writer = RowWriter(connect(path), "evalsuite-cache")
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(Completion)
        self._unwritten: dict[str, Completion] = {}
        self._being_made: dict[str, asyncio.Future[Completion | None] | None] = {}

    async def once(
        self, key: str, model: str, make: Callable[[], Awaitable[Completion]]
    ) -> tuple[Completion, bool]:
        """The completion under ``key`` and whether it was there (or being made) already.

        Otherwise ``make`` it, and keep it if it succeeds; identical requests in flight make one
        call. Where that fails or is cancelled, the next of those who wait makes it for the rest:
        nobody gets another's exception.
        """
        while True:
            known = self.get(key)
            if known is not None:
                return known, True
            if key not in self._being_made:
                return await self._made(key, model, make), False
            other = self._being_made[key]
            if other is None:
                other = self._being_made[key] = asyncio.get_running_loop().create_future()
            known = await asyncio.shield(other)
            if known is not None:
                return known, True

    def get(self, key: str) -> Completion | None:
        """The completion under ``key``; None where there is none."""
        known = self._unwritten.get(key)
        if known is not None or self._reader is None:
            return known
        try:
            row = self._reader.execute(
                "SELECT body, last_used_at FROM responses WHERE key = ?", (key,)
            ).fetchone()
            if row is None:
                return None
            known = self._decoder.decode(row[0])
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            self._give_up(f"cannot be read ({error})")
            return None
        now = time.time()
        if now - row[1] > _USED_TO_THE_SECONDS:
            self._writer.put("UPDATE responses SET last_used_at = ? WHERE key = ?", (now, key))
        return known

    def put(self, key: str, model: str, completion: Completion) -> None:
        """Keep ``completion`` under ``key``; one that is there already stays."""
        if self._reader is None:
            return
        if self._writer.failure is not None:
            self._give_up(f"cannot be written ({self._writer.failure})")
            return
        body, now = self._encoder.encode(completion), time.time()
        self._unwritten[key] = completion
        self._writer.put(INSERT, (key, model, now, now, len(body), body))
        self._writer.then(partial(self._unwritten.pop, key, None))

    def flush(self) -> None:
        """Return when everything put so far is on disk."""
        self._writer.flush()

    def close(self) -> None:
        """Write what is left and close the file."""
        self._writer.close()
        if self._reader is not None:
            if self._writer.failure is not None:
                self._give_up(f"cannot be written ({self._writer.failure})")
            else:
                self._reader.close()
                self._reader = None

    async def _made(
        self, key: str, model: str, make: Callable[[], Awaitable[Completion]]
    ) -> Completion:
        self._being_made[key] = None
        completion: Completion | None = None
        try:
            completion = await make()
            self.put(key, model, completion)
            return completion
        finally:
            waiting = self._being_made.pop(key)
            if waiting is not None:
                waiting.set_result(completion)

    def _give_up(self, problem: str) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
            self._unwritten.clear()
            self._say(f"the response cache {self._path} {problem}; the run goes on without it")
