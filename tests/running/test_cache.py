from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from evalsuite.errors import CallFailed, UserError
from evalsuite.records import Answer, Completion, ToolCall, fingerprint
from evalsuite.running.cache import Cache, cache_path

ROOT = Path(__file__).resolve().parents[2]


def completion(text: str = "4", **more: object) -> Completion:
    return Completion(answer=Answer(text=text), input_tokens=3, output_tokens=1, **more)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "responses.sqlite"


@pytest.fixture
def cache(path: Path) -> Iterator[Cache]:
    with closing(Cache(path)) as opened:
        yield opened


class Maker:
    """A call that takes until it is let go, and counts how often it was made."""

    def __init__(self, *results: Completion | Exception) -> None:
        self.results = list(results)
        self.made = 0
        self.go = asyncio.Event()

    async def __call__(self) -> Completion:
        self.made += 1
        result = self.results.pop(0) if len(self.results) > 1 else self.results[0]
        await self.go.wait()
        if isinstance(result, Exception):
            raise result
        return result


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_what_is_kept_is_there_after_reopening(path: Path) -> None:
    whole = Completion(
        answer=Answer(
            text="ü\x00\u202e",
            tool_calls=(ToolCall(name="f", arguments="{}", id="1"),),
            token_logprobs=(-0.5, -1.25),
            finish_reason="stop",
        ),
        input_tokens=None,
        output_tokens=7,
        service_seconds=1.5,
        retries=2,
    )
    with closing(Cache(path)) as cache:
        cache.put("k", "m", whole)
        assert cache.get("k") == whole  # before it is on disk
        assert cache.get("other") is None
    with closing(Cache(path)) as cache:
        assert cache.get("k") == whole


async def test_an_answer_is_made_once_and_then_known(cache: Cache) -> None:
    make = Maker(completion())
    make.go.set()
    assert await cache.once("k", "m", make) == (completion(), False)
    assert await cache.once("k", "m", make) == (completion(), True)
    cache.flush()
    assert await cache.once("k", "m", make) == (completion(), True)
    assert make.made == 1
    assert await cache.once("another key", "m", make) == (completion(), False)
    assert make.made == 2


async def test_identical_requests_in_flight_make_one_call(cache: Cache) -> None:
    make = Maker(completion())
    asking = [asyncio.create_task(cache.once("k", "m", make)) for _ in range(50)]
    await settled()
    make.go.set()
    results = await asyncio.gather(*asking)
    assert make.made == 1
    assert [hit for _, hit in results].count(False) == 1
    assert all(answer == completion() for answer, _ in results)


async def test_a_failure_is_not_kept_and_those_who_wait_try_for_themselves(cache: Cache) -> None:
    failure = CallFailed("away", kind="server_error")
    make = Maker(failure, completion("right"))
    asking = [asyncio.create_task(cache.once("k", "m", make)) for _ in range(4)]
    await settled()
    make.go.set()
    results = await asyncio.gather(*asking, return_exceptions=True)
    assert make.made == 2  # the second one's try served the others
    assert results[0] is failure
    right = completion("right")
    assert sorted(results[1:], key=str) == [(right, False), (right, True), (right, True)]
    assert cache.get("k") == right


async def test_where_every_try_fails_each_has_its_own_failure(cache: Cache) -> None:
    failures = [CallFailed(str(index), kind="server_error") for index in range(3)]
    make = Maker(*failures, completion())
    make.go.set()
    asking = [asyncio.create_task(cache.once("k", "m", make)) for _ in range(3)]
    assert await asyncio.gather(*asking, return_exceptions=True) == failures
    assert cache.get("k") is None


async def test_cancelling_the_one_who_asks_does_not_cancel_those_who_wait(cache: Cache) -> None:
    make = Maker(completion())
    first, second, third = (asyncio.create_task(cache.once("k", "m", make)) for _ in range(3))
    await settled()
    first.cancel()
    await settled()
    assert first.cancelled()
    assert make.made == 2
    second.cancel()  # now the one who asks
    await settled()
    make.go.set()
    assert await third == (completion(), False)
    assert make.made == 3


async def test_cancelling_one_who_waits_leaves_the_others_waiting(cache: Cache) -> None:
    make = Maker(completion())
    first, second, third = (asyncio.create_task(cache.once("k", "m", make)) for _ in range(3))
    await settled()
    second.cancel()
    await settled()
    make.go.set()
    assert await first == (completion(), False)
    assert await third == (completion(), True)
    assert second.cancelled()
    assert make.made == 1


