from __future__ import annotations

import asyncio

import pytest

from evalsuite.errors import StoppedEarly
from evalsuite.running.crowd import crowd


async def test_every_item_is_worked_on_once_and_never_more_at_a_time_than_wanted() -> None:
    done: list[int] = []
    in_flight = peak = 0

    async def work(item: int) -> None:
        nonlocal in_flight, peak
        in_flight += 1
        peak = max(peak, in_flight)
        await asyncio.sleep(0)
        in_flight -= 1
        done.append(item)

    await crowd(iter(range(100)), work, lambda: 7)
    assert sorted(done) == list(range(100))
    assert peak == 7


async def test_it_grows_and_shrinks_with_what_is_wanted() -> None:
    in_flight, seen, wanted = 0, [], 2

    async def work(item: int) -> None:
        nonlocal in_flight, wanted
        in_flight += 1
        await asyncio.sleep(0)
        seen.append((item, in_flight))
        in_flight -= 1
        wanted = 20 if item < 200 else 3

    await crowd(iter(range(400)), work, lambda: wanted)
    assert max(n for item, n in seen if 100 < item < 200) == 20
    assert max(n for item, n in seen if item > 300) == 3


async def test_after_an_error_what_is_in_flight_is_finished_and_nothing_new_begun() -> None:
    begun: list[int] = []
    finished: list[int] = []

    async def work(item: int) -> None:
        begun.append(item)
        if item == 4:
            raise StoppedEarly("enough")
        await asyncio.sleep(0.01)
        finished.append(item)

    with pytest.raises(StoppedEarly, match="enough"):
        await crowd(iter(range(100)), work, lambda: 8)
    assert begun == list(range(8))
    assert sorted(finished) == [0, 1, 2, 3, 5, 6, 7]


async def test_nothing_to_do_and_a_wish_for_nobody() -> None:
    done: list[int] = []

    async def work(item: int) -> None:
        done.append(item)

    await crowd(iter(()), work, lambda: 5)
    assert done == []
    await crowd(iter([1, 2]), work, lambda: 0)
    assert done == [1, 2], "one at least is always at work"
