from __future__ import annotations

import pytest

from evalsuite.records import Answer
from evalsuite.scoring.differential import ReferenceFailed, score_against_reference
from evalsuite.scoring.sandbox import available_tier

REFERENCE = "def half(x):\n    return x / 2\n"


@pytest.fixture(autouse=True)
def this_machines_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALSUITE_SANDBOX", available_tier())


def graded(
    said: str, inputs: list[list[object]], reference: str = REFERENCE
) -> tuple[float | None, str]:
    (score,) = score_against_reference(
        Answer(text=said), entry_point="half", prompt="", reference=reference, inputs=inputs
    )
    return score.value, score.explanation


def test_the_reference_says_what_is_expected() -> None:
    assert graded("def half(x):\n    return x * 0.5", [[1], [3], [0.25]])[0] == 1.0
    value, why = graded("def half(x):\n    return x // 2", [[2], [4], [3]])
    assert value == 0.0 and why.startswith("wrong: case 3 of 3")


def test_a_candidate_never_sees_the_reference() -> None:
    peek = (
        "import gc\n\ndef half(x):\n"
        "    seen = [o for held in gc.get_objects() if isinstance(held, (list, tuple, dict))\n"
        "            for o in list(held) if isinstance(o, str) and o.startswith('sec' + str(x))]\n"
        "    return seen[0] if seen else None\n"
    )
    secret = "def half(x):\n    return 'sec' + str(x) + 'ret'\n"
    assert graded(secret, [[3]], secret)[0] == 1.0
    assert graded(peek, [[3]], secret)[0] == 0.0


def test_an_oracle_takes_the_arguments_and_its_failures_are_wrong_answers() -> None:
    def root(arguments: object, value: float, wanted: object) -> bool:
        assert isinstance(arguments, list)
        return bool(value * value == arguments[0])

    for said, value in (("return -2", 1.0), ("return 'x'", 0.0), ("return None", 0.0)):
        (score,) = score_against_reference(
            Answer(text=f"def half(x):\n    {said}"),
            entry_point="half",
            prompt="",
            reference="def half(x):\n    return 2",
            inputs=[[4]],
            equal=root,
        )
        assert score.value == value


def test_a_reference_that_fails_says_nothing_of_the_candidate() -> None:
    with pytest.raises(ReferenceFailed, match="no value for input 2: raised: ZeroDivisionError"):
        graded("def half(x):\n    return x", [[1], [0]], "def half(x):\n    return 1 / x")


def test_an_answer_without_a_program_is_a_format_error() -> None:
    (score,) = score_against_reference(
        Answer(text="?"), entry_point="half", prompt="", reference=REFERENCE, inputs=[[1]]
    )
    assert (score.value, score.status) == (0.0, "format_error")
