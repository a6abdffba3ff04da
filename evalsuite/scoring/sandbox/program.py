"""Running a whole program behind the wall: any binary of a toolchain, or a Python script.

Nothing here judges. The caller compares the output, on the trusted side; an exit code alone never
makes a verdict.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import MappingProxyType

from evalsuite.scoring.sandbox import turns, view
from evalsuite.scoring.sandbox.contract import PROGRAM_LIMITS, Limits, Tier
from evalsuite.scoring.sandbox.launch import Keeper, Kind
from evalsuite.scoring.sandbox.tiers import required_tier
from evalsuite.scoring.sandbox.view import Spec

SCRATCH = "/scratch"
"""The working folder of a program in every tier but "none", where it is a folder of its own."""

_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": SCRATCH,
    "TMPDIR": SCRATCH,
}


@dataclass(frozen=True, kw_only=True)
class ProgramRun:
    """How a program ended, measured from outside it.

    Args:
        exit_code: None if a signal ended it.
        signal: Number of the signal that ended it; None if it left by itself.
        stdout: What it wrote, up to ``Limits.output_bytes``.
        stderr: Likewise.
        truncated: It wrote more than that, and was ended for it.
        timed_out: It used up its processor time, or the wall-clock time, and was ended for it.
        out_of_memory: Its processes together held more than ``Limits.memory_bytes`` and were ended
            for it. A program that could not get memory and gave up is not told apart from others.
        cpu_seconds: Of the program and all it started, user and system.
        wall_seconds: From its start to its end.
        peak_memory_bytes: Largest resident size that any one of its processes had.
        instructions: Executed in user space, by the processor's counter; None where this machine
            has none, or the program is a Python script.
        files: Those of ``collect`` that were there: ordinary files within the size.
    """

    exit_code: int | None
    signal: int | None
    stdout: bytes
    stderr: bytes
    truncated: bool
    timed_out: bool
    out_of_memory: bool
    cpu_seconds: float
    wall_seconds: float
    peak_memory_bytes: int
    instructions: int | None
    files: Mapping[str, bytes]


def run_program(
    argv: Sequence[str],
    *,
    files: Mapping[str, bytes] = MappingProxyType({}),
    stdin: bytes = b"",
    limits: Limits = PROGRAM_LIMITS,
    read_only: Sequence[Path] = (),
    env: Mapping[str, str] = MappingProxyType({}),
    collect: Sequence[str] = (),
    tier: Tier | None = None,
    retry: bool = True,
) -> ProgramRun:
    """Run a binary in an empty working folder of its own, and tell how it ended.

    Args:
        argv: The program and its arguments; found by ``PATH``, absolute, or ``./`` in the folder.
        files: Relative path -> content, written (executable) into the folder before the start.
        stdin: Standard input.
        limits: See :class:`~.contract.Limits`.
        read_only: More folders or files to show under their own paths, such as ``~/.cargo``.
        env: Added to a small environment of ``PATH``, ``LANG``, ``HOME`` and ``TMPDIR``.
        collect: Relative paths of files to bring back, such as what a compiler made.
        tier: None: the tier of this process, see :func:`~.tiers.required_tier`.
        retry: A program that ran out of time is run once more, with no other beside it, and only
            that counts.

    Raises:
        SandboxUnavailable: If this machine does not offer the tier.
        SandboxBroken: If the program could not be started: no such file, or no sandbox.
    """
    spec = view.for_programs(tier or required_tier(), read_only)
    run = _Run("program", spec, argv, files, stdin, limits, env, collect)
    return run.with_retry() if retry else run.once()


def run_python(
    source: str,
    *,
    files: Mapping[str, bytes] = MappingProxyType({}),
    stdin: bytes = b"",
    limits: Limits | None = None,
    collect: Sequence[str] = (),
    tier: Tier | None = None,
    retry: bool = True,
) -> ProgramRun:
    """Run a Python script as ``python main.py`` would, without paying for a new interpreter.

    Only the standard library is there, and the script can start threads but no processes. The
    arguments and errors are those of :func:`run_program`.
    """
    spec = view.for_functions(tier or required_tier())
    everything = {**files, "main.py": source.encode("utf-8", "surrogatepass")}
    run = _Run("script", spec, ["main.py"], everything, stdin, limits or Limits(), {}, collect)
    return run.with_retry() if retry else run.once()


@dataclass(frozen=True)
class _Run:
    """One request; can be run again."""

    kind: Kind
    spec: Spec
    argv: Sequence[str]
    files: Mapping[str, bytes]
    stdin: bytes
    limits: Limits
    env: Mapping[str, str]
    collect: Sequence[str]

    def with_retry(self) -> ProgramRun:
        with turns.together():
            done = self.once()
        if done.timed_out:
            with turns.alone():
                return self.once()
        return done

    def once(self) -> ProgramRun:
        with contextlib.ExitStack() as stack:
            ours, theirs = _streams(stack)
            with theirs:
                keeper = Keeper(
                    self.kind,
                    spec=self.spec,
                    limits=self.limits,
                    streams=theirs.numbers,
                    argv=self.argv,
                    env={**_ENVIRONMENT, **self.env},
                    files=self.files,
                    collect=dict.fromkeys(self.collect, self.limits.file_bytes),
                )
            stack.callback(keeper.close)
            talk = _Talk(keeper, ours, self.stdin, self.limits)
            talk.hold()
            report, collected = keeper.report()
            talk.read_rest()
        return ProgramRun(
            exit_code=report["exit_code"],
            signal=report["signal"],
            stdout=bytes(talk.stdout),
            stderr=bytes(talk.stderr),
            truncated=talk.truncated,
            timed_out=talk.late or report["end"] == "cpu",
            out_of_memory=report["end"] == "memory",
            cpu_seconds=report["cpu_seconds"],
            wall_seconds=report["wall_seconds"],
            peak_memory_bytes=report["peak_memory_bytes"],
            instructions=report["instructions"],
            files=collected,
        )


# --- the three streams --------------------------------------------------------------------------


class _Theirs(contextlib.ExitStack):
    """The program's ends of its streams, open until the keeper has its copies."""

    numbers: list[int]


