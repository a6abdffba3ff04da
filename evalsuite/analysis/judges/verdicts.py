"""What was asked and what came back: failures, ties, one answer to everything, cost and time."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from evalsuite.analysis.clusters import Floats
from evalsuite.analysis.intervals import LEVEL, Estimate, percentile, proportion
from evalsuite.analysis.judges.estimates import mean_estimate
from evalsuite.analysis.judges.figure import Figure, absent, scaled
from evalsuite.analysis.judges.resample import resample
from evalsuite.analysis.judges.table import Kind
from evalsuite.judging.discrimination import discrimination


def verdict_figures(rows: pd.DataFrame, kind: Kind, *, level: float = LEVEL) -> list[Figure]:
    """Failures, ties, and how often the commonest verdict is given, of one judge's ``rows``."""
    failed = rows["value"].isna()
    kinds = rows.loc[failed, "status"].value_counts()
    found = [
        Figure(
            section="verdicts",
            name="failed",
            title="no verdict",
            unit="share",
            estimate=proportion(failed.astype(float), rows["cluster"], level=level),
            note=", ".join(f"{status} {count}" for status, count in kinds.items()),
            wanted=0.0,
        )
    ]
    given = rows[~failed]
    if given.empty:
        return found
    if kind == "pairwise":
        found.append(_share(given, given["value"] == "tie", "ties", "ties", "", level))
        labelled = rows.drop_duplicates("unit")
        labelled = labelled[labelled["human"].notna()]
        if len(labelled):
            ties = labelled["human"] == "tie"
            found.append(_share(labelled, ties, "ties_human", "… of the labels", "", level))
        return found
    commonest = given["value"].value_counts().index[0]
    same = given["value"] == commonest
    text = f"{commonest:g}" if kind == "score" else str(commonest)
    found.append(_share(given, same, "commonest", "the commonest verdict", f"it is {text}", level))
    return found


def spread_figures(rows: pd.DataFrame, kind: Kind, *, level: float = LEVEL) -> list[Figure]:
    """How well one judge's scores tell systems apart; nothing for pairs and labels."""
    if kind != "score":
        return []
    title = "F of systems"
    if "system" not in rows or rows["system"].nunique() < 2:
        why = "needs a column system with two systems or more"
        return [absent("discrimination", "anova_f", title, "ratio", why)]
    given = rows[rows["value"].notna() & rows["system"].notna()]
    if given["system"].nunique() < 2:
        return [absent("discrimination", "anova_f", title, "ratio", "no scores of two systems")]
    n_without = len(rows) - len(given)
    systems = given["system"].astype("category").cat.codes.to_numpy()
    scores = given["value"].to_numpy(dtype=float)
    found = discrimination([part for _, part in given.groupby("system")["value"]])
    if found is None or found.f is None:
        why = "scores do not vary within systems"
        return [absent("discrimination", "anova_f", title, "ratio", why)]

    one = np.zeros((len(given), int(systems.max()) + 1))
    one[np.arange(len(given)), systems] = 1.0

    def share(times: Floats) -> Floats:
        n, total = times @ one, times @ (one * scores[:, None])
        between = (np.square(total) / np.maximum(n, 1)).sum(axis=1)
        centre = np.square(total.sum(axis=1)) / n.sum(axis=1)
        whole = times @ np.square(scores) - centre
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(whole > 0, (between - centre) / whole, np.nan))

    return [
        Figure(
            section="discrimination",
            name="anova_f",
            title=title,
            unit="ratio",
            estimate=_bare(found.f, found.n, level),
            n_without=n_without,
            p_value=found.p_value,
            note=f"{found.n_systems} systems; scores taken as independent",
        ),
        Figure(
            section="discrimination",
            name="eta_squared",
            title="share of variance between systems",
            unit="share",
            estimate=resample(found.eta_squared, share, given["cluster"].to_numpy(), level=level),
            n_without=n_without,
        ),
        Figure(
            section="discrimination",
            name="spread_of_systems",
            title="spread of systems' means",
            unit="score",
            estimate=_bare(found.spread, found.n, level),
            n_without=n_without,
        ),
    ]


def cost_figures(rows: pd.DataFrame, *, level: float = LEVEL) -> list[Figure]:
    """Dollars per thousand verdicts asked for, and seconds of one; unknown is not zero."""
    usd, seconds = rows["usd"].dropna(), rows["seconds"].dropna()
    found = []
    title = "per 1,000 verdicts"
    if len(usd) < len(rows):
        n = len(rows) - len(usd)
        why = f"unknown: {n:,} of {len(rows):,} verdicts have no price"
        found.append(absent("cost", "usd_per_thousand", title, "usd", why))
    else:
        estimate = mean_estimate(usd, rows["cluster"], level=level)
        found.append(
            Figure(
                section="cost",
                name="usd_per_thousand",
                title=title,
                unit="usd",
                estimate=scaled(estimate, 1000.0),
                note=f"all {len(rows):,} came to ${math.fsum(usd):,.4g}; failures are paid for too",
            )
        )
    for name, q in (("seconds_p50", 0.5), ("seconds_p95", 0.95)):
        title = f"{q:.0%} of verdicts within".replace("%", " %")
        if seconds.empty:
            found.append(absent("cost", name, title, "seconds", "not timed"))
            continue
        found.append(
            Figure(
                section="cost",
                name=name,
                title=title,
                unit="seconds",
                estimate=percentile(seconds, q, level=level),
                n_without=len(rows) - len(seconds),
            )
        )
    return found


def _bare(value: float, n: int, level: float) -> Estimate:
    """A figure that has no interval here."""
    return Estimate(value=value, low=None, high=None, n=n, method="no interval", level=level)


def _share(
    rows: pd.DataFrame, hits: pd.Series, name: str, title: str, note: str, level: float
) -> Figure:
    return Figure(
        section="verdicts",
        name=name,
        title=title,
        unit="share",
        estimate=proportion(hits.astype(float), rows["cluster"], level=level),
        note=note,
    )
