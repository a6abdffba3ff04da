"""What happened in a run, written as it happens: SQLite in WAL mode, append-only.

A row is on disk within milliseconds of being paid for: a writer thread commits whatever has
gathered since its last commit, so a commit costs little at any speed and the cost of a row does
not grow with the run. Killing the process loses at most the rows of that last gathering.
"""

from __future__ import annotations

import fcntl
import queue
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from evalsuite.errors import UserError
from evalsuite.records import Call, Fit, Phase, Response, Sample, Score

_SCHEMA = """
CREATE TABLE IF NOT EXISTS samples (
    task TEXT NOT NULL, ordinal INTEGER NOT NULL, sample_id TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (task, ordinal));
CREATE INDEX IF NOT EXISTS samples_by_id ON samples (task, sample_id);
CREATE TABLE IF NOT EXISTS calls (
    key TEXT PRIMARY KEY, status TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS responses (
    key TEXT PRIMARY KEY, task TEXT NOT NULL, system TEXT NOT NULL, sample_id TEXT NOT NULL,
    repeat INTEGER NOT NULL, phase TEXT NOT NULL, status TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS scores (
    response_key TEXT NOT NULL, scorer TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (response_key, scorer));
CREATE TABLE IF NOT EXISTS current (response_key TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS fits (key TEXT PRIMARY KEY, body BLOB NOT NULL);
"""
_STOP = object()
RecordT = TypeVar("RecordT")


