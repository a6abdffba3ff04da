from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from evalsuite.running.rows import RowWriter


def opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, check_same_thread=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "rows.sqlite"
    connection = opened(path)
    connection.execute("CREATE TABLE t (a INTEGER)")
    connection.execute("CREATE TABLE u (a INTEGER)")
    connection.close()
    return path


def rows_of(path: Path, table: str) -> list[int]:
    connection = opened(path)
    found = [a for (a,) in connection.execute(f"SELECT a FROM {table}")]
    connection.close()
    return found


def test_rows_are_written_in_order_and_all_of_them(path: Path) -> None:
    writer = RowWriter(opened(path), "test")
    for index in range(2500):
        writer.put("INSERT INTO t VALUES (?)", (index,))
        writer.put("INSERT INTO u VALUES (?)", (-index,))
    writer.put("DELETE FROM t WHERE a < ?", (2000,))
    writer.put("INSERT INTO t VALUES (?)", (7,))
    writer.close()
    assert rows_of(path, "t") == [*range(2000, 2500), 7]
    assert rows_of(path, "u") == [-index for index in range(2500)]


def test_what_comes_then_comes_when_the_rows_are_on_disk(path: Path) -> None:
    writer = RowWriter(opened(path), "test")
    seen: list[list[int]] = []
    writer.put("INSERT INTO t VALUES (?)", (1,))
    writer.then(lambda: seen.append(rows_of(path, "t")))
    writer.flush()
    assert seen == [[1]]
    writer.close()


def test_a_failure_is_there_to_see_and_nothing_hangs(path: Path) -> None:
    writer = RowWriter(opened(path), "test")
    writer.put("INSERT INTO nowhere VALUES (?)", (1,))
    writer.flush()
    assert "no such table" in str(writer.failure)
    writer.put("INSERT INTO t VALUES (?)", (1,))
    writer.flush()
    writer.close()
    assert rows_of(path, "t") == []
