"""What a cascade judges an answer by: the tier's own confidence, or something that is asked.

A signal turns an answer into a number, higher being surer, or into no number, and says in words
what it found; the words are the reason of the next hop. Where it asks systems, it does so through
the cascade's ``ask``, so that this is traced and paid for like everything else.
"""

from __future__ import annotations

import abc
import asyncio
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_serializer

from evalsuite.errors import CallFailed
from evalsuite.records import Answer, Request
from evalsuite.systems.hybrids import confidence as own
from evalsuite.systems.hybrids.committee import voted_for
from evalsuite.systems.hybrids.validity import Check, check_pattern, problem_of
from evalsuite.systems.hybrids.wording import asked, filled, places, question_of, text_of
from evalsuite.systems.hybrids.yes_or_no import NO, YES, read_verdict

FINAL_ANSWER = r"####\s*(.+)"
_VERIFY = (
    "Question:\n{question}\n\nProposed answer:\n{answer}\n\n"
    "Is the proposed answer right? Answer yes or no."
)


class AskAs(Protocol):
    """What a signal asks by: ``Ask`` in earnest, a rehearsal of it in practice."""

    async def __call__(self, role: str, request: Request, *, reason: str) -> Answer:
        """Ask the member in ``role``; raises CallFailed."""
        ...


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The ``value`` of a signal called ``name``; None where there is none.

    ``why`` is why an answer does not stand, where that is more than a value below a threshold.
    """

    value: float | None
    name: str
    why: str | None = None

    def reason(self, threshold: float) -> str:
        """Why the next tier is asked."""
        if self.why is not None or self.value is None:
            return self.why or "no confidence signal"
        return f"{self.name} {self.value:.3f} < {threshold:.3f}"


class SignalSpec(BaseModel, abc.ABC):
    """Configuration of a signal, and what it does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str

    @property
    def stands_at(self) -> float | None:
        """The value at which an answer stands; None where that must be stated or picked."""
        return None

    def roles(self) -> Mapping[str, str]:
        """Role -> system of those that are asked beside the tiers."""
        return {}

    def asks(self) -> Mapping[str, int]:
        """How often each of these roles is asked about one answer of a tier."""
        return dict.fromkeys(self.roles(), 1)

    def tier_calls(self) -> int:
        """How often a tier is asked for one answer."""
        return 1

    @abc.abstractmethod
    async def judged(
        self, role: str, request: Request, ask: AskAs, reason: str
    ) -> tuple[Answer, Reading]:
        """The answer of the tier in ``role`` and how sure it is; CallFailed where there is none."""


class Afterwards(SignalSpec):
    """A signal about the one answer of a tier, whatever that is."""

    async def judged(
        self, role: str, request: Request, ask: AskAs, reason: str
    ) -> tuple[Answer, Reading]:
        """The tier is asked once."""
        answer = await ask(role, request, reason=reason)
        return answer, await self.judge(role, request, answer, ask)

    @abc.abstractmethod
    async def judge(self, role: str, request: Request, answer: Answer, ask: AskAs) -> Reading:
        """How sure an answer of the tier in ``role`` is. A call that fails is no value."""


class OwnConfidence(Afterwards):
    """What came with the answer: see ``evalsuite.systems.hybrids.confidence``."""

    kind: own.Signal

    async def judge(self, role: str, request: Request, answer: Answer, ask: AskAs) -> Reading:
        """The value; nothing is asked."""
        name = own.signal_name(answer, self.kind)
        return Reading(value=own.confidence(answer, self.kind), name=name)

    @model_serializer
    def _name(self) -> str:
        return self.kind


class Valid(Afterwards):
    """1 where the answer passes all checks, else 0: see ``evalsuite.systems.hybrids.validity``.

    checks: what it must be.
    matches: regular expression that its text must match somewhere.
    """

    kind: Literal["valid"]
    checks: tuple[Check, ...] = ("not_empty",)
    matches: str | None = None

    _compiles = field_validator("matches")(check_pattern)

    @property
    def stands_at(self) -> float | None:
        """An answer that passes stands."""
        return 1.0

    async def judge(self, role: str, request: Request, answer: Answer, ask: AskAs) -> Reading:
        """The first check that fails is the reason."""
        problem = await problem_of(answer, request, self.checks, self.matches)
        why = None if problem is None else f"{role} invalid ({problem})"
        return Reading(value=float(problem is None), name="valid", why=why)


class Agreement(SignalSpec):
    r"""The share of samples of the tier that agree; the answer is the first one of the majority.

    Self-consistency (Wang et al., 2023, arXiv:2203.11171) as confidence: Yue et al., 2024, "Large
    Language Model Cascades with Mixture of Thoughts Representations for Cost-efficient Reasoning",
    arXiv:2310.03094. Samples that fail do not vote; where all do, the tier has failed.

    samples: of the tier, each a repeat of its own.
    temperature: at which they are drawn.
    extract: regular expression of the final answer in a text, as in a committee.
    """

    kind: Literal["agreement"]
    samples: int = Field(5, ge=2, le=100)
    temperature: float = Field(0.7, gt=0, allow_inf_nan=False)
    extract: str = FINAL_ANSWER

    _compiles = field_validator("extract")(check_pattern)

    def tier_calls(self) -> int:
        """Once a sample."""
        return self.samples

    async def judged(
        self, role: str, request: Request, ask: AskAs, reason: str
    ) -> tuple[Answer, Reading]:
        """All samples are asked at once."""
        drawn = drawn_requests(request, self.samples, self.temperature)
        answers = await _answers(
            ask,
            [(role, one) for one in drawn],
            [f"{reason}; sample {i} of {self.samples}" for i in range(1, self.samples + 1)],
        )
        votes = _votes(answers, request, self.extract)
        best = max(dict.fromkeys(votes), key=votes.count)
        share = votes.count(best) / len(votes)
        return answers[votes.index(best)], Reading(value=share, name="agreement")


