"""Verify: a second model checks an answer, or rewrites it, for a number of rounds.

Checking is self-refinement with the critic in another model: Madaan et al., 2023, "Self-Refine",
arXiv:2303.17651; Shinn et al., 2023, "Reflexion", arXiv:2303.11366. Rewriting is the collaboration
in which a large model edits what a small one wrote (or the other way round).

The reason of a hop: "draft", "check 1", "rejected (P(yes) 0.12)", "no verdict in 'maybe'" or
"rewrite 1 of 2".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator

from evalsuite.errors import CallFailed
from evalsuite.records import Answer, Request
from evalsuite.systems.base import Ask, Fitted, HybridSpec
from evalsuite.systems.hybrids.wording import (
    asked,
    filled,
    going_on,
    last_question,
    places,
    question_of,
    text_of,
    with_question,
)
from evalsuite.systems.hybrids.yes_or_no import NO, YES, read_verdict

_CHECK = (
    "Question:\n{question}\n\nProposed answer:\n{answer}\n\n"
    "Is the proposed answer right? Begin with yes or no, then say in a sentence what is wrong."
)
_RETRY = "A reviewer says: {verdict}\n\nAnswer the question again, in the form that was asked for."
_REWRITE = (
    "{question}\n\nA draft of the answer:\n{answer}\n\n"
    "Correct what is wrong in the draft and give the answer in the form that was asked for. "
    "If the draft is right, repeat it."
)


class VerifySpec(HybridSpec):
    """A model that answers and one that checks or rewrites.

    answerer: the system that drafts the answer.
    verifier: the system that checks or rewrites it.
    mode: "check" asks the verifier whether the answer is right; after a no, the answerer answers
        again with what the verifier said. "rewrite" asks the verifier for the answer itself, given
        the draft, and takes that.
    rounds: checks or rewrites at most. In mode "check" the last answer is taken as it is.
    threshold: least P(yes) for which an answer stands, where the verifier gives probabilities; a
        yes in words counts as 1, a no as 0.
    unverified: what becomes of an answer whose verifier failed or said neither yes nor no: "keep"
        it, or "retry" as after a no.
    check_prompt, retry_prompt, rewrite_prompt: templates with the places {question}, {answer} and
        {verdict}.
    """

    hybrid: Literal["verify"] = "verify"
    answerer: str
    verifier: str
    mode: Literal["check", "rewrite"] = "check"
    rounds: int = Field(1, ge=1, le=10)
    threshold: float = Field(0.5, ge=0, le=1, allow_inf_nan=False)
    unverified: Literal["keep", "retry"] = "keep"
    check_prompt: str = _CHECK
    retry_prompt: str = _RETRY
    rewrite_prompt: str = _REWRITE

    _check_prompt_places = field_validator("check_prompt")(places("question", "answer"))
    _retry_prompt_places = field_validator("retry_prompt")(places("question", "answer", "verdict"))
    _rewrite_prompt_places = field_validator("rewrite_prompt")(places("question", "answer"))

    def roles(self) -> Mapping[str, str]:
        """The roles "answerer" and "verifier"."""
        return {"answerer": self.answerer, "verifier": self.verifier}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The answer after the last round."""
        answer = await ask("answerer", request, reason="draft")
        rounds = self._rewritten if self.mode == "rewrite" else self._checked
        return await rounds(request, ask, answer)

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """A draft and a verifier's call at least; a further answer for each rejection."""
        answers = 1 if self.mode == "rewrite" else 1 + self.rounds
        least = self.rounds if self.mode == "rewrite" else 1
        return {"answerer": (1, answers), "verifier": (least, self.rounds)}

    async def _rewritten(self, request: Request, ask: Ask, answer: Answer) -> Answer:
        for number in range(1, self.rounds + 1):
            text = filled(
                self.rewrite_prompt, question=last_question(request), answer=text_of(answer)
            )
            reason = f"rewrite {number} of {self.rounds}"
            try:
                answer = await ask("verifier", with_question(request, text), reason=reason)
            except CallFailed:
                return answer  # the draft is an answer, and the failed call is on record
        return answer

    async def _checked(self, request: Request, ask: Ask, answer: Answer) -> Answer:
        question = question_of(request)
        for number in range(1, self.rounds + 1):
            text = filled(self.check_prompt, question=question, answer=text_of(answer))
            verdict, problem = await self._verdict(request, ask, text, f"check {number}")
            if problem is None:
                return answer
            again = filled(
                self.retry_prompt, question=question, answer=text_of(answer), verdict=verdict
            )
            retry = going_on(request, answer, again)
            try:
                answer = await ask("answerer", retry, reason=problem)
            except CallFailed:
                return answer
        return answer

    async def _verdict(
        self, request: Request, ask: Ask, text: str, reason: str
    ) -> tuple[str, str | None]:
        """What the verifier said, and why the answer does not stand; None where it does."""
        try:
            said = await ask("verifier", asked(request, text, choices=(YES, NO)), reason=reason)
        except CallFailed as failure:
            keep = self.unverified == "keep"
            return "", None if keep else f"verifier failed ({failure.kind})"
        verdict = read_verdict(said)
        if verdict.p_yes is None:
            return text_of(said), None if self.unverified == "keep" else verdict.said
        stands = verdict.p_yes >= self.threshold
        return text_of(said), None if stands else f"rejected ({verdict.said})"
