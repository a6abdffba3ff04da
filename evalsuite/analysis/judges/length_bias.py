"""Does the longer answer win because it is longer: slopes with intervals, and simple shares."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from evalsuite.analysis.clusters import Floats, cluster_codes
from evalsuite.analysis.intervals import LEVEL, Estimate, proportion
from evalsuite.analysis.judges.figure import Figure, absent
from evalsuite.analysis.judges.table import Kind
from evalsuite.errors import UserError
from evalsuite.judging.orders import SIDES
from evalsuite.judging.ratings import Intervals, rate

NO_LENGTHS = {
    "pairwise": "columns length_a and length_b are missing",
    "score": "column length is missing",
}
SEPARATED = "what it is compared with predicts every verdict: no finite slope exists"
FEWEST_CLUSTERS = 8


def length_figures(rows: pd.DataFrame, kind: Kind, *, level: float = LEVEL) -> list[Figure]:
    """Figures of one judge's ``rows``: pairwise, or scores; labels have none."""
    if kind == "label":
        return []
    names = ("length_a", "length_b") if kind == "pairwise" else ("length",)
    if any(name not in rows or rows[name].isna().all() for name in names):
        return [absent("length", "length_slope", "length slope", "log_odds", NO_LENGTHS[kind])]
    used = rows.dropna(subset=[*names, "value"])
    n_without = len(rows) - len(used)
    if kind == "pairwise":
        return _pairs(used, n_without, level)
    return _scores(used, n_without, level)


def _pairs(rows: pd.DataFrame, n_without: int, level: float) -> list[Figure]:
    labelled = rows[rows["human"].notna()]
    found = [_longer(rows, "value", "longer_wins", "longer answer wins", level)]
    if len(labelled):
        once = labelled.drop_duplicates("unit")
        found.append(_longer(once, "human", "longer_wins_human", "… for the labels", level))
    found.append(_slope(rows, "length_slope", "length slope", [], n_without, level))
    if len(labelled):
        n_more = n_without + len(rows) - len(labelled)
        title = "length slope, given the label"
        found.append(_slope(labelled, "length_slope_given_human", title, ["human"], n_more, level))
    return found


def _slope(
    rows: pd.DataFrame, name: str, title: str, controls: list[str], n_without: int, level: float
) -> Figure:
    """Log-odds that a root-mean-square difference of lengths adds, beside the systems' strengths.

    A Bradley-Terry model of the systems with the standardised difference as a covariate, errors by
    cluster; where systems have no names, of the two sides. Ties are half a win.
    """
    gap = (rows["length_a"] - rows["length_b"]).to_numpy(dtype=float)
    size = math.sqrt(float(np.square(gap).mean())) if len(gap) else 0.0
    if not size:
        return absent("length", name, title, "log_odds", "all pairs are of equal length")
    sign = {"a": 1.0, "tie": 0.5, "b": 0.0}
    battles = pd.DataFrame(
        {
            "a": rows.get("system_a", "side a"),
            "b": rows.get("system_b", "side b"),
            "outcome": rows["value"].map(sign).astype(float),
            "cluster": rows["cluster"],
            "length": gap / size,
        }
    )
    if controls:
        battles["human"] = 2 * rows["human"].map(sign).astype(float) - 1
    try:
        how = Intervals(level=level)
        rated = rate(battles, covariates=["length", *controls], intervals=how)
    except UserError as error:
        return absent("length", name, title, "log_odds", str(error))
    except np.linalg.LinAlgError:
        # so far apart that the information underflows before the fit is given up
        return absent("length", name, title, "log_odds", SEPARATED)
    effect = rated.effects.query("effect == 'length'").iloc[0].to_dict()
    estimate = Estimate(
        value=float(effect["log_odds"]),
        low=float(effect["low"]),
        high=float(effect["high"]),
        n=len(battles),
        method="Bradley-Terry with a covariate, clustered sandwich",
        level=level,
    )
    note = f"log-odds per {size:,.0f} of length"
    return Figure(
        section="length",
        name=name,
        title=title,
        unit="log_odds",
        estimate=estimate,
        n_without=n_without,
        note=note,
        wanted=0.0 if controls else None,
    )