class MembersAgree(Afterwards):
    """The share of other systems that answer as the tier does.

    Members that fail have no say; without any answer of theirs there is no value.

    members: the systems that are asked too, at once.
    extract: regular expression of the final answer in a text, as in a committee.
    """

    kind: Literal["members_agree"]
    members: tuple[str, ...] = Field(min_length=1)
    extract: str = FINAL_ANSWER

    _compiles = field_validator("extract")(check_pattern)

    def roles(self) -> Mapping[str, str]:
        """The roles "member_1", "member_2" and so on."""
        return {f"member_{i}": name for i, name in enumerate(self.members, start=1)}

    async def judge(self, role: str, request: Request, answer: Answer, ask: AskAs) -> Reading:
        """Their answers against the tier's."""
        pairs = [(member, request) for member in self.roles()]
        reason = f"does it agree with {role}"
        try:
            answers = await _answers(ask, pairs, [reason] * len(pairs))
        except CallFailed as failure:
            return Reading(value=None, name="members", why=f"members failed ({failure.kind})")
        ours, *theirs = _votes([answer, *answers], request, self.extract)
        return Reading(value=theirs.count(ours) / len(theirs), name="members agree")


class Verifier(Afterwards):
    """The probability that another system, or the tier's own, gives to the answer being right.

    Aggarwal et al., 2023, "AutoMix: Automatically Mixing Language Models", arXiv:2310.12963: the
    share of several self-verifications, sampled, that say yes. Verdicts that fail or say neither
    yes nor no are left out; without any there is no value.

    system: who verifies.
    samples: verdicts; beyond one they are sampled at ``temperature``, in words.
    temperature: of the samples.
    prompt: template with the places {question} and {answer}.
    max_verdict_tokens: how long a verdict may be.
    """

    kind: Literal["verifier"]
    system: str
    samples: int = Field(1, ge=1, le=100)
    temperature: float = Field(0.7, gt=0, allow_inf_nan=False)
    prompt: str = _VERIFY
    max_verdict_tokens: int = Field(64, ge=1)

    _prompt_places = field_validator("prompt")(places("question", "answer"))

    def roles(self) -> Mapping[str, str]:
        """The role "verifier"."""
        return {"verifier": self.system}

    def asks(self) -> Mapping[str, int]:
        """Once a sample."""
        return {"verifier": self.samples}

    async def judge(self, role: str, request: Request, answer: Answer, ask: AskAs) -> Reading:
        """The mean P(yes) of the verdicts that can be read."""
        text = filled(self.prompt, question=question_of(request), answer=text_of(answer))
        # A closed choice is scored, not sampled, so that several would be all alike.
        choices = (YES, NO) if self.samples == 1 else None
        question = asked(request, text, choices=choices, max_output_tokens=self.max_verdict_tokens)
        drawn = [question]
        if self.samples > 1:
            drawn = drawn_requests(question, self.samples, self.temperature)
        reasons = [f"is {role} right"] * len(drawn)
        try:
            said = await _answers(ask, [("verifier", one) for one in drawn], reasons)
        except CallFailed as failure:
            return Reading(value=None, name="verifier", why=f"verifier failed ({failure.kind})")
        verdicts = [read_verdict(one) for one in said]
        said_so = [verdict.p_yes for verdict in verdicts if verdict.p_yes is not None]
        chances = [chance for chance in said_so if not math.isnan(chance)]
        if not chances:
            return Reading(value=None, name="verifier", why=verdicts[0].said)
        return Reading(value=sum(chances) / len(chances), name="P(correct)")


def drawn_requests(request: Request, samples: int, temperature: float) -> list[Request]:
    """``request`` for each of several samples: a repeat of its own, at the temperature."""
    return [
        msgspec.structs.replace(
            request, temperature=temperature, repeat=request.repeat * samples + index
        )
        for index in range(samples)
    ]


async def _answers(
    ask: AskAs, asked_of: Sequence[tuple[str, Request]], reasons: Sequence[str]
) -> list[Answer]:
    """The answers that came, asked at once; the first failure is raised where none did."""

    async def one(role: str, request: Request, reason: str) -> Answer | CallFailed:
        try:
            return await ask(role, request, reason=reason)
        except CallFailed as failure:
            return failure

    said = await asyncio.gather(
        *(one(*pair, reason) for pair, reason in zip(asked_of, reasons, strict=True))
    )
    answers = [answer for answer in said if isinstance(answer, Answer)]
    if not answers:
        raise next(failure for failure in said if isinstance(failure, CallFailed))
    return answers


def _votes(answers: Sequence[Answer], request: Request, extract: str) -> list[str]:
    pattern = re.compile(extract)
    return [voted_for(answer, request.choices, pattern) for answer in answers]
