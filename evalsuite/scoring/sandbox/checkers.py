"""A pool of checker processes, one for each thread that grades; each can be ended."""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from evalsuite.errors import EvalsuiteError
from evalsuite.scoring.sandbox.contract import CannotCross, SandboxBroken
from evalsuite.scoring.sandbox.judge import Setting, Verdict

_ROOT = Path(__file__).parents[3]
_CODE = "import sys; sys.path.insert(0, sys.argv[1]); from {name} import main; main()"
_GRACE_SECONDS, _LEAVE_SECONDS = 60.0, 5.0


class CheckFailed(EvalsuiteError):
    """A benchmark's check does not load: the benchmark's fault, not the candidate's."""


class _Checker:
    """A running checker process."""

    def __init__(self) -> None:
        code = _CODE.format(name="evalsuite.scoring.sandbox.checker")
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, str(_ROOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )

    def ask(self, job: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        """The answer to a job; None if there is none in time, and the process is ended then."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        deadline = time.monotonic() + seconds
        try:
            stdin.write(json.dumps(job).encode() + b"\n")
            stdin.flush()
            line = b""
            with selectors.DefaultSelector() as selector:
                selector.register(stdout, selectors.EVENT_READ)
                while not line.endswith(b"\n"):
                    if not selector.select(max(0.0, deadline - time.monotonic())):
                        self.end()
                        return None
                    part = os.read(stdout.fileno(), 1 << 16)
                    if not part:
                        raise SandboxBroken("the process of the checks ended")
                    line += part
        except OSError as error:
            raise SandboxBroken(f"the process of the checks ended: {error}") from None
        return dict(json.loads(line))

    @property
    def running(self) -> bool:
        """Whether its process is still there."""
        return self._process.poll() is None

    def dismiss(self) -> None:
        """Tell an idle one to leave, with all that it started."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def wait(self) -> None:
        """For one that was told to leave; end it if it does not."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_LEAVE_SECONDS)
        self.end()

    def end(self) -> None:
        """End it, and with it the candidate that it talks to."""
        if self.running:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


_idle: list[_Checker] = []
_of_the_parent: list[_Checker] = []
_lock = threading.Lock()


def check(source: str, entry_point: str, check: str, context: str, setting: Setting) -> Verdict:
    """As :func:`~.judge.judge_check`, in a process that is ended if the check does not end.

    Raises:
        SandboxBroken: If no sandbox could be started.
        CannotCross: If the check gives the candidate what is no plain data.
        CheckFailed: If the check does not load.
    """
    job = {
        "source": source,
        "entry_point": entry_point,
        "check": check,
        "context": context,
        "tier": setting.tier,
        "limits": dataclasses.asdict(setting.limits),
        "packages": setting.packages,
        "objects": setting.objects,
    }
    seconds = setting.limits.wall_seconds + _GRACE_SECONDS
    checker = _take()
    try:
        told = checker.ask(job, seconds)
    except BaseException:
        checker.end()
        raise
    if told is None:
        detail = f"busy: the check did not end in {seconds:.0f} s"
        return Verdict(passed=False, kind="busy", detail=detail, tier=setting.tier)
    with _lock:
        _idle.append(checker)
    if "broken" in told:
        raise SandboxBroken(told["broken"])
    if "cannot_cross" in told:
        raise CannotCross(told["cannot_cross"])
    if "check_failed" in told:
        raise CheckFailed(told["check_failed"])
    return Verdict(tier=setting.tier, **told)


def _take() -> _Checker:
    with _lock:
        while _idle:
            checker = _idle.pop()
            if checker.running:
                return checker
            checker.end()
    return _Checker()


@atexit.register
def close_all() -> None:
    """End all idle checkers."""
    with _lock:
        for checker in _idle:
            checker.dismiss()
        while _idle:
            _idle.pop().wait()


def _start_anew() -> None:
    """A forked copy of this process must not talk to its parent's checkers."""
    global _lock
    _lock = threading.Lock()
    _of_the_parent.extend(_idle)
    _idle.clear()


os.register_at_fork(after_in_child=_start_anew)
