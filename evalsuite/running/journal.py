"""What happened in a run, written as it happens: SQLite in WAL mode, append-only.

A row is on disk within milliseconds of being paid for (``evalsuite.running.rows``), and the cost of
a row does not grow with the run. Whoever waits for ``settled`` knows that a kill cannot take what
was put before.
"""

from __future__ import annotations

import asyncio
import fcntl
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from evalsuite.errors import UserError
from evalsuite.records import Call, Fit, Message, Phase, Response, Sample, Score
from evalsuite.running.rows import RowWriter

_VERSION = 2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS samples (
    task TEXT NOT NULL, ordinal INTEGER NOT NULL, sample_id TEXT NOT NULL, body BLOB NOT NULL,
    prompt BLOB NOT NULL, PRIMARY KEY (task, ordinal));
CREATE INDEX IF NOT EXISTS samples_by_id ON samples (task, sample_id);
CREATE TABLE IF NOT EXISTS calls (
    key TEXT PRIMARY KEY, status TEXT NOT NULL, usd_at_most REAL NOT NULL,
    tokens_at_most INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS responses (
    key TEXT PRIMARY KEY, task TEXT NOT NULL, system TEXT NOT NULL, sample_id TEXT NOT NULL,
    repeat INTEGER NOT NULL, phase TEXT NOT NULL, status TEXT NOT NULL,
    session INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS scores (
    response_key TEXT NOT NULL, scorer TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (response_key, scorer));
CREATE TABLE IF NOT EXISTS fits (key TEXT PRIMARY KEY, body BLOB NOT NULL);
"""


class Prompt(msgspec.Struct, frozen=True, array_like=True):
    """What is asked about a sample: the rendered chat, and the closed set of answers if any."""

    messages: tuple[Message, ...]
    choices: tuple[str, ...] | None


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    """A response without what its calls hold already: them, and the answer it took from one."""

    response: Response
    calls: tuple[str, ...]
    answer_from: int | None


_COUNT_TABLES = "SELECT count(*) FROM sqlite_master WHERE type = 'table'"
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
        self._reader = self._opened()
        self._session = 1 + _first(self._reader, "SELECT max(session) FROM responses")
        self._resumed = self._session > 1 or bool(
            _first(self._reader, "SELECT count(*) FROM calls")
        )
        self._stored = msgspec.json.Decoder(_Stored)
        self._calls = msgspec.json.Decoder(Call)
        self._encoder = msgspec.json.Encoder()
        self._writer = RowWriter(_connect(self._path), "evalsuite-journal")

    # -- writing ------------------------------------------------------------------------------

    def put_call(self, call: Call, *, usd_at_most: float = 0.0, tokens_at_most: int = 0) -> None:
        """Record a finished call. A later success replaces an earlier failure, never a success.

        ``usd_at_most`` and ``tokens_at_most`` are what it took from the run's budgets; of a call
        that was tried again they add up.
        """
        self._put(
            "INSERT INTO calls VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET "
            "status = excluded.status, body = excluded.body, "
            "usd_at_most = calls.usd_at_most + excluded.usd_at_most, "
            "tokens_at_most = calls.tokens_at_most + excluded.tokens_at_most "
            "WHERE calls.status != 'ok'",
            (call.key, call.status, usd_at_most, tokens_at_most, self._encoder.encode(call)),
        )

    def put_response(self, response: Response, phase: Phase) -> None:
        """Record a finished response, whose calls are on record already."""
        answer_from = next(
            (i for i, call in enumerate(response.calls) if call.answer is response.answer), None
        )
        if answer_from is not None:
            bare = msgspec.structs.replace(response, calls=(), answer=None)
        else:
            bare = msgspec.structs.replace(response, calls=())
        stored = _Stored(bare, tuple([call.key for call in response.calls]), answer_from)
        self._put(
            "INSERT OR REPLACE INTO responses VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                response.key,
                response.task,
                response.system,
                response.sample_id,
                response.repeat,
                phase,
                response.status,
                self._session,
                self._encoder.encode(stored),
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

    def replace_samples(self, task: str, samples: Iterator[tuple[Sample, Prompt]]) -> None:
        """Make ``samples`` the samples of ``task``; streamed, so any number will do."""
        self._put("DELETE FROM samples WHERE task = ?", (task,))
        encode = self._encoder.encode
        for ordinal, (sample, prompt) in enumerate(samples):
            self._put(
                "INSERT INTO samples VALUES (?, ?, ?, ?, ?)",
                (task, ordinal, sample.id, encode(sample), encode(prompt)),
            )
        self.flush()

    def take_over(self, response_key: str) -> None:
        """Say that a response of an earlier session belongs to the run as it is configured now."""
        self._put("UPDATE responses SET session = ? WHERE key = ?", (self._session, response_key))

    def flush(self) -> None:
        """Return when everything put so far is on disk."""
        self._writer.flush()
        self._raise_failure()

    def settled(self) -> asyncio.Future[None]:
        """Done when everything put so far is on disk, where a kill cannot reach it any more."""
        self._raise_failure()
        return self._writer.settled()

    def close(self) -> None:
        """Write what is left, end the writer and give the folder back."""
        self._writer.close()
        self._reader.close()
        self._lock.close()
        self._raise_failure()

    # -- reading ------------------------------------------------------------------------------

    def call(self, key: str) -> Call | None:
        """The successful call of an earlier session under ``key``, if there is one."""
        if not self._resumed:  # nothing to find, and every request would ask
            return None
        query = "SELECT body FROM calls WHERE key = ? AND status = 'ok'"
        row = self._reader.execute(query, (key,)).fetchone()
        return None if row is None else self._calls.decode(row[0])

    def answered(self, key: str) -> Response | None:
        """The answered response of an earlier session under ``key``; failures are tried again."""
        if not self._resumed:
            return None
        query = "SELECT body FROM responses WHERE key = ? AND status = 'ok'"
        row = self._reader.execute(query, (key,)).fetchone()
        return None if row is None else self._whole(row[0])

    def response(self, key: str) -> Response | None:
        """The response recorded under ``key``, failed or not."""
        row = self._reader.execute("SELECT body FROM responses WHERE key = ?", (key,)).fetchone()
        return None if row is None else self._whole(row[0])

    def spent(self) -> tuple[float, int]:
        """Dollars and tokens that all sessions together took from the run's budgets, at most."""
        usd, tokens = self._reader.execute(
            "SELECT coalesce(sum(usd_at_most), 0), coalesce(sum(tokens_at_most), 0) FROM calls"
        ).fetchone()
        return usd, tokens

    def scores(self, response_key: str, scorer: str) -> list[Score] | None:
        """What ``scorer`` made of a response, if it has been asked."""
        query = "SELECT body FROM scores WHERE response_key = ? AND scorer = ?"
        return self._one(query, (response_key, scorer), list[Score])

    def known_scores(self, response_key: str, scorer: str) -> list[Score] | None:
        """``scores`` of an earlier session: nothing else can be known before it is scored."""
        return self.scores(response_key, scorer) if self._resumed else None

    def last_scores(self, response_key: str) -> list[Score]:
        """What the scorer that was asked last made of a response; empty where none was."""
        query = "SELECT body FROM scores WHERE response_key = ? ORDER BY rowid DESC LIMIT 1"
        return self._one(query, (response_key,), list[Score]) or []

    def fit(self, key: str) -> Fit | None:
        """The fit recorded under ``key``."""
        return self._one("SELECT body FROM fits WHERE key = ?", (key,), Fit)

    def current(self, task: str, system: str | None = None) -> Iterator[tuple[Sample, Response]]:
        """The responses of ``task`` that belong to the run, by system, sample and repeat.

        Of one ``system``, or of all.
        """
        rows = self._reader.execute(
            "SELECT s.body, r.body FROM responses r "
            "JOIN samples s ON s.task = r.task AND s.sample_id = r.sample_id "
            "WHERE r.task = ? AND r.phase = 'answer' AND r.session = ? "
            "AND (? IS NULL OR r.system = ?) ORDER BY r.system, s.ordinal, r.repeat",
            (task, self._session, system, system),
        )
        samples = msgspec.json.Decoder(Sample)
        for sample, response in rows:
            yield samples.decode(sample), self._whole(response)

    def practice(self, task: str) -> Iterator[Response]:
        """The responses of ``task`` that systems of the run practised on, by system and sample."""
        rows = self._reader.execute(
            "SELECT body FROM responses WHERE task = ? AND phase = 'fit' AND session = ? "
            "ORDER BY system, sample_id",
            (task, self._session),
        )
        for (response,) in rows:
            yield self._whole(response)

    def samples(self, task: str) -> Iterator[tuple[Sample, Prompt]]:
        """The samples of ``task`` in order, with what is asked about them; read in pages."""
        samples, prompts = msgspec.json.Decoder(Sample), msgspec.json.Decoder(Prompt)
        last = -1
        while True:
            page = self._reader.execute(
                "SELECT ordinal, body, prompt FROM samples WHERE task = ? AND ordinal > ? "
                "ORDER BY ordinal LIMIT 500",
                (task, last),
            ).fetchall()
            if not page:
                return
            for ordinal, body, prompt in page:
                last = ordinal
                yield samples.decode(body), prompts.decode(prompt)

    # -- inside -------------------------------------------------------------------------------

    def _opened(self) -> sqlite3.Connection:
        connection = _connect(self._path)
        version = _first(connection, "PRAGMA user_version")
        if version not in (0, _VERSION) or (version == 0 and _first(connection, _COUNT_TABLES)):
            connection.close()
            self._lock.close()
            raise UserError(
                f"{self._path} was written by another version of evalsuite; choose another --out"
            )
        connection.executescript(_SCHEMA)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
        return connection

    def _whole(self, body: bytes) -> Response:
        """A stored response with its calls, and its answer, put back."""
        stored = self._stored.decode(body)
        query = "SELECT body FROM calls WHERE key = ?"
        calls = tuple(
            [
                self._calls.decode(self._reader.execute(query, (k,)).fetchone()[0])
                for k in stored.calls
            ]
        )
        if stored.answer_from is None:
            return msgspec.structs.replace(stored.response, calls=calls)
        answer = calls[stored.answer_from].answer
        return msgspec.structs.replace(stored.response, calls=calls, answer=answer)

    def _one(self, query: str, values: tuple[str, ...], kind: type[RecordT]) -> RecordT | None:
        row = self._reader.execute(query, values).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=kind)

    def _put(self, statement: str, values: tuple[Any, ...]) -> None:
        self._raise_failure()
        self._writer.put(statement, values)

    def _raise_failure(self) -> None:
        failure = self._writer.failure
        if failure is not None:
            raise UserError(f"cannot write {self._path}: {failure}") from failure


def _first(connection: sqlite3.Connection, query: str) -> int:
    """The first value of ``query``; 0 where it is null."""
    return connection.execute(query).fetchone()[0] or 0


def _connect(path: Path) -> sqlite3.Connection:
    """WAL survives a kill at any instant; NORMAL leaves only power loss to chance."""
    connection = sqlite3.connect(path, check_same_thread=False, timeout=30)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA wal_autocheckpoint=10000")
    return connection
