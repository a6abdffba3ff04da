"""A dataset under its name: its files, where they are, and whether they are the right ones."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import gzip
import hashlib
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from evalsuite.datasets.fetching import NotFetched, Progress, Published, fetch, offline
from evalsuite.datasets.lines import unpacked
from evalsuite.datasets.reading import Form, Row, read_rows
from evalsuite.errors import DataMissing

Place = Literal["mirror", "cache"]
Say = Callable[[str], None]

_say: contextvars.ContextVar[Say | None] = contextvars.ContextVar("fetches_told", default=None)


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
        form: How it is read, where its ending does not say.
        columns: Names of the columns of a csv or tsv file without a header.
        separator: Between the cells of a csv or tsv file, where it is no comma or tab.
    """

    path: str
    sha256: str
    url: str | None = None
    lines: int | None = None
    form: Form | None = None
    columns: tuple[str, ...] | None = None
    separator: str | None = None


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A file of a dataset as it lies on this machine, packed or not."""

    path: Path
    place: Place

    @property
    def stored_bytes(self) -> int:
        """Its size as it lies there."""
        return self.path.stat().st_size

    def sha256(self) -> str:
        """Of its unpacked content; worked out once for a file of this size and time.

        Raises:
            DataMissing: If it is packed and damaged.
        """
        status = self.path.stat()
        try:
            return _digest(self.path, status.st_size, status.st_mtime_ns)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataMissing(
                f"{self.path}: the packed file is damaged ({error}); delete it"
            ) from None


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A dataset under its name, with the licence of its content and the page it comes from."""

    name: str
    licence: str
    source: str
    files: Mapping[str, DataFile]

    def copy(self, file: str) -> Copy | None:
        """What is on this machine under the file's path, the mirror first; its content is not read.

        None if there is nothing.
        """
        wanted = self.files[file]
        places: list[tuple[Path, Place]] = [(root, "mirror") for root in data_roots()]
        for folder, place in (*places, (cache_root(), "cache")):
            for path in (folder / wanted.path, folder / f"{wanted.path}.gz"):
                if path.is_file():
                    return Copy(path=path, place=place)
        return None

    def path(self, file: str, *, tell: Progress | None = None) -> Path:
        """A verified local copy of the file, fetched if need be.

        Args:
            file: Its name in ``files``.
            tell: Told of progress, where it is fetched.

        Raises:
            DataMissing: If it is nowhere, or what is there has another content.
            ExtraMissing: If it must come from the hub and huggingface-hub is not installed.
        """
        wanted, found = self.files[file], self.copy(file)
        if found is not None:
            if found.sha256() != wanted.sha256:
                raise DataMissing(
                    f"{self.name}: {found.path} does not have the recorded content "
                    f"(sha256 {wanted.sha256[:12]}... unpacked); replace or delete it"
                )
            return found.path
        nowhere = f"{self.name}: no {wanted.path} in {_looked_in()}"
        elsewhere = "set EVALSUITE_DATA to a folder that has it"
        if wanted.url is None:
            raise DataMissing(f"{nowhere}, and no published copy of it; {elsewhere}")
        if offline():
            raise DataMissing(
                f"{nowhere}, and EVALSUITE_OFFLINE forbids fetching it; {elsewhere}, or unset it "
                f"and: evalsuite data fetch {self.name}"
            )
        say = _say.get()
        if say is not None:
            licence = self.licence or "unknown"
            say(f"fetching {wanted.path} ({self.name}, licence {licence}) from {wanted.url}")
        target = cache_root() / wanted.path
        published = Published(url=wanted.url, sha256=wanted.sha256, lines=wanted.lines)
        try:
            fetch(published, target, cache_root(), tell)
        except (NotFetched, OSError) as error:
            raise DataMissing(
                f"{nowhere}, and {wanted.url} could not be fetched ({error}); {elsewhere}, or with "
                f"a network: evalsuite data fetch {self.name}"
            ) from None
        return target

    def rows(self, file: str) -> Iterator[Row]:
        """The rows of the file, streamed; see :func:`read_rows` and :meth:`path`."""
        how = self.files[file]
        return read_rows(
            self.path(file), form=how.form, columns=how.columns, separator=how.separator
        )


@contextlib.contextmanager
def fetches_told(say: Say) -> Iterator[None]:
    """Within the block, ``say`` is told of each file before its first byte is fetched."""
    token = _say.set(say)
    try:
        yield
    finally:
        _say.reset(token)


def data_roots() -> list[Path]:
    """Folders of the local mirror: $EVALSUITE_DATA alone, or else ./data and ../shared/data."""
    named = os.environ.get("EVALSUITE_DATA")
    return [Path(named)] if named else [Path("data"), Path("..", "shared", "data")]


def cache_root() -> Path:
    """Where fetched files are kept: $EVALSUITE_CACHE, or else ~/.cache/evalsuite."""
    named = os.environ.get("EVALSUITE_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "evalsuite"


def _looked_in() -> str:
    return ", ".join(map(str, [*data_roots(), cache_root()]))


@functools.cache
def _digest(path: Path, size: int, modified: int) -> str:
    """SHA-256 of the unpacked content; once for a file in this size of this time."""
    digest = hashlib.sha256()
    with unpacked(path) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
