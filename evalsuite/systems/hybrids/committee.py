"""Committee: several systems answer, or one several times, and the answer of most is taken.

Hard vote of one member with several samples: self-consistency (Wang et al., 2023,
arXiv:2203.11171); stopping when the vote is decided: adaptive consistency (Aggarwal et al., 2023,
arXiv:2305.11860, with certainty in place of its stopping rule). Soft vote: the mean of the members'
probabilities, as in the soft committees of tiny language models trained apart. Weights log(p/(1-p))
of members that are right with chance p: Nitzan and Paroush, 1982, optimal for independent ones.

The reason of a hop is "member 2 of 3"; in a sequential committee also how the vote stood, and
which members had failed by then.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
from pydantic import Field, field_validator, model_validator

from evalsuite.errors import CallFailed, ConfigError
from evalsuite.records import Answer, Request
from evalsuite.systems.base import Ask, Fitted, HybridSpec, Practice
from evalsuite.systems.hybrids.validity import check_pattern
from evalsuite.task import Split


class CommitteeSpec(HybridSpec):
    r"""Members that vote.

    members: names of systems. Of equally supported answers, that of the earliest member wins.
    samples: answers of each member: one member with several samples is self-consistency. Beyond
        the first they are sampled at ``temperature``, each as a repeat of its own.
    temperature: of all answers where there are several samples of a member.
    vote: "hard" counts answers; "soft" averages the probabilities of the choices. A soft vote
        takes a member without probabilities at its word, and is a hard one without choices.
    weights: of the members' votes; equal by default. "log_odds" learns them from how often each
        member is right on the validation split; one that is no better than a coin has no vote.
    extract: regular expression whose last match (its first group, or all of it) is what a text
        votes for; where it does not match, the whole text votes. The default is the final answer
        after ``####``, as GSM8K writes it.
    sequential: ask one after the other and stop as soon as no further vote can matter: fewer
        calls, more waiting.

    Members that fail do not vote; the committee fails where all do.
    """

    hybrid: Literal["committee"] = "committee"
    members: tuple[str, ...] = Field(min_length=1)
    samples: int = Field(1, ge=1, le=100)
    temperature: float | None = Field(None, gt=0, allow_inf_nan=False)
    vote: Literal["hard", "soft"] = "hard"
    weights: tuple[float, ...] | Literal["log_odds"] | None = None
    extract: str = r"####\s*(.+)"
    sequential: bool = False

    _compiles = field_validator("extract")(check_pattern)

    @model_validator(mode="after")
    def _consistent(self) -> CommitteeSpec:
        if len(self.members) * self.samples < 2:
            raise ValueError("a committee needs two `members`, or `samples` of one")
        if (self.samples > 1) != (self.temperature is not None):
            raise ValueError("`samples` and `temperature` go together: greedy ones are all alike")
        if isinstance(self.weights, tuple):
            if len(self.weights) != len(self.members):
                raise ValueError("`weights` needs one value for each member")
            if not all(0 < weight < math.inf for weight in self.weights):
                raise ValueError("`weights` must be above 0")
        return self

    def roles(self) -> Mapping[str, str]:
        """The roles "member_1", "member_2" and so on: with several samples, one for each."""
        seats = [name for name in self.members for _ in range(self.samples)]
        return {f"member_{i}": name for i, name in enumerate(seats, start=1)}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The winning answer; for a soft vote with the mean probabilities."""
        requests = self._requests(request)
        n = len(requests)
        poll = _Poll(self, self._weights(fitted), request.choices)
        if self.sequential:
            await self._ask_in_turn(requests, ask, poll)
        else:
            hops = (
                poll.ask(ask, seat, index, f"member {index + 1} of {n}")
                for index, seat in enumerate(requests)
            )
            await asyncio.gather(*hops)
        return poll.winner()

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """Every member once; in turn, the first one at least."""
        return {role: (int(not self.sequential or role == "member_1"), 1) for role in self.roles()}

    def practises(self) -> Mapping[str, Split]:
        """Every member, where the weights are to be learnt."""
        return dict.fromkeys(self._firsts(), "validation") if self.weights == "log_odds" else {}

    async def fit(self, practice: Practice) -> Fitted | None:
        """Learn the weights of the members' votes on the validation split."""
        if self.weights != "log_odds":
            return None
        answered = await asyncio.gather(
            *(practice.outcomes(role, "validation") for role in self._firsts())
        )
        n = len(answered[0])
        if n == 0:
            raise ConfigError(
                f"{practice.task.name} has no validation samples to learn a committee's weights "
                "on: write `weights:`"
            )
        right = [sum(o.success is True for o in outcomes) for outcomes in answered]
        weights = [log_odds(k, n) for k in right]
        if not any(weights):
            weights = [1.0] * len(weights)
        said = ", ".join(
            f"{name} {k / n:.1%} right, weight {weight:.2f}"
            for name, k, weight in zip(self.members, right, weights, strict=True)
        )
        return Fitted(
            state=weights,
            identity=[f"{weight:.6g}" for weight in weights],
            split="validation",
            n_samples=n,
            note=f"{said}, on {n} validation samples",
        )

    def _firsts(self) -> list[str]:
        return list(self.roles())[:: self.samples]

    def _weights(self, fitted: Fitted | None) -> list[float]:
        """One weight a seat."""
        weights: Sequence[float] = (1.0,) * len(self.members)
        if isinstance(self.weights, tuple):
            weights = self.weights
        elif self.weights == "log_odds":
            if fitted is None:
                raise ConfigError("a committee that learns its weights must be fitted first")
            weights = fitted.state
        return [weight for weight in weights for _ in range(self.samples)]

    def _requests(self, request: Request) -> list[Request]:
        """What each seat is asked; samples of one member are repeats at the temperature."""
        if self.temperature is None:
            return [request] * len(self.roles())
        return [
            msgspec.structs.replace(
                request,
                temperature=self.temperature,
                repeat=request.repeat * self.samples + index % self.samples,
            )
            for index in range(len(self.roles()))
        ]

    async def _ask_in_turn(self, requests: Sequence[Request], ask: Ask, poll: _Poll) -> None:
        n = len(requests)
        for index, request in enumerate(requests):
            if poll.decided(range(index, n)):
                return
            reason = f"member {index + 1} of {n}"
            await poll.ask(ask, request, index, f"{reason}; {poll.standing()}" if index else reason)


