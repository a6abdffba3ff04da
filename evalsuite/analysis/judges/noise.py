"""How much verdicts differ when the same judge is asked the same again."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from evalsuite.analysis.clusters import Floats
from evalsuite.analysis.intervals import LEVEL
from evalsuite.analysis.judges.estimates import alpha_estimate, rate_estimate
from evalsuite.analysis.judges.figure import Figure, absent
from evalsuite.analysis.judges.resample import resample
from evalsuite.analysis.judges.table import Kind
from evalsuite.judging.krippendorff import Level

ONCE = "nothing was asked twice"


def noise_figures(rows: pd.DataFrame, kind: Kind, *, level: float = LEVEL) -> list[Figure]:
    """Test-retest noise of one judge's ``rows``: same unit, same order, another repeat.

    ``retest_changes`` is the chance that two verdicts on the same thing differ, the mean over all
    pairs of repeats. ``retest_spread``, of scores, is the standard deviation within units (n - 1),
    root of the mean variance. ``retest_alpha`` is Krippendorff's alpha over repeats.
    """
    key = ["unit", *(["shown_first"] if kind == "pairwise" else [])]
    given = rows[rows["value"].notna()]
    n_groups = len(given.drop_duplicates(key))
    again = given[given.duplicated(key, keep=False)]
    groups: dict[tuple[object, ...], tuple[list[object], str]] = {}
    for *place, value, cluster in zip(
        *(again[name].fillna("") for name in key), again["value"], again["cluster"], strict=True
    ):
        groups.setdefault(tuple(place), ([], str(cluster)))[0].append(value)
    repeated = list(groups.values())
    if not repeated:
        return [
            absent("noise", "retest_changes", "verdict changes when asked again", "share", ONCE)
        ]
    clusters = np.array([cluster for _, cluster in repeated])
    n_without = n_groups - len(repeated)
    ratings = [values for values, _ in repeated]
    found = [_changes(ratings, clusters, n_without, level)]
    if kind == "score":
        found.append(_spread(ratings, clusters, n_without, level))
    return [*found, _alpha(ratings, clusters, kind, n_without, level)]


def _changes(
    ratings: list[list[object]], clusters: np.ndarray, n_without: int, level: float
) -> Figure:
    differing = np.array([_differing(values) for values in ratings])
    return Figure(
        section="noise",
        name="retest_changes",
        title="verdict changes when asked again",
        unit="share",
        estimate=rate_estimate(differing, clusters, level=level),
        n_without=n_without,
        note="chance that two verdicts on the same thing differ",
        wanted=0.0,
    )


def _spread(
    ratings: list[list[object]], clusters: np.ndarray, n_without: int, level: float
) -> Figure:
    variances = np.array([np.var(np.asarray(values, dtype=float), ddof=1) for values in ratings])

    def drawn(times: Floats) -> Floats:
        return np.asarray(np.sqrt(times @ variances / times.sum(axis=1)))

    spread = float(np.sqrt(variances.mean()))
    return Figure(
        section="noise",
        name="retest_spread",
        title="spread of one score",
        unit="score",
        estimate=resample(spread, drawn, clusters, level=level),
        n_without=n_without,
        note="standard deviation of scores of the same thing",
        wanted=0.0,
    )


def _alpha(
    ratings: list[list[object]], clusters: np.ndarray, kind: Kind, n_without: int, level: float
) -> Figure:
    scale: Level = "interval" if kind == "score" else "nominal"
    estimate = alpha_estimate(ratings, clusters, scale=scale, level=level)
    return Figure(
        section="noise",
        name="retest_alpha",
        title="Krippendorff's alpha of repeats",
        unit="coefficient",
        estimate=estimate,
        n_without=n_without,
        note=scale if estimate is not None else "one verdict throughout",
        wanted=1.0,
    )


def _differing(values: list[object]) -> float:
    n = len(values)
    same = sum(count * (count - 1) for count in Counter(values).values())
    return 1.0 - same / (n * (n - 1))
