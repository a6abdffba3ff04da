"""The Responses API: what is sent, and what is read out of a reply."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from evalsuite.records import Message, Request, ToolCall
from evalsuite.systems.openai.chat import NoAnswerInIt
from evalsuite.systems.openai.options import OpenAIOptions
from evalsuite.systems.openai.wire import Reply, TokenLogprob, from_content, usage_from


class Part(msgspec.Struct, omit_defaults=True):
    """A part of an output item: text, a refusal, or a thought."""

    type: str = ""
    text: str | None = None
    refusal: str | None = None
    logprobs: list[TokenLogprob] | None = None


class OutputItem(msgspec.Struct, omit_defaults=True):
    """An item of ``output``: a message, a thought, or a function call."""

    type: str = ""
    content: list[Part] | None = None
    summary: list[Part] | None = None
    name: str | None = None
    arguments: str | None = None
    call_id: str | None = None


class Incomplete(msgspec.Struct, omit_defaults=True):
    """Why an answer is not whole."""

    reason: str | None = None


class ResponsesReply(msgspec.Struct, omit_defaults=True):
    """A reply of the Responses API."""

    output: list[OutputItem] | None = None
    status: str | None = None
    incomplete_details: Incomplete | None = None
    model: str | None = None
    usage: Any = None
    error: Any = None


def responses_body(spec: OpenAIOptions, request: Request) -> dict[str, Any]:
    """The body of ``request``, before ``extra`` is applied.

    Nothing is stored at the endpoint. This API takes neither a seed nor stop strings.
    """
    instructions, turns = _split(request.messages)
    body: dict[str, Any] = {
        "model": spec.model,
        "input": [item for turn in turns for item in _items(turn)],
        "temperature": request.temperature,
        "max_output_tokens": request.max_output_tokens,
        "store": False,
    }
    if instructions:
        body["instructions"] = instructions
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "strict": False,  # as Chat has it by default; here the default is true
            }
            for tool in request.tools
        ]
    if request.output_schema is not None:
        body["text"] = {
            "format": {
                "type": "json_schema",
                "name": "answer",
                "schema": request.output_schema,
                "strict": spec.strict_schema,
            }
        }
    if spec.reasoning_effort is not None:
        body["reasoning"] = {"effort": spec.reasoning_effort}
    if spec.wants_logprobs:
        body["include"] = ["message.output_text.logprobs"]
        if spec.top_logprobs is not None:
            body["top_logprobs"] = spec.top_logprobs
    return body


def _split(messages: tuple[Message, ...]) -> tuple[str, tuple[Message, ...]]:
    """The leading system turns as one text, and the turns after them."""
    first = next((i for i, turn in enumerate(messages) if turn.role != "system"), len(messages))
    return "\n\n".join(turn.content for turn in messages[:first]), messages[first:]


def _items(turn: Message) -> Iterator[dict[str, Any]]:
    """The input items of one turn."""
    if turn.role == "tool":
        yield {
            "type": "function_call_output",
            "call_id": turn.tool_call_id,
            "output": turn.content,
        }
        return
    if turn.images:
        images = [{"type": "input_image", "image_url": image} for image in turn.images]
        parts = [*images, {"type": "input_text", "text": turn.content}]
        yield {"role": turn.role, "content": parts}
    elif turn.content or not turn.tool_calls:
        yield {"role": turn.role, "content": turn.content}
    for index, call in enumerate(turn.tool_calls):
        yield {
            "type": "function_call",
            "call_id": call.id or f"call_{index}",
            "name": call.name,
            "arguments": call.arguments,
        }


def read_responses(wire: ResponsesReply) -> Reply:
    """All output items. Raises NoAnswerInIt where there are none."""
    if wire.output is None:
        raise NoAnswerInIt
    said: list[str] = []
    refused: list[str] = []
    thought: list[str] = []
    calls: list[ToolCall] = []
    logprobs: list[TokenLogprob] = []
    for item in wire.output:
        if item.type == "message":
            for part in item.content or ():
                said.append(part.text or "")
                refused.append(part.refusal or "")
                logprobs.extend(part.logprobs or ())
        elif item.type == "reasoning":
            thought.extend(part.text or "" for part in item.summary or item.content or ())
        elif item.type == "function_call":
            if not item.name:
                raise NoAnswerInIt
            calls.append(ToolCall(name=item.name, arguments=item.arguments or "", id=item.call_id))
    tokens, token_logprobs, top_logprobs = from_content(logprobs) if logprobs else (None,) * 3
    return Reply(
        text="".join(said) or "".join(refused),
        reasoning="\n\n".join(one for one in thought if one) or None,
        tool_calls=tuple(calls),
        tokens=tokens,
        token_logprobs=token_logprobs,
        top_logprobs=top_logprobs,
        finish_reason=_finish_reason(wire, bool(calls)),
        model=wire.model,
        usage=usage_from(wire.usage),
    )


def _finish_reason(wire: ResponsesReply, called: bool) -> str | None:
    """In the words of Chat, so that one name means one thing in the tables."""
    why = wire.incomplete_details.reason if wire.incomplete_details else None
    if why is not None:
        return "length" if why == "max_output_tokens" else why
    if wire.status == "completed":
        return "tool_calls" if called else "stop"
    return wire.status
