"""Which requests went into which batch, on disk before anything is waited for.

``batches-HASH-N.jsonl`` in the run's folder gets two lines a batch: the uploaded file with its
requests before the batch is begun, and the batch when it is. A request's ``custom_id`` is the hash
of its content, a dash and a number. A run that was killed in between finds everything that it paid
for; where only the first line is there, the endpoint's own list says whether the batch was begun.
"""

from __future__ import annotations

import asyncio
import fcntl
import itertools
import os
from collections import defaultdict, deque
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import msgspec

from evalsuite.errors import UserError


class _Line(msgspec.Struct, omit_defaults=True):
    file: str
    requests: list[str] | None = None
    batch: str | None = None


class Sent:
    """An uploaded file of requests. ``batch`` is None until the batch is known to be begun."""

    def __init__(self, file: str, requests: Sequence[str], batch: str | None = None) -> None:
        """``requests`` are custom ids."""
        self.file = file
        self.requests = requests
        self.batch = batch


class Ledger:
    """The batches of one model of one run; kept in memory alone where the run has no folder."""

    def __init__(self, folder: Path | None, identity: str) -> None:
        """Open the first ledger of ``identity`` that no other model of the run has open."""
        self._file = None if folder is None else _locked(folder, identity)
        self._unclaimed: dict[str, deque[tuple[Sent, str]]] = defaultdict(deque)
        n = self._read() if self._file is not None else 0
        self._numbers = itertools.count(n)

    def new_id(self, key: str) -> str:
        """A custom id for a request of the content hash ``key``."""
        return f"{key}-{next(self._numbers)}"

    def claim(self, key: str) -> tuple[Sent, str] | None:
        """A request of an earlier session with this content, and its custom id; each once."""
        waiting = self._unclaimed.get(key)
        return waiting.popleft() if waiting else None

    async def uploaded(self, sent: Sent) -> None:
        """Note a file before its batch is begun; on disk when this returns."""
        await self._add(_Line(file=sent.file, requests=list(sent.requests)))

    async def begun(self, sent: Sent, batch: str) -> None:
        """Note that the batch of ``sent`` is begun; on disk when this returns."""
        sent.batch = batch
        await self._add(_Line(file=sent.file, batch=batch))

    def close(self) -> None:
        """Give the file back."""
        if self._file is not None:
            self._file.close()

    async def _add(self, line: _Line) -> None:
        if self._file is None:
            return
        self._file.write(msgspec.json.encode(line) + b"\n")
        self._file.flush()
        await asyncio.to_thread(os.fsync, self._file.fileno())

    def _read(self) -> int:
        """Take in what earlier sessions noted; how many requests that is."""
        assert self._file is not None
        content = self._file.read()
        whole = content.rfind(b"\n") + 1
        self._file.truncate(whole)  # a line that a kill cut off was never waited for
        known: dict[str, Sent] = {}
        n = 0
        for line in self._lines(content[:whole]):
            if line.requests is not None:
                sent = known[line.file] = Sent(line.file, line.requests)
                for custom_id in line.requests:
                    self._unclaimed[custom_id.rpartition("-")[0]].append((sent, custom_id))
                n += len(line.requests)
            elif line.file in known:
                known[line.file].batch = line.batch
        return n

    def _lines(self, content: bytes) -> list[_Line]:
        assert self._file is not None
        try:
            return [msgspec.json.decode(text, type=_Line) for text in content.splitlines()]
        except msgspec.DecodeError as error:
            self._file.close()
            raise UserError(
                f"{self._file.name} is damaged ({error}); delete it to send its batches anew"
            ) from None


def _locked(folder: Path, identity: str) -> IO[bytes]:
    """The ledger file of this model, locked: another model of the same identity has the next."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 0
    while True:
        file = (folder / f"batches-{identity}-{number}.jsonl").open("a+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            number += 1
        else:
            file.seek(0)
            return file
