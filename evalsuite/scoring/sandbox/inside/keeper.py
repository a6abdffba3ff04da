"""The trusted process beside a candidate: builds its walls, measures it, ends it, tells how.

It is process 1 of the candidate's name space, so nothing outlives it. Its line to the trusted side
(``CONTROL``) carries a plan and files in, and one report and files out. When that line closes, for
whatever reason, everything here ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import stat
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from evalsuite.scoring.sandbox.inside import candidate, counters, frames, kernel, walls, watch

CONTROL, CHANNEL = 3, 4
"""Descriptors: the keeper's line; the line of a function. Programs have 0, 1 and 2."""

_OUT_OF_THE_WAY = 64

Plan = dict[str, Any]


@dataclass(frozen=True)
class Ground:
    """What is the same for all candidates of a zygote.

    Args:
        tier: As named to the user.
        features: Second walls of this kernel; see :func:`~.walls.features`.
        filters: The seccomp program, by whether it lets a candidate start processes.
        counts: Whether instructions can be counted.
    """

    tier: str
    features: tuple[str, ...]
    filters: dict[bool, bytes]
    counts: bool


def keep(ground: Ground) -> NoReturn:
    """Run one candidate from plan to report."""
    try:
        plan, files = frames.unpack(functools.partial(os.read, CONTROL))
        if ground.tier == "full":
            kernel.die_with_parent()
            walls.enter(plan["scratch_bytes"], plan["kind"])
        else:
            os.chdir(plan["folder"] or walls.SCRATCH)
        _write_files(files)
        report = _run(plan, ground)
        collected = _collect(plan["collect"])
    except BaseException as error:  # of these walls: no candidate has run, or it has ended
        send(CONTROL, {"broken": f"{type(error).__name__}: {error}"})
        os._exit(1)
    send(CONTROL, report, collected)
    os._exit(0)


def take(given: list[int]) -> None:
    """Put the given descriptors where they are expected and close all others.

    They are the control line, then a function's channel or a program's three streams.
    """
    places = {2: (CONTROL, CHANNEL), 4: (CONTROL, 0, 1, 2)}[len(given)]
    # Out of the way first, so that none is overwritten before it is moved.
    high = [fcntl.fcntl(number, fcntl.F_DUPFD, _OUT_OF_THE_WAY) for number in given]
    for number, place in zip(high, places, strict=True):
        os.dup2(number, place)
    os.closerange(max(places) + 1, 1 << 16)


def send(control: int, message: dict[str, Any], files: Mapping[str, bytes] | None = None) -> None:
    """Write a message and files; to nobody, if nobody is left to read it."""
    view = memoryview(frames.pack(message, files or {}))
    with contextlib.suppress(OSError):
        while view:
            view = view[os.write(control, view) :]


def _write_files(files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        if folder := os.path.dirname(name):
            os.makedirs(folder, exist_ok=True)
        with open(name, "wb") as file:
            file.write(content)
        os.chmod(name, 0o755)


def _collect(wanted: dict[str, int]) -> dict[str, bytes]:
    """Ordinary files that the candidate left, up to a size; links are not followed."""
    found = {}
    for name, most_bytes in wanted.items():
        with contextlib.suppress(OSError):
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(file, "rb") as content:
                told = os.fstat(file)
                if stat.S_ISREG(told.st_mode) and told.st_size <= most_bytes:
                    found[name] = content.read(most_bytes)
    return found


# --- the candidate's life -----------------------------------------------------------------------


def _run(plan: Plan, ground: Ground) -> dict[str, Any]:
    failed, tell = os.pipe()
    hold, go = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go)
        os.read(hold, 1)  # until the counter is there
        _be_candidate(plan, ground, tell)
    counter = None
    if ground.counts and plan["kind"] == "program":
        counter = counters.open_counter(child)
    for file in (tell, hold, go, *((CHANNEL,) if plan["kind"] == "function" else (0, 1, 2))):
        os.close(file)
    complaint = os.read(failed, 4000)
    os.close(failed)
    if complaint:
        raise OSError(complaint.decode())
    started = time.monotonic()
    ended = watch.until_end(child, CONTROL, plan)
    instructions = counters.read_counter(counter) if counter is not None else None
    return report_of(ended, time.monotonic() - started, instructions)


def report_of(ended: watch.Ended, seconds: float, instructions: int | None) -> dict[str, Any]:
    """A candidate's end in plain data."""
    return {
        "end": ended.reason,
        "exit_code": os.WEXITSTATUS(ended.status) if os.WIFEXITED(ended.status) else None,
        "signal": os.WTERMSIG(ended.status) if os.WIFSIGNALED(ended.status) else None,
        "cpu_seconds": ended.cpu_seconds,
        "wall_seconds": seconds,
        # Kilobytes on Linux, bytes on macOS.
        "peak_memory_bytes": ended.peak * (1 if sys.platform == "darwin" else 1024),
        "instructions": instructions,
    }


def _be_candidate(plan: Plan, ground: Ground, tell: int) -> NoReturn:
    """Close what is the keeper's, give up all rights, then be what the plan says."""
    kind = plan["kind"]
    try:
        os.close(CONTROL)
        os.setsid()
        watch.limit(plan, beside=1)
        if ground.tier != "none":
            walls.give_up_rights(ground.features, ground.filters[kind == "program"])
        if kind == "program":
            candidate.run_program(plan["argv"], plan["env"])
    except BaseException as error:
        os.write(tell, f"{type(error).__name__}: {error}".encode()[:4000])
        os._exit(127)
    os.closerange(CHANNEL + 1 if kind == "function" else CONTROL, 1 << 16)
    if kind == "function":
        candidate.serve(CHANNEL)
    candidate.run_script(plan["argv"][0])
