"""The vendor's client is the oracle: the same request through both gives the same bytes' worth.

Bodies are what each client really sent to a server; answers are what each read in its reply.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiohttp import web

from evalsuite.errors import EvalsuiteError
from evalsuite.records import Completion, Message, Request, Tool, ToolCall
from evalsuite.systems.openai import OpenAISpec
from evalsuite.systems.resources import Resources
from tests.systems.openai.endpoint import Endpoint, Handler, ask, delta, running, sse, stream

openai = pytest.importorskip("openai")

SCHEMA = {"type": "object", "properties": {"sum": {"type": "integer"}}}
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
IMAGE = "data:image/png;base64,iVBORw0KGgo="
REQUEST = ask(
    messages=(
        Message(role="system", content="Be brief."),
        Message(role="user", content="Is it warm there? Å 😀", images=(IMAGE,)),
        Message(
            role="assistant",
            content="Looking.",
            tool_calls=(ToolCall(name="weather", arguments='{"city":"Oslo"}', id="call_7"),),
        ),
        Message(role="tool", content="12 C", tool_call_id="call_7"),
    ),
    tools=(Tool(name="weather", description="The weather", parameters=PARAMETERS),),
    output_schema=SCHEMA,
    max_output_tokens=99,
    stop=("\n\n",),
)
TEXT = ask("Å 1 + 2 =", max_output_tokens=9, stop=("\n",))
# What the same requests are in the vendor's words, written by hand.
CHAT: dict[str, Any] = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": IMAGE}},
                {"type": "text", "text": "Is it warm there? Å 😀"},
            ],
        },
        {
            "role": "assistant",
            "content": "Looking.",
            "tool_calls": [
                {
                    "id": "call_7",
                    "type": "function",
                    "function": {"name": "weather", "arguments": '{"city":"Oslo"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_7", "content": "12 C"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "weather",
                "description": "The weather",
                "parameters": PARAMETERS,
            },
        }
    ],
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
    },
    "temperature": 0.0,
    "max_tokens": 99,
    "stop": ["\n\n"],
    "logprobs": True,
    "top_logprobs": 2,
    "reasoning_effort": "low",
}
RESPONSES: dict[str, Any] = {
    "model": "m",
    "instructions": "Be brief.",
    "input": [
        {
            "role": "user",
            "content": [
                {"type": "input_image", "image_url": IMAGE},
                {"type": "input_text", "text": "Is it warm there? Å 😀"},
            ],
        },
        {"role": "assistant", "content": "Looking."},
        {
            "type": "function_call",
            "call_id": "call_7",
            "name": "weather",
            "arguments": '{"city":"Oslo"}',
        },
        {"type": "function_call_output", "call_id": "call_7", "output": "12 C"},
    ],
    "tools": [
        {
            "type": "function",
            "name": "weather",
            "description": "The weather",
            "parameters": PARAMETERS,
            "strict": False,
        }
    ],
    "text": {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA, "strict": True}},
    "temperature": 0.0,
    "max_output_tokens": 99,
    "store": False,
    "include": ["message.output_text.logprobs"],
    "top_logprobs": 2,
    "reasoning": {"effort": "low"},
}
COMPLETIONS: dict[str, Any] = {
    "model": "m",
    "prompt": "Å 1 + 2 =",
    "temperature": 0.0,
    "max_tokens": 9,
    "stop": ["\n"],
    "logprobs": 2,
}
OPTIONS: dict[str, Any] = {"top_logprobs": 2, "reasoning_effort": "low"}


@asynccontextmanager
async def both(reply: web.Response | Handler, **options: Any) -> AsyncIterator[Any]:
    """Our model and the vendor's client on one endpoint, which both are given."""
    endpoint = Endpoint(reply)
    async with running(endpoint) as base_url:
        options = {"model": "m", "base_url": base_url, "api_key_env": None, **options}
        model = OpenAISpec(**options).open(Resources())
        async with openai.AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0) as client:
            try:
                yield model, client, endpoint
            finally:
                await model.close()


