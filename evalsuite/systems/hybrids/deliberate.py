"""Deliberate: members with profiles of their own answer, read each other, may revise, and vote.

As a judge this is multi-agent judging: small judges with distinct profiles deliberate over rounds
("JudgeBoard: Benchmarking and Enhancing Small Language Models for Reasoning Evaluation", 2025,
arXiv:2511.15958). The rounds are those of multi-agent debate (Du et al., 2023, "Improving
Factuality and Reasoning in Language Models through Multiagent Debate", arXiv:2305.14325), the
profiles those of ChatEval (Chan et al., 2023, arXiv:2308.07201). The wording is ours.

The reason of a hop: "round 1 as strict", "reasons of strict, round 1", "round 2 as strict; votes
2, 1".
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from evalsuite.errors import CallFailed
from evalsuite.records import Answer, Message, Request
from evalsuite.systems.base import Ask, Fitted, HybridSpec
from evalsuite.systems.hybrids.committee import voted_for
from evalsuite.systems.hybrids.validity import check_pattern
from evalsuite.systems.hybrids.wording import (
    asked,
    filled,
    last_question,
    places,
    question_of,
    text_of,
    with_question,
)

_REVISE = (
    "{question}\n\nOthers have answered too. You said: {own}\nThey said:\n{others}\n\n"
    "Weigh what they say; keep your answer unless it is shown to be wrong. Answer again in the "
    "form that was asked for."
)
_REASON = "{question}\n\nDo not answer yet. Say in two sentences what speaks for which answer."


class Profile(BaseModel):
    """A member: what it is told it is, and the system that plays it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    system: str
    says: str = Field(min_length=1)


