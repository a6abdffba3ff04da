"""How the systems were compared and what the figures are over, in words and with this run's n."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalsuite.analysis.compare import ALPHA
from evalsuite.analysis.intervals import RESAMPLES
from evalsuite.analysis.numbers import UNKNOWN, concurrency_words, count
from evalsuite.analysis.paired import SIGN_FLIPS
from evalsuite.analysis.summary import Summary
from evalsuite.analysis.verdict import MARGIN
from evalsuite.records import SystemEntry
from evalsuite.store import Run


@dataclass(frozen=True)
class Method:
    """One thing to know before a figure is believed."""

    title: str
    text: str


@dataclass(frozen=True)
class Priced:
    """What calls of some systems were charged at, and who stated it and when."""

    systems: tuple[str, ...]
    price: tuple[tuple[str, str], ...]
    source: str


def methods(run: Run, summary: Summary) -> tuple[Method, ...]:
    """What was counted, paired, resampled and corrected, in the order in which it matters."""
    return (
        Method("Rates", _rates(summary)),
        Method("Tasks", _tasks(summary)),
        Method("Pairs", _pairs(summary)),
        Method("Clusters", _clusters(run)),
        Method("Intervals", _INTERVALS),
        Method("Tests", _tests(summary)),
        Method("Good enough", _GOOD_ENOUGH),
        Method("Cost", _COST),
        Method("Time", _time(summary)),
    )


def prices(entries: Sequence[SystemEntry]) -> tuple[Priced, ...]:
    """The prices of the models among ``entries``, those that are alike together."""
    found: dict[tuple[tuple[tuple[str, str], ...], str], list[str]] = {}
    for entry in entries:
        if entry.kind == "hybrid":
            continue
        said = {name: value for name, value in entry.price.items() if value not in (None, "")}
        source = str(said.pop("source", ""))
        words = tuple((name.replace("_", " "), _written(value)) for name, value in said.items())
        found.setdefault((words, source), []).append(entry.name)
    return tuple(Priced(tuple(names), words, source) for (words, source), names in found.items())


_INTERVALS = (
    "95 %, two-sided, none corrected for how many there are. Rates: Wilson's score interval with "
    "the effective n; means over tasks combine the tasks' intervals (MOVER). Differences: Tango's "
    f"score interval for pairs. Costs: Fieller's pivot over {RESAMPLES:,} bootstrap samples of "
    "clusters within tasks. Percentiles of time: order statistics. “n too small” means that no "
    "interval exists at this n. The tasks are taken as given: an interval speaks of them, not of "
    "others like them."
)
_GOOD_ENOUGH = (
    "A cheaper system counts as good as the best where its difference is shown to stay above "
    f"\N{MINUS SIGN}{100 * MARGIN:.0f} points: the lower bound of its interval does. “Not "
    "distinguishable” is less than that, and says only that this n did not tell two apart."
)
_COST = (
    "All calls behind the answers: failed, retried, escalated and voting ones, each at the price "
    "below, at the moment of the call. What a cache or a recording answered costs what its call "
    "would have. Preparation and judges are in no answer's cost; they are listed apart. Where one "
    "call's price is unknown, so is the total."
)


def _rates(summary: Summary) -> str:
    failed = sum(
        item.figures.n_system_errors + item.figures.n_scorer_errors for item in summary.systems
    )
    attempted = sum(item.figures.n_attempted for item in summary.systems)
    opening = "Right answers over scored answers; an answer is right where its task's deciding "
    opening += "score reaches the bar listed below."
    if not failed:
        return f"{opening} All {count(attempted)} answers were scored."
    return (
        f"{opening} {count(failed)} of {count(attempted)} answers failed: they are unknown, not "
        "wrong, and in no rate; the section on failures has the rates with all of them wrong."
    )


def _tasks(summary: Summary) -> str:
    n = len(summary.manifest.tasks)
    if n == 1:
        return "One task. A system without scored answers is not ranked."
    ranked = sum(item.comparable for item in summary.systems)
    return (
        f"Every one of the {n} tasks weighs the same, however many samples it has; a task asked "
        f"in several ways is one. Only systems with scored answers in all of them are ranked: "
        f"{ranked} of {len(summary.systems)}."
    )


def _pairs(summary: Summary) -> str:
    pairs = [item.n_pairs for item in summary.comparisons if item.success]
    opening = "Two systems are compared on the samples, and repeats, that were scored for both"
    if not pairs:
        return f"{opening}: none in this run."
    least, most = min(pairs), max(pairs)
    n = count(most) if least == most else f"{count(least)} to {count(most)}"
    return f"{opening}: {n} pairs a comparison. Costs are compared on what both attempted."


def _clusters(run: Run) -> str:
    frame = run.read("samples", ["task", "cluster"])
    n, clusters = len(frame), len(frame.drop_duplicates())
    if n == clusters:
        return f"Each of the {count(n)} samples stands for itself."
    return (
        f"{count(n)} samples in {count(clusters)} clusters (of one document, one table, one "
        "conversation): intervals and tests count clusters, because samples of one are alike."
    )


def _tests(summary: Summary) -> str:
    n = len(summary.comparisons)
    if not n:
        return "No two systems were compared."
    corrected = f"Holm's correction over all {count(n)} comparisons" if n > 1 else "no correction"
    return (
        "Sign flips of whole clusters, exact where that is feasible, else "
        f"{SIGN_FLIPS:,} random ones; {corrected}. Distinguishable: p below {ALPHA:g}, and an "
        "interval of the difference that leaves out 0."
    )


def _time(summary: Summary) -> str:
    in_flight = concurrency_words(summary.manifest.concurrency)
    return (
        "End to end, as the caller felt it, waiting included, one pair of task and system at a "
        f"time; answers in flight: {in_flight}. Models in this process were loaded, and computed "
        "one token, before the first answer; no answer was left out as a warm-up. Recorded, cached "
        "and resumed answers have no time. `evalsuite bench-latency` measures under a stated load."
    )


def _written(value: object) -> str:
    return (
        UNKNOWN if value is None else f"{value:,.10g}" if isinstance(value, float) else str(value)
    )
