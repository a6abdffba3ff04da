"""Runs on disk: a manifest beside Parquet tables, written once when a run is complete.

A run is a folder::

    manifest.json        what was run (records.Manifest)
    journal.sqlite       what happened, as it happened (evalsuite.running.journal)
    samples.parquet      what was asked, and what is right
    responses.parquet    one row a (task, system, sample, repeat)
    practice.parquet     the same for what systems practised on before they answered
    calls.parquet        one row a model call, practice included
    scores.parquet       one row a (response, score name)
    fits.parquet         one row a (task, system) that had to be prepared
    corpus.parquet       figures that are not means over samples
    verdicts.parquet     one row a verdict of a judge, where the run was judged
    judging/NAME         the run in which judge NAME was asked, a folder like this one, with what
                         it settled (settling.json) where it chose its pairs itself

``evalsuite.tables`` has their columns.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from evalsuite.errors import UserError
from evalsuite.records import SCHEMA_VERSION, Manifest
from evalsuite.tables import TABLES, VERDICTS

if TYPE_CHECKING:
    import pandas as pd

Table = Callable[[Sequence[str]], "pd.DataFrame"]
"""A table of a run: from the names of columns to a frame that holds these, all rows in order."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    name: tuple(columns) for name, columns in {**TABLES, "verdicts": VERDICTS}.items()
}
"""The columns of each table, in order."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """A finished run: its manifest and its tables as tidy frames.

    A table is read when it is first touched, and then kept: ``run.responses`` has all its columns.
    ``read`` takes some columns of it only, which is what large runs are read with.

    ``parts`` are the manifests of the runs that this one was pooled from (``evalsuite.pooling``);
    empty for a run that was run.
    """

    path: Path
    manifest: Manifest
    tables: Mapping[str, Table]
    parts: tuple[Manifest, ...] = ()

    def read(self, table: str, columns: Sequence[str]) -> pd.DataFrame:
        """Only these ``columns`` of ``table``, one of ``COLUMNS``; nothing of it is kept.

        Raises:
            KeyError: there is no such table, or no such column in it.
            UserError: its file is gone, or is no Parquet file.
        """
        if not set(columns) <= set(COLUMNS[table]):
            missing = ", ".join(sorted(set(columns) - set(COLUMNS[table])))
            raise KeyError(f"{table} has no column {missing}")
        kept: pd.DataFrame | None = vars(self).get(table)
        return self.tables[table](columns) if kept is None else kept[list(columns)]

    def with_frames(self, **frames: pd.DataFrame) -> Run:
        """The same run with other ``frames`` in place of the tables of their names."""
        return replace(self, tables={**self.tables, **in_memory(frames)})

    @cached_property
    def samples(self) -> pd.DataFrame:
        """What was asked, and what is right."""
        return self.read("samples", COLUMNS["samples"])

    @cached_property
    def responses(self) -> pd.DataFrame:
        """One row a (task, system, sample, repeat)."""
        return self.read("responses", COLUMNS["responses"])

    @cached_property
    def practice(self) -> pd.DataFrame:
        """Answers that systems practised on before they answered for the record."""
        return self.read("practice", COLUMNS["practice"])

    @cached_property
    def calls(self) -> pd.DataFrame:
        """One row a model call, practice included."""
        return self.read("calls", COLUMNS["calls"])

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One row a (response, score name)."""
        return self.read("scores", COLUMNS["scores"])

    @cached_property
    def fits(self) -> pd.DataFrame:
        """One row a (task, system) that had to be prepared."""
        return self.read("fits", COLUMNS["fits"])

    @cached_property
    def corpus(self) -> pd.DataFrame:
        """Figures that are not means over samples."""
        return self.read("corpus", COLUMNS["corpus"])

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """What judges said of the answers that are in ``responses``; no rows where none did."""
        return self.read("verdicts", COLUMNS["verdicts"])


def load_run(path: Path | str) -> Run:
    """The run in folder ``path``: finished, or stopped early with what was answered.

    Its tables are read when they are touched. UserError where there is no run, where it is going on
    or was killed, or where one of its tables is missing.
    """
    _spare_memory()
    folder = Path(path)
    manifest = read_manifest(folder)
    if not manifest.complete and manifest.stopped is None:
        raise UserError(f"{folder}: this run is not finished; run its experiment again to go on")
    files = {name: folder / f"{name}.parquet" for name in TABLES}
    for file in files.values():
        if not file.exists():
            raise _gone(file)
    tables = {name: parquet(file) for name, file in files.items()}
    tables["verdicts"] = _verdicts(folder / "verdicts.parquet", tables["responses"])
    return Run(path=folder, manifest=manifest, tables=tables)


def _spare_memory() -> None:
    """Let Arrow, unless it is in use already or told otherwise, take memory from the system.

    Its own pool gives back late what is read once and dropped: the report of a million answers
    takes half as much time again with it, and a third more memory.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


def parquet(file: Path) -> Table:
    """The table in a Parquet file; UserError, when it is read, where that is none."""

    def read(columns: Sequence[str]) -> pd.DataFrame:
        import pandas as pd
        import pyarrow as pa

        try:
            return pd.read_parquet(file, columns=list(columns))
        except FileNotFoundError:
            raise _gone(file) from None
        except pa.ArrowInvalid as error:
            why = str(error).partition("\n")[0]
            raise UserError(f"{file}: cannot be read as a table of a run: {why}") from None

    return read


def in_memory(frames: Mapping[str, pd.DataFrame]) -> dict[str, Table]:
    """Frames that are there already, by name of their table."""

    def table(frame: pd.DataFrame) -> Table:
        return lambda columns: frame[list(columns)]

    return {name: table(frame) for name, frame in frames.items()}


def no_verdicts(columns: Sequence[str]) -> pd.DataFrame:
    """The verdicts of a run that nobody judged."""
    import pandas as pd

    return pd.DataFrame(columns=list(columns))


def _verdicts(file: Path, responses: Table) -> Table:
    """Verdicts on the answers that are in ``responses``: a judging may be older than those."""

    def read(columns: Sequence[str]) -> pd.DataFrame:
        import pandas as pd

        if not file.exists():
            return no_verdicts(columns)
        judged = ["response_key", "response_key_a", "response_key_b"]
        found = parquet(file)(list(dict.fromkeys([*columns, *judged])))
        known = set(responses(["key"])["key"])
        held = pd.Series(True, index=found.index)
        for column in judged:
            held &= found[column].isna() | found[column].isin(known)
        return found.loc[held, list(columns)].reset_index(drop=True)

    return read


def _gone(file: Path) -> UserError:
    return UserError(f"{file}: this table of the run is missing; run its experiment again")


def read_manifest(folder: Path) -> Manifest:
    """The manifest in ``folder``; UserError where there is none or it is of another version."""
    path = folder / "manifest.json"
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise UserError(f"{folder}: no run here (a run folder holds a manifest.json)") from None
    except msgspec.DecodeError as error:
        raise UserError(f"{path}: not a manifest: {error}") from None
    if manifest.schema_version != SCHEMA_VERSION:
        raise UserError(
            f"{path}: schema version {manifest.schema_version}; "
            f"this evalsuite reads version {SCHEMA_VERSION}"
        )
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``manifest.json`` so that a reader sees the old one or the new one, never a part."""
    encoded = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    _replace(folder / "manifest.json", encoded)


def _replace(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)
