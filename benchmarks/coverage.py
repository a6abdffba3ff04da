"""Coverage: how often each interval of evalsuite holds the truth, and how often each test errs.

Everything is 95 % nominal. Where outcomes can be counted through (rates, outcomes in pairs,
percentiles) the figures are exact; elsewhere they are simulated, and the column "+-" is their
binomial error. A row falls short if it lies outside its target by more than three such errors.

Targets, and why they are what they are:

- *near 95*: 94 to 96 %. An interval of counts swings with the rate, because counts are whole, so
  rates and shares of disagreement are averaged over a small band around the one named.
- *at least 95*: Clopper-Pearson and order statistics promise that for every truth, so they cover
  more; so do confidence sequences, which promise it for all looks at once.
- *cautious*, 94 to 100 %: rates near 1 in clusters or at one price, pairs with fewer than 10
  disagreements expected: the data hardly say how much they vary, and the interval errs wide.
- *rough*, 90 to 97 %: skewed costs or scores (logarithms with a standard deviation of 1) of at most
  100 samples: nothing that assumes nothing about the tail does better. Of 1.5 rows are only shown:
  a mean that hangs on a few dear answers cannot be bounded by the others.
- *must fail*, below 90 %: intervals that ignore clusters and t on rates near 1, shown beside what
  is used instead; if they did not fail, the simulation would be worth nothing.
- *at most 5*: risks of tests at their worst: non-inferiority with the true difference at the margin
  (5.5, as counts are whole), and a look at a sequential comparison after every sample.

    python benchmarks/coverage.py [--check] [--quick]

``--check`` exits with 1 and names each row that falls short; ``--quick`` simulates a twentieth.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from itertools import product

import numpy as np
from scipy import stats

from evalsuite.analysis.bootstrap import bca_mean_difference
from evalsuite.analysis.intervals import (
    JEFFREYS_PRIOR,
    UNIFORM_PRIOR,
    Estimate,
    clopper_pearson,
    clustered_mean,
    credible_interval,
    percentile,
    proportion,
    ratio_of_sums,
    wilson,
)
from evalsuite.analysis.paired import mean_difference, score_interval
from evalsuite.analysis.sequential import decide, e_value

SIZES = (30, 100, 300, 1000)
NEAR, AT_LEAST, CAUTIOUS, ROUGH = (0.94, 0.96), (0.95, 1.0), (0.94, 1.0), (0.90, 0.97)
MUST_FAIL, SHOWN, RISK = (0.0, 0.90), (0.0, 1.0), (0.0, 0.05)
WHOLE_RISK = (0.0, 0.055)
ERRORS = 3
"""How many errors of simulation a row may lie outside its target."""

Bounds = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A share (coverage or risk), its error (0 where it is exact) and the band it should lie in."""

    name: str
    setting: str
    n: int
    share: float
    error: float
    width: float
    target: tuple[float, float]

    @property
    def short(self) -> bool:
        """Whether it lies outside its target by more than simulation explains."""
        low, high = self.target
        slack = ERRORS * self.error + 5e-4
        return self.share < low - slack or self.share > high + slack


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """Data sets to draw, seeded by their own description, and the true figure."""

    setting: str
    n: int
    runs: int
    truth: float

    def of(
        self,
        name: str,
        draw: Callable[[np.random.Generator], Estimate | None],
        target: tuple[float, float],
    ) -> Row:
        """How many of the intervals of ``draw`` hold the truth; a bound of None always does."""
        rng = np.random.default_rng(list(f"{self.setting}, {self.n}".encode()))
        held, widths = 0, []
        for _ in range(self.runs):
            found = draw(rng)
            assert found is not None
            low = -math.inf if found.low is None else found.low
            high = math.inf if found.high is None else found.high
            held += low <= self.truth <= high
            widths.append(high - low)
        width = float(np.median(widths))
        return drawn(name, self.setting, self.n, held, self.runs, width, target)


def proportions() -> Iterator[Row]:
    """Independent outcomes, exactly; rates within 2 points of the one named."""
    for n, rate in product(SIZES, (0.5, 0.9, 0.97)):
        band, setting = np.linspace(rate - 0.02, rate + 0.02, 201), f"rate {rate:g}, +- 2 points"
        yield exact("Wilson", setting, n, *counted(wilson, n, band), NEAR)
        yield exact("Clopper-Pearson", setting, n, *counted(clopper_pearson, n, band), AT_LEAST)
    for n, (name, prior) in product(
        SIZES, (("uniform", UNIFORM_PRIOR), ("Jeffreys", JEFFREYS_PRIOR))
    ):
        rates = stats.beta.ppf((np.arange(2000) + 0.5) / 2000, *prior)
        found = counted(partial(credible_interval, prior=prior), n, rates)
        yield exact(f"Beta, {name} prior", "rates of that prior", n, *found, NEAR)


