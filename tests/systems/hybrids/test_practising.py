"""Questions put to a member in practice, several at a time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from evalsuite.errors import CallRejected, CallTransient, StoppedEarly
from evalsuite.records import Answer, Request
from evalsuite.systems.hybrids.practising import IN_FLIGHT, ask_all, failures_in


def requests(n: int) -> list[Request]:
    return [Request(task="t", sample_id=str(i), inputs={}, messages=()) for i in range(n)]


class Member:
    """Answers with the sample's id, the later ones first; keeps how many were in flight."""

    def __init__(self, **special: Exception) -> None:
        self.special = special
        self.begun: list[str] = []
        self.done: list[str] = []
        self.peak = 0

    async def ask(self, role: str, request: Request) -> Answer:
        name = request.sample_id
        self.begun.append(name)
        self.peak = max(self.peak, len(self.begun) - len(self.done))
        await asyncio.sleep(0.001 * (4 - int(name) % 4))
        self.done.append(name)
        if f"s{name}" in self.special:
            raise self.special[f"s{name}"]
        return Answer(text=name)


async def all_of(member: Any, n: int) -> Any:
    return await ask_all(member, "teacher", requests(n))


async def test_answers_come_in_the_order_of_the_questions() -> None:
    member = Member(
        s3=CallTransient("late", kind="timeout"), s5=CallRejected("no", kind="filtered")
    )
    said = await all_of(member, 40)
    assert member.peak == IN_FLIGHT
    assert [a.text for a in said if isinstance(a, Answer)] == [
        str(i) for i in range(40) if i not in (3, 5)
    ]
    assert failures_in(said) == "filtered 1, timeout 1"
    assert failures_in(await all_of(Member(), 2)) == ""
    assert await all_of(Member(), 0) == []


async def test_the_end_of_a_run_waits_for_what_is_in_flight_and_begins_nothing() -> None:
    member = Member(s3=StoppedEarly("max_usd is reached"))
    with pytest.raises(StoppedEarly, match="max_usd"):
        await all_of(member, 400)
    assert sorted(member.begun) == sorted(member.done)
    assert len(member.begun) < 2 * IN_FLIGHT
