"""Greedy answers of a model to many items, with their token log-probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evalsuite.embedded.items import Item
from evalsuite.embedded.tokenizer import ASSISTANT, USER

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

__all__ = ["Answer", "answer"]

# The longest reference has about 90 tokens; past this an answer is not going to end well.
MAX_NEW_TOKENS = 128


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered, the stop token counted in tokens and log-probabilities."""

    text: str
    tokens: int
    mean_logprob: float


def answer(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    items: Sequence[Item],
    *,
    batch: int = 64,
) -> list[Answer]:
    """Answer all items greedily, in fp32, in batches of similar length.

    Args:
        model: The model, in evaluation mode.
        tokenizer: Its tokenizer.
        items: What to ask.
        batch: How many items to answer at once.
    """
    order = sorted(range(len(items)), key=lambda i: (items[i].family, len(items[i].prompt)))
    answers: dict[int, Answer] = {}
    for start in range(0, len(order), batch):
        chunk = order[start : start + batch]
        made = _batch(model, tokenizer, [items[i].prompt for i in chunk])
        answers.update(zip(chunk, made, strict=True))
    return [answers[i] for i in range(len(items))]


def _batch(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, prompts: list[str]
) -> list[Answer]:
    import torch

    asked = tokenizer(
        [f"{USER}{prompt}{ASSISTANT}" for prompt in prompts],
        return_tensors="pt",
        padding=True,
        padding_side="left",
    ).to(model.device)
    # transformers types `generate` for its own mixins only.
    generate: Any = getattr(model, "generate")  # noqa: B009
    with torch.no_grad():
        out = generate(
            input_ids=asked.input_ids,
            attention_mask=asked.attention_mask,
            max_new_tokens=MAX_NEW_TOKENS,
            do_sample=False,
            output_logits=True,
            return_dict_in_generate=True,
        )
    new = out.sequences[:, asked.input_ids.shape[1] :]
    logits = torch.stack(out.logits, dim=1).float()
    picked = logits.log_softmax(-1).gather(-1, new[..., None])[..., 0]
    answers = []
    for tokens, logprobs in zip(new.tolist(), picked.tolist(), strict=True):
        end = tokenizer.eos_token_id
        length = tokens.index(end) + 1 if end in tokens else len(tokens)
        text = str(tokenizer.decode(tokens[:length], skip_special_tokens=True))
        answers.append(Answer(text, length, sum(logprobs[:length]) / length))
    return answers