def log_odds(right: int, n: int) -> float:
    """The weight of a member that was right ``right`` times of ``n``; 0 where that is no news.

    The chance is Laplace's (k + 1) / (n + 2), so that a perfect score has a finite weight.
    """
    chance = (right + 1) / (n + 2)
    return max(0.0, math.log(chance / (1 - chance)))


@dataclass(frozen=True)
class _Ballot:
    answer: Answer
    support: Mapping[str, float]


class _Poll:
    """The votes of one request: each member spreads its weight over what it stands for."""

    def __init__(
        self, spec: CommitteeSpec, weights: Sequence[float], choices: Sequence[str] | None
    ) -> None:
        self._roles = list(spec.roles())
        self._weights = weights
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
        return voted_for(answer, self._choices, self._extract)


def voted_for(answer: Answer, choices: Sequence[str] | None, extract: re.Pattern[str]) -> str:
    """What an answer stands for: a choice, or else its normalised (final) text.

    ``extract`` finds the final answer in a text: the first group of its last match, or all of it.
    """
    if answer.choice is not None:
        return answer.choice
    matches = list(extract.finditer(answer.text or ""))
    said = answer.text or ""
    if matches:
        said = matches[-1].group(1) if matches[-1].re.groups else matches[-1].group()
    plain = _plain(said)
    return next((choice for choice in choices or () if _plain(choice) == plain), plain)


def _plain(text: str) -> str:
    """Case, white space and a final full stop make no difference between two answers; signs do."""
    return " ".join(text.casefold().split()).rstrip(" .")


def _favourite(support: Mapping[str, float]) -> str | None:
    return max(support, key=support.__getitem__) if support else None
