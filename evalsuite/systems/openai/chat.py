"""Chat Completions: what is sent, and what is read out of a reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from evalsuite.records import Message, Request, Tool, ToolCall, fingerprint
from evalsuite.systems.openai.options import LengthField, OpenAIOptions
from evalsuite.systems.openai.wire import (
    Reply,
    WireMessage,
    WireReply,
    WireToolCall,
    logprobs_from,
    usage_from,
)


class NoAnswerInIt(ValueError):
    """The JSON is well-formed, but not a reply of the API that was asked."""


def chat_body(spec: OpenAIOptions, request: Request) -> dict[str, Any]:
    """The body of ``request``, before ``extra`` is applied."""
    body: dict[str, Any] = {
        "model": spec.model,
        "messages": [
            {"role": turn.role, "content": turn.content} if _plain(turn) else _message(turn)
            for turn in request.messages
        ],
        "temperature": request.temperature,
        length_field(spec): request.max_output_tokens,
    }
    if request.temperature > 0:
        body["seed"] = seed_of(request)
    if request.stop:
        body["stop"] = list(request.stop)
    if request.tools:
        body["tools"] = [tool_json(tool) for tool in request.tools]
    if request.output_schema is not None:
        body["response_format"] = response_format(request.output_schema, strict=spec.strict_schema)
    if spec.reasoning_effort is not None:
        body["reasoning_effort"] = spec.reasoning_effort
    if spec.wants_logprobs:
        body["logprobs"] = True
        if spec.top_logprobs is not None:
            body["top_logprobs"] = spec.top_logprobs
    return body


def length_field(spec: OpenAIOptions) -> LengthField:
    """The field that limits the answer: OpenAI's reasoning models refuse the older name."""
    if spec.length_field is not None:
        return spec.length_field
    newer = "://api.openai.com" in spec.base_url or ".openai.azure.com" in spec.base_url
    return "max_completion_tokens" if newer else "max_tokens"


def seed_of(request: Request) -> int:
    """A seed that repeats do not share; 31 bits, because some endpoints read an int32."""
    return int(fingerprint([request.seed, request.repeat]), 16) % 2**31


def response_format(schema: Mapping[str, Any], *, strict: bool) -> dict[str, Any]:
    """The ``response_format`` that asks for JSON after ``schema``."""
    return {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": schema, "strict": strict},
    }


def _plain(turn: Message) -> bool:
    return not (turn.images or turn.tool_calls or turn.tool_call_id)


def _message(turn: Message) -> dict[str, Any]:
    if turn.role == "tool":
        return {"role": "tool", "tool_call_id": turn.tool_call_id, "content": turn.content}
    message: dict[str, Any] = {"role": turn.role, "content": turn.content}
    if turn.images:
        parts: list[dict[str, Any]] = [
            {"type": "image_url", "image_url": {"url": image}} for image in turn.images
        ]
        message["content"] = [*parts, {"type": "text", "text": turn.content}]
    if turn.tool_calls:
        message["content"] = message["content"] or None
        message["tool_calls"] = [
            {
                "id": call.id or f"call_{index}",
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for index, call in enumerate(turn.tool_calls)
        ]
    return message


def tool_json(tool: Tool) -> dict[str, Any]:
    """A tool as Chat is told of it; chat templates expect the same."""
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
        },
    }


def read_chat(wire: WireReply) -> Reply:
    """The first choice. Raises NoAnswerInIt where there is none, or no message in it."""
    choice = wire.choices[0] if wire.choices else None
    if choice is None or choice.message is None:
        raise NoAnswerInIt
    message = choice.message
    text, thought = message.content, message.reasoning_content or message.reasoning
    if isinstance(text, list):
        text, parts_thought = joined_parts(text)
        thought = thought or parts_thought
    tokens, token_logprobs, top_logprobs = logprobs_from(choice.logprobs)
    return Reply(
        text=text or message.refusal,
        reasoning=thought if isinstance(thought, str) and thought else None,
        tool_calls=tool_calls_from(message) if message.tool_calls else (),
        tokens=tokens,
        token_logprobs=token_logprobs,
        top_logprobs=top_logprobs,
        finish_reason=choice.finish_reason or None,
        model=wire.model,
        usage=usage_from(wire.usage),
    )


def joined_parts(parts: Sequence[Any]) -> tuple[str, str | None]:
    """Text and thought of a content that is a list of parts, as Mistral's reasoners send it."""
    text, thought = [], []
    for part in parts:
        if not isinstance(part, dict):
            raise NoAnswerInIt
        if part.get("type") == "thinking":
            inner = part.get("thinking")
            thought.append(joined_parts(inner)[0] if isinstance(inner, list) else str(inner or ""))
        elif isinstance(part.get("text"), str):
            text.append(part["text"])
    return "".join(text), "".join(thought) or None


def tool_calls_from(message: WireMessage) -> tuple[ToolCall, ...]:
    """The calls in ``message``; NoAnswerInIt where one has no name."""
    return tuple(_tool_call(call) for call in message.tool_calls or ())


def _tool_call(call: WireToolCall) -> ToolCall:
    if call.function is None or not call.function.name:
        raise NoAnswerInIt
    arguments = call.function.arguments
    if not isinstance(arguments, str):  # an object, at endpoints that parse it themselves
        arguments = "" if arguments is None else msgspec.json.encode(arguments).decode()
    return ToolCall(name=call.function.name, arguments=arguments, id=call.id)