def same_calls(ours: Completion, theirs: Any) -> bool:
    return [(call.id, call.name, call.arguments) for call in ours.answer.tool_calls] == [
        (call.id, call.function.name, call.function.arguments) for call in theirs or ()
    ]


def check_chat(ours: Completion, theirs: Any) -> None:
    choice, answer = theirs.choices[0], ours.answer
    assert (answer.text or "") == (choice.message.content or "")
    assert answer.reasoning == getattr(choice.message, "reasoning_content", None)
    assert answer.finish_reason == choice.finish_reason
    assert same_calls(ours, choice.message.tool_calls)
    tokens = choice.logprobs.content if choice.logprobs else None
    assert answer.token_logprobs == (tokens and tuple(token.logprob for token in tokens))
    assert answer.top_logprobs == (
        tokens and tuple({top.token: top.logprob for top in t.top_logprobs} for t in tokens)
    )
    usage = theirs.usage
    assert (ours.input_tokens, ours.output_tokens) == (usage.prompt_tokens, usage.completion_tokens)
    assert ours.cached_input_tokens == usage.prompt_tokens_details.cached_tokens
    assert ours.reasoning_tokens == usage.completion_tokens_details.reasoning_tokens


USAGE = {
    "prompt_tokens": 70,
    "completion_tokens": 20,
    "total_tokens": 90,
    "prompt_tokens_details": {"cached_tokens": 64},
    "completion_tokens_details": {"reasoning_tokens": 11},
}
LOGPROBS = {
    "content": [
        {
            "token": "{}",
            "logprob": -0.25,
            "bytes": [123, 125],
            "top_logprobs": [
                {"token": "{}", "logprob": -0.25, "bytes": None},
                {"token": "å", "logprob": -3.0, "bytes": None},
            ],
        }
    ]
}


def chat_reply() -> dict[str, Any]:
    calls = [
        {
            "id": "c1",
            "type": "function",
            "function": {"name": "weather", "arguments": '{"city": "Åre"}'},
        }
    ]
    message = {
        "role": "assistant",
        "content": "{}",
        "reasoning_content": "Hm.",
        "tool_calls": calls,
    }
    choice = {"index": 0, "message": message, "logprobs": LOGPROBS, "finish_reason": "tool_calls"}
    head = {"id": "x", "object": "chat.completion", "created": 1, "model": "m"}
    return {**head, "choices": [choice], "usage": USAGE}


async def test_chat() -> None:
    async with both(web.json_response(chat_reply()), **OPTIONS) as (model, client, endpoint):
        ours = await model.complete(REQUEST, None)
        theirs = await client.chat.completions.create(**CHAT)
    assert endpoint.bodies[0] == endpoint.bodies[1]
    assert endpoint.paths[0] == endpoint.paths[1]
    check_chat(ours, theirs)
    assert ours.answer.tool_calls[0].arguments == '{"city": "Åre"}'


async def test_a_streamed_chat() -> None:
    head = {"id": "x", "object": "chat.completion.chunk", "created": 1}
    function = {"name": "weather", "arguments": ""}
    first = {"index": 0, "id": "c1", "type": "function", "function": function}
    chunks: list[dict[str, Any]] = [
        delta(role="assistant", content=""),
        delta(content="{"),
        delta(content="}"),
        delta(tool_calls=[first]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": '{"city": '}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": '"Åre"}'}}]),
        delta("tool_calls"),
        {"model": "m", "choices": [], "usage": USAGE},
    ]
    chunks[1]["choices"][0]["logprobs"] = LOGPROBS
    body = sse([{**head, **chunk} for chunk in chunks])
    async with both(stream(body), stream=True, **OPTIONS) as (model, client, endpoint):
        ours = await model.complete(REQUEST, None)
        usage = {"include_usage": True}
        sent = {key: value for key, value in CHAT.items() if key != "response_format"}
        async with client.chat.completions.stream(**sent, stream_options=usage) as events:
            theirs = await events.get_final_completion()
    ours_sent = {k: v for k, v in endpoint.bodies[0].items() if k != "response_format"}
    assert ours_sent == endpoint.bodies[1]
    check_chat(ours, theirs)
    assert ours.answer.text == "{}"
    assert ours.first_token_seconds is not None


