"""Whose answers are a judge's own: the models at and below judges and systems of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from evalsuite.library.bound_judges import model_of
from evalsuite.records import Manifest
from evalsuite.store import read_manifest

SIDES = ("", "_a", "_b")


def with_families(frame: pd.DataFrame, run: Path) -> pd.DataFrame:
    """The verdicts ``frame`` of the run in folder ``run`` with who made the models.

    ``judge_family`` names the models at and below who judged. The ``family`` of a system that has
    one of them, anywhere below it, is the same; that of another names its own models. Missing where
    nothing is on record, as of a panel.
    """
    systems = _models(read_manifest(run))
    titles = {str(title) for title in frame["judge"]}
    folders = {title: run / "judging" / title for title in titles}
    judges = {
        (title, name): models
        for title, folder in folders.items()
        if (folder / "manifest.json").is_file()
        for name, models in _models(read_manifest(folder)).items()
    }
    who = [judges.get(key) for key in zip(frame["judge"], frame["by"], strict=True)]
    found = frame.assign(judge_family=pd.Series(map(_named, who), index=frame.index, dtype=object))
    for side in SIDES:
        of = [systems.get(name) for name in frame[f"system{side}"]]
        own = [
            _named(by if by and models and by & models else models)
            for by, models in zip(who, of, strict=True)
        ]
        found[f"family{side}"] = pd.Series(own, index=frame.index, dtype=object)
    return found


def _models(manifest: Manifest) -> Mapping[object, frozenset[str]]:
    """Every model at and below each system."""
    entries = {entry.name: entry for entry in manifest.systems}

    def below(name: str) -> frozenset[str]:
        entry = entries[name]
        if entry.kind == "hybrid":
            return frozenset().union(*map(below, entry.roles.values()))
        return frozenset({model_of(entry.pattern, entry.config)})

    return {name: below(name) for name in entries}


def _named(models: frozenset[str] | None) -> str | None:
    return " ".join(sorted(models)) if models else None
