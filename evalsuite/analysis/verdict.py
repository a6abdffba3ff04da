"""The answer in words: which system to use, how sure that is, and what cannot be said."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evalsuite.analysis.caveats import caveats
from evalsuite.analysis.compare import Comparison
from evalsuite.analysis.families import FamilyFigures
from evalsuite.analysis.intervals import Estimate
from evalsuite.analysis.measure import Figures
from evalsuite.analysis.numbers import (
    EN_DASH,
    count,
    money,
    percent,
    points,
    significant,
    times,
)
from evalsuite.analysis.per_success import CheapestRight
from evalsuite.analysis.ranking import MARGIN as MARGIN
from evalsuite.analysis.speculation import speculation_sentence
from evalsuite.analysis.summary import Summary, SystemFigures


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A headline, the comparisons that carry it, the best choice by family, and the caveats."""

    headline: str
    comparisons: tuple[str, ...]
    families: tuple[str, ...]
    caveats: tuple[str, ...]


def verdict(summary: Summary) -> Verdict:
    """Put ``summary`` into words; says so wherever the run does not decide a question."""
    baselines = frozenset(item.entry.name for item in summary.systems if item.baseline)
    comparisons = [sentence(item) for item in leading_comparisons(summary)]
    families = [item for item in summary.families if item.systems]
    return Verdict(
        headline=headline(summary),
        comparisons=(
            *_per_right_answer(summary.cheapest_right),
            *comparisons,
            *_against_baselines(summary),
        ),
        families=tuple(family_sentence(item, baselines) for item in families),
        caveats=caveats(summary),
    )


def _per_right_answer(found: CheapestRight | None) -> tuple[str, ...]:
    """Whether any hybrid gives right answers for less than every single model."""
    if found is None:
        return ()
    spread = ""
    if found.ratio.low is not None and found.ratio.high is not None:
        low, high = significant(found.ratio.low), significant(found.ratio.high)
        spread = f" (95 % CI {low} to {high}, n {count(found.n)})"
    costs = (
        f"{money(found.hybrid_usd * 1000)} per 1,000, {significant(found.ratio.value)} of what "
        f"{found.single} costs, the cheapest single model per right answer{spread}"
    )
    if found.shown:
        return (f"A right answer of {found.hybrid} costs {costs}: less than any single model's.",)
    return (
        "No hybrid is shown to give right answers for less than every single model: the cheapest, "
        f"{found.hybrid}, takes {costs}.",
    )


def headline(summary: Summary) -> str:
    """One or two sentences: the cheapest system shown to be as good as the best, or why not."""
    if summary.best is None:
        told = any(item.systems for item in summary.families)
        return "No overall winner: no system has scored answers in every task." + (
            " Families that have one are below." if told else ""
        )
    best = summary.system(summary.best)
    lead = _lead(summary, best)
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
    priced.sort(key=lambda item: item.baseline)
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
    lead = _lead(summary, best)
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


def _lead(summary: Summary, best: SystemFigures) -> str:
    above = [item for item in summary.systems if item.comparable and item.baseline]
    beaten = all(_success_value(item) <= _success_value(best) for item in above)
    beside = "" if beaten else " of the systems that were asked for"
    rate = _rate(best.figures.macro_success_rate)
    return f"{_called(best, first=True)} is right most often{beside}: {rate}"


def _called(item: SystemFigures, *, first: bool = False) -> str:
    """The name of a system in a sentence, or at its beginning."""
    article = "The" if first else "the"
    return f"{article} baseline {item.entry.name}" if item.baseline else item.entry.name


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
    drafting = [speculation_sentence(item) for item in system.hybrid.speculation]
    return " ".join([f"{system.entry.name}, of {n} answers: {'; '.join(parts)}.", *drafting])


def leading_comparisons(summary: Summary) -> tuple[Comparison, ...]:
    """Each comparable hybrid, and the cheapest model, against the model that is right most.

    That is the most accurate one whose cost is known, where there is one.
    """
    comparable = [item for item in summary.systems if item.comparable and not item.baseline]
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


def _against_baselines(summary: Summary) -> list[str]:
    """What the best system that was asked for is worth beside the strongest baseline."""
    own = next((item for item in summary.systems if item.comparable and not item.baseline), None)
    if own is None:
        return []
    for item in summary.systems:  # best first
        comparison = summary.comparison(own.entry.name, item.entry.name)
        if not item.baseline or comparison is None or comparison.success is None:
            continue
        ahead = comparison.success.difference.value > 0
        opening = f"{own.entry.name} is not shown to beat the baseline {item.entry.name}"
        if comparison.distinguishable:
            opening = f"{own.entry.name} {'beats' if ahead else 'loses to'} the baseline "
            opening += item.entry.name
        return [f"{opening}: {sentence(comparison)}"]
    return []


