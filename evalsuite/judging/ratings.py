"""Ratings from battles: the whole way from a tidy frame to a tidy frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalsuite.errors import ConfigError
from evalsuite.judging.battles import Battles, check_battles
from evalsuite.judging.bootstrap import Bootstrap, Draws
from evalsuite.judging.cells import Cells, count_cells
from evalsuite.judging.graph import components, groups
from evalsuite.judging.likelihood import Fit, NoFiniteEstimate, check_told_apart, maximise
from evalsuite.judging.notes import notes, separation
from evalsuite.judging.outcomes import OUTCOME_MODELS, OutcomeModel, Ties
from evalsuite.judging.ranks import rank_intervals
from evalsuite.judging.sandwich import at_least, sandwich
from evalsuite.judging.scale import Scale

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

RIDGE = 0.01
"""Penalty where no finite maximum exists: a normal prior of 10 log-odds (1737 points)."""
FEWEST_CLUSTERS_TO_RESAMPLE = 5
"""With 4 clusters a bootstrap has 35 distinct draws: too few for a 2.5 % tail."""
TIE_PARAMETER = {"davidson": "log_nu", "rao_kupper": "log_theta"}


@dataclass(frozen=True, kw_only=True)
class Intervals:
    """How errors are estimated.

    Attributes:
        method: ``sandwich`` (analytic, at once) or ``bootstrap`` (percentiles of ``draws``).
        clustered: by ``cluster`` or by battle; None: by cluster where there is such a column.
        level: two-sided coverage aimed at.
        draws: of the bootstrap.
        seed: of the bootstrap; the same seed gives the same intervals.
    """

    method: Literal["sandwich", "bootstrap"] = "sandwich"
    clustered: bool | None = None
    level: float = 0.95
    draws: int = 1000
    seed: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Ratings:
    """Ratings of K models, best first within each connected part.

    Attributes:
        table: a model a row: ``model``, ``rating``, ``low``, ``high``, ``se`` (points), ``rank``,
            ``rank_low``, ``rank_high``, ``battles``, ``wins``, ``ties``, ``losses``, ``part``
            (models of different parts were never compared, directly or through others).
        effects: ``effect``, ``log_odds``, ``low``, ``high``, ``se`` (log-odds per unit of the
            covariate); the tie parameter comes last, as ``log_nu`` or ``log_theta``.
        notes: what a reader must know, a sentence each.
        models: names in the order of the arrays below.
        parameters: (P,) log-odds: ratings with mean 0 in each part, effects, tie parameter.
        covariance: (P, P) of the parameters, as ``intervals`` asked.
        inverse_information: (P, P), as if the model were true and battles independent.
        parts: (K,) connected part of each model.
        freedom: degrees of freedom of the intervals: clusters - 1, or battles - P.
        ties: the outcome model.
        n_battles: judged battles that were used.
        n_clusters: clusters used for errors; None where battles were taken as independent.
        ridge: penalty used, 0 for plain maximum likelihood.
    """

    table: pd.DataFrame
    effects: pd.DataFrame
    notes: tuple[str, ...]
    models: tuple[str, ...]
    parameters: Floats
    covariance: Floats
    inverse_information: Floats
    parts: Integers
    freedom: float
    ties: Ties
    intervals: Intervals
    scale: Scale
    n_battles: int
    n_clusters: int | None
    ridge: float


def rate(
    battles: pd.DataFrame,
    *,
    ties: Ties = "half",
    covariates: Sequence[str] = (),
    intervals: Intervals | None = None,
    scale: Scale | None = None,
    ridge: float | None = None,
) -> Ratings:
    """Rate models by their battles.

    Maximum likelihood of Bradley & Terry (1952), with ties as ``ties`` says (``outcomes``), an
    effect for each covariate, never penalised, and errors that hold when battles share prompts.

    Args:
        battles: one a row: ``a``, ``b``, ``outcome`` (1, 0.5, 0 or missing), optional ``cluster``
            and ``weight`` (``check_battles``).
        ties: ``half`` a win each, or a tie model: ``davidson``, ``rao_kupper``.
        covariates: columns with a's value minus b's.
        intervals: sandwich at 95 % by default.
        scale: 400 points for odds of 10 to 1, mean 1000, by default.
        ridge: penalty on ratings (log-odds squared, halved). By default none, unless a model or
            group of models never lost (or never won), so that no finite maximum exists; then
            0.01, and a note says so.

    Raises:
        ConfigError: the battles or options cannot be.
        NoFiniteEstimate: covariates or ties cannot be estimated, or ``ridge=0`` was insisted on
            where no maximum exists.
    """
    how, where = intervals or Intervals(), scale or Scale()
    _check(how, ties, ridge)
    checked = check_battles(battles, covariates)
    clustered = _clustered(checked, how)
    cells = count_cells(checked, has_tie_parameter=OUTCOME_MODELS[ties].first_t is not None)
    parts = components(cells.first, cells.second, cells.n_models)
    fit, separated = _fit(checked, cells, parts, OUTCOME_MODELS[ties], ridge)
    errors = _errors(checked, cells, fit, parts, how, OUTCOME_MODELS[ties])
    said = notes(checked, cells, parts, clustered=clustered, ridge=fit.ridge if separated else 0.0)
    return Ratings(
        table=_table(checked, cells, fit, parts, errors, where),
        effects=_effects(checked, cells, fit, errors, ties),
        notes=(*said, *errors.notes),
        models=checked.models,
        parameters=fit.parameters,
        covariance=errors.covariance,
        inverse_information=fit.inverse,
        parts=parts,
        freedom=errors.freedom,
        ties=ties,
        intervals=how,
        scale=where,
        n_battles=len(checked),
        n_clusters=checked.n_clusters if clustered else None,
        ridge=fit.ridge,
    )


def rate_by(battles: pd.DataFrame, column: str, **options: Any) -> dict[str, Ratings]:
    """Rate each category by itself: value of ``column`` -> ``rate`` of its battles, sorted.

    A battle without a category is left out.

    Raises:
        ConfigError: no such column; or a category cannot be rated, which it names.
    """
    if column not in battles:
        raise ConfigError(f"battles have no column {column}; found {', '.join(map(str, battles))}")
    found = {}
    for value, rows in battles.groupby(column, sort=True):
        try:
            found[str(value)] = rate(rows, **options)
        except (ConfigError, NoFiniteEstimate) as error:
            raise type(error)(f"{column} {value}: {error}") from error
    return found


@dataclass(frozen=True, kw_only=True, eq=False)
class _Errors:
    covariance: Floats
    freedom: float
    level: float
    draws: Draws | None
    notes: tuple[str, ...]

    @property
    def critical(self) -> float:
        return critical_value(self.level, self.freedom)

    @property
    def tails(self) -> tuple[float, float]:
        """Percentiles of draws, widened for few units: Hesterberg (2015), Am. Statistician 69."""
        from scipy.special import ndtr

        tail = float(ndtr(-self.critical * np.sqrt(1 + 1 / self.freedom)))
        return tail, 1 - tail


def critical_value(level: float, freedom: float, comparisons: int = 1) -> float:
    """Half-width of a t interval in standard errors; Bonferroni over ``comparisons``."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - (1 - level) / (2 * comparisons)))


