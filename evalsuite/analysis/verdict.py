"""The answer in words: which system to use, how sure that is, and what cannot be said."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evalsuite.analysis.compare import Comparison
from evalsuite.analysis.intervals import Estimate
from evalsuite.analysis.measure import Figures
from evalsuite.analysis.numbers import count, money, percent, points, significant, times
from evalsuite.analysis.summary import FamilyFigures, Summary, SystemFigures

MARGIN = 0.02
"""A system is close enough to the best one if it is shown to lose less than this many successes."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A headline, the comparisons that carry it, the best choice by family, and the caveats."""

    headline: str
    comparisons: tuple[str, ...]
    families: tuple[str, ...]
    caveats: tuple[str, ...]


def verdict(summary: Summary) -> Verdict:
    """Put ``summary`` into words; says so wherever the run does not decide a question."""
    return Verdict(
        headline=headline(summary),
        comparisons=tuple(sentence(item) for item in leading_comparisons(summary)),
        families=tuple(family_sentence(item) for item in summary.families if item.systems),
        caveats=_caveats(summary),
    )


def headline(summary: Summary) -> str:
    """One or two sentences: the cheapest system shown to be as good as the best, or why not."""
    if summary.best is None:
        return (
            "No overall winner: no system has scored answers in every task. "
            "The families below each have one."
        )
    best = summary.system(summary.best)
    lead = f"{summary.best} is right most often: {_rate(best.figures.macro_success_rate)}"
    cost = best.figures.usd_per_thousand
    rivals = [item for item in summary.systems if item.comparable and item is not best]
    if not rivals:
        return f"{lead}, {_cost_words(best.figures)}. It has no comparable rival in this run."
    if cost is None:
        return f"{lead}, at an unknown cost. {_among_priced(summary, rivals)}"
    return _weighed(summary, best, cost.value, rivals)


def _among_priced(summary: Summary, rivals: list[SystemFigures]) -> str:
    """The headline among the systems whose cost is known, when the leader's is not."""
    priced = [item for item in rivals if item.figures.usd_per_thousand is not None]
    if not priced:
        return "No other cost is known either, so nothing can be said of value for money."
    best = priced[0]
    cost = best.figures.usd_per_thousand
    assert cost is not None
    words = _weighed(summary, best, cost.value, priced[1:])
    return f"Of those whose cost is known, {words}"


def _weighed(
    summary: Summary, best: SystemFigures, best_usd: float, rivals: list[SystemFigures]
) -> str:
    """``best`` against the cheaper ones of its ``rivals``."""
    lead = f"{best.entry.name} is right most often: {_rate(best.figures.macro_success_rate)}"
    cheaper = sorted(
        (usd.value, item.entry.name, item)
        for item in rivals
        if (usd := item.figures.usd_per_thousand) is not None and usd.value < best_usd
    )
    if not cheaper:
        unpriced = any(item.figures.usd is None for item in rivals)
        claim = "no priced rival costs less" if unpriced else "it costs least as well"
        return f"{lead}, and {claim} ({_cost_words(best.figures)})."
    for _, name, item in cheaper:
        comparison = summary.comparison(name, best.entry.name)
        if comparison is not None and _shown_close(comparison):
            return _close_enough(item, best, comparison)
    return f"{lead}, {_cost_words(best.figures)}. {_nothing_close(summary, best, cheaper)}"


def sentence(comparison: Comparison) -> str:
    """One comparison in words, with its interval, its n and what this n could have shown."""
    a, b, success = comparison.a, comparison.b, comparison.success
    if success is None:
        return f"{a} and {b} were never scored on the same sample: no comparison."
    return (
        f"{a} answers {percent(comparison.a_rate)} right against {b}'s "
        f"{percent(comparison.b_rate)} (difference {_difference(success.difference)}, "
        f"n {count(comparison.n_pairs)}: {decision(comparison)}) {_at_cost(comparison)}."
    )


def decision(comparison: Comparison) -> str:
    """Whether the difference is more than chance, and if not, how small a one n could show."""
    if comparison.success is None:
        return "no common samples"
    if comparison.distinguishable:
        return "distinguishable"
    if comparison.interval_leaves_out_0 and comparison.n_comparisons > 1:
        why = f"not distinguishable once corrected for {comparison.n_comparisons} comparisons"
    else:
        why = "not distinguishable"
    smallest = 100 * comparison.success.smallest_detectable
    if smallest > 100:
        return f"{why}; this n is too small to show any difference"
    return f"{why}; this n shows differences from about {smallest:.1f} points"