def _streams(stack: contextlib.ExitStack) -> tuple[list[FileIO], _Theirs]:
    """Pipes for stdin, stdout and stderr: our ends and the program's."""
    pairs = [os.pipe() for _ in range(3)]
    theirs = _Theirs()
    theirs.numbers = [pairs[0][0], pairs[1][1], pairs[2][1]]
    for number in theirs.numbers:
        theirs.callback(os.close, number)
        os.fchmod(number, 0o666)  # another user may open it anew, as /dev/stdin
    ours = [FileIO(pairs[0][1], "w"), FileIO(pairs[1][0]), FileIO(pairs[2][0])]
    for file in ours:
        os.set_blocking(file.fileno(), False)
        stack.enter_context(file)
    return ours, theirs


class _Talk:
    """Feeds and reads a program until it has ended; ends it when it writes or takes too much."""

    def __init__(self, keeper: Keeper, ours: list[FileIO], stdin: bytes, limits: Limits) -> None:
        self._keeper, self._limits = keeper, limits
        self._stdin, self._stdout, self._stderr = ours
        self._left = memoryview(stdin)
        self._selector = selectors.DefaultSelector()
        self._stopped = False
        self.stdout, self.stderr = bytearray(), bytearray()
        self.truncated = self.late = False

    def hold(self) -> None:
        """Until the keeper begins its report."""
        deadline = time.monotonic() + self._limits.wall_seconds
        with self._selector as selector:
            selector.register(self._stdin, selectors.EVENT_WRITE, self._feed)
            selector.register(self._stdout, selectors.EVENT_READ, self._read)
            selector.register(self._stderr, selectors.EVENT_READ, self._read)
            selector.register(self._keeper.control, selectors.EVENT_READ)
            while True:
                wait = None if self._stopped else max(0.0, deadline - time.monotonic())
                ready = selector.select(wait)
                if not ready and not self._stopped:
                    self.late = True
                    self._stop()
                for key, _ in ready:
                    if key.data is None:
                        return
                    key.data(key.fileobj)

    def read_rest(self) -> None:
        """What was still in the pipes when the program ended."""
        for file in (self._stdout, self._stderr):
            while self._take(file):
                pass

    def _stop(self) -> None:
        self._stopped = True
        self._keeper.stop()

    def _feed(self, file: FileIO) -> None:
        try:
            written = os.write(file.fileno(), self._left[: 1 << 16]) if self._left else 0
        except BrokenPipeError:
            written = len(self._left)  # it closed its standard input, as it may
        self._left = self._left[written:]
        if not self._left:
            self._selector.unregister(file)
            file.close()

    def _read(self, file: FileIO) -> None:
        if not self._take(file):
            self._selector.unregister(file)

    def _take(self, file: FileIO) -> bool:
        """Read once; False at the end, and where nothing is there."""
        data = file.read(1 << 16)
        if not data:
            return False
        into = self.stdout if file is self._stdout else self.stderr
        room = self._limits.output_bytes - len(into)
        into += data[:room]
        if len(data) > room:
            self.truncated = True
            if not self._stopped:
                self._stop()
        return True