def counted(
    interval: Callable[[int, int], Bounds], n: int, rates: np.ndarray
) -> tuple[float, float]:
    """Exact coverage and mean width over ``rates``, which weigh alike."""
    counts = np.arange(n + 1)
    low, high = np.array([interval(int(count), n) for count in counts]).T
    chances = stats.binom.pmf(counts[:, None], n, rates[None])
    inside = (low[:, None] <= rates) & (rates <= high[:, None])
    return float((chances * inside).sum(axis=0).mean()), float(
        (chances * (high - low)[:, None]).sum(axis=0).mean()
    )


def clustered_rates(runs: int) -> Iterator[Row]:
    """Outcomes in clusters with an intra-cluster correlation of 0.2 (beta-binomial)."""
    for (n_clusters, size), rate in product(((30, 10), (100, 3), (100, 10)), (0.5, 0.9, 0.97)):
        clusters = np.repeat(range(n_clusters), size)
        setting, n = f"rate {rate:g}, {n_clusters} clusters of {size}", clusters.size
        row = Simulation(setting=setting, n=n, runs=runs, truth=rate)
        draw = partial(clustered, rate, clusters)
        kept = CAUTIOUS if rate > 0.9 else NEAR
        lost = MUST_FAIL if rate > 0.9 and n_clusters < 100 else SHOWN
        yield row.of("clustered Wilson", partial(draw, proportion, clusters), kept)
        if size == 10:
            yield row.of("clustered t", partial(draw, clustered_mean, clusters), lost)
            yield row.of("Wilson, independent", partial(draw, proportion, np.arange(n)), MUST_FAIL)


def clustered(
    rate: float,
    clusters: np.ndarray,
    interval: Callable[[np.ndarray, np.ndarray], Estimate | None],
    labels: np.ndarray,
    rng: np.random.Generator,
) -> Estimate | None:
    """``interval`` of outcomes whose ``clusters``' rates vary, if they are given as ``labels``."""
    lucks = rng.beta(4 * rate, 4 * (1 - rate), clusters[-1] + 1)
    return interval((rng.random(clusters.size) < lucks[clusters]).astype(float), labels)


@cache
def difference(only_a: int, only_b: int, n: int, level: float) -> Bounds:
    """The interval in use, from counts."""
    a, b = np.zeros(n), np.zeros(n)
    a[:only_a], b[only_a : only_a + only_b] = 1, 1
    found = score_interval(a, b, np.arange(n), level=level)
    assert found.low is not None and found.high is not None
    return found.low, found.high


def cells(n: int, only_a: float, only_b: float) -> Iterator[tuple[int, int, float]]:
    """Counts of both kinds of disagreement and their chance; all but one in a million."""
    discordant = only_a + only_b
    total = np.arange(n + 1)
    chances = stats.binom.pmf(total, n, discordant)
    for count in total[chances > 1e-8]:
        wins = np.arange(count + 1)
        shares = chances[count] * stats.binom.pmf(wins, count, only_a / discordant)
        for win in wins[shares > 1e-8]:
            yield int(win), int(count - win), float(shares[win])


def paired_outcomes(sizes: tuple[int, ...]) -> Iterator[Row]:
    """0/1 outcomes in pairs, exactly; shares of disagreement within 20 % of those named."""
    shares = ((0.15, 0.10), (0.05, 0.05), (0.05, 0.01), (0.02, 0.01))
    for (only_a, only_b), n in product(shares, sizes):
        share = width = 0.0
        for factor in (0.8, 0.9, 1.0, 1.1, 1.2):
            truth = factor * (only_a - only_b)
            for wins, losses, chance in cells(n, factor * only_a, factor * only_b):
                low, high = difference(wins, losses, n, 0.95)
                share += chance * (low <= truth <= high) / 5
                width += chance * (high - low) / 5
        target = NEAR if n * (only_a + only_b) >= 10 else CAUTIOUS
        setting = f"A only {only_a:g}, B only {only_b:g}"
        yield exact("paired score (Tango)", setting, n, share, width, target)