class DeliberateSpec(HybridSpec):
    r"""Members that answer, read each other and may revise.

    profiles: ``name``, ``system`` and ``says``: the system turn that makes it that member. Several
        may be played by one system.
    rounds: how often all answer; after the first each sees what the others said before.
    reason_tokens: above 0, each writes its reasons, as long as this, before it chooses; for
        members that score choices and write nothing else. The others read them.
    stop_when_agreed: no further round once all say the same.
    extract: regular expression whose last match (its first group, or all of it) is what a text
        votes for; where it does not match, the whole text votes. By default the content of double
        brackets, as judges write their verdict.
    revise_prompt, reason_prompt: templates with the places {question}, {own} and {others}.

    The answer is that of most members in the last round; of equals the one that its members gave
    more probability, then that of the earliest profile. Members that fail do not vote.
    """

    hybrid: Literal["deliberate"] = "deliberate"
    profiles: tuple[Profile, ...] = Field(min_length=2)
    rounds: int = Field(2, ge=1, le=10)
    reason_tokens: int = Field(0, ge=0)
    stop_when_agreed: bool = True
    extract: str = r"\[\[(.+?)\]\]"
    revise_prompt: str = _REVISE
    reason_prompt: str = _REASON

    _compiles = field_validator("extract")(check_pattern)
    _revise_places = field_validator("revise_prompt")(places("question", "own", "others"))
    _reason_places = field_validator("reason_prompt")(places("question"))

    @model_validator(mode="after")
    def _distinct(self) -> DeliberateSpec:
        twice = [name for name, n in Counter(p.name for p in self.profiles).items() if n > 1]
        if twice:
            raise ValueError(f"two profiles are called {twice[0]!r}")
        return self

    def roles(self) -> Mapping[str, str]:
        """A role for each profile, by its name."""
        return {profile.name: profile.system for profile in self.profiles}

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """Each member once a round, twice where it gives its reasons."""
        a_round = 2 if self.reason_tokens else 1
        least = a_round * (1 if self.stop_when_agreed else self.rounds)
        return {profile.name: (least, a_round * self.rounds) for profile in self.profiles}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The answer of most in the last round; raises the first failure where all failed."""
        said: Mapping[str, _Said] = {}
        rounds: list[dict[str, str]] = []
        for number in range(1, self.rounds + 1):
            said = await self._round(request, ask, number, said)
            rounds.append({name: each.vote for name, each in said.items()})
            if self.stop_when_agreed and len(set(rounds[-1].values())) == 1:
                break
        winner = _winner(list(said.values()))
        data = {"rounds": rounds}
        if request.choices is not None and all(each.answer.probabilities for each in said.values()):
            shares = _mean(request.choices, list(said.values()))
            return Answer(text=winner, choice=winner, probabilities=shares, data=data)
        first = next(each.answer for each in said.values() if each.vote == winner)
        return msgspec.structs.replace(first, data=data)

    async def _round(
        self, request: Request, ask: Ask, number: int, before: Mapping[str, _Said]
    ) -> Mapping[str, _Said]:
        failures: list[CallFailed] = []

        async def one(profile: Profile) -> tuple[str, _Said] | None:
            try:
                return profile.name, await self._ask_one(profile, request, ask, number, before)
            except CallFailed as failure:
                failures.append(failure)
                return None

        asked_all = await asyncio.gather(*(one(profile) for profile in self.profiles))
        said = dict(each for each in asked_all if each is not None)
        if not said and not before:
            raise failures[0]
        return said or before

    async def _ask_one(
        self, profile: Profile, request: Request, ask: Ask, number: int, before: Mapping[str, _Said]
    ) -> _Said:
        reason = f"round {number} as {profile.name}"
        turn = _as_member(request, profile.says)
        if before:
            votes = Counter(each.vote for each in before.values())
            reason += f"; votes {', '.join(str(n) for _, n in votes.most_common())}"
            own = before.get(profile.name)
            others = [each.words(name) for name, each in before.items() if name != profile.name]
            text = filled(
                self.revise_prompt,
                question=last_question(request),
                own=own.vote if own else "nothing yet",
                others="\n".join(others) or "nothing",
            )
            turn = with_question(turn, text)
        reasons = ""
        if self.reason_tokens:
            text = filled(self.reason_prompt, question=question_of(turn))
            free = asked(turn, text, system=profile.says, max_output_tokens=self.reason_tokens)
            why = f"reasons of {profile.name}, round {number}"
            reasons = text_of(await ask(profile.name, free, reason=why)).strip()
            turn = with_question(turn, f"{last_question(turn)}\n\nYour reasons: {reasons}")
        answer = await ask(profile.name, turn, reason=reason)
        vote = voted_for(answer, request.choices, re.compile(self.extract))
        return _Said(answer=answer, vote=vote, reasons=reasons)


@dataclass(frozen=True, kw_only=True)
class _Said:
    """What a member answered in a round, what that stands for, and the reasons it gave apart."""

    answer: Answer
    vote: str
    reasons: str

    def words(self, name: str) -> str:
        """As the others read it."""
        reasons = self.reasons
        if not reasons and self.answer.choice is None:
            reasons = (self.answer.text or "").strip()
        return f"- {name}: {self.vote}" + (f", because: {reasons}" if reasons else "")


def _as_member(request: Request, says: str) -> Request:
    """``request`` put to a member: its profile stands above what the request's system turn says."""
    turns = list(request.messages)
    if turns and turns[0].role == "system":
        turns[0] = Message(role="system", content=f"{says}\n\n{turns[0].content}")
    else:
        turns.insert(0, Message(role="system", content=says))
    return msgspec.structs.replace(request, messages=tuple(turns))


def _winner(said: Sequence[_Said]) -> str:
    votes = Counter(each.vote for each in said)
    order = list(votes)

    def strength(vote: str) -> tuple[int, float, int]:
        mass = sum((each.answer.probabilities or {}).get(vote, 0.0) for each in said)
        return votes[vote], mass, -order.index(vote)

    return max(votes, key=strength)


def _mean(choices: Sequence[str], said: Sequence[_Said]) -> dict[str, float]:
    n = len(said)
    return {
        choice: sum((each.answer.probabilities or {}).get(choice, 0.0) for each in said) / n
        for choice in choices
    }