def _check(how: Intervals, ties: str, ridge: float | None) -> None:
    if ties not in OUTCOME_MODELS:
        raise ConfigError(f"ties {ties!r}: write one of {', '.join(OUTCOME_MODELS)}")
    if how.method not in ("sandwich", "bootstrap"):
        raise ConfigError(f"intervals {how.method!r}: write sandwich or bootstrap")
    if not 0 < how.level < 1:
        raise ConfigError(f"level {how.level:g}: it lies between 0 and 1")
    if how.method == "bootstrap" and how.draws < 100:
        raise ConfigError(f"{how.draws} draws: percentiles need 100 or more")
    if ridge is not None and not 0 <= ridge < np.inf:
        raise ConfigError(f"ridge {ridge:g}: it is not negative")


def _fit(
    battles: Battles,
    cells: Cells,
    parts: Integers,
    model: OutcomeModel,
    ridge: float | None,
) -> tuple[Fit, bool]:
    """The fit, and whether a part is separated, so that only a ridge makes ratings finite."""
    check_told_apart(cells, battles.covariate_names, parts)
    apart = groups(cells.first, cells.second, cells.counts, cells.n_models)
    separated = int(apart.max()) > int(parts.max())
    if separated and ridge == 0:
        raise NoFiniteEstimate(
            f"{separation(battles, cells)}, so no finite rating exists; drop ridge=0"
        )
    penalty = ridge if ridge is not None else RIDGE if separated else 0.0
    return maximise(cells, cells.counts, model, parts=parts, ridge=penalty), separated


