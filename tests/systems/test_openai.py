from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from evalsuite.errors import CallRefused, CallRejected, CallTransient, ConfigError
from evalsuite.records import Completion, Message, Request
from evalsuite.systems.base import Devices
from evalsuite.systems.openai import OpenAIModel, OpenAISpec
from evalsuite.systems.openai_reply import failure_from, retry_after_seconds
from evalsuite.systems.price import usd_of

SECRET = "sk-very-secret-0123456789"
Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[..., Awaitable[OpenAIModel]]


def ask(prompt: str = "what is 12 + 31?", **options: Any) -> Request:
    turn = Message(role="user", content=prompt)
    return Request(task="t", sample_id="1", inputs={}, messages=(turn,), **options)


def chat(message: dict[str, Any], finish: str | None = "stop", **more: Any) -> web.Response:
    choice = {"index": 0, "message": message, "finish_reason": finish, **more.pop("choice", {})}
    return web.json_response({"choices": [choice], **more})


class Endpoint:
    """Gives the listed replies in turn, the last one for ever, and keeps what it was sent."""

    def __init__(self, replies: list[web.Response | Reply]) -> None:
        self.replies = replies
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.json())
        self.headers.append(dict(request.headers))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, web.Response):
            return web.Response(body=reply.body, status=reply.status, headers=reply.headers)
        return await reply(request)


@pytest.fixture
async def serve(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Serve]:
    monkeypatch.setenv("TEST_KEY", SECRET)
    runners: list[web.AppRunner] = []
    models: list[OpenAIModel] = []

    async def start(endpoint: Endpoint, **options: Any) -> OpenAIModel:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", endpoint.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        options = {"backoff_seconds": 0.01, "api_key_env": "TEST_KEY", **options}
        spec = OpenAISpec(model="m", base_url=f"http://127.0.0.1:{port}/v1", **options)
        models.append(spec.open(Devices()))
        return models[-1]

    yield start
    for model in models:
        await model.close()
    for runner in runners:
        await runner.cleanup()


async def test_a_whole_reply_is_read(serve: Serve) -> None:
    usage = {
        "prompt_tokens": 1000,
        "completion_tokens": 200,
        "prompt_tokens_details": {"cached_tokens": 400},
        "completion_tokens_details": {"reasoning_tokens": 150},
    }
    logprobs = {"content": [{"token": "4", "logprob": -0.25}, {"token": "3", "logprob": -0.5}]}
    endpoint = Endpoint([chat({"content": "43"}, usage=usage, choice={"logprobs": logprobs})])
    model = await serve(
        endpoint,
        logprobs=True,
        usd_per_million_input_tokens=2.0,
        usd_per_million_cached_input_tokens=0.5,
        usd_per_million_output_tokens=8.0,
    )
    completion = await model.complete(ask(max_output_tokens=300, stop=("\n\n",)), None)
    assert completion.answer.text == "43"
    assert completion.answer.choice is None
    assert completion.answer.token_logprobs == (-0.25, -0.5)
    assert completion.answer.finish_reason == "stop"
    assert (completion.input_tokens, completion.cached_input_tokens) == (1000, 400)
    assert (completion.output_tokens, completion.reasoning_tokens) == (200, 150)
    assert completion.tokens_counted_by == "provider"
    assert completion.machine_seconds is None
    # (600 x 2 + 400 x 0.5 + 200 x 8) / 1e6 by hand
    assert usd_of(completion, model.price) == (pytest.approx(0.003), "tokens")
    assert endpoint.bodies == [
        {
            "model": "m",
            "messages": [{"role": "user", "content": "what is 12 + 31?"}],
            "temperature": 0.0,
            "max_tokens": 300,
            "stop": ["\n\n"],
            "logprobs": True,
        }
    ]
    assert endpoint.headers[0]["Authorization"] == f"Bearer {SECRET}"


async def test_missing_usage_is_unknown_and_so_is_the_cost(serve: Serve) -> None:
    prices = {"usd_per_million_input_tokens": 1.0, "usd_per_million_output_tokens": 1.0}
    for usage in ({}, {"usage": None}, {"usage": {"prompt_tokens": "12", "completion_tokens": -1}}):
        model = await serve(Endpoint([chat({"content": "43"}, **usage)]), **prices)
        completion = await model.complete(ask(), None)
        assert completion.input_tokens is None
        assert completion.output_tokens is None
        assert completion.tokens_counted_by is None
        assert usd_of(completion, model.price) == (None, None)


