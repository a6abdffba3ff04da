"""Battles that were judged more than once: copies, and verdicts that contradict each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalsuite.judging.battles import LOSS, WIN, Battles, check_battles

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
    key = _keys(battles, battles.cluster)
    again = np.flatnonzero(pd.Series(key).duplicated(keep=False).to_numpy())
    rows = pd.DataFrame(battles.covariates[again])
    rows = rows.assign(key=key[again], result=battles.result[again])
    duplicate[again] = rows.duplicated().to_numpy()
    span = rows.groupby("key")["result"].agg(["min", "max"])
    both = span.index[span["max"] - span["min"] == LOSS - WIN]
    contradiction[again] = rows["key"].isin(both).to_numpy()
    return duplicate, contradiction


def count_repeats(battles: Battles) -> tuple[int, int]:
    """How many battles are duplicates, and how many contradict another; a sort where it can be."""
    if battles.cluster is None:
        return 0, 0
    if battles.covariate_names:
        duplicate, contradiction = repeats(battles)
        return int(duplicate.sum()), int(contradiction.sum())
    spot = np.sort(_keys(battles, battles.cluster) * 3 + battles.result)
    near = np.flatnonzero(spot[1:] // 3 == spot[:-1] // 3)
    rows = spot[np.union1d(near, near + 1)]
    begin = np.flatnonzero(np.diff(rows // 3, prepend=-1))
    sizes = np.diff(begin, append=len(rows))
    ends = rows[begin + sizes - 1] % 3 - rows[begin] % 3  # sorted: the first is the least
    return int((np.diff(rows) == 0).sum()), int(sizes[ends == LOSS - WIN].sum())


def _keys(battles: Battles, cluster: NDArray[np.int64]) -> NDArray[np.int64]:
    models = len(battles.models)
    return np.asarray((cluster * models + battles.first) * models + battles.second)
