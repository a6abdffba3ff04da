"""Verdicts from files, and from the ``verdicts.parquet`` of a run's judging."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from evalsuite.analysis.judges.recorded_models import with_families
from evalsuite.analysis.judges.table import VALUE_OF, Kind
from evalsuite.errors import ConfigError, DataMissing
from evalsuite.judging.judge_file import OVERALL
from evalsuite.store import Run, load_run

OF_A_RUN = {"by", "role", "sample_id", "system_a", "order", "value", "status"}
"""Columns by which the verdicts of a run are known."""
_THING = ("judge", "task", "sample_id", "system", "system_a", "system_b", "order")
_AGAIN = ("answer_repeat", "repeat")
OF_A_PANEL = ("criterion", *_THING, *_AGAIN)
"""Columns in which the verdicts of a panel and of its members are the same."""
OF_A_MEAN = ("by", "role", *_THING, *_AGAIN)
"""Columns in which the mean over criteria and the verdicts by each criterion are the same."""
SHOWN_FIRST = {"ab": "a", "ba": "b"}
WORDS: dict[Kind, str] = {"pairwise": "pairs", "score": "scores", "label": "labels"}
"""What judges judge by, in a word."""


def read_verdicts(path: Path) -> pd.DataFrame:
    """Read a table of verdicts, or of labels: CSV, JSON Lines (both also gzipped) or Parquet.

    The ``verdicts.parquet`` of a run's judging is understood too; see ``of_run``.

    Raises:
        DataMissing: no such file.
        ConfigError: the file is of another kind, or cannot be read.
    """
    if not path.is_file():
        raise DataMissing(f"{path}: no such file of verdicts")
    name = path.name.lower().removesuffix(".gz")
    try:
        if name.endswith(".csv"):
            # "None" and "null" may be names of systems; only nothing at all is missing
            frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
        elif name.endswith((".jsonl", ".ndjson")):
            frame = pd.read_json(path, lines=True, dtype=False)
        elif name.endswith(".parquet"):
            frame = pd.read_parquet(path)
        else:
            raise ConfigError(f"{path}: verdicts are read from .csv, .jsonl or .parquet")
    except (ValueError, OSError) as error:
        raise ConfigError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from error
    return of_run(frame) if set(frame.columns) >= OF_A_RUN else frame


def read_judged(folder: Path) -> list[pd.DataFrame]:
    """The verdicts in a run folder, or in that of one judging, a frame for each kind of verdict.

    Answers have their lengths in characters, and models are known, where the run is there.

    Raises:
        UserError: there is no run, or none of its answers was judged.
    """
    if folder.parent.name == "judging" and (folder / "verdicts.parquet").is_file():
        whole = folder.parents[1]
        run = load_run(whole) if (whole / "manifest.json").is_file() else None
        verdicts = pd.read_parquet(folder / "verdicts.parquet")
    else:
        run = load_run(folder)
        verdicts = run.verdicts
    if verdicts.empty:
        raise DataMissing(f"{folder}: nothing in this run was judged; see evalsuite judge")
    lengths = {} if run is None else _lengths(run)
    verdicts = verdicts if run is None else with_families(verdicts, run.path)
    return [_tidy(part, kind, lengths) for kind, part in _by_kind(verdicts).items()]


def of_run(frame: pd.DataFrame, lengths: Mapping[str, int] | None = None) -> pd.DataFrame:
    """The verdicts of a run's judging under this table's names.

    A judge is the judge's name and who applied it. Members of a panel are judges of their own, and
    so is the panel. Repeats of the answers are items of their own. What people's labels or the
    tasks' own scores say is right becomes ``human``. Verdicts in words are labels; the mean over
    criteria, which is no word, is then left out. So are answers that were never there to be judged.
    Verdicts that were read from one question share its cost; a panel's is that of its members.

    Args:
        frame: verdicts of one kind.
        lengths: length of an answer by the key of its response.

    Raises:
        ConfigError: verdicts of several kinds are in one table.
    """
    parts = _by_kind(frame)
    if len(parts) > 1:
        found = ", ".join(f"{WORDS[kind]} ({len(part)})" for kind, part in parts.items())
        raise ConfigError(
            f"the table holds verdicts of several kinds, {found}: name the run's folder, or the "
            "folder of one judging, RUN/judging/NAME"
        )
    ((kind, part),) = parts.items()
    return _tidy(part, kind, lengths or {})


def judge_names(frame: pd.DataFrame) -> pd.Series:
    """What judges are called in an audit: the judge's name, and who applied it."""
    judge = frame["judge"].astype(str) + " by " + frame["by"].astype(str)
    return judge.where(frame["role"] != "panel", judge + " (panel)")