async def test_the_first_answer_stays(path: Path) -> None:
    with closing(Cache(path)) as one, closing(Cache(path)) as two:
        one.put("k", "m", completion("first"))
        one.flush()
        assert two.get("k") == completion("first")
        two.put("k", "m", completion("second"))
        two.flush()
        assert one.get("k") == completion("first")


def test_a_hit_is_noted_once_an_hour(path: Path) -> None:
    with closing(Cache(path)) as cache:
        cache.put("old", "m", completion())
        cache.put("new", "m", completion())
    long_ago = time.time() - 7200
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE responses SET last_used_at = ? WHERE key = 'old'", (long_ago,))
        before = dict(file.execute("SELECT key, last_used_at FROM responses"))
    with closing(Cache(path)) as cache:
        assert cache.get("old") == cache.get("new") == completion()
    with closing(sqlite3.connect(path)) as file:
        after = dict(file.execute("SELECT key, last_used_at FROM responses"))
    assert after["old"] > long_ago + 7000
    assert after["new"] == before["new"]


@pytest.mark.parametrize("content", [b"not a database, and long enough" * 100, b"{}"])
def test_a_file_of_something_else_is_one_line_and_left_alone(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(UserError, match="damaged or no response cache"):
        Cache(path)
    assert path.read_bytes() == content


def test_a_database_of_something_else_is_one_line_and_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE birds (name TEXT)")
    content = path.read_bytes()
    with pytest.raises(UserError, match="a database of something else"):
        Cache(path)
    assert path.read_bytes() == content


def test_a_cache_of_another_version_is_one_line(path: Path) -> None:
    Cache(path).close()
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA user_version = 99")
    with pytest.raises(UserError, match="another version of evalsuite"):
        Cache(path)


def test_a_folder_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot use the response cache"):
        Cache(tmp_path / "file" / "responses.sqlite")


async def test_damage_during_a_run_costs_no_answer(path: Path) -> None:
    with closing(Cache(path)) as cache:
        for index in range(2000):
            cache.put(fingerprint(index), "m", completion("x" * 200))
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)  # all but the first page
    notes: list[str] = []
    with closing(Cache(path, notes.append)) as cache:
        path.write_bytes(content)
        make = Maker(completion("afresh"))
        make.go.set()
        for index in range(3):
            known = await cache.once(fingerprint(index), "m", make)
            assert known == (completion("afresh"), False)
    (note,) = notes
    assert "cannot be read" in note
    assert "the run goes on without it" in note


async def test_a_write_that_fails_costs_no_answer(path: Path) -> None:
    notes: list[str] = []
    make = Maker(completion())
    make.go.set()
    with closing(Cache(path, notes.append)) as cache:
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("DROP TABLE responses")  # what a full disk looks like from here
        cache.put("k", "m", completion())
        cache.flush()
        for key in ("a", "b"):
            assert await cache.once(key, "m", make) == (completion(), False)
    (note,) = notes
    assert "the run goes on without it" in note


WRITES = """
import sys
from pathlib import Path
from evalsuite.records import Answer, Completion
from evalsuite.running.cache import Cache
cache = Cache(Path(sys.argv[1]))
index = 0
while index < int(sys.argv[3]):
    cache.put(f"{sys.argv[2]}-{index}", "m", Completion(answer=Answer(text=str(index))))
    if sys.argv[4:]:
        cache.flush()
        print(index, flush=True)
    index += 1
cache.close()
"""


def test_several_processes_begin_and_fill_one_file(path: Path) -> None:
    names = ("a", "b", "c", "d")
    children = [
        subprocess.Popen([sys.executable, "-c", WRITES, str(path), name, "300"], cwd=ROOT)
        for name in names
    ]
    assert [child.wait() for child in children] == [0] * len(names)
    with closing(Cache(path)) as cache:
        for name in names:
            for index in range(300):
                assert cache.get(f"{name}-{index}") == Completion(answer=Answer(text=str(index)))


def test_a_killed_process_loses_nothing_that_was_flushed(path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", WRITES, str(path), "k", "1000000", "flush"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert child.stdout is not None
    acknowledged = [int(child.stdout.readline()) for _ in range(30)][-1]
    os.kill(child.pid, signal.SIGKILL)
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    with closing(Cache(path)) as cache:
        for index in range(acknowledged + 1):
            assert cache.get(f"k-{index}") is not None


def test_the_cache_of_a_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EVALSUITE_CACHE", str(tmp_path / "here"))
    assert cache_path() == tmp_path / "here" / "responses.sqlite"
    monkeypatch.delenv("EVALSUITE_CACHE")
    assert cache_path().parts[-2:] == ("evalsuite", "responses.sqlite")