async def test_extra_fields_replace_and_remove_ours(serve: Serve) -> None:
    endpoint = Endpoint([chat({"content": "x"})])
    extra = {"temperature": None, "max_tokens": None, "max_completion_tokens": 9, "top_p": 0.5}
    model = await serve(endpoint, extra=extra)
    await model.complete(ask(), None)
    assert set(endpoint.bodies[0]) == {"model", "messages", "max_completion_tokens", "top_p"}
    assert model.identity["extra"] == extra


async def test_repeats_are_sampled_with_different_seeds(serve: Serve) -> None:
    endpoint = Endpoint([chat({"content": "x"})])
    model = await serve(endpoint)
    for repeat in (0, 1, 0):
        await model.complete(ask(temperature=0.7, repeat=repeat), None)
    first, second, again = (body["seed"] for body in endpoint.bodies)
    assert first == again != second


async def test_transient_failures_are_retried_and_counted(serve: Serve) -> None:
    async def drop(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    slow_down = web.Response(status=429, headers={"Retry-After": "0.2"}, text="{}")
    endpoint = Endpoint(
        [
            slow_down,
            web.Response(status=503, text="<html>bad gateway</html>"),
            drop,
            web.Response(text='{"id":"x","choices":[{"mess'),
            chat({"content": "43"}),
        ]
    )
    model = await serve(endpoint)
    completion = await model.complete(ask(), None)
    assert completion.answer.text == "43"
    assert completion.retries == 4
    # 0.2 as asked, then half to all of 0.02, 0.04 and 0.08
    assert 0.2 + 0.07 <= completion.backoff_seconds <= 0.2 + 0.14
    assert (completion.service_seconds or 0) < 0.2


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (web.Response(status=429, text='{"error":{"message":"slow down"}}'), "rate_limited"),
        (web.Response(status=500, text="oops"), "server_error"),
        (web.Response(text="not json"), "malformed_reply"),
        (web.Response(text='{"error":{"message":"upstream"}}'), "malformed_reply"),
        (web.Response(text='{"choices":[{"message":{"content":7}}]}'), "malformed_reply"),
    ],
)
async def test_transient_failures_end_after_max_retries(
    serve: Serve, reply: web.Response, kind: str
) -> None:
    endpoint = Endpoint([reply])
    model = await serve(endpoint, max_retries=2)
    with pytest.raises(CallTransient) as caught:
        await model.complete(ask(), None)
    assert caught.value.kind == kind
    assert caught.value.retries == 2
    assert 0.015 <= caught.value.backoff_seconds <= 0.03
    assert len(endpoint.bodies) == 3


async def test_a_long_retry_after_is_not_waited_for(serve: Serve) -> None:
    reply = web.Response(status=429, headers={"Retry-After": "3600"}, text="{}")
    model = await serve(Endpoint([reply]))
    with pytest.raises(CallTransient) as caught:
        await model.complete(ask(), None)
    assert caught.value.retry_after_seconds == 3600
    assert caught.value.retries == 0


