"""One model reading one sequence that may be taken back: logits, cache, time and token counts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from evalsuite.errors import CallRejected
from evalsuite.systems.decoding import Decoder

if TYPE_CHECKING:
    import torch


class Reader:
    """A model with its own prompt, and the cache of what it has read of prompt and answer.

    The caller says what the answer is so far; the reader finds out how much of it is in its cache,
    takes back what is no longer part of the answer and reads the rest.
    """

    def __init__(self, decoder: Decoder, prompt: Sequence[int]) -> None:
        """``prompt`` is at least one token, in this model's own wording."""
        self.decoder = decoder
        self.seconds = 0.0
        """Spent in forward passes, the transfer of their logits to the CPU included."""
        self.n_passes = 0
        self.n_input = 0
        """Tokens read that this model did not write, each time that they were read."""
        self.n_written = 0
        self._prompt = list(prompt)
        self._cache: Any = None
        self._read: list[int] = []
        self._own: dict[int, int] = {}

    @property
    def n_prompt(self) -> int:
        """Tokens of the prompt."""
        return len(self._prompt)

    def wrote(self, at: int, token: int) -> None:
        """Note that ``token`` at place ``at`` of the answer is this model's own."""
        self.n_written += 1
        self._own[at] = token

    def logits(self, answer: Sequence[int], *, keep: int = 1) -> torch.Tensor:
        """Logits (keep, vocabulary), float32 on the CPU, at the last ``keep`` places.

        The last row is of the token after ``answer``, the one before it of the last token of
        ``answer``, and so on.

        Raises:
            CallRejected: ``no_rollback``, where tokens must be taken back and the model's cache
                (a sliding window, a recurrent state) cannot.
        """
        import torch

        whole = [*self._prompt, *answer]
        start = min(self._known(answer), len(whole) - keep)
        self._take_back(start)
        device = self.decoder.model.device
        began = time.perf_counter()
        with torch.inference_mode():
            ids = torch.tensor([whole[start:]], device=device)
            mask = torch.ones((1, len(whole)), dtype=torch.long, device=device)
            output = self.decoder.forward(ids, mask, past=self._cache, keep=keep)
            found: torch.Tensor = output.logits[0, -keep:].float().cpu()
        self.seconds += time.perf_counter() - began
        self.n_passes += 1
        self._cache = output.past_key_values
        self._read = list(answer)
        own = sum(
            self._own.get(at - len(self._prompt)) == whole[at] for at in range(start, len(whole))
        )
        self.n_input += len(whole) - start - own
        return found

    def _known(self, answer: Sequence[int]) -> int:
        """How many tokens of prompt and ``answer`` are in the cache."""
        if self._cache is None:
            return 0
        same = 0
        for mine, other in zip(self._read, answer, strict=False):
            if mine != other:
                break
            same += 1
        return len(self._prompt) + same

    def _take_back(self, start: int) -> None:
        """Forget all but the first ``start`` tokens."""
        surplus = len(self._prompt) + len(self._read) - start
        if self._cache is None or surplus <= 0:
            return
        try:
            self._cache.crop(-surplus)
        except (AttributeError, RuntimeError, ValueError) as error:
            raise CallRejected(
                f"the cache of this model cannot take tokens back, which rejecting drafts needs: "
                f"{str(error).splitlines()[0]}",
                kind="no_rollback",
            ) from error
