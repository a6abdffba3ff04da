"""The invented worlds, the catalogue of tools, the requests about them."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction
from itertools import combinations, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.embedded.items import SPLITS, Split
from evalsuite.library.tools.catalogue import CATALOGUE
from evalsuite.library.tools.execution import execute, shown
from evalsuite.library.tools.phrases import ARITHMETIC, CONVERSIONS, LOOKUPS
from evalsuite.library.tools.requests import Asked, requests, resolved
from evalsuite.library.tools.world import world
from evalsuite.records import ToolCall
from evalsuite.scoring.text import contains_words

PLACE = world("test", 0)


def run(name: str, /, **arguments: object) -> str:
    return execute(PLACE, ToolCall(name=name, arguments=json.dumps(arguments)), CATALOGUE)


def some(split: Split, n: int = 200) -> list[Asked]:
    return list(islice(requests(split), n))


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("add", {"a": 0.1, "b": 0.2}, "0.3"),
        ("subtract", {"a": 1, "b": 2.5}, "-1.5"),
        ("multiply", {"a": 3, "b": 4}, "12"),
        ("divide", {"value": 2, "by": 3}, "0.67"),
        ("divide", {"value": -1, "by": 200}, "0"),
        ("percentage", {"percent": 15, "value": 80}, "12"),
        ("mean", {"numbers": [1, 2, 4]}, "2.33"),
        ("maximum", {"numbers": [1, 3.25, 2]}, "3.25"),
        ("minimum", {"numbers": [1, -3]}, "-3"),
        ("celsius_to_fahrenheit", {"celsius": 27}, "80.6"),
        ("kilometres_to_miles", {"kilometres": 100}, "62.14"),
        ("kilograms_to_pounds", {"kilograms": 10}, "22.05"),
        ("metres_to_feet", {"metres": 153}, "501.97"),
        ("minutes_to_seconds", {"minutes": 28}, "1680"),
        ("add_days", {"date": "2032-02-28", "days": 2}, "2032-03-01"),
        ("days_between", {"start": "2031-03-01", "end": "2031-02-28"}, "-1"),
        ("get_weekday", {"date": "2031-04-11"}, "Friday"),
        ("get_day_of_year", {"date": "2032-12-31"}, "366"),
    ],
)
def test_what_tools_compute(name: str, arguments: dict[str, object], said: str) -> None:
    assert run(name, **arguments) == said


def test_days_are_those_of_the_calendar() -> None:
    assert date(2031, 4, 11).strftime("%A") == "Friday"
    assert (date(2032, 12, 31) - date(2031, 12, 31)).days == 366


def test_lookups_are_of_the_world_and_always_the_same() -> None:
    person = PLACE.people[0]
    assert run("get_manager", name=person) in set(PLACE.people) - {person}
    assert run("get_home_city", name=person.upper()) == run("get_home_city", name=f" {person} ")
    assert run("get_home_city", name=person) in PLACE.cities
    first, second = PLACE.cities[:2]
    there = run("get_distance", start=first, end=second)
    assert there == run("get_distance", start=second, end=first) and int(there) > 0
    assert run("get_distance", start=first, end=first) == "0"
    others = {
        execute(
            world("test", number),
            ToolCall(name="get_price", arguments=json.dumps({"product": product})),
            CATALOGUE,
        )
        for number in range(20)
        for product in world("test", number).products
    }
    assert len(others) > 60, "another world has other prices"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (ToolCall(name="get_pric", arguments="{}"), "no tool named 'get_pric'"),
        (ToolCall(name="get_price", arguments="{"), "the arguments are not JSON"),
        (ToolCall(name="get_price", arguments="[]"), "get_price: .* is not of type 'object'"),
        (ToolCall(name="get_price", arguments="{}"), "'product' is a required property"),
        (ToolCall(name="get_price", arguments='{"product": 3}'), "3 is not of type 'string'"),
        (ToolCall(name="get_price", arguments='{"product": "gold"}'), "no product named 'gold'"),
        (ToolCall(name="get_email", arguments='{"name": "Bob"}'), "no contact named 'Bob'"),
        (ToolCall(name="add", arguments='{"a": 1, "b": 2, "c": 3}'), "'c' was unexpected"),
        (ToolCall(name="add", arguments='{"a": NaN, "b": 2}'), "NaN is no number"),
        (ToolCall(name="add", arguments='{"a": 1e999, "b": 2}'), "too long"),
        (ToolCall(name="add", arguments='{"a": %s, "b": 2}' % ("9" * 2000)), "too long"),
        (ToolCall(name="divide", arguments='{"value": 1, "by": 0}'), "by must not be 0"),
        (ToolCall(name="get_weekday", arguments='{"date": "Friday"}'), "no day as YYYY-MM-DD"),
        (
            ToolCall(name="add_days", arguments='{"date": "2031-01-01", "days": 99999999999}'),
            "out of range",
        ),
        (ToolCall(name="mean", arguments='{"numbers": []}'), "mean: numbers"),
    ],
)
def test_bad_calls_are_told_what_is_wrong(call: ToolCall, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        execute(PLACE, call, CATALOGUE)


@given(st.fractions(min_value=-(10**6), max_value=10**6))
def test_fractions_are_shown_to_two_decimals(value: Fraction) -> None:
    text = shown(value)
    assert abs(Fraction(text) - value) <= Fraction(1, 200)
    assert text not in ("-0", "-") and not text.endswith(".") and len(text.partition(".")[2]) <= 2


def test_the_catalogue_is_whole() -> None:
    assert len(CATALOGUE) == 46
    for name, function in CATALOGUE.items():
        assert function.tool.name == name and function.tool.description.endswith((".", "b", "y"))
        assert function.tool.parameters["required"] == list(function.tool.parameters["properties"])
    used = {phrase.tool for phrase in (*LOOKUPS, *CONVERSIONS, *ARITHMETIC)}
    assert used <= set(CATALOGUE) and len(used) > 35


def test_splits_share_no_template_name_or_question() -> None:
    by_split = {split: some(split) for split in SPLITS}
    for one, other in combinations(SPLITS, 2):
        for what in ("template", "text"):
            ours = {getattr(asked, what) for asked in by_split[one]}
            assert not ours & {getattr(asked, what) for asked in by_split[other]}
        names = {name for asked in by_split[one] for name in asked.world.people}
        assert not names & {name for asked in by_split[other] for name in asked.world.people}
    for split, found in by_split.items():
        assert found[:50] == some(split, 50), "the stream is the same every time"
        assert len({asked.text for asked in found}) == len(found)


def test_every_plan_leads_to_its_answer() -> None:
    sizes = set()
    for asked in some("test"):
        results: list[str] = []
        for step, call in zip(asked.plan, asked.calls, strict=True):
            kinds = CATALOGUE[step["name"]].tool.parameters["properties"].values()
            numeric = any(kind["type"] in ("number", "array") for kind in kinds)
            assert resolved(step["arguments"], results, numeric=numeric) == call["arguments"]
            made = ToolCall(name=call["name"], arguments=json.dumps(call["arguments"]))
            results.append(execute(asked.world, made, CATALOGUE))
        assert tuple(results) == asked.results
        sizes.add(len(asked.plan))
    assert sizes == {1, 2, 3}


def test_a_request_takes_its_tools() -> None:
    """No answer stands in its question, every call but the last is used, something is looked up."""
    worldly = {phrase.tool for phrase in LOOKUPS}
    for asked in some("test"):
        assert not contains_words(asked.text.casefold(), asked.results[-1].casefold())
        told = json.dumps(asked.plan)
        assert all(f'"${number}"' in told for number in range(1, len(asked.plan)))
        assert any(step["name"] in worldly for step in asked.plan)
        assert "the the" not in asked.text and "{" not in asked.text
        assert len({json.dumps(call) for call in asked.calls}) == len(asked.calls)


def test_the_samples_that_the_task_files_show() -> None:
    _, room, wind = some("test", 3)
    assert room.text == "I need to know the floor of the room of the Norli interview."
    assert room.results == ("Linden Room", "21")
    assert wind.text == "I need to know the wind speed in km/h in the city that is home to Andan."
    assert wind.results == ("Galenli", "42")
