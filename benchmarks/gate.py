"""Gates on simulated suites: how often each rule blames an unchanged system, and a worse one.

A suite has 200 samples. Sample i is answered right with probability p_i, drawn so that the mean is
75 % and most samples are nearly always or nearly never right: the spread of p_i makes "drop > 2
points" raise 17 % false alarms, as measured on real suites (scoring reference, section 6). Samples
are independent, or in 50 clusters of 4 that are alike and share luck within an answer. The worse
system is right 5 points less often, either by a little everywhere (even) or always wrong on some
samples (broken). The baseline has 5 answers a sample; a rule's calls are relative to 5.

Rules of named peers are written after what their sources do, and called "-like":

- promptfoo-like: fails where the pass rate is below PROMPTFOO_PASS_RATE_THRESHOLD, which is 100 %
  as it comes; beside it the one that a careful user would set, 2 points below the baseline.
- deepeval-like: every test case has to reach its threshold, here: that was right in the baseline.
- asv-like: worse by a factor of 1.1 (of the rate of failures) and Mann-Whitney p < 0.002.
- pytest-benchmark-like: worse by more than 10 % (of the success rate).
- lm-eval-like: unpaired z test of two means.

    python benchmarks/gate.py [--suites 2000] [--quick] [--check]

``--check`` exits with 1 where the two-stage gate of this package misses a target: false alarms at
most 5 %, power at least 90 % and, of an unchanged system, at most 0.6 x the calls of 5 answers.
``--quick`` draws 150 suites, and then a target counts as missed where the interval excludes it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from evalsuite.analysis.gate_config import DEFAULT_RULES, GateFile
from evalsuite.analysis.gate_tests import FigureTest, share_test
from evalsuite.analysis.intervals import wilson
from evalsuite.analysis.multiplicity import holm

N_SAMPLES, REPEATS = 200, 5
MEAN_RATE, SPREAD = 0.75, 0.3  # p_i ~ Beta(0.225, 0.075)
ALIKE, SHARED_LUCK = 0.5, 0.3  # within clusters: correlation of p_i, and of one answer's luck
DROP = 0.05
TOGETHER = 8
CONFIG = GateFile()
RULE = DEFAULT_RULES["success"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What is simulated: how samples hang together, and in what way the new system is worse."""

    name: str
    clusters: int
    worse: str  # "", "even" or "broken"


