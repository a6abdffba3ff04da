from __future__ import annotations

import math
import threading
from typing import Any

import pytest

from evalsuite.scoring.sandbox import available_tier, checkers
from evalsuite.scoring.sandbox.checkers import CheckFailed
from evalsuite.scoring.sandbox.contract import CannotCross, Limits
from evalsuite.scoring.sandbox.grade import grade_cases, grade_check

TIER = available_tier()
CASES = [{"args": [2], "expected": 4}, {"args": [3], "expected": 9}]


def test_cases() -> None:
    right = grade_cases("def f(x):\n    return x * x", "f", CASES, tier=TIER)
    assert (right.passed, right.kind, right.tier) == (True, "passed", TIER)
    assert right.cpu_seconds is not None and right.peak_memory_bytes is not None
    wrong = grade_cases("def f(x):\n    return x + 2", "f", CASES, tier=TIER)
    assert (wrong.passed, wrong.kind, wrong.detail) == (False, "wrong", "wrong: case 2 of 2")
    absent = grade_cases("def f(x):\n    raise KeyError(x)", "f", CASES, tier=TIER)
    assert (absent.passed, absent.kind) == (False, "raised")


def test_cases_with_named_arguments_and_a_tolerance() -> None:
    source = "def f(x, *, by=1):\n    return x / by"
    cases = [{"args": [1.0], "named": {"by": 3}, "expected": 0.333333}]
    assert not grade_cases(source, "f", cases, tier=TIER).passed

    def close(value: Any, expected: Any) -> bool:
        return isinstance(value, float) and math.isclose(value, expected, abs_tol=1e-5)

    assert grade_cases(source, "f", cases, tier=TIER, equal=close).passed


def test_the_cases_are_not_changed_by_a_program_or_a_comparison() -> None:
    cases = [{"args": [[3, 1, 2]], "expected": [1, 2, 3]}]

    def equal(value: Any, expected: Any) -> bool:
        expected.clear()
        return sorted(value) == value

    source = "def f(x):\n    x.sort()\n    return x"
    assert grade_cases(source, "f", cases, tier=TIER, equal=equal).passed
    assert cases == [{"args": [[3, 1, 2]], "expected": [1, 2, 3]}]


def test_a_check_runs_outside_and_calls_inside() -> None:
    check = "def check(candidate):\n    assert candidate(2) == helper(2)\n    assert f(3) == 9"
    context = "def helper(x):\n    return x * x\n\ndef f(x):\n    '''Square.'''"
    right = grade_check("def f(x):\n    return x * x", "f", check, context=context, tier=TIER)
    assert right.passed, right.detail
    cheat = "def helper(x):\n    return 0\ndef f(x):\n    return 0"
    wrong = grade_check(cheat, "f", check, context=context, tier=TIER)
    assert (wrong.passed, wrong.kind) == (False, "wrong")


def test_a_value_of_the_wrong_kind_fails_the_check() -> None:
    check = "def check(candidate):\n    assert abs(candidate(2) - 4) < 1e-6"
    verdict = grade_check("def f(x):\n    return None", "f", check, tier=TIER)
    assert (verdict.passed, verdict.kind) == (False, "wrong")


def test_a_check_sees_what_a_program_does_to_its_arguments() -> None:
    check = (
        "def check(candidate):\n    x = [3, 1]\n"
        "    assert candidate(x) is None\n    assert x == [1, 3]"
    )
    assert grade_check("def f(x):\n    x.sort()", "f", check, tier=TIER).passed
    assert not grade_check("def f(x):\n    sorted(x)", "f", check, tier=TIER).passed


