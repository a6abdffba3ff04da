"""Cheats are those of public exploits (openai/human-eval#67, evalplus#306, ...) and our own."""

from __future__ import annotations

import math
import os
import subprocess
import time
from typing import Any

import pytest

from evalsuite.scoring.sandbox import available_tier, host, required_tier
from evalsuite.scoring.sandbox.host import (
    Candidate,
    CandidateFailed,
    Limits,
    SandboxBroken,
    SandboxUnavailable,
    Tier,
)

TIERS: list[Tier] = ["process"]
if available_tier() == "namespaces":
    TIERS.append("namespaces")
every_tier = pytest.mark.parametrize("tier", TIERS)
isolated = pytest.mark.skipif(
    available_tier() != "namespaces", reason="this machine has no user namespaces"
)


def outcome(source: str, *args: Any, tier: Tier = TIERS[-1], **limits: Any) -> Any:
    """What ``f(*args)`` gives, or the kind of failure."""
    try:
        with Candidate(source, tier=tier, limits=Limits(**limits)) as candidate:
            return candidate.call("f", args)
    except CandidateFailed as failure:
        return failure.kind


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and repr(one) == repr(other)


# --- ordinary programs --------------------------------------------------------------------------


@every_tier
def test_a_program_computes(tier: Tier) -> None:
    source = (
        "import math\nstate = []\ndef f(x):\n    state.append(x)\n    return len(state), math.pi"
    )
    with Candidate(source, tier=tier) as candidate:
        assert candidate.call("f", [1]) == (1, math.pi)
        assert candidate.call("f", [1]) == (2, math.pi)


@every_tier
def test_large_values_cross(tier: Tier) -> None:
    text = "é" * 300_000
    assert outcome("def f(x):\n    return x + x", text, tier=tier) == text + text


def test_subclasses_become_plain() -> None:
    source = "import collections\ndef f(x):\n    return collections.Counter(x)"
    assert same(outcome(source, "aab"), {"a": 2, "b": 1})


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("def f(:", "raised"),
        ("raise ValueError('early')", "raised"),
        ("def g():\n    return 1", "raised"),
        ("def f():\n    return 1 / 0", "raised"),
        ("def f():\n    return object()", "not_plain"),
        ("def f():\n    return (x for x in 'ab')", "not_plain"),
        ("def f():\n    x = []\n    x.append(x)\n    return x", "raised"),
        ("def f():\n    return f()", "raised"),
        ("def f():\n    return 'x' * 5_000_000", "not_plain"),
        ("def f():\n    return 'x' * 10**10", "memory"),
        ("x = [0] * 10**10\ndef f():\n    return 1", "memory"),
        ("import sys\ndef f():\n    sys.exit(0)", "raised"),
        ("import os\ndef f():\n    os._exit(0)", "died"),
        ("import os, signal\ndef f():\n    os.kill(os.getpid(), signal.SIGKILL)", "died"),
    ],
)
def test_kinds_of_failure(source: str, kind: str) -> None:
    assert outcome(source) == kind


@every_tier
def test_endless_loops_end(tier: Tier) -> None:
    started = time.monotonic()
    assert outcome("def f():\n    while True: pass", tier=tier, cpu_seconds=1) == "timeout"
    assert outcome("while True: pass", tier=tier, cpu_seconds=1) == "timeout"
    ignoring = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\ndef f():\n"
    assert outcome(f"{ignoring}    while True: pass", tier=tier, cpu_seconds=1) == "timeout"
    assert time.monotonic() - started < 30


@every_tier
def test_sleepers_are_busy_not_slow(tier: Tier) -> None:
    source = "import time\ndef f():\n    time.sleep(60)"
    assert outcome(source, tier=tier, wall_seconds=0.5) == "busy"


