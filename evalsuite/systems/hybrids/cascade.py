"""Cascade: ask the cheapest tier first, and the next one only where its answer is unsure.

FrugalGPT (Chen, Zaharia and Zou, 2023, arXiv:2305.05176) with the tier's own confidence in place
of a learnt scorer; the signals are those compared by Gupta et al., 2024, "Language Model Cascades:
Token-level uncertainty and beyond", arXiv:2404.10136.

The reason of a hop says why the tiers before it did not settle the matter: "first tier",
"mean_logprob -0.312 < -0.110", "no confidence signal" or "tier_1 failed (timeout)".
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from evalsuite.errors import CallFailed, ConfigError
from evalsuite.records import Answer, Request
from evalsuite.systems.base import Ask, Fitted, HybridSpec, Outcome, Practice
from evalsuite.systems.hybrids.confidence import Signal, confidence
from evalsuite.task import Split


class CascadeSpec(HybridSpec):
    """Tiers in order of cost; an answer stands where its confidence reaches the threshold.

    tiers: names of systems, cheapest first.
    signal: see ``evalsuite.systems.hybrids.confidence``. An answer without it is escalated.
    threshold: one value, or one for each tier but the last; None picks them on the validation
        split, per task, by one of:
    tolerance: fewest escalations whose success rate is at most this far (0.01: one point) below
        that of the last tier alone. As escalating more never costs less, that is also cheapest.
    max_escalation: highest success rate with at most this share of answers escalated by a tier.
    """

    hybrid: Literal["cascade"] = "cascade"
    tiers: tuple[str, ...] = Field(min_length=2)
    signal: Signal = "auto"
    threshold: float | tuple[float, ...] | None = None
    tolerance: float = Field(0.0, ge=0, le=1)
    max_escalation: float | None = Field(None, ge=0, le=1)

    @model_validator(mode="after")
    def _threshold_for_each_hop(self) -> CascadeSpec:
        if isinstance(self.threshold, tuple) and len(self.threshold) != len(self.tiers) - 1:
            raise ValueError("`threshold` needs one value for each tier but the last")
        return self

    def roles(self) -> Mapping[str, str]:
        """The roles "tier_1", "tier_2" and so on."""
        return {f"tier_{i}": name for i, name in enumerate(self.tiers, start=1)}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The first answer that is sure enough; the last tier's in any case.

        A tier that fails is passed over. Where the last one fails, so does the cascade.
        """
        thresholds = self._thresholds(fitted)
        reason = "first tier"
        for role, threshold in zip(self.roles(), thresholds, strict=False):
            try:
                answer = await ask(role, request, reason=reason)
            except CallFailed as failure:
                reason = f"{role} failed ({failure.kind})"
                continue
            value = confidence(answer, self.signal)
            if value is not None and value >= threshold:
                return answer
            reason = "no confidence signal"
            if value is not None:
                reason = f"{_signal_name(answer, self.signal)} {value:.3f} < {threshold:.3f}"
        return await ask(list(self.roles())[-1], request, reason=reason)

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """The first tier always, each further one at most once."""
        return {role: (int(role == "tier_1"), 1) for role in self.roles()}

    def practises(self) -> Mapping[str, Split]:
        """Every tier, where the thresholds are to be picked."""
        return {} if self.threshold is not None else dict.fromkeys(self.roles(), "validation")

    async def fit(self, practice: Practice) -> Fitted | None:
        """Pick thresholds on the validation split; nothing to do where they are given."""
        if self.threshold is not None:
            return None
        answered = await asyncio.gather(
            *(practice.outcomes(role, "validation") for role in self.roles())
        )
        n = len(answered[0])
        if n == 0:
            raise ConfigError(
                f"{practice.task.name} has no validation samples to pick a cascade's threshold on: "
                "write `threshold:`"
            )
        picks = self._calibrate([_Results.of(outcomes, self.signal) for outcomes in answered])
        thresholds = tuple(pick.threshold for pick in picks)
        hops = ", ".join(
            f"tier_{i} {self.signal} >= {pick.threshold:.4g} ({pick.escalated:.0%} escalated)"
            for i, pick in enumerate(picks, start=1)
        )
        last = sum(outcome.success is True for outcome in answered[-1]) / n
        note = (
            f"{hops}; {picks[0].success:.1%} right on {n} validation samples, "
            f"the last tier alone {last:.1%}"
        )
        return Fitted(
            state=thresholds,
            identity=[repr(threshold) for threshold in thresholds],
            split="validation",
            n_samples=n,
            note=note,
        )

    def _thresholds(self, fitted: Fitted | None) -> Sequence[float]:
        if isinstance(self.threshold, tuple):
            return self.threshold
        if self.threshold is not None:
            return [self.threshold] * (len(self.tiers) - 1)
        if fitted is None:
            raise ConfigError("a cascade without `threshold` must be fitted before it answers")
        thresholds: Sequence[float] = fitted.state
        return thresholds

    def _calibrate(self, tiers: Sequence[_Results]) -> list[Pick]:
        """Pick from the last hop to the first, each with the hops after it as already picked."""
        rest = tiers[-1].successes
        floor = sum(rest) / len(rest) - self.tolerance
        picks: list[Pick] = []
        for tier in reversed(tiers[:-1]):
            pick = pick_threshold(
                tier.signals, tier.successes, rest, floor=floor, max_escalation=self.max_escalation
            )
            rest = [
                own if value is not None and value >= pick.threshold else after
                for value, own, after in zip(tier.signals, tier.successes, rest, strict=True)
            ]
            picks.insert(0, pick)
        return picks


