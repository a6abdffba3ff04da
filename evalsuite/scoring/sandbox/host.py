"""The trusted side of the wall: starts a candidate, sends it arguments, reads plain values back.

Tests and expected outputs stay in this process. A candidate may lie, print or crash, but all it
can send is a value, so there is no verdict for it to forge.
"""

from __future__ import annotations

import functools
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from evalsuite.errors import EvalsuiteError, UserError
from evalsuite.scoring.sandbox.child import NotPlain, decode, encode

Tier = Literal["namespaces", "process"]
FailureKind = Literal["raised", "timeout", "busy", "memory", "not_plain", "died", "protocol"]

_CHILD = Path(__file__).with_name("child.py")
_START_SECONDS = 30.0


class SandboxUnavailable(UserError):
    """This machine cannot isolate candidates as strictly as is asked."""


class SandboxBroken(EvalsuiteError):
    """The walls could not be built this time: says nothing about the candidate."""


class CandidateFailed(EvalsuiteError):
    """The candidate gave no value, and ``kind`` is why.

    raised: an exception, also from loading the program; timeout: out of processor time; busy: out
    of wall-clock time without having used its processor time; memory; not_plain: a value that is
    not builtin data; died: its process ended; protocol: it wrote nonsense into the channel.
    """

    def __init__(self, kind: FailureKind, message: str = "") -> None:
        """``message`` is for people; its text is the candidate's and proves nothing."""
        super().__init__(f"{kind}: {message}" if message else kind)
        self.kind = kind


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one candidate may use from start to end.

    Processor seconds are what counts, since wall-clock limits fail right programs on a busy
    machine; ``wall_seconds`` is the backstop for those that sleep. ``processes`` holds only in
    the namespaces tier, and not where evalsuite itself runs as root.
    """

    cpu_seconds: int = 3
    wall_seconds: float = 15.0
    memory_bytes: int = 1 << 30
    reply_bytes: int = 4 << 20
    file_bytes: int = 1 << 20
    processes: int = 16


@functools.cache
def available_tier() -> Tier:
    """The strictest tier that works on this machine, found by trying.

    "namespaces" (Linux): own user, process, network, mount and IPC namespaces, a file system of
    nothing but the interpreter, no capabilities. "process": another process with resource limits
    only; the tests are out of its memory, but it can reach the network, this user's files and,
    through the system, this process.
    """
    if not sys.platform.startswith("linux"):
        return "process"
    try:
        with Candidate("def probe():\n    return 1", tier="namespaces") as candidate:
            candidate.call("probe")
    except (SandboxBroken, CandidateFailed):
        return "process"
    return "namespaces"


def required_tier() -> Tier:
    """The tier to run candidates in: the strictest available, never below $EVALSUITE_SANDBOX.

    Without that variable the minimum is "namespaces": running strangers' code with less has to
    be said.

    Raises:
        SandboxUnavailable: If this machine cannot do it, or the variable names no tier.
    """
    minimum = os.environ.get("EVALSUITE_SANDBOX", "namespaces")
    if minimum not in get_args(Tier):
        raise SandboxUnavailable(
            f"EVALSUITE_SANDBOX is {minimum!r}; it may be {' or '.join(get_args(Tier))}"
        )
    tier = available_tier()
    if minimum == "namespaces" and tier != "namespaces":
        raise SandboxUnavailable(
            "this machine offers no user namespaces to isolate generated code; use one that does, "
            "or set EVALSUITE_SANDBOX=process to run it in a plain process"
        )
    return tier


def _interpreter() -> str:
    # The one below a virtual environment: it starts in half the time.
    return str(getattr(sys, "_base_executable", None) or sys.executable)


class Candidate:
    """A program behind the wall; a context manager, entered once.

    Entering starts the process and loads the program. All failures of the candidate are
    CandidateFailed; SandboxBroken means that it never started.
    """

    def __init__(self, source: str, *, tier: Tier, limits: Limits | None = None) -> None:
        """Nothing starts before the context is entered."""
        self.tier = tier
        self._source = source
        self._limits = limits or Limits()
        self._pending = b""

    def __enter__(self) -> Candidate:
        """Start the process and load the program.

        Raises:
            SandboxBroken: If the walls could not be built.
            CandidateFailed: If the program does not load.
        """
        self._start()
        # Whatever goes wrong from here on, the process is ended.
        try:
            if self._read_line() != {"ready": True}:
                raise SandboxBroken("the sandbox did not start")
            self._deadline = time.monotonic() + self._limits.wall_seconds
            self._exchange({"source": self._source})
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        """End the process and all that it started."""
        self._stop()

    def call(self, function: str, args: Sequence[Any] = ()) -> Any:
        """Call a function of the program; plain values go in and come out.

        Raises:
            CandidateFailed: If it gave no value.
        """
        return self._exchange({"function": function, "args": encode(tuple(args))})

    def _start(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="evalsuite-", ignore_cleanup_errors=True)
        self._channel, theirs = socket.socketpair()
        self._ended, ended = os.pipe()
        plan = {
            "tier": self.tier,
            "folder": os.path.realpath(self._folder.name),
            "channel": theirs.fileno(),
            "ended": ended,
            "cpu_seconds": self._limits.cpu_seconds,
            "memory_bytes": self._limits.memory_bytes,
            "file_bytes": self._limits.file_bytes,
            "processes": self._limits.processes,
        }
        self._deadline = time.monotonic() + _START_SECONDS
        self._ready = False
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [_interpreter(), "-I", "-S", str(_CHILD), json.dumps(plan)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(), ended),
                    cwd=self._folder.name,
                    env={},
                    start_new_session=True,
                )
            except OSError as error:
                self._channel.close()
                os.close(self._ended)
                self._folder.cleanup()
                raise SandboxBroken(f"the sandbox did not start: {error}") from None
            finally:
                os.close(ended)

    def _stop(self) -> dict[str, Any]:
        """Close the lifeline; how the candidate ended, as its keeper tells it."""
        if self._process.stdin is None or self._process.stdin.closed:
            return {}
        self._process.stdin.close()
        with open(self._ended, "rb") as ended:
            told = ended.read()
        self._process.wait()
        self._channel.close()
        self._folder.cleanup()
        return dict(json.loads(told)) if told else {}

    def _exchange(self, request: dict[str, Any]) -> Any:
        # A reply must name the request: what was written before it was asked answers nothing.
        request["id"] = secrets.token_hex(8)
        try:
            self._channel.settimeout(self._seconds_left())
            self._channel.sendall(json.dumps(request).encode() + b"\n")
        except TimeoutError:
            raise self._out_of_time() from None
        except OSError:
            raise self._died() from None
        reply = self._read_line()
        if not isinstance(reply, dict) or reply.get("id") != request["id"]:
            raise CandidateFailed("protocol", "unexpected reply")
        if "failed" in reply:
            kind = reply["failed"]
            if kind not in ("raised", "memory", "not_plain"):
                raise CandidateFailed("protocol", "unknown failure")
            raise CandidateFailed(kind, str(reply.get("message", ""))[:500])
        try:
            return decode(reply.get("value"))
        except (NotPlain, RecursionError) as error:
            raise CandidateFailed("not_plain", str(error)) from None

    def _read_line(self) -> Any:
        while b"\n" not in self._pending:
            if len(self._pending) > self._limits.reply_bytes:
                raise CandidateFailed("not_plain", "the value is too large")
            try:
                self._channel.settimeout(self._seconds_left())
                chunk = self._channel.recv(1 << 16)
            except TimeoutError:
                raise self._out_of_time() from None
            except OSError:
                chunk = b""
            if not chunk:
                raise self._died()
            self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\n")
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            raise CandidateFailed("protocol", "unreadable reply") from None
        self._ready = True
        return message

    def _seconds_left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _out_of_time(self) -> EvalsuiteError:
        end = self._stop()
        if not self._ready:
            return SandboxBroken(f"the sandbox did not start in {_START_SECONDS:.0f} seconds")
        return self._failure(end, CandidateFailed("busy", f"{self._limits.wall_seconds:.0f} s"))

    def _died(self) -> EvalsuiteError:
        end = self._stop()
        if not self._ready:
            return SandboxBroken(
                f"the sandbox did not start: {end.get('broken', 'no reason told')}"
            )
        by_signal = end.get("signal")
        name = signal.Signals(by_signal).name if by_signal else "it left"
        return self._failure(end, CandidateFailed("died", name))

    def _failure(self, end: dict[str, Any], otherwise: CandidateFailed) -> CandidateFailed:
        """A candidate that used up its processor time timed out, however it went down."""
        # The kernel counts in ticks, so the figure may end a little below the limit.
        used_up = end.get("cpu_seconds", 0.0) > 0.95 * self._limits.cpu_seconds
        if used_up or end.get("signal") == signal.SIGXCPU:
            return CandidateFailed("timeout", f"{self._limits.cpu_seconds} s of processor time")
        return otherwise
