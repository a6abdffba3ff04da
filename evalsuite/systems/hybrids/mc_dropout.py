"""Monte Carlo dropout: a local model answers, and is read again with parts of it switched off.

Gal and Ghahramani (2016), "Dropout as a Bayesian Approximation: Representing Model Uncertainty in
Deep Learning", arXiv:1506.02142: several passes with dropout before every weight layer, whose mean
is the prediction and whose spread is its uncertainty. AdaptiveLog defers a BERT's answers to a
large model by it. Used as a tier of a cascade, whose signal then reads the mean.

The reason of the hop says how far the passes were apart: "10 passes, dropout 0.1: P 0.81 +- 0.07,
the same choice in 9".
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec
from pydantic import Field

from evalsuite.errors import ConfigError
from evalsuite.records import Answer, Request
from evalsuite.systems.base import Ask, Fitted, HybridSpec, Joint, Share
from evalsuite.systems.completing import row_of, written
from evalsuite.systems.decoding import Decoder, softmax
from evalsuite.systems.hybrids.tokens.members import encoded_for

if TYPE_CHECKING:
    import torch

_BATCH = 16


class McDropoutSpec(HybridSpec):
    """A local model whose confidence is a mean over passes with dropout.

    member: the system, a local model.
    passes: with dropout, each with masks of its own.
    rate: share of the inputs of each linear layer (not of the last one, which gives the logits)
        that a pass switches off. Many models were trained without any dropout, so it must be
        said; it is ours, whatever the model's configuration says.

    Choices: their probabilities are the mean over the passes, and the likeliest one is the answer.
    Text: written without dropout, then read in each pass; ``token_logprobs`` are logarithms of the
    tokens' mean probabilities. Seeded with the request, so that it is the same each time.
    """

    token_level: ClassVar[bool] = True

    hybrid: Literal["mc_dropout"] = "mc_dropout"
    member: str
    passes: int = Field(10, ge=2, le=1000)
    rate: float = Field(0.1, gt=0, lt=1, allow_inf_nan=False)

    def roles(self) -> Mapping[str, str]:
        """The role "member"."""
        return {"member": self.member}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The answer with its mean probabilities."""
        return await ask.jointly(["member"], request, partial(self.work, request))

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """Once, however many passes that takes."""
        return {"member": (1, 1)}

    def work(self, request: Request, decoders: Mapping[str, Decoder]) -> Joint:
        """Answer ``request`` on the device's thread; see ``Ask.jointly``."""
        began = time.perf_counter()
        decoder = decoders["member"]
        encoded = encoded_for("member", request, decoder)
        row = row_of(request, encoded.prompt, decoder.context)
        if request.choices is not None:
            n_written, continuations = 0, encoded.choices
            passes = self._passes(decoder, encoded.prompt, continuations, row.seed)
            answer, spread = _mean_choice(request.choices, passes)
        else:
            result = decoder.generate([row])[0]
            n_written, continuations = len(result.tokens), [result.tokens]
            passes = self._passes(decoder, encoded.prompt, continuations, row.seed)
            logprobs, spread = _mean_tokens([one[0] for one in passes])
            answer = msgspec.structs.replace(
                written(decoder, row, result), token_logprobs=tuple(logprobs)
            )
        read = len(encoded.prompt) + sum(len(tokens) for tokens in continuations)
        notes = "".join(f"; {note}" for note in encoded.notes)
        share = Share(
            reason=f"{self.passes} passes, dropout {self.rate:g}: {spread}{notes}",
            input_tokens=self.passes * read + (len(encoded.prompt) if n_written else 0),
            output_tokens=n_written,
            machine_seconds=time.perf_counter() - began,
        )
        return Joint(answer=answer, shares={"member": share})

    def _passes(
        self, decoder: Decoder, prompt: list[int], continuations: Sequence[list[int]], seed: int
    ) -> list[list[list[float]]]:
        """Log-probabilities of each token of each continuation, in each pass."""
        found: list[list[list[float]]] = []
        with dropout(decoder.model, self.rate, seed):
            for begin in range(0, self.passes, _BATCH):
                n = min(_BATCH, self.passes - begin)
                found += decoder.score([prompt] * n, [continuations] * n)
        return found


@contextmanager
def dropout(model: Any, rate: float, seed: int) -> Iterator[None]:
    """Meanwhile, ``rate`` of the inputs of every linear layer of ``model`` is switched off.

    Not in the layer that gives the logits. What is left is scaled up by 1 / (1 - rate), as in
    training. Draws are seeded, each row of a batch has its own; other generators are not touched.

    Raises:
        ConfigError: the model has no linear layers to drop inputs of.
    """
    import torch
    from transformers.pytorch_utils import Conv1D

    last = model.get_output_embeddings()
    layers = [
        module
        for module in model.modules()
        if isinstance(module, torch.nn.Linear | Conv1D) and module is not last
    ]
    if not layers:
        raise ConfigError("mc_dropout: the model has no linear layers to apply dropout to")

    def drop(module: Any, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        dropped = torch.nn.functional.dropout(inputs[0], rate, training=True)
        return (dropped, *inputs[1:])

    devices = [model.device] if model.device.type == "cuda" else []
    hooks = [layer.register_forward_pre_hook(drop) for layer in layers]
    try:
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            yield
    finally:
        for hook in hooks:
            hook.remove()


def _mean_choice(
    choices: Sequence[str], passes: Sequence[Sequence[Sequence[float]]]
) -> tuple[Answer, str]:
    """The likeliest choice of the mean, and how far the passes were apart on it."""
    drawn = [softmax([sum(tokens) for tokens in one]) for one in passes]
    means = [statistics.fmean(column) for column in zip(*drawn, strict=True)]
    best = max(range(len(choices)), key=means.__getitem__)
    same = sum(max(range(len(one)), key=one.__getitem__) == best for one in drawn)
    deviation = statistics.stdev(one[best] for one in drawn)
    answer = Answer(
        text=choices[best],
        choice=choices[best],
        probabilities=dict(zip(choices, means, strict=True)),
        finish_reason="stop",
    )
    return answer, f"P {means[best]:.2f} +- {deviation:.2f}, the same choice in {same}"


def _mean_tokens(passes: Sequence[Sequence[float]]) -> tuple[list[float], str]:
    """Logarithm of each token's mean probability, and the spread of the passes' own means."""
    columns = list(zip(*passes, strict=True))
    means = [_log_mean(column) for column in columns]
    of_passes = [statistics.fmean(one) for one in passes]
    spread = f"mean_logprob {statistics.fmean(of_passes):.2f} +- {statistics.stdev(of_passes):.2f}"
    return means, spread


def _log_mean(logprobs: Sequence[float]) -> float:
    highest = max(logprobs)
    if highest == -math.inf:
        return highest
    return highest + math.log(statistics.fmean(math.exp(value - highest) for value in logprobs))