def family_sentence(family: FamilyFigures, baselines: frozenset[str] = frozenset()) -> str:
    """The best choice for one family: who leads, and the cheapest that cannot be told apart.

    A leader that is one of ``baselines`` is shown to beat every system that was asked for.
    """
    leader, figures = family.systems[0]
    rate = _rate(figures.macro_success_rate)
    rivals = [item for item in family.comparisons if item.b not in baselines]
    if leader in baselines and rivals:
        return (
            f"{family.family}: the baseline {leader} beats every system that was asked for, with "
            f"{rate}; the best of them, {rivals[0].b}, has {percent(rivals[0].b_rate)}."
        )
    if not family.comparisons:
        return f"{family.family}: {leader} has {rate}; nothing else was scored in all its tasks."
    if figures.n_successes == 0:
        return f"{family.family}: no system is right, {leader} has {rate}."
    beside = " the systems that were asked for" if len(rivals) < len(family.comparisons) else ""
    lead = f"{family.family}: {leader} leads{beside} with {rate}"
    tied = [item for item in family.comparisons if not item.distinguishable]
    if not tied:
        runner_up = (rivals or list(family.comparisons))[0]
        return (
            f"{lead}, ahead of {_named(runner_up.b, baselines)}'s {percent(runner_up.b_rate)} "
            f"{_at_cost(runner_up)}."
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
            f"{lead}; {_named(item.b, baselines)} ({percent(item.b_rate)}) cannot be told apart "
            f"from it at n {count(item.n_pairs)}, at {share} of its cost."
        )
    names = ", ".join(_named(item.b, baselines) for item in tied)
    if figures.usd is None or any(cost[item.b].usd is None for item in tied):
        return f"{lead}; cannot be told apart from {names}, and costs are not all known."
    return f"{lead}; cannot be told apart from {names}, but costs no more than any of them."


def _named(name: str, baselines: frozenset[str]) -> str:
    return f"the baseline {name}" if name in baselines else name


def _inverse(ratio: float) -> str:
    return f"1/{significant(1 / ratio)}" if ratio > 0 else "0"


def _shown_close(comparison: Comparison) -> bool:
    """Whether even the low end of a's difference to b is within the margin."""
    low = comparison.success.difference.low if comparison.success else None
    return low is not None and low > -MARGIN


def _close_enough(item: SystemFigures, best: SystemFigures, comparison: Comparison) -> str:
    """The cheapest system that is shown to be close: as good, or at least not worse by more."""
    assert comparison.success is not None
    difference = comparison.success.difference
    rate = _rate(item.figures.macro_success_rate)
    name, within = _called(item, first=True), f"within {100 * MARGIN:.0f} points"
    if difference.high is not None and difference.high < MARGIN:
        return (
            f"{name} answers as many right as {best.entry.name}, shown to {within}, "
            f"{_at_cost(comparison)}: {rate} against {percent(comparison.b_rate)} "
            f"(difference {_difference(difference)}). Nothing cheaper is shown to."
        )
    return (
        f"{name} is the cheapest system shown to stay {within} of the best: {rate} right against "
        f"{best.entry.name}'s {percent(comparison.b_rate)} "
        f"(difference {_difference(difference)}), {_at_cost(comparison)}."
    )


def untold(comparison: Comparison) -> str:
    """What a comparison that shows no difference is called in a sentence."""
    if comparison.interval_leaves_out_0 and comparison.n_comparisons > 1:
        return f"not distinguishable once corrected for {comparison.n_comparisons} comparisons"
    return "undecided"


def _nothing_close(
    summary: Summary, best: SystemFigures, cheaper: list[tuple[float, str, SystemFigures]]
) -> str:
    opening = f"Nothing cheaper was shown to stay within {100 * MARGIN:.0f} points of it"
    for _, name, item in cheaper:
        comparison = summary.comparison(name, best.entry.name)
        if comparison and comparison.success and not comparison.distinguishable:
            return (
                f"{opening}; the cheapest that may is {_called(item)} "
                f"(difference {_difference(comparison.success.difference)}, {untold(comparison)} "
                f"at n {count(comparison.n_pairs)}), {_at_cost(comparison)}."
            )
    nearest = max(cheaper, key=lambda entry: _success_value(entry[2]))[2]
    comparison = summary.comparison(nearest.entry.name, best.entry.name)
    if comparison is None or comparison.success is None:
        return f"{opening}."
    return (
        f"{opening}: each cheaper system is distinguishably worse, the nearest being "
        f"{_called(nearest)} "
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
    share = cost_share(ratio.value)
    if ratio.low is None or ratio.high is None:
        return f"at {share} of its cost (n too small for an interval)"
    if ratio.value > 1:
        bounds = f"95 % CI {significant(ratio.low)} to {significant(ratio.high)}"
        return f"at {times(ratio.value)} times its cost ({bounds})"
    if ratio.value < 0.1:
        return f"at {share} of its cost (95 % CI {_inverse(ratio.low)} to {_inverse(ratio.high)})"
    low, high = cost_share(ratio.low).removesuffix(" %"), cost_share(ratio.high)
    return f"at {share} of its cost (95 % CI {low}{EN_DASH}{high})"


def cost_share(ratio: float) -> str:
    """A ratio of costs: ``38 %``, or ``1/20`` below a tenth, where that reads better."""
    return times(ratio) if ratio < 0.1 else f"{100 * ratio:.0f} %"
