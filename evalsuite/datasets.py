"""Datasets: named once, found locally or fetched, checked by content.

A file is looked for in the data roots (a local mirror), then in the user's cache, and is else
fetched from where it was published. Whatever is found must have the recorded content; gzip does
not count as content, so a mirror may keep files packed or not.
"""

from __future__ import annotations

import contextlib
import csv
import functools
import gzip
import hashlib
import io
import itertools
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from evalsuite.errors import DataMissing, ExtraMissing

Row = dict[str, Any]

_GZIP = b"\x1f\x8b"
_HUB = re.compile(r"hf://datasets/(?P<repo>[^/]+/[^/@]+)@(?P<revision>[^/]+)/(?P<path>.+)")


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """One file of a dataset.

    Attributes:
        path: Where it lies below a data root or the cache, without ``.gz``. Its ending says how
            it is read.
        sha256: Of its unpacked content.
        url: Where it was published: ``https://...`` or, on the Hugging Face hub,
            ``hf://datasets/OWNER/NAME@REVISION/PATH``. None where that is not the same content
            (a sample, a conversion), so that only a mirror has it.
        lines: How many lines of the published file it consists of; None for all of them.
    """

    path: str
    sha256: str
    url: str | None = None
    lines: int | None = None


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A dataset under its name, with the licence of its content and the page it comes from."""

    name: str
    licence: str
    source: str
    files: Mapping[str, DataFile]

    def path(self, file: str) -> Path:
        """A verified local copy of the file, fetched if need be.

        Raises:
            DataMissing: If it is nowhere, or what is there has another content.
            ExtraMissing: If it must come from the hub and huggingface-hub is not installed.
        """
        wanted = self.files[file]
        places = [*data_roots(), cache_root()]
        for place in places:
            for path in (place / wanted.path, place / f"{wanted.path}.gz"):
                if path.is_file():
                    return self._verified(path, wanted)
        looked = ", ".join(map(str, places))
        if wanted.url is None:
            raise DataMissing(
                f"{self.name}: no {wanted.path} in {looked}, and no published copy of it; "
                "set EVALSUITE_DATA to a folder that has it"
            )
        path = cache_root() / wanted.path
        try:
            _fetch(wanted.url, wanted.lines, path, wanted.sha256)
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise DataMissing(
                f"{self.name}: no {wanted.path} in {looked}, and {wanted.url} could not be "
                f"fetched ({reason}); set EVALSUITE_DATA to a folder that has it"
            ) from None
        return path

    def rows(self, file: str) -> Iterator[Row]:
        """The rows of the file, streamed; see :func:`read_rows` and :meth:`path`."""
        return read_rows(self.path(file))

    def _verified(self, path: Path, wanted: DataFile) -> Path:
        status = path.stat()
        if _digest(path, status.st_size, status.st_mtime_ns) != wanted.sha256:
            raise DataMissing(
                f"{self.name}: {path} does not have the recorded content "
                f"(sha256 {wanted.sha256[:12]}... unpacked); replace or delete it"
            )
        return path


def data_roots() -> list[Path]:
    """Folders of the local mirror: $EVALSUITE_DATA alone, or else ./data and ../shared/data."""
    named = os.environ.get("EVALSUITE_DATA")
    return [Path(named)] if named else [Path("data"), Path("..", "shared", "data")]


def cache_root() -> Path:
    """Where fetched files are kept: $EVALSUITE_CACHE, or else ~/.cache/evalsuite."""
    named = os.environ.get("EVALSUITE_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "evalsuite"


# --- reading ------------------------------------------------------------------------------------


def read_rows(path: Path) -> Iterator[Row]:
    """Stream the rows of a jsonl, json (a list of objects), csv, parquet or conll file.

    Files may be packed with gzip (parquet excepted). Cells of a csv file are texts. A conll file
    has one row a sentence, with ``tokens`` and ``tags`` (first and last column).

    Raises:
        ValueError: If the ending is none of these, or the content is not what the ending says.
    """
    suffix = Path(path.name.removesuffix(".gz")).suffix
    readers = {".jsonl": _jsonl, ".json": _json, ".csv": _csv, ".conll": _conll}
    if suffix == ".parquet":
        return _parquet(path)
    if suffix not in readers:
        raise ValueError(f"{path}: cannot read {suffix or 'a file without ending'}")
    return readers[suffix](path)


@contextlib.contextmanager
def _text(path: Path) -> Iterator[TextIO]:
    with _unpacked(path) as file:
        # Universal newlines would take line separators inside a value for ends of lines.
        yield io.TextIOWrapper(file, encoding="utf-8-sig", newline="")


@contextlib.contextmanager
def _unpacked(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
        file.seek(0)
        if packed:
            with gzip.open(file, "rb") as inner:
                yield cast(BinaryIO, inner)
        else:
            yield file


def _jsonl(path: Path) -> Iterator[Row]:
    with _text(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ValueError(f"{path}:{number}: {error}") from None
            if not isinstance(row, dict):
                raise ValueError(f"{path}:{number}: not an object")
            yield row


def _json(path: Path) -> Iterator[Row]:
    with _text(path) as file:
        try:
            rows = json.load(file)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{path}: not a list of objects")
    yield from rows


def _csv(path: Path) -> Iterator[Row]:
    with _text(path) as file:
        reader = csv.DictReader(file, strict=True)
        for row in reader:
            if None in row or None in row.values():
                raise ValueError(f"{path}:{reader.line_num}: another number of cells than columns")
            yield dict(row)


def _parquet(path: Path) -> Iterator[Row]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches():
            yield from batch.to_pylist()


def _conll(path: Path) -> Iterator[Row]:
    with _text(path) as file:
        lines = (line.strip() for line in file)
        for blank, group in itertools.groupby(lines, key=lambda line: not line):
            if not blank:
                cells = [line.split() for line in group]
                yield {"tokens": [c[0] for c in cells], "tags": [c[-1] for c in cells]}


# --- fetching -----------------------------------------------------------------------------------


@functools.cache
def _digest(path: Path, size: int, modified: int) -> str:
    """SHA-256 of the unpacked content; once for a file in this size of this time."""
    digest = hashlib.sha256()
    with _unpacked(path) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _fetch(url: str, lines: int | None, path: Path, sha256: str) -> None:
    """Fetch, unpack and check a file; ``path`` appears only whole and right.

    Raises:
        OSError: If it cannot be fetched or written.
        ValueError: If its content is not the recorded one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        raw, clean = Path(folder, "raw"), Path(folder, "clean")
        if url.startswith("hf://"):
            raw = _hub_file(url)
        else:
            import urllib.request  # slow to import, and most runs fetch nothing

            with urllib.request.urlopen(url, timeout=60) as source, raw.open("wb") as target:
                while block := source.read(1 << 20):
                    target.write(block)
        digest = hashlib.sha256()
        with _unpacked(raw) as file, clean.open("wb") as target:
            # Lines of a binary file are only blocks, unless the number of lines is asked for.
            for line in itertools.islice(file, lines):
                digest.update(line)
                target.write(line)
        if digest.hexdigest() != sha256:
            raise ValueError(f"sha256 is {digest.hexdigest()[:12]}..., not {sha256[:12]}...")
        os.replace(clean, path)


def _hub_file(url: str) -> Path:
    match = _HUB.fullmatch(url)
    if match is None:
        raise ValueError("not of the form hf://datasets/OWNER/NAME@REVISION/PATH")
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError:
        raise ExtraMissing("huggingface-hub", "hub", f"fetching {url}") from None
    try:
        local = hf_hub_download(
            match["repo"], match["path"], revision=match["revision"], repo_type="dataset"
        )
    except (HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise OSError(str(error).splitlines()[0]) from None
    return Path(local)
