"""A measurement in a thread of its own, which Ctrl-C ends without losing what there is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Generic, TypeVar

from evalsuite.errors import Interrupted
from evalsuite.latency_bench.load import Halt

ResultT = TypeVar("ResultT")
STOPPED = "stopped by Ctrl-C"


def interruptible(
    work: Callable[[Halt], Awaitable[ResultT]], *, tell: Callable[[str], None]
) -> ResultT:
    """Run ``work`` to its end; the first Ctrl-C asks its ``Halt``, the second cancels it.

    After the first, what is in flight is waited for and the result is of what was measured.
    Raises Interrupted after the second.
    """
    worker = _Worker(work)
    thread = threading.Thread(target=worker.run, name="evalsuite-latency")
    thread.start()
    asked = False
    while not worker.over:
        try:
            worker.wait(0.2)
        except KeyboardInterrupt:
            if asked:
                worker.cancel()
            else:
                asked = True
                tell("finishing what is in flight; Ctrl-C again stops at once")
                worker.halt(STOPPED)
    thread.join()
    if worker.error is not None:
        raise worker.error
    if not worker.results:
        raise Interrupted("stopped; nothing of what was in flight is kept")
    return worker.results[0]


class _Worker(Generic[ResultT]):
    """The other thread: ``results`` has one result, or ``error`` says why not."""

    def __init__(self, work: Callable[[Halt], Awaitable[ResultT]]) -> None:
        self.results: list[ResultT] = []
        self.error: BaseException | None = None
        self._work = work
        self._ready = threading.Event()
        # Not the thread's own state: a Ctrl-C inside Thread.join makes CPython 3.11 and 3.12 take
        # a thread that runs for one that has ended.
        self._over = threading.Event()
        self._halt: Halt | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def over(self) -> bool:
        return self._over.is_set()

    def wait(self, seconds: float) -> None:
        self._over.wait(seconds)

    def run(self) -> None:
        try:
            asyncio.run(self._main())
        except asyncio.CancelledError:
            return
        except BaseException as error:
            self.error = error
        finally:
            self._ready.set()
            self._over.set()

    def halt(self, why: str) -> None:
        self._ready.wait()
        if self._loop is not None and self._halt is not None:
            self._in_loop(partial(self._halt.ask, why))

    def cancel(self) -> None:
        if self._task is not None:
            self._in_loop(self._task.cancel)

    def _in_loop(self, call: Callable[[], object]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # it has just ended by itself
                self._loop.call_soon_threadsafe(call)

    async def _main(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._halt = Halt()
        self._ready.set()
        self.results.append(await self._work(self._halt))
