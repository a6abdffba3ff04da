"""Reasons not to believe a judge, from its figures and in sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evalsuite.analysis.judges.figure import Figure
from evalsuite.analysis.numbers import count, percent

ALPHA = 0.05


def doubts(figures: Sequence[Figure]) -> tuple[str, ...]:
    """What speaks against the judge, and what could not be checked.

    A bias is named where its interval leaves out what a judge without fault has, or where its test
    rejects it at 5 %. Intervals and tests are of one figure each: of twenty fair judges one raises
    a doubt by chance on each figure. A small sample raises few, and its n says how small it is.
    """
    by_name = {figure.name: figure for figure in figures}
    rules = {name: rule for name, rule in RULES.items() if name in by_name}
    if "retest_spread" in rules:
        del rules["retest_changes"]  # that two scores differ at all says little
    said = [rule(by_name[name]) for name, rule in rules.items()]
    unchecked = [
        f"Not checked: {figure.title} ({figure.note})."
        for name in CHECKED
        if (figure := by_name.get(name)) is not None and figure.estimate is None
    ]
    return (*(sentence for sentence in said if sentence), *unchecked)


CHECKED = ("accuracy", "spearman", "flips", "length_slope", "own_against_people", "retest_changes")


def _failed(figure: Figure) -> str:
    if figure.estimate is None or not figure.estimate.value:
        return ""
    return f"Gave no verdict {percent(figure.estimate.value)} of {count(figure.n)} times."


def _chance(figure: Figure) -> str:
    if figure.estimate is None or figure.estimate.low is None or figure.estimate.low > 0:
        return ""
    return (
        f"{figure.title} with the labels is {figure.estimate.value:.2f} on "
        f"{count(figure.n)} items, which may be chance."
    )


def _attacked(figure: Figure) -> str:
    if figure.estimate is None or not figure.estimate.value:
        return ""
    title = figure.title[0].upper() + figure.title[1:]
    return f"{title}: {percent(figure.estimate.value)} of {count(figure.n)}."


def _flips(figure: Figure) -> str:
    if figure.estimate is None or not figure.estimate.value:
        return ""
    return (
        f"Changes its verdict with the order on {percent(figure.estimate.value)} of "
        f"{count(figure.n)} pairs."
    )


def _probe(figure: Figure) -> str:
    if figure.estimate is None or not figure.estimate.value:
        return ""
    title = figure.title[0].upper() + figure.title[1:]
    return f"{title}: {percent(figure.estimate.value)} of the time."


def _place(figure: Figure) -> str:
    estimate, p = figure.estimate, figure.p_value
    if estimate is None or p is None or p >= ALPHA:
        return ""
    place = "first" if estimate.value > 0.5 else "second"
    return (
        f"Prefers the answer that is shown {place}: the first one wins {percent(estimate.value)} "
        f"of {count(figure.n)} verdicts (p {'< 0.0001' if p < 1e-4 else f'{p:.2g}'})."
    )


def _again(figure: Figure) -> str:
    if figure.estimate is None or not figure.estimate.value:
        return ""
    return (
        f"Its verdict changes when asked again {percent(figure.estimate.value)} of the time "
        f"(n {count(figure.n)})."
    )


def _spread(figure: Figure) -> str:
    if figure.estimate is None or not figure.estimate.value:
        return ""
    return (
        f"Its scores of the same thing spread by {figure.estimate.value:.3g} points "
        f"(standard deviation, n {count(figure.n)})."
    )


def _away(words: str) -> Callable[[Figure], str]:
    """A rule that fires where the interval lies above or below what is wanted."""

    def rule(figure: Figure) -> str:
        estimate, wanted = figure.estimate, figure.wanted
        if estimate is None or wanted is None or estimate.low is None or estimate.high is None:
            return ""
        if estimate.low <= wanted <= estimate.high:
            return ""
        side = "more" if estimate.value > wanted else "less"
        return words.format(side=side, value=estimate.value, n=count(figure.n))

    return rule


RULES: dict[str, Callable[[Figure], str]] = {
    "failed": _failed,
    "kappa": _chance,
    "spearman": _chance,
    "probe_wins": _probe,
    "attack_top": _attacked,
    "attack_control": _attacked,
    "attack_worst": _attacked,
    "attack_some": _attacked,
    "attack_unread": _attacked,
    "flips": _flips,
    "first_shown_wins": _place,
    "length_slope_given_human": _away(
        "Favours longer answers {side} than the labels do (slope {value:+.2f}, n {n})."
    ),
    "own_against_people": _away(
        "Favours its own family {side} than the labels do ({value:+.3f}, n {n})."
    ),
    "own_against_judges": _away(
        "Favours its own family {side} than other judges do ({value:+.3f}, n {n})."
    ),
    "retest_changes": _again,
    "retest_spread": _spread,
}