def hybrid_sentence(system: SystemFigures) -> str:
    """Who inside a hybrid was asked how often, and how often it was right when it spoke last."""
    if system.hybrid is None:
        return f"{system.entry.name} asks no other system."
    parts = []
    for role in system.hybrid.roles:
        right = role.success_when_last
        last = f", last in {count(role.n_last)}" if role.n_last else ", never last"
        last += f" of which {percent(right.value)} right" if right else ""
        parts.append(f"{role.role} ({role.member}) in {percent(role.share_of_responses)}{last}")
    n = count(system.hybrid.n_responses)
    return f"{system.entry.name}, of {n} answers: {'; '.join(parts)}."


def leading_comparisons(summary: Summary) -> tuple[Comparison, ...]:
    """Each comparable hybrid, and the cheapest model, against the model that is right most.

    That is the most accurate one whose cost is known, where there is one.
    """
    comparable = [item for item in summary.systems if item.comparable]
    models = [item for item in comparable if item.entry.kind == "model"]
    if not models:
        return ()
    known = [item for item in models if item.figures.usd is not None]
    best = (known or models)[0].entry.name
    others = [item.entry.name for item in comparable if item.entry.kind == "hybrid"]
    rest = [item for item in models if item.entry.name != best]
    if rest:
        others.append(min(rest, key=_usd).entry.name)
    found = [summary.comparison(name, best) for name in others]
    return tuple(item for item in found if item is not None)


def family_sentence(family: FamilyFigures) -> str:
    """The best choice for one family: who leads, and the cheapest that cannot be told apart."""
    leader, figures = family.systems[0]
    rate = _rate(figures.macro_success_rate)
    if not family.comparisons:
        return f"{family.family}: {leader} has {rate}; nothing else was scored in all its tasks."
    if figures.n_successes == 0:
        return f"{family.family}: no system is right, {leader} has {rate}."
    lead = f"{family.family}: {leader} leads with {rate}"
    tied = [item for item in family.comparisons if not item.distinguishable]
    clear = [item for item in family.comparisons if item.distinguishable]
    if not tied:
        runner_up = clear[0]
        return (
            f"{lead}, ahead of {runner_up.b}'s {percent(runner_up.b_rate)} {_at_cost(runner_up)}."
        )
    cost = dict(family.systems)
    cheaper = [
        (usd.value, item)
        for item in tied
        if (usd := cost[item.b].usd_per_thousand) is not None
        and (own := figures.usd_per_thousand) is not None
        and usd.value < own.value
    ]
    if cheaper:
        item = min(cheaper, key=lambda pair: pair[0])[1]
        ratio = item.usd_ratio
        share = times(1 / ratio.value) if ratio and ratio.value else "an unknown share"
        return (
            f"{lead}; {item.b} ({percent(item.b_rate)}) cannot be told apart from it at "
            f"n {count(item.n_pairs)}, at {share} of its cost."
        )
    names = ", ".join(item.b for item in tied)
    if figures.usd is None or any(cost[item.b].usd is None for item in tied):
        return f"{lead}; cannot be told apart from {names}, and costs are not all known."
    return f"{lead}; cannot be told apart from {names}, but costs no more than any of them."


def _inverse(ratio: float) -> str:
    return f"1/{significant(1 / ratio)}" if ratio > 0 else "0"


def _shown_close(comparison: Comparison) -> bool:
    """Whether even the low end of a's difference to b is within the margin."""
    low = comparison.success.difference.low if comparison.success else None
    return low is not None and low > -MARGIN


def _close_enough(item: SystemFigures, best: SystemFigures, comparison: Comparison) -> str:
    assert comparison.success is not None
    return (
        f"{item.entry.name} is the cheapest system shown to stay within {100 * MARGIN:.0f} points "
        f"of the best: {_rate(item.figures.macro_success_rate)} right against "
        f"{best.entry.name}'s {percent(comparison.b_rate)} "
        f"(difference {_difference(comparison.success.difference)}), {_at_cost(comparison)}."
    )


def _nothing_close(
    summary: Summary, best: SystemFigures, cheaper: list[tuple[float, str, SystemFigures]]
) -> str:
    opening = f"Nothing cheaper was shown to stay within {100 * MARGIN:.0f} points of it"
    for _, name, _item in cheaper:
        comparison = summary.comparison(name, best.entry.name)
        if comparison and comparison.success and not comparison.distinguishable:
            return (
                f"{opening}; the cheapest that may is {name} "
                f"(difference {_difference(comparison.success.difference)}, undecided at "
                f"n {count(comparison.n_pairs)}), {_at_cost(comparison)}."
            )
    nearest = max(cheaper, key=lambda entry: _success_value(entry[2]))[1]
    comparison = summary.comparison(nearest, best.entry.name)
    if comparison is None or comparison.success is None:
        return f"{opening}."
    return (
        f"{opening}: each cheaper system is distinguishably worse, the nearest being {nearest} "
        f"(difference {_difference(comparison.success.difference)}), {_at_cost(comparison)}."
    )


