"""Guide: one model writes guidance for a question, another one answers it with the guidance.

A small model that guides another small one (SGFT: a tuned guidance model, an answering model), and
black-box guidance, in which a small model writes the stimulus for a large one: Li et al., 2023,
"Guiding Large Language Models via Directional Stimulus Prompting", arXiv:2302.11520.

The reason of a hop: "guidance", "guided" or "guide failed (timeout)".
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
    last_question,
    places,
    question_of,
    text_of,
    with_question,
)

_GUIDE = (
    "{question}\n\nDo not answer. Say in at most three short sentences how one gets to the answer, "
    "and what is easily overlooked."
)
_GUIDED = "Guidance:\n{guidance}\n\n{question}"


class GuideSpec(HybridSpec):
    """A model that guides and one that answers.

    guide: the system that writes the guidance, as free text.
    answerer: the system that answers.
    max_guidance_tokens: longest guidance.
    guide_prompt: template of the question to the guide, with the place {question}.
    guided_prompt: template of the question to the answerer, with {guidance} and {question}.

    Where the guide fails or says nothing, the question goes to the answerer as it is.
    """

    hybrid: Literal["guide"] = "guide"
    guide: str
    answerer: str
    max_guidance_tokens: int = Field(128, ge=1)
    guide_prompt: str = _GUIDE
    guided_prompt: str = _GUIDED

    _guide_prompt_places = field_validator("guide_prompt")(places("question"))
    _guided_prompt_places = field_validator("guided_prompt")(places("guidance", "question"))

    def roles(self) -> Mapping[str, str]:
        """The roles "guide" and "answerer"."""
        return {"guide": self.guide, "answerer": self.answerer}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The answer with guidance."""
        question = filled(self.guide_prompt, question=question_of(request))
        wanted = asked(request, question, max_output_tokens=self.max_guidance_tokens)
        try:
            guidance = text_of(await ask("guide", wanted, reason="guidance")).strip()
        except CallFailed as failure:
            return await ask("answerer", request, reason=f"guide failed ({failure.kind})")
        if not guidance:
            return await ask("answerer", request, reason="guide said nothing")
        text = filled(self.guided_prompt, guidance=guidance, question=last_question(request))
        return await ask("answerer", with_question(request, text), reason="guided")

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """Each once."""
        return {"guide": (1, 1), "answerer": (1, 1)}
