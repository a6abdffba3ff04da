"""Verdicts from files, and from the ``verdicts.parquet`` of a run's judging."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from evalsuite.errors import ConfigError, DataMissing

OF_A_RUN = {"by", "role", "sample_id", "system_a", "order", "value", "status"}
"""Columns by which the verdicts of a run are known."""
SHOWN_FIRST = {"ab": "a", "ba": "b"}


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


def of_run(frame: pd.DataFrame) -> pd.DataFrame:
    """The verdicts of a run's judging under this table's names.

    A judge is the judge's name and who applied it. Members of a panel are judges of their own, and
    so is the panel. Repeats of the answers are items of their own.

    Raises:
        ConfigError: pairs and scores are in one table.
    """
    pairs = frame["system_a"].notna()
    if pairs.any() and not pairs.all():
        raise ConfigError(
            f"the table holds verdicts on pairs ({int(pairs.sum())}) and on single answers "
            f"({int((~pairs).sum())}): name the verdicts.parquet of one judging, RUN/judging/NAME"
        )
    judge = frame["judge"].astype(str) + " by " + frame["by"].astype(str)
    panel = frame["role"] == "panel"
    found = pd.DataFrame(
        {
            "judge": judge.where(~panel, judge + " (panel)"),
            "item": frame["task"]
            + " "
            + frame["sample_id"]
            + " "
            + frame["answer_repeat"].map(str),
            "cluster": frame["task"] + " " + frame["cluster"],
            "domain": frame["task"],
            "criterion": frame["criterion"],
            "repeat": frame["repeat"],
            "usd": frame["usd"],
            "seconds": frame["seconds"],
            "status": frame["error_kind"].where(frame["status"] != "judged", "scored"),
        }
    )
    if pairs.any():
        return found.assign(
            system_a=frame["system_a"],
            system_b=frame["system_b"],
            shown_first=frame["order"].map(SHOWN_FIRST),
            verdict=frame["verdict"].where(frame["status"] == "judged", None),
        )
    return found.assign(system=frame["system"], score=frame["value"])
