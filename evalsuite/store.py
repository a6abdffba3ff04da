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
    judging/NAME         the run in which judge NAME was asked, a folder like this one

``evalsuite.tables`` has their columns.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from evalsuite.errors import UserError
from evalsuite.records import SCHEMA_VERSION, Manifest
from evalsuite.tables import TABLES, VERDICTS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished run: its manifest and its tables as tidy frames."""

    path: Path
    manifest: Manifest
    samples: pd.DataFrame
    responses: pd.DataFrame
    practice: pd.DataFrame
    calls: pd.DataFrame
    scores: pd.DataFrame
    fits: pd.DataFrame
    corpus: pd.DataFrame

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """What judges said of the answers that are in ``responses``; no rows where none did."""
        import pandas as pd

        path = self.path / "verdicts.parquet"
        if not path.exists():
            return pd.DataFrame(columns=list(VERDICTS))
        found = pd.read_parquet(path)
        known = set(self.responses["key"])
        held = pd.Series(True, index=found.index)
        for column in ("response_key", "response_key_a", "response_key_b"):
            held &= found[column].isna() | found[column].isin(known)
        return found[held].reset_index(drop=True)


def load_run(path: Path | str) -> Run:
    """Read the run in folder ``path``: finished, or stopped early with what was answered.

    UserError where there is none, or where it is going on or was killed.
    """
    import pandas as pd

    folder = Path(path)
    manifest = read_manifest(folder)
    if not manifest.complete and manifest.stopped is None:
        raise UserError(f"{folder}: this run is not finished; run its experiment again to go on")
    frames = {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES}
    return Run(path=folder, manifest=manifest, **frames)


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
