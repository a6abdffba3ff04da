"""Battles that were judged more than once: copies, and verdicts that contradict each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalsuite.judging.battles import Battles, check_battles

Mask = NDArray[np.bool_]


def repeated_battles(frame: pd.DataFrame, covariates: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of ``frame`` that repeat another, with a column ``kind``.

    A row is a ``duplicate`` if an earlier one has the same pair, cluster, outcome and covariates
    whichever side the models stood on, and a ``contradiction`` if some other row of its cluster
    and pair was won by the other model. Nothing is dropped by anyone: repeated judging is evidence
    about the judge, and copies by mistake are yours to remove. Without a ``cluster`` column
    repeats cannot be told from further battles, and none are found.

    Raises:
        ConfigError: as ``check_battles``.
    """
    battles = check_battles(frame, covariates)
    judged = frame[frame["outcome"].notna()]
    duplicate, contradiction = repeats(battles)
    kind = np.where(contradiction, "contradiction", "duplicate")
    found = duplicate | contradiction
    return judged[found].assign(kind=kind[found])


def repeats(battles: Battles) -> tuple[Mask, Mask]:
    """(n,) whether each battle is a duplicate, and (n,) whether it contradicts another."""
    duplicate = np.zeros(len(battles), dtype=bool)
    contradiction = np.zeros(len(battles), dtype=bool)
    if battles.cluster is None:
        return duplicate, contradiction
    models = len(battles.models)
    key = (battles.cluster * models + battles.first) * models + battles.second
    again = np.flatnonzero(pd.Series(key).duplicated(keep=False).to_numpy())
    rows = pd.DataFrame(battles.covariates[again])
    rows = rows.assign(key=key[again], result=battles.result[again])
    duplicate[again] = rows.duplicated().to_numpy()
    span = rows.groupby("key")["result"].agg(["min", "max"])
    both = span.index[span["max"] - span["min"] == 2]
    contradiction[again] = rows["key"].isin(both).to_numpy()
    return duplicate, contradiction
