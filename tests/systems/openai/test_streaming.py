from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.errors import CallFailed, CallRefused, CallRejected, CallTransient
from evalsuite.records import ToolCall
from evalsuite.systems.openai.reading import reply_from
from evalsuite.systems.openai.streaming import Assembler, EventStream, assembler_for
from evalsuite.systems.resources import Resources
from tests.systems.openai.endpoint import (
    SECRET,
    Endpoint,
    ask,
    asking,
    delta,
    error,
    sse,
    stream,
)

USAGE = {"prompt_tokens": 20, "completion_tokens": 3, "total_tokens": 23}
TAIL = {"model": "m", "choices": [], "usage": USAGE}


def events_of(chunks: Iterable[bytes]) -> list[bytes]:
    parser = EventStream()
    return [event for chunk in chunks for event in parser.feed(chunk)] + parser.end()


@given(
    st.lists(st.text(min_size=1).map(lambda text: json.dumps(text, ensure_ascii=False))),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.lists(st.integers(0, 400)),
)
def test_events_survive_any_cut(texts: list[str], newline: bytes, cuts: list[int]) -> None:
    body = b": keep-alive" + newline
    for text in texts:
        body += b"event: x" + newline + b"data: " + text.encode() + newline + newline
        body += b":" + newline + newline
    edges = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    chunks = [body[a:b] for a, b in itertools.pairwise(edges)]
    assert [event.decode() for event in events_of(chunks)] == texts


def test_events_in_odd_forms() -> None:
    assert events_of([b"data:1\n\ndata:  2\n\n"]) == [b"1", b" 2"]
    assert events_of([b"data: a\ndata: b\n\n"]) == [b"a\nb"]
    assert events_of([b"\xef\xbb\xbfdata: 1\n\n"]) == [b"1"]
    assert events_of([b"id: 7\nretry: 10\nevent: x\n\n\n\n"]) == []
    assert events_of([b"data: 1\n\ndata: 2"]) == [b"1", b"2"]
    assert events_of([b"data: 1\r\n\r", b"\ndata: 2\r", b"\r"]) == [b"1", b"2"]
    assert events_of([b"data: \xc3", b"\xa5\n\n"]) == ["å".encode()]


def assembled(assembler: Assembler, events: Iterable[Any]) -> list[bool]:
    return [assembler.add(json.dumps(event).encode()) for event in events]


def test_chunks_of_a_chat_make_the_whole_reply() -> None:
    one = {"content": [{"token": "4", "logprob": -0.25, "top_logprobs": None}]}
    two = {"content": [{"token": "3", "logprob": -0.5, "top_logprobs": None}]}
    first, second = delta(content="4"), delta(content="3")
    first["choices"][0]["logprobs"], second["choices"][0]["logprobs"] = one, two
    other = {"choices": [{"index": 1, "delta": {"content": "another answer"}}]}
    whole = assembler_for("chat")
    tokens = assembled(
        whole,
        [
            delta(role="assistant", content=""),
            delta(reasoning_content="30 "),
            delta(reasoning="+ 13"),
            first,
            other,
            second,
            delta("stop"),
            TAIL,
        ],
    )
    assert tokens == [False, True, True, True, False, True, False, False]
    assert (whole.whole, whole.done) == (True, False)
    whole.add(b"[DONE]")
    assert whole.done
    reply = reply_from("chat", whole.reply())
    assert (reply.text, reply.reasoning, reply.finish_reason) == ("43", "30 + 13", "stop")
    assert reply.token_logprobs == (-0.25, -0.5)
    assert reply.usage is not None and reply.usage.output_tokens == 3
    assert reply.model == "m"


def part(index: int | None, id: str | None, name: str | None, arguments: str) -> dict[str, Any]:
    call = {"index": index, "id": id, "function": {"name": name, "arguments": arguments}}
    return delta(tool_calls=[call])


