"""An OpenAI-compatible endpoint with known answers, latency, capacity and faults.

    python stub.py [--port 0] [--latency-ms 0] [--fault-rate 0.2] ...

Standard library only, and quick (HTTP is parsed by hand, one asyncio protocol a connection), so
that in a benchmark the client is what is measured. It prints ``{"port": N}`` when it listens.

Answers. ``/v1/chat/completions``, streamed or not, and ``/v1/completions``: the sum of the last
"A + B" of the prompt, as ``#### N``, one more where the sum divides by four. The model "small" is
one off for every odd sum too. Log-probabilities, where asked for, are -0.05 a token where the
sum's tens (of the model "small") or hundreds (of all others) are even and -1.5 where they are odd.
Usage counts a token for each four characters of the prompt, and six for the answer.

``/stats`` gives what was asked and answered, as JSON:

    asked, ok, faults (by kind), prompt_tokens and completion_tokens of the successful answers,
    in_flight, peak, and with ``?contents=1`` ``contents``: [asked, ok, epochs] by the hash of what
    was asked (model and prompt), where ``epochs`` lists the value of the ``/epoch`` counter at
    each asking. ``/epoch`` adds one to it. ``/faults?rate=X`` sets the share of faulty requests.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import random
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

FAULTS = ("rate_limited", "server_error", "dropped", "truncated", "bad_gateway")
ANSWER_TOKENS = 6
_SUM = re.compile(r"(\d+)\s*\+\s*(\d+)")
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.I)


@dataclass
class Options:
    """What the server does: see the options of the command line."""

    latency_seconds: float = 0.0
    jitter_seconds: float = 0.0
    capacity: int | None = None
    fault_rate: float = 0.0
    retry_after_seconds: float = 0.02
    with_usage: bool = True


@dataclass
class Counts:
    """What was asked and answered so far. ``contents``: hash -> [asked, ok, epochs]."""

    asked: int = 0
    ok: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    in_flight: int = 0
    peak: int = 0
    epoch: int = 0
    contents: dict[str, list[Any]] = field(default_factory=dict)


def answer_to(model: str, prompt: str) -> tuple[str, float]:
    """The answer to the last sum of ``prompt``, and the log-probability of each of its tokens."""
    sums = _SUM.findall(prompt)
    if not sums:
        return "no sum", -3.0
    total = sum(map(int, sums[-1]))
    wrong = total % 4 == 0 or (model == "small" and total % 2 == 1)
    digit = total // (10 if model == "small" else 100) % 10
    return f"The sum is\n#### {total + wrong}", -1.5 if digit % 2 else -0.05


def content_hash(model: str, prompt: str) -> str:
    """What ``/stats`` files a question under."""
    return hashlib.sha256(f"{model}\n{prompt}".encode()).hexdigest()[:16]


def prompt_of(body: dict[str, Any]) -> str:
    """The text of all turns, or the prompt of a legacy request."""
    if "messages" not in body:
        return str(body["prompt"])
    parts = []
    for turn in body["messages"]:
        content = turn["content"]
        if isinstance(content, list):
            content = "".join(part.get("text", "") for part in content)
        parts.append(content)
    return "\n".join(parts)


def chat_reply(body: dict[str, Any], prompt: str, usage: dict[str, int] | None) -> dict[str, Any]:
    """The JSON of a whole chat completion."""
    text, logprob = answer_to(body["model"], prompt)
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
    }
    if body.get("logprobs"):
        choice["logprobs"] = {"content": _token_logprobs(text, logprob)}
    reply: dict[str, Any] = {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [choice],
    }
    return reply if usage is None else reply | {"usage": usage}


def text_reply(body: dict[str, Any], prompt: str, usage: dict[str, int] | None) -> dict[str, Any]:
    """The JSON of a legacy completion."""
    text, _ = answer_to(body["model"], prompt)
    choice = {"index": 0, "text": text, "finish_reason": "stop", "logprobs": None}
    reply: dict[str, Any] = {
        "id": "c",
        "object": "text_completion",
        "created": 1,
        "model": body["model"],
        "choices": [choice],
    }
    return reply if usage is None else reply | {"usage": usage}


def stream_of(body: dict[str, Any], prompt: str, usage: dict[str, int] | None) -> bytes:
    """Server-sent events of a chat completion, a word each, with usage where it was asked for."""
    text, logprob = answer_to(body["model"], prompt)
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
    chunks: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}
    ]
    for token in re.findall(r"\S+\s*", text):
        choice: dict[str, Any] = {"index": 0, "delta": {"content": token}, "finish_reason": None}
        if body.get("logprobs"):
            choice["logprobs"] = {"content": [_token(token, logprob)]}
        chunks.append({"choices": [choice]})
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if usage is not None and (body.get("stream_options") or {}).get("include_usage"):
        chunks.append({"choices": [], "usage": usage})
    events = [f"data: {json.dumps(head | chunk)}\n\n" for chunk in chunks]
    return "".join([*events, "data: [DONE]\n\n"]).encode()


def _token_logprobs(text: str, logprob: float) -> list[dict[str, Any]]:
    return [_token(token, logprob) for token in re.findall(r"\S+\s*", text)]


def _token(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": None, "top_logprobs": []}


class Server:
    """What all connections share: options, counts, dice."""

    def __init__(self, options: Options, seed: int) -> None:
        """``seed`` is that of the faults and of the jitter."""
        self.options = options
        self.counts = Counts()
        self.dice = random.Random(seed)

    def fault(self) -> str | None:
        """The fault that the next request meets."""
        capacity = self.options.capacity
        if capacity is not None and self.counts.in_flight > capacity:
            return "rate_limited"
        if self.options.fault_rate and self.dice.random() < self.options.fault_rate:
            return self.dice.choice(FAULTS)
        return None

    def get(self, target: str) -> bytes:
        """The answer to a GET."""
        url = urlsplit(target)
        query = parse_qs(url.query)
        if url.path == "/stats":
            shown = dict(vars(self.counts))
            if "contents" not in query:
                del shown["contents"]
            return _http(200, json.dumps(shown).encode())
        if url.path == "/epoch":
            self.counts.epoch += 1
            return _http(200, str(self.counts.epoch).encode())
        if url.path == "/faults":
            self.options.fault_rate = float(query["rate"][0])
            return _http(200, b"{}")
        if url.path.endswith("/models"):
            models = [{"id": name, "object": "model"} for name in ("small", "middle", "large")]
            return _http(200, json.dumps({"object": "list", "data": models}).encode())
        return _http(404, b'{"error":{"message":"no such page"}}')

    def post(self, target: str, content: bytes, send: Callable[[bytes | None], None]) -> None:
        """Answer a POST with one ``send``, when its time has come; None drops the connection."""
        try:
            body = json.loads(content)
            prompt = prompt_of(body)
            model = body["model"]
        except (ValueError, KeyError, TypeError):
            send(_http(400, b'{"error":{"message":"bad request"}}'))
            return
        counts, options = self.counts, self.options
        counts.asked += 1
        counts.in_flight += 1
        counts.peak = max(counts.peak, counts.in_flight)
        entry = counts.contents.setdefault(content_hash(model, prompt), [0, 0, []])
        entry[0] += 1
        entry[2].append(counts.epoch)
        fault = self.fault()
        delay = options.latency_seconds
        if options.jitter_seconds:
            delay += self.dice.uniform(0, options.jitter_seconds)

        def answer() -> None:
            counts.in_flight -= 1
            if fault is not None:
                counts.faults[fault] += 1
                send(self._faulty(fault))
                return
            counts.ok += 1
            entry[1] += 1
            tokens = -(-len(prompt) // 4)
            counts.prompt_tokens += tokens
            counts.completion_tokens += ANSWER_TOKENS
            usage = None
            if options.with_usage:
                usage = {
                    "prompt_tokens": tokens,
                    "completion_tokens": ANSWER_TOKENS,
                    "total_tokens": tokens + ANSWER_TOKENS,
                }
            if body.get("stream"):
                send(_http(200, stream_of(body, prompt, usage), "text/event-stream"))
                return
            reply = chat_reply if "chat" in target else text_reply
            send(_http(200, json.dumps(reply(body, prompt, usage)).encode()))

        if delay > 0:
            asyncio.get_running_loop().call_later(delay, answer)
        else:
            answer()

    def _faulty(self, fault: str) -> bytes | None:
        if fault == "rate_limited":
            wait = f"Retry-After: {self.options.retry_after_seconds:g}\r\n"
            return _http(429, b'{"error":{"message":"slow down"}}', more=wait)
        if fault == "server_error":
            return _http(500, b'{"error":{"message":"oops"}}')
        if fault == "truncated":
            return _http(200, b'{"id":"c","choices":[{"mess')
        if fault == "bad_gateway":
            return _http(503, b"<html>bad gateway</html>", "text/html")
        return None


class Connection(asyncio.Protocol):
    """One keep-alive connection: requests in, answers out, in order."""

    def __init__(self, server: Server) -> None:
        """``server`` answers."""
        self._server = server
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """The client went away; what it still waits for is worked on and counted all the same."""
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._buffer += data
        while True:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._buffer[:end]
            length = _LENGTH.search(head)
            until = end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < until:
                return
            content, self._buffer = self._buffer[end + 4 : until], self._buffer[until:]
            method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
            if method == "GET":
                self._send(self._server.get(target))
            else:
                self._server.post(target, content, self._send)

    def _send(self, reply: bytes | None) -> None:
        if self._transport is None:
            return
        if reply is None:
            self._transport.abort()
        else:
            self._transport.write(reply)


def _http(status: int, body: bytes, kind: str = "application/json", more: str = "") -> bytes:
    head = (
        f"HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    )
    return head.encode() + body


async def serve(options: Options, *, port: int, seed: int) -> None:
    """Listen until the process is told to end."""
    server = Server(options, seed)
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(
        lambda: Connection(server), "127.0.0.1", port, backlog=2048
    )
    print(json.dumps({"port": listening.sockets[0].getsockname()[1]}), flush=True)
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--jitter-ms", type=float, default=0.0, help="up to this much more latency")
    parser.add_argument("--capacity", type=int, help="more in flight than this is a 429")
    parser.add_argument("--fault-rate", type=float, default=0.0, help="share of requests that fail")
    parser.add_argument("--retry-after-seconds", type=float, default=0.02)
    parser.add_argument("--no-usage", action="store_true", help="replies without token counts")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    options = Options(
        latency_seconds=given.latency_ms / 1000,
        jitter_seconds=given.jitter_ms / 1000,
        capacity=given.capacity,
        fault_rate=given.fault_rate,
        retry_after_seconds=given.retry_after_seconds,
        with_usage=not given.no_usage,
    )
    asyncio.run(serve(options, port=given.port, seed=given.seed))


if __name__ == "__main__":
    sys.exit(main())
