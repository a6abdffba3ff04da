"""One figure of a judge."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from evalsuite.analysis.intervals import Estimate

Unit = Literal["share", "points", "coefficient", "log_odds", "usd", "seconds", "ratio", "score"]
"""``points`` is a difference of shares; ``score`` is in the judge's own points."""
Section = Literal[
    "verdicts",
    "human",
    "attacks",
    "order",
    "length",
    "family",
    "noise",
    "discrimination",
    "cost",
]
SECTIONS: dict[Section, str] = {
    "verdicts": "Verdicts",
    "human": "Agreement with the labels",
    "attacks": "Attacks",
    "order": "Presentation order",
    "length": "Length",
    "family": "Its own family",
    "noise": "Asked again",
    "discrimination": "Telling systems apart",
    "cost": "Cost and time",
}


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A named figure.

    Attributes:
        section: where it belongs.
        name: stable snake_case name, for tables.
        title: a few words, for people.
        unit: how it is written.
        estimate: value, interval and n; None where the data do not give it.
        n_without: verdicts or items that could not enter it.
        p_value: of the hypothesis that ``note`` names; None where nothing is tested.
        note: what it means, or why it is missing.
        wanted: the value of a judge without fault, where there is one.
    """

    section: Section
    name: str
    title: str
    unit: Unit
    estimate: Estimate | None
    n_without: int = 0
    p_value: float | None = None
    note: str = ""
    wanted: float | None = None

    @property
    def n(self) -> int:
        """Observations behind it."""
        return self.estimate.n if self.estimate is not None else 0


def absent(section: Section, name: str, title: str, unit: Unit, why: str) -> Figure:
    """A figure that the data do not give."""
    return Figure(section=section, name=name, title=title, unit=unit, estimate=None, note=why)


def scaled(estimate: Estimate | None, factor: float) -> Estimate | None:
    """``estimate`` in another unit."""
    if estimate is None:
        return None
    low, high = estimate.low, estimate.high
    return replace(
        estimate,
        value=factor * estimate.value,
        low=None if low is None else factor * low,
        high=None if high is None else factor * high,
    )
