"""Fetching from a real server that is slow, cuts connections, changes its mind or is gone."""

from __future__ import annotations

import gzip
import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalsuite.datasets import DataFile, Dataset, fetching
from evalsuite.errors import DataMissing
from tests.datasets.file_server import FileServer, file_server

CONTENT = "".join(f'{{"n": {n}}}\n' for n in range(2000)).encode()


@pytest.fixture(autouse=True)
def folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EVALSUITE_DATA", str(tmp_path / "mirror"))
    monkeypatch.setenv("EVALSUITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("EVALSUITE_OFFLINE", raising=False)
    monkeypatch.setattr(fetching, "FIRST_WAIT_SECONDS", 0.001)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with file_server(CONTENT) as served:
        yield served


def toy(url: str, content: bytes = CONTENT, lines: int | None = None) -> Dataset:
    file = DataFile(
        path="toy/rows.jsonl", sha256=hashlib.sha256(content).hexdigest(), url=url, lines=lines
    )
    return Dataset(name="toy", licence="MIT", source="here", files={"test": file})


def left_over(cache: Path) -> list[str]:
    """Files of the cache but the wanted one and the empty locks."""
    return [
        path.name
        for path in cache.rglob("*")
        if path.is_file() and path.suffix != ".lock" and path.name != "rows.jsonl"
    ]


def test_a_file_is_fetched_once_and_progress_is_told(server: FileServer, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    path = toy(server.url).path("test", tell=lambda have, whole: told.append((have, whole)))
    assert path.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [have for have, _ in told] == sorted({have for have, _ in told})
    toy(server.url).path("test")
    assert len(server.requests) == 1
    assert left_over(tmp_path / "cache") == []


def test_redirects_are_followed(server: FileServer) -> None:
    path = toy(f"{server.address}/moved").path("test")
    assert path.read_bytes() == CONTENT
    assert [asked for asked, _ in server.requests] == ["/moved", "/file"]


def test_a_length_need_not_be_stated(server: FileServer) -> None:
    server.stated_length = False
    assert toy(server.url).path("test").read_bytes() == CONTENT


def test_a_cut_connection_is_taken_up_where_it_ended(server: FileServer, tmp_path: Path) -> None:
    server.cuts = [5000, 7000]
    assert toy(server.url).path("test").read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == [None, "bytes=5000-", "bytes=12000-"]
    assert left_over(tmp_path / "cache") == []


def test_without_a_tag_a_cut_file_is_fetched_from_its_start(server: FileServer) -> None:
    server.cuts, server.etag = [5000], None
    assert toy(server.url).path("test").read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == [None, None]


def test_a_weak_tag_is_no_promise(server: FileServer) -> None:
    server.cuts, server.etag = [5000], 'W/"one"'
    assert toy(server.url).path("test").read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == [None, None]


def test_another_session_goes_on(server: FileServer, tmp_path: Path) -> None:
    server.cuts = [9000, 0, 0, 0, 0]
    with pytest.raises(DataMissing, match="cut after 9,000 of"):
        toy(server.url).path("test")
    assert not (tmp_path / "cache/toy/rows.jsonl").exists()
    server.requests.clear()
    assert toy(server.url).path("test").read_bytes() == CONTENT
    assert server.requests == [("/file", "bytes=9000-")]


def test_a_file_that_changed_meanwhile_is_fetched_from_its_start(server: FileServer) -> None:
    server.cuts = [9000, 0, 0, 0, 0]
    server.content, right = CONTENT.replace(b"1", b"2"), server.content
    with pytest.raises(DataMissing):
        toy(server.url).path("test")
    server.content, server.etag = right, '"two"'
    assert toy(server.url).path("test").read_bytes() == CONTENT


def test_a_server_that_lies_about_its_tag_costs_one_more_download(server: FileServer) -> None:
    server.cuts = [9000, 0, 0, 0, 0]
    server.content, right = CONTENT.replace(b"1", b"2"), server.content
    with pytest.raises(DataMissing):
        toy(server.url).path("test")
    server.content = right
    assert toy(server.url).path("test").read_bytes() == CONTENT
    assert server.requests[-2:] == [("/file", "bytes=9000-"), ("/file", None)]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(server: FileServer, status: int) -> None:
    server.statuses = [status, status]
    assert toy(server.url).path("test").read_bytes() == CONTENT
    assert len(server.requests) == 3


def test_a_server_that_stays_busy_is_given_up(server: FileServer) -> None:
    server.statuses = [503] * 99
    with pytest.raises(DataMissing, match="HTTP 503 Service Unavailable, 4 times"):
        toy(server.url).path("test")
    assert len(server.requests) == fetching.ATTEMPTS


def test_what_is_gone_is_not_asked_for_again(server: FileServer) -> None:
    server.statuses = [404]
    with pytest.raises(DataMissing, match=r"could not be fetched \(HTTP 404 Not Found\)") as raised:
        toy(server.url).path("test")
    assert "\n" not in str(raised.value) and "evalsuite data fetch toy" in str(raised.value)
    assert len(server.requests) == 1


def test_wrong_content_is_not_kept(server: FileServer, tmp_path: Path) -> None:
    server.content = CONTENT + b"{}\n"
    with pytest.raises(DataMissing, match=r"its sha256 is [0-9a-f]{12}\.\.\., not "):
        toy(server.url).path("test")
    assert left_over(tmp_path / "cache") == []
    assert not (tmp_path / "cache/toy/rows.jsonl").exists()


def test_packed_content_is_unpacked_and_only_the_first_lines_are_kept(server: FileServer) -> None:
    server.content = gzip.compress(CONTENT)
    head = b"".join(CONTENT.splitlines(keepends=True)[:3])
    assert [row["n"] for row in toy(server.url, head, lines=3).rows("test")] == [0, 1, 2]


def test_damaged_packed_content_is_refused(server: FileServer, tmp_path: Path) -> None:
    server.content = gzip.compress(CONTENT)[:-20]
    with pytest.raises(DataMissing, match="packed, and damaged"):
        toy(server.url).path("test")
    assert left_over(tmp_path / "cache") == []


def test_no_server_and_no_host_are_told_apart(server: FileServer) -> None:
    with pytest.raises(DataMissing, match=r"no connection: .* 4 times"):
        toy("http://127.0.0.1:1/file").path("test")
    with pytest.raises(DataMissing, match="no such host, or no network"):
        toy("http://nowhere.invalid/file").path("test")
    with pytest.raises(DataMissing, match="unknown url type"):
        toy("nowhere").path("test")


@pytest.mark.parametrize("value", ["1", "true"])
def test_offline_nothing_is_asked(
    server: FileServer, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("EVALSUITE_OFFLINE", value)
    with pytest.raises(DataMissing, match="EVALSUITE_OFFLINE forbids fetching it; set ") as raised:
        toy(server.url).path("test")
    assert "\n" not in str(raised.value)
    assert server.requests == []
    monkeypatch.setenv("EVALSUITE_OFFLINE", "0")
    assert toy(server.url).path("test").read_bytes() == CONTENT


PROGRAM = """
import sys
from tests.datasets.test_fetching import toy
print(len(toy(sys.argv[1]).path("test").read_bytes()))
"""


def fetching_process(url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, url],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env=dict(os.environ),
    )


def test_processes_that_want_one_file_take_turns(server: FileServer, tmp_path: Path) -> None:
    server.block_seconds = 0.02
    processes = [fetching_process(server.url) for _ in range(3)]
    assert [int(p.communicate()[0]) for p in processes] == [len(CONTENT)] * 3
    assert len(server.requests) == 1
    assert left_over(tmp_path / "cache") == []


def test_a_killed_process_leaves_no_half_file_and_another_goes_on(
    server: FileServer, tmp_path: Path
) -> None:
    server.content = random.Random(1).randbytes(400_000)
    server.block_seconds = 0.02
    process = fetching_process(server.url)
    parts = tmp_path / "cache" / ".partial"
    while not any(p.suffix == "" and p.stat().st_size > 5000 for p in parts.glob("*")):
        assert process.poll() is None
    process.kill()
    process.communicate()
    assert not (tmp_path / "cache/toy/rows.jsonl").exists()
    server.block_seconds = 0.0
    server.requests.clear()
    assert toy(server.url, server.content).path("test").read_bytes() == server.content
    assert [asked is not None for _, asked in server.requests] == [True]
