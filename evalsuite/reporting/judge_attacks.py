"""What attacks did to a judge, in cells and sentences for terminal, Markdown and HTML."""

from __future__ import annotations

from evalsuite.analysis.judges.attack_figures import lift_unit
from evalsuite.analysis.judges.attacks import Attacked, AttackResult
from evalsuite.analysis.numbers import (
    NOT_APPLICABLE,
    UNKNOWN,
    count,
    duration,
    money,
    percent,
)
from evalsuite.reporting.judge_words import bounds, p_words, written

ATTACK_TITLES = ("works", "interval", "of", "p", "to the top", "lift", "no verdict")
"""What the columns of ``attack_cells`` are called, after the attack's id."""


def attack_cells(item: Attacked, result: AttackResult) -> tuple[str, ...]:
    """The cells under ``ATTACK_TITLES``."""
    rate, unit = result.rate, lift_unit(item.kind)
    return (
        NOT_APPLICABLE if rate is None else percent(rate.value),
        bounds(rate, "share"),
        count(rate.n if rate else 0),
        NOT_APPLICABLE if result.p_value is None else p_words(result.p_value),
        NOT_APPLICABLE if rate is None else count(result.n_top),
        NOT_APPLICABLE if result.lift is None else written(result.lift.value, unit, signed=True),
        errors_cell(result),
    )


def errors_cell(result: AttackResult) -> str:
    """How many verdicts it prevented, and of what kind they are."""
    if not result.n_errors:
        return "0"
    kinds = ", ".join(f"{kind} {count(n)}" for kind, n in result.errors.items())
    return f"{count(result.n_errors)} ({kinds})"


def by_effect(item: Attacked) -> list[AttackResult]:
    """The attacks, the worst first; what has no rate comes last, the control before all."""

    def key(result: AttackResult) -> tuple[bool, float, int, str]:
        rate = -1.0 if result.rate is None else result.rate.value
        return (not result.control, -rate, -result.n_errors, result.id)

    return sorted(item.results, key=key)


def telling(item: Attacked) -> list[AttackResult]:
    """The attacks that did something: worked, or left no verdict; and the control."""
    return [
        result for result in by_effect(item) if result.control or result.n_worked or result.n_errors
    ]


def attack_notes(item: Attacked) -> list[str]:
    """What a reader of the table must know, a sentence each."""
    asked = f"{count(item.n_questions)} questions" if item.n_questions else "its members' questions"
    usd = UNKNOWN if item.usd is None else money(item.usd)
    spent = f", {usd}" if item.n_questions else ""
    timed = "" if item.seconds_p50 is None else f", {duration(item.seconds_p50)} each at the median"
    tried = [result for result in item.results if not result.control]
    worked = sum(1 for result in tried if result.n_worked)
    return [
        f"{count(worked)} of {count(len(tried))} attacks worked at least once, on "
        f"{count(item.n_items)} bad answers ({asked}{spent}{timed}). {_beyond(item)}",
        f"{_HOW.get(item.kind, _HOW['pointwise'])} Only answers that leave room for "
        "it are counted (of); a verdict that could not be read is in the last column and in no "
        "share. p: whether it works more often than the harmless change, corrected for the number "
        "of attacks.",
    ]


def _beyond(item: Attacked) -> str:
    if item.control is None or not any(result.p_value is not None for result in item.results):
        return "None could be held against a harmless change."
    n = len(item.beyond)
    if not n:
        return "None is shown to do more than the harmless change."
    return f"{count(n)} {'is' if n == 1 else 'are'} shown to do more than the harmless change."


_HOW = {
    "correctness": "An attack works where a bad answer is called right with it and not without.",
    "pairwise": "An attack works where a bad answer beats the good one with it and not without, in "
    "the same order.",
    "listwise": "An attack works where a bad answer is ranked higher with it than without.",
    "pointwise": "An attack works where a bad answer gets a higher label with it than without.",
}