@every_tier
def test_nothing_is_left_behind(tier: Tier) -> None:
    before = set(os.listdir("/proc/self/fd"))
    assert outcome("import time\ndef f():\n    time.sleep(60)", tier=tier, wall_seconds=0.3)
    assert outcome("def f():\n    return 1", tier=tier) == 1
    assert set(os.listdir("/proc/self/fd")) == before
    children = subprocess.run(
        ["ps", "-o", "args=", "--ppid", str(os.getpid())], capture_output=True, text=True
    )
    assert "child.py" not in children.stdout


# --- cheats -------------------------------------------------------------------------------------

ALWAYS_EQUAL = """
class Equal{base}:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __lt__(self, other): return True
    def __str__(self): raise SystemExit
def f():
    return Equal()
"""


@every_tier
def test_objects_that_equal_everything_lose_their_methods(tier: Tier) -> None:
    assert outcome(ALWAYS_EQUAL.format(base=""), tier=tier) == "not_plain"
    assert same(outcome(ALWAYS_EQUAL.format(base="(int)"), tier=tier), 0)
    assert same(outcome(ALWAYS_EQUAL.format(base="(list)"), tier=tier), [])
    assert same(outcome(ALWAYS_EQUAL.format(base="(str)"), tier=tier), "")
    assert same(outcome(ALWAYS_EQUAL.format(base="(float)"), tier=tier), 0.0)


def test_a_class_that_lies_about_its_type_is_not_believed() -> None:
    liar = (
        "class L:\n    __class__ = int\n    def __int__(self): return 1\ndef f():\n    return L()"
    )
    assert outcome(liar) == "raised"


@every_tier
def test_the_expected_value_is_nowhere_in_the_process(tier: Tier) -> None:
    secret = "ex" + "pected-91827"
    search = f"""
import gc, sys, os
def f(question):
    seen = [repr(o)[:100000] for o in gc.get_objects()]
    frame = sys._getframe()
    while frame:
        seen += [repr(frame.f_locals), repr(frame.f_globals), repr(frame.f_code.co_consts)]
        frame = frame.f_back
    seen += [repr(dict(os.environ)), repr(sys.argv)]
    for module in list(sys.modules.values()):
        try:
            seen.append(open(module.__file__).read())
        except Exception:
            pass
    return any({secret[::-1]!r}[::-1] in text for text in seen[:-1])
"""
    with Candidate(search, tier=tier, limits=Limits(cpu_seconds=10)) as candidate:
        expected = secret  # what the trusted side compares with
        assert candidate.call("f", ["question"]) is False
        assert expected


@every_tier
def test_printed_and_forged_verdicts_are_no_values(tier: Tier) -> None:
    printer = "print('PASSED')\nprint('{\"id\": 1, \"value\": 7}')\ndef f():\n    return 6"
    assert outcome(printer, tier=tier) == 6
    forger = """
import os, json
for fd in range(3, 64):
    try:
        os.write(fd, json.dumps({"id": "0", "value": 7}).encode() + b"\\n")
    except OSError:
        pass
def f():
    return 6
"""
    assert outcome(forger, tier=tier) == "protocol"


@every_tier
def test_patched_builtins_and_modules_patch_only_themselves(tier: Tier) -> None:
    source = """
import builtins, json, sys
builtins.isinstance = lambda *a: True
builtins.len = lambda x: 0
json.dumps = lambda *a, **k: '{"value": 7}'
def f():
    return 6
"""
    assert outcome(source, tier=tier) == "protocol"
    assert len("ab") == 2


WRITE_TO_CHANNEL = """
import os, stat
def write(data):
    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                return os.write(number, data)
        except OSError:
            pass
"""


@pytest.mark.parametrize("line", ["x", "[1]", "{}", "7", '{"id": "0", "value": 7}', "[" * 100_000])
def test_replies_that_are_no_replies(line: str) -> None:
    program = f"{WRITE_TO_CHANNEL}def f():\n    write({line!r}.encode() + b'\\n')\n    return 6"
    assert outcome(program) == "protocol"


def test_endless_output_is_cut() -> None:
    flood = "def f():\n    while True:\n        write(b'x' * 65536)"
    assert outcome(WRITE_TO_CHANNEL + flood) == "not_plain"
    assert outcome("def f():\n    while True: print('x' * 10**6)", cpu_seconds=1) == "timeout"