def test_parts_of_tool_calls_are_joined() -> None:
    whole = assembler_for("chat")
    tokens = assembled(
        whole,
        [
            part(0, "a", "f", ""),
            part(0, None, None, '{"x"'),
            part(1, "b", "g", '{"y":'),
            part(0, None, None, ":1}"),
            part(1, None, None, "2}"),
            delta("tool_calls"),
        ],
    )
    assert tokens == [True] * 5 + [False]
    assert reply_from("chat", whole.reply()).tool_calls == (
        ToolCall(name="f", arguments='{"x":1}', id="a"),
        ToolCall(name="g", arguments='{"y":2}', id="b"),
    )


def test_tool_calls_without_an_index_are_told_apart_by_id() -> None:
    whole = assembler_for("chat")
    assembled(whole, [part(None, "a", "f", "{}"), part(None, "b", "g", "{"), delta("tool_calls")])
    assembled(whole, [part(None, None, None, "}")])
    assert [call.arguments for call in reply_from("chat", whole.reply()).tool_calls] == ["{}", "{}"]


def test_deltas_in_other_forms() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "30 + 13"}]}
    whole = assembler_for("chat")
    parts = [delta(content=[thinking]), delta(content=[{"type": "text", "text": "43"}])]
    assert assembled(whole, [*parts, delta("stop")]) == [True, True, False]
    reply = reply_from("chat", whole.reply())
    assert (reply.text, reply.reasoning) == ("43", "30 + 13")
    refused = assembler_for("chat")
    assert assembled(refused, [delta(refusal="I can"), delta(refusal="not."), delta("stop")]) == [
        True,
        True,
        False,
    ]
    assert reply_from("chat", refused.reply()).text == "I cannot."
    with pytest.raises(CallTransient) as caught:
        assembled(assembler_for("chat"), [delta(content=[7])])
    assert caught.value.kind == "malformed_reply"
    with pytest.raises(CallTransient, match="upstream"):
        assembled(assembler_for("chat"), [{"choices": [{"error": {"message": "upstream"}}]}])


def test_chunks_of_text() -> None:
    whole = assembler_for("completions")
    chunk: dict[str, Any] = {"choices": [{"index": 0, "text": "4", "finish_reason": None}]}
    chunk["choices"][0]["logprobs"] = {"tokens": ["4"], "token_logprobs": [-0.25]}
    last = {"choices": [{"index": 0, "text": "3", "finish_reason": "length"}]}
    last["choices"][0]["logprobs"] = {"tokens": ["3"], "token_logprobs": [-0.5]}
    assert assembled(whole, [chunk, last, TAIL]) == [True, True, False]
    reply = reply_from("completions", whole.reply())
    assert (reply.text, reply.finish_reason) == ("43", "length")
    assert reply.token_logprobs == (-0.25, -0.5)


def responses_events(**last: Any) -> list[dict[str, Any]]:
    item = {"type": "message", "content": [{"type": "output_text", "text": "43"}]}
    return [
        {"type": "response.created", "response": {"status": "in_progress", "output": []}},
        {"type": "response.output_text.delta", "delta": "4"},
        {"type": "response.output_text.delta", "delta": "3"},
        {"type": "response.output_item.done", "item": item},
        {
            "type": "response.completed",
            "response": {
                "status": "completed",
                "model": "m",
                "output": [item],
                "usage": {"input_tokens": 20, "output_tokens": 3},
                **last,
            },
        },
    ]


@pytest.mark.parametrize("last", [{}, {"output": []}])
def test_events_of_the_responses_api(last: dict[str, Any]) -> None:
    whole = assembler_for("responses")
    assert assembled(whole, responses_events(**last)) == [False, True, True, False, False]
    assert whole.done and whole.whole
    reply = reply_from("responses", whole.reply())
    assert (reply.text, reply.finish_reason) == ("43", "stop")
    assert reply.usage is not None and reply.usage.input_tokens == 20


@pytest.mark.parametrize("api", ["chat", "completions", "responses"])
def test_an_error_in_mid_stream_is_an_error(api: Any) -> None:
    whole = assembler_for(api)
    with pytest.raises(CallTransient, match="overloaded") as caught:
        whole.add(b'{"type":"error","error":{"code":503,"message":"overloaded"}}')
    assert (caught.value.kind, caught.value.billed) == ("server_error", None)
    with pytest.raises(CallTransient) as broken:
        whole.add(b'{"choices":[{"del')
    assert broken.value.kind == "malformed_reply"


