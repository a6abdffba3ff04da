from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalsuite.scoring.sandbox import bubblewrap, tiers
from evalsuite.scoring.sandbox.contract import CandidateFailed, Limits
from evalsuite.scoring.sandbox.grade import grade_check
from evalsuite.scoring.sandbox.host import Candidate
from evalsuite.scoring.sandbox.program import run_program
from evalsuite.scoring.sandbox.view import Spec

works = pytest.mark.skipif(
    not tiers.offer("bubblewrap").works, reason=tiers.offer("bubblewrap").detail
)


def inside(source: str, *args: Any) -> Any:
    try:
        with Candidate(source, tier="bubblewrap") as candidate:
            return candidate.call("f", args)
    except CandidateFailed as failure:
        return failure.kind


def test_arguments() -> None:
    spec = Spec("bubblewrap", ("/usr/lib",), ("/usr/lib/python3",), ("/usr/lib/python3/one",))
    given = bubblewrap.walls(spec, Limits(scratch_bytes=123))
    text = " ".join(given)
    assert text.startswith("--unshare-all --die-with-parent")
    assert "--ro-bind /usr/lib /usr/lib" in text
    hidden, shown = text.index("--tmpfs /usr/lib/python3"), text.index("/usr/lib/python3/one")
    assert text.index("--ro-bind /usr/lib ") < hidden < shown
    assert "--size 123 --tmpfs /scratch" in text and text.endswith("--remount-ro /")


@pytest.fixture
def listener() -> Iterator[Any]:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@works
def test_attacks(listener: Any, tmp_path: Path) -> None:
    port = listener.getsockname()[1]
    assert inside("import os\ndef f():\n    return os.fork()") == "raised"
    network = f"import socket\ndef f():\n    socket.create_connection(('127.0.0.1', {port}))"
    assert inside(network) == "raised"
    reads = f"import os\ndef f():\n    return os.listdir('/'), os.path.exists({str(tmp_path)!r})"
    names, there = inside(reads)
    assert there is False and "etc" not in names and "home" not in names
    assert inside("def f():\n    open('/mark', 'w')") == "raised"
    assert inside("import os\ndef f():\n    return os.getuid(), os.getpid() < 10") == (1000, True)
    parent = "def f():\n    return open('/proc/1/environ').read()"
    assert inside(parent) == "raised"
    done = run_program(["sh", "-c", "id -u; ls /proc | grep -c '^[0-9]'"], tier="bubblewrap")
    assert done.stdout.split()[0] == b"1000" and int(done.stdout.split()[1]) < 10


@works
def test_grading() -> None:
    check = "def check(candidate):\n    assert candidate(2) == 4"
    assert grade_check("def f(x):\n    return x * x", "f", check, tier="bubblewrap").passed
    assert not grade_check("def f(x):\n    return x + 3", "f", check, tier="bubblewrap").passed


@works
def test_nothing_is_left_running() -> None:
    run_program(["/usr/bin/env", "sh", "-c", "(setsid sleep 7.531 &) ; true"], tier="bubblewrap")
    listed = subprocess.run(["ps", "-eww", "-o", "args="], capture_output=True, text=True).stdout
    assert "sleep 7.531" not in listed
