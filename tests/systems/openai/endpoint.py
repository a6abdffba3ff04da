"""A real HTTP server that says what a test wants it to say and keeps what it was sent."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from evalsuite.records import Message, Request
from evalsuite.systems.openai import OpenAISpec
from evalsuite.systems.openai.model import OpenAIModel
from evalsuite.systems.resources import Resources

SECRET = "sk-very-secret-0123456789"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Endpoint:
    """Gives the listed replies in turn, the last one for ever."""

    def __init__(self, *replies: web.Response | Handler) -> None:
        self.replies = list(replies)
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.paths.append(request.path)
        self.bodies.append(await request.json())
        self.headers.append(dict(request.headers))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, web.Response):
            return web.Response(body=reply.body, status=reply.status, headers=reply.headers)
        return await reply(request)


@asynccontextmanager
async def running(endpoint: Endpoint) -> AsyncIterator[str]:
    """The address, up to /v1, at which ``endpoint`` answers."""
    app = web.Application(client_max_size=2**24)
    app.router.add_post("/v1/{tail:.*}", endpoint.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def asking(
    endpoint: Endpoint, resources: Resources | None = None, **options: Any
) -> AsyncIterator[OpenAIModel]:
    """A model that asks ``endpoint``."""
    async with running(endpoint) as base_url:
        options = {"backoff_seconds": 0.01, "api_key_env": None, "model": "m", **options}
        model = OpenAISpec(base_url=base_url, **options).open(resources or Resources())
        assert isinstance(model, OpenAIModel)
        try:
            yield model
        finally:
            await model.close()


def ask(prompt: str = "what is 12 + 31?", **options: Any) -> Request:
    turn = Message(role="user", content=prompt)
    options = {"messages": (turn,), "inputs": {}, "task": "t", "sample_id": "1", **options}
    return Request(**options)


def chat(message: dict[str, Any], finish: str | None = "stop", **more: Any) -> web.Response:
    choice = {"index": 0, "message": message, "finish_reason": finish, **more.pop("choice", {})}
    return web.json_response({"choices": [choice], **more})


def error(status: int, body: Any, **headers: str) -> web.Response:
    text = body if isinstance(body, str) else json.dumps(body)
    return web.Response(status=status, text=text, headers=headers)


def delta(finish: str | None = None, **fields: Any) -> dict[str, Any]:
    """A chunk of a chat stream."""
    return {"model": "m", "choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


def sse(events: Iterable[Any], done: bool = True) -> bytes:
    data = [event if isinstance(event, str) else json.dumps(event) for event in events]
    if done:
        data.append("[DONE]")
    return b"".join(b"data: " + text.encode() + b"\n\n" for text in data)


def stream(body: bytes, *, cut: bool = False) -> Handler:
    """A handler that streams ``body``; with ``cut`` the connection is lost after it."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        await response.write(body)
        if cut:
            assert request.transport is not None
            request.transport.abort()
        return response

    return handle


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
