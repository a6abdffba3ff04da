"""Control groups: memory and processes of a whole candidate, counted by the kernel.

They are used where ``$EVALSUITE_CGROUP`` names a group that this user may make groups in; nothing
is moved or made elsewhere. Several folders, joined by colons, serve machines with a hierarchy for
each controller (version 1). Candidates of the tiers "full" and "none" each get a group of their own
for as long as they live.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from pathlib import Path

from evalsuite.scoring.sandbox.contract import Limits, SandboxBroken

VARIABLE = "EVALSUITE_CGROUP"
_OWN_BYTES = 64 << 20  # a keeper, page tables and the like
_LEAVE_SECONDS = 5.0
_numbers = itertools.count()


def parents() -> tuple[Path, ...]:
    """The folders that the variable names."""
    return tuple(map(Path, filter(None, os.environ.get(VARIABLE, "").split(":"))))


def describe() -> str:
    """What is limited by control groups: "no cgroup", or the controllers.

    Raises:
        SandboxBroken: If the variable names something that cannot be used.
    """
    if not parents():
        return "no cgroup"
    group = Group(Limits())
    try:
        return "cgroup " + ",".join(sorted(group.controllers))
    finally:
        group.remove()


class Group:
    """A group for one candidate."""

    def __init__(self, limits: Limits) -> None:
        """Make the group and set its limits.

        Raises:
            SandboxBroken: If it cannot be made, or limits nothing.
        """
        memory = limits.memory_bytes + limits.scratch_bytes + _OWN_BYTES
        # Those of version 2, then those of version 1; a folder has what its controllers give it.
        figures = {
            "memory.max": memory,
            "memory.swap.max": 0,
            "memory.limit_in_bytes": memory,
            "pids.max": limits.processes + 1,
        }
        self.controllers: set[str] = set()
        self._folders: list[Path] = []
        name = f"candidate-{os.getpid()}-{next(_numbers)}"
        try:
            for parent in parents():
                folder = parent / name
                folder.mkdir()
                self._folders.append(folder)
                for file, figure in figures.items():
                    if (folder / file).exists():
                        (folder / file).write_text(str(figure))
                        self.controllers.add(file.partition(".")[0])
        except OSError as error:
            self.remove()
            raise SandboxBroken(f"{VARIABLE}: {error}") from None
        if not self.controllers:
            self.remove()
            raise SandboxBroken(f"{VARIABLE}: no memory or pids controller in {parents()[0]}")

    def add(self, process: int) -> None:
        """Put a process in; what it starts from now on is in it too.

        Raises:
            SandboxBroken: If that is not allowed.
        """
        try:
            for folder in self._folders:
                (folder / "cgroup.procs").write_text(str(process))
        except OSError as error:
            raise SandboxBroken(f"{VARIABLE}: {error}") from None

    @property
    def out_of_memory(self) -> bool:
        """Whether the kernel ended a process of it for its memory."""
        for folder, name in itertools.product(
            self._folders, ("memory.events", "memory.oom_control")
        ):
            with contextlib.suppress(OSError):
                for line in (folder / name).read_text().splitlines():
                    if line.startswith("oom_kill ") and line != "oom_kill 0":
                        return True
        return False

    def remove(self) -> None:
        """Remove the group; its last processes may take a moment to leave it."""
        deadline = time.monotonic() + _LEAVE_SECONDS
        for folder in self._folders:
            while folder.exists():
                try:
                    folder.rmdir()
                except OSError:
                    if time.monotonic() > deadline:
                        return
                    time.sleep(0.002)