class Journal:
    """The journal of one run folder; open it in one process at a time (a second is refused)."""

    def __init__(self, folder: Path) -> None:
        """Open or create ``folder/journal.sqlite`` and take the folder's lock."""
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = (folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise UserError(
                f"{folder} is being written by another process; wait for it or choose another --out"
            ) from None
        self._path = folder / "journal.sqlite"
        self._reader = _connect(self._path)
        self._reader.executescript(_SCHEMA)
        self._failure: BaseException | None = None
        self._rows: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write_rows, name="evalsuite-journal")
        self._writer.start()

    # -- writing ------------------------------------------------------------------------------

    def put_call(self, call: Call) -> None:
        """Record a finished call. A later success replaces an earlier failure, never a success."""
        self._put(
            "INSERT INTO calls VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET "
            "status = excluded.status, body = excluded.body WHERE calls.status != 'ok'",
            (call.key, call.status, msgspec.json.encode(call)),
        )

    def put_response(self, response: Response, phase: Phase) -> None:
        """Record a finished response; its calls are stored inside it."""
        self._put(
            "INSERT OR REPLACE INTO responses VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                response.key,
                response.task,
                response.system,
                response.sample_id,
                response.repeat,
                phase,
                response.status,
                msgspec.json.encode(response),
            ),
        )

    def put_scores(self, response_key: str, scorer: str, scores: list[Score]) -> None:
        """Record what one scorer (its fingerprint) made of one response."""
        self._put(
            "INSERT OR REPLACE INTO scores VALUES (?, ?, ?)",
            (response_key, scorer, msgspec.json.encode(scores)),
        )

    def put_fit(self, fit: Fit) -> None:
        """Record what preparing a system took; the first measurement stands."""
        self._put("INSERT OR IGNORE INTO fits VALUES (?, ?)", (fit.key, msgspec.json.encode(fit)))

    def replace_samples(self, task: str, samples: Iterator[Sample]) -> None:
        """Make ``samples`` the samples of ``task``; streamed, so any number will do."""
        self._put("DELETE FROM samples WHERE task = ?", (task,))
        for ordinal, sample in enumerate(samples):
            body = msgspec.json.encode(sample)
            self._put("INSERT INTO samples VALUES (?, ?, ?, ?)", (task, ordinal, sample.id, body))
        self.flush()

    def begin_current(self) -> None:
        """Forget which responses belong to the run as it is configured now."""
        self._put("DELETE FROM current", ())

    def put_current(self, response_key: str) -> None:
        """Say that a response, from this session or an earlier one, belongs to the run as it is."""
        self._put("INSERT OR IGNORE INTO current VALUES (?)", (response_key,))

    def flush(self) -> None:
        """Return when everything put so far is on disk."""
        written = threading.Event()
        self._rows.put(written)
        while not written.wait(timeout=0.1):
            self._raise_failure()
        self._raise_failure()

    def close(self) -> None:
        """Write what is left, end the writer and give the folder back."""
        self._rows.put(_STOP)
        self._writer.join()
        self._reader.close()
        self._lock.close()
        self._raise_failure()

    # -- reading ------------------------------------------------------------------------------

    def call(self, key: str) -> Call | None:
        """The successful call recorded under ``key``, if there is one."""
        return self._one("SELECT body FROM calls WHERE key = ? AND status = 'ok'", (key,), Call)

    def answered(self, key: str) -> Response | None:
        """The response recorded under ``key`` if the system did answer; failures are retried."""
        query = "SELECT body FROM responses WHERE key = ? AND status = 'ok'"
        return self._one(query, (key,), Response)

    def response(self, key: str) -> Response | None:
        """The response recorded under ``key``, failed or not."""
        return self._one("SELECT body FROM responses WHERE key = ?", (key,), Response)

    def scores(self, response_key: str, scorer: str) -> list[Score] | None:
        """What ``scorer`` made of a response, if it has been asked."""
        query = "SELECT body FROM scores WHERE response_key = ? AND scorer = ?"
        return self._one(query, (response_key, scorer), list[Score])

    def last_scores(self, response_key: str) -> list[Score]:
        """What the scorer that was asked last made of a response; empty where none was."""
        query = "SELECT body FROM scores WHERE response_key = ? ORDER BY rowid DESC LIMIT 1"
        return self._one(query, (response_key,), list[Score]) or []

    def fit(self, key: str) -> Fit | None:
        """The fit recorded under ``key``."""
        return self._one("SELECT body FROM fits WHERE key = ?", (key,), Fit)

    def count_current(self) -> int:
        """How many answers for the record belong to the run as it is configured now."""
        query = (
            "SELECT count(*) FROM current c JOIN responses r ON r.key = c.response_key "
            "WHERE r.phase = 'answer'"
        )
        count: int = self._reader.execute(query).fetchone()[0]
        return count

    def current(self, task: str) -> Iterator[tuple[Sample, Response]]:
        """The responses of ``task`` that belong to the run, by system, sample and repeat."""
        rows = self._reader.execute(
            "SELECT s.body, r.body FROM current c JOIN responses r ON r.key = c.response_key "
            "JOIN samples s ON s.task = r.task AND s.sample_id = r.sample_id "
            "WHERE r.task = ? AND r.phase = 'answer' ORDER BY r.system, s.ordinal, r.repeat",
            (task,),
        )
        for sample, response in rows:
            yield (
                msgspec.json.decode(sample, type=Sample),
                msgspec.json.decode(response, type=Response),
            )

    def practice(self, task: str) -> Iterator[Response]:
        """The responses of ``task`` that systems of the run practised on, by system and sample."""
        rows = self._reader.execute(
            "SELECT r.body FROM current c JOIN responses r ON r.key = c.response_key "
            "WHERE r.task = ? AND r.phase = 'fit' ORDER BY r.system, r.sample_id",
            (task,),
        )
        for (response,) in rows:
            yield msgspec.json.decode(response, type=Response)

    def samples(self, task: str) -> Iterator[Sample]:
        """The samples of ``task`` in order, read in pages."""
        decoder = msgspec.json.Decoder(Sample)
        last = -1
        while True:
            page = self._reader.execute(
                "SELECT ordinal, body FROM samples WHERE task = ? AND ordinal > ? "
                "ORDER BY ordinal LIMIT 500",
                (task, last),
            ).fetchall()
            if not page:
                return
            for ordinal, body in page:
                last = ordinal
                yield decoder.decode(body)

    # -- inside -------------------------------------------------------------------------------

    def _one(self, query: str, values: tuple[str, ...], kind: type[RecordT]) -> RecordT | None:
        row = self._reader.execute(query, values).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=kind)

    def _put(self, statement: str, values: tuple[Any, ...]) -> None:
        self._raise_failure()
        self._rows.put((statement, values))

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise UserError(f"cannot write {self._path}: {self._failure}") from self._failure

    def _write_rows(self) -> None:
        """The writer thread: take what has gathered, write it in one transaction, repeat."""
        try:
            connection = _connect(self._path)
            while True:
                gathered = [self._rows.get()]
                while len(gathered) < 1000 and not self._rows.empty():
                    gathered.append(self._rows.get())
                with connection:
                    for row in gathered:
                        if isinstance(row, tuple):
                            connection.execute(*row)
                for row in gathered:
                    if isinstance(row, threading.Event):
                        row.set()
                if _STOP in gathered:
                    break
            connection.close()
        except sqlite3.Error as failure:  # disk full, folder gone: told to the next caller
            self._failure = failure


def _connect(path: Path) -> sqlite3.Connection:
    """WAL survives a kill at any instant; NORMAL leaves only power loss to chance."""
    connection = sqlite3.connect(path, check_same_thread=False, timeout=30)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection
