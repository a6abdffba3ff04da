from __future__ import annotations

import math
import os
import signal
import subprocess
import time
from typing import Any

import pytest

from evalsuite.scoring.sandbox import tiers
from evalsuite.scoring.sandbox.contract import CandidateFailed, CannotCross, Limits, Tier
from evalsuite.scoring.sandbox.host import Candidate

TIERS = [tier for tier in tiers.TIERS if tiers.offer(tier).works]
every_tier = pytest.mark.parametrize("tier", TIERS)


def outcome(source: str, *args: Any, tier: Tier = TIERS[0], **limits: Any) -> Any:
    """What ``f(*args)`` gives, or the kind of failure."""
    try:
        with Candidate(source, tier=tier, limits=Limits(**limits)) as candidate:
            return candidate.call("f", args)
    except CandidateFailed as failure:
        return failure.kind


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and repr(one) == repr(other)


@every_tier
def test_a_program_computes_and_keeps_its_state(tier: Tier) -> None:
    source = (
        "import math\nstate = []\ndef f(x, *, y=0):\n    state.append(x)\n"
        "    return len(state) + y, math.pi"
    )
    with Candidate(source, tier=tier) as candidate:
        assert candidate.call("f", [1]) == (1, math.pi)
        assert candidate.call("f", [1], {"y": 10}) == (12, math.pi)
    assert candidate.cpu_seconds is not None and 0 < candidate.cpu_seconds < 3
    assert candidate.peak_memory_bytes is not None
    assert 5 << 20 < candidate.peak_memory_bytes < 200 << 20


@every_tier
def test_large_values_cross(tier: Tier) -> None:
    text = "é" * 300_000
    assert outcome("def f(x):\n    return x + x", text, tier=tier) == text + text
    numbers = list(range(100_000))
    assert outcome("def f(x):\n    return x[::-1]", numbers, tier=tier) == numbers[::-1]
    huge = 7**20_000
    assert outcome("def f(x):\n    return x * 7", huge, tier=tier) == 7**20_001


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("import collections; return collections.Counter('aab')", {"a": 2, "b": 1}),
        ("import collections; return collections.OrderedDict(a=1)", {"a": 1}),
        ("import enum; return enum.IntEnum('E', 'a b').b", 2),
        ("return type('T', (float,), {})(0.5)", 0.5),
        ("return float('nan')", float("nan")),
        (
            "return [float('-inf'), 1j, b'x', bytearray(b'y')]",
            [-math.inf, 1j, b"x", bytearray(b"y")],
        ),
        ("return range(3), {1, 2}, frozenset('a'), ...", (range(3), {1, 2}, frozenset("a"), ...)),
        ("return {1: 'a'}.keys()", {1}),
    ],
)
def test_values_are_plain_on_this_side(body: str, value: Any) -> None:
    assert same(outcome(f"def f():\n    {body}"), value)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("def f(:", "raised"),
        ("raise ValueError('early')", "raised"),
        ("def g():\n    return 1", "raised"),
        ("def f():\n    return 1 / 0", "raised"),
        ("def f():\n    return object()", "not_plain"),
        ("def f():\n    return {1: [object()]}", "not_plain"),
        ("def f():\n    return lambda: 1", "not_plain"),
        ("def f():\n    x = []\n    x.append(x)\n    return x", "raised"),
        ("def f():\n    return f()", "raised"),
        ("def f():\n    return 'x' * 5_000_000", "not_plain"),
        ("def f():\n    return 'x' * 10**10", "memory"),
        ("x = [0] * 10**10\ndef f():\n    return 1", "memory"),
        ("import sys\ndef f():\n    sys.exit(0)", "raised"),
        ("import os\ndef f():\n    os._exit(0)", "died"),
        ("import ctypes\ndef f():\n    ctypes.string_at(0)", "died"),
        ("import os\ndef f():\n    os.abort()", "died"),
    ],
)
def test_kinds_of_failure(source: str, kind: str) -> None:
    assert outcome(source) == kind


@every_tier
def test_endless_loops_end(tier: Tier) -> None:
    started = time.monotonic()
    assert outcome("def f():\n    while True: pass", tier=tier, cpu_seconds=0.3) == "timeout"
    assert outcome("while True: pass", tier=tier, cpu_seconds=0.3) == "timeout"
    ignoring = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\ndef f():\n"
    assert outcome(f"{ignoring}    while True: pass", tier=tier, cpu_seconds=0.3) == "timeout"
    assert time.monotonic() - started < 60