def _by_kind(frame: pd.DataFrame) -> dict[Kind, pd.DataFrame]:
    """The verdicts by what they are; a judge whose labels are all numbers gives scores."""
    frame = frame[frame["status"] != "system_error"]
    frame = frame.assign(usd=_usd(frame))
    pairs = frame["system_a"].notna()
    words: dict[str, bool] = {}
    for judge, rows in frame[~pairs & (frame["criterion"] != OVERALL)].groupby("judge"):
        said = pd.concat([rows["verdict"], rows["right"]]).dropna()
        words[str(judge)] = bool(pd.to_numeric(said, errors="coerce").isna().any())
    in_words = ~pairs & frame["judge"].map(words).astype("boolean").fillna(False).astype(bool)
    parts: dict[Kind, pd.DataFrame] = {
        "pairwise": frame[pairs],
        "label": frame[in_words & (frame["criterion"] != OVERALL)],
        "score": frame[~pairs & ~in_words],
    }
    return {kind: part for kind, part in parts.items() if len(part)}


def _usd(frame: pd.DataFrame) -> pd.Series:
    """Dollars of each verdict: its part of its question's, or of what it was computed from."""
    if "question_key" not in frame:
        return frame["usd"]
    shared = frame.groupby("question_key")["question_key"].transform("size")
    usd = frame["usd"] / shared.reindex(frame.index).fillna(1)
    computed = frame["criterion"] == OVERALL
    whole = frame.assign(usd=usd)
    whole["usd"] = _sums(whole, whole["role"] == "panel", whole["role"] == "member", OF_A_PANEL)
    return _sums(whole, computed, ~computed, OF_A_MEAN)


def _sums(
    frame: pd.DataFrame, computed: pd.Series, parts: pd.Series, keys: Sequence[str]
) -> pd.Series:
    """Dollars of each row, those of the ``computed`` ones being sums over ``parts``."""
    usd = frame["usd"].astype(float)
    if computed.any() and parts.any():
        names = list(keys)
        whole = frame[parts].groupby(names, dropna=False)["usd"].sum(min_count=1, skipna=False)
        found = frame.loc[computed, names].merge(whole.reset_index(), on=names, how="left")["usd"]
        usd.loc[computed] = found.to_numpy(dtype=float)
    return usd


def _tidy(frame: pd.DataFrame, kind: Kind, lengths: Mapping[str, int]) -> pd.DataFrame:
    given = frame["status"] == "judged"
    repeat = frame["answer_repeat"].map(str)
    found = pd.DataFrame(
        {
            "judge": judge_names(frame),
            "item": frame["task"] + " " + frame["sample_id"] + " " + repeat,
            "cluster": frame["task"] + " " + frame["cluster"],
            "domain": frame["task"],
            "criterion": frame["criterion"],
            "repeat": frame["repeat"],
            "usd": frame["usd"],
            "seconds": frame["seconds"],
            "status": frame["error_kind"].where(~given, "scored"),
        }
    )
    value = {name: column for column, name in VALUE_OF.items()}[kind]
    found[value] = frame["value" if kind == "score" else "verdict"].where(given, None)
    right = pd.to_numeric(frame["right"], errors="coerce") if kind == "score" else frame["right"]
    if right.notna().any():
        found["human"] = right
    sides = ("_a", "_b") if kind == "pairwise" else ("",)
    for side in sides:
        found[f"system{side}"] = frame[f"system{side}"]
        if lengths:
            found[f"length{side}"] = frame[f"response_key{side}"].map(lengths)
        if f"family{side}" in frame:
            found[f"family{side}"] = frame[f"family{side}"]
    if "judge_family" in frame:
        found["judge_family"] = frame["judge_family"]
    if kind == "pairwise":
        found["shown_first"] = frame["order"].map(SHOWN_FIRST)
    return found


def _lengths(run: Run) -> dict[str, int]:
    """Characters of each answer that is a text."""
    texts = run.responses[["key", "text"]].dropna()
    return dict(zip(texts["key"].astype(str), texts["text"].str.len().astype(int), strict=True))
