"""The floor: a loop over aiohttp, as one would write it; answers are checked, nothing is kept."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
from measuring import Ask, Given, questions_of, report


def begin(given: Given) -> Ask:
    """Workers that share one iterator over the questions and one session."""

    async def ask_all(path: Path) -> tuple[int, int]:
        rows = questions_of(path)
        left, answered, right = iter(rows), 0, 0

        async def worker(session: aiohttp.ClientSession) -> None:
            nonlocal answered, right
            for row in left:
                body = {
                    "model": "stub",
                    "messages": [{"role": "user", "content": row["question"]}],
                    "temperature": 0.0,
                    "max_tokens": 64,
                }
                url = f"{given.base_url}/chat/completions"
                async with session.post(url, json=body) as reply:
                    text = (await reply.json())["choices"][0]["message"]["content"]
                answered += 1
                right += text.rpartition("#### ")[2] == str(row["answer"])

        connector = aiohttp.TCPConnector(limit=given.concurrency)
        async with aiohttp.ClientSession(connector=connector) as session:
            await asyncio.gather(*(worker(session) for _ in range(given.concurrency)))
        return answered, right

    return lambda path: asyncio.run(ask_all(path))


if __name__ == "__main__":
    report(begin)