def _usd(item: SystemFigures) -> float:
    """Dollars per thousand samples, infinite where unknown: for ordering only."""
    estimate = item.figures.usd_per_thousand
    return math.inf if estimate is None else estimate.value


def _success_value(item: SystemFigures) -> float:
    rate = item.figures.macro_success_rate
    return rate.value if rate else 0.0


def _rate(estimate: Estimate | None) -> str:
    if estimate is None:
        return "no scored answers"
    return f"{percent(estimate.value)} ({_bounds(estimate)}, n {count(estimate.n)})"


def _bounds(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return "n too small for an interval"
    return f"95 % CI {100 * estimate.low:.1f} to {100 * estimate.high:.1f}"


def _difference(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return f"{points(estimate.value)} points, n too small for an interval"
    bounds = f"95 % CI {points(estimate.low)} to {points(estimate.high)}"
    return f"{points(estimate.value)} points, {bounds}"


def _cost_words(figures: Figures) -> str:
    """Cost per success in words."""
    estimate = figures.usd_per_success
    if estimate is None:
        return f"at an unknown cost ({count(figures.n_unpriced)} answers have no price)"
    if math.isinf(estimate.value):
        return f"with no success for the {money(figures.usd)} it cost"
    return f"at {money(1000 * estimate.value)} per 1,000 right answers"


def _at_cost(comparison: Comparison) -> str:
    ratio = comparison.usd_ratio
    if ratio is None:
        return "at an unknown ratio of costs"
    if math.isinf(ratio.value):
        return f"while {comparison.b} cost nothing"
    if ratio.low is None or ratio.high is None:
        return f"at {times(ratio.value)} of its cost (n too small for an interval)"
    write = _inverse if ratio.value < 0.1 else significant
    bounds = f"95 % CI {write(ratio.low)} to {write(ratio.high)}"
    if ratio.value > 1:
        return f"at {times(ratio.value)} times its cost ({bounds})"
    return f"at {times(ratio.value)} of its cost ({bounds})"


def _unfinished(summary: Summary) -> list[str]:
    """Of a run that was stopped at a limit: why, and who has how many of their answers."""
    if summary.manifest.stopped is None:
        return []
    short = [
        f"{item.entry.name} {count(item.figures.n_attempted)} of {count(item.n_wanted)}"
        for item in summary.systems
        if item.figures.n_attempted < item.n_wanted
    ]
    told = {item.entry.name for item in summary.systems}
    entries = summary.manifest.systems
    none = [f"{entry.name} 0" for entry in entries if entry.reported and entry.name not in told]
    return [
        f"The run was stopped early ({summary.manifest.stopped}). Answers there are: "
        f"{', '.join([*short, *none]) or 'all'}."
    ]


def _caveats(summary: Summary) -> tuple[str, ...]:
    systems = summary.systems
    found = _unfinished(summary)
    partial = [item.entry.name for item in systems if not item.comparable]
    if partial:
        found.append(
            "Not in the overall ranking, for want of scored answers in every task: "
            + ", ".join(partial)
            + "."
        )
    for item in systems:
        figures = item.figures
        failed = figures.n_system_errors + figures.n_scorer_errors
        if failed:
            found.append(
                f"{item.entry.name}: {count(failed)} of {count(figures.n_attempted)} answers "
                "failed or could not be scored; rates leave them out "
                f"(counted as wrong: {percent(figures.success_rate_at_worst)})."
            )
    unpriced = [
        f"{item.entry.name} ({count(item.figures.n_unpriced)} of "
        f"{count(item.figures.n_attempted)} answers)"
        for item in systems
        if item.figures.usd is None
    ]
    if unpriced:
        found.append(f"Cost unknown, for want of a price: {', '.join(unpriced)}.")
    prepared = [f"{item.entry.name} {money(item.fit_usd)}" for item in systems if item.fits]
    if prepared:
        found.append(f"Costs leave out preparation, paid once: {', '.join(prepared)}.")
    cached = [
        f"{item.entry.name} {count(item.figures.n_cached_calls)} of {count(item.figures.n_calls)}"
        for item in systems
        if item.figures.n_cached_calls
    ]
    if cached:
        found.append(
            f"Calls answered by the response cache: {', '.join(cached)}. They cost here what they "
            "cost when they were made, were not billed again, and have no latency."
        )
    found.extend(f"{note[:1].upper()}{note[1:]}." for note in summary.manifest.notes)
    if summary.best is not None and len(systems) > 1:
        found.append(
            "The leader was picked on these very samples, which flatters it a little; "
            f"p-values are corrected (Holm) for {len(summary.comparisons)} comparisons, "
            "intervals are not."
        )
    return tuple(found)
