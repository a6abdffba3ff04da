"""Coverage: how often the intervals of ratings hold the truth, where battles share prompts.

Each prompt gives each of 6 models a luck of its own (normal, SD 2 log-odds) that all its battles
share; 10 battles a prompt, 20 % ties. The truth is what infinitely many such battles would be rated
as (Gauss-Hermite integration over the luck, then the same fit). Four intervals, 95 % nominal, at
200 to 20,000 battles. The errors of the figures below are binomial: 0.7 points for 200 runs of 6
models.

Targets: clustered intervals (sandwich and bootstrap) cover 92 to 98 % from 1,000 battles on and 90
to 98 % at 200 (20 prompts); independent ones, shown beside them, fall below 90 % everywhere, as
they must if the simulation is worth anything. Where battles are independent, all four cover as the
clustered ones do. A style effect of 0.25 and the tie parameters of Davidson and of Rao & Kupper are
recovered within 0.01, and their intervals cover 92 to 98 %. The bands are four errors of simulation
wide on either side.

    python benchmarks/ratings_coverage.py [--runs 200] [--check]

``--check`` exits with 1 and names each row that falls short.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evalsuite.judging.outcomes import OUTCOME_MODELS
from evalsuite.ratings import Intervals, rate

ABILITIES = np.array([-1.0, -0.6, -0.2, 0.2, 0.6, 1.0])
MODELS = np.array([f"m{index}" for index in range(len(ABILITIES))])
SIZES = (200, 1_000, 5_000, 20_000)
BATTLES_A_PROMPT = 10
TIE_SHARE = 0.2
KINDS = {
    "sandwich, clustered": Intervals(),
    "bootstrap, clustered": Intervals(method="bootstrap", draws=400),
    "sandwich, independent": Intervals(clustered=False),
    "bootstrap, independent": Intervals(method="bootstrap", draws=400, clustered=False),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A figure, and the band it should lie in (None: it is only shown)."""

    name: str
    value: float
    low: float
    high: float


def battles(rng: np.random.Generator, n: int, luck: float) -> pd.DataFrame:
    """``n`` battles, ``BATTLES_A_PROMPT`` a prompt, each prompt with its own luck of this SD."""
    prompt = np.arange(n) // BATTLES_A_PROMPT
    k = len(ABILITIES)
    strength = ABILITIES + luck * rng.normal(size=(prompt[-1] + 1, k))
    a = rng.integers(k, size=n)
    b = (a + rng.integers(1, k, size=n)) % k
    won = rng.random(n) < 1 / (1 + np.exp(strength[prompt, b] - strength[prompt, a]))
    outcome = np.where(rng.random(n) < TIE_SHARE, 0.5, won)
    return pd.DataFrame({"a": MODELS[a], "b": MODELS[b], "outcome": outcome, "cluster": prompt})


def truth(luck: float) -> np.ndarray:
    """(K,) points that infinitely many such battles would be rated."""
    nodes, mass = np.polynomial.hermite_e.hermegauss(80)
    a, b = np.triu_indices(len(ABILITIES), 1)
    d = (ABILITIES[a] - ABILITIES[b])[:, None] + luck * np.sqrt(2) * nodes
    win = (1 / (1 + np.exp(-d))) @ (mass / mass.sum())
    win = 0.5 * TIE_SHARE + (1 - TIE_SHARE) * win
    pairs = pd.DataFrame({"a": MODELS[a], "b": MODELS[b]})
    expected = pd.concat(
        [pairs.assign(outcome=1, weight=win), pairs.assign(outcome=0, weight=1 - win)]
    )
    return rate(expected).table.set_index("model")["rating"].loc[MODELS].to_numpy()


def coverage(n: int, luck: float, runs: int) -> dict[str, float]:
    """Share of ratings inside their interval, by kind of interval."""
    right = truth(luck)
    held = dict.fromkeys(KINDS, 0.0)
    for run in range(runs):
        frame = battles(np.random.default_rng([n, run]), n, luck)
        for name, kind in KINDS.items():
            table = rate(frame, intervals=kind).table.set_index("model").loc[MODELS]
            inside = (table["low"] <= right) & (right <= table["high"])
            held[name] += float(inside.mean()) / runs
    return held


def with_effects(rng: np.random.Generator, n: int, ties: str, t: float) -> pd.DataFrame:
    """``n`` independent battles with a style effect of 0.25 and tie parameter ``t``."""
    k = len(ABILITIES)
    a = rng.integers(k, size=n)
    b = (a + rng.integers(1, k, size=n)) % k
    style = rng.normal(size=n)
    d = ABILITIES[a] - ABILITIES[b] + 0.25 * style
    logs = OUTCOME_MODELS[ties].log_likelihoods(d, np.array([t]))
    chances = np.exp(logs) if ties != "half" else np.exp(logs) * np.array([[1.0], [0.0], [1.0]])
    pick = (rng.random(n) > np.cumsum(chances, axis=0)).sum(axis=0).clip(0, 2)
    outcome = np.array([1.0, 0.5, 0.0])[pick]
    return pd.DataFrame({"a": MODELS[a], "b": MODELS[b], "outcome": outcome, "style": style})


def effects(ties: str, t: float, runs: int) -> list[Row]:
    """Mean estimate and coverage of the style effect and of the tie parameter at 5,000 battles."""
    true = [0.25] + ([t] if ties != "half" else [])
    found = [
        rate(
            with_effects(np.random.default_rng([7, run]), 5_000, ties, t),
            ties=ties,
            covariates=["style"],
        ).effects
        for run in range(runs)
    ]
    rows = []
    for place, value in enumerate(true):
        name = f"{ties}: {found[0]['effect'][place]}"
        estimates = np.array([one["log_odds"][place] for one in found])
        inside = [one["low"][place] <= value <= one["high"][place] for one in found]
        rows.append(
            Row(
                name=f"{name} (true {value:g})",
                value=float(estimates.mean()),
                low=value - 0.01,
                high=value + 0.01,
            )
        )
        rows.append(Row(name=f"{name} coverage", value=float(np.mean(inside)), low=0.92, high=0.98))
    return rows


def rows(runs: int) -> list[Row]:
    """Everything that is measured."""
    out = []
    for luck in (2.0, 0.0):
        for n in SIZES:
            for kind, value in coverage(n, luck, runs).items():
                if luck and kind.endswith("independent"):
                    low, high = 0.0, 0.90
                elif luck and n >= 1_000:
                    low, high = 0.92, 0.98
                else:
                    low, high = (0.90, 0.98) if n < 1_000 else (0.92, 0.98)
                shared = "shared prompts" if luck else "independent"
                out.append(Row(name=f"{shared}, n={n:,}: {kind}", value=value, low=low, high=high))
    for ties, t in (("half", 0.0), ("davidson", -0.3), ("rao_kupper", 0.6)):
        out += effects(ties, t, runs)
    return out


def main() -> int:
    """Measure, print, and with ``--check`` judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=200, help="simulated data sets a row [200]")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    arguments = parser.parse_args()
    found = rows(arguments.runs)
    for row in found:
        print(f"{row.name:<58}{row.value:>8.3f}   target {row.low:.3f} to {row.high:.3f}")
    missed = (
        [row for row in found if not row.low <= row.value <= row.high] if arguments.check else []
    )
    for row in missed:
        print(f"falls short: {row.name}: {row.value:.3f}, target {row.low:.3f} to {row.high:.3f}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
