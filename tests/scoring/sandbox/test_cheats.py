"""Each cheat is graded for real, and each passes at least one of the two usual kinds of judge."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalsuite.scoring.sandbox import available_tier
from evalsuite.scoring.sandbox.grade import grade_cases, grade_check
from tests.scoring.sandbox.cheats import CASES, CHEATS, CHECK
from tests.scoring.sandbox.naive import passes_by_exit_code, passes_in_process

TIER = available_tier()


@pytest.mark.parametrize("cheat", CHEATS)
def test_no_cheat_passes(cheat: str) -> None:
    verdict = grade_check(CHEATS[cheat], "add", CHECK, tier=TIER)
    assert not verdict.passed, verdict
    assert not grade_cases(CHEATS[cheat], "add", CASES, tier=TIER).passed


@pytest.mark.parametrize("cheat", CHEATS)
def test_without_the_sandbox_it_passes(cheat: str, tmp_path: Path) -> None:
    assert passes_by_exit_code(CHEATS[cheat], CHECK, tmp_path) or passes_in_process(
        CHEATS[cheat], CHECK, tmp_path
    )


def test_the_toy_judges_and_ours_agree_on_honest_programs(tmp_path: Path) -> None:
    right, wrong = "def add(a, b): return a + b", "def add(a, b): return a - b"
    assert grade_check(right, "add", CHECK, tier=TIER).passed
    assert passes_by_exit_code(right, CHECK, tmp_path) and passes_in_process(right, CHECK, tmp_path)
    assert not grade_check(wrong, "add", CHECK, tier=TIER).passed
    assert not passes_by_exit_code(wrong, CHECK, tmp_path)
    assert not passes_in_process(wrong, CHECK, tmp_path)


LENIENT = """
def check(candidate):
    try:
        assert candidate(2, 3) == 5
    except Exception:
        pass
"""


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import os\ndef add(a, b): os._exit(0)", "died"),
        (CHEATS["an object that equals everything"], "not_plain"),
        ("def add(a, b):\n    return 'x' * 10**11", "memory"),
    ],
)
def test_a_check_that_forgives_does_not_forgive_leaving(source: str, kind: str) -> None:
    verdict = grade_check(source, "add", LENIENT, tier=TIER)
    assert (verdict.passed, verdict.kind) == (False, kind)


def test_a_check_that_calls_by_name_is_answered_by_the_same_program() -> None:
    # HumanEval/33 compares the candidate to itself in three asserts; the flaw is the benchmark's.
    check = "def check(candidate):\n    assert candidate(1, 2) == add(1, 2)"
    assert grade_check("def add(a, b): return 7", "add", check, tier=TIER).passed
