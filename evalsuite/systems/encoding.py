"""Requests as tokens: the chat template, or plain text where a tokenizer has none.

What a template has no place for is never dropped in silence. A system turn goes before the first
user turn, with a note; tools, and images, that a model would not see make the request fail.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalsuite.errors import CallRejected
from evalsuite.prompting import form_of
from evalsuite.records import Message, Request, Tool, ToolCall

SYSTEM_FOLDED = "its chat template has no system turn; the text is put before the first user turn"


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """Tokens of a request: its prompt and, where it has choices, each of them after the prompt.

    ``notes`` say what had to be asked in another way than it was written.
    """

    prompt: list[int]
    choices: list[list[int]]
    notes: tuple[str, ...] = ()

    @property
    def needs(self) -> int:
        """Tokens needed after the prompt at least: the longest choice, or one to generate."""
        return max((len(choice) for choice in self.choices), default=1)


def encode(request: Request, tokenizer: Any) -> Encoded:
    """Tokens of ``request`` for a model with ``tokenizer``.

    With a chat template, the prompt ends where the assistant's turn begins, and a choice is that
    turn as the template writes it, up to its end token. Without one, and for a task in completion
    form, the contents of the messages are joined by blank lines, and a choice follows after a space
    (or after the white space that the prompt ends in).

    A choice is always encoded together with its prompt, because tokens may span the seam. Where
    they do, the prompt ends before the first token that a choice changes, and that token is scored
    with the choice.

    Raises:
        CallRejected: there are images, or tools that the template does not show.
    """
    if any(turn.images for turn in request.messages):
        raise _no_place_for("images", "this model reads text only")
    if getattr(tokenizer, "chat_template", None) and form_of(request.task) == "chat":
        return _encode_chat(request, tokenizer)
    if request.tools or any(turn.tool_calls for turn in request.messages):
        raise _no_place_for("tools", "this model has no chat template")
    text = "\n\n".join(message.content for message in request.messages)
    if request.choices is None:
        return Encoded(prompt=tokenizer(text)["input_ids"], choices=[])
    context = text.rstrip()
    gap = text[len(context) :] or " "
    wholes = [tokenizer(context + gap + choice)["input_ids"] for choice in request.choices]
    return _seamless(tokenizer(context)["input_ids"], wholes)


def _encode_chat(request: Request, tokenizer: Any) -> Encoded:
    turns = [_turn(message) for message in request.messages]
    tools = [_tool(tool) for tool in request.tools]
    notes: tuple[str, ...] = ()
    text, refusal = _rendered(tokenizer, turns, tools)
    if any(turn["role"] == "system" and turn["content"].strip() not in text for turn in turns):
        turns, notes = _folded(turns), (SYSTEM_FOLDED,)
        text, refusal = _rendered(tokenizer, turns, tools)
    if refusal is not None:
        message = f"the chat template refuses these messages: {refusal}"
        raise CallRejected(message, kind="bad_request", billed=False)
    if any(tool.name not in text for tool in request.tools):
        raise _no_place_for("tools", "the model's chat template does not show them")
    # The template writes the special tokens itself.
    prompt = tokenizer(text, add_special_tokens=False)["input_ids"]
    wholes = []
    for choice in request.choices or ():
        answered = [*turns, {"role": "assistant", "content": choice}]
        whole, _ = _rendered(tokenizer, answered, tools, asking=False)
        wholes.append(_with_choice(tokenizer, text, whole, choice))
    return _seamless(prompt, wholes, notes)


def _rendered(
    tokenizer: Any,
    turns: Sequence[dict[str, Any]],
    tools: Sequence[dict[str, Any]],
    *,
    asking: bool = True,
) -> tuple[str, Exception | None]:
    """The chat by the tokenizer's template; "" and the reason where the template refuses it."""
    import jinja2

    try:
        text: str = tokenizer.apply_chat_template(
            list(turns), tools=list(tools) or None, tokenize=False, add_generation_prompt=asking
        )
    except (jinja2.TemplateError, TypeError) as refusal:
        return "", refusal
    return text, None


def _with_choice(tokenizer: Any, text: str, whole: str, choice: str) -> list[int]:
    """Tokens of the prompt ``text`` with ``choice`` as the assistant's turn, its end included.

    ``whole`` is the chat with that turn as the template writes it. Where it does not go on from
    the prompt, the choice follows at once; where it has no end, the tokenizer's is added.
    """
    rest = whole[len(text) :].rstrip() if whole.startswith(text) else ""
    if choice not in rest:
        rest = choice
    tokens: list[int] = tokenizer(text + rest, add_special_tokens=False)["input_ids"]
    if rest.endswith(choice) and tokenizer.eos_token_id is not None:
        tokens = [*tokens, tokenizer.eos_token_id]
    return tokens


def _seamless(
    prompt: list[int], wholes: Sequence[list[int]], notes: tuple[str, ...] = ()
) -> Encoded:
    """``prompt`` up to where it is the same in all ``wholes``, and what they go on with."""
    columns = zip(prompt, *wholes, strict=False)
    shared = sum(1 for _ in itertools.takewhile(lambda column: len(set(column)) == 1, columns))
    if not shared and wholes:
        raise CallRejected(
            "the prompt is a single token with each of the choices: nothing to score them after",
            kind="bad_request",
            billed=False,
        )
    return Encoded(
        prompt=prompt[:shared] if wholes else prompt,
        choices=[whole[shared:] for whole in wholes],
        notes=notes,
    )


def _folded(turns: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """``turns`` with the system's text before that of the first user turn."""
    system = [turn["content"] for turn in turns if turn["role"] == "system"]
    others = [turn for turn in turns if turn["role"] != "system"]
    first = next((turn for turn in others if turn["role"] == "user"), None)
    if first is None:
        return [{"role": "user", "content": "\n\n".join(system)}, *others]
    asked = {**first, "content": "\n\n".join([*system, first["content"]])}
    return [asked if turn is first else turn for turn in others]


def _turn(message: Message) -> dict[str, Any]:
    """A turn as chat templates expect it."""
    turn: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        turn["tool_calls"] = [
            {"type": "function", "function": {"name": call.name, "arguments": _arguments(call)}}
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        turn["tool_call_id"] = message.tool_call_id
    return turn


def _arguments(call: ToolCall) -> Any:
    """An object, which templates write their own way; the text itself where it is none."""
    try:
        return json.loads(call.arguments)
    except ValueError:
        return call.arguments


def _tool(tool: Tool) -> dict[str, Any]:
    """A tool as chat templates expect it: https://huggingface.co/docs/transformers/chat_extras."""
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
        },
    }


def _no_place_for(what: str, why: str) -> CallRejected:
    return CallRejected(f"the request has {what}, and {why}", kind=f"no_{what}", billed=False)
