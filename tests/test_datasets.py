from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from evalsuite import datasets
from evalsuite.datasets import DataFile, Dataset, cache_root, data_roots, read_rows
from evalsuite.errors import DataMissing

ROWS = [{"a": 1, "b": "x"}, {"a": 2, "b": "line\u2028separator"}, {"a": 3, "b": "ü"}]
TEXT = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()


@pytest.fixture(autouse=True)
def folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EVALSUITE_DATA", str(tmp_path / "mirror"))
    monkeypatch.setenv("EVALSUITE_CACHE", str(tmp_path / "cache"))


def dataset(content: bytes = TEXT, url: str | None = None, lines: int | None = None) -> Dataset:
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
    assert dataset().path("test") == path
    assert list(dataset().rows("test")) == ROWS


def test_the_cache_comes_second(tmp_path: Path) -> None:
    path = put(tmp_path / "cache", "rows.jsonl", TEXT)
    assert dataset().path("test") == path


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_fetched_is_unpacked_checked_and_kept(tmp_path: Path, packed: bool) -> None:
    published = tmp_path / "published"
    published.write_bytes(gzip.compress(TEXT) if packed else TEXT)
    toy = dataset(url=published.as_uri())
    assert list(toy.rows("test")) == ROWS
    published.unlink()
    assert list(toy.rows("test")) == ROWS
    assert (tmp_path / "cache/toy/rows.jsonl").read_bytes() == TEXT


def test_only_the_first_lines_are_kept(tmp_path: Path) -> None:
    published = tmp_path / "published"
    published.write_bytes(TEXT)
    head = b"".join(TEXT.splitlines(keepends=True)[:1])
    # bytes.splitlines knows \n only, as the reader does
    assert list(dataset(head, published.as_uri(), lines=1).rows("test")) == ROWS[:1]


def test_wrong_content_is_not_kept(tmp_path: Path) -> None:
    published = tmp_path / "published"
    published.write_bytes(TEXT + b"{}\n")
    with pytest.raises(DataMissing, match=r"could not be fetched \(sha256 is"):
        dataset(url=published.as_uri()).path("test")
    assert list((tmp_path / "cache" / "toy").iterdir()) == []


def test_wrong_content_in_the_mirror_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path / "mirror", "rows.jsonl", TEXT + b"{}\n")
    with pytest.raises(DataMissing, match="does not have the recorded content"):
        dataset().path("test")
    path.write_bytes(TEXT)  # a mended file is read again
    assert dataset().path("test") == path


def test_a_missing_file_names_what_where_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataMissing) as raised:
        dataset().path("test")
    message = str(raised.value)
    assert "\n" not in message
    for part in ("toy/rows.jsonl", str(tmp_path / "mirror"), str(tmp_path / "cache"), "EVALSUITE_"):
        assert part in message
    with pytest.raises(DataMissing, match="No such file"):
        dataset(url=(tmp_path / "nowhere").as_uri()).path("test")


def test_hub_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub")
    asked: list[object] = []

    def download(repo: str, path: str, **options: object) -> str:
        asked.append((repo, path, options))
        raise hub.errors.LocalEntryNotFoundError("offline\nand more")

    monkeypatch.setattr(hub, "hf_hub_download", download)
    with pytest.raises(DataMissing, match=r"\(offline\)"):
        dataset(url="hf://datasets/openai/gsm8k@abc123/main/test.jsonl").path("test")
    options = {"revision": "abc123", "repo_type": "dataset"}
    assert asked == [("openai/gsm8k", "main/test.jsonl", options)]
    with pytest.raises(DataMissing, match="not of the form"):
        dataset(url="hf://datasets/openai/gsm8k/main/test.jsonl").path("test")


def test_default_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVALSUITE_DATA")
    monkeypatch.delenv("EVALSUITE_CACHE")
    assert data_roots() == [Path("data"), Path("../shared/data")]
    assert cache_root() == Path.home() / ".cache" / "evalsuite"


def test_a_file_is_hashed_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    put(tmp_path / "mirror", "rows.jsonl", TEXT)
    toy = dataset()
    toy.path("test")
    opened: list[Path] = []
    monkeypatch.setattr(datasets, "_unpacked", opened.append)
    toy.path("test")
    assert opened == []


# --- reading ------------------------------------------------------------------------------------


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def test_csv(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", '\ufeffa,b\r\n1,"two\nlines"\r\n2,\r\n')
    assert list(read_rows(path)) == [{"a": "1", "b": "two\nlines"}, {"a": "2", "b": ""}]


def test_json(tmp_path: Path) -> None:
    assert list(read_rows(write(tmp_path / "x.json", '[{"a": 1}]'))) == [{"a": 1}]


def test_conll(tmp_path: Path) -> None:
    path = write(tmp_path / "x.conll", "\nA\tB-PER\nB\tO\n\t\n\nC\tx\tO\n")
    assert list(read_rows(path)) == [
        {"tokens": ["A", "B"], "tags": ["B-PER", "O"]},
        {"tokens": ["C"], "tags": ["O"]},
    ]


def test_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": [1, None]}), tmp_path / "x.parquet")
    assert list(read_rows(tmp_path / "x.parquet")) == [{"a": 1}, {"a": None}]


def test_rows_are_streamed(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", '{"a": 1}\n\nbroken\n')
    rows = read_rows(path)
    assert next(rows) == {"a": 1}
    with pytest.raises(ValueError, match=r"x\.jsonl:3"):
        next(rows)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.jsonl", "[1]\n"),
        ("x.json", '{"a": 1}'),
        ("x.json", "["),
        ("x.csv", "a,b\n1\n"),
        ("x.csv", "a,b\n1,2,3\n"),
        ("x.txt", "a"),
    ],
)
def test_broken_files(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(ValueError, match=name.replace(".", r"\.")):
        list(read_rows(write(tmp_path / name, text)))
