"""Adaptive few-shot: worked examples only where the model is likely to fail without them.

"AdaptMI: Adaptive Skill-based In-context Math Instruction for Small Language Models", 2025: small
models lose on easy questions what examples give them on hard ones, so a reward model picks out the
hard ones (its thresholds: 0.9 for the last step, 0.7 for the mean), and only these are asked again
with examples of the skills that they need. Here the gate is the model's own confidence or a critic,
and the examples are those of the training split that are most like the question.

The reason of a hop: "no examples", "is it right", or "mean_logprob -0.412 < -0.300: 3 examples".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
from pydantic import Field, field_validator

from evalsuite.errors import CallFailed, ConfigError
from evalsuite.prompting import Prompting, prompted
from evalsuite.records import Answer, Message, Request, Sample
from evalsuite.systems.base import Ask, Fitted, HybridSpec, Practice
from evalsuite.systems.hybrids.confidence import Signal, confidence
from evalsuite.systems.hybrids.wording import asked, filled, places, question_of, text_of
from evalsuite.systems.hybrids.yes_or_no import NO, YES, read_verdict
from evalsuite.task import Split

_CRITIC = (
    "Question:\n{question}\n\nProposed answer:\n{answer}\n\n"
    "Is the proposed answer right? Answer yes or no."
)


class AdaptiveShotsSpec(HybridSpec):
    """A model that is asked again, with examples, where its first answer is doubtful.

    member: the system that answers.
    critic: a system whose P(yes) to ``critic_prompt`` is the gate; None: the member's confidence.
    signal: which confidence, see ``evalsuite.systems.hybrids.confidence``.
    threshold: an answer stands where the gate's value reaches it; None: picked on the validation
        split, so that a ``share`` of the answers is asked again.
    shots: examples in the second question.
    select: "similar" to the question, or "random" or "first" ones of the training split.
    """

    hybrid: Literal["adaptive_shots"] = "adaptive_shots"
    member: str
    critic: str | None = None
    signal: Signal = "auto"
    threshold: float | None = Field(None, allow_inf_nan=False)
    share: float = Field(0.5, ge=0, le=1)
    shots: int = Field(3, ge=1)
    select: Literal["similar", "random", "first"] = "similar"
    critic_prompt: str = _CRITIC

    _critic_prompt_places = field_validator("critic_prompt")(places("question", "answer"))

    def roles(self) -> Mapping[str, str]:
        """The roles "member" and, where there is one, "critic"."""
        return {"member": self.member, **({"critic": self.critic} if self.critic else {})}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The first answer where it is sure enough, else the one with examples."""
        if fitted is None:
            raise ConfigError("adaptive_shots must be fitted before it answers")
        state: _State = fitted.state
        answer: Answer | None = None
        try:
            answer = await ask("member", request, reason="no examples")
            value, name = await self._value(request, answer, ask)
            if value is not None and value >= state.threshold:
                return answer
            reason = name if value is None else f"{name} {value:.3f} < {state.threshold:.3f}"
        except CallFailed as failure:
            reason = f"member failed ({failure.kind})"
        messages = await asyncio.to_thread(state.with_examples, request)
        again = msgspec.structs.replace(request, messages=messages)
        try:
            return await ask("member", again, reason=f"{reason}: {self.shots} examples")
        except CallFailed:
            if answer is None:
                raise
            return answer

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """Once or twice the member; once the critic."""
        return {"member": (1, 2), **({"critic": (1, 1)} if self.critic else {})}

    def practises(self) -> Mapping[str, Split]:
        """The member, where the threshold is to be picked."""
        return {} if self.threshold is not None else {"member": "validation"}

    async def fit(self, practice: Practice) -> Fitted | None:
        """Gather the examples; pick the threshold on the validation split."""
        prompting = Prompting(shots=self.shots, select=self.select, seed=practice.seed)
        shown = prompted(practice.task, prompting)
        threshold, n, note = self.threshold, 0, "threshold as stated"
        if threshold is None:
            values = await self._practice_values(practice)
            n = len(values)
            threshold = _threshold(values, self.share)
            again = sum(value < threshold for value in values)
            note = f"asked again below {threshold:.4g}, {again / n:.0%} of {n} validation samples"
        return Fitted(
            state=_State(threshold, lambda request: shown.messages(_sample_of(request))),
            identity=[repr(threshold), shown.name],
            split="validation",
            n_samples=n,
            note=f"{note}; {self.shots} {self.select} examples",
        )

    async def _practice_values(self, practice: Practice) -> list[float]:
        """The gate's value for each validation answer; minus infinity where there is none."""
        outcomes = await practice.outcomes("member", "validation")
        if not outcomes:
            raise ConfigError(
                f"{practice.task.name} has no validation samples to pick a threshold on: write "
                "`threshold:`"
            )

        async def critic(role: str, request: Request, *, reason: str) -> Answer:
            return await practice.ask(role, request)

        values = []
        for outcome in outcomes:
            value = None
            if outcome.answer is not None:
                value, _ = await self._value(outcome.request, outcome.answer, critic)
            values.append(float("-inf") if value is None else value)
        return values

    async def _value(
        self, request: Request, answer: Answer, ask: Callable[..., Awaitable[Answer]]
    ) -> tuple[float | None, str]:
        """How far the first answer is to be trusted, and what that figure is called."""
        if self.critic is None:
            value = confidence(answer, self.signal)
            return value, "no confidence signal" if value is None else self.signal
        question = filled(self.critic_prompt, question=question_of(request), answer=text_of(answer))
        wanted = asked(request, question, choices=(YES, NO), max_output_tokens=64)
        try:
            said = await ask("critic", wanted, reason="is it right")
        except CallFailed as failure:
            return None, f"critic failed ({failure.kind})"
        verdict = read_verdict(said)
        return verdict.p_yes, verdict.said if verdict.p_yes is None else "P(yes)"


@dataclass(frozen=True)
class _State:
    threshold: float
    with_examples: Callable[[Request], tuple[Message, ...]]


def _sample_of(request: Request) -> Sample:
    return Sample(id=request.sample_id, inputs=request.inputs)


def _threshold(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the ``values`` lie, as nearly as can be."""
    ranked = sorted(values)
    at = round(share * len(ranked))
    return ranked[at] if at < len(ranked) else float("inf")
