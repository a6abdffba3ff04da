"""The rules of BFCL's AST checker, one by one, worked by hand from bfcl_eval/ast_checker.py."""

from __future__ import annotations

from typing import Any

import pytest

from evalsuite.scoring.tool_calls.decode import Call
from evalsuite.scoring.tool_calls.match import Expected, first_call_fault, standardised


def function(name: str = "f", required: tuple[str, ...] = ("a",), **types: Any) -> dict[str, Any]:
    properties = {
        parameter: kind if isinstance(kind, dict) else {"type": kind}
        for parameter, kind in types.items()
    }
    parameters = {"type": "dict", "properties": properties, "required": list(required)}
    return {"name": name, "description": "", "parameters": parameters}


def fault(
    call: Call, declared: dict[str, Any], allowed: dict[str, list[Any]], **more: Any
) -> str | None:
    found = first_call_fault([call], [declared], [Expected(declared["name"], allowed)], **more)
    return found.kind if found else None


def of_type(kind: Any, value: Any, allowed: list[Any], **more: Any) -> str | None:
    return fault(Call("f", {"a": value}), function(a=kind), {"a": allowed}, **more)


def test_rule_1_as_many_calls_as_answers() -> None:
    f, right = function(a="integer"), [Expected("f", {"a": [1]})]
    one = Call("f", {"a": 1})
    assert first_call_fault([one], [f], right) is None
    for calls in ([], [one, one]):
        found = first_call_fault(calls, [f], right)
        assert found is not None and found.kind == "wrong_count"


def test_rule_2_names_and_dots() -> None:
    f = function("math.area", a="integer")
    assert fault(Call("math.area", {"a": 1}), f, {"a": [1]}) is None
    assert fault(Call("math_area", {"a": 1}), f, {"a": [1]}) == "wrong_name"
    assert fault(Call("math_area", {"a": 1}), f, {"a": [1]}, underscored=True) is None
    assert fault(Call("math.area", {"a": 1}), f, {"a": [1]}, underscored=True) == "wrong_name"


def test_rule_3_required_and_unexpected_parameters() -> None:
    f = function(a="integer", b="integer")
    assert fault(Call("f", {"b": 1}), f, {"a": [1], "b": [1]}) == "missing_parameter"
    assert fault(Call("f", {"a": 1, "c": 1}), f, {"a": [1]}) == "unexpected_parameter"
    # Declared, but the answer does not have it.
    assert fault(Call("f", {"a": 1, "b": 1}), f, {"a": [1]}) == "unexpected_parameter"


@pytest.mark.parametrize(
    ("kind", "value", "allowed", "expected"),
    [
        ("integer", 1, [1], None),
        ("integer", 1.0, [1], "wrong_type"),
        ("integer", "1", [1], "wrong_type"),
        ("integer", True, [1], "wrong_type"),
        ("float", 1, [1.0], None),
        ("float", 1.5, [1.5], None),
        ("boolean", True, [True], None),
        ("string", "x", ["x"], None),
        ("any", "x", ["x"], None),
    ],
)
def test_rule_4_types_are_exact_but_for_whole_floats(
    kind: str, value: Any, allowed: list[Any], expected: str | None
) -> None:
    assert of_type(kind, value, allowed) == expected


def test_rule_4_elements_of_lists_one_level_deep() -> None:
    floats = {"type": "array", "items": {"type": "float"}}
    assert of_type(floats, [1.0, 2.0], [[1.0, 2.0]]) is None
    assert of_type(floats, [1, 2], [[1.0, 2.0]]) == "wrong_type", "an integer inside is no float"
    assert of_type(floats, [1, 2], [[1.0, 2.0], ""]) is None, "an answer of '' lets any type pass"
    pair = {"type": "tuple", "items": {"type": "integer"}}
    assert of_type(pair, (1, 2), [[1, 2]]) is None
    assert of_type(floats, (1.0, 2.0), [[1.0, 2.0]]) == "wrong_type", "a tuple where a list is due"


