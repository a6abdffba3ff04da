"""Starting one candidate in a tier: a keeper with its plan, and the report that it ends with."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from evalsuite.scoring.sandbox import bubblewrap, cgroups, container
from evalsuite.scoring.sandbox.contract import Limits, SandboxBroken
from evalsuite.scoring.sandbox.inside import frames
from evalsuite.scoring.sandbox.view import Spec
from evalsuite.scoring.sandbox.zygotes import fork

Kind = Literal["function", "script", "program"]

_END_SECONDS = 30.0


class Keeper:
    """The trusted process beside a candidate, as seen from here; used by one thread."""

    def __init__(
        self,
        kind: Kind,
        *,
        spec: Spec,
        limits: Limits,
        streams: Sequence[int] = (),
        argv: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        files: Mapping[str, bytes] | None = None,
        collect: Mapping[str, int] | None = None,
    ) -> None:
        """Start the keeper, and through it the candidate.

        Args:
            kind: What runs: calls of a function, a Python script, another program.
            spec: Tier, what is visible, what is loaded.
            limits: Of this candidate.
            streams: Standard input, output and error of a script or program.
            argv: Of a program; the file of a script.
            env: A program's whole environment.
            files: Written into the working folder first.
            collect: Files to bring back, and how many bytes each may have at most.

        Raises:
            SandboxBroken: If it did not start.
        """
        # What is entered last is left first: our ends of the lines, and then what ends with them.
        self._stack = contextlib.ExitStack()
        self._stack.callback(self._wait)
        self._process: subprocess.Popen[bytes] | None = None
        self._group: cgroups.Group | None = None
        folder = None
        if spec.tier == "none":
            made = tempfile.TemporaryDirectory(prefix="evalsuite-", ignore_cleanup_errors=True)
            folder = os.path.realpath(self._stack.enter_context(made))
        plan = {
            "kind": kind,
            "folder": folder,
            "argv": list(argv),
            "env": dict(env or {}),
            "collect": dict(collect or {}),
            "own_users": spec.tier in ("full", "bubblewrap"),
            **_figures(limits),
        }
        try:
            # Of a function in tier "full" the zygote is the keeper, and gets the plan at once.
            kept_by_zygote = kind == "function" and spec.tier == "full"
            self._open(spec, limits, streams, plan if kept_by_zygote else {"kind": kind})
            if not kept_by_zygote:
                self._send_plan(plan, files or {})
        except BaseException:
            self.close()
            raise

    def _open(
        self, spec: Spec, limits: Limits, streams: Sequence[int], request: dict[str, Any]
    ) -> None:
        """Start the process; set ``control`` and, of a function, ``channel``."""
        if spec.tier == "container":
            started = container.start(spec, limits, streams)
            self._stack.callback(started.end)
            self.control = self._stack.enter_context(started.control)
            if started.channel:
                self.channel = self._stack.enter_context(started.channel)
            return
        if cgroups.parents() and spec.tier != "bubblewrap":
            self._group = cgroups.Group(limits)
            self._stack.callback(self._group.remove)
        self.control, control = socket.socketpair()
        self._stack.enter_context(self.control)
        with control, contextlib.ExitStack() as theirs:
            given = [control.fileno(), *streams]
            if not streams:
                self.channel, channel = socket.socketpair()
                given.append(theirs.enter_context(channel).fileno())
                self._stack.enter_context(self.channel)
            if spec.tier == "bubblewrap":
                self._process = bubblewrap.start(spec, limits, given)
            else:
                process = fork(spec, request, given)
                if self._group:  # in time: the program, or the plan, comes after this
                    self._group.add(process)

    def _wait(self) -> None:
        """For the end of what stands between the keeper and this process."""
        if self._process is not None:
            try:
                self._process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _send_plan(self, plan: dict[str, Any], files: Mapping[str, bytes]) -> None:
        try:
            self.control.sendall(frames.pack(plan, files))
        except OSError:
            raise SandboxBroken(f"the sandbox did not start: {self._complaint()}") from None

    def _complaint(self) -> str:
        try:
            self._report()
        except SandboxBroken as error:
            return str(error)
        return "its keeper left"

    def stop(self) -> None:
        """End the candidate and all it started."""
        try:
            self.control.shutdown(socket.SHUT_WR)
        except OSError:  # it has ended already
            return

    def report(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        """How the candidate ended, and the files asked for; waits for the end.

        Raises:
            SandboxBroken: If the walls failed, or the keeper was killed from outside.
        """
        try:
            return self._report()
        finally:
            self.close()

    def _report(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        self.control.settimeout(_END_SECONDS)
        try:
            message, files = frames.unpack(self.control.recv)
        except EOFError:
            raise SandboxBroken("the sandbox ended without a report: was it killed?") from None
        except OSError as error:
            raise SandboxBroken(f"the sandbox did not end in time: {error}") from None
        if "broken" in message:
            raise SandboxBroken(f"the sandbox failed: {message['broken']}")
        if self._group and self._group.out_of_memory and message["end"] == "left":
            message["end"] = "memory"
        return message, files

    def close(self) -> None:
        """Let go; ends the candidate if it still runs."""
        self._stack.close()


def probe(spec: Spec) -> None:
    """Start a candidate that does nothing, to see whether it can be done.

    Raises:
        SandboxBroken: If not.
    """
    keeper = Keeper("function", spec=spec, limits=Limits())
    try:
        keeper.channel.settimeout(_END_SECONDS)
        said = keeper.channel.recv(64)
        keeper.stop()
        keeper.report()
    except OSError as error:
        raise SandboxBroken(f"the sandbox did not start: {error}") from None
    finally:
        keeper.close()
    if b"ready" not in said:
        raise SandboxBroken("the sandbox did not start: its process ended")


def _figures(limits: Limits) -> dict[str, float]:
    return {
        "cpu_seconds": limits.cpu_seconds,
        "memory_bytes": limits.memory_bytes,
        "file_bytes": limits.file_bytes,
        "scratch_bytes": limits.scratch_bytes,
        "processes": limits.processes,
    }