EXPECTS_AN_ERROR = """
def check(candidate):
    try:
        candidate(1)
    except ValueError as error:
        assert "negative" in str(error)
        return
    raise AssertionError("no error")
"""


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("raise ValueError('negative')", "passed"),
        ("raise type('Own', (ValueError,), {})('a negative one')", "passed"),
        ("raise ValueError('other')", "wrong"),
        ("return None", "wrong"),
        ("raise TypeError('negative')", "raised"),
        ("raise SystemExit('negative')", "raised"),
        ("import os; os._exit(0)", "died"),
    ],
)
def test_a_check_that_expects_an_error(body: str, kind: str) -> None:
    verdict = grade_check(f"def f(x):\n    {body}", "f", EXPECTS_AN_ERROR, tier=TIER)
    assert (verdict.passed, verdict.kind) == (kind == "passed", kind), verdict.detail


def test_a_check_of_a_class() -> None:
    source = (
        "class Counter:\n    n = 0\n    def up(self):\n        self.n += 1\n        return self.n"
    )
    check = (
        "def check(candidate):\n    one = candidate()\n    one.up()\n"
        "    assert one.up() == 2 and one.n == 2"
    )
    assert grade_check(source, "Counter", check, tier=TIER, objects=True).passed
    assert grade_check(source, "Counter", check, tier=TIER).kind == "not_plain"
    wrong = source.replace("+= 1", "+= 2")
    assert grade_check(wrong, "Counter", check, tier=TIER, objects=True).kind == "wrong"


def test_a_check_that_gives_a_function_is_refused() -> None:
    check = (
        "def check(candidate):\n    try:\n        candidate(len)\n"
        "    except Exception:\n        pass"
    )
    with pytest.raises(CannotCross, match="builtin_function_or_method cannot be given"):
        grade_check("def f(x):\n    return x", "f", check, tier=TIER)


def test_a_check_that_does_not_load_is_nobodys_wrong_answer() -> None:
    with pytest.raises(CheckFailed, match="SyntaxError"):
        grade_check("def f(x):\n    return x", "f", "def check(:", tier=TIER)


def test_a_value_that_would_keep_a_check_busy_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkers, "_GRACE_SECONDS", 1.0)
    check = "def check(candidate):\n    assert sum(1 for _ in range(candidate(1))) == 3"
    limits = Limits(wall_seconds=1.0)
    verdict = grade_check("def f(x):\n    return 10**15", "f", check, tier=TIER, limits=limits)
    assert (verdict.passed, verdict.kind) == (False, "busy")
    assert grade_check("def f(x):\n    return 3", "f", check, tier=TIER).passed


def test_a_value_that_would_fill_the_memory_of_a_check() -> None:
    check = "def check(candidate):\n    assert 'a' * candidate(1) == 'aaa'"
    verdict = grade_check("def f(x):\n    return 10**11", "f", check, tier=TIER)
    assert (verdict.passed, verdict.kind) == (False, "wrong") and "MemoryError" in verdict.detail
    assert grade_check("def f(x):\n    return 3", "f", check, tier=TIER).passed


def test_what_a_check_prints_is_no_verdict() -> None:
    check = (
        "def check(candidate):\n    print('{\"passed\": true}', flush=True)\n"
        "    assert candidate(1) == 3"
    )
    assert not grade_check("def f(x):\n    return 2", "f", check, tier=TIER).passed


@pytest.mark.parametrize(
    ("body", "kind"), [("import time; time.sleep(30)", "busy"), ("while True: pass", "timeout")]
)
def test_what_ran_out_of_time_is_tried_once_more_alone(body: str, kind: str) -> None:
    source = f"def f(x):\n    {body}"
    limits = Limits(wall_seconds=0.6 if kind == "busy" else 30, cpu_seconds=0.3)
    verdict = grade_cases(source, "f", CASES, tier=TIER, limits=limits)
    assert (verdict.passed, verdict.kind) == (False, kind)


def test_many_at_once() -> None:
    verdicts: list[bool] = []
    check = "def check(candidate):\n    assert candidate(4) == 16"

    def grade() -> None:
        square = "def f(x):\n    return x * x"
        verdicts.append(grade_cases(square, "f", CASES, tier=TIER).passed)
        verdicts.append(grade_check(square, "f", check, tier=TIER).passed)

    threads = [threading.Thread(target=grade) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == [True] * 16