@dataclass(frozen=True)
class Pick:
    """A threshold with the share that it escalates and the success rate that results."""

    threshold: float
    escalated: float
    success: float


@dataclass(frozen=True)
class _Results:
    """How one tier did on the validation samples; a failed answer is no success."""

    signals: list[float | None]
    successes: list[bool]

    @classmethod
    def of(cls, outcomes: Sequence[Outcome], signal: Signal) -> _Results:
        signals = [confidence(o.answer, signal) if o.answer else None for o in outcomes]
        return cls(signals, [outcome.success is True for outcome in outcomes])


def pick_threshold(
    signals: Sequence[float | None],
    successes: Sequence[bool],
    rest: Sequence[bool],
    *,
    floor: float,
    max_escalation: float | None,
) -> Pick:
    """The threshold of one hop.

    Candidates lie halfway between neighbouring signal values (so that rounding errors of a signal
    do not flip answers), below all of them, and at infinity (everything is escalated).

    Args:
        signals: confidence of this tier's answer to each sample, None where there was none.
        successes: whether that answer was right.
        rest: whether what comes after this tier would be right.
        floor: least success rate; the lowest threshold that reaches it is picked.
        max_escalation: instead of the floor, the largest share that may be escalated; the most
            successful threshold within it is picked, and of equal ones the lowest. Answers without
            a signal are escalated even beyond it.
    """
    n = len(signals)
    values = sorted({value for value in signals if value is not None})
    between = [round((low + high) / 2, 6) for low, high in itertools.pairwise(values)]
    below = [round(values[0] - 0.001, 6)] if values else []
    picks = []
    for threshold in [*below, *between, math.inf]:
        kept = [value is not None and value >= threshold for value in signals]
        right = sum(s if k else r for k, s, r in zip(kept, successes, rest, strict=True))
        picks.append(Pick(threshold, 1 - sum(kept) / n, right / n))
    if max_escalation is None:
        return next((pick for pick in picks if pick.success >= floor), picks[-1])
    allowed = [pick for pick in picks if pick.escalated <= max_escalation] or picks[:1]
    return max(allowed, key=lambda pick: pick.success)


def _signal_name(answer: Answer, signal: Signal) -> str:
    if signal != "auto":
        return signal
    return "choice_probability" if answer.probabilities else "mean_logprob"
