"""Committee: several systems answer, and the answer of most of them (by weight) is taken.

Hard vote: self-consistency (Wang et al., 2023, arXiv:2203.11171) across systems instead of
samples. Soft vote: the mean of the members' probabilities, as in the soft committees of tiny
language models trained apart.

The reason of a hop is "member 2 of 3"; in a sequential committee also how the vote stood, and
which members had failed by then.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, field_validator, model_validator

from evalsuite.errors import CallFailed
from evalsuite.records import Answer, Request
from evalsuite.systems.base import Ask, Fitted, HybridSpec


class CommitteeSpec(HybridSpec):
    r"""Members that vote.

    members: names of systems. Of equally supported answers, that of the earliest member wins.
    vote: "hard" counts answers; "soft" averages the probabilities of the choices. A soft vote
        takes a member without probabilities at its word, and is a hard one without choices.
    weights: of the members' votes; equal by default.
    extract: regular expression whose last match (its first group, or all of it) is what a text
        votes for; where it does not match, the whole text votes. The default is the final answer
        after ``####``, as GSM8K writes it.
    sequential: ask one after the other and stop as soon as no further vote can matter: fewer
        calls, more waiting.

    Members that fail do not vote; the committee fails where all do.
    """

    hybrid: Literal["committee"] = "committee"
    members: tuple[str, ...] = Field(min_length=2)
    vote: Literal["hard", "soft"] = "hard"
    weights: tuple[float, ...] | None = None
    extract: str = r"####\s*(.+)"
    sequential: bool = False

    @field_validator("extract")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return pattern

    @model_validator(mode="after")
    def _weight_for_each_member(self) -> CommitteeSpec:
        if self.weights is not None:
            if len(self.weights) != len(self.members):
                raise ValueError("`weights` needs one value for each member")
            if min(self.weights) <= 0:
                raise ValueError("`weights` must be above 0")
        return self

    def roles(self) -> Mapping[str, str]:
        """The roles "member_1", "member_2" and so on."""
        return {f"member_{i}": name for i, name in enumerate(self.members, start=1)}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The winning answer; for a soft vote with the mean probabilities."""
        poll = _Poll(self, request.choices)
        if self.sequential:
            await self._ask_in_turn(request, ask, poll)
        else:
            n = len(self.members)
            await asyncio.gather(
                *(poll.ask(ask, request, index, f"member {index + 1} of {n}") for index in range(n))
            )
        return poll.winner()

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """Every member once; in turn, the first one at least."""
        return {role: (int(not self.sequential or role == "member_1"), 1) for role in self.roles()}

    async def _ask_in_turn(self, request: Request, ask: Ask, poll: _Poll) -> None:
        n = len(self.members)
        for index in range(n):
            if poll.decided(range(index, n)):
                return
            reason = f"member {index + 1} of {n}"
            await poll.ask(ask, request, index, f"{reason}; {poll.standing()}" if index else reason)


@dataclass(frozen=True)
class _Ballot:
    answer: Answer
    support: Mapping[str, float]


class _Poll:
    """The votes of one request: each member spreads its weight over what it stands for."""

    def __init__(self, spec: CommitteeSpec, choices: Sequence[str] | None) -> None:
        self._roles = list(spec.roles())
        self._weights = spec.weights or (1.0,) * len(spec.members)
        self._choices = choices
        self._soft = spec.vote == "soft" and choices is not None
        self._extract = re.compile(spec.extract)
        self._ballots: dict[int, _Ballot] = {}
        self._failures: dict[int, CallFailed] = {}

    async def ask(self, ask: Ask, request: Request, index: int, reason: str) -> None:
        """Ask member ``index`` and keep its vote, or that it failed."""
        try:
            answer = await ask(self._roles[index], request, reason=reason)
        except CallFailed as failure:
            self._failures[index] = failure
        else:
            self._ballots[index] = _Ballot(answer, self._support(answer))

    def decided(self, remaining: Sequence[int]) -> bool:
        """Whether the lead is larger than all that the ``remaining`` members could add."""
        ranked = sorted(self._totals().values(), reverse=True)
        if not ranked:
            return False
        runner_up = ranked[1] if len(ranked) > 1 else 0.0
        return ranked[0] - runner_up > sum(self._weights[index] for index in remaining)

    def standing(self) -> str:
        """The vote so far, in words."""
        votes = ", ".join(f"{total:.2g}" for total in sorted(self._totals().values(), reverse=True))
        failed = ", ".join(f"{self._roles[i]} failed ({f.kind})" for i, f in self._failures.items())
        return "; ".join(part for part in (f"votes {votes}" if votes else "", failed) if part)

    def winner(self) -> Answer:
        """The best supported answer; raises the first member's failure where all failed.

        A soft vote in which nobody's text is one of the choices gives the first text.
        """
        totals = self._totals()
        if not self._ballots:
            raise self._failures[min(self._failures)]
        if not totals:
            return self._ballots[min(self._ballots)].answer
        best = max(totals.values())
        # Sums of the same weights in another order may differ in their last digits.
        leaders = {name for name, total in totals.items() if total >= best - 1e-9}
        ballots = [ballot for _, ballot in sorted(self._ballots.items())]
        first = next((b for b in ballots if _favourite(b.support) in leaders), None)
        if not self._soft:
            assert first is not None
            return first.answer
        choice = _favourite(first.support) if first else next(c for c in totals if c in leaders)
        mass = sum(totals.values())
        shares = {name: totals.get(name, 0.0) / mass for name in self._choices or ()}
        return Answer(text=choice, choice=choice, probabilities=shares)

    def _totals(self) -> dict[str, float]:
        totals: dict[str, float] = {}
        for index, ballot in sorted(self._ballots.items()):
            for name, share in ballot.support.items():
                totals[name] = totals.get(name, 0.0) + self._weights[index] * share
        return totals

    def _support(self, answer: Answer) -> Mapping[str, float]:
        if self._soft and answer.probabilities:
            return answer.probabilities
        voted = self._voted_for(answer)
        if self._soft:
            return {voted: 1.0} if voted in (self._choices or ()) else {}
        return {voted: 1.0}

    def _voted_for(self, answer: Answer) -> str:
        """A choice, where the answer is one; otherwise the normalised (final) text."""
        if answer.choice is not None:
            return answer.choice
        matches = list(self._extract.finditer(answer.text or ""))
        said = answer.text or ""
        if matches:
            said = matches[-1].group(1) if matches[-1].re.groups else matches[-1].group()
        normalised = normalise(said)
        for choice in self._choices or ():
            if normalise(choice) == normalised:
                return choice
        return normalised


def normalise(text: str) -> str:
    """Case, white space and a final full stop make no difference between two answers."""
    return " ".join(text.casefold().split()).rstrip(" .")


def _favourite(support: Mapping[str, float]) -> str | None:
    return max(support, key=support.__getitem__) if support else None
