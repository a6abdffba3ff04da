from __future__ import annotations

import itertools
import json
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from evalsuite.scoring.sandbox import container, tiers, view
from evalsuite.scoring.sandbox.contract import Limits
from evalsuite.scoring.sandbox.grade import grade_check
from evalsuite.scoring.sandbox.host import Candidate
from evalsuite.scoring.sandbox.inside import frames
from evalsuite.scoring.sandbox.program import run_program
from evalsuite.scoring.sandbox.zygotes import inner_command

works = pytest.mark.skipif(
    not tiers.offer("container").works, reason=tiers.offer("container").detail
)


def test_arguments_bar_everything_but_the_scratch_folder() -> None:
    limits = Limits(memory_bytes=100 << 20, scratch_bytes=4096, processes=7)
    spec = view.for_functions("container")
    given = container.arguments(spec, limits, "/some/lines", "evalsuite-1", ["control"])
    pairs = set(itertools.pairwise(given))
    assert given[:3] == ["run", "--rm", "--interactive"]
    assert {
        ("--network", "none"),
        ("--cap-drop", "ALL"),
        ("--security-opt", "no-new-privileges"),
        ("--user", "65534:65534"),
        ("--pids-limit", "9"),
        ("--memory", str(164 << 20)),
        ("--memory-swap", str(164 << 20)),
        ("--pull", "never"),
        ("--tmpfs", "/scratch:rw,exec,nosuid,nodev,size=4096,mode=1777"),
    } <= pairs
    assert "--read-only" in given and "--privileged" not in given
    mounted = [value for option, value in pairs if option == "--volume"]
    assert sorted(mount.rpartition("/")[2] for mount in mounted) == ["inside:ro", "lines"]
    settings = json.loads(given[-1])
    assert settings["sockets"] == ["/lines/control"] and given[-3].startswith("\nimport sys")


def test_the_image_is_the_interpreters_version_unless_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVALSUITE_SANDBOX_IMAGE", raising=False)
    assert container.image().startswith("python:3.") and container.image().endswith("-slim")
    monkeypatch.setenv("EVALSUITE_SANDBOX_IMAGE", "toolchains:1")
    assert container.image() == "toolchains:1"


@pytest.mark.parametrize(
    ("script", "detail", "remedy"),
    [
        ("exit 0", None, None),
        ("echo 'Error: No such image: x' >&2; exit 1", "no image", "docker pull python:3."),
        ("echo 'Cannot connect to the Docker daemon' >&2; exit 1", "Cannot connect", "start the"),
    ],
)
def test_what_stands_in_the_way(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, detail: Any, remedy: Any
) -> None:
    program = tmp_path / "docker"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("EVALSUITE_SANDBOX_IMAGE", raising=False)
    found = container.obstacle()
    if detail is None:
        assert found is None
    else:
        assert found is not None and detail in found[0] and remedy in found[1]
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert container.obstacle() == (
        "neither docker nor podman is installed",
        "install one of them",
    )


def test_a_keeper_that_finds_its_lines_by_name(tmp_path: Path) -> None:
    # What runs in the container, without one: it connects to the sockets of the mounted folder.
    with (
        container._door(tmp_path / "control") as control,
        container._door(tmp_path / "channel") as channel,
    ):
        settings = {
            "tier": "none",
            "sockets": [str(tmp_path / "control"), str(tmp_path / "channel")],
            "paths": [],
            "packages": [],
        }
        process = subprocess.Popen(inner_command("once", settings))
        (ours, _), (line, _) = control.accept(), channel.accept()
    figures = {"cpu_seconds": 3, "memory_bytes": 1 << 30, "file_bytes": 1 << 20, "processes": 16}
    rest: dict[str, Any] = {"argv": [], "collect": {}, "env": {}}
    plan = {"kind": "function", "folder": str(tmp_path), "own_users": False, **figures, **rest}
    with ours, line, line.makefile("rb") as replies:
        ours.sendall(frames.pack(plan, {}))
        assert json.loads(replies.readline()) == {"ready": True}
        line.sendall(json.dumps({"id": 1, "do": "load", "source": "x = 1"}).encode() + b"\n")
        assert json.loads(replies.readline()) == {"id": 1, "value": None}
        ours.shutdown(socket.SHUT_WR)
        report, _ = frames.unpack(ours.recv)
    assert (report["end"], report["signal"], process.wait(20)) == ("stopped", 9, 0)


@works
def test_grading_and_programs() -> None:
    check = "def check(candidate):\n    assert candidate(2) == 4"
    assert grade_check("def f(x):\n    return x * x", "f", check, tier="container").passed
    assert not grade_check("def f(x):\n    return x + 3", "f", check, tier="container").passed
    with Candidate("import os\ndef f():\n    return os.getuid()", tier="container") as candidate:
        assert candidate.call("f") == 65534
    done = run_program(["sh", "-c", "cat; ls /sys/class/net"], stdin=b"in ", tier="container")
    assert done.stdout == b"in lo\n"
