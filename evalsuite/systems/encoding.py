"""Requests as tokens: the chat template, or plain text where a tokenizer has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evalsuite.records import Request


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """Tokens of a request: its prompt and, where it has choices, each of them after the prompt."""

    prompt: list[int]
    choices: list[list[int]]

    @property
    def needs(self) -> int:
        """Tokens needed after the prompt at least: the longest choice, or one to generate."""
        return max((len(choice) for choice in self.choices), default=1)


def encode(request: Request, tokenizer: Any) -> Encoded:
    """Tokens of ``request`` for a model with ``tokenizer``.

    With a chat template, the prompt ends where the assistant's turn begins, and a choice is that
    turn: its text and the end token. Without one, the contents of the messages are joined by
    blank lines and a choice follows after a space (or after the white space that the prompt ends
    in), encoded together with it, because tokens may span the seam.
    """
    if getattr(tokenizer, "chat_template", None):
        return _encode_chat(request, tokenizer)
    text = "\n\n".join(message.content for message in request.messages)
    if request.choices is None:
        return Encoded(prompt=tokenizer(text)["input_ids"], choices=[])
    context = text.rstrip()
    gap = text[len(context) :] or " "
    prompt = tokenizer(context)["input_ids"]
    wholes = [tokenizer(context + gap + choice)["input_ids"] for choice in request.choices]
    return Encoded(prompt=prompt, choices=[whole[len(prompt) :] for whole in wholes])


def _encode_chat(request: Request, tokenizer: Any) -> Encoded:
    turns = [{"role": turn.role, "content": turn.content} for turn in request.messages]
    text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    # The template writes the special tokens itself.
    prompt = tokenizer(text, add_special_tokens=False)["input_ids"]
    end = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
    choices = [
        tokenizer(choice, add_special_tokens=False)["input_ids"] + end
        for choice in request.choices or ()
    ]
    return Encoded(prompt=prompt, choices=choices)
