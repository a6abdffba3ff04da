"""Contrastive decoding: what a large model finds likely and a small one does not.

Li et al. (2022), "Contrastive Decoding: Open-ended Text Generation as Optimization",
arXiv:2210.15097. A token scores log p_expert - log p_amateur among those that the expert finds
plausible: at least ``alpha`` times as likely as its likeliest one. The paper searches with beams;
here a token is taken at a time, the best one or, above temperature 0, a draw.

The reason of a hop: "amateur, subtracted" and "expert".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from evalsuite.records import Answer, Request
from evalsuite.systems.base import Ask, Fitted, HybridSpec, Joint
from evalsuite.systems.decoding import Decoder
from evalsuite.systems.hybrids.tokens.ensemble import together
from evalsuite.systems.hybrids.tokens.members import same_vocabulary

if TYPE_CHECKING:
    import torch


class ContrastiveSpec(HybridSpec):
    """Two local models with one tokenizer.

    expert: the stronger system.
    amateur: the weaker one, whose habits are to be avoided.
    alpha: plausibility: a token must be at least this many times as likely, to the expert, as the
        likeliest one. 1 leaves the expert's greedy choice, 0 every token.
    beta: how much of the amateur is subtracted; 1 in the paper, 0 leaves the expert alone.
    amateur_temperature: what the amateur's logits are divided by; below 1 it is surer of itself.

    ``token_logprobs`` are of the distribution that is decoded from: the softmax of the scores over
    the plausible tokens. Choices are scored by the softmax of the scores over all tokens, because
    a choice is given whether it is plausible or not.
    """

    token_level: ClassVar[bool] = True

    hybrid: Literal["contrastive"] = "contrastive"
    expert: str
    amateur: str
    alpha: float = Field(0.1, ge=0, le=1, allow_inf_nan=False)
    beta: float = Field(1.0, ge=0, allow_inf_nan=False)
    amateur_temperature: float = Field(1.0, gt=0, allow_inf_nan=False)

    def roles(self) -> Mapping[str, str]:
        """The roles "amateur" and "expert"."""
        return {"amateur": self.amateur, "expert": self.expert}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The answer that both models' logits make."""
        return await ask.jointly(list(self.roles()), request, partial(self.work, request))

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """Both once."""
        return {"amateur": (1, 1), "expert": (1, 1)}

    def check_tokens(self, decoders: Mapping[str, Decoder]) -> None:
        """ConfigError where the models have different vocabularies."""
        same_vocabulary(decoders)

    def work(self, request: Request, decoders: Mapping[str, Decoder]) -> Joint:
        """Answer ``request`` on the device's thread; see ``Ask.jointly``."""
        return together(
            request,
            decoders,
            write_by=partial(self.scores, alpha=self.alpha),
            score_by=partial(self.scores, alpha=0.0),
            reasons={"amateur": "amateur, subtracted", "expert": "expert"},
        )

    def scores(self, logits: Mapping[str, torch.Tensor], *, alpha: float) -> torch.Tensor:
        """Scores log p_expert - beta x log p_amateur (n, vocabulary), -inf where not plausible."""
        expert = logits["expert"].log_softmax(dim=-1)
        amateur = (logits["amateur"] / self.amateur_temperature).log_softmax(dim=-1)
        scores = expert - self.beta * amateur
        if alpha == 0:
            return scores
        least = expert.max(dim=-1, keepdim=True).values + math.log(alpha)
        return scores.masked_fill(expert < least, -math.inf)