def test_arguments_that_nobody_reads_do_not_block() -> None:
    # The program ends the conversation, so that a large argument finds no reader.
    program = "import os, time\nfor n in range(3, 64):\n    try:\n        os.close(n)\n"
    program += "    except OSError:\n        pass\ntime.sleep(60)"
    assert outcome(program, "x" * 1_000_000, wall_seconds=1) == "died"


# --- walls --------------------------------------------------------------------------------------


@isolated
@pytest.mark.parametrize(
    "body",
    [
        "import socket; socket.create_connection(('127.0.0.1', 22), timeout=1)",
        "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)",
        "open('/etc/passwd').read()",
        "open('/proc/1/environ').read()",
        "open('/usr/lib/x', 'w')",
        "open('/x', 'w')",
        "import os; os.listdir('/home')",
        "import os; os.setuid(0)",
        "import os; os.chroot('/')",
        "import os; os.mknod('/tmp/x', 0o060600, 0x800)",
        "import subprocess; subprocess.run(['/bin/sh', '-c', 'true'], check=True)",
    ],
)
def test_the_machine_is_out_of_reach(body: str) -> None:
    assert outcome(f"def f():\n    {body}\n    return 'reached'") == "raised"


@isolated
def test_no_way_back_to_rights() -> None:
    source = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def f():
    flags = {"user": 0x10000000, "mount": 0x20000, "net": 0x40000000}
    return {name: libc.unshare(flag) for name, flag in flags.items()} | {
        "mount": libc.mount(b"none", b"/tmp", b"tmpfs", 0, None),
        "root": os.getuid() == 0,
    }
"""
    assert outcome(source) == {"user": -1, "mount": -1, "net": -1, "root": False}


@isolated
def test_scratch_space_is_private_and_small() -> None:
    source = """
import os
def f():
    before = os.listdir(".")
    with open("note", "w") as file:
        file.write("x")
    try:
        with open("big", "wb") as file:
            file.write(b"x" * (2 << 20))
    except OSError:
        return before, open("note").read(), "too big"
"""
    assert outcome(source) == ([], "x", "too big")
    assert outcome(source) == ([], "x", "too big")


@isolated
def test_only_its_own_processes_are_seen_and_they_end_with_it() -> None:
    source = """
import os, time
def f():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(3600)
        os._exit(0)
    try:
        os.kill(1, 9)
    except OSError:
        pass
    return os.getpid() < 10
"""
    assert outcome(source) is True
    running = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True).stdout
    assert str(host._CHILD) not in running


def test_secrets_of_the_environment_stay_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    seen = outcome("import os\ndef f():\n    return dict(os.environ)")
    assert "OPENAI_API_KEY" not in seen and "secret" not in str(seen)


# --- tiers --------------------------------------------------------------------------------------


def test_a_lower_tier_is_never_taken_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "available_tier", lambda: "process")
    monkeypatch.delenv("EVALSUITE_SANDBOX", raising=False)
    with pytest.raises(SandboxUnavailable, match="EVALSUITE_SANDBOX=process"):
        required_tier()
    monkeypatch.setenv("EVALSUITE_SANDBOX", "process")
    assert required_tier() == "process"
    monkeypatch.setenv("EVALSUITE_SANDBOX", "docker")
    with pytest.raises(SandboxUnavailable, match="namespaces or process"):
        required_tier()


def test_a_permission_for_less_does_not_lower_what_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EVALSUITE_SANDBOX", "process")
    assert required_tier() == available_tier()


def test_walls_that_cannot_be_built_are_not_the_candidates_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    broken = tmp_path / "child.py"
    broken.write_text("import sys; sys.exit(1)")
    monkeypatch.setattr(host, "_CHILD", broken)
    with (
        pytest.raises(SandboxBroken, match="did not start"),
        Candidate("def f():\n    return 1", tier="process"),
    ):
        pass
