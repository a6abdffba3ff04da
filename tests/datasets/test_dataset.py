from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from evalsuite.datasets import DataFile, Dataset, cache_root, data_roots, dataset
from evalsuite.errors import DataMissing

ROWS = [{"a": 1, "b": "x"}, {"a": 2, "b": "line\u2028separator"}, {"a": 3, "b": "ü"}]
TEXT = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()


@pytest.fixture(autouse=True)
def folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EVALSUITE_DATA", str(tmp_path / "mirror"))
    monkeypatch.setenv("EVALSUITE_CACHE", str(tmp_path / "cache"))


def toy(content: bytes = TEXT, url: str | None = None, lines: int | None = None) -> Dataset:
    sha256 = hashlib.sha256(content).hexdigest()
    file = DataFile(path="toy/rows.jsonl", sha256=sha256, url=url, lines=lines)
    return Dataset(name="toy", licence="MIT", source="here", files={"test": file})


def put(root: Path, name: str, content: bytes) -> Path:
    path = root / "toy" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_the_mirror_comes_first_packed_or_not(tmp_path: Path, packed: bool) -> None:
    name, content = ("rows.jsonl.gz", gzip.compress(TEXT)) if packed else ("rows.jsonl", TEXT)
    path = put(tmp_path / "mirror", name, content)
    put(tmp_path / "cache", "rows.jsonl", b"not looked at")
    assert toy().path("test") == path
    assert list(toy().rows("test")) == ROWS


def test_the_cache_comes_second(tmp_path: Path) -> None:
    path = put(tmp_path / "cache", "rows.jsonl", TEXT)
    assert toy().path("test") == path


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_fetched_is_unpacked_checked_and_kept(tmp_path: Path, packed: bool) -> None:
    published = tmp_path / "published"
    published.write_bytes(gzip.compress(TEXT) if packed else TEXT)
    logs = toy(url=published.as_uri())
    assert list(logs.rows("test")) == ROWS
    published.unlink()
    assert list(logs.rows("test")) == ROWS
    assert (tmp_path / "cache/toy/rows.jsonl").read_bytes() == TEXT


def test_only_the_first_lines_are_kept(tmp_path: Path) -> None:
    published = tmp_path / "published"
    published.write_bytes(TEXT)
    head = b"".join(TEXT.splitlines(keepends=True)[:1])
    # bytes.splitlines knows \n only, as the reader does
    assert list(toy(head, published.as_uri(), lines=1).rows("test")) == ROWS[:1]


def test_wrong_content_is_not_kept(tmp_path: Path) -> None:
    published = tmp_path / "published"
    published.write_bytes(TEXT + b"{}\n")
    with pytest.raises(DataMissing, match=r"could not be fetched \(its sha256 is"):
        toy(url=published.as_uri()).path("test")
    assert list((tmp_path / "cache" / "toy").iterdir()) == []


def test_wrong_content_in_the_mirror_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path / "mirror", "rows.jsonl", TEXT + b"{}\n")
    with pytest.raises(DataMissing, match="does not have the recorded content"):
        toy().path("test")
    path.write_bytes(TEXT)  # a mended file is read again
    assert toy().path("test") == path


def test_a_missing_file_names_what_where_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataMissing) as raised:
        toy().path("test")
    message = str(raised.value)
    assert "\n" not in message
    for part in ("toy/rows.jsonl", str(tmp_path / "mirror"), str(tmp_path / "cache"), "EVALSUITE_"):
        assert part in message
    with pytest.raises(DataMissing, match="No such file"):
        toy(url=(tmp_path / "nowhere").as_uri()).path("test")


def test_hub_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub")
    asked: list[object] = []

    def download(repo: str, path: str, **options: object) -> str:
        asked.append((repo, path, options))
        raise hub.errors.LocalEntryNotFoundError("offline\nand more")

    monkeypatch.setattr(hub, "hf_hub_download", download)
    with pytest.raises(DataMissing, match=r"\(offline\)"):
        toy(url="hf://datasets/openai/gsm8k@abc123/main/test.jsonl").path("test")
    options = {"revision": "abc123", "repo_type": "dataset"}
    assert asked == [("openai/gsm8k", "main/test.jsonl", options)]
    with pytest.raises(DataMissing, match="not of the form"):
        toy(url="hf://datasets/openai/gsm8k/main/test.jsonl").path("test")


def test_default_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVALSUITE_DATA")
    monkeypatch.delenv("EVALSUITE_CACHE")
    assert data_roots() == [Path("data"), Path("../shared/data")]
    assert cache_root() == Path.home() / ".cache" / "evalsuite"


def test_a_file_is_hashed_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    put(tmp_path / "mirror", "rows.jsonl", TEXT)
    logs = toy()
    logs.path("test")
    opened: list[Path] = []
    monkeypatch.setattr(dataset, "unpacked", opened.append)
    logs.path("test")
    assert opened == []


def test_a_damaged_packed_copy_is_named(tmp_path: Path) -> None:
    put(tmp_path / "mirror", "rows.jsonl.gz", gzip.compress(TEXT)[:-10])
    with pytest.raises(DataMissing, match=r"rows\.jsonl\.gz: the packed file is damaged"):
        toy().path("test")


def test_where_a_copy_lies_is_told_without_reading_it(tmp_path: Path) -> None:
    assert toy().copy("test") is None
    cached = put(tmp_path / "cache", "rows.jsonl", b"anything")
    found = toy().copy("test")
    assert found is not None and (found.path, found.place) == (cached, "cache")
    assert found.stored_bytes == 8
    mirrored = put(tmp_path / "mirror", "rows.jsonl", TEXT)
    found = toy().copy("test")
    assert found is not None and (found.path, found.place) == (mirrored, "mirror")
    assert found.sha256() == hashlib.sha256(TEXT).hexdigest()


def test_a_file_says_how_it_is_read_where_its_ending_does_not(tmp_path: Path) -> None:
    content = b"1;a\n2;b\n"
    put(tmp_path / "mirror", "rows.data", content)
    file = DataFile(
        path="toy/rows.data",
        sha256=hashlib.sha256(content).hexdigest(),
        form="csv",
        columns=("n", "letter"),
        separator=";",
    )
    rows = Dataset(name="toy", licence="MIT", source="here", files={"test": file}).rows("test")
    assert list(rows) == [{"n": "1", "letter": "a"}, {"n": "2", "letter": "b"}]
