"""The answers of a run, one at a time with their calls and scores, in memory that does not grow.

The tables of a run are written in the order of its answers (``evalsuite.compaction``), so reading
them side by side joins them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from evalsuite.errors import UserError

Row = Mapping[str, Any]
ROWS_AT_A_TIME = 2048


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A row of ``responses`` with its rows of ``calls`` and ``scores``.

    ``messages`` is what was asked, as JSON text; None where it was not wanted.
    """

    response: Row
    calls: Sequence[Row]
    scores: Sequence[Row]
    messages: str | None = None


def answers_of(
    folder: Path,
    *,
    responses: Sequence[str],
    calls: Sequence[str],
    scores: Sequence[str],
    prompts: bool = False,
) -> Iterator[Answered]:
    """Stream the answers for the record of the run in ``folder``, with these columns.

    With ``prompts``, what the samples of one task were asked is held at a time.

    Raises:
        UserError: the tables are not in the order of the answers.
    """
    of_answers = (row for row in _rows(folder / "calls.parquet", calls) if row["phase"] == "answer")
    calls_by = _Following(folder, "calls", of_answers)
    scores_by = _Following(folder, "scores", _rows(folder / "scores.parquet", scores))
    task, asked = None, dict[str, str | None]()
    for row in _rows(folder / "responses.parquet", responses):
        if prompts and row["task"] != task:
            task, asked = row["task"], _prompts(folder, row["task"])
        yield Answered(
            response=row,
            calls=calls_by.of(row["key"]),
            scores=scores_by.of(row["key"]),
            messages=asked.get(row["sample_id"]),
        )
    calls_by.check_empty()
    scores_by.check_empty()


class _Following:
    """Rows of a table that belong to answers, handed out as the answers come by."""

    def __init__(self, folder: Path, name: str, rows: Iterator[Row]) -> None:
        self._about = f"{folder}: {name}.parquet is not in the order of responses.parquet"
        self._groups = groupby(rows, key=lambda row: row["response_key"])
        self._key: str | None = None
        self._rows: list[Row] = []
        self._advance()

    def of(self, key: str) -> Sequence[Row]:
        """The rows of the answer ``key``, none where the next ones are of a later answer."""
        if key != self._key:
            return ()
        found = self._rows
        self._advance()
        return found

    def check_empty(self) -> None:
        """Raise UserError if rows are left over, which then were of no answer that came by."""
        if self._key is not None:
            raise UserError(f"{self._about}; run its experiment again")

    def _advance(self) -> None:
        self._key, rows = next(self._groups, (None, iter(())))
        self._rows = list(rows)


def _prompts(folder: Path, task: str) -> dict[str, str | None]:
    """What the samples of ``task`` were asked, by id, as JSON text."""
    import pyarrow.parquet as pq

    columns = ["sample_id", "messages"]
    asked = pq.read_table(
        folder / "samples.parquet", columns=columns, filters=[("task", "==", task)]
    )
    return dict(zip(*(asked.column(name).to_pylist() for name in columns), strict=True))


def _rows(file: Path, columns: Sequence[str]) -> Iterator[Row]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as table:
        for batch in table.iter_batches(batch_size=ROWS_AT_A_TIME, columns=list(columns)):
            yield from batch.to_pylist()
