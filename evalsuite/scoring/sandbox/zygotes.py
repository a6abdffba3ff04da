"""The trusted side's handle on zygotes: one clean process for each kind of tree it shows.

A zygote starts on first use and is shared by all threads; it forks a candidate in about a
millisecond. If it ended (killed by the machine, say), the next request starts another.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import json
import os
import socket
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalsuite.scoring.sandbox.contract import SandboxBroken
from evalsuite.scoring.sandbox.view import Spec, interpreter

_START_SECONDS, _END_SECONDS = 60.0, 5.0
_PACKAGE = Path(__file__).parents[2]
# Makes the inner modules importable without anything else of the package: not even its __init__.
_BOOTSTRAP = """
import sys, types
root, settings = sys.argv[1:]
for name in ("evalsuite", "evalsuite.scoring", "evalsuite.scoring.sandbox"):
    module = sys.modules[name] = types.ModuleType(name)
    module.__path__ = [root + "/".join(["", *name.split(".")[1:]])]
import json
from evalsuite.scoring.sandbox.inside import {entry}
{entry}.main(json.loads(settings))
"""


def inner_command(
    entry: str, settings: dict[str, Any], *, python: str = "", root: str = str(_PACKAGE)
) -> list[str]:
    """The command that runs ``main`` of an inner module in a fresh, isolated interpreter.

    Args:
        entry: Name of the module.
        settings: What its ``main`` gets.
        python: Another interpreter than this one's.
        root: Where this package lies, for that interpreter.
    """
    code = _BOOTSTRAP.format(entry=entry)
    return [python or interpreter(), "-I", "-S", "-c", code, root, json.dumps(settings)]


@dataclass
class Zygote:
    """A running zygote."""

    spec: Spec
    user: str = ""
    features: tuple[str, ...] = ()
    counts_instructions: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _retired: bool = False

    def __post_init__(self) -> None:
        """Start the process.

        Raises:
            SandboxBroken: With the step that failed.
        """
        self._line, theirs = socket.socketpair()
        settings = {
            "tier": self.spec.tier,
            "line": theirs.fileno(),
            "visible": self.spec.visible,
            "hidden": self.spec.hidden,
            "shown": self.spec.shown,
            "base": os.path.realpath(tempfile.gettempdir()),
            "paths": self.spec.paths,
            "packages": self.spec.packages,
        }
        with theirs:
            try:
                self._process = subprocess.Popen(
                    inner_command("zygote", settings),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    cwd="/",
                    env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
                    start_new_session=True,
                )
            except OSError as error:
                self._line.close()
                raise SandboxBroken(f"the sandbox did not start: {error}") from None
        self._line.settimeout(_START_SECONDS)
        self._replies = self._line.makefile("rb")
        try:
            told = self._told()
        except SandboxBroken:
            self.close()
            raise
        self.user, self.features = told["user"], tuple(told["features"])
        self.counts_instructions = told["counts"]

    def _told(self) -> dict[str, Any]:
        try:
            reply = self._replies.readline()
            message = dict(json.loads(reply)) if reply else {"broken": "its process ended"}
        except (OSError, ValueError) as error:
            message = {"broken": f"no answer ({error})"}
        if "broken" in message:
            raise SandboxBroken(f"the sandbox did not start: {message['broken']}")
        return message

    def fork(self, plan: Mapping[str, Any], descriptors: Sequence[int]) -> int | None:
        """Fork a candidate, or a keeper for it, with copies of these descriptors.

        Returns:
            Its process id; None if this zygote was retired meanwhile.

        Raises:
            SandboxBroken: If there was none.
        """
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))
        data = json.dumps(plan).encode()
        with self._lock:
            if self._retired:
                return None
            try:
                self._line.sendmsg([len(data).to_bytes(4, "big") + data], [rights])
            except OSError as error:
                raise SandboxBroken(f"the sandbox did not start: {error}") from None
            return int(self._told()["process"])

    @property
    def running(self) -> bool:
        """Whether its process is still there."""
        return self._process.poll() is None

    def retire(self) -> None:
        """Take no more requests; the process ends when its candidates have."""
        with self._lock:
            self._retired = True
            with contextlib.suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)
            self._replies.close()
            self._line.close()

    def close(self) -> None:
        """End the process, and its candidates if they do not end by themselves."""
        self.retire()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


_MOST = 8
_zygotes: dict[Spec, Zygote] = {}
_retired: list[Zygote] = []
_of_the_parent: list[Zygote] = []
_starting = threading.Lock()


def zygote(spec: Spec) -> Zygote:
    """The running zygote for ``spec``; started if there is none.

    Raises:
        SandboxBroken: If it cannot be started.
    """
    with _starting:
        found = _zygotes.pop(spec, None)
        if found is not None and not found.running:
            found.close()
            found = None
        if found is None:
            if len(_zygotes) >= _MOST:
                _retired.append(_zygotes.pop(next(iter(_zygotes))))
                _retired[-1].retire()
            _retired[:] = [one for one in _retired if one.running]
            found = Zygote(spec)
        _zygotes[spec] = found  # the most recently used is the last
        return found


def fork(spec: Spec, plan: Mapping[str, Any], descriptors: Sequence[int]) -> int:
    """Fork from the zygote for ``spec``; see :meth:`Zygote.fork`."""
    while (process := zygote(spec).fork(plan, descriptors)) is None:
        continue
    return process


@atexit.register
def close_all() -> None:
    """End all zygotes."""
    with _starting:
        for found in (*_zygotes.values(), *_retired):
            found.close()
        _zygotes.clear()
        _retired.clear()


def _start_anew() -> None:
    """A forked copy of this process must not talk on its parent's lines."""
    global _starting
    _starting = threading.Lock()
    _of_the_parent.extend((*_zygotes.values(), *_retired))
    _zygotes.clear()
    _retired.clear()


os.register_at_fork(after_in_child=_start_anew)
