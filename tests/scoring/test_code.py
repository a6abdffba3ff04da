from __future__ import annotations

import pytest

from evalsuite.records import Answer
from evalsuite.scoring.code import score_cases, score_check
from evalsuite.scoring.sandbox import available_tier

PROMPT = 'from typing import List\n\ndef double(xs: List[int]):\n    """Double each."""\n'
BODY = "    return [2 * x for x in xs]"
TARGET = {"entry_point": "double", "cases": [{"args": [[1, 2]], "expected": [2, 4]}]}


@pytest.fixture(autouse=True)
def this_machines_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALSUITE_SANDBOX", available_tier())


def test_a_right_program_passes_and_its_rule_is_told() -> None:
    (score,) = score_cases(Answer(text=BODY), TARGET, prompt=PROMPT)
    assert (score.name, score.value, score.status) == ("passed", 1.0, "scored")
    assert "read as completion: continuation" in score.explanation
    assert available_tier() in score.explanation


def test_imports_of_the_prompt_are_kept() -> None:
    said = "```python\ndef double(xs: List[int]):\n    return [2 * x for x in xs]\n```"
    (score,) = score_cases(Answer(text=said), TARGET, prompt=PROMPT, mode="chat")
    assert score.value == 1.0


def test_no_program_is_a_format_error_and_counts_as_failed() -> None:
    for answer in (Answer(text="Sorry."), Answer(text="<think>" + BODY), Answer(text=None)):
        (score,) = score_cases(answer, TARGET, prompt=PROMPT)
        assert (score.value, score.status) == (0.0, "format_error")
        (score,) = score_check(answer, entry_point="double", check="", prompt=PROMPT)
        assert (score.value, score.status) == (0.0, "format_error")
        assert "parses and defines double" in score.explanation


def test_a_wrong_program_is_scored() -> None:
    (score,) = score_cases(Answer(text="    return xs"), TARGET, prompt=PROMPT)
    assert (score.value, score.status) == (0.0, "scored")
    assert score.explanation.startswith("wrong: case 1 of 1")


def test_a_check_sees_the_helpers_of_the_prompt() -> None:
    prompt = 'def two():\n    return 2\n\ndef double(xs):\n    """Double each."""\n'
    check = "def check(candidate):\n    assert candidate([1]) == [two()]\n"
    for said, value in ((BODY, 1.0), ("    return xs", 0.0)):
        (score,) = score_check(Answer(text=said), entry_point="double", check=check, prompt=prompt)
        assert score.value == value


def test_a_method_is_called_on_a_new_instance() -> None:
    code = (
        "class Solution:\n    def __init__(self):\n        self.factor = 2\n\n"
        "    def double(self, xs):\n        return [self.factor * x for x in xs]\n"
    )
    target = {**TARGET, "entry_point": "Solution.double"}
    (score,) = score_cases(Answer(text=f"```python\n{code}```"), target, prompt="", mode="chat")
    assert score.value == 1.0, score.explanation


def test_an_adapter_makes_plain_data_of_what_is_returned() -> None:
    target = {"entry_point": "find", "cases": [{"args": ["a1"], "expected": True}]}
    said = "import re\n\ndef find(text):\n    return re.search(r'\\d', text)"
    (bare,) = score_cases(Answer(text=said), target, prompt="")
    assert bare.value == 0.0 and bare.explanation.startswith("not_plain")
    adapter = "\n\n_find = find\n\n\ndef find(text):\n    return _find(text) is not None\n"
    (score,) = score_cases(Answer(text=said), target, prompt="", adapter=adapter)
    assert score.value == 1.0, score.explanation
