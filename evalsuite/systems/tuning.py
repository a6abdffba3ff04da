"""A small local language model fine-tuned on questions and answers, as a student of another model.

Full fine-tuning with AdamW on the tokens of the answers, on one CPU thread in float32: the same
examples give the same weights on the same machine.
"""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from evalsuite.errors import CallRejected, ConfigError, ExtraMissing
from evalsuite.records import Request, fingerprint
from evalsuite.systems.students import Example

if TYPE_CHECKING:
    import torch

    from evalsuite.systems.decoding import Decoder, Row
    from evalsuite.systems.encoding import Encoded

EMBEDDED = "embedded/"
_IGNORED = -100
_CLIP = 1.0
_BATCH = 16


class Tuning(BaseModel):
    """How long and how fast a student is tuned.

    epochs: how often it sees each example, unless ``max_steps`` comes first.
    max_steps: most updates of its weights.
    batch_size: examples an update.
    learning_rate: of the first update; it falls linearly to 0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(default=3, ge=1)
    max_steps: int = Field(default=300, ge=1, le=100_000)
    batch_size: int = Field(default=8, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0, allow_inf_nan=False)


class TunedStudent:
    """A tuned model: scores the choices of a request, or writes its answer."""

    def __init__(self, decoder: Decoder, identity: Any, note: str) -> None:
        """``identity`` is of the model before, of the examples and of how it was tuned."""
        self.identity = identity
        self.note = note
        self._decoder = decoder

    def say(self, requests: Sequence[Request]) -> list[dict[str, Any]]:
        """See ``evalsuite.systems.transformers.TransformersModel``, which answers in this way."""
        said: list[dict[str, Any]] = [{}] * len(requests)
        batches: dict[bool, list[tuple[int, Encoded]]] = {False: [], True: []}
        for index, request in enumerate(requests):
            encoded = self._encoded(request)
            if isinstance(encoded, dict):
                said[index] = encoded
            else:
                batches[request.choices is not None].append((index, encoded))
        with _one_thread():
            for scored, pairs in batches.items():
                answer = self._chosen if scored else self._written
                for start in range(0, len(pairs), _BATCH):
                    batch = pairs[start : start + _BATCH]
                    answers = answer([(requests[index], encoded) for index, encoded in batch])
                    for (index, _), fields in zip(batch, answers, strict=True):
                        said[index] = fields
        return said

    def _encoded(self, request: Request) -> Encoded | dict[str, Any]:
        """The tokens of ``request``, or why it cannot be answered."""
        from evalsuite.systems.encoding import encode

        try:
            encoded = encode(request, self._decoder.tokenizer)
        except CallRejected as failure:
            return {"error": failure.kind, "message": str(failure)}
        context = _context(self._decoder)
        if context is not None and len(encoded.prompt) + encoded.needs > context:
            message = f"the prompt has {len(encoded.prompt)} tokens; the student reads {context}"
            return {"error": "context_too_long", "message": message}
        return encoded

    def _chosen(self, pairs: Sequence[tuple[Request, Encoded]]) -> list[dict[str, Any]]:
        from evalsuite.systems.decoding import softmax

        scored = self._decoder.score(
            [encoded.prompt for _, encoded in pairs], [encoded.choices for _, encoded in pairs]
        )
        answers = []
        for (request, _), logprobs in zip(pairs, scored, strict=True):
            choices = request.choices or ()
            shares = softmax([sum(values) for values in logprobs])
            best = max(range(len(choices)), key=shares.__getitem__)
            answers.append(
                {
                    "text": choices[best],
                    "choice": choices[best],
                    "probabilities": dict(zip(choices, shares, strict=True)),
                    "token_logprobs": list(logprobs[best]),
                    "finish_reason": "stop",
                }
            )
        return answers

    def _written(self, pairs: Sequence[tuple[Request, Encoded]]) -> list[dict[str, Any]]:
        rows = [self._row(request, encoded.prompt) for request, encoded in pairs]
        answers = []
        for row, result in zip(rows, self._decoder.generate(rows), strict=True):
            text = self._decoder.text(result.tokens)
            ends = [text.find(stop) for stop in row.stop if stop in text]
            answers.append(
                {
                    "text": text[: min(ends)] if ends else text,
                    "token_logprobs": list(result.logprobs),
                    "finish_reason": result.finish_reason,
                }
            )
        return answers

    def _row(self, request: Request, prompt: Sequence[int]) -> Row:
        from evalsuite.systems.decoding import Row

        room, context = request.max_output_tokens, _context(self._decoder)
        return Row(
            prompt=prompt,
            max_new_tokens=room if context is None else min(room, context - len(prompt)),
            temperature=request.temperature,
            seed=int(fingerprint([request.seed, request.repeat, list(prompt)]), 16) % 2**63,
            stop=request.stop,
        )


def learn_tuned(model: str, tuning: Tuning, seed: int, examples: Sequence[Example]) -> TunedStudent:
    """A student tuned on those of ``examples`` that are not too long for it.

    ``model`` is ``embedded/<name>`` or a local folder, read afresh. ExtraMissing without torch,
    ConfigError where it cannot be loaded, cannot read the questions, or all are too long.
    """
    decoder, content = _loaded(model)
    context = _context(decoder)
    try:
        pairs = [_tokens(example, decoder) for example in examples]
    except CallRejected as failure:
        raise ConfigError(f"the student {model} cannot read the questions: {failure}") from None
    fitting = [(p, a) for p, a in pairs if context is None or len(p) + len(a) <= context]
    if not fitting:
        raise ConfigError(f"all questions are longer than the {context} tokens of {model}")
    with _one_thread():
        _tune(decoder.model, tuning, seed, fitting)
    essence = fingerprint([pairs, tuning.model_dump(), seed])
    too_long = len(pairs) - len(fitting)
    note = f"{too_long} of {len(pairs)} were too long for it" if too_long else ""
    return TunedStudent(decoder, [content, _torch_version(), essence], note)


def check_tunable(model: str) -> None:
    """ExtraMissing or ConfigError where ``model`` cannot be tuned here; loads what that takes.

    So that what learning takes can be timed without the time of imports.
    """
    try:
        import torch  # noqa: F401
        import transformers
    except ImportError as error:
        raise ExtraMissing(error.name or "torch", "hf", f"the student {model}") from None
    logging: Any = transformers.utils.logging
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    _loaded(model)


def _tune(
    model: Any, tuning: Tuning, seed: int, pairs: Sequence[tuple[list[int], list[int]]]
) -> None:
    """Minimise the mean cross-entropy of the answers' tokens; no dropout."""
    import torch
    from torch.nn import functional

    batches = itertools.islice(_batches(pairs, tuning, seed), tuning.max_steps)
    planned = list(batches)
    optimizer = torch.optim.AdamW(model.parameters(), lr=tuning.learning_rate, weight_decay=0.0)
    for step, batch in enumerate(planned):
        for group in optimizer.param_groups:
            group["lr"] = tuning.learning_rate * (1 - step / len(planned))
        ids, mask, labels = _padded(batch)
        logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1].float()
        loss = functional.cross_entropy(
            logits.flatten(0, 1), labels[:, 1:].flatten(), ignore_index=_IGNORED
        )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), _CLIP)
        optimizer.step()
    model.requires_grad_(False)