def test_an_error_event_of_the_responses_api_may_be_flat() -> None:
    event = b'{"type":"error","code":"rate_limit_exceeded","message":"slow down"}'
    with pytest.raises(CallTransient, match="slow down") as caught:
        assembler_for("responses").add(event)
    assert caught.value.kind == "rate_limited"


WHOLE = [delta(role="assistant", content=""), delta(content="4"), delta(content="3"), delta("stop")]


@pytest.mark.parametrize(
    "body",
    [
        sse([*WHOLE, TAIL]),
        sse([*WHOLE, TAIL], done=False),
        b": OPENROUTER PROCESSING\n\n" + sse([*WHOLE, TAIL]),
        sse([*WHOLE, TAIL]).replace(b"\n", b"\r\n"),
        sse([*WHOLE, TAIL])[:-2],
    ],
)
async def test_a_stream_is_the_same_answer(body: bytes) -> None:
    endpoint, resources = Endpoint(stream(body)), Resources()
    async with asking(endpoint, resources, stream=True) as model:
        completion = await model.complete(ask(), None)
    assert completion.answer.text == "43"
    assert completion.answer.finish_reason == "stop"
    assert (completion.input_tokens, completion.output_tokens) == (20, 3)
    assert completion.first_token_seconds is not None
    assert completion.service_seconds is not None
    assert 0 < completion.first_token_seconds <= completion.service_seconds
    assert endpoint.bodies[0]["stream_options"] == {"include_usage": True}
    assert resources.notes == ()


async def test_a_stream_of_the_responses_api() -> None:
    endpoint = Endpoint(stream(sse(responses_events(), done=False)))
    async with asking(endpoint, stream=True, api="responses") as model:
        completion = await model.complete(ask(), None)
    assert (completion.answer.text, completion.output_tokens) == ("43", 3)
    assert endpoint.paths == ["/v1/responses"]
    assert "stream_options" not in endpoint.bodies[0]


async def test_a_stream_that_nobody_asked_for_is_read_all_the_same() -> None:
    endpoint, resources = Endpoint(stream(sse(responses_events(), done=False))), Resources()
    async with asking(endpoint, resources, api="responses") as model:
        completion = await model.complete(ask(), None)
    assert completion.answer.text == "43"
    assert "stream" not in endpoint.bodies[0]
    assert len(resources.notes) == 1
    assert "streamed, although that was not asked for" in resources.notes[0]


async def test_connections_outlive_their_streams() -> None:
    ports = set()
    answer = stream(sse([*WHOLE, TAIL]))

    async def handle(request: Any) -> Any:
        ports.add(request.transport.get_extra_info("peername")[1])
        return await answer(request)

    async with asking(Endpoint(handle), stream=True) as model:
        for _ in range(5):
            await model.complete(ask(), None)
    assert len(ports) == 1


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        (stream(sse(WHOLE[:3], done=False)), "connection"),  # ends early, in good order
        (stream(sse(WHOLE[:3], done=False), cut=True), "connection"),  # is cut off
        (stream(b""), "connection"),
        (stream(sse(WHOLE[:3], done=False) + b'data: {"choi'), "malformed_reply"),
        (stream(sse([*WHOLE[:3], {"error": {"code": 502, "message": "x"}}])), "server_error"),
        (stream(sse([*WHOLE[:3], delta("error")])), "server_error"),
    ],
)
async def test_half_a_stream_is_no_answer_and_may_be_billed(handler: Any, kind: str) -> None:
    endpoint = Endpoint(handler)
    async with asking(endpoint, stream=True, max_retries=1) as model:
        with pytest.raises(CallTransient) as caught:
            await model.complete(ask(), None)
    assert (caught.value.kind, caught.value.billed, caught.value.retries) == (kind, None, 1)
    assert len(endpoint.bodies) == 2


async def test_a_stream_that_is_cut_off_is_asked_for_again() -> None:
    cut, whole = stream(sse(WHOLE[:3], done=False), cut=True), stream(sse([*WHOLE, TAIL]))
    async with asking(Endpoint(cut, whole), stream=True) as model:
        completion = await model.complete(ask(), None)
    assert (completion.answer.text, completion.retries) == ("43", 1)
    assert completion.maybe_billed_attempts == 1


