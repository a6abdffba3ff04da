"""``evalsuite data``, through the real command, over a library of the test's own."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.datasets.file_server import FileServer, file_server
from tests.test_cli import evalsuite

ROWS = "".join(f'{{"n": {n}, "q": "What is {n} plus {n}?"}}\n' for n in range(300)).encode()
LIBRARY = """
from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Sample, Score
from evalsuite.task import Task

DATA = Dataset(
    name="sums", licence="CC0-1.0", source="https://example.org/sums",
    files={{
        "test": DataFile(path="sums/test.jsonl", sha256="{sha256}", url={url!r}),
        "train": DataFile(path="sums/train.jsonl", sha256="{sha256}"),
    }},
)
TASK = Task(
    name="mine/sums", family="mine", summary="Sums", data=(DATA,), licence=DATA.licence,
    samples=lambda split: (
        Sample(id=f"{{split}}-{{row['n']}}", inputs={{"q": row["q"]}}, target=str(2 * row["n"]))
        for row in (DATA.rows("test") if split == "test" else ())
    ),
    prompt=lambda sample: sample.inputs["q"],
    score=lambda sample, answer: [Score(name="right", value=float(answer.text == sample.target))],
    success="right",
)
"""
PROGRAM = """
import sys
from pathlib import Path
from evalsuite import catalog, cli
catalog.content_folder = lambda kind: Path({folder!r}) / kind
cli.main()
"""


@pytest.fixture
def server() -> Iterator[FileServer]:
    with file_server(ROWS) as served:
        yield served


def library(folder: Path, url: str | None) -> None:
    (folder / "tasks" / "mine").mkdir(parents=True, exist_ok=True)
    sha256 = hashlib.sha256(ROWS).hexdigest()
    (folder / "tasks" / "mine" / "sums.py").write_text(LIBRARY.format(sha256=sha256, url=url))


def data(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """``evalsuite data ARGUMENTS`` with ``folder`` as the library."""
    places = {"EVALSUITE_DATA": str(folder / "mirror"), "EVALSUITE_CACHE": str(folder / "cache")}
    command = ["data", *arguments] if arguments[0] != "list!" else ["list", *arguments[1:]]
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(folder=str(folder)), *command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "120", **places, **env},
    )


def test_a_dataset_is_listed_fetched_and_verified(tmp_path: Path, server: FileServer) -> None:
    library(tmp_path, server.url)
    before = data(tmp_path, "list")
    assert before.returncode == 0, before.stderr
    assert "2 of 2 missing, 1 to fetch" in before.stdout
    assert "CC0-1.0" in before.stdout and "https://example.org/sums" in before.stdout
    fetched = data(tmp_path, "fetch", "--all")
    assert fetched.returncode == 0, fetched.stderr
    said = fetched.stdout.splitlines()
    assert said[0] == "sums: licence CC0-1.0; https://example.org/sums"
    assert said[1].startswith("  sums/test.jsonl: fetching ")
    assert said[2].startswith("  sums/test.jsonl: verified, ")
    assert said[3] == "  sums/train.jsonl: no published copy; only a mirror has it"
    again = data(tmp_path, "fetch", "--all")
    assert again.returncode == 0 and len(server.requests) == 1
    verified = data(tmp_path, "verify")
    assert verified.returncode == 0
    assert verified.stdout == "1 files as recorded, 0 not, 1 not on this machine\n"
    (entry,) = json.loads(data(tmp_path, "list", "--json", "--rows").stdout)
    assert [(file["key"], file["place"], file["rows"]) for file in entry["files"]] == [
        ("test", "cache", 300),
        ("train", None, None),
    ]


def test_a_terminal_gets_a_bar(tmp_path: Path, server: FileServer) -> None:
    library(tmp_path, server.url)
    server.block_seconds = 0.05
    seen, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(folder=str(tmp_path)), "data", "fetch", "--all"],
        cwd=tmp_path,
        stdout=terminal,
        stderr=subprocess.STDOUT,
        env={
            **os.environ,
            "TERM": "xterm",
            "COLUMNS": "120",
            "EVALSUITE_DATA": str(tmp_path / "mirror"),
            "EVALSUITE_CACHE": str(tmp_path / "cache"),
        },
    )
    os.close(terminal)
    said = b""
    with contextlib.suppress(OSError):  # how a terminal says that nobody writes to it any more
        while part := os.read(seen, 4096):
            said += part
    os.close(seen)
    assert process.wait() == 0
    assert b"\xe2\x94\x81" in said and b" kB" in said, "a bar and a size"
    assert b"sums/test.jsonl: verified, " in said


def test_a_mismatch_is_one_line_and_exit_code_2(tmp_path: Path, server: FileServer) -> None:
    library(tmp_path, server.url)
    for name in ("test", "train"):
        path = tmp_path / "mirror" / "sums" / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(ROWS[:-1])
    done = data(tmp_path, "verify", "sums")
    assert done.returncode == 2
    assert done.stdout == "0 files as recorded, 2 not, 0 not on this machine\n"
    first, second = done.stderr.splitlines()
    assert "mirror/sums/test.jsonl does not have the recorded content" in first
    assert "mirror/sums/train.jsonl does not have the recorded content" in second


def test_what_cannot_be_fetched_is_told_after_the_rest(tmp_path: Path, server: FileServer) -> None:
    server.statuses = [404]
    library(tmp_path, server.url)
    done = data(tmp_path, "fetch", "sums")
    assert done.returncode == 2
    assert [
        ("HTTP 404" in line, "no published copy" in line) for line in done.stderr.splitlines()
    ] == [
        (True, False),
        (False, True),
    ]
    offline = data(tmp_path, "fetch", "sums", EVALSUITE_OFFLINE="1")
    assert offline.returncode == 2 and len(server.requests) == 1
    assert "EVALSUITE_OFFLINE forbids fetching it" in offline.stderr.splitlines()[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fetch",), "what to fetch? Name datasets"),
        (("fetch", "sums", "--all"), "what to fetch?"),
        (("list", "summs"), "no dataset 'summs': did you mean 'sums'?"),
        (("overlap", "mine/sums", "--with", "nowhere.jsonl"), "nowhere.jsonl: no such file"),
        (
            ("overlap", "mine/sums", "--with", "train", "--split", "dev"),
            "write test, validation or",
        ),
    ],
)
def test_mistakes_are_one_line(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    library(tmp_path, None)
    done = data(tmp_path, *arguments)
    assert done.returncode == 2
    assert message in done.stderr and done.stderr.count("\n") == 1


def test_a_broken_task_file_is_named_and_hides_nothing(tmp_path: Path, server: FileServer) -> None:
    library(tmp_path, server.url)
    broken = tmp_path / "tasks" / "mine" / "broken.py"
    broken.write_text("import math\n\nTASK = math.nothing\n")
    listed = data(tmp_path, "list!")
    assert listed.returncode == 2 and "mine/sums" in listed.stdout
    expected = f"{broken}:3: AttributeError: module 'math' has no attribute 'nothing'"
    assert listed.stderr == f"evalsuite: {expected}\n"
    as_json = json.loads(data(tmp_path, "list!", "--json").stdout)
    assert as_json["broken"] == {"mine/broken": expected}
    datasets = data(tmp_path, "list")
    assert datasets.returncode == 0 and "sums" in datasets.stdout and expected in datasets.stderr


def test_tasks_are_checked(tmp_path: Path) -> None:
    library(tmp_path, None)
    mirror = tmp_path / "mirror" / "sums" / "test.jsonl"
    absent = data(tmp_path, "check")
    assert absent.returncode == 0 and "mine/sums  not checked: sums: no sums/test" in absent.stdout
    mirror.parent.mkdir(parents=True)
    mirror.write_bytes(ROWS)
    done = data(tmp_path, "check", "mine/sums")
    assert done.returncode == 2
    problem = "train: has no samples, though there is a file for it"
    assert f"  problem: {problem}" in done.stdout
    assert done.stderr == f"evalsuite: problems: 1; the first: mine/sums: {problem}\n"
    as_json = data(tmp_path, "check", "mine/sums", "--json", "--limit", "5")
    assert json.loads(as_json.stdout)["tasks"][0]["sizes"]["test"] == 5


def test_overlap_is_reported_with_n(tmp_path: Path) -> None:
    library(tmp_path, None)
    mirror = tmp_path / "mirror" / "sums" / "test.jsonl"
    mirror.parent.mkdir(parents=True)
    mirror.write_bytes(ROWS)
    (tmp_path / "corpus.txt").write_text("they asked: what is 7 plus 7? and what is 8 plus 9?")
    arguments = ("overlap", "mine/sums", "--with", "corpus.txt", "--ngram", "5")
    done = data(tmp_path, *arguments)
    assert done.returncode == 0, done.stderr
    assert "1 of 300 samples (0.3 %) contaminated" in done.stdout
    assert "any of its 5-grams found; 1 documents, 13 words" in done.stdout
    assert "test-7  1 of 1 found" in done.stdout
    found = json.loads(data(tmp_path, *arguments, "--json").stdout)
    assert found["contaminated"] == [{"id": "test-7", "ngrams": 1, "found": 1}]
    thirteen = data(tmp_path, "overlap", "mine/sums", "--with", "corpus.txt")
    assert "300 samples are too short to judge" in thirteen.stdout
    assert "0 of 0 samples (unknown)" in thirteen.stdout
    itself = data(tmp_path, "overlap", "mine/sums", "--with", "mine/sums", "--ngram", "5")
    assert "300 of 300 samples (100.0 %)" in itself.stdout


def test_the_shipped_library_has_data_of_one_meaning(tmp_path: Path) -> None:
    nowhere = {"EVALSUITE_DATA": str(tmp_path / "no"), "EVALSUITE_CACHE": str(tmp_path / "cache")}
    done = evalsuite("data", "list", "--json", cwd=tmp_path, **nowhere)
    assert done.returncode == 0, done.stderr
    for entry in json.loads(done.stdout):
        assert entry["licence"] and entry["source"], entry["name"]
        assert all(len(file["sha256"]) == 64 for file in entry["files"]), entry["name"]
        assert all(file["place"] is None for file in entry["files"])