@every_tier
def test_sleepers_are_busy_not_slow(tier: Tier) -> None:
    source = "import time\ndef f():\n    time.sleep(60)"
    assert outcome(source, tier=tier, wall_seconds=0.5) == "busy"


@every_tier
def test_nothing_is_left_behind(tier: Tier) -> None:
    outcome("def f():\n    return 1", tier=tier)  # the zygote stays
    before = set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()
    assert outcome("import time\ndef f():\n    time.sleep(60)", tier=tier, wall_seconds=0.3)
    assert outcome("def f():\n    return 1", tier=tier) == 1
    if before:
        assert set(os.listdir("/proc/self/fd")) == before
    children = subprocess.run(
        ["ps", "-ww", "-o", "args=", "--ppid", str(os.getpid())], capture_output=True, text=True
    )
    assert "once.main" not in children.stdout


def test_a_candidate_that_failed_stays_failed() -> None:
    with Candidate("import os\ndef f():\n    os._exit(0)\ndef g(): return 1", tier=TIERS[0]) as one:
        for function in ("f", "g"):
            with pytest.raises(CandidateFailed, match="died"):
                one.call(function)
        assert one.failure is not None and one.failure.kind == "died"


def test_an_exception_does_not_end_a_candidate() -> None:
    with Candidate("def f(x): return 1 / x", tier=TIERS[0]) as candidate:
        with pytest.raises(CandidateFailed, match="division by zero"):
            candidate.call("f", [0])
        assert candidate.call("f", [2]) == 0.5
        assert candidate.failure is None


@pytest.mark.parametrize("thing", [print, object(), len, [lambda: 1], {1: pytest}])
def test_what_cannot_cross_is_the_callers_mistake(thing: Any) -> None:
    with Candidate("def f(x): return 1", tier=TIERS[0]) as candidate:
        with pytest.raises(CannotCross, match="only plain built-in values cross"):
            candidate.call("f", [thing])
        assert candidate.failure is None and candidate.refused is not None


FORGED_SET = """
import json
honest = json.dumps
def dumps(message):
    if message.get("value") == "forge":
        message["value"] = {"set": [{"int": hex(i * (2**61 - 1))} for i in range(40_000)]}
    return honest(message)
json.dumps = dumps
def f():
    return "forge"
"""


def test_keys_chosen_to_collide_do_not_hold_up_this_side() -> None:
    # Multiples of 2**61 - 1 all hash to 0: a set of them takes quadratic time to build.
    started = time.monotonic()
    assert outcome(FORGED_SET) == "not_plain"
    assert time.monotonic() - started < 20


def test_a_killed_candidate_is_told_by_its_signal() -> None:
    source = "import ctypes\ndef f():\n    ctypes.string_at(0)"
    with (
        Candidate(source, tier=TIERS[0]) as candidate,
        pytest.raises(CandidateFailed, match=signal.SIGSEGV.name),
    ):
        candidate.call("f")


def test_arguments_that_nobody_reads_do_not_block() -> None:
    # The program ends the conversation, so that a large argument finds no reader.
    program = "import os, time\nfor n in range(3, 64):\n    try:\n        os.close(n)\n"
    program += "    except OSError:\n        pass\ntime.sleep(60)"
    assert outcome(program, "x" * 1_000_000, wall_seconds=1) == "died"


def test_named_packages_can_be_imported_and_others_cannot() -> None:
    source = "def f(name):\n    return __import__(name).__name__"
    with Candidate(source, tier=TIERS[0], packages=["msgspec"]) as candidate:
        assert candidate.call("f", ["msgspec"]) == "msgspec"
        with pytest.raises(ImportError):
            candidate.call("f", ["pydantic"])


def test_numbers_of_numpy_are_plain() -> None:
    source = (
        "import numpy\ndef f():\n    return numpy.int64(3), [numpy.float32(0.5)], numpy.bool_(1)"
    )
    with Candidate(source, tier=TIERS[0], packages=["numpy"]) as candidate:
        assert same(candidate.call("f"), (3, [0.5], True))


def test_a_program_is_compiled_as_it_stands() -> None:
    # With another module's `from __future__ import annotations` this would load.
    assert outcome("def f(x: Unknown) -> int:\n    return 1", 1) == "raised"
    assert outcome("def f(x: int):\n    return f.__annotations__['x'] is int", 1) is True
