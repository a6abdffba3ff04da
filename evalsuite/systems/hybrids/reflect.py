"""Reflect: an answer is checked against written principles, and revised where it breaks one.

Critique and revision by principles are those of Constitutional AI (Bai et al., 2022,
arXiv:2212.08073), here while answering and not for training; as a judge this is a judge guided by
principles that reflects on its verdict. The wording is ours.

The reason of a hop: "draft", "principle 2", "breaks principles 1, 3", "round 2, principle 1".
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Literal

import msgspec
from pydantic import Field, field_validator

from evalsuite.errors import CallFailed
from evalsuite.records import Answer, Request
from evalsuite.systems.base import Ask, Fitted, HybridSpec
from evalsuite.systems.hybrids.wording import (
    asked,
    filled,
    last_question,
    places,
    question_of,
    text_of,
    with_question,
)
from evalsuite.systems.hybrids.yes_or_no import NO, YES, read_verdict

_CHECK = (
    "Question:\n{question}\n\nAnswer:\n{answer}\n\nPrinciple: {principle}\n\n"
    "Does the answer keep to the principle? Begin with yes or no, then say in a sentence why."
)
_REVISE = (
    "{question}\n\nYour first answer was:\n{answer}\n\nA check found that it does not keep to "
    "this:\n{broken}\n\nAnswer again in the form that was asked for. If the check is wrong, repeat "
    "your answer."
)


class ReflectSpec(HybridSpec):
    """An answerer and principles that its answers are checked against.

    answerer: the system that answers and revises.
    critic: the system that checks; the answerer itself unless given.
    principles: what an answer must keep to, one sentence each.
    rounds: checks (and revisions) at most.
    threshold: least P(yes) for which a principle counts as kept, where the critic gives
        probabilities; a yes in words counts as 1, a no as 0.
    check_prompt, revise_prompt: templates with the places {question}, {answer}, and {principle} or
        {broken}.

    A check that fails, or says neither yes nor no, breaks nothing. A revision that fails leaves the
    answer as it was. ``data`` of the answer lists the principles that each round found broken.
    """

    hybrid: Literal["reflect"] = "reflect"
    answerer: str
    critic: str | None = None
    principles: tuple[str, ...] = Field(min_length=1)
    rounds: int = Field(1, ge=1, le=10)
    threshold: float = Field(0.5, ge=0, le=1, allow_inf_nan=False)
    check_prompt: str = _CHECK
    revise_prompt: str = _REVISE

    _check_places = field_validator("check_prompt")(places("question", "answer", "principle"))
    _revise_places = field_validator("revise_prompt")(places("question", "answer", "broken"))

    def roles(self) -> Mapping[str, str]:
        """The roles "answerer" and "critic"."""
        return {"answerer": self.answerer, "critic": self.critic or self.answerer}

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """A draft and a check of each principle at least."""
        n = len(self.principles)
        return {"answerer": (1, 1 + self.rounds), "critic": (n, n * self.rounds)}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The first answer that breaks no principle, or what the last round made of it."""
        answer = await ask("answerer", request, reason="draft")
        found: list[list[int]] = []
        for number in range(1, self.rounds + 1):
            broken = await self._broken(request, ask, answer, number)
            found.append(broken)
            if not broken:
                break
            text = filled(
                self.revise_prompt,
                question=last_question(request),
                answer=text_of(answer),
                broken="\n".join(f"- {self.principles[index - 1]}" for index in broken),
            )
            reason = f"breaks principle{'s' * (len(broken) > 1)} {', '.join(map(str, broken))}"
            try:
                answer = await ask("answerer", with_question(request, text), reason=reason)
            except CallFailed:
                break  # the answer before is one, and the failed call is on record
        return msgspec.structs.replace(answer, data={"broken": found})

    async def _broken(self, request: Request, ask: Ask, answer: Answer, number: int) -> list[int]:
        """The numbers, from 1, of the principles that ``answer`` does not keep to."""
        question = question_of(request)

        async def keeps(index: int, principle: str) -> bool:
            text = filled(
                self.check_prompt, question=question, answer=text_of(answer), principle=principle
            )
            reason = f"principle {index}" if number == 1 else f"round {number}, principle {index}"
            try:
                said = await ask("critic", asked(request, text, choices=(YES, NO)), reason=reason)
            except CallFailed:
                return True
            p_yes = read_verdict(said).p_yes
            return p_yes is None or p_yes >= self.threshold

        every = list(enumerate(self.principles, start=1))
        kept = await asyncio.gather(*(keeps(index, principle) for index, principle in every))
        return [index for (index, _), fine in zip(every, kept, strict=True) if not fine]
