"""The stub server does what tests and benchmarks take for granted."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import aiohttp
import pytest

from tests.servers.processes import running_stub
from tests.servers.stub import FAULTS, answer_to, content_hash


def question(a: int, b: int, **more: Any) -> dict[str, Any]:
    turn = {"role": "user", "content": f"1 + 1 aside, what is {a} + {b}?"}
    return {"model": "large", "messages": [turn], **more}


async def post(url: str, body: dict[str, Any]) -> tuple[int, bytes, Any]:
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as reply:
        return reply.status, await reply.read(), reply.headers


@pytest.mark.parametrize(
    ("model", "a", "b", "answer"),
    [
        ("large", 2, 3, ("The sum is\n#### 5", -0.05)),
        ("large", 2, 2, ("The sum is\n#### 5", -0.05)),  # one off where the sum divides by four
        ("small", 2, 3, ("The sum is\n#### 6", -0.05)),  # and, of the small model, where it is odd
        ("small", 8, 6, ("The sum is\n#### 14", -1.5)),  # unsure: one ten
        ("large", 8, 6, ("The sum is\n#### 14", -0.05)),
        ("large", 101, 5, ("The sum is\n#### 106", -1.5)),  # unsure: one hundred
    ],
)
def test_answers_by_hand(model: str, a: int, b: int, answer: tuple[str, float]) -> None:
    assert answer_to(model, f"1 + 1 and {a} + {b}?") == answer


async def test_chat_streams_and_completions_say_the_same() -> None:
    with running_stub() as server:
        _, whole, _ = await post(
            f"{server.base_url}/chat/completions", question(20, 3, logprobs=True)
        )
        reply = json.loads(whole)
        assert reply["choices"][0]["message"]["content"] == "The sum is\n#### 23"
        shown = reply["choices"][0]["logprobs"]["content"]
        assert "".join(one["token"] for one in shown) == "The sum is\n#### 23"
        # "1 + 1 aside, what is 20 + 3?" has 28 letters: 7 tokens
        assert reply["usage"] == {"prompt_tokens": 7, "completion_tokens": 6, "total_tokens": 13}

        asked = question(20, 3, stream=True, stream_options={"include_usage": True})
        _, stream, headers = await post(f"{server.base_url}/chat/completions", asked)
        assert headers["Content-Type"] == "text/event-stream"
        events = [line.removeprefix(b"data: ") for line in stream.split(b"\n\n") if line]
        assert events.pop() == b"[DONE]"
        chunks = [json.loads(event) for event in events]
        assert chunks.pop()["usage"] == reply["usage"]
        text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
        assert text == "The sum is\n#### 23"

        body = {"model": "large", "prompt": "What is 20 + 3?"}
        _, content, _ = await post(f"{server.base_url}/completions", body)
        assert json.loads(content)["choices"][0]["text"] == "The sum is\n#### 23"


async def test_faults_are_of_every_kind_and_counted() -> None:
    with running_stub(fault_rate=0.5, retry_after_seconds=0.25) as server:
        seen = Counter[str]()
        for n in range(100):
            try:
                status, content, headers = await post(
                    f"{server.base_url}/chat/completions", question(1, n)
                )
            except aiohttp.ClientError:
                seen["dropped"] += 1
                continue
            if status == 429:
                assert headers["Retry-After"] == "0.25"
                seen["rate_limited"] += 1
            elif status != 200:
                seen["server_error" if status == 500 else "bad_gateway"] += 1
            elif not content.endswith(b"}"):
                seen["truncated"] += 1
            else:
                seen["ok"] += 1
        stats = server.stats(contents=True)
    assert set(seen) == {"ok", *FAULTS}
    assert stats["ok"] == seen.pop("ok")
    assert stats["faults"] == seen
    assert stats["asked"] == 100 and stats["in_flight"] == 0
    assert stats["completion_tokens"] == 6 * stats["ok"]
    prompt = question(1, 0)["messages"][0]["content"]
    asked, ok, epochs = stats["contents"][content_hash("large", prompt)]
    assert (asked, epochs) == (1, [0]) and ok in (0, 1)


async def test_more_than_its_capacity_is_refused() -> None:
    with running_stub(capacity=3, latency_ms=50) as server:
        asked = [post(f"{server.base_url}/chat/completions", question(n, n + 1)) for n in range(8)]
        statuses = Counter(status for status, _, _ in await asyncio.gather(*asked))
        stats = server.stats()
    assert statuses == {200: 3, 429: 5}
    assert stats["peak"] == 8 and stats["faults"] == {"rate_limited": 5}
