from __future__ import annotations

import gzip
import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from evalsuite.errors import UserError
from evalsuite.records import Answer, Completion
from evalsuite.running import cache_file
from evalsuite.running.cache import Cache

DAY = 86400.0


def answer(size: int) -> Completion:
    """A completion whose JSON has ``size`` bytes: ``{"answer":{"text":"..."}}``."""
    return Completion(answer=Answer(text="x" * (size - 22)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Six answers of 100 bytes, three each of two models, used 0 to 5 days ago."""
    path = tmp_path / "responses.sqlite"
    now = time.time()
    with closing(Cache(path)) as cache:
        for index in range(6):
            cache.put(f"k{index}", ("small", "large")[index % 2], answer(100))
    with closing(sqlite3.connect(path)) as file, file:
        for index in range(6):
            file.execute(
                "UPDATE responses SET created_at = ?, last_used_at = ? WHERE key = ?",
                (now - 10 * DAY + index, now - index * DAY, f"k{index}"),
            )
    return path


def keys(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as file:
        return [key for (key,) in file.execute("SELECT key FROM responses ORDER BY key")]


def test_what_is_in_it(path: Path) -> None:
    found = cache_file.info(path)
    assert (found.answers, found.size) == (6, 600)
    assert found.file_size >= path.stat().st_size
    large, small = found.models
    assert (large.model, large.answers, large.size) == ("large", 3, 300)
    assert small.model == "small"
    assert small.last_used_at - large.last_used_at == pytest.approx(DAY)
    assert large.first_created_at - small.first_created_at == pytest.approx(1.0)


def test_old_answers_go(path: Path) -> None:
    removed = cache_file.prune(path, unused_for=2.5 * DAY)
    assert (removed.answers, removed.size) == (3, 300)
    assert keys(path) == ["k0", "k1", "k2"]


def test_the_least_recently_used_go_until_the_rest_fits(path: Path) -> None:
    assert cache_file.prune(path, keep_size=250).answers == 4
    assert keys(path) == ["k0", "k1"]
    assert cache_file.prune(path, keep_size=200).answers == 0
    assert cache_file.prune(path, keep_size=0).answers == 2


def test_of_one_model_alone(path: Path) -> None:
    assert cache_file.prune(path, model="large", unused_for=2.5 * DAY).answers == 2
    assert keys(path) == ["k0", "k1", "k2", "k4"]
    assert cache_file.prune(path, model="small", keep_size=100).answers == 2
    assert keys(path) == ["k0", "k1"]
    assert cache_file.prune(path, model="large").answers == 1
    assert cache_file.prune(path, model="nobody").answers == 0
    assert keys(path) == ["k0"]


def test_either_reason_is_enough(path: Path) -> None:
    assert cache_file.prune(path, unused_for=4.5 * DAY, keep_size=500).answers == 1
    assert cache_file.prune(path, unused_for=3.5 * DAY, keep_size=300).answers == 2
    assert keys(path) == ["k0", "k1", "k2"]


def test_the_disk_gets_its_space_back_while_the_cache_is_open_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "responses.sqlite"
    with closing(Cache(path)) as cache:
        for index in range(200):
            cache.put(str(index), "m", answer(10_000))
        cache.flush()
        before = cache_file.info(path).file_size
        assert cache_file.prune(path, keep_size=100_000) == cache_file.Removed(
            answers=190, size=1_900_000
        )
        assert cache_file.info(path).file_size < 0.2 * before
        cache.put("after", "m", answer(100))
    assert "after" in keys(path)


@pytest.mark.parametrize("name", ["answers.jsonl", "answers.jsonl.gz"])
def test_an_export_makes_the_same_cache_elsewhere(path: Path, tmp_path: Path, name: str) -> None:
    out, other = tmp_path / name, tmp_path / "other.sqlite"
    assert cache_file.export(path, out) == 6
    content = gzip.decompress(out.read_bytes()) if name.endswith(".gz") else out.read_bytes()
    first = json.loads(content.splitlines()[0])
    assert sorted(first) == ["completion", "created_at", "key", "last_used_at", "model"]
    assert first["completion"] == {"answer": {"text": "x" * 78}}
    assert cache_file.import_(other, out) == (6, 6)
    assert cache_file.import_(other, out) == (6, 0)
    with closing(sqlite3.connect(path)) as one, closing(sqlite3.connect(other)) as two:
        rows = "SELECT * FROM responses ORDER BY key"
        assert one.execute(rows).fetchall() == two.execute(rows).fetchall()
    assert list(tmp_path.glob("*.part")) == []


def test_an_import_keeps_what_is_there(path: Path, tmp_path: Path) -> None:
    line = {"key": "k0", "model": "m", "created_at": 1.0, "last_used_at": 2.0}
    source = tmp_path / "in.jsonl"
    source.write_text(json.dumps(line | {"completion": {"answer": {"text": "another"}}}))
    assert cache_file.import_(path, source) == (1, 0)
    with closing(Cache(path)) as cache:
        assert cache.get("k0") == answer(100)


def test_a_wrong_line_is_named_and_nothing_is_imported(path: Path, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    good = {"key": "new", "model": "m", "created_at": 1.0, "last_used_at": 2.0}
    good["completion"] = {"answer": {"text": "a"}}
    for bad in ("{}", "no json", json.dumps(good | {"completion": {"answer": 3}})):
        source.write_text(json.dumps(good) + "\n" + bad + "\n")
        with pytest.raises(UserError, match=r"in\.jsonl:2: not a line of an export"):
            cache_file.import_(path, source)
    assert "new" not in keys(path)
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(json.dumps(good).encode())[:-6])
    with pytest.raises(UserError, match="cannot read"):
        cache_file.import_(path, cut)
    with pytest.raises(UserError, match="cannot read"):
        cache_file.import_(path, tmp_path / "absent.jsonl")


def test_what_cannot_be_written_is_one_line(path: Path, tmp_path: Path) -> None:
    (tmp_path / "there.jsonl").write_text("mine")
    with pytest.raises(UserError, match="exists already"):
        cache_file.export(path, tmp_path / "there.jsonl")
    assert (tmp_path / "there.jsonl").read_text() == "mine"
    with pytest.raises(UserError, match="cannot write"):
        cache_file.export(path, tmp_path / "no-folder" / "out.jsonl")


def test_a_cache_that_is_not_there_is_one_line_and_is_not_made(tmp_path: Path) -> None:
    for command in (cache_file.info, cache_file.prune):
        with pytest.raises(UserError, match="there is no response cache at"):
            command(tmp_path / "absent.sqlite")
    assert list(tmp_path.iterdir()) == []
