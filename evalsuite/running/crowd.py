"""Doing one thing to many items, with as many in flight as there should be at the moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from evalsuite.errors import EvalsuiteError

ItemT = TypeVar("ItemT")


async def crowd(
    items: Iterator[ItemT], work: Callable[[ItemT], Awaitable[None]], wanted: Callable[[], int]
) -> None:
    """Await ``work(item)`` for all ``items``, ``wanted()`` (at least one) of them at a time.

    ``wanted`` is asked again after every item, so the crowd grows and shrinks with it. After an
    EvalsuiteError no new item is begun; those in flight are finished, because they are paid for,
    and then the first error is raised. Any other exception is a bug and ends all at once.
    """
    state = _State()
    async with asyncio.TaskGroup() as group:

        async def worker() -> None:
            for item in items:
                try:
                    await work(item)
                except EvalsuiteError as error:
                    state.error = state.error or error
                if state.error is not None or state.active > max(1, wanted()):
                    state.active -= 1
                    return
                grow()
            state.exhausted = True
            state.active -= 1

        def grow() -> None:
            while state.active < max(1, wanted()) and not state.exhausted:
                state.active += 1
                group.create_task(worker())

        grow()
    if state.error is not None:
        raise state.error


class _State:
    """``exhausted``: there are no more items. ``active``: workers at it."""

    def __init__(self) -> None:
        self.active = 0
        self.exhausted = False
        self.error: EvalsuiteError | None = None