def _clustered(battles: Battles, how: Intervals) -> bool:
    if how.clustered and battles.cluster is None:
        raise ConfigError("clustered intervals need a column cluster: what battles share, a prompt")
    return battles.cluster is not None and how.clustered is not False


def _errors(
    battles: Battles, cells: Cells, fit: Fit, parts: Integers, how: Intervals, model: OutcomeModel
) -> _Errors:
    clustered = _clustered(battles, how)
    units = battles.n_clusters - 1 if clustered else len(battles) - cells.n_parameters
    freedom = float(max(units, 1))
    if how.method == "sandwich":
        covariance = sandwich(fit, cells, model, battles, clustered=clustered)
        return _Errors(
            covariance=covariance, freedom=freedom, level=how.level, draws=None, notes=()
        )
    if clustered and battles.n_clusters < FEWEST_CLUSTERS_TO_RESAMPLE:
        raise ConfigError(
            f"{battles.n_clusters} clusters are too few to resample, "
            f"{FEWEST_CLUSTERS_TO_RESAMPLE} are needed; use sandwich intervals"
        )
    sampler = Bootstrap(fit=fit, cells=cells, model=model, parts=parts, ridge=RIDGE)
    draws = sampler.run(battles, draws=how.draws, seed=how.seed, clustered=clustered)
    if len(draws.parameters) < 2:
        raise NoFiniteEstimate("no bootstrap draw has an estimate: too few battles; use sandwich")
    covariance = np.atleast_2d(np.cov(draws.parameters.T))
    notes = []
    if draws.n_ridged:
        notes.append(
            f"In {draws.n_ridged} of {how.draws} bootstrap draws some model was undefeated, "
            f"winless or absent; they were fitted with a ridge of {RIDGE:g}."
        )
    if draws.n_failed:
        notes.append(f"{draws.n_failed} of {how.draws} bootstrap draws had no estimate; left out.")
    if fit.ridge:
        covariance = at_least(covariance, np.diag(fit.inverse))
    return _Errors(
        covariance=covariance, freedom=freedom, level=how.level, draws=draws, notes=tuple(notes)
    )


def _table(
    battles: Battles, cells: Cells, fit: Fit, parts: Integers, errors: _Errors, scale: Scale
) -> pd.DataFrame:
    k = cells.n_models
    matrix, offset = scale.placing(battles.models, parts)
    rating = offset + matrix @ fit.parameters[:k]
    se = np.sqrt(np.maximum(np.diag(matrix @ errors.covariance[:k, :k] @ matrix.T), 0.0))
    half = errors.critical * se
    low, high = rating - half, rating + half
    if errors.draws is not None and not fit.ridge:
        drawn = offset + errors.draws.parameters[:, :k] @ matrix.T
        low, high = np.quantile(drawn, errors.tails, axis=0)
    ranks = rank_intervals(
        fit.parameters[:k],
        errors.covariance[:k, :k],
        parts,
        lambda comparisons: critical_value(errors.level, errors.freedom, comparisons),
    )
    ours = np.bincount(battles.result * k + battles.first, minlength=3 * k).reshape(3, k)
    theirs = np.bincount(battles.result * k + battles.second, minlength=3 * k).reshape(3, k)
    wins, ties, losses = ours + theirs[::-1]
    table = pd.DataFrame(
        {
            "model": battles.models,
            "rating": rating,
            "low": low,
            "high": high,
            "se": se,
            "rank": ranks.rank,
            "rank_low": ranks.low,
            "rank_high": ranks.high,
            "battles": wins + ties + losses,
            "wins": wins,
            "ties": ties,
            "losses": losses,
            "part": parts,
        }
    )
    return table.sort_values(["part", "rank", "model"], ignore_index=True)


def _effects(battles: Battles, cells: Cells, fit: Fit, errors: _Errors, ties: Ties) -> pd.DataFrame:
    k = cells.n_models
    names = [*battles.covariate_names, *([TIE_PARAMETER[ties]] if cells.has_tie_parameter else [])]
    value, se = fit.parameters[k:], np.sqrt(np.diag(errors.covariance)[k:])
    low, high = value - errors.critical * se, value + errors.critical * se
    if errors.draws is not None and names:
        low, high = np.quantile(errors.draws.parameters[:, k:], errors.tails, axis=0)
    return pd.DataFrame({"effect": names, "log_odds": value, "low": low, "high": high, "se": se})
