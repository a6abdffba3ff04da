"""Logit shift: a tuned small model steers a large one that was not tuned.

Liu et al. (2024), "Tuning Language Models by Proxy", arXiv:2401.08565: the large model's logits
are shifted by what tuning changed in the small one, base + (tuned - untuned), before the softmax.
No weights of the large model are touched.

The reason of a hop: "untuned, subtracted", "tuned, added" and "base".
"""

from __future__ import annotations

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


class LogitShiftSpec(HybridSpec):
    """Three local models with one tokenizer.

    base: the large system that is steered.
    tuned: the small system that was tuned.
    untuned: the same small system before it was tuned.
    strength: what the shift is multiplied by; 1 in the paper, 0 leaves the base alone.

    Choices are scored, and ``token_logprobs`` given, by the softmax of the shifted logits.
    """

    token_level: ClassVar[bool] = True

    hybrid: Literal["logit_shift"] = "logit_shift"
    base: str
    tuned: str
    untuned: str
    strength: float = Field(1.0, ge=0, allow_inf_nan=False)

    def roles(self) -> Mapping[str, str]:
        """The roles "untuned", "tuned" and "base"."""
        return {"untuned": self.untuned, "tuned": self.tuned, "base": self.base}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The answer of the base under the shift."""
        return await ask.jointly(list(self.roles()), request, partial(self.work, request))

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """All three once."""
        return {role: (1, 1) for role in self.roles()}

    def check_tokens(self, decoders: Mapping[str, Decoder]) -> None:
        """ConfigError where the models have different vocabularies."""
        same_vocabulary(decoders)

    def work(self, request: Request, decoders: Mapping[str, Decoder]) -> Joint:
        """Answer ``request`` on the device's thread; see ``Ask.jointly``."""
        reasons = {"untuned": "untuned, subtracted", "tuned": "tuned, added", "base": "base"}
        return together(
            request, decoders, write_by=self.shifted, score_by=self.shifted, reasons=reasons
        )

    def shifted(self, logits: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Logits base + strength x (tuned - untuned), (n, vocabulary)."""
        return logits["base"] + self.strength * (logits["tuned"] - logits["untuned"])
