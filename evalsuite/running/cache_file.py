"""The file of the response cache: opened, looked at, pruned, exported and imported.

SQLite in WAL mode, so any number of processes may read and write it at a time.
"""

from __future__ import annotations

import gzip
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

import msgspec

from evalsuite.errors import UserError
from evalsuite.records import Completion

# "evsc": tells this file from any other program's
_APPLICATION_ID = 0x65767363
_VERSION = 1
_SCHEMA = f"""
PRAGMA auto_vacuum = INCREMENTAL;
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS responses (
    key TEXT PRIMARY KEY, model TEXT NOT NULL, created_at REAL NOT NULL,
    last_used_at REAL NOT NULL, size INTEGER NOT NULL, body BLOB NOT NULL);
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_VERSION};
COMMIT;
"""
INSERT = "INSERT INTO responses VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING"
_BUSY_SECONDS = 30.0


class ModelUse(msgspec.Struct, frozen=True, kw_only=True):
    """The cached answers of one model. ``size`` is in bytes, times in seconds since 1970."""

    model: str
    answers: int
    size: int
    first_created_at: float
    last_used_at: float


class CacheInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a cache; ``size`` is that of the answers, ``file_size`` what the disk holds."""

    path: str
    answers: int
    size: int
    file_size: int
    models: tuple[ModelUse, ...]


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """What was removed: how many answers, how many bytes of them."""

    answers: int
    size: int


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an export."""

    key: str
    model: str
    created_at: float
    last_used_at: float
    completion: Completion


# -- opening -------------------------------------------------------------------------------------


def connect(path: Path) -> sqlite3.Connection:
    """A connection to the cache at ``path``, which is made where there is none.

    UserError where the file is damaged or something else.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, check_same_thread=False, timeout=_BUSY_SECONDS)
    except (OSError, sqlite3.Error) as error:
        raise _unusable(path, error) from None
    try:
        _prepare(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise _unusable(path, error) from None
    except UserError:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    # All of it at one moment: another process may be making the file just now.
    connection.execute("BEGIN")
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    application = _pragma(connection, "application_id")
    version = _pragma(connection, "user_version")
    connection.rollback()
    if application != _APPLICATION_ID:
        if application or version or tables:
            raise UserError(f"{path} is a database of something else, not a response cache")
        connection.executescript(_SCHEMA)
    elif version != _VERSION:
        raise UserError(
            f"{path} was written by another version of evalsuite; use another file, or delete it"
        )
    _patiently(connection, "PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def _patiently(connection: sqlite3.Connection, statement: str) -> None:
    """SQLite does not wait for other processes when the journal mode changes: we do."""
    give_up = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.01)


def _unusable(path: Path, error: Exception) -> UserError:
    damaged = isinstance(error, sqlite3.DatabaseError) and error.sqlite_errorcode in (
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_CORRUPT,
    )
    if damaged:
        return UserError(f"{path} is damaged or no response cache ({error}); move it away")
    return UserError(f"cannot use the response cache {path}: {error}")


@contextmanager
def _existing(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a cache that is there already; errors on the way are one line."""
    if not path.exists():
        raise UserError(
            f"there is no response cache at {path}; `cache: true` in an experiment, or "
            "`evalsuite run --cache`, begins one"
        )
    with closing(connect(path)) as connection:
        try:
            yield connection
        except sqlite3.Error as error:
            raise _unusable(path, error) from None


# -- looking at it, and making it smaller --------------------------------------------------------


def info(path: Path) -> CacheInfo:
    """What the cache at ``path`` holds, models with most bytes first."""
    with _existing(path) as connection:
        rows = connection.execute(
            "SELECT model, count(*), sum(size), min(created_at), max(last_used_at) "
            "FROM responses GROUP BY model ORDER BY sum(size) DESC, model"
        ).fetchall()
    models = tuple(
        ModelUse(model=model, answers=n, size=size, first_created_at=first, last_used_at=last)
        for model, n, size, first, last in rows
    )
    parts = [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))]
    return CacheInfo(
        path=str(path),
        answers=sum(use.answers for use in models),
        size=sum(use.size for use in models),
        file_size=sum(part.stat().st_size for part in parts if part.exists()),
        models=models,
    )


