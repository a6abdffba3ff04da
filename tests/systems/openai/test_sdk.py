"""The vendor's client carries the same bytes: whatever comes, both clients say the same of it."""

from __future__ import annotations

import asyncio
import sys
import traceback
from typing import Any

import pytest
from aiohttp import web
from msgspec.structs import replace

from evalsuite.errors import CallFailed, CallRefused, CallTransient, ExtraMissing
from evalsuite.records import Completion
from evalsuite.systems.openai import OpenAISpec
from evalsuite.systems.openai.sdk import ClientOptions, SdkModel
from evalsuite.systems.resources import Resources
from tests.systems.openai.endpoint import (
    SECRET,
    Endpoint,
    ask,
    asking,
    chat,
    delta,
    error,
    free_port,
    running,
    sse,
    stream,
)

pytest.importorskip("openai", reason="the extra `openai` is not installed")

USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
ANSWER = chat({"role": "assistant", "content": "43 ü"}, usage=USAGE, model="m")
STREAM = stream(
    sse(
        [
            delta(role="assistant", content=""),
            delta(content="4"),
            delta(content="3 ü"),
            delta("stop"),
            {"model": "m", "choices": [], "usage": USAGE},
        ]
    )
)


async def drop(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def hang(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(5)
    return web.Response()


async def outcome(client: str, endpoint: Endpoint, **options: Any) -> Any:
    """The completion without its times and whether it was streamed, or what the failure was."""
    async with asking(endpoint, client=client, **options) as model:
        try:
            done = await model.complete(ask(), None)
        except (CallFailed, CallRefused) as failure:
            billed = getattr(failure, "billed", None)
            return type(failure).__name__, failure.kind, billed
    assert isinstance(done, Completion)
    assert done.service_seconds is not None
    streamed = done.first_token_seconds is not None
    bare = {"queue_seconds": None, "service_seconds": None, "first_token_seconds": None}
    return replace(done, backoff_seconds=0.0, **bare), streamed


TOOL_CALL = {
    "content": None,
    "tool_calls": [
        {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    ],
}
REPLIES: dict[str, tuple[Any, dict[str, Any]]] = {
    "answer": (ANSWER, {}),
    "stream": (STREAM, {"stream": True}),
    "stream refused": (ANSWER, {"stream": True}),
    "stream cut": (stream(sse([delta(content="4")], done=False), cut=True), {"stream": True}),
    "tool call": (chat(TOOL_CALL, "tool_calls", usage=USAGE), {}),
    "extra": (ANSWER, {"extra": {"min_p": 0.1, "temperature": None}, "reasoning_effort": "low"}),
    "filtered": (chat({"content": ""}, "content_filter"), {}),
    "no json": (web.Response(text="<html>Sign in</html>"), {}),
    "cut json": (web.Response(text='{"choices":[{"mess'), {}),
    "rate limit": (error(429, {"error": {"message": "slow down"}}), {}),
    "html 503": (error(503, "<html>bad gateway</html>"), {}),
    "server": (error(500, {"error": {"message": "oops"}}), {}),
    "auth": (error(401, {"error": {"message": "no"}}), {}),
    "model": (error(404, {"error": {"message": "no such model"}}), {}),
    "too long": (
        error(400, {"error": {"message": "too long", "code": "context_length_exceeded"}}),
        {},
    ),
    "redirect": (error(307, "", Location="http://127.0.0.1:9/elsewhere"), {}),
    "dropped": (drop, {}),
}


@pytest.mark.parametrize("name", REPLIES)
async def test_both_clients_send_and_read_the_same(name: str) -> None:
    reply, options = REPLIES[name]
    seen: dict[str, Any] = {}
    for client in ("aiohttp", "openai"):
        endpoint = Endpoint(reply)
        result = await outcome(client, endpoint, max_retries=1, **options)
        seen[client] = (result, endpoint.bodies, endpoint.paths)
    assert seen["openai"] == seen["aiohttp"]


async def test_both_clients_say_the_same_to_the_other_apis() -> None:
    replies = {
        "completions": {
            "choices": [{"text": "43", "finish_reason": "stop", "index": 0}],
            "usage": USAGE,
        },
        "responses": {
            "status": "completed",
            "output": [
                {"type": "message", "content": [{"type": "output_text", "text": "43"}]},
            ],
            "usage": {"input_tokens": 9, "output_tokens": 2},
        },
    }
    for api, body in replies.items():
        seen: list[Any] = []
        for client in ("aiohttp", "openai"):
            endpoint = Endpoint(web.json_response(body))
            result = await outcome(client, endpoint, api=api)
            assert result[0].answer.text == "43"
            seen.append((result, endpoint.bodies, endpoint.paths))
        assert seen[0] == seen[1]


async def test_its_own_retries_are_off_and_ours_are_counted() -> None:
    endpoint = Endpoint(error(500, "oops"), error(429, "", **{"Retry-After": "0.05"}), ANSWER)
    async with asking(endpoint, client="openai", max_retries=2) as model:
        done = await model.complete(ask(), None)
    assert (done.retries, len(endpoint.bodies)) == (2, 3)
    assert done.backoff_seconds >= 0.05


async def stand_still(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await response.write(sse([delta(content="4")], done=False))
    await asyncio.sleep(5)
    return response


async def test_a_stream_that_stands_still_is_a_timeout() -> None:
    options = {"client": "openai", "stream": True, "max_retries": 0, "idle_timeout_seconds": 0.2}
    async with asking(Endpoint(stand_still), **options) as model:
        with pytest.raises(CallTransient, match="the stream stood still") as caught:
            await model.complete(ask(), None)
    assert (caught.value.kind, caught.value.billed) == ("timeout", None)


async def test_timeouts_are_typed() -> None:
    async with asking(Endpoint(hang), client="openai", max_retries=0, timeout_seconds=0.2) as model:
        with pytest.raises(CallTransient, match="no answer within") as caught:
            await model.complete(ask(), None)
        assert (caught.value.kind, caught.value.billed) == ("timeout", None)
        assert model.limiter.in_flight == 0


async def test_nobody_there_is_a_connection_failure_that_cost_nothing() -> None:
    spec = OpenAISpec(
        model="m", base_url=f"http://127.0.0.1:{free_port()}/v1", client="openai", max_retries=0
    )
    model = spec.open(Resources())
    with pytest.raises(CallTransient) as caught:
        await model.complete(ask(), None)
    await model.close()
    assert (caught.value.kind, caught.value.billed) == ("connection", False)


async def test_the_key_is_sent_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", SECRET)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")
    echoed = error(400, {"error": {"message": f"bad key {SECRET}"}})
    endpoint = Endpoint(echoed)
    async with asking(endpoint, client="openai", api_key_env="TEST_KEY") as model:
        with pytest.raises(CallFailed) as caught:
            await model.complete(ask(), None)
    assert endpoint.headers[0]["Authorization"] == f"Bearer {SECRET}"
    shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    assert SECRET not in shown
    assert "***" in shown


async def test_an_endpoint_without_a_key_is_sent_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")
    endpoint = Endpoint(ANSWER)
    async with asking(endpoint, client="openai", headers={"X-Team": "a"}) as model:
        await model.complete(ask(), None)
    sent = {name.lower(): value for name, value in endpoint.headers[0].items()}
    assert "authorization" not in sent
    assert sent["x-team"] == "a"
    assert sent["user-agent"].startswith("evalsuite/")


async def test_options_of_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", SECRET)
    endpoint = Endpoint(ANSWER)
    async with running(endpoint) as base_url:
        spec = OpenAISpec(model="m", base_url=base_url, client="openai", api_key_env="TEST_KEY")
        plain = SdkModel(spec, Resources())
        azure = SdkModel(spec, Resources(), ClientOptions(api_version="2024-10-21"))
        charged = SdkModel(spec, Resources(), ClientOptions(organization="org-1", project="p-1"))
        for model in (azure, charged):
            done = await model.complete(ask(), None)
            assert done.answer.text == "43 ü"
        for model in (plain, azure, charged):
            await model.close()
    assert endpoint.paths[0] == "/v1/openai/deployments/m/chat/completions"
    assert endpoint.headers[0]["api-key"] == SECRET
    assert "Authorization" not in endpoint.headers[0]
    sent = {name.lower(): value for name, value in endpoint.headers[1].items()}
    assert (sent["openai-organization"], sent["openai-project"]) == ("org-1", "p-1")
    assert charged.identity == plain.identity  # who pays changes no answer
    assert azure.identity == {**plain.identity, "client_options": {"api_version": "2024-10-21"}}


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    spec = OpenAISpec(model="m", base_url="http://127.0.0.1:9/v1", client="openai")
    with pytest.raises(ExtraMissing, match=r"pip install 'evalsuite\[openai\]'"):
        spec.open(Resources())
