"""Coverage: how often the interval of the spread over prompts holds the true spread.

Successes of one sample under several prompts go together: normal scores with a shared part of 70 %
of the variance, cut where each prompt's rate says. All prompts are equally good, or one of them is
10 points worse. A spread is called more than chance where its interval leaves out 0 and the test
over all prompts has p < 0.05.

Targets: the interval holds the true spread in at least 92.5 % of the runs, and of equally good
prompts at most 7.5 % are called more than chance; both are 5 % nominal, and the band is two and a
half errors of simulation wide for 400 runs. Coverage near 100 % where one prompt differs is the
price of an interval that allows for all pairs.

    python benchmarks/prompt_spread.py [--runs 400] [--check]

``--check`` exits with 1 and names each row that falls short.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from evalsuite.analysis.prompt_sensitivity import prompts_p, spread_of

SHARED = 0.7
SIZES = (30, 100, 300)
PROMPTS = (2, 4, 8)
LEAST_COVERED, MOST_CALLED = 0.925, 0.075


@dataclass(frozen=True, kw_only=True)
class Row:
    """Shares of runs whose interval held the truth, and that were called more than chance."""

    name: str
    equal: bool
    covered: float
    called: float

    @property
    def falls_short(self) -> bool:
        """Whether it misses a target."""
        return self.covered < LEAST_COVERED or (self.equal and self.called > MOST_CALLED)


def simulated(n: int, rates: list[float], runs: int) -> Row:
    """``runs`` sets of ``n`` samples under prompts with these true success rates."""
    rng = np.random.default_rng([n, len(rates), round(1000 * sum(rates))])
    cuts = np.array([NormalDist().inv_cdf(rate) for rate in rates])
    labels = np.arange(n).astype(str)
    truth = max(rates) - min(rates)
    covered = called = 0
    for seed in range(runs):
        scores = rng.normal(size=(n, 1)) * SHARED**0.5
        scores = scores + rng.normal(size=(n, len(rates))) * (1 - SHARED) ** 0.5
        table = (scores < cuts).astype(float)
        found = spread_of(table, labels, seed=seed)
        if found.low is None or found.high is None:  # nothing varied: nothing is claimed
            covered += 1
            continue
        covered += found.low <= truth <= found.high
        called += found.low > 0 and prompts_p(table, labels, seed=seed) < 0.05
    kind = "equal" if truth == 0 else "one 10 points worse"
    name = f"n={n}, {len(rates)} prompts at {100 * max(rates):.0f} %, {kind}"
    return Row(name=name, equal=truth == 0, covered=covered / runs, called=called / runs)


def rows(runs: int) -> list[Row]:
    """Every size, number of prompts and effect; rates of 60 %, and of 95 % with 4 equal prompts."""
    found = []
    for n in SIZES:
        for k in PROMPTS:
            found.append(simulated(n, [0.6] * k, runs))
            found.append(simulated(n, [0.5, *[0.6] * (k - 1)], runs))
        found.append(simulated(n, [0.95] * 4, runs))
    return found


def main() -> int:
    """Measure, print, and with ``--check`` judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=400, help="simulated data sets a row [400]")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    arguments = parser.parse_args()
    found = rows(arguments.runs)
    print(f"{'':<46}{'covered':>10}{'called more than chance':>26}")
    for row in found:
        print(f"{row.name:<46}{row.covered:>10.3f}{row.called:>26.3f}")
    missed = [row for row in found if row.falls_short] if arguments.check else []
    for row in missed:
        print(f"falls short: {row.name}: covered {row.covered:.3f}, called {row.called:.3f}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
