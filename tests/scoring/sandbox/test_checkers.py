from __future__ import annotations

import os
import signal

import pytest

from evalsuite.scoring.sandbox import available_tier, checkers
from evalsuite.scoring.sandbox.contract import Limits, SandboxBroken
from evalsuite.scoring.sandbox.judge import Setting

SETTING = Setting(tier=available_tier(), limits=Limits())
CHECK = "def check(candidate):\n    assert candidate(2) == 4"


def graded() -> bool:
    return checkers.check("def f(x):\n    return x * x", "f", CHECK, "", SETTING).passed


def test_a_checker_is_used_again_and_replaced_when_it_was_killed() -> None:
    checkers.close_all()
    assert graded()
    (first,) = checkers._idle
    assert graded() and checkers._idle == [first]
    first._process.send_signal(signal.SIGKILL)
    first._process.wait()
    assert graded()
    (second,) = checkers._idle
    assert second is not first and second.running


def test_a_checker_that_ends_in_the_middle_gives_no_verdict() -> None:
    check = "import os\ndef check(candidate):\n    os._exit(0)"
    with pytest.raises(SandboxBroken, match="the process of the checks ended"):
        checkers.check("def f(x): return 1", "f", check, "", SETTING)
    assert graded()


def test_what_a_check_changes_in_its_process_stays_there() -> None:
    check = "import os\nos.environ['CHANGED_91'] = 'x'\ndef check(candidate):\n    pass"
    assert checkers.check("def f(x): return 1", "f", check, "", SETTING).passed
    assert "CHANGED_91" not in os.environ


def test_closing_leaves_nothing() -> None:
    assert graded()
    processes = [checker._process for checker in checkers._idle]
    checkers.close_all()
    assert [process.poll() is not None for process in processes] == [True] * len(processes)
    assert checkers._idle == []