def prune(
    path: Path,
    *,
    unused_for: float | None = None,
    keep_size: int | None = None,
    model: str | None = None,
) -> Removed:
    """Remove answers: of ``model`` alone where it is named, of all models where it is not.

    ``unused_for``: those not used for so many seconds. ``keep_size``: the least recently used,
    until the rest has at most so many bytes. With neither, all.
    """
    before = None if unused_for is None else time.time() - unused_for
    with _existing(path) as connection:
        if before is None and keep_size is None:
            chosen = "SELECT key FROM responses WHERE :model IS NULL OR model = :model"
        else:
            chosen = (
                "SELECT key FROM (SELECT key, last_used_at, sum(size) OVER "
                "(ORDER BY last_used_at DESC, key) AS kept FROM responses "
                "WHERE :model IS NULL OR model = :model) "
                "WHERE last_used_at < :before OR kept > :keep_size"
            )
        values = {"model": model, "before": before, "keep_size": keep_size}
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            n, size = connection.execute(
                f"SELECT count(*), coalesce(sum(size), 0) FROM responses WHERE key IN ({chosen})",
                values,
            ).fetchone()
            connection.execute(f"DELETE FROM responses WHERE key IN ({chosen})", values)
        # ``execute`` would free a single page
        connection.executescript("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)")
    return Removed(answers=n, size=size)


# -- other files ---------------------------------------------------------------------------------


def export(path: Path, out: Path) -> int:
    """Write all answers to ``out``, JSON Lines, packed where it ends in ``.gz``; how many."""
    if out.exists():
        raise UserError(f"{out} exists already; choose another file")
    part = out.with_name(out.name + ".part")
    encoder, written = msgspec.json.Encoder(), 0
    with _existing(path) as connection:
        rows = connection.execute(
            "SELECT key, model, created_at, last_used_at, body FROM responses ORDER BY created_at"
        )
        try:
            with _opened(out, part, "wb") as file:
                for key, model, created_at, last_used_at, body in rows:
                    about = {"key": key, "model": model, "created_at": created_at}
                    entry = about | {"last_used_at": last_used_at, "completion": msgspec.Raw(body)}
                    file.write(encoder.encode(entry) + b"\n")
                    written += 1
            part.replace(out)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise UserError(f"cannot write {out}: {error.strerror or error}") from None
    return written


def import_(path: Path, source: Path) -> tuple[int, int]:
    """Add the answers of an export to the cache at ``path``: how many were read, how many new.

    All of them or, where a line is wrong, none (UserError). An answer that is there stays.
    """
    decoder = msgspec.json.Decoder(Entry)
    encoder = msgspec.json.Encoder()
    line = 0
    with closing(connect(path)) as connection:
        before = connection.total_changes
        try:
            with _opened(source, source, "rb") as file, connection:
                for text in file:
                    line += 1
                    entry = decoder.decode(text)
                    body = encoder.encode(entry.completion)
                    about = (entry.key, entry.model, entry.created_at, entry.last_used_at)
                    connection.execute(INSERT, (*about, len(body), body))
        except msgspec.MsgspecError as error:
            raise UserError(f"{source}:{line}: not a line of an export: {error}") from None
        except (OSError, EOFError) as error:
            raise UserError(f"cannot read {source}: {error}") from None
        except sqlite3.Error as error:
            raise _unusable(path, error) from None
        return line, connection.total_changes - before


def _opened(named: Path, path: Path, mode: str) -> IO[bytes]:
    if named.suffix == ".gz":
        return gzip.open(path, mode)  # type: ignore[return-value]
    return path.open(mode)
