from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evalsuite.scoring.sandbox import available_tier, view, zygotes
from evalsuite.scoring.sandbox.contract import SandboxBroken
from evalsuite.scoring.sandbox.grade import grade_check
from evalsuite.scoring.sandbox.host import Candidate

TIER = available_tier()
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def memory_of(process: int) -> bytes:
    """Everything that a process of this user holds and could write to."""
    parts = []
    with open(f"/proc/{process}/maps") as maps, open(f"/proc/{process}/mem", "rb", 0) as memory:
        for line in maps:
            start, end, rights = re.match(r"(\w+)-(\w+) (\S+)", line).groups()  # type: ignore[union-attr]
            if rights.startswith("rw"):
                memory.seek(int(start, 16))
                try:
                    parts.append(memory.read(int(end, 16) - int(start, 16)))
                except OSError:
                    continue
    return b"".join(parts)


@linux
def test_a_zygote_never_holds_tests_programs_or_answers() -> None:
    spec = view.for_functions(TIER)
    with Candidate("PROGRAM_91 = 1\ndef f(x):\n    return x + 'c'", tier=TIER) as candidate:
        assert candidate.call("f", ["ARGUMENT_91"]) == "ARGUMENT_91c"
        try:
            held = memory_of(zygotes.zygote(spec)._process.pid)
        except PermissionError:
            pytest.skip("this user may not read the memory of a process in other name spaces")
    assert b"preloaded" in held.lower()
    for secret in (b"PROGRAM_91", b"ARGUMENT_91"):
        assert secret not in held


SEARCH = """
import ctypes, gc, os
def f(beginning, end):
    # All memory between the lowest and the highest object, as far as it can be read.
    places = sorted(id(thing) for thing in gc.get_objects())
    libc = ctypes.CDLL(None)
    reader, writer = os.pipe()
    for page in range(places[0] & ~4095, min(places[-1], places[0] + (64 << 20)), 4096):
        if libc.write(writer, ctypes.c_void_p(page), 4096) == 4096:
            if (beginning + end).encode() in os.read(reader, 4096):
                return beginning + end
    return "nothing"
"""


@linux
def test_the_process_of_a_candidate_does_not_hold_its_tests() -> None:
    check = """
def check(candidate):
    expected = "SECRET" + "_92"
    assert candidate("SECRET", "_92") == expected, "not found"
"""
    verdict = grade_check(SEARCH, "f", check, tier=TIER)
    assert (verdict.passed, verdict.kind) == (False, "wrong"), verdict.detail
    # What it does hold, it finds.
    with Candidate(f"held = 'SECRET_92' * 200\n{SEARCH}", tier=TIER) as candidate:
        assert candidate.call("f", ["SECRET", "_92"]) == "SECRET_92"


def test_a_zygote_that_was_killed_is_replaced() -> None:
    spec = view.for_functions(TIER)
    first = zygotes.zygote(spec)
    os.kill(first._process.pid, signal.SIGKILL)
    first._process.wait()
    with Candidate("def f():\n    return 1", tier=TIER) as candidate:
        assert candidate.call("f") == 1
    assert zygotes.zygote(spec) is not first


def test_walls_that_cannot_be_built_are_not_the_candidates_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(zygotes, "_BOOTSTRAP", "import sys; sys.exit(1) # {entry}")
    zygotes.close_all()
    with pytest.raises(SandboxBroken, match="its process ended"):
        Candidate("def f():\n    return 1", tier=TIER).__enter__()


@linux
def test_everything_ends_with_the_trusted_side(tmp_path: Path) -> None:
    program = f"""
import os, signal
from evalsuite.scoring.sandbox.host import Candidate
with Candidate("import time\\ndef f():\\n    time.sleep(100)", tier={TIER!r}) as candidate:
    print(os.getpid(), flush=True)
    candidate.call("f")
"""
    root = Path(zygotes.__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=root, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        below = _descendants(process.pid)
        assert len(below) >= 2  # zygote and candidate
        process.kill()
    deadline = time.monotonic() + 20
    while any(_alive(one) for one in below) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(_alive(one) for one in below)


def _descendants(process: int) -> list[int]:
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True).stdout
    parents = [tuple(map(int, line.split())) for line in listed.splitlines()]
    found, at = [process], 0
    while at < len(found):
        found += [child for child, parent in parents if parent == found[at]]
        at += 1
    return found[1:]


def _alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@linux
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_copy_has_a_zygote_of_its_own() -> None:
    spec = view.for_functions(TIER)
    parents = zygotes.zygote(spec)
    process = os.fork()
    if process == 0:
        try:
            with Candidate("def f():\n    return 7", tier=TIER) as candidate:
                right = candidate.call("f") == 7
            own = zygotes.zygote(spec) is not parents
            zygotes.close_all()
            os._exit(0 if right and own else 1)
        except BaseException:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    assert parents.running and zygotes.zygote(spec) is parents
