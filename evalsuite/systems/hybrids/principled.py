"""Fairness by speculation: drafts stand where a verifier that was told the principles agrees.

The idea is that of "AMBEDKAR-A Multi-level Bias Elimination through a Decoding Approach with
Knowledge Augmentation for Robust Constitutional Alignment of Language Models" (2025): a small,
possibly biased model generates, a large one guided by a constitution verifies its tokens, for the
sake of fairness and not of speed. The rule by which a token stands is ours: the verifier, reading
the same request below the principles, must find it at least ``agreement`` times as likely as its
own likeliest token. What does not stand is replaced by the verifier's own token, after which the
small model goes on. See ``evalsuite.systems.hybrids.tokens.sampling.agree``.

The reason of a hop: "drafts up to 4 tokens a step" and "replaced 3 of 40 tokens by the principles".
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec
from pydantic import Field, field_validator

from evalsuite.records import Answer, Message, Request
from evalsuite.systems.base import Ask, Fitted, HybridSpec, Joint, Share
from evalsuite.systems.completing import written
from evalsuite.systems.decoding import Decoder
from evalsuite.systems.hybrids.tokens.drafting import figures, write
from evalsuite.systems.hybrids.tokens.members import same_vocabulary, start
from evalsuite.systems.hybrids.tokens.sampling import agree
from evalsuite.systems.hybrids.wording import filled, places

if TYPE_CHECKING:
    import torch

BONUS = 0
"""The verifier adds nothing to drafts of which all stand: the drafting model is the writer."""


class PrincipledSpec(HybridSpec):
    """Two local models with one tokenizer, and principles that only the verifier reads.

    draft: the system that writes.
    verifier: the system that reads what is written, below the principles.
    principles: the principles, one sentence each.
    principles_prompt: what the verifier is told before the request; places {principles}.
    agreement: least likelihood of a draft, to the verifier, relative to its likeliest token. 1
        leaves the verifier's greedy choice, 0 the draft's text as it is.
    gamma: tokens that are drafted before the verifier reads them.

    Choices are scored by the verifier alone, told the principles. ``token_logprobs`` are the
    verifier's. A request that one of the two cannot read fails.
    """

    token_level: ClassVar[bool] = True

    hybrid: Literal["principled"] = "principled"
    draft: str
    verifier: str
    principles: tuple[str, ...] = Field(min_length=1)
    principles_prompt: str = "Keep to these principles:\n{principles}"
    agreement: float = Field(0.1, ge=0, le=1, allow_inf_nan=False)
    gamma: int = Field(4, ge=1, le=64)

    _has_place = field_validator("principles_prompt")(places("principles"))

    def roles(self) -> Mapping[str, str]:
        """The roles "draft" and "verifier"."""
        return {"draft": self.draft, "verifier": self.verifier}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The draft's answer, as far as the verifier lets it stand."""
        if request.choices is not None:
            reason = "scores the choices alone, told the principles"
            return await ask("verifier", self.told(request), reason=reason)
        return await ask.jointly(list(self.roles()), request, partial(self.work, request))

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """The verifier once, the draft unless there are choices."""
        return {"draft": (0, 1), "verifier": (1, 1)}

    def told(self, request: Request) -> Request:
        """``request`` below the principles: before its system turn, or as one where it has none."""
        listed = "\n".join(f"{n}. {text}" for n, text in enumerate(self.principles, start=1))
        said = filled(self.principles_prompt, principles=listed)
        turns = list(request.messages)
        if turns and turns[0].role == "system":
            said = f"{said}\n\n{turns.pop(0).content}"
        turns.insert(0, Message(role="system", content=said))
        return msgspec.structs.replace(request, messages=tuple(turns))

    def check_tokens(self, decoders: Mapping[str, Decoder]) -> None:
        """ConfigError where the models have different vocabularies."""
        same_vocabulary(decoders)

    def work(self, request: Request, decoders: Mapping[str, Decoder]) -> Joint:
        """Write the answer to ``request`` on the device's thread; see ``Ask.jointly``."""
        began = time.perf_counter()
        same_vocabulary(decoders)
        draft, drafted_row, draft_note = start("draft", request, decoders["draft"])
        verifier, row, note = start("verifier", self.told(request), decoders["verifier"])
        row = dataclasses.replace(row, seed=drafted_row.seed)
        judge = partial(self._judged, row.temperature)
        done = write(draft, verifier, row, gamma=self.gamma, bonus=BONUS, judge=judge)
        answer = written(verifier.decoder, row, done.result)
        seconds = time.perf_counter() - began
        drafts = Share(
            reason=f"drafts up to {self.gamma} tokens a step{draft_note}",
            input_tokens=draft.n_input,
            output_tokens=draft.n_written,
            machine_seconds=draft.seconds,
            data=figures(done, row, gamma=self.gamma, bonus=BONUS, exact=False, seconds=seconds),
        )
        verified = Share(
            reason=f"replaced {verifier.n_written} of {len(done.result.tokens)} tokens by the "
            f"principles{note}",
            input_tokens=verifier.n_input,
            output_tokens=verifier.n_written,
            machine_seconds=verifier.seconds,
        )
        return Joint(answer=answer, shares={"draft": drafts, "verifier": verified})

    def _judged(
        self,
        temperature: float,
        drafts: Sequence[int],
        q: torch.Tensor,
        logits: torch.Tensor,
        generator: torch.Generator | None,
    ) -> tuple[int, int | None]:
        return agree(
            drafts,
            logits,
            agreement=self.agreement,
            temperature=temperature,
            generator=generator,
        )
