"""Limits on a candidate, kept from outside it, and its end together with all it started."""

from __future__ import annotations

import contextlib
import math
import os
import resource
import select
import signal
import sys
import time
from dataclasses import dataclass
from typing import Any, Literal

from evalsuite.scoring.sandbox.inside import kernel

Reason = Literal["left", "stopped", "cpu", "memory"]

_LOOK_SECONDS = 0.05
_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_STACK_BYTES = 64 << 20
_OPEN_FILES = {"function": 64, "script": 64, "program": 1024}


@dataclass(frozen=True)
class Ended:
    """How a candidate ended: by itself ("left"), stopped from outside, or over a limit.

    Args:
        reason: What made the end.
        status: As wait(2) gives it.
        cpu_seconds: Of the candidate and of all it started.
        peak: Largest resident memory of any one process, in the kernel's unit.
    """

    reason: Reason
    status: int
    cpu_seconds: float
    peak: int


def limit(plan: dict[str, Any], *, beside: int) -> None:
    """Set the kernel's limits on this process, before the candidate runs in it.

    A function's memory is its address space. Runtimes of other languages reserve far more of that
    than they use, so a program's is what it may write to; see also :func:`until_end`.

    Args:
        plan: The limits.
        beside: Trusted processes that count against the same limit.
    """
    kind = plan["kind"]
    memory = "RLIMIT_DATA" if kind == "program" else "RLIMIT_AS"
    seconds = math.ceil(plan["cpu_seconds"]) + 1  # behind the keeper's own, finer limit
    limits = {
        memory: plan["memory_bytes"],
        "RLIMIT_CPU": seconds,
        "RLIMIT_FSIZE": plan["file_bytes"],
        "RLIMIT_NOFILE": _OPEN_FILES[kind],
        "RLIMIT_STACK": _STACK_BYTES,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
    }
    if plan["own_users"]:
        # Elsewhere it counts all processes of this user, so a small number would stop the first.
        limits["RLIMIT_NPROC"] = plan["processes"] + beside
    if sys.platform == "darwin":
        limits.pop("RLIMIT_AS", None)  # macOS refuses it
    for name, most in limits.items():
        if number := getattr(resource, name, None):
            _, hard = resource.getrlimit(number)
            value = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(number, (value, value))


def until_end(child: int, control: int, plan: dict[str, Any]) -> Ended:
    """Wait for the candidate's end, or bring it about: at a limit, or when ``control`` closes."""
    reason, mine = _watch(child, control, plan)
    if os.getpid() == 1:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
    else:
        # The group first: it holds what the candidate left behind, if that did not move away.
        for kill in (os.killpg, os.kill) if mine is None else (os.killpg,):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(child, signal.SIGKILL)
    while mine is None:
        mine = _reap(child, block=True)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait4(-1, 0)
    status, peak = mine
    everyone = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Ended(reason, status, everyone.ru_utime + everyone.ru_stime, peak)


def _reap(child: int, *, block: bool) -> tuple[int, int] | None:
    """Status and peak memory of the candidate if it has ended; others that have are reaped."""
    with contextlib.suppress(ChildProcessError):
        while True:
            process, status, usage = os.wait4(-1, 0 if block else os.WNOHANG)
            if process == child:
                return status, usage.ru_maxrss
            if process == 0:
                return None
    return None


def _watch(child: int, control: int, plan: dict[str, Any]) -> tuple[Reason, tuple[int, int] | None]:
    events = select.poll()
    events.register(control, select.POLLIN)
    wait = _LOOK_SECONDS
    if kernel.SUPPORTED:
        events.register(os.pidfd_open(child), select.POLLIN)
    else:
        wait = 0.005
    alone_here = os.getpid() == 1 and os.path.isdir("/proc/1")
    while True:
        ready = [file for file, _ in events.poll(wait * 1000)]
        if mine := _reap(child, block=False):
            return "left", mine
        if control in ready:
            return "stopped", None
        used = _everyones_seconds() if alone_here else seconds_of(child)
        if used > plan["cpu_seconds"]:
            return "cpu", None
        if alone_here and _everyones_memory(plan["memory_bytes"]) > plan["memory_bytes"]:
            return "memory", None


def seconds_of(process: int) -> float:
    """Processor time of a running process, by the kernel's clock for it; 0.0 if it has none."""
    if not kernel.SUPPORTED:
        return 0.0
    try:
        return time.clock_gettime((~process << 3) | 2)
    except OSError:
        return 0.0


def _others() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]


def _everyones_seconds() -> float:
    """Processor time of all processes of this name space but the keeper, ended ones included."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = ended.ru_utime + ended.ru_stime
    for process in _others():
        with contextlib.suppress(OSError), open(f"/proc/{process}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
            total += sum(map(int, fields[11:15])) * _TICK_SECONDS  # own and waited-for children's
    return total


def _everyones_memory(limit_bytes: int) -> int:
    """Resident bytes of all processes; shared pages are told apart only where that may matter."""
    pages = 0
    for process in _others():
        with contextlib.suppress(OSError), open(f"/proc/{process}/statm", "rb") as file:
            pages += int(file.read().split()[1])
    if pages * _PAGE_BYTES <= limit_bytes:
        return pages * _PAGE_BYTES
    kilobytes = 0
    for process in _others():
        with contextlib.suppress(OSError), open(f"/proc/{process}/smaps_rollup", "rb") as file:
            kilobytes += sum(int(line.split()[1]) for line in file if line.startswith(b"Pss:"))
    return kilobytes * 1024