def inferiority_risks() -> Iterator[Row]:
    """Chance to call A not inferior at alpha 5 % when it is worse by exactly the margin."""
    for n, margin in ((50, 0.05), (100, 0.05), (200, 0.02), (500, 0.02), (1000, 0.02)):
        for only_a in (0.0, 0.005, 0.03):
            risk = width = 0.0
            for wins, losses, chance in cells(n, only_a, only_a + margin):
                low, high = difference(wins, losses, n, 0.90)
                risk += chance * (low > -margin)
                width += chance * (high - low)
            setting = f"at -{100 * margin:g} points, A only {only_a:g}"
            yield exact("risk: non-inferiority", setting, n, risk, width, WHOLE_RISK)


def paired_scores(runs: int) -> Iterator[Row]:
    """Scores in 0..1 on the same samples: dense, means of repeats, skewed, and in clusters."""
    for n in SIZES:
        row = Simulation(setting="dense differences", n=n, runs=runs, truth=0.05)
        yield row.of("clustered t", partial(dense, n), NEAR)
        row = Simulation(setting="5 repeats, 10 % flaky samples", n=n, runs=runs, truth=-0.02)
        yield row.of("paired score (jumps)", partial(flaky, n), NEAR if n >= 100 else CAUTIOUS)
        row = Simulation(setting="skewed differences", n=n, runs=max(30, runs // 4), truth=0.05)
        yield row.of("BCa bootstrap", partial(skewed, n), ROUGH if n <= 100 else NEAR)
    for only_a, only_b in ((0.10, 0.05), (0.02, 0.01)):
        setting = f"A only {only_a:g}, B only {only_b:g}, 30 of 10"
        row = Simulation(setting=setting, n=300, runs=runs, truth=only_a - only_b)
        yield row.of("paired score, clustered", partial(in_clusters, only_a, only_b), CAUTIOUS)


def dense(n: int, rng: np.random.Generator) -> Estimate | None:
    """No two scores are equal."""
    b = np.full(n, 0.5)
    return mean_difference(b + rng.uniform(-0.3, 0.4, n), b, range(n))


def flaky(n: int, rng: np.random.Generator) -> Estimate | None:
    """A tenth of the samples is right half of the time, and then three times of ten."""
    touched = rng.random(n) < 0.1
    then = rng.binomial(5, np.where(touched, 0.5, 1.0)) / 5
    return mean_difference(rng.binomial(5, np.where(touched, 0.3, 1.0)) / 5, then, range(n))


def skewed(n: int, rng: np.random.Generator) -> Estimate | None:
    """Two gamma scores, with a skewness of 2 and 2.8."""
    a, b = rng.gamma(1, 0.1, n), rng.gamma(0.5, 0.1, n)
    return bca_mean_difference(a, b, range(n), seed=int(rng.integers(2**31)))


def in_clusters(only_a: float, only_b: float, rng: np.random.Generator) -> Estimate | None:
    """30 clusters of 10 pairs that share their chances to disagree."""
    shape = [4 * only_a, 4 * only_b, 4 * (1 - only_a - only_b)]
    clusters, u = np.repeat(range(30), 10), rng.random(300)
    lucks = rng.dirichlet(shape, 30)[clusters]
    return mean_difference(u < lucks[:, 0], u > 1 - lucks[:, 1], clusters)


def ratios(runs: int, sizes: tuple[int, ...]) -> Iterator[Row]:
    """Dollars per success with lognormal costs, failures twice as dear; and at one price."""
    for rate, sigma in ((0.9, 0.5), (0.9, 1.0), (0.3, 1.0), (0.97, 0.0), (0.9, 1.5)):
        for n in sizes:
            target = ROUGH if sigma == 1 and n <= 100 else NEAR
            if sigma == 1.5:
                target = SHOWN
            elif sigma == 0 or (rate == 0.3 and n < 100):
                target = CAUTIOUS
            dearer = 1.0 if sigma == 0 else 2.0
            row = Simulation(
                setting=f"rate {rate:g}, SD of log costs {sigma:g}",
                n=n,
                runs=max(30, runs // (4 if n < 1000 else 8)),
                truth=math.exp(sigma**2 / 2) * (rate + dearer * (1 - rate)) / rate,
            )
            yield row.of("ratio of sums", partial(cost, n, rate, sigma, dearer), target)


def cost(
    n: int, rate: float, sigma: float, dearer: float, rng: np.random.Generator
) -> Estimate | None:
    """Dollars per success of ``n`` answers."""
    hits = rng.random(n) < rate
    usd = rng.lognormal(0, sigma, n) * np.where(hits, 1.0, dearer)
    return ratio_of_sums(usd, hits, np.arange(n), seed=int(rng.integers(2**31)))


def percentiles() -> Iterator[Row]:
    """Order statistics, exactly: ranks l and u hold the quantile if l <= Binomial(n, q) < u."""
    for q, n in product((0.5, 0.95), SIZES):
        found = percentile(np.arange(1, n + 1), q)
        assert found is not None
        name, setting = "order statistics", f"p{100 * q:g}"
        if found.low is None or found.high is None:
            yield exact(name, f"{setting}: n too small", n, math.nan, math.nan, SHOWN)
            continue
        share = stats.binom.cdf(found.high - 1, n, q) - stats.binom.cdf(found.low - 1, n, q)
        yield exact(name, setting, n, float(share), (found.high - found.low) / n, AT_LEAST)


def sequences(runs: int) -> Iterator[Row]:
    """Looks while it runs: truth lost at any of 25 looks, and false alarms after every sample."""
    for only_a, only_b in ((0.05, 0.05), (0.15, 0.05)):
        rng = np.random.default_rng([25, round(100 * only_a)])
        kept, widths = 0, []
        for _ in range(runs):
            kinds = rng.choice([1, -1, 0], p=[only_a, only_b, 1 - only_a - only_b], size=500)
            wins, losses = (kinds == 1).cumsum(), (kinds == -1).cumsum()
            seen = [
                decide(int(wins[at]), int(losses[at]), int(at + 1 - wins[at] - losses[at]))
                for at in range(19, 500, 20)
            ]
            kept += all(one.low <= only_a - only_b <= one.high for one in seen)
            widths.append(seen[-1].high - seen[-1].low)
        setting = f"A only {only_a:g}, B only {only_b:g}, 25 looks"
        yield drawn(
            "confidence sequence", setting, 500, kept, runs, float(np.mean(widths)), AT_LEAST
        )
    rng, alarms = np.random.default_rng(26), 0
    known = cache(lambda w, x: e_value(w, x, alternative="greater"))
    for _ in range(4 * runs):
        steps = rng.choice([1, -1], size=rng.binomial(500, 0.12))
        wins = (steps == 1).cumsum()
        pairs = zip(wins, np.arange(1, steps.size + 1) - wins, strict=True)
        alarms += any(known(int(win), int(loss)) >= 20 for win, loss in pairs)
    setting = "A only 0.06, B only 0.06, every look"
    yield drawn("risk: e-process", setting, 500, alarms, 4 * runs, math.nan, RISK)


def exact(
    name: str, setting: str, n: int, share: float, width: float, target: tuple[float, float]
) -> Row:
    """A row without an error of simulation."""
    return Row(name=name, setting=setting, n=n, share=share, error=0, width=width, target=target)


def drawn(
    name: str, setting: str, n: int, held: int, runs: int, width: float, target: tuple[float, float]
) -> Row:
    """A row of ``held`` in ``runs``; its error takes one more of each kind."""
    share, smooth = held / runs, (held + 1) / (runs + 2)
    error = math.sqrt(smooth * (1 - smooth) / runs)
    return Row(
        name=name, setting=setting, n=n, share=share, error=error, width=width, target=target
    )


def rows(*, quick: bool) -> Iterator[Row]:
    """Everything that is measured."""
    runs = 200 if quick else 4000
    sizes = (30, 100) if quick else SIZES
    yield from proportions()
    yield from clustered_rates(runs)
    yield from paired_outcomes(sizes)
    yield from inferiority_risks()
    yield from paired_scores(runs)
    yield from ratios(runs, sizes)
    yield from percentiles()
    yield from sequences(max(60, runs // 10))


def line(row: Row) -> str:
    """A row of the table."""
    low, high = row.target
    share = "-" if math.isnan(row.share) else f"{100 * row.share:.1f}"
    error = "exact" if row.error == 0 else f"{100 * row.error:.1f}"
    width = "-" if math.isnan(row.width) else f"{row.width:.4f}"
    target = "shown" if row.target == SHOWN else f"{100 * low:.0f} to {100 * high:g}"
    return f"{row.name:<24}{row.setting:<36}{row.n:>5}{share:>8}{error:>7}{width:>10}   {target}"


def main() -> int:
    """Measure, print, and with ``--check`` judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    parser.add_argument("--quick", action="store_true", help="a twentieth of the simulations")
    arguments = parser.parse_args()
    print(f"{'interval':<24}{'setting':<36}{'n':>5}{'%':>8}{'+-':>7}{'width':>10}   target")
    found = []
    for row in rows(quick=arguments.quick):
        print(line(row), flush=True)
        found.append(row)
    short = [row for row in found if row.short]
    for row in short if arguments.check else ():
        print(f"falls short: {row.name}, {row.setting}, n {row.n}: {100 * row.share:.1f} %")
    return 1 if arguments.check and short else 0


if __name__ == "__main__":
    sys.exit(main())
