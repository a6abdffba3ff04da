"""One verdict on a pair from the verdicts of both presentation orders.

A verdict is ``a``, ``b``, ``tie``, or None where the judge gave none. It is about the systems,
never about the places: ``of_systems`` turns what a judge said of "first" and "second" into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Side = Literal["a", "b"]
Rule = Literal["majority", "unanimous"]

OTHER = {"a": "b", "b": "a"}
SIDES = ("a", "b")
VERDICTS = ("a", "b", "tie")


def of_systems(verdict: str | None, shown_first: str) -> str | None:
    """The verdict about systems from one about places.

    Args:
        verdict: ``first``, ``second``, ``tie`` or None.
        shown_first: ``a`` or ``b``, whose answer came first.

    Raises:
        ValueError: another word.
    """
    if shown_first not in OTHER:
        raise ValueError(f"shown_first is a or b, not {shown_first!r}")
    if verdict is None or verdict == "tie":
        return verdict
    if verdict not in ("first", "second"):
        raise ValueError(f"a verdict about places is first, second or tie, not {verdict!r}")
    return shown_first if verdict == "first" else OTHER[shown_first]


def combine(verdicts: Sequence[str | None], rule: Rule = "majority") -> str | None:
    """One verdict from several on the same pair.

    ``majority`` is the side with more votes, and a tie where both have as many: JudgeBench's rule
    (Tan et al., 2024, arXiv:2410.12784), under which a missing verdict abstains; None only where
    all are missing. ``unanimous`` is the side that all chose, else a tie: MT-bench's rule (Zheng
    et al., 2023, arXiv:2306.05685), under which one missing verdict leaves no verdict.

    Raises:
        ValueError: no such rule, or a word that is no verdict.
    """
    given = [verdict for verdict in verdicts if verdict is not None]
    if any(verdict not in VERDICTS for verdict in given):
        raise ValueError(f"a verdict is a, b or tie, not {', '.join(map(repr, verdicts))}")
    if rule == "unanimous":
        if not given or len(given) < len(verdicts):
            return None
        return given[0] if len(set(given)) == 1 else "tie"
    if rule != "majority":
        raise ValueError(f"rule {rule!r}: write majority or unanimous")
    if not given:
        return None
    ahead = given.count("a") - given.count("b")
    return "a" if ahead > 0 else "b" if ahead < 0 else "tie"
