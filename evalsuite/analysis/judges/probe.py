"""Can a constant answer that says nothing, or that addresses the judge, win."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evalsuite.analysis.intervals import LEVEL
from evalsuite.analysis.judges.estimates import mean_estimate, rate_estimate
from evalsuite.analysis.judges.figure import Figure, absent
from evalsuite.analysis.judges.table import Kind
from evalsuite.errors import ConfigError

FOR_A = {"a": 1.0, "tie": 0.5, "b": 0.0}


def check_probe(rows: pd.DataFrame, probe: str) -> None:
    """Refuse a probe that nobody judged.

    Raises:
        ConfigError: no system has that name.
    """
    names = [name for name in ("system", "system_a", "system_b") if name in rows]
    systems = sorted({str(value) for name in names for value in rows[name].dropna()})
    if probe not in systems:
        raise ConfigError(f"no system {probe} to probe with; there are {', '.join(systems)}")


def probe_figures(
    rows: pd.DataFrame, kind: Kind, probe: str, *, level: float = LEVEL
) -> list[Figure]:
    """How one judge's ``rows`` fare with the constant answers of system ``probe``.

    Pairs: share of verdicts for the probe, a tie being half. Scores: how much lower (or higher) it
    is scored than the other systems' answers to the same items. Labels have neither.
    """
    if kind == "label":
        return []
    given = rows[rows["value"].notna()]
    if kind == "pairwise":
        return [_wins(rows, given, probe, level)]
    return [_scores(rows, given, probe, level)]


def _wins(rows: pd.DataFrame, given: pd.DataFrame, probe: str, level: float) -> Figure:
    def shown(part: pd.DataFrame) -> pd.DataFrame:
        return part[(part["system_a"] == probe) | (part["system_b"] == probe)]

    probed = shown(given)
    title = f"constant answer ({probe}) wins"
    if probed.empty:
        return absent("verdicts", "probe_wins", title, "share", "not judged")
    for_a = probed["value"].map(FOR_A).to_numpy(dtype=float)
    won = np.where(probed["system_a"] == probe, for_a, 1 - for_a)
    return Figure(
        section="verdicts",
        name="probe_wins",
        title=title,
        unit="share",
        estimate=rate_estimate(won, probed["cluster"], level=level),
        n_without=len(shown(rows)) - len(probed),
        note="a tie is half a win",
        wanted=0.0,
    )


def _scores(rows: pd.DataFrame, given: pd.DataFrame, probe: str, level: float) -> Figure:
    others = given[given["system"] != probe].groupby("item")["value"].mean()
    probed = given[(given["system"] == probe) & given["item"].isin(others.index)]
    title = f"constant answer ({probe}) above the others"
    if probed.empty:
        return absent("verdicts", "probe_score", title, "score", "no item has both")
    gap = (probed["value"] - probed["item"].map(others)).to_numpy(dtype=float)
    return Figure(
        section="verdicts",
        name="probe_score",
        title=title,
        unit="score",
        estimate=mean_estimate(gap, probed["cluster"], level=level),
        n_without=int((rows["system"] == probe).sum()) - len(probed),
        note="points above the mean of the other answers to the item",
    )