def responses_reply() -> dict[str, Any]:
    logprobs = [{k: v for k, v in LOGPROBS["content"][0].items() if k != "bytes"} | {"bytes": []}]
    return {
        "id": "r",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "m",
        "error": None,
        "incomplete_details": None,
        "output": [
            {
                "type": "reasoning",
                "id": "rs",
                "summary": [{"type": "summary_text", "text": "Hm."}],
            },
            {
                "type": "message",
                "id": "ms",
                "status": "completed",
                "role": "assistant",
                "content": [
                    {
                        "type": "output_text",
                        "text": "{å}",
                        "annotations": [],
                        "logprobs": logprobs,
                    }
                ],
            },
            {
                "type": "function_call",
                "id": "fc",
                "call_id": "c1",
                "name": "weather",
                "arguments": '{"city": "Åre"}',
                "status": "completed",
            },
        ],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 70,
            "input_tokens_details": {"cached_tokens": 64},
            "output_tokens": 20,
            "output_tokens_details": {"reasoning_tokens": 11},
            "total_tokens": 90,
        },
    }


def check_responses(ours: Completion, theirs: Any) -> None:
    assert ours.answer.text == theirs.output_text == "{å}"
    assert ours.answer.reasoning == theirs.output[0].summary[0].text
    call = theirs.output[2]
    assert ours.answer.tool_calls == (
        ToolCall(name=call.name, arguments=call.arguments, id=call.call_id),
    )
    tokens = theirs.output[1].content[0].logprobs
    assert ours.answer.token_logprobs == tuple(token.logprob for token in tokens)
    usage = theirs.usage
    assert (ours.input_tokens, ours.output_tokens) == (usage.input_tokens, usage.output_tokens)
    assert ours.cached_input_tokens == usage.input_tokens_details.cached_tokens
    assert ours.reasoning_tokens == usage.output_tokens_details.reasoning_tokens


def without_stop(request: Request) -> Request:
    return msgspec.structs.replace(request, stop=())


async def test_responses() -> None:
    reply = web.json_response(responses_reply())
    async with both(reply, api="responses", **OPTIONS) as (model, client, endpoint):
        ours = await model.complete(without_stop(REQUEST), None)
        theirs = await client.responses.create(**RESPONSES)
    assert endpoint.bodies[0] == endpoint.bodies[1]
    assert endpoint.paths[0] == endpoint.paths[1]
    check_responses(ours, theirs)


async def test_streamed_responses() -> None:
    part = {"item_id": "ms", "output_index": 1, "content_index": 0, "logprobs": []}
    started = {**responses_reply(), "status": "in_progress", "output": [], "usage": None}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": started},
        {"type": "response.output_text.delta", "delta": "{å", **part},
        {"type": "response.output_text.delta", "delta": "}", **part},
        {"type": "response.completed", "response": responses_reply()},
    ]
    numbered = [{**event, "sequence_number": number} for number, event in enumerate(events)]
    body = b"".join(
        b"event: " + event["type"].encode() + b"\n" + sse([event], done=False) for event in numbered
    )
    options = {"api": "responses", "stream": True, **OPTIONS}
    async with both(stream(body), **options) as (model, client, endpoint):
        ours = await model.complete(without_stop(REQUEST), None)
        theirs = None
        async for event in await client.responses.create(**RESPONSES, stream=True):
            if event.type == "response.completed":
                theirs = event.response
    assert endpoint.bodies[0] == endpoint.bodies[1]
    check_responses(ours, theirs)
    assert ours.first_token_seconds is not None