async def test_timeouts_and_closed_ports(serve: Serve) -> None:
    async def hang(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(5)
        return web.Response()

    model = await serve(Endpoint([hang]), timeout_seconds=0.1, max_retries=0)
    with pytest.raises(CallTransient, match=r"no answer within 0\.1 s") as caught:
        await model.complete(ask(), None)
    assert caught.value.kind == "timeout"
    assert caught.value.billed is None
    spec = OpenAISpec(model="m", base_url=f"http://127.0.0.1:{free_port()}/v1", max_retries=0)
    nobody = spec.open(Devices())
    with pytest.raises(CallTransient) as refused:
        await nobody.complete(ask(), None)
    await nobody.close()
    assert refused.value.kind == "connection"
    assert refused.value.billed is False


@pytest.mark.parametrize(
    ("status", "error", "kind", "failure"),
    [
        (401, {"message": f"Incorrect API key provided: {SECRET}"}, "not_authorised", CallRefused),
        (403, {"message": "no"}, "not_authorised", CallRefused),
        (404, {"message": "The model `m` does not exist"}, "not_found", CallRefused),
        (307, {"message": "moved"}, "not_found", CallRefused),
        (429, {"message": "x", "code": "insufficient_quota"}, "quota_used_up", CallRefused),
        (
            400,
            {"message": "x", "code": "context_length_exceeded"},
            "context_too_long",
            CallRejected,
        ),
        (
            400,
            {"message": "This model's maximum context length is 8192 tokens."},
            "context_too_long",
            CallRejected,
        ),
        (400, {"message": "x", "code": "content_filter"}, "content_filter", CallRejected),
        (400, {"message": "unknown parameter"}, "bad_request", CallRejected),
        (422, {"message": "unknown parameter"}, "bad_request", CallRejected),
    ],
)
async def test_final_failures_are_typed_and_not_retried(
    serve: Serve, status: int, error: dict[str, str], kind: str, failure: type[Exception]
) -> None:
    endpoint = Endpoint([web.Response(status=status, text=json.dumps({"error": error}))])
    model = await serve(endpoint)
    with pytest.raises(failure) as caught:
        await model.complete(ask(), None)
    assert vars(caught.value)["kind"] == kind
    assert failure is CallRefused or vars(caught.value)["billed"] is False
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(endpoint.bodies) == 1


@pytest.mark.parametrize(
    ("message", "finish", "kind"),
    [
        ({"content": ""}, "stop", "empty_answer"),
        ({"content": None}, None, "empty_answer"),
        ({"content": None}, "content_filter", "content_filter"),
    ],
)
async def test_nothing_is_not_an_answer(
    serve: Serve, message: dict[str, Any], finish: str | None, kind: str
) -> None:
    model = await serve(Endpoint([chat(message, finish)]))
    with pytest.raises(CallRejected) as caught:
        await model.complete(ask(), None)
    assert caught.value.kind == kind


async def test_answers_without_content(serve: Serve) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}

    async def answered(message: dict[str, Any], finish: str) -> Completion:
        model = await serve(Endpoint([chat(message, finish)]))
        return await model.complete(ask(), None)

    cut = await answered({"content": ""}, "length")
    assert (cut.answer.text, cut.answer.finish_reason) == ("", "length")
    tools = await answered({"content": None, "tool_calls": [call]}, "tool_calls")
    assert (tools.answer.text, tools.answer.data) == (None, [call])
    refusal = await answered({"content": None, "refusal": "I cannot."}, "stop")
    assert refusal.answer.text == "I cannot."


def test_retry_after_is_seconds_or_milliseconds_or_a_date() -> None:
    assert retry_after_seconds({"Retry-After": "1.5"}) == 1.5
    assert retry_after_seconds({"retry-after-ms": "250", "Retry-After": "9"}) == 0.25
    assert retry_after_seconds({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0
    assert retry_after_seconds({"Retry-After": "soon"}) is None
    assert retry_after_seconds({}) is None


def test_long_error_pages_are_cut() -> None:
    failure = failure_from(502, "<html>\n" + "x" * 5000, None)
    assert len(str(failure)) < 350
    assert "\n" not in str(failure)


def test_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        OpenAISpec(model="gpt-5-mini").open(Devices())
    assert OpenAISpec(model="m", base_url="http://localhost:1/v1").open(Devices()).name == "m"
    free = OpenAISpec(model="m", base_url="https://example.org/v1", api_key_env=None)
    assert free.open(Devices()).name == "m"
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    model = OpenAISpec(model="gpt-5-mini").open(Devices())
    assert SECRET not in repr(model) + repr(model.identity) + repr(model.price)
    assert "max_completion_tokens" in model.body(ask())
    with pytest.raises(ValueError, match="belongs in the environment"):
        OpenAISpec(model="m", base_url="https://user:pass@example.org/v1")
    with pytest.raises(ValueError, match="write it as"):
        OpenAISpec(model="m", base_url="example.org")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def stub_port() -> Iterator[int]:
    data = Path(os.environ.get("EVALSUITE_DATA", Path(__file__).parents[2] / "../shared/data"))
    script = data.parent / "tools" / "stub_server.mjs"
    node = shutil.which("node")
    if node is None or not script.is_file():
        pytest.skip("needs node and tools/stub_server.mjs beside the data folder")
    port = free_port()
    command = [node, str(script), str(port), "5", "0.3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "ready" in process.stdout.readline()
        yield port
        process.terminate()


async def test_a_faulty_server_process_loses_no_answer(stub_port: int) -> None:
    base_url = f"http://127.0.0.1:{stub_port}/v1"
    spec = OpenAISpec(model="stub", base_url=base_url, max_retries=12, backoff_seconds=0.01)
    model = spec.open(Devices())
    requests = [ask(f"what is {i} + 100?") for i in range(60)]
    completions = await asyncio.gather(*(model.complete(r, None) for r in requests))
    await model.close()
    for i, completion in enumerate(completions):
        total = i + 100  # the stub is wrong by one for every fourth sum
        right = total + 1 if total % 4 == 0 else total
        assert completion.answer.text == f"The sum is\n#### {right}"
        assert completion.output_tokens == 6
    assert sum(completion.retries for completion in completions) > 0
