"""A leaderboard of judges over the same items: accuracy by domain, and Elo."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from evalsuite.analysis.intervals import LEVEL, Estimate, percentile, proportion
from evalsuite.analysis.judges.attacks import Attacked
from evalsuite.analysis.judges.estimates import correlation_estimate
from evalsuite.analysis.judges.panel import (
    PanelFigure,
    judges_alpha,
    judges_fleiss,
    panel_figures,
)
from evalsuite.analysis.judges.table import Kind
from evalsuite.errors import UserError
from evalsuite.judging.ratings import Intervals, rate


@dataclass(frozen=True, kw_only=True)
class Elo:
    """A rating of a judge: 400 points are odds of 10 to 1, the mean is 1000."""

    rating: float
    low: float
    high: float
    rank_low: int
    rank_high: int


@dataclass(frozen=True, kw_only=True)
class Place:
    """A judge's row.

    Attributes:
        judge: its name.
        quality: accuracy (a failure is wrong), or Spearman's rho with people for scores (failures
            left out); over the common items.
        n_failed: common items without a verdict.
        elo: None where ratings do not exist.
        domains: domain -> accuracy; empty for scores.
        usd_per_thousand: dollars per thousand verdicts; None where some have no price.
        seconds_p50: median time of a verdict; None where none was timed.
        attacked: what a battery of attacks did to it; None where none was put to it.
    """

    judge: str
    quality: Estimate | None
    n_failed: int
    elo: Elo | None
    domains: dict[str, Estimate | None]
    usd_per_thousand: float | None
    seconds_p50: float | None
    attacked: Attacked | None = None


@dataclass(frozen=True, kw_only=True)
class Board:
    """Judges over the same items, best first.

    Attributes:
        criterion: "" where there is one only.
        kind: pairs, scores or labels.
        places: a row a judge.
        domains: names, sorted.
        n_items: units that people labelled and every judge was asked about.
        n_left_out: labelled units that some judge was not asked about.
        alpha: Krippendorff's, of the judges with each other.
        fleiss: Fleiss' kappa of the same, on units that all gave a verdict on; None for scores.
        panels: what they are worth together.
        notes: what a reader must know, a sentence each.
    """

    criterion: str
    kind: Kind
    places: tuple[Place, ...]
    domains: tuple[str, ...]
    n_items: int
    n_left_out: int
    alpha: Estimate | None
    fleiss: Estimate | None
    panels: tuple[PanelFigure, ...]
    notes: tuple[str, ...]


def board(
    units: Mapping[str, pd.DataFrame],
    rows: pd.DataFrame,
    kind: Kind,
    criterion: str,
    *,
    level: float = LEVEL,
) -> Board:
    """Rank judges by what people said of the items that all of them were asked about.

    Args:
        units: judge -> its units (``units_of``).
        rows: all their verdicts.
        kind: pairs, scores or labels.
        criterion: its name.
        level: coverage of the intervals.

    Elo is the Bradley-Terry rating of battles between judges: on each item the judge that is right
    beats the one that is wrong (for scores, the one nearer to people), all else is a tie; as in
    JudgeBoard (2025, arXiv:2511.15958), with intervals that know of clusters.
    """
    everything = pd.concat(units.values())
    labelled = everything[everything["human"].notna()]
    asked = labelled.groupby(level=0, sort=False).size()
    common = asked.index[asked == len(units)]
    about = labelled[~labelled.index.duplicated()].loc[common]
    verdicts = pd.DataFrame(
        {judge: part["value"].reindex(common) for judge, part in units.items()}, index=common
    )
    points = _points(verdicts, about, kind)
    elo, notes = _elo(points, about, level)
    domains = sorted({str(domain) for domain in about["domain"]} - {""})
    places = [
        _place(judge, rows, verdicts, points, about, elo, domains, kind, level) for judge in units
    ]
    return Board(
        criterion=criterion,
        kind=kind,
        places=tuple(sorted(places, key=_best_first)),
        domains=tuple(domains) if kind != "score" else (),
        n_items=len(common),
        n_left_out=len(asked) - len(common),
        alpha=_together(judges_alpha, units, kind, level),
        fleiss=_together(judges_fleiss, units, kind, level),
        panels=panel_figures(verdicts, about, kind, level=level),
        notes=notes,
    )


def _together(
    agreement: Callable[..., Estimate | None],
    units: Mapping[str, pd.DataFrame],
    kind: Kind,
    level: float,
) -> Estimate | None:
    """An ``agreement`` of the judges with each other, over all units, labelled or not."""
    if len(units) < 2:
        return None
    everything = pd.concat(units.values())
    cluster = everything.loc[~everything.index.duplicated(), "cluster"]
    verdicts = pd.DataFrame({judge: part["value"] for judge, part in units.items()})
    return agreement(verdicts, cluster.reindex(verdicts.index), kind, level=level)


def _best_first(place: Place) -> tuple[float, str]:
    return (-place.quality.value if place.quality is not None else math.inf, place.judge)


def _points(verdicts: pd.DataFrame, about: pd.DataFrame, kind: Kind) -> pd.DataFrame:
    """How right each verdict is; a failure is as wrong as can be."""
    if kind != "score":
        return verdicts.eq(about["human"].astype(object), axis=0).astype(float)
    distance = verdicts.astype(float).sub(about["human"].astype(float), axis=0).abs()
    return -distance.fillna(np.inf)


def _elo(
    points: pd.DataFrame, about: pd.DataFrame, level: float
) -> tuple[dict[str, Elo], tuple[str, ...]]:
    if points.shape[1] < 2 or points.empty:
        return {}, ()
    parts = []
    for one, other in combinations(points.columns, 2):
        gap = points[one].to_numpy() > points[other].to_numpy()
        behind = points[one].to_numpy() < points[other].to_numpy()
        outcome = np.where(gap, 1.0, np.where(behind, 0.0, 0.5))
        parts.append(
            pd.DataFrame({"a": one, "b": other, "outcome": outcome, "cluster": about["cluster"]})
        )
    try:
        rated = rate(pd.concat(parts, ignore_index=True), intervals=Intervals(level=level))
    except UserError as error:
        return {}, (f"No Elo: {error}",)
    found = {
        str(row["model"]): Elo(
            rating=row["rating"],
            low=row["low"],
            high=row["high"],
            rank_low=row["rank_low"],
            rank_high=row["rank_high"],
        )
        for row in rated.table.to_dict("records")
    }
    # that two judges agree on an item is a tie here, so repeats say nothing a reader must know
    return found, tuple(note for note in rated.notes if not note.startswith("Rows that"))


def _place(
    judge: str,
    rows: pd.DataFrame,
    verdicts: pd.DataFrame,
    points: pd.DataFrame,
    about: pd.DataFrame,
    elo: Mapping[str, Elo],
    domains: list[str],
    kind: Kind,
    level: float,
) -> Place:
    own = rows[rows["judge"] == judge]
    usd, seconds = own["usd"], own["seconds"].dropna()
    timed = percentile(seconds, 0.5) if len(seconds) else None
    inside = {domain: (about["domain"] == domain).to_numpy() for domain in domains}
    right, clusters = points[judge].to_numpy(), about["cluster"].to_numpy()
    return Place(
        judge=judge,
        quality=_quality(verdicts[judge], right, about, kind, level),
        n_failed=int(verdicts[judge].isna().sum()),
        elo=elo.get(judge),
        domains={}
        if kind == "score"
        else {d: proportion(right[at], clusters[at], level=level) for d, at in inside.items()},
        usd_per_thousand=None if usd.isna().any() else 1000 * math.fsum(usd) / len(usd),
        seconds_p50=None if timed is None else timed.value,
    )


def _quality(
    given: pd.Series, right: np.ndarray, about: pd.DataFrame, kind: Kind, level: float
) -> Estimate | None:
    if kind != "score":
        return proportion(right, about["cluster"], level=level)
    there = given.notna().to_numpy()
    x, y = given.to_numpy(dtype=float)[there], about["human"].to_numpy(dtype=float)[there]
    if len(x) < 2:
        return None

    clusters = about["cluster"].to_numpy()[there]
    return correlation_estimate(x, y, clusters, "spearman", level=level)
