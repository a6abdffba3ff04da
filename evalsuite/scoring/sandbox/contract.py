"""What the trusted side agrees on: tiers, limits, and the ways in which there is no value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evalsuite.errors import EvalsuiteError, UserError

Tier = Literal["full", "bubblewrap", "container", "none"]
FailureKind = Literal["raised", "timeout", "busy", "memory", "not_plain", "died", "protocol"]


class SandboxUnavailable(UserError):
    """This machine cannot isolate candidates in the way that is asked."""


class SandboxBroken(EvalsuiteError):
    """The walls could not be built this time: says nothing about the candidate."""


class CandidateFailed(EvalsuiteError):
    """The candidate gave no value, and ``kind`` is why.

    raised: an exception, also from loading the program; timeout: out of processor time; busy: out
    of wall-clock time without having used its processor time; memory; not_plain: a value that is
    not built-in data, where such is needed; died: its process ended; protocol: it wrote nonsense
    into the channel.
    """

    def __init__(self, kind: FailureKind, message: str = "") -> None:
        """``message`` is for people; its text is the candidate's and proves nothing."""
        self.description = f"{kind}: {message}" if message else kind
        super().__init__(self.description)
        self.kind = kind


class CannotCross(EvalsuiteError):
    """The trusted side wants to send what cannot cross the wall: a callback, or no plain data."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one candidate may use from start to end.

    Processor seconds are what counts, since wall-clock limits fail right programs on a busy
    machine; ``wall_seconds`` is the backstop for those that sleep.

    Args:
        cpu_seconds: Processor time of the candidate and of all it starts.
        wall_seconds: From its first instruction on.
        memory_bytes: Of a function: address space. Of a program: writable memory of one process,
            and resident memory of all of them together.
        reply_bytes: Size of one value on its way back.
        file_bytes: Size of one file.
        scratch_bytes: Room for all files together.
        output_bytes: Size of standard output, and of standard error, of a program.
        processes: Processes and threads at once. Functions may start threads only.
    """

    cpu_seconds: float = 3
    wall_seconds: float = 15.0
    memory_bytes: int = 1 << 30
    reply_bytes: int = 4 << 20
    file_bytes: int = 1 << 20
    scratch_bytes: int = 16 << 20
    output_bytes: int = 4 << 20
    processes: int = 16


PROGRAM_LIMITS = Limits(
    cpu_seconds=10,
    wall_seconds=60.0,
    memory_bytes=2 << 30,
    file_bytes=64 << 20,
    scratch_bytes=256 << 20,
    processes=128,
)
"""Limits that let compilers and virtual machines start."""
