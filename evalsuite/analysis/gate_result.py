"""What a gate found: a verdict, and everything that a reader needs to trust or to fight it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evalsuite.analysis.flips import Flip
from evalsuite.analysis.gate_config import Allowed, GateFile, Metric, MetricRule
from evalsuite.analysis.gate_tests import FigureTest

FindingVerdict = Literal["pass", "regressed", "inconclusive", "not gated"]
CriticalVerdict = Literal["pass", "failed", "unknown"]
GateVerdict = Literal["pass", "regressed", "inconclusive", "unreliable", "incompatible"]


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """Something in which run and baseline differ so that they must not be compared.

    ``kind`` is what ``allow`` would put up with; None where nothing helps but a new baseline.
    """

    kind: Allowed | None
    text: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One figure of one system in one task.

    ``test`` is None where it could not be measured, and ``why`` says why; ``why`` is "" where
    figures speak for themselves. ``adjusted_p`` is Holm's over all comparisons that could fail.
    ``n_left_out`` counts samples that one side never scored. ``samples_needed`` is how many like
    these would show an unchanged system to be within the margin. ``asked_again`` tells a verdict on
    fresh repeats from one on what the run had.
    """

    task: str
    system: str
    metric: Metric
    rule: MetricRule
    verdict: FindingVerdict
    why: str
    test: FigureTest | None
    adjusted_p: float | None
    n_left_out: int
    repeats_then: int
    repeats_now: int
    samples_needed: int | None
    asked_again: bool


@dataclass(frozen=True, kw_only=True)
class CriticalSample:
    """A sample that may not fail: it passes with more than half of its scored repeats.

    ``before`` and ``now`` are outcome letters as in ``answers.SampleAnswers``; ``verdict`` is
    "unknown" where no repeat was scored.
    """

    task: str
    system: str
    sample_id: str
    verdict: CriticalVerdict
    before: str
    now: str


@dataclass(frozen=True, kw_only=True)
class Failures:
    """Answers of one system in one task that failed or stayed without a score, by kind."""

    task: str
    system: str
    n_answers: int
    kinds: dict[str, int]
    over_budget: bool

    @property
    def n(self) -> int:
        """How many of ``n_answers``."""
        return sum(self.kinds.values())


@dataclass(frozen=True, kw_only=True)
class GateResult:
    """The verdict of a gate.

    pass: every gated figure is shown to stay within its margin, and no critical sample fails.
    regressed: a figure is shown to be worse, or a critical sample fails.
    inconclusive: neither. unreliable: too many answers failed, or the run stopped early.
    incompatible: there is no baseline, or it is not one of the same tasks; nothing was judged.

    ``changed`` names systems that are not what they were, ``notes`` what else a reader should know.
    ``n_flips`` counts all the samples of which ``flips`` shows the largest losses.
    """

    verdict: GateVerdict
    run: str
    baseline: str
    config: GateFile
    findings: tuple[Finding, ...] = ()
    criticals: tuple[CriticalSample, ...] = ()
    failures: tuple[Failures, ...] = ()
    mismatches: tuple[Mismatch, ...] = ()
    changed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    flips: tuple[Flip, ...] = ()
    n_flips: int = 0
    n_comparisons: int = 0
    n_asked_again: int = 0
    stopped: str | None = None

    @property
    def exit_code(self) -> int:
        """0 pass, 1 regressed, 3 unreliable, 4 inconclusive where strict, 5 incompatible."""
        if self.verdict == "inconclusive":
            return 4 if self.config.strict else 0
        return {"pass": 0, "regressed": 1, "unreliable": 3, "incompatible": 5}[self.verdict]

    def of(self, verdict: FindingVerdict) -> tuple[Finding, ...]:
        """The findings that ended with ``verdict``."""
        return tuple(item for item in self.findings if item.verdict == verdict)