async def test_an_end_that_is_lost_loses_nothing() -> None:
    handler = stream(sse([*WHOLE, TAIL], done=False), cut=True)
    async with asking(Endpoint(handler), stream=True) as model:
        completion = await model.complete(ask(), None)
    assert (completion.answer.text, completion.output_tokens, completion.retries) == ("43", 3, 0)


async def test_a_stream_that_is_never_closed_is_over_when_it_says_so() -> None:
    async def handle(request: Any) -> Any:
        response = await stream(sse([*WHOLE, TAIL]))(request)
        await asyncio.sleep(5)
        return response

    async with asking(Endpoint(handle), stream=True) as model:
        began = time.perf_counter()
        completion = await asyncio.wait_for(model.complete(ask(), None), 4)
        seconds = time.perf_counter() - began
    assert completion.answer.text == "43"
    # A quarter of a second is waited for the end of the connection, and not counted.
    assert completion.service_seconds is not None
    assert seconds - completion.service_seconds >= 0.24


async def test_a_refused_include_usage_is_left_out_and_said_once() -> None:
    refusal = error(400, {"error": {"message": "Extra inputs are not permitted: stream_options"}})
    answer = stream(sse(WHOLE))
    endpoint, resources = Endpoint(refusal, answer), Resources()
    async with asking(endpoint, resources, stream=True) as model:
        completion = await model.complete(ask(), None)
        await model.complete(ask(), None)
    assert (completion.answer.text, completion.retries) == ("43", 0)
    assert completion.output_tokens is None
    assert ["stream_options" in body for body in endpoint.bodies] == [True, False, False]
    assert [note.partition(": ")[2] for note in resources.notes] == [
        "streams cannot be asked for token counts",
        "the answers come without token counts: they are unknown; `tokenizer` counts them",
    ]


async def test_another_bad_request_is_not_taken_for_that() -> None:
    endpoint = Endpoint(error(400, {"error": {"message": "no"}}))
    async with asking(endpoint, stream=True) as model:
        with pytest.raises(CallRejected):
            await model.complete(ask(), None)
    assert len(endpoint.bodies) == 1


async def test_an_endpoint_that_does_not_stream() -> None:
    whole = error(200, {"choices": [{"message": {"content": "43"}, "finish_reason": "stop"}],
                        "usage": USAGE}, **{"Content-Type": "application/json"})  # fmt: skip
    resources = Resources()
    async with asking(Endpoint(whole), resources, stream=True) as model:
        completion = await model.complete(ask(), None)
    assert (completion.answer.text, completion.first_token_seconds) == ("43", None)
    assert "the answers come in one piece" in resources.notes[0]


async def test_a_stream_that_stands_still_has_a_limit_of_its_own() -> None:
    async def hang(request: Any) -> Any:
        handle = stream(sse(WHOLE[:3], done=False))
        response = await handle(request)
        await asyncio.sleep(5)
        return response

    options: dict[str, Any] = {"idle_timeout_seconds": 0.2, "max_retries": 0}
    async with asking(Endpoint(hang), stream=True, **options) as model:
        with pytest.raises(CallTransient, match=r"the stream stood still for 0\.2 s") as caught:
            await model.complete(ask(), None)
    assert (caught.value.kind, caught.value.billed) == ("timeout", None)


async def test_a_key_that_is_echoed_in_pieces_stays_out_of_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TEST_KEY", SECRET)
    pieces = [delta(content=f"key {SECRET[:9]}"), delta(content=SECRET[9:]), delta("stop")]
    async with asking(
        Endpoint(stream(sse([*pieces, TAIL]))), stream=True, api_key_env="TEST_KEY"
    ) as model:
        completion = await model.complete(ask(), None)
    assert completion.answer.text == "key ***"


async def test_a_refusal_in_a_stream_stops_the_run() -> None:
    body = sse([delta(content="4"), {"error": {"code": 401, "message": "key revoked"}}])
    async with asking(Endpoint(stream(body)), stream=True) as model:
        with pytest.raises(CallRefused, match="key revoked") as caught:
            await model.complete(ask(), None)
    assert not isinstance(caught.value, CallFailed)
