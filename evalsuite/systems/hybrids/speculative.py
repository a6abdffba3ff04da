"""Speculative decoding: a small model drafts a few tokens, a large one reads them in one pass.

Leviathan, Kalman and Matias (2023), "Fast Inference from Transformers via Speculative Decoding",
arXiv:2211.17192. What is written is what the target alone would write: the same tokens at
temperature 0, the same distribution above. It pays where the draft costs little beside the target
and is mostly right; what it came to is measured, not assumed: see
``evalsuite.analysis.speculation``.

The reason of a hop: "drafts up to 4 tokens a step" and "accepted 31 of 40 drafts in 10 steps", or
why the target answered alone.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from evalsuite.errors import CallRejected
from evalsuite.records import Answer, Request
from evalsuite.systems.base import Ask, Fitted, HybridSpec, Joint, Share
from evalsuite.systems.completing import written
from evalsuite.systems.decoding import Decoder
from evalsuite.systems.hybrids.tokens.drafting import figures, write
from evalsuite.systems.hybrids.tokens.members import same_vocabulary, start
from evalsuite.systems.hybrids.tokens.reader import Reader
from evalsuite.systems.hybrids.tokens.sampling import accept, distribution

if TYPE_CHECKING:
    import torch

BONUS = 1
"""Tokens of the target's own that follow drafts of which all stand."""


class SpeculativeSpec(HybridSpec):
    """Two local models with one tokenizer.

    draft: the system that drafts.
    target: the system whose answer it is.
    gamma: tokens that are drafted before the target reads them.

    Choices are scored by the target alone, because nothing is generated for them. Where the draft
    cannot read a request, or its context is full, the target goes on alone.
    """

    token_level: ClassVar[bool] = True

    hybrid: Literal["speculative"] = "speculative"
    draft: str
    target: str
    gamma: int = Field(4, ge=1, le=64)

    def roles(self) -> Mapping[str, str]:
        """The roles "draft" and "target"."""
        return {"draft": self.draft, "target": self.target}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The target's answer, drafted by the other one."""
        if request.choices is not None:
            return await ask("target", request, reason="scores the choices alone: nothing to draft")
        return await ask.jointly(list(self.roles()), request, partial(self.work, request))

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """The target once, the draft unless there are choices."""
        return {"draft": (0, 1), "target": (1, 1)}

    def check_tokens(self, decoders: Mapping[str, Decoder]) -> None:
        """ConfigError where the models have different vocabularies."""
        same_vocabulary(decoders)

    def work(self, request: Request, decoders: Mapping[str, Decoder]) -> Joint:
        """Write the answer to ``request`` on the device's thread; see ``Ask.jointly``."""
        began = time.perf_counter()
        same_vocabulary(decoders)
        target, row, note = start("target", request, decoders["target"])
        draft: Reader | None = None
        try:
            draft, _, draft_note = start("draft", request, decoders["draft"])
            why = f"drafts up to {self.gamma} tokens a step{draft_note}"
        except CallRejected as refusal:
            why = f"cannot read this request ({refusal.kind}): the target answers alone"
        judge = partial(_exactly, row.temperature)
        done = write(draft, target, row, gamma=self.gamma, bonus=BONUS, judge=judge)
        answer = written(target.decoder, row, done.result)
        seconds = time.perf_counter() - began
        drafted = Share(
            reason=why,
            input_tokens=draft.n_input if draft else 0,
            output_tokens=draft.n_written if draft else 0,
            machine_seconds=draft.seconds if draft else 0.0,
            data=figures(done, row, gamma=self.gamma, bonus=BONUS, exact=True, seconds=seconds),
        )
        verified = Share(
            reason=f"accepted {done.accepted} of {done.proposed} drafts in "
            f"{len(done.rounds)} steps{note}",
            input_tokens=target.n_input,
            output_tokens=target.n_written,
            machine_seconds=target.seconds,
        )
        return Joint(answer=answer, shares={"draft": drafted, "target": verified})


def _exactly(
    temperature: float,
    drafts: Sequence[int],
    q: torch.Tensor,
    logits: torch.Tensor,
    generator: torch.Generator | None,
) -> tuple[int, int | None]:
    return accept(drafts, q, distribution(logits, temperature), generator)