def check_text(ours: Completion, text: str, logprobs: Any, usage: Any) -> None:
    assert ours.answer.text == text == "3å"
    assert ours.answer.token_logprobs == tuple(logprobs.token_logprobs)
    assert ours.answer.top_logprobs == tuple(logprobs.top_logprobs)
    assert (ours.input_tokens, ours.output_tokens) == (usage.prompt_tokens, usage.completion_tokens)


def text_reply(text: str, finish: str | None, *tokens: tuple[str, float]) -> dict[str, Any]:
    logprobs = {
        "tokens": [token for token, _ in tokens],
        "token_logprobs": [value for _, value in tokens],
        "top_logprobs": [{token: value, "x": -9.0} for token, value in tokens],
        "text_offset": [9] * len(tokens),
    }
    choice = {"index": 0, "text": text, "finish_reason": finish, "logprobs": logprobs}
    head = {"id": "x", "object": "text_completion", "created": 1, "model": "m"}
    return {**head, "choices": [choice]}


async def test_completions() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    reply = {**text_reply("3å", "stop", ("3", -0.25), ("å", -0.5)), "usage": usage}
    options = {"api": "completions", "top_logprobs": 2}
    async with both(web.json_response(reply), **options) as (model, client, endpoint):
        ours = await model.complete(TEXT, None)
        theirs = await client.completions.create(**COMPLETIONS)
    assert endpoint.bodies[0] == endpoint.bodies[1]
    assert endpoint.paths[0] == endpoint.paths[1]
    choice = theirs.choices[0]
    check_text(ours, choice.text, choice.logprobs, theirs.usage)
    assert ours.answer.finish_reason == choice.finish_reason


async def test_streamed_completions() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    last = {**text_reply("", None), "choices": [], "usage": usage}
    body = sse([text_reply("3", None, ("3", -0.25)), text_reply("å", "stop", ("å", -0.5)), last])
    options = {"api": "completions", "top_logprobs": 2, "stream": True}
    async with both(stream(body), **options) as (model, client, endpoint):
        ours = await model.complete(TEXT, None)
        text, values, tops, counts = "", [], [], None
        async for chunk in await client.completions.create(
            **COMPLETIONS, stream=True, stream_options={"include_usage": True}
        ):
            counts = chunk.usage or counts
            for choice in chunk.choices:
                text += choice.text
                values += choice.logprobs.token_logprobs
                tops += choice.logprobs.top_logprobs
    assert endpoint.bodies[0] == endpoint.bodies[1]
    read = openai.types.completion_choice.Logprobs(token_logprobs=values, top_logprobs=tops)
    check_text(ours, text, read, counts)


@pytest.mark.parametrize(
    ("status", "body", "theirs", "kind"),
    [
        (401, {"error": {"message": "no"}}, "AuthenticationError", "not_authorised"),
        (404, {"error": {"message": "no"}}, "NotFoundError", "not_found"),
        (400, {"error": {"message": "no"}}, "BadRequestError", "bad_request"),
        (422, {"detail": "no"}, "UnprocessableEntityError", "bad_request"),
        (429, {"error": {"message": "no"}}, "RateLimitError", "rate_limited"),
        (500, {"error": {"message": "no"}}, "InternalServerError", "server_error"),
        (503, "<html>", "InternalServerError", "server_error"),
    ],
)
async def test_errors_are_told_apart_alike(status: int, body: Any, theirs: str, kind: str) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    reply = web.Response(status=status, text=text)
    async with both(reply, max_retries=0) as (model, client, _):
        with pytest.raises(EvalsuiteError) as ours:
            await model.complete(ask(), None)
        with pytest.raises(getattr(openai, theirs)):
            await client.chat.completions.create(model="m", messages=[])
    assert vars(ours.value)["kind"] == kind
