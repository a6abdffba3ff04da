"""What each system took in joules: per request, per answer and per success, with idling apart.

Joules are of the calls behind the answers, on the machines where counters were read or an estimate
was made; nobody knows what an endpoint took unless its user states it. What is unknown is never 0:
a sum over it is unknown, and what is known of it is a lower bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evalsuite.analysis.clusters import Codes, Floats
from evalsuite.analysis.intervals import Estimate, clustered_mean, ratio_of_sums
from evalsuite.analysis.measure import (
    base_tasks,
    cluster_labels,
    counted,
    known_total,
    numbers,
)
from evalsuite.analysis.rows import Rows
from evalsuite.records import SystemEntry
from evalsuite.systems.energy.estimates import NOT_COMPUTED

if TYPE_CHECKING:
    import pandas as pd

JOULES_PER_KWH = 3.6e6
UNKNOWN_BASIS = "unknown"


@dataclass(frozen=True, kw_only=True)
class EnergyFigures:
    """The energy of one system's answers, failed ones included.

    ``joules`` and ``idle_joules`` (what the same machines take in as much time when nothing runs,
    part of ``joules``) are None where any call's is unknown; ``known_joules`` is then what there is
    at least, of all but ``n_unknown_calls``. Ratios are with all joules above: over what was
    attempted, answered, and right. ``bases`` says how many calls' energy was obtained how.
    ``energy_usd`` and ``grams_co2e`` follow from tariffs and carbon intensities that were stated;
    None where one is missing.
    """

    system: str
    n_attempted: int
    n_answered: int
    n_successes: int
    n_calls: int
    n_unknown_calls: int
    joules: float | None
    idle_joules: float | None
    known_joules: float
    per_request: Estimate | None
    per_answer: float | None
    per_success: Estimate | None
    bases: dict[str, int]
    energy_usd: float | None
    grams_co2e: float | None

    @property
    def net_joules(self) -> float | None:
        """Joules above what the machines take when nothing runs."""
        if self.joules is None or self.idle_joules is None:
            return None
        return self.joules - self.idle_joules

    @property
    def kilowatt_hours(self) -> float | None:
        """``joules`` as an electricity meter says them."""
        return None if self.joules is None else self.joules / JOULES_PER_KWH

    @property
    def kinds(self) -> tuple[str, ...]:
        """How energy was obtained, without its details: "measured", "estimated", "assumed" ...

        More than one means that the figures mix them. Refusals took nothing and are left out.
        """
        bases = (basis for basis in self.bases if basis != NOT_COMPUTED)
        return tuple(dict.fromkeys(kind_of(basis) for basis in bases))


def kind_of(basis: str) -> str:
    """The first word of a ``joules_basis``, which says whether it was measured."""
    return basis.partition(":")[0]


def energy_figures(
    rows: Rows, entries: Iterable[SystemEntry], systems: Sequence[str], *, seed: int = 0
) -> tuple[EnergyFigures, ...]:
    """The energy of each of ``systems`` that is in ``rows``, in that order.

    ``entries`` are a manifest's, whose prices hold what energy costs.
    """
    prices = {entry.name: entry.price for entry in entries}
    tariffs = {
        rate: {name: _number(price.get(rate)) for name, price in prices.items()}
        for rate in ("usd_per_kwh", "grams_co2e_per_kwh")
    }
    known = set(rows.systems)
    return tuple(
        _figures(name, rows.of(name), tariffs, seed=seed) for name in systems if name in known
    )


def _figures(
    system: str, rows: Rows, tariffs: Mapping[str, Mapping[str, float | None]], *, seed: int
) -> EnergyFigures:
    responses = rows.responses
    calls = rows.calls[(rows.calls["phase"] == "answer").to_numpy()]
    joules, of_calls = numbers(responses, "joules"), numbers(calls, "joules")
    n_answered = int((responses["status"] == "ok").sum())
    success = np.nan_to_num(numbers(responses, "success"))
    clusters, whole = cluster_labels(responses), known_total(joules)
    return EnergyFigures(
        system=system,
        n_attempted=len(responses),
        n_answered=n_answered,
        n_successes=int(success.sum()),
        n_calls=len(calls),
        n_unknown_calls=int(np.isnan(of_calls).sum()),
        joules=whole,
        idle_joules=known_total(numbers(responses, "idle_joules")),
        known_joules=float(np.nansum(of_calls)),
        per_request=_mean(joules, clusters),
        per_answer=None if whole is None or not n_answered else whole / n_answered,
        per_success=_ratio(joules, success, clusters, base_tasks(responses), seed=seed),
        bases=counted(calls["joules_basis"]),
        energy_usd=_at(tariffs["usd_per_kwh"], calls, of_calls),
        grams_co2e=_at(tariffs["grams_co2e_per_kwh"], calls, of_calls),
    )


def _mean(joules: Floats, clusters: Codes) -> Estimate | None:
    """Mean of ``joules``, with a lower bound that is not below 0; None if any is unknown."""
    if np.isnan(joules).any():
        return None
    mean = clustered_mean(joules, clusters)
    if mean is None or mean.low is None:
        return mean
    return replace(mean, low=max(0.0, mean.low))


def _ratio(
    joules: Floats, successes: Floats, clusters: Codes, tasks: Codes, *, seed: int
) -> Estimate | None:
    """All joules over all ``successes``, resampled by cluster within tasks; None if unknown."""
    if np.isnan(joules).any():
        return None
    return ratio_of_sums(joules, successes, clusters, strata=tasks, seed=seed)


def _at(rates: Mapping[str, float | None], calls: pd.DataFrame, joules: Floats) -> float | None:
    """Sum of joules x the rate per kilowatt-hour of the model that took them.

    None where a call's joules are unknown, or it took some at a rate that nobody stated.
    """
    if np.isnan(joules).any():
        return None
    members = calls["member"].astype("category").cat
    of_member = np.bincount(members.codes, weights=joules, minlength=len(members.categories))
    total = 0.0
    for name, taken in zip(members.categories, of_member.tolist(), strict=True):
        rate = rates.get(str(name))
        if taken and rate is None:
            return None
        total += taken / JOULES_PER_KWH * (rate or 0.0)
    return total


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