def _batches(
    pairs: Sequence[tuple[list[int], list[int]]], tuning: Tuning, seed: int
) -> Iterator[list[tuple[list[int], list[int]]]]:
    order = random.Random(seed)
    for _ in range(tuning.epochs):
        shuffled = order.sample(list(pairs), len(pairs))
        for start in range(0, len(shuffled), tuning.batch_size):
            yield shuffled[start : start + tuning.batch_size]


def _padded(
    batch: Sequence[tuple[list[int], list[int]]],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Tokens, mask and labels (n, longest), padded on the right; only answers are learnt."""
    import torch

    longest = max(len(prompt) + len(answer) for prompt, answer in batch)
    ids, mask, labels = [], [], []
    for prompt, answer in batch:
        rest = longest - len(prompt) - len(answer)
        ids.append([*prompt, *answer, *[0] * rest])
        mask.append([1] * (longest - rest) + [0] * rest)
        labels.append([_IGNORED] * len(prompt) + answer + [_IGNORED] * rest)
    return torch.tensor(ids), torch.tensor(mask), torch.tensor(labels)


def _tokens(example: Example, decoder: Decoder) -> tuple[list[int], list[int]]:
    """Tokens of the question and of its answer, which ends with an end token."""
    from evalsuite.systems.encoding import encode

    request = msgspec.structs.replace(example.request, choices=(example.answer,))
    encoded = encode(request, decoder.tokenizer)
    answer = list(encoded.choices[0])
    if example.request.choices is None and answer[-1] not in decoder.end_tokens:
        answer.append(decoder.tokenizer.eos_token_id)
    return list(encoded.prompt), answer


def _loaded(model: str) -> tuple[Decoder, str]:
    """A fresh copy of the weights, to be changed, and the hash of the files they come from."""
    import torch
    import transformers

    from evalsuite.systems.decoding import Decoder
    from evalsuite.systems.transformers import content_hash

    folder = _folder(model)
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        weights: Any = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True
        )
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ConfigError(f"student {model!r} cannot be loaded ({reason})") from None
    weights.eval()
    return Decoder(weights, tokenizer), content_hash(folder)


def _folder(model: str) -> Path:
    if not model.startswith(EMBEDDED):
        folder = Path(model).expanduser()
        if not folder.is_dir():
            raise ConfigError(f"student {model!r}: there is no such folder")
        return folder
    from evalsuite.embedded import model_path

    try:
        return model_path(model.removeprefix(EMBEDDED))
    except KeyError as error:
        raise ConfigError(str(error.args[0])) from None


def _context(decoder: Decoder) -> int | None:
    return getattr(decoder.model.config, "max_position_embeddings", None)


@functools.cache
def _torch_version() -> str:
    import torch

    return str(torch.__version__)


@contextmanager
def _one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