def test_rule_4_a_value_typed_like_the_answer_is_a_variable() -> None:
    assert of_type("integer", "population_size", ["population_size"]) is None
    assert of_type("integer", "Population Size", ["population_size"]) == "wrong_value"
    assert of_type("integer", "x", [""]) == "wrong_type", "'' alone says nothing of a type"


def test_rule_5_texts_without_punctuation_and_case() -> None:
    assert standardised("April 1, 2024") == standardised("april 1 2024") == "april12024"
    assert standardised("it's a_b-c*d^e/f.") == 'it"sabcdef'
    assert of_type("string", "New York, NY", ["new york ny"]) is None
    assert of_type("string", "New York!", ["New York"]) == "wrong_value"


def test_rule_5_lists_by_element_and_in_order() -> None:
    texts = {"type": "array", "items": {"type": "string"}}
    assert of_type(texts, ["A b", "C"], [["ab", "c"]]) is None
    assert of_type(texts, ["C", "A b"], [["ab", "c"]]) == "wrong_value"
    assert of_type(texts, ["ab"], [["ab", "c"]]) == "wrong_value"


def test_rule_5_dictionaries_of_allowed_values() -> None:
    allowed = [{"city": ["Rome", "Roma"], "nights": [2]}]
    assert of_type("dict", {"city": "roma", "nights": 2}, allowed) is None
    assert of_type("dict", {"nights": 2, "city": "Rome"}, allowed) is None
    assert of_type("dict", {"city": "Milan", "nights": 2}, allowed) == "wrong_value"
    assert of_type("dict", {"city": "Rome"}, allowed) == "wrong_value"
    assert of_type("dict", {"city": "Rome", "nights": 2, "x": 1}, allowed) == "wrong_value"


def test_keys_of_dictionaries_may_be_left_out_since_version_4() -> None:
    allowed = [{"city": ["Rome"], "nights": [2, ""]}]
    assert of_type("dict", {"city": "Rome"}, allowed) is None
    assert of_type("dict", {"city": "Rome"}, allowed, version=1) == "wrong_value"


def test_rule_5_lists_of_dictionaries_in_order() -> None:
    rows = {"type": "array", "items": {"type": "dict"}}
    allowed = [[{"n": [1]}, {"n": [2, 3]}]]
    assert of_type(rows, [{"n": 1}, {"n": 3}], allowed) is None
    assert of_type(rows, [{"n": 3}, {"n": 1}], allowed) == "wrong_value"
    assert of_type(rows, [{"n": 1}], allowed) == "wrong_value"


def test_rule_5_other_values_by_membership() -> None:
    assert of_type("integer", 3, [1, 3]) is None
    assert of_type("integer", 2, [1, 3]) == "wrong_value"
    assert of_type("boolean", False, [True]) == "wrong_value"


def test_rule_6_what_may_be_left_out() -> None:
    f = function(a="integer", b="integer")
    assert fault(Call("f", {"a": 1}), f, {"a": [1], "b": [5, ""]}) is None
    assert fault(Call("f", {"a": 1}), f, {"a": [1], "b": [5]}) == "missing_parameter"


def test_rule_7_parallel_calls_in_any_order_each_answer_once() -> None:
    f, g = function(a="integer"), function("g", a="integer")
    right = [Expected("f", {"a": [1, 2]}), Expected("f", {"a": [1]}), Expected("g", {"a": [1]})]
    calls = [Call("g", {"a": 1}), Call("f", {"a": 2}), Call("f", {"a": 1})]
    assert first_call_fault(calls, [f, g], right) is None
    twice = [Call("g", {"a": 1}), Call("f", {"a": 2}), Call("f", {"a": 2})]
    found = first_call_fault(twice, [f, g], right)
    assert found is not None and found.kind == "no_match"


def test_rule_7_answers_are_taken_greedily() -> None:
    """f(1) fits both answers and goes to the first, so that f(2) is left for the second: wrong
    by the leaderboard's rule, although another assignment would fit.
    """
    right = [Expected("f", {"a": [1, 2]}), Expected("f", {"a": [1]})]
    calls = [Call("f", {"a": 1}), Call("f", {"a": 2})]
    found = first_call_fault(calls, [function(a="integer")], right)
    assert found is not None and found.kind == "wrong_value"
