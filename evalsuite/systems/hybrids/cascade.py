"""Cascade: ask the cheapest tier first, and the next one only where its answer is unsure.

FrugalGPT (Chen, Zaharia and Zou, 2023, arXiv:2305.05176); the tier's own confidence as signal is
compared by Gupta et al., 2024, "Language Model Cascades: Token-level uncertainty and beyond",
arXiv:2404.10136; a verifier as signal is AutoMix (Aggarwal et al., 2023, arXiv:2310.12963).

The reason of a hop says why the tiers before it did not settle the matter: "first tier",
"mean_logprob -0.312 < -0.110", "no confidence signal", "tier_1 invalid (json: ...)" or "tier_1
failed (timeout)". What a signal asks has reasons of its own: "is tier_1 right".
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from evalsuite.errors import CallFailed, ConfigError
from evalsuite.records import Answer, Request, fingerprint
from evalsuite.systems.base import Ask, Fitted, HybridSpec, Outcome, Practice
from evalsuite.systems.hybrids.rehearsal import Tried, rehearse
from evalsuite.systems.hybrids.scorer import Features, Learnt, LearntJudge, learn_chance, named
from evalsuite.systems.hybrids.signals import (
    Agreement,
    MembersAgree,
    OwnConfidence,
    SignalSpec,
    Valid,
    Verifier,
)
from evalsuite.systems.hybrids.thresholds import (
    Pick,
    TierResults,
    pick_hop_by_hop,
    pick_within_budget,
    picks_at,
)
from evalsuite.task import Split

_GOALS = ("tolerance", "min_success", "max_escalation", "max_cost_share", "max_usd")

AnySignal = Annotated[
    OwnConfidence | Valid | Agreement | MembersAgree | Verifier | Learnt,
    Field(discriminator="kind"),
]


class CascadeSpec(HybridSpec):
    """Tiers in order of cost; an answer stands where its confidence reaches the threshold.

    tiers: names of systems, cheapest first.
    signal: what confidence is: a name of ``evalsuite.systems.hybrids.confidence``, or a mapping
        with the ``kind`` and the fields of one of ``evalsuite.systems.hybrids.signals``. An answer
        without it is escalated.
    threshold: one value, or one for each tier but the last; None picks them on the validation
        split, per task, by one of:
    tolerance: fewest escalations whose success rate is at most this far (0.01: one point) below
        that of the last tier alone. As escalating more never costs less, that is also cheapest.
    min_success: fewest escalations whose success rate is at least this.
    max_escalation: highest success rate with at most this share of answers escalated by a tier.
    max_cost_share: highest success rate that costs at most this share of the last tier alone.
    max_usd: highest success rate that costs at most this an answer.
    """

    hybrid: Literal["cascade"] = "cascade"
    tiers: tuple[str, ...] = Field(min_length=2)
    signal: Annotated[AnySignal, BeforeValidator(named)] = OwnConfidence(kind="auto")
    threshold: float | tuple[float, ...] | None = None
    tolerance: float = Field(0.0, ge=0, le=1)
    min_success: float | None = Field(None, ge=0, le=1)
    max_escalation: float | None = Field(None, ge=0, le=1)
    max_cost_share: float | None = Field(None, gt=0, allow_inf_nan=False)
    max_usd: float | None = Field(None, ge=0, allow_inf_nan=False)

    @field_validator("threshold")
    @classmethod
    def _a_number(
        cls, threshold: float | tuple[float, ...] | None
    ) -> float | tuple[float, ...] | None:
        values = threshold if isinstance(threshold, tuple) else (threshold,)
        if any(value is not None and math.isnan(value) for value in values):
            raise ValueError("a threshold must be a number, not NaN: no answer would ever stand")
        return threshold

    @model_validator(mode="after")
    def _consistent(self) -> CascadeSpec:
        if isinstance(self.threshold, tuple) and len(self.threshold) != len(self.tiers) - 1:
            raise ValueError("`threshold` needs one value for each tier but the last")
        fields = type(self).model_fields
        goals = [name for name in _GOALS if getattr(self, name) != fields[name].default]
        if len(goals) > 1:
            raise ValueError(f"give one of `{'`, `'.join(goals)}`: each picks the thresholds")
        if goals and self._stated() is not None:
            given = "threshold" if self.threshold is not None else f"signal: {self.signal.kind}"
            raise ValueError(f"`{given}` leaves nothing for `{goals[0]}` to pick")
        if self._budgeted and (self.signal.roles() or self.signal.tier_calls() > 1):
            raise ValueError(
                f"`{goals[0]}` needs a signal that asks nothing: what its questions cost is not "
                "known before they are asked; use `max_escalation`, `tolerance` or `min_success`"
            )
        return self

    def roles(self) -> Mapping[str, str]:
        """The roles "tier_1", "tier_2" and so on, and those that the signal asks."""
        tiers = {f"tier_{i}": name for i, name in enumerate(self.tiers, start=1)}
        return {**tiers, **self.signal.roles()}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The first answer that is sure enough; the last tier's in any case.

        A tier that fails is passed over. Where the last one fails, so does the cascade.
        """
        chosen = self._chosen(fitted)
        reason = "first tier"
        for role, threshold in zip(self._tier_roles()[:-1], chosen.thresholds, strict=True):
            try:
                answer, reading = await chosen.judge.judged(role, request, ask, reason)
            except CallFailed as failure:
                reason = f"{role} failed ({failure.kind})"
                continue
            if reading.value is not None and reading.value >= threshold:
                return answer
            reason = reading.reason(threshold)
        return await ask(self._tier_roles()[-1], request, reason=reason)

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """The first tier always, each further one at most once; a signal for each but the last."""
        first, *middle, last = self._tier_roles()
        each = self.signal.tier_calls()
        judged = len(self.tiers) - 1
        return {
            first: (each, each),
            **dict.fromkeys(middle, (0, each)),
            last: (0, 1),
            **{role: (0, n * judged) for role, n in self.signal.asks().items()},
        }

    def practises(self) -> Mapping[str, Split]:
        """Every tier, and whom the signal asks, where something is to be picked or learnt."""
        if not self._must_fit:
            return {}
        return dict.fromkeys(self.roles(), "validation")

    async def fit(self, practice: Practice) -> Fitted | None:
        """Pick thresholds on the validation split; nothing to do where they are given."""
        if not self._must_fit:
            return None
        roles = self._tier_roles()
        answered = await asyncio.gather(*(practice.outcomes(role, "validation") for role in roles))
        n = len(answered[0])
        if n == 0:
            raise ConfigError(
                f"{practice.task.name} has no validation samples to pick a cascade's threshold on: "
                "write `threshold:`"
            )
        tried = [
            await rehearse(practice, role, self.signal, outcomes)
            for role, outcomes in zip(roles[:-1], answered[:-1], strict=True)
        ]
        judge, tiers = await asyncio.to_thread(self._learn, tried)
        last = _of_outcomes(answered[-1])
        picks = self._picked([*tiers, last], practice.task.name)
        learnt = [fingerprint(_evidence(tried))] if isinstance(judge, LearntJudge) else []
        return Fitted(
            state=Chosen(thresholds=tuple(pick.threshold for pick in picks), judge=judge),
            identity=[*(repr(pick.threshold) for pick in picks), *learnt],
            split="validation",
            n_samples=n,
            note=self._note(picks, last),
        )

    @property
    def _must_fit(self) -> bool:
        given = self.threshold is not None or self.signal.stands_at is not None
        return isinstance(self.signal, Learnt) or not given

    @property
    def _budgeted(self) -> bool:
        return self.max_cost_share is not None or self.max_usd is not None

    def _tier_roles(self) -> list[str]:
        return [f"tier_{i}" for i in range(1, len(self.tiers) + 1)]

    def _stated(self) -> tuple[float, ...] | None:
        """The thresholds that need no picking, one for each tier but the last."""
        if isinstance(self.threshold, tuple):
            return self.threshold
        value = self.signal.stands_at if self.threshold is None else self.threshold
        return None if value is None else (value,) * (len(self.tiers) - 1)

    def _chosen(self, fitted: Fitted | None) -> Chosen:
        if fitted is not None:
            chosen: Chosen = fitted.state
            return chosen
        stated = self._stated()
        if stated is None or self._must_fit:
            raise ConfigError("a cascade without `threshold` must be fitted before it answers")
        return Chosen(thresholds=stated, judge=self.signal)

    def _learn(
        self, tried: Sequence[Sequence[Tried]]
    ) -> tuple[SignalSpec | LearntJudge, list[TierResults]]:
        """What judges in earnest, and how each tier but the last did by it in practice."""
        if not isinstance(self.signal, Learnt):
            return self.signal, [_results(tier, [one.value for one in tier]) for tier in tried]
        chances, results = {}, []
        for role, tier in zip(self._tier_roles(), tried, strict=False):
            seen = [(one.features, one.success) for one in tier if one.features is not None]
            rows, successes = [row for row, _ in seen], [success for _, success in seen]
            chances[role], predicted = learn_chance(rows, successes, text=self.signal.text)
            ahead = iter(predicted)
            values = [None if one.features is None else next(ahead) for one in tier]
            results.append(_results(tier, values))
        return LearntJudge(spec=self.signal, chances=chances), results

    def _picked(self, tiers: Sequence[TierResults], task: str) -> list[Pick]:
        stated = self._stated()
        if stated is not None:  # learnt, but where an answer stands is given
            return picks_at(tiers, stated)
        if self._budgeted:
            try:
                return pick_within_budget(tiers, self._budget(tiers[-1]))
            except ValueError:
                raise ConfigError(
                    f"cascade on {task}: a tier's cost is unknown; give its price or use "
                    "`tolerance:`, `min_success:` or `max_escalation:`"
                ) from None
        last = tiers[-1].successes
        floor = sum(last) / len(last) - self.tolerance
        if self.min_success is not None:
            floor = self.min_success
        return pick_hop_by_hop(tiers, floor=floor, max_escalation=self.max_escalation)

    def _budget(self, last: TierResults) -> float:
        if self.max_usd is not None:
            return self.max_usd
        known = [usd for usd in last.usd if usd is not None]
        if not known:
            raise ValueError("the last tier has no known cost")
        assert self.max_cost_share is not None
        return self.max_cost_share * sum(known) / len(known)

    def _note(self, picks: Sequence[Pick], last: TierResults) -> str:
        n = len(last.successes)
        hops = ", ".join(
            f"tier_{i} {self.signal.kind} >= {pick.threshold:.4g} ({pick.escalated:.0%} escalated)"
            for i, pick in enumerate(picks, start=1)
        )
        note = (
            f"{hops}; {picks[0].success:.1%} right on {n} validation samples, "
            f"the last tier alone {sum(last.successes) / n:.1%}"
        )
        if self.min_success is not None and picks[0].success < self.min_success:
            note += f"; {self.min_success:.1%} was not reached"
        if self._budgeted and picks[0].usd is not None:
            over = ", above the budget" if picks[0].usd > self._budget(last) * (1 + 1e-9) else ""
            note += f"; ${picks[0].usd:.3g} an answer{over}"
        return note


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Thresholds of all tiers but the last, and what judges their answers."""

    thresholds: tuple[float, ...]
    judge: SignalSpec | LearntJudge


def _of_outcomes(outcomes: Sequence[Outcome]) -> TierResults:
    """The last tier, which nothing judges; a failed answer is no success."""
    return TierResults(
        signals=[None] * len(outcomes),
        successes=[outcome.success is True for outcome in outcomes],
        usd=[outcome.usd for outcome in outcomes],
    )


def _results(tier: Sequence[Tried], values: Sequence[float | None]) -> TierResults:
    return TierResults(
        signals=values,
        successes=[one.success for one in tier],
        usd=[one.usd for one in tier],
    )


def _evidence(tried: Sequence[Sequence[Tried]]) -> list[list[list[object]]]:
    """What a learnt signal was learnt from, for the identity of what it says."""
    return [[[one.success, _rounded(one.features)] for one in tier] for tier in tried]


def _rounded(features: Features | None) -> list[object] | None:
    if features is None:
        return None
    return [features.text, {name: f"{value:.6g}" for name, value in features.numbers.items()}]