def _longer(rows: pd.DataFrame, column: str, name: str, title: str, level: float) -> Figure:
    decided = rows[rows[column].isin(SIDES) & (rows["length_a"] != rows["length_b"])]
    longer = np.where(decided["length_a"] > decided["length_b"], "a", "b")
    estimate = None
    if len(decided):
        hits = (decided[column].to_numpy() == longer).astype(float)
        estimate = proportion(hits, decided["cluster"].to_numpy(), level=level)
    return Figure(
        section="length",
        name=name,
        title=title,
        unit="share",
        estimate=estimate,
        n_without=len(rows) - len(decided),
        note="of verdicts that name a winner of unequal length",
    )


def _scores(rows: pd.DataFrame, n_without: int, level: float) -> list[Figure]:
    found = [_score_slope(rows, "length_slope", "length slope", False, n_without, level)]
    labelled = rows[rows["human"].notna()]
    if len(labelled):
        n_more = n_without + len(rows) - len(labelled)
        title = "length slope, given the label"
        found.append(_score_slope(labelled, "length_slope_given_human", title, True, n_more, level))
    return found


def _score_slope(
    rows: pd.DataFrame, name: str, title: str, given_human: bool, n_without: int, level: float
) -> Figure:
    """Points of score per standard deviation of length, least squares within items.

    Items differ in how long a good answer is, so that only answers to one item are compared where
    items have several. Errors by cluster (Liang & Zeger, 1986), t with clusters - 1.
    """
    several = rows.groupby("item")["unit"].nunique().max() > 1
    item = rows["item"].to_numpy() if several else np.zeros(len(rows))
    deviation = float(rows["length"].std()) if len(rows) > 1 else 0.0
    if not deviation > 0:
        return absent("length", name, title, "score", "all answers are of equal length")
    columns = [rows["length"].to_numpy(dtype=float) / deviation]
    if given_human:
        columns.append(rows["human"].to_numpy(dtype=float))
    design = np.column_stack([_within(column, item) for column in columns])
    estimate = _least_squares(
        design, _within(rows["value"].to_numpy(dtype=float), item), rows["cluster"], level
    )
    where = "within items" if several else "over items"
    return Figure(
        section="length",
        name=name,
        title=title,
        unit="score",
        estimate=estimate,
        n_without=n_without,
        note=f"points per {deviation:,.0f} of length, {where}"
        if estimate is not None
        else "length cannot be told apart from what it is compared with",
        wanted=0.0 if given_human else None,
    )


def _within(values: Floats, groups: np.ndarray) -> Floats:
    """``values`` less the mean of their group."""
    code, n_groups = cluster_codes(groups)
    means = np.bincount(code, values, n_groups) / np.bincount(code, minlength=n_groups)
    return np.asarray(values - means[code])


def _least_squares(design: Floats, y: Floats, clusters: pd.Series, level: float) -> Estimate | None:
    """The first coefficient; None where the columns depend on each other."""
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    inverse = np.linalg.inv(design.T @ design)
    slope = inverse @ design.T @ y
    code, n_clusters = cluster_codes(clusters.to_numpy())
    low = high = None
    method = "n too small"
    if n_clusters >= FEWEST_CLUSTERS:
        from scipy.special import stdtrit

        pieces = design * (y - design @ slope)[:, None]
        sums = np.column_stack([np.bincount(code, column, n_clusters) for column in pieces.T])
        factor = n_clusters / (n_clusters - 1)
        covariance = factor * inverse @ (sums.T @ sums) @ inverse
        half = float(stdtrit(n_clusters - 1, 0.5 + level / 2)) * math.sqrt(covariance[0, 0])
        low, high, method = float(slope[0]) - half, float(slope[0]) + half, "clustered sandwich"
    return Estimate(value=float(slope[0]), low=low, high=high, n=len(y), method=method, level=level)
