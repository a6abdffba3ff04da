"""Preparation spread over the answers that follow it: cost per success, and where it breaks even.

A system that was fitted (a distilled student, a learnt router) paid before its first answer. With
F dollars of preparation, c dollars an answer and a share s of successes, V answers cost
(F + c V) / (s V) a success. F is taken as known; c and s are of the run, whose mix of tasks the V
answers are assumed to have.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from evalsuite.analysis.bootstrap import bca
from evalsuite.analysis.clusters import Floats
from evalsuite.analysis.compare import Outcomes
from evalsuite.analysis.intervals import RESAMPLES, Estimate, ratio_of_sums
from evalsuite.analysis.measure import known_total, numbers
from evalsuite.records import SystemEntry

if TYPE_CHECKING:
    import pandas as pd

VOLUMES = (1_000, 10_000, 100_000, 1_000_000)
"""Answers that a preparation is spread over, beside the run's own number."""

Side = Literal["from", "always", "up to", "never", "unknown"]


@dataclass(frozen=True, kw_only=True)
class BreakEven:
    """The number of answers where a system becomes cheaper per success than ``other``.

    side: "from" ``answers`` on it is cheaper, or "up to" ``answers`` (the other one paid more
        before, and less for each success); "always" and "never" whatever the number; "unknown"
        where a cost is not known, nobody succeeded, or they answered nothing in common.
    answers: with its interval where rows allow one. The upper bound is infinite where "never" is
        not ruled out; with "never" the value is infinite and the lower bound is where it might
        break even after all. None for "always" and "unknown".
    """

    other: str
    side: Side
    answers: Estimate | None
    n: int


@dataclass(frozen=True, kw_only=True)
class Amortised:
    """One system that was fitted.

    fit_usd: dollars of its and its members' preparation, over all tasks; None where a part is
        unknown.
    n_attempted: answers of the run.
    usd_per_success: by number of answers, that of the run first: dollars per success with the
        preparation in it; None where a cost is unknown.
    break_even: against each of the other systems.
    """

    system: str
    fit_usd: float | None
    n_attempted: int
    usd_per_success: tuple[tuple[int, Estimate | None], ...]
    break_even: tuple[BreakEven, ...]


def amortise(
    outcomes: Outcomes, fit_usd: Mapping[str, float | None], *, seed: int = 0
) -> tuple[Amortised, ...]:
    """What preparation does to the cost of each system that paid for one, or may have.

    ``fit_usd`` has the systems to be held against each other, each with the dollars of its
    preparation: 0 where there was none, None where they are unknown. Failed answers are no
    successes, and what they cost is in. Intervals are bootstrapped over clusters within tasks.
    """
    systems = [name for name in outcomes.systems if name in fit_usd]
    return tuple(
        Amortised(
            system=name,
            fit_usd=fit_usd[name],
            n_attempted=int(outcomes.attempted[:, outcomes.systems.index(name)].sum()),
            usd_per_success=_by_volume(outcomes, name, fit_usd[name], seed),
            break_even=tuple(
                break_even(outcomes, name, other, fit_usd, seed=seed)
                for other in systems
                if other != name
            ),
        )
        for name in systems
        if fit_usd[name] != 0
    )


def prepared_for(
    fits: pd.DataFrame, entries: Sequence[SystemEntry], systems: Iterable[str]
) -> dict[str, float | None]:
    """Dollars of the preparation of each of ``systems``, that of its members at any depth included.

    ``fits`` is the table of a run and ``entries`` are all systems of its manifest. What two members
    practised with together is counted for both, as each of them states it.
    """
    roles = {entry.name: tuple(entry.roles.values()) for entry in entries}

    def below(name: str, found: set[str]) -> set[str]:
        if name not in found:
            found.add(name)
            for member in roles.get(name, ()):
                below(member, found)
        return found

    return {
        name: known_total(numbers(fits[fits["system"].isin(sorted(below(name, set())))], "usd"))
        for name in systems
    }


