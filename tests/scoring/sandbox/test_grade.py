from __future__ import annotations

import threading

from evalsuite.scoring.sandbox import available_tier
from evalsuite.scoring.sandbox.grade import grade_cases, grade_check
from evalsuite.scoring.sandbox.host import Limits

TIER = available_tier()
CASES = [{"args": [2], "expected": 4}, {"args": [3], "expected": 9}]


def test_cases() -> None:
    right = grade_cases("def f(x):\n    return x * x", "f", CASES, tier=TIER)
    assert (right.passed, right.kind, right.tier) == (True, "passed", TIER)
    wrong = grade_cases("def f(x):\n    return x + 2", "f", CASES, tier=TIER)
    assert (wrong.passed, wrong.kind, wrong.detail) == (False, "wrong", "wrong: case 2 of 2")
    absent = grade_cases("def f(x):\n    raise KeyError(x)", "f", CASES, tier=TIER)
    assert (absent.passed, absent.kind) == (False, "raised")


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


def test_a_check_that_expects_an_error_is_not_passed_by_failing() -> None:
    # Nor can a candidate end the check itself: its exceptions are not the check's.
    check = (
        "def check(candidate):\n"
        "    try:\n        candidate(1)\n    except ValueError:\n        return\n"
    )
    verdict = grade_check("def f(x):\n    raise ValueError", "f", check, tier=TIER)
    assert (verdict.passed, verdict.kind) == (False, "raised")


def test_a_program_that_ran_out_of_wall_time_is_tried_once_more_alone() -> None:
    source = "import time\ndef f(x):\n    time.sleep(30)"
    verdict = grade_cases(source, "f", CASES, tier=TIER, limits=Limits(wall_seconds=0.4))
    assert (verdict.passed, verdict.kind) == (False, "busy")


def test_many_at_once() -> None:
    verdicts: list[bool] = []

    def grade() -> None:
        verdicts.append(grade_cases("def f(x):\n    return x * x", "f", CASES, tier=TIER).passed)

    threads = [threading.Thread(target=grade) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == [True] * 8
