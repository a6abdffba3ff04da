"""A loop over the vendor's client, as one would write it; answers are checked, nothing is kept."""

from __future__ import annotations

import asyncio
from pathlib import Path

from measuring import Ask, Given, questions_of, report
from openai import AsyncOpenAI


def begin(given: Given) -> Ask:
    """Workers that share one iterator over the questions and one client."""

    async def ask_all(path: Path) -> tuple[int, int]:
        rows = questions_of(path)
        left, answered, right = iter(rows), 0, 0

        async def worker(client: AsyncOpenAI) -> None:
            nonlocal answered, right
            for row in left:
                reply = await client.chat.completions.create(
                    model="stub",
                    messages=[{"role": "user", "content": str(row["question"])}],
                    temperature=0.0,
                    max_tokens=64,
                )
                text = reply.choices[0].message.content or ""
                answered += 1
                right += text.rpartition("#### ")[2] == str(row["answer"])

        async with AsyncOpenAI(base_url=given.base_url, api_key="none") as client:
            await asyncio.gather(*(worker(client) for _ in range(given.concurrency)))
        return answered, right

    return lambda path: asyncio.run(ask_all(path))


if __name__ == "__main__":
    report(begin)
