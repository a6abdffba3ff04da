"""Decoding loops of local causal language models: batched, seeded per row, with log-probabilities.

Our own loop rather than ``generate`` because a row must not depend on its batch mates: every row
has its own length limit, stop strings and random generator, and keeps the log-probability of each
of its tokens. Raise ``VERSION`` with any change that may change an output: it is part of every
local model's identity.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import torch

VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Row:
    """One prompt to continue. ``seed`` is used where ``temperature`` is above 0."""

    prompt: Sequence[int]
    max_new_tokens: int
    temperature: float = 0.0
    seed: int = 0
    stop: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Generated:
    """What was generated for a row: its tokens, the end token included, and their log-probs.

    ``first_token_at`` is when the first of them was known, by ``time.perf_counter``.
    """

    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    finish_reason: Literal["stop", "length"] | None = None
    first_token_at: float | None = field(default=None, compare=False)


class Decoder:
    """A causal language model with its tokenizer, asked for token sequences in batches."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        """``model`` and ``tokenizer`` are what transformers' Auto classes load."""
        self.model = model
        self.tokenizer = tokenizer
        self.end_tokens = _end_tokens(model, tokenizer)
        self._accepts = frozenset(inspect.signature(model.forward).parameters)

    @property
    def context(self) -> int | None:
        """Most tokens that the model reads, prompt and answer together; None where unknown."""
        context: int | None = getattr(self.model.config, "max_position_embeddings", None)
        return context

    @cached_property
    def vocabulary(self) -> str:
        """Hash of which token has which id: two models with the same one write the same tokens."""
        pairs = sorted(self.tokenizer.get_vocab().items())
        return hashlib.sha256(json.dumps(pairs).encode()).hexdigest()[:16]

    @cached_property
    def n_tokens(self) -> int:
        """How many ids the tokenizer knows; logits may be wider, filled up with no tokens."""
        highest: int = max(self.tokenizer.get_vocab().values())
        return highest + 1

    def generate(self, rows: Sequence[Row]) -> list[Generated]:
        """Continue every row to its end token, a stop string or its length limit.

        Prompts are padded on the left. Temperature 0 takes the most likely token; above 0 a token
        is drawn from the whole tempered distribution by the row's own generator. Log-probabilities
        are the model's own (temperature 1), in nats. Tokens of a stop string are kept.
        """
        import torch

        done = [Generated() for _ in rows]
        generators = [torch.Generator().manual_seed(row.seed) for row in rows]
        with torch.inference_mode():
            for logits in self._steps([row.prompt for row in rows], done):
                logprobs = logits.float().log_softmax(dim=-1)
                best = logprobs.max(dim=-1)
                greedy = list(zip(best.indices.tolist(), best.values.tolist(), strict=True))
                for index, (row, result) in enumerate(zip(rows, done, strict=True)):
                    if result.finish_reason is None:
                        token, logprob = greedy[index]
                        if row.temperature > 0:
                            token = _draw(logits[index], row.temperature, generators[index])
                            logprob = float(logprobs[index, token])
                        result.tokens.append(token)
                        result.logprobs.append(logprob)
                        if result.first_token_at is None:
                            result.first_token_at = time.perf_counter()
                        result.finish_reason = self.finish(row, result)
                if all(result.finish_reason for result in done):
                    break
        return done

    def score(
        self, prompts: Sequence[Sequence[int]], continuations: Sequence[Sequence[Sequence[int]]]
    ) -> list[list[list[float]]]:
        """Log-probabilities (nats) of each token of each continuation of each prompt.

        The prompts are read once, padded on the left; their cache is repeated for each of their
        continuations, which are read in one forward pass, padded on the right.
        """
        import torch

        with torch.inference_mode():
            ids, mask = self._padded(prompts)
            output = self.forward(ids, mask, past=None, keep=1)
            owners = [i for i, choices in enumerate(continuations) for _ in choices]
            flat = [list(tokens) for choices in continuations for tokens in choices]
            owner = torch.tensor(owners, device=ids.device)
            first = output.logits[:, -1].float().log_softmax(dim=-1)[owner]
            longest = max(len(tokens) for tokens in flat)
            later: torch.Tensor | None = None
            if longest > 1:
                cache = output.past_key_values
                cache.batch_select_indices(owner)
                padded = [tokens[:-1] + [0] * (longest - len(tokens)) for tokens in flat]
                real = [[1] * (len(t) - 1) + [0] * (longest - len(t)) for t in flat]
                whole = torch.cat([mask[owner], torch.tensor(real, device=ids.device)], dim=1)
                inputs = torch.tensor(padded, device=ids.device)
                keep = longest - 1
                later = self.forward(inputs, whole, past=cache, keep=keep).logits
                later = later[:, -keep:].float().log_softmax(dim=-1)
            scored = iter(
                [float(first[row, tokens[0]])]
                + [float(later[row, at, t]) for at, t in enumerate(tokens[1:]) if later is not None]
                for row, tokens in enumerate(flat)
            )
            return [[next(scored) for _ in choices] for choices in continuations]

    def _steps(
        self, prompts: Sequence[Sequence[int]], done: Sequence[Generated]
    ) -> Iterator[torch.Tensor]:
        """Logits of the next token of every row, for as long as the caller goes on appending."""
        import torch

        ids, mask = self._padded(prompts)
        past = None
        while True:
            output = self.forward(ids, mask, past=past, keep=1)
            past = output.past_key_values
            yield output.logits[:, -1]
            last = [[result.tokens[-1]] for result in done]
            ids = torch.tensor(last, device=mask.device)
            mask = torch.cat([mask, mask.new_ones((len(last), 1))], dim=1)

    def _padded(self, prompts: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        import torch

        longest = max(len(prompt) for prompt in prompts)
        ids = [[0] * (longest - len(prompt)) + list(prompt) for prompt in prompts]
        mask = [[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts]
        device = self.model.device
        return torch.tensor(ids, device=device), torch.tensor(mask, device=device)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, *, past: Any, keep: int) -> Any:
        """One forward pass over ``ids`` (n, new tokens); the model's own output.

        ``mask`` (n, tokens in ``past`` and new) is 0 where padded; ``keep`` is how many positions
        at the end need logits.
        """
        options: dict[str, Any] = {}
        if "position_ids" in self._accepts:
            positions = (mask.cumsum(dim=-1) - 1).clamp(min=0)
            options["position_ids"] = positions[:, -ids.shape[1] :]
        if "logits_to_keep" in self._accepts:
            options["logits_to_keep"] = keep
        return self.model(
            input_ids=ids, attention_mask=mask, past_key_values=past, use_cache=True, **options
        )

    def finish(self, row: Row, result: Generated) -> Literal["stop", "length"] | None:
        """Why ``result`` ends with its last token; None where it goes on."""
        if result.tokens[-1] in self.end_tokens or self._stopped(row, result):
            return "stop"
        return "length" if len(result.tokens) >= row.max_new_tokens else None

    def _stopped(self, row: Row, result: Generated) -> bool:
        if not row.stop:
            return False
        # A token carries at least one byte, so a stop string lies within as many last tokens.
        reach = max(len(stop.encode()) for stop in row.stop) + 4
        tail = self.text(result.tokens[-reach:])
        return any(stop in tail for stop in row.stop)

    def text(self, tokens: Sequence[int]) -> str:
        """The text of ``tokens``, special tokens left out."""
        text: str = self.tokenizer.decode(
            list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text


def softmax(scores: Sequence[float]) -> list[float]:
    """Probabilities proportional to ``exp(score)``; sums to 1."""
    highest = max(scores)
    weights = [math.exp(score - highest) for score in scores]
    return [weight / sum(weights) for weight in weights]


def _draw(logits: torch.Tensor, temperature: float, generator: torch.Generator) -> int:
    import torch

    probabilities = (logits.double().cpu() / temperature).softmax(dim=-1)
    return int(torch.multinomial(probabilities, 1, generator=generator))


def _end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    configured = getattr(model.generation_config, "eos_token_id", None)
    several = configured if isinstance(configured, list) else [configured]
    known = [*several, tokenizer.eos_token_id]
    return frozenset(token for token in known if token is not None)
