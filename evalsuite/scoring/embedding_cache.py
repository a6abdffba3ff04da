"""Vectors of texts kept between uses: in memory, and in a file of bounded size if one is given."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt

from evalsuite.errors import ConfigError

Vectors = npt.NDArray[np.float32]
_APPLICATION_ID = 0x65767665  # "evve": tells this file from any other program's
_BUSY_SECONDS = 30.0


class EmbeddingCache:
    """Unit vectors by text, for one encoder; what was used longest ago goes first.

    Any number of processes may share a file. What it holds is exact: float32, as computed.
    """

    def __init__(self, most_bytes: int, path: Path | None, most_file_bytes: int) -> None:
        """``most_bytes`` is of the vectors in memory, ``most_file_bytes`` of those in the file.

        Raises:
            ConfigError: If ``path`` is no such file, or cannot be made.
        """
        self._most_bytes = most_bytes
        self._bytes = 0
        self._held: OrderedDict[str, Vectors] = OrderedDict()
        self._path = path
        self._most_file_bytes = most_file_bytes
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with closing(self._connect()) as file:
                    _prepare(file)
            except (OSError, sqlite3.Error) as error:
                raise ConfigError(f"{path}: cannot keep embeddings there ({error})") from None

    def get(self, encoder: str, texts: Iterable[str]) -> dict[str, Vectors]:
        """What is known of ``texts``; in the file under the identity ``encoder``."""
        known: dict[str, Vectors] = {}
        wanted: dict[str, str] = {}
        for text in texts:
            if text in self._held:
                self._held.move_to_end(text)
                known[text] = self._held[text]
            elif self._path is not None:
                wanted[_key(encoder, text)] = text
        if wanted:
            for key, vectors in self._read(wanted).items():
                known[wanted[key]] = vectors
                self._hold(wanted[key], vectors)
        return known

    def put(self, encoder: str, vectors: Mapping[str, Vectors]) -> None:
        """Keep ``vectors``, as far as there is room."""
        for text, values in vectors.items():
            self._hold(text, values)
        if self._path is not None and vectors:
            self._write({_key(encoder, text): values for text, values in vectors.items()})

    def _hold(self, text: str, vectors: Vectors) -> None:
        if text in self._held:
            self._held.move_to_end(text)
            return
        self._held[text] = vectors
        self._bytes += vectors.nbytes
        while self._bytes > self._most_bytes:
            _, dropped = self._held.popitem(last=False)
            self._bytes -= dropped.nbytes

    # -- the file -------------------------------------------------------------------------------

    def _connect(self) -> sqlite3.Connection:
        assert self._path is not None
        return sqlite3.connect(self._path, timeout=_BUSY_SECONDS)

    def _read(self, keys: Iterable[str]) -> dict[str, Vectors]:
        found: dict[str, Vectors] = {}
        with closing(self._connect()) as file, file:
            for key in keys:
                row = file.execute("SELECT tokens, body FROM vectors WHERE key = ?", (key,))
                one = row.fetchone()
                if one is not None:
                    found[key] = np.frombuffer(one[1], dtype=np.float32).reshape(one[0], -1)
            latest = _latest(file)
            file.executemany(
                "UPDATE vectors SET used = ? WHERE key = ?", [(latest + 1, key) for key in found]
            )
        return found

    def _write(self, vectors: Mapping[str, Vectors]) -> None:
        with closing(self._connect()) as file, file:
            latest = _latest(file)
            file.executemany(
                "INSERT INTO vectors VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
                [
                    (key, len(one), one.nbytes, latest + 1, one.tobytes())
                    for key, one in vectors.items()
                ],
            )
            (held,) = file.execute("SELECT coalesce(sum(size), 0) FROM vectors").fetchone()
            oldest = file.execute("SELECT key, size FROM vectors ORDER BY used, rowid").fetchall()
            for key, size in oldest if held > self._most_file_bytes else ():
                if held <= self._most_file_bytes:
                    break
                file.execute("DELETE FROM vectors WHERE key = ?", (key,))
                held -= size


def _prepare(file: sqlite3.Connection) -> None:
    (application,) = file.execute("PRAGMA application_id").fetchone()
    (tables,) = file.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != _APPLICATION_ID and tables:
        raise sqlite3.DatabaseError("it is a database of something else")
    with file:
        file.execute("PRAGMA journal_mode = WAL")
        file.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        file.execute(
            "CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, tokens INTEGER NOT NULL, "
            "size INTEGER NOT NULL, used INTEGER NOT NULL, body BLOB NOT NULL)"
        )


def _latest(file: sqlite3.Connection) -> int:
    (latest,) = file.execute("SELECT coalesce(max(used), 0) FROM vectors").fetchone()
    return int(latest)


def _key(encoder: str, text: str) -> str:
    return hashlib.sha256(f"{encoder}\0{text}".encode()).hexdigest()
