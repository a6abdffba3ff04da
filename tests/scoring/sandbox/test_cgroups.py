"""Control groups, for real where this machine lets the tests make one of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalsuite.scoring.sandbox import available_tier, cgroups
from evalsuite.scoring.sandbox.contract import CandidateFailed, Limits, SandboxBroken
from evalsuite.scoring.sandbox.host import Candidate
from evalsuite.scoring.sandbox.program import run_program

TIER = available_tier()


def _root_of(controller: str) -> Path | None:
    """A hierarchy with the controller in whose root this process is, and can make groups."""
    try:
        own = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return None
    for line in own:
        _, controllers, place = line.split(":", 2)
        if place == "/" and controller in controllers.split(","):
            root = Path("/sys/fs/cgroup", controllers)
            return root if os.access(root, os.W_OK) and os.access(root / "tasks", os.W_OK) else None
    unified = Path("/sys/fs/cgroup/cgroup.subtree_control")
    usable = unified.exists() and controller in unified.read_text().split()
    return unified.parent if usable and os.access(unified.parent, os.W_OK) else None


@pytest.fixture
def parent(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    controller = request.param
    root = _root_of(controller)
    if root is None:
        pytest.skip(f"this user can make no group with the {controller} controller")
    folder = root / f"evalsuite-test-{os.getpid()}"
    folder.mkdir()
    control = folder / "cgroup.subtree_control"
    if control.exists():
        control.write_text(f"+{controller}")
    monkeypatch.setenv(cgroups.VARIABLE, str(folder))
    yield folder
    folder.rmdir()


@pytest.mark.parametrize("parent", ["pids"], indirect=True)
def test_processes_are_limited_and_groups_do_not_stay(parent: Path) -> None:
    assert cgroups.describe() == "cgroup pids"
    source = """
import threading, time
def f(most):
    for number in range(most):
        try:
            threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
        except RuntimeError:
            return number
"""
    limits = Limits(processes=6, memory_bytes=4 << 30)
    with Candidate(source, tier=TIER, limits=limits) as candidate:
        (group,) = parent.glob("candidate-*")
        assert (group / "pids.max").read_text().strip() == "7"
        assert candidate.call("f", [40]) < 7
    assert not list(parent.glob("candidate-*"))
    done = run_program(
        ["sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do sleep 2 & done"], limits=limits, tier=TIER
    )
    assert b"fork" in done.stderr.lower()
    assert not list(parent.glob("candidate-*"))


@pytest.mark.parametrize("parent", ["memory"], indirect=True)
def test_memory_is_limited(parent: Path) -> None:
    assert "memory" in cgroups.describe()
    limits = Limits(memory_bytes=64 << 20, scratch_bytes=1 << 20)
    source = (
        "import mmap\ndef f():\n    m = mmap.mmap(-1, 400 << 20)\n    m.write(b'x' * (400 << 20))"
    )
    with (
        Candidate(source, tier=TIER, limits=limits) as candidate,
        pytest.raises(CandidateFailed) as failed,
    ):
        candidate.call("f")
    assert failed.value.kind in ("memory", "raised")


def test_without_the_variable_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cgroups.VARIABLE, raising=False)
    assert cgroups.parents() == () and cgroups.describe() == "no cgroup"


def test_what_is_no_group_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(cgroups.VARIABLE, str(tmp_path))
    with pytest.raises(SandboxBroken, match="no memory or pids controller"):
        cgroups.describe()
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv(cgroups.VARIABLE, str(tmp_path / "absent"))
    with pytest.raises(SandboxBroken, match="EVALSUITE_CGROUP"):
        Candidate("def f(): pass", tier=TIER).__enter__()


@pytest.mark.parametrize(
    ("events", "killed"),
    [("low 0\noom 1\noom_kill 1\n", True), ("oom 3\noom_kill 0\n", False), ("", False)],
)
def test_events_of_version_2(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, events: str, killed: bool
) -> None:
    # https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
    monkeypatch.setenv(cgroups.VARIABLE, str(tmp_path))
    made = Path.mkdir

    def with_files(folder: Path) -> None:
        made(folder)
        for name in ("memory.max", "memory.swap.max", "pids.max", "memory.events", "cgroup.procs"):
            (folder / name).write_text(events if name == "memory.events" else "max")

    monkeypatch.setattr(Path, "mkdir", with_files)
    group = cgroups.Group(Limits(memory_bytes=100 << 20, scratch_bytes=1 << 20, processes=3))
    (folder,) = tmp_path.iterdir()
    group.add(123)
    written = {file.name: file.read_text() for file in folder.iterdir()}
    assert written["memory.max"] == str((100 + 1 + 64) << 20)
    assert (written["memory.swap.max"], written["pids.max"]) == ("0", "4")
    assert written["cgroup.procs"] == "123" and group.controllers == {"memory", "pids"}
    assert group.out_of_memory is killed
