from __future__ import annotations

import asyncio
import json
import time
import traceback
from typing import Any

import pytest
from aiohttp import web

from evalsuite.errors import CallFailed, CallRefused, CallRejected, CallTransient
from evalsuite.records import Message
from evalsuite.systems.openai import OpenAISpec
from evalsuite.systems.openai.model import OpenAIModel
from evalsuite.systems.resources import Resources
from tests.servers.processes import running_stub
from tests.systems.openai.endpoint import (
    SECRET,
    Endpoint,
    ask,
    asking,
    chat,
    error,
    free_port,
)

ANSWER = chat({"content": "43"}, usage={"prompt_tokens": 9, "completion_tokens": 1}, model="m")
SLOW_DOWN = {"error": {"message": "slow down"}}


async def drop(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def hang(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(5)
    return web.Response()


async def test_what_is_sent_and_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", SECRET)
    for api, path in (
        ("chat", "/v1/chat/completions"),
        ("completions", "/v1/completions"),
        ("responses", "/v1/responses"),
    ):
        endpoint = Endpoint(error(404, ""))
        async with asking(endpoint, api=api, api_key_env="TEST_KEY") as model:
            with pytest.raises(CallRefused):
                await model.complete(ask(), None)
        assert endpoint.paths == [path]
        assert endpoint.headers[0]["Authorization"] == f"Bearer {SECRET}"
        assert endpoint.headers[0]["Content-Type"] == "application/json"
        assert endpoint.headers[0]["User-Agent"].startswith("evalsuite/")


async def test_an_answer_and_its_times() -> None:
    async def slowly(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.05)
        return web.Response(body=ANSWER.body, headers=ANSWER.headers)

    resources = Resources()
    async with asking(Endpoint(slowly), resources) as model:
        completion = await model.complete(ask(), None)
        assert model.cacheable
        assert (model.limiter.in_flight, model.requests_for(ask(choices=("a", "b")))) == (0, 1)
    assert completion.answer.text == "43"
    assert completion.service_seconds is not None and completion.service_seconds >= 0.05
    assert (completion.queue_seconds, completion.backoff_seconds, completion.retries) == (0, 0, 0)
    assert completion.first_token_seconds is None
    assert completion.machine_seconds is None
    assert resources.notes == ()


async def test_transient_failures_are_retried_and_counted() -> None:
    endpoint = Endpoint(
        error(429, SLOW_DOWN, **{"Retry-After": "0.2"}),
        error(503, "<html>bad gateway</html>"),
        drop,
        web.Response(text='{"id":"x","choices":[{"mess'),
        web.Response(text="<html>Sign in</html>"),
        ANSWER,
    )
    async with asking(endpoint, max_retries=5) as model:
        completion = await model.complete(ask(), None)
    assert completion.answer.text == "43"
    assert completion.retries == 5
    # 0.2 to 0.21 as asked, then nothing to all of 0.02, 0.04, 0.08 and 0.16
    assert 0.2 <= completion.backoff_seconds <= 0.21 + 0.30
    assert completion.maybe_billed_attempts == 3  # the lost connection and the two broken replies


@pytest.mark.parametrize(
    ("reply", "kind", "billed"),
    [
        (error(429, SLOW_DOWN), "rate_limited", False),
        (error(500, "oops"), "server_error", False),
        (web.Response(text="not json"), "malformed_reply", None),
        (web.Response(text=json.dumps(SLOW_DOWN)), "server_error", None),
        (drop, "connection", None),
    ],
)
async def test_transient_failures_end_after_max_retries(
    reply: Any, kind: str, billed: bool | None
) -> None:
    endpoint = Endpoint(reply)
    async with asking(endpoint, max_retries=2) as model:
        with pytest.raises(CallTransient) as caught:
            await model.complete(ask(), None)
        assert model.limiter.in_flight == 0
    assert (caught.value.kind, caught.value.billed) == (kind, billed)
    assert caught.value.retries == 2
    assert 0 <= caught.value.backoff_seconds <= 0.01 + 0.02
    assert len(endpoint.bodies) == 3


async def test_one_attempt_that_may_be_billed_makes_the_whole_call_so() -> None:
    async with asking(Endpoint(drop, error(500, "oops")), max_retries=1) as model:
        with pytest.raises(CallTransient) as caught:
            await model.complete(ask(), None)
    assert (caught.value.kind, caught.value.billed) == ("server_error", None)


async def test_a_wait_that_is_too_long_is_a_failure() -> None:
    endpoint = Endpoint(error(429, SLOW_DOWN, **{"Retry-After": "3600"}))
    async with asking(endpoint) as model:
        with pytest.raises(CallTransient) as caught:
            await model.complete(ask(), None)
    assert (caught.value.retry_after_seconds, caught.value.retries) == (3600, 0)


async def test_everybody_waits_when_one_is_told_to() -> None:
    endpoint = Endpoint(error(429, SLOW_DOWN, **{"Retry-After": "0.4"}), ANSWER)
    async with asking(endpoint, max_concurrency=4) as model:
        began = time.perf_counter()
        first = asyncio.create_task(model.complete(ask(), None))
        while "on hold" not in model.limiter.describe():
            await asyncio.sleep(0.005)
        other = await model.complete(ask(), None)
        assert time.perf_counter() - began >= 0.4
        assert (await first).retries == 1
    assert other.retries == 0
    assert other.queue_seconds is not None and other.queue_seconds > 0
    assert other.backoff_seconds == 0


async def test_a_rate_limit_with_status_200_is_one_too() -> None:
    body = json.dumps({"error": {"code": 429, "message": "upstream is busy"}})
    async with asking(Endpoint(web.Response(text=body), ANSWER), max_concurrency=8) as model:
        completion = await model.complete(ask(), None)
        assert "after a refusal" not in model.limiter.describe(), "one refusal is no sign of load"
    assert completion.retries == 1


async def test_no_more_in_flight_than_allowed() -> None:
    in_flight, most = 0, 0

    async def count(request: web.Request) -> web.StreamResponse:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        await asyncio.sleep(0.01)
        in_flight -= 1
        return web.Response(body=ANSWER.body, headers=ANSWER.headers)

    async with asking(Endpoint(count), max_concurrency=3) as model:
        completions = await asyncio.gather(*(model.complete(ask(), None) for _ in range(12)))
    assert most == 3
    assert sum((one.queue_seconds or 0) > 0 for one in completions) >= 9


async def test_what_was_not_used_of_the_tokens_per_minute_comes_back() -> None:
    async with asking(Endpoint(ANSWER), tokens_per_minute=60_000) as model:
        request = ask(max_output_tokens=1000)
        for _ in range(20):  # at 1000 tokens a second, 20 x 1000 would take 20 s
            completion = await asyncio.wait_for(model.complete(request, None), 5)
    assert completion.answer.text == "43"


async def test_timeouts_and_closed_ports() -> None:
    async with asking(Endpoint(hang), timeout_seconds=0.1, max_retries=0) as model:
        with pytest.raises(CallTransient, match=r"no answer within 0\.1 s") as caught:
            await model.complete(ask(), None)
    assert (caught.value.kind, caught.value.billed) == ("timeout", None)
    base_url = f"http://127.0.0.1:{free_port()}/v1"
    nobody = OpenAISpec(model="m", base_url=base_url, max_retries=0).open(Resources())
    with pytest.raises(CallTransient) as refused:
        await nobody.complete(ask(), None)
    await nobody.close()
    assert (refused.value.kind, refused.value.billed) == ("connection", False)


async def test_a_host_that_takes_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    # 192.0.2.0/24 is reserved for documentation (RFC 5737): nobody answers, or nothing leads there
    options: dict[str, Any] = {"api_key_env": None, "connect_timeout_seconds": 0.1}
    spec = OpenAISpec(model="m", base_url="http://192.0.2.1/v1", max_retries=0, **options)
    model = spec.open(Resources())
    with pytest.raises(CallTransient) as caught:
        await model.complete(ask(), None)
    await model.close()
    assert caught.value.kind in ("timeout", "connection")
    assert caught.value.billed is False


async def test_a_refusal_is_not_retried_and_says_nothing_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TEST_KEY", SECRET)
    body = {"error": {"message": f"Incorrect API key provided: {SECRET}"}}
    endpoint = Endpoint(error(401, body))
    async with asking(endpoint, api_key_env="TEST_KEY") as model:
        with pytest.raises(CallRefused) as caught:
            await model.complete(ask(), None)
    assert str(caught.value) == "HTTP 401: Incorrect API key provided: ***"
    assert len(endpoint.bodies) == 1


async def test_a_rejected_request_is_not_retried() -> None:
    endpoint = Endpoint(error(400, {"error": {"message": "x", "code": "context_length_exceeded"}}))
    async with asking(endpoint) as model:
        with pytest.raises(CallRejected) as caught:
            await model.complete(ask(), None)
    assert (caught.value.kind, caught.value.billed) == ("context_too_long", False)
    assert len(endpoint.bodies) == 1


@pytest.mark.parametrize("reply", [drop, hang, error(500, SECRET)])
async def test_no_exception_holds_the_key(monkeypatch: pytest.MonkeyPatch, reply: Any) -> None:
    """Not in its text, nor in the exceptions behind it or their attributes."""
    monkeypatch.setenv("TEST_KEY", SECRET)
    options: dict[str, Any] = {"api_key_env": "TEST_KEY", "timeout_seconds": 0.2}
    async with asking(Endpoint(reply), max_retries=0, **options) as model:
        with pytest.raises(CallFailed) as caught:
            await model.complete(ask(), None)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert SECRET not in repr(vars(caught.value))


async def test_an_echoed_key_never_reaches_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", SECRET)
    endpoint = Endpoint(chat({"content": f"your key is {SECRET}"}))
    async with asking(endpoint, api_key_env="TEST_KEY") as model:
        completion = await model.complete(ask(), None)
    assert completion.answer.text == "your key is ***"


async def test_redirects_are_not_followed() -> None:
    endpoint = Endpoint(error(307, "", Location="/v1/elsewhere"), ANSWER)
    async with asking(endpoint) as model:
        with pytest.raises(CallRefused, match="HTTP 307"):
            await model.complete(ask(), None)
    assert endpoint.paths == ["/v1/chat/completions"]


async def test_an_image_is_not_counted_by_its_bytes() -> None:
    image = "data:image/png;base64," + "A" * 400_000
    turn = Message(role="user", content="what is it?", images=(image,))
    async with asking(Endpoint(ANSWER), tokens_per_minute=100_000) as model:
        completion = await asyncio.wait_for(model.complete(ask(messages=(turn,)), None), 5)
    assert completion.answer.text == "43"


async def test_giving_up_leaves_no_turn_behind() -> None:
    async with asking(Endpoint(hang)) as model:
        task = asyncio.create_task(model.complete(ask(), None))
        await asyncio.sleep(0.1)
        assert model.limiter.in_flight == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert model.limiter.in_flight == 0


async def test_the_environment_names_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    monkeypatch.delenv("no_proxy", raising=False)
    spec = OpenAISpec(
        model="m", base_url="http://models.example/v1", api_key_env=None, max_retries=0
    )
    model = spec.open(Resources())
    with pytest.raises(CallTransient, match="HTTP 502"):
        await model.complete(ask(), None)
    await model.close()
    server.close()
    await server.wait_closed()
    assert asked == [b"POST http://models.example/v1/chat/completions HTTP/1.1\r\n"]


@pytest.mark.parametrize(
    "options", [{}, {"stream": True}, {"api": "completions"}], ids=["whole", "streamed", "text"]
)
async def test_a_faulty_server_process_loses_no_answer(options: dict[str, Any]) -> None:
    options = {"max_retries": 12, "backoff_seconds": 0.01, **options}
    with running_stub(latency_ms=5, fault_rate=0.3) as server:
        model = OpenAISpec(model="stub", base_url=server.base_url, **options).open(Resources())
        assert isinstance(model, OpenAIModel)
        requests = [ask(f"what is {i} + 100?") for i in range(80)]
        completions = await asyncio.gather(*(model.complete(r, None) for r in requests))
        assert model.limiter.in_flight == 0
        await model.close()
        stats = server.stats()
    for i, completion in enumerate(completions):
        total = i + 100  # the stub is wrong by one for every fourth sum
        right = total + 1 if total % 4 == 0 else total
        assert completion.answer.text is not None
        assert completion.answer.text.split() == ["The", "sum", "is", "####", str(right)]
        assert completion.output_tokens == 6
        assert (completion.first_token_seconds is not None) == ("stream" in options)
    assert stats["ok"] == len(completions)
    assert sum(completion.retries for completion in completions) == sum(stats["faults"].values())
    assert sum(completion.maybe_billed_attempts for completion in completions) == (
        stats["faults"]["dropped"] + stats["faults"]["truncated"]
    )
