from __future__ import annotations

from typing import Any

import pytest

from evalsuite.records import Answer, Sample, ToolCall
from evalsuite.scoring.tool_calls.binding import binding_fault, schema_fault
from evalsuite.scoring.tool_calls.decode import Call
from evalsuite.scoring.tool_calls.match import Expected
from evalsuite.scoring.tool_calls.schema import first_fault, json_schema, openai_tool
from evalsuite.scoring.tool_calls.score import fault_rates, score_calls, score_no_call
from evalsuite.task import Graded

HOTEL: dict[str, Any] = {
    "name": "hotel.book",
    "description": "Book a room.",
    "parameters": {
        "type": "dict",
        "properties": {
            "city": {"type": "string", "description": "Where."},
            "nights": {"type": "integer"},
            "price": {"type": "float", "description": "At most."},
            "extras": {"type": "array", "items": {"type": "string"}},
            "guest": {"type": "dict", "properties": {"age": {"type": "integer"}}},
            "anything": {"type": "any"},
        },
        "required": ["city", "nights"],
    },
}
EXPECTED = [Expected("hotel.book", {"city": ["Rome"], "nights": [2], "price": [50.0, ""]})]


def values(answer: Answer) -> dict[str, float | None]:
    return {score.name: score.value for score in score_calls(answer, [HOTEL], EXPECTED)}


def test_an_answer_can_be_valid_and_wrong_or_bindable_and_invalid() -> None:
    right = {"ast_match": 1.0, "schema_valid": 1.0, "executable": 1.0}
    assert values(Answer(text="[hotel.book(city='Rome', nights=2)]")) == right
    wrong = right | {"ast_match": 0.0}
    assert values(Answer(text="[hotel.book(city='Milan', nights=2)]")) == wrong
    lenient = {"ast_match": 0.0, "schema_valid": 0.0, "executable": 1.0}
    assert values(Answer(text="[hotel.book(city='Rome', nights='2')]")) == lenient
    positional = {"ast_match": 0.0, "schema_valid": 0.0, "executable": 1.0}
    assert values(Answer(text="[hotel.book('Rome', 2)]")) == positional
    assert values(Answer(text="[]")) == dict.fromkeys(right, 0.0)


def test_what_cannot_be_read_is_a_format_error_in_every_score() -> None:
    scores = score_calls(Answer(text="I would book a hotel."), [HOTEL], EXPECTED)
    assert {score.status for score in scores} == {"format_error"}
    assert all(
        score.value == 0.0 and score.explanation.startswith("undecodable") for score in scores
    )


def test_an_endpoint_has_underscores_for_dots() -> None:
    call = ToolCall(name="hotel_book", arguments='{"city": "Rome", "nights": 2}')
    assert values(Answer(tool_calls=(call,)))["ast_match"] == 1.0
    assert values(Answer(text="[hotel_book(city='Rome', nights=2)]"))["ast_match"] == 0.0


@pytest.mark.parametrize(
    ("arguments", "fits", "binds"),
    [
        ({"city": "Rome", "nights": 2}, True, True),
        ({"city": "Rome", "nights": 2, "price": 50}, True, True),
        ({"city": "Rome", "nights": 2.0}, True, True),
        ({"city": "Rome", "nights": 2.5}, False, False),
        ({"city": "Rome", "nights": "2"}, False, True),
        ({"city": "Rome", "nights": True}, False, False),
        ({"city": "Rome"}, False, False),
        ({"city": "Rome", "nights": 2, "star": 3}, False, False),
        ({"city": 7, "nights": 2}, False, True),
        ({"city": None, "nights": 2}, False, False),
        ({"city": "Rome", "nights": 2, "price": "cheap"}, False, False),
        ({"city": "Rome", "nights": 2, "price": float("inf")}, True, False),
        ({"city": "Rome", "nights": 2, "extras": ["tea"]}, True, True),
        ({"city": "Rome", "nights": 2, "extras": ("tea",)}, True, True),
        ({"city": "Rome", "nights": 2, "extras": [1]}, False, True),
        ({"city": "Rome", "nights": 2, "guest": {"age": "x"}}, False, True),
        ({"city": "Rome", "nights": 2, "anything": [None]}, True, True),
    ],
)
def test_schema_and_binding(arguments: dict[str, Any], fits: bool, binds: bool) -> None:
    call = Call("hotel.book", arguments)
    assert (schema_fault(call, [HOTEL]) is None) is fits
    assert (binding_fault(call, [HOTEL]) is None) is binds


def test_faults_say_what_is_wrong() -> None:
    assert schema_fault(Call("x", {}), [HOTEL]) == "no function 'x'"
    assert binding_fault(Call("hotel.book", {"city": "Rome"}), [HOTEL]) == (
        "hotel.book: nights is missing"
    )
    assert "nights" in str(schema_fault(Call("hotel.book", {"city": "a", "nights": "b"}), [HOTEL]))
    assert binding_fault(Call("hotel.book", {}, tuple(range(9))), [HOTEL]) is not None


def test_the_dialect_becomes_json_schema() -> None:
    schema = json_schema(HOTEL["parameters"])
    kinds = {name: one.get("type") for name, one in schema["properties"].items()}
    assert kinds == {
        "city": "string",
        "nights": "integer",
        "price": "number",
        "extras": "array",
        "guest": "object",
        "anything": None,
    }
    assert HOTEL["parameters"]["type"] == "dict", "what was given is left alone"
    assert first_fault({"city": "a", "nights": 1}, schema) is None
    with pytest.raises(ValueError, match="unknown type 'set'"):
        json_schema({"type": "set"})


def test_the_tool_that_an_endpoint_is_offered() -> None:
    tool = openai_tool(HOTEL)
    assert tool.name == "hotel_book"
    assert tool.parameters["properties"]["anything"]["type"] == "string"
    assert tool.parameters["properties"]["price"] == {
        "type": "number",
        "format": "float",
        "description": "At most. This is a float type value.",
    }


def test_no_call_is_right_where_nothing_fits() -> None:
    def value(answer: Answer, **more: bool) -> float | None:
        (score,) = score_no_call(answer, **more)
        return score.value

    assert value(Answer(text="None of the functions can be used.")) == 1.0
    assert value(Answer(text="[]")) == 1.0
    assert value(Answer()) == 1.0
    assert value(Answer(text="[f(a=1)]")) == 0.0
    assert value(Answer(text="[f(a=1)]"), read_text=False) == 1.0
    assert value(Answer(tool_calls=(ToolCall(name="f", arguments="{}"),))) == 0.0


def test_rates_of_faults_and_right_answers_sum_to_one() -> None:
    texts = [
        "[hotel.book(city='Rome', nights=2)]",
        "[hotel.book(city='Milan', nights=2)]",
        "[hotel.book(city='Rome')]",
        "no idea",
        "[]",
    ]
    rows = []
    for number, text in enumerate(texts):
        answer = Answer(text=text)
        scores = {one.name: one for one in score_calls(answer, [HOTEL], EXPECTED)}
        sample = Sample(id=str(number), inputs={})
        rows.append(Graded(sample=sample, answer=answer, scores=scores))
    rows.append(Graded(sample=Sample(id="failed", inputs={}), answer=None, scores={}))
    rates = {name: metric(rows) for name, metric in fault_rates().items()}
    assert {name: rate for name, rate in rates.items() if rate} == {
        "wrong_value": 0.2,
        "missing_parameter": 0.2,
        "undecodable": 0.2,
        "wrong_count": 0.2,
    }
    assert all(metric(rows[-1:]) is None for metric in fault_rates().values())
