"""Questions of a hybrid's own that it puts to a member while it practises, several at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from evalsuite.errors import CallFailed
from evalsuite.records import Answer, Request
from evalsuite.systems.base import Practice

IN_FLIGHT = 16


async def ask_all(
    practice: Practice, role: str, requests: Sequence[Request]
) -> list[Answer | CallFailed]:
    """What the member in ``role`` answers to each of ``requests``, or how it failed.

    Anything but a failed call ends it: what is in flight is waited for, because it is paid for,
    and then the first such error is raised.
    """
    said: dict[int, Answer | CallFailed] = {}
    waiting = iter(enumerate(requests))
    errors: list[BaseException] = []

    async def worker() -> None:
        for index, request in waiting:
            if errors:
                return
            try:
                said[index] = await practice.ask(role, request)
            except CallFailed as failure:
                said[index] = failure
            except Exception as error:
                errors.append(error)

    await asyncio.gather(*(worker() for _ in range(min(IN_FLIGHT, len(requests)))))
    if errors:
        raise errors[0]
    return [said[index] for index in range(len(requests))]


def failures_in(said: Sequence[Answer | CallFailed]) -> str:
    """The failures among ``said`` in words, by kind: "timeout 3, filtered 1"; "" for none."""
    kinds = [answer.kind for answer in said if isinstance(answer, CallFailed)]
    return ", ".join(f"{kind} {kinds.count(kind)}" for kind in sorted(set(kinds)))