def break_even(
    outcomes: Outcomes,
    system: str,
    other: str,
    fit_usd: Mapping[str, float | None],
    *,
    seed: int = 0,
) -> BreakEven:
    """From how many answers on ``system`` is cheaper per success than ``other``.

    Over the answers that both attempted. With g = c_other / s_other - c / s, what a success is
    cheaper by once prepared, and b = F / s - F_other / s_other, it is V = b / g. The interval is
    that of g / b, which unlike V has no pole where a system is never cheaper: bias-corrected and
    accelerated bootstrap, turned over.
    """
    i, j = outcomes.systems.index(system), outcomes.systems.index(other)
    both = outcomes.attempted[:, i] & outcomes.attempted[:, j]
    n = int(both.sum())
    own_fit, other_fit = fit_usd[system], fit_usd[other]
    usd = outcomes.usd[both][:, [i, j]]
    hits = np.nan_to_num(outcomes.success[both][:, [i, j]])
    if own_fit is None or other_fit is None or not n or np.isnan(usd).any() or not hits.any():
        return BreakEven(other=other, side="unknown", answers=None, n=n)
    if not hits[:, 0].any():
        return BreakEven(other=other, side="never", answers=_never(n), n=n)
    if not hits[:, 1].any():
        return BreakEven(other=other, side="always", answers=None, n=n)
    columns = np.column_stack([usd, hits, np.ones(n)])
    gain, burden = _gain_and_burden(columns.sum(axis=0), own_fit, other_fit)
    if burden <= 0 and gain >= 0:
        return BreakEven(other=other, side="always", answers=None, n=n)
    inverse = bca(
        columns,
        lambda totals: _inverse(totals, own_fit, other_fit, sign=1 if burden > 0 else -1),
        outcomes.clusters[both],
        strata=outcomes.base_tasks[both],
        seed=seed,
        resamples=RESAMPLES,
    )
    assert inverse is not None  # there are rows
    side: Side = "up to" if burden < 0 else "from" if gain > 0 else "never"
    return BreakEven(other=other, side=side, answers=_turned(inverse), n=n)


def _by_volume(
    outcomes: Outcomes, system: str, fit_usd: float | None, seed: int
) -> tuple[tuple[int, Estimate | None], ...]:
    index = outcomes.systems.index(system)
    rows = outcomes.attempted[:, index]
    usd, hits = outcomes.usd[rows, index], np.nan_to_num(outcomes.success[rows, index])
    n = int(rows.sum())
    volumes: Sequence[int] = (n, *VOLUMES)
    if fit_usd is None or np.isnan(usd).any():
        return tuple((volume, None) for volume in volumes)
    return tuple(
        (
            volume,
            ratio_of_sums(
                usd + fit_usd / volume,
                hits,
                outcomes.clusters[rows],
                strata=outcomes.base_tasks[rows],
                seed=seed,
            ),
        )
        for volume in volumes
    )


def _gain_and_burden(totals: Floats, own_fit: float, other_fit: float) -> tuple[Floats, Floats]:
    """The terms g and b of totals (..., 5): dollars of both, successes of both, answers."""
    with np.errstate(divide="ignore", invalid="ignore"):
        usd, other_usd, hits, other_hits, n = np.moveaxis(totals, -1, 0)
        gain = other_usd / other_hits - usd / hits
        burden = n * (own_fit / hits - other_fit / other_hits)
    return gain, burden


def _inverse(totals: Floats, own_fit: float, other_fit: float, *, sign: int) -> Floats:
    """The ratio g / b of totals (..., S, 5); NaN without successes and where b has another sign."""
    gain, burden = _gain_and_burden(totals.sum(axis=-2), own_fit, other_fit)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.sign(burden) == sign, gain / burden, np.nan)


def _turned(inverse: Estimate) -> Estimate:
    """The number of answers from its inverse; a negative inverse is never."""

    def answers(value: float) -> float:
        return 1 / value if value > 0 else math.inf

    return Estimate(
        value=answers(inverse.value),
        low=None if inverse.high is None else answers(inverse.high),
        high=None if inverse.low is None else answers(inverse.low),
        n=inverse.n,
        method=inverse.method,
        level=inverse.level,
    )


def _never(n: int) -> Estimate:
    return Estimate(value=math.inf, low=None, high=None, n=n, method="no success")
