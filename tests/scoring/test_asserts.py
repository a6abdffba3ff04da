from __future__ import annotations

import pytest

from evalsuite.records import Answer
from evalsuite.scoring.asserts import as_check, entry_point
from evalsuite.scoring.code import score_check
from evalsuite.scoring.sandbox import available_tier

PAIR = "class Pair:\n    def __init__(self, a, b):\n        self.a, self.b = a, b\n\n\n"


@pytest.fixture(autouse=True)
def this_machines_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALSUITE_SANDBOX", available_tier())


def verdict(program: str, name: str, asserts: list[str], setup: str = "") -> float | None:
    test = as_check(asserts, name, setup=setup)
    (score,) = score_check(
        Answer(text=program),
        entry_point=name,
        check=test.check,
        prompt="",
        mode="chat",
        adapter=test.adapter,
        calls=test.calls,
    )
    assert score.status == "scored"
    return score.value


def test_plain_asserts_stay_on_the_trusted_side() -> None:
    asserts = ["assert f(1) == [2]", "assert math.isclose(f(2)[0], 3.0)", "assert set(f(3)) == {4}"]
    test = as_check(asserts, "f")
    assert test.adapter == "" and test.calls == "f"
    assert verdict("def f(x):\n    return [x + 1]", "f", asserts) == 1.0
    assert verdict("def f(x):\n    return [2]", "f", asserts) == 0.0


def test_calls_on_objects_of_the_program_are_moved_to_it_without_what_is_expected() -> None:
    # MBPP/601 and /367 build arguments from classes that the answer defines.
    asserts = ["assert total([Pair(1, 2), Pair(3, 4)]) == 1234", "assert (total(some)) == 99"]
    setup = "some = [Pair(9, 9)]"
    test = as_check(asserts, "total", setup=setup)
    assert "1234" not in test.adapter and "99" not in test.adapter
    assert "Pair" not in test.check and "1234" in test.check
    joined = "return int(''.join(str(p.a) + str(p.b) for p in pairs))"
    assert verdict(f"{PAIR}def total(pairs):\n    {joined}", "total", asserts, setup) == 1.0
    assert verdict(f"{PAIR}def total(pairs):\n    return 0", "total", asserts, setup) == 0.0


def test_functions_as_arguments_are_moved_too() -> None:
    asserts = ["assert apply(str, 5) == '5'", "assert [x for x in apply(list, 'a')] == ['a']"]
    assert verdict("def apply(f, x):\n    return f(x)", "apply", asserts) == 1.0


def test_a_function_named_check_does_not_take_the_place_of_the_check() -> None:
    # MBPP/56
    asserts = ["assert check(70) == False", "assert check(73) == True"]
    assert verdict("def check(n):\n    return n == 73", "check", asserts) == 1.0
    assert verdict("def check(n):\n    return True", "check", asserts) == 0.0


def test_the_entry_point_is_what_all_asserts_call() -> None:
    asserts = ["assert set(f(g(1))) == {1}", "assert f(2) == 2"]
    define = "def {}(x):\n    return '\\d'\n"  # an escape that Python warns of
    solution = "".join(define.format(name) for name in "fgh")
    assert entry_point(asserts, solution) == "f"
    with pytest.raises(ValueError, match="call none of"):
        entry_point(asserts, define.format("h"))
    with pytest.raises(ValueError, match=r"call \['f', 'g'\]"):
        entry_point(["assert f(g(1)) == 1"], solution)
