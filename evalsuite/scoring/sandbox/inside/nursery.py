"""Functions in tier "full": candidates that are children of the zygote, which is their keeper.

A function needs no process of its own to look after it: it may start none, so that process 1 of
its name space can be the candidate itself. That saves a fork, about a quarter of the whole cost.
(As process 1 it cannot end itself by a signal; the zygote and the kernel can.)
"""

from __future__ import annotations

import os
import select
import signal
import time
from dataclasses import dataclass
from typing import Any, NoReturn

from evalsuite.scoring.sandbox.inside import candidate, keeper, kernel, walls, watch


@dataclass
class _Child:
    process: int
    control: int
    end: int  # readable when it has ended
    cpu_seconds: float
    started: float
    reason: watch.Reason = "left"


class Nursery:
    """The children that run, known by the descriptors to wait on."""

    def __init__(self, ground: keeper.Ground, events: select.poll) -> None:
        """``events`` is what the zygote waits on."""
        self._ground, self._events = ground, events
        self._by_file: dict[int, _Child] = {}

    def __len__(self) -> int:
        """How many children there are."""
        return len(self._by_file) // 2

    def start(self, plan: keeper.Plan, control: int, channel: int) -> int:
        """Start a child, which takes a copy of the channel; ``control`` stays with the zygote.

        Raises:
            OSError: If there can be no more processes.
        """
        process = kernel.clone(walls.CANDIDATE)
        if process == 0:
            _grow_up(plan, self._ground, [control, channel])
        os.close(channel)
        child = _Child(
            process, control, os.pidfd_open(process), plan["cpu_seconds"], time.monotonic()
        )
        for file in (child.end, control):
            self._by_file[file] = child
            self._events.register(file, select.POLLIN)
        return process

    def notice(self, file: int) -> None:
        """Something happened on a descriptor: a child ended, or is to be ended."""
        child = self._by_file.get(file)
        if child is None:  # its other descriptor came first
            return
        if file == child.control:
            self._stop(child, "stopped")
        self._bury(child)

    def look(self) -> None:
        """End those that used up their processor time."""
        for file, child in list(self._by_file.items()):
            if file == child.end and watch.seconds_of(child.process) > child.cpu_seconds:
                self._stop(child, "cpu")
                self._bury(child)

    def _stop(self, child: _Child, reason: watch.Reason) -> None:
        child.reason = reason
        signal.pidfd_send_signal(child.end, signal.SIGKILL)

    def _bury(self, child: _Child) -> None:
        """Wait for a child that ends, with all it started, and report it."""
        _, status, usage = os.wait4(child.process, 0)
        seconds = time.monotonic() - child.started
        cpu_seconds = usage.ru_utime + usage.ru_stime
        ended = watch.Ended(child.reason, status, cpu_seconds, usage.ru_maxrss)
        keeper.send(child.control, keeper.report_of(ended, seconds, None))
        for file in (child.end, child.control):
            self._events.unregister(file)
            del self._by_file[file]
            os.close(file)


def _grow_up(plan: dict[str, Any], ground: keeper.Ground, given: list[int]) -> NoReturn:
    """In fresh name spaces: take the channel, put up the walls, give up all rights, serve."""
    keeper.take(given)
    try:
        walls.enter(plan["scratch_bytes"], "function")
        os.setsid()
        watch.limit(plan, beside=0)
        kernel.die_with_parent()
        walls.give_up_rights(ground.features, ground.filters[False])
    except BaseException as error:
        keeper.send(keeper.CONTROL, {"broken": f"{type(error).__name__}: {error}"})
        os._exit(1)
    os.close(keeper.CONTROL)
    candidate.serve(keeper.CHANNEL)