SCENES = tuple(
    Scene(name=f"{kind}{', ' + worse if worse else ''}", clusters=clusters, worse=worse)
    for kind, clusters in (("independent", N_SAMPLES), ("clustered", N_SAMPLES // 4))
    for worse in ("", "even", "broken")
)


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Outcomes (n, K) of 0 and 1 of the baseline and of the new system, and ``clusters`` (n,)."""

    baseline: Floats
    new: Floats
    clusters: NDArray[np.intp]

    def test(self, repeats: int) -> FigureTest:
        """The gate's test of the new system's first ``repeats`` answers."""
        found = share_test(
            self.baseline.mean(axis=1),
            self.new[:, :repeats].mean(axis=1),
            self.clusters,
            alpha=CONFIG.alpha,
        )
        assert found is not None
        return found


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether the system was blamed, and after how many answers a sample."""

    blamed: bool
    answers: int


def suites(scene: Scene, n: int, seed: int) -> Iterator[Suite]:
    """``n`` suites of ``scene``."""
    from scipy.stats import beta, norm

    rng = np.random.default_rng(seed)
    size = N_SAMPLES // scene.clusters
    clusters = np.repeat(np.arange(scene.clusters), size)
    alike, luck = (ALIKE, SHARED_LUCK) if size > 1 else (0.0, 0.0)
    for _ in range(n):
        shared = rng.standard_normal(scene.clusters)[clusters]
        latent = np.sqrt(alike) * shared + np.sqrt(1 - alike) * rng.standard_normal(N_SAMPLES)
        rates = beta.ppf(norm.cdf(latent), MEAN_RATE * SPREAD, (1 - MEAN_RATE) * SPREAD)
        answers = []
        for chances in (rates, _worse(rates, scene.worse, rng)):
            together = rng.standard_normal((REPEATS, scene.clusters))[:, clusters]
            alone = rng.standard_normal((REPEATS, N_SAMPLES))
            drawn = norm.cdf(np.sqrt(luck) * together + np.sqrt(1 - luck) * alone)
            answers.append((drawn < chances).T.astype(float))
        yield Suite(baseline=answers[0], new=answers[1], clusters=clusters)


def _worse(rates: Floats, how: str, rng: np.random.Generator) -> Floats:
    """``rates`` (n,) with a mean that is 5 points lower: scaled, or 0 for as many as it takes."""
    if not how:
        return rates
    if how == "even":
        return rates * (1 - DROP / rates.mean())
    worse = rates.copy()
    for sample in rng.permutation(len(rates)):
        if rates.mean() - worse.mean() >= DROP:
            break
        worse[sample] = 0.0
    return worse


# -- rules ----------------------------------------------------------------------


def once(rule: Callable[[Suite], bool]) -> Callable[[Suite], Decision]:
    """A rule that looks at one answer a sample."""
    return lambda suite: Decision(blamed=rule(suite), answers=1)


def all_must_pass(suite: Suite) -> bool:
    """promptfoo-like as it comes: the pass rate has to be 100 %."""
    return bool(suite.new[:, 0].mean() < 1)


def two_points_below(suite: Suite) -> bool:
    """promptfoo-like with a threshold 2 points below the baseline's rate."""
    return bool(suite.new[:, 0].mean() < suite.baseline[:, 0].mean() - 0.02)


def no_case_may_flip(suite: Suite) -> bool:
    """deepeval-like: each case that was right has to be right again."""
    return bool((suite.new[:, 0] < suite.baseline[:, 0]).any())


def asv_like(suite: Suite) -> bool:
    """asv-like: failures up by a factor of 1.1, and Mann-Whitney p < 0.002."""
    from scipy.stats import mannwhitneyu

    failed_before, failed_now = 1 - suite.baseline[:, 0], 1 - suite.new[:, 0]
    if failed_now.mean() <= 1.1 * failed_before.mean():
        return False
    return bool(mannwhitneyu(failed_before, failed_now).pvalue < 0.002)


def ten_percent_down(suite: Suite) -> bool:
    """pytest-benchmark-like: more than 10 % worse than the stored figure."""
    return bool(suite.new[:, 0].mean() < 0.9 * suite.baseline[:, 0].mean())


def unpaired_z(suite: Suite) -> bool:
    """lm-eval-like: z of two independent means, one-sided 5 %."""
    before, now = suite.baseline[:, 0], suite.new[:, 0]
    error = np.sqrt((before.var(ddof=1) + now.var(ddof=1)) / N_SAMPLES)
    return bool((now.mean() - before.mean()) / error < -1.644854)


def blamed(test: FigureTest, adjusted_p: float) -> bool:
    """Whether the gate blames, as it decides in ``evalsuite.analysis.gate``."""
    return test.shows_loss(adjusted_p, min_effect=RULE.min_effect, alpha=CONFIG.alpha)


def one_stage(suite: Suite, repeats: int) -> Decision:
    """evalsuite, one stage."""
    test = suite.test(repeats)
    return Decision(blamed=blamed(test, test.p_value), answers=repeats)


def two_stages(suite: Suite, repeats: int) -> Decision:
    """evalsuite: one answer a sample, and ``repeats`` of them where that one looks doubtful."""
    test = suite.test(1)
    if not (test.p_value < CONFIG.screen and test.loss.value > RULE.min_effect):
        return Decision(blamed=False, answers=1)
    return one_stage(suite, repeats)


TWO_STAGES = f"evalsuite, two stages (1, then {REPEATS})"
RULES: dict[str, Callable[[Suite], Decision]] = {
    "promptfoo-like, as it comes": once(all_must_pass),
    "promptfoo-like, baseline - 2 points": once(two_points_below),
    "deepeval-like, no case may flip": once(no_case_may_flip),
    "pytest-benchmark-like, 10 %": once(ten_percent_down),
    "asv-like, x 1.1 and Mann-Whitney": once(asv_like),
    "lm-eval-like, unpaired z": once(unpaired_z),
    "evalsuite, 1 answer": lambda suite: one_stage(suite, 1),
    f"evalsuite, {REPEATS} answers": lambda suite: one_stage(suite, REPEATS),
    "evalsuite, two stages (1, then 3)": lambda suite: two_stages(suite, 3),
    TWO_STAGES: lambda suite: two_stages(suite, REPEATS),
}


# -- measuring ----------------------------------------------------------------------


@dataclass
class Tally:
    """What a rule did in a scene."""

    n: int = 0
    n_blamed: int = 0
    answers: int = 0

    def add(self, decision: Decision) -> None:
        """Count one decision."""
        self.n += 1
        self.n_blamed += decision.blamed
        self.answers += decision.answers

    @property
    def rate(self) -> float:
        """Share of systems that were blamed."""
        return self.n_blamed / self.n

    @property
    def calls(self) -> float:
        """Answers asked for, relative to 5 a sample."""
        return self.answers / (self.n * REPEATS)


@dataclass
class Measured:
    """Tallies by rule and scene, and how often any of 8 unchanged systems at once was blamed."""

    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)
    together: dict[str, Tally] = field(default_factory=dict)


def measure(n: int, seed: int = 0) -> Measured:
    """Every rule in every scene, all on the same suites."""
    found = Measured()
    for number, scene in enumerate(SCENES):
        waiting: list[FigureTest] = []
        for suite in suites(scene, n, seed + number):
            for name, rule in RULES.items():
                found.tallies.setdefault((name, scene.name), Tally()).add(rule(suite))
            if scene.worse:
                continue
            waiting.append(suite.test(REPEATS))
            if len(waiting) == TOGETHER:
                adjusted = holm([test.p_value for test in waiting])
                any_blamed = any(map(blamed, waiting, adjusted))
                tally = found.together.setdefault(scene.name, Tally())
                tally.add(Decision(blamed=any_blamed, answers=REPEATS))
                waiting.clear()
    return found


def table(found: Measured) -> str:
    """A rule a row; false alarms, power and calls."""
    titles = ["rule"]
    for scene in SCENES:
        titles.append(("power " if scene.worse else "alarms ") + scene.name)
    titles += ["calls, unchanged", "calls, worse"]
    lines = ["| " + " | ".join(titles) + " |", "|" + " --- |" * len(titles)]
    for name in RULES:
        tallies = [found.tallies[name, scene.name] for scene in SCENES]
        same = [tally for tally, scene in zip(tallies, SCENES, strict=True) if not scene.worse]
        worse = [tally for tally, scene in zip(tallies, SCENES, strict=True) if scene.worse]
        cells = [f"{tally.rate:.3f}" for tally in tallies]
        cells += [f"{np.mean([tally.calls for tally in group]):.2f} x" for group in (same, worse)]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(lines)


def missed(found: Measured, *, exactly: bool) -> list[str]:
    """Targets that the two-stage gate misses; by its interval where not ``exactly``."""
    lines = []
    for scene in SCENES:
        tally = found.tallies[TWO_STAGES, scene.name]
        low, high = (tally.rate,) * 2 if exactly else wilson(tally.n_blamed, tally.n)
        if scene.worse and high < 0.9:
            lines.append(f"power {scene.name}: {tally.rate:.3f}, target 0.9")
        if not scene.worse and low > CONFIG.alpha:
            lines.append(f"false alarms {scene.name}: {tally.rate:.3f}, target 0.05")
        if not scene.worse and tally.calls > 0.6:
            lines.append(f"calls {scene.name}: {tally.calls:.2f} x, target 0.6 x")
    for name, tally in found.together.items():
        if wilson(tally.n_blamed, tally.n)[0] > CONFIG.alpha:
            lines.append(f"any of {TOGETHER} blamed, {name}: {tally.rate:.3f}, target 0.05")
    return lines


def main() -> int:
    """Simulate, print, and with ``--check`` judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--suites", type=int, default=2000, help="simulated suites a scene [2000]")
    parser.add_argument("--quick", action="store_true", help="150 suites")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    arguments = parser.parse_args()
    n = 150 if arguments.quick else arguments.suites
    found = measure(n)
    print(f"{n} suites a scene, {N_SAMPLES} samples, baseline of {REPEATS} answers each;")
    print(f"alarms: unchanged systems blamed; power: of those {100 * DROP:.0f} points worse\n")
    print(table(found))
    for name, tally in found.together.items():
        print(
            f"\n{TOGETHER} unchanged systems judged together, {name}: any blamed in "
            f"{tally.n_blamed} of {tally.n} ({tally.rate:.3f})"
        )
    short = missed(found, exactly=not arguments.quick) if arguments.check else []
    for line in short:
        print(f"falls short: {line}")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
