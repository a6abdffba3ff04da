from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pydantic import ValidationError

from evalsuite.errors import CallTransient
from evalsuite.records import Answer, Message, Request, Tool, ToolCall
from evalsuite.systems.hybrids.fallback import FallbackSpec
from evalsuite.systems.hybrids.validity import problem_of

FAILURE = CallTransient("no answer within 1 s", kind="timeout")
PERSON = {
    "type": "object",
    "properties": {"age": {"type": "integer"}},
    "required": ["age"],
}


def spec(**options: Any) -> FallbackSpec:
    return FallbackSpec(members=("small", "large"), **options)


def request(prompt: str = "q", **options: Any) -> Request:
    turn = Message(role="user", content=prompt)
    return Request(task="t", sample_id="1", inputs={}, messages=(turn,), **options)


@pytest.mark.parametrize(
    ("options", "said", "reason"),
    [
        ({}, Answer(text="fine"), None),
        ({}, FAILURE, "member_1 failed (timeout)"),
        ({}, Answer(text=" \n"), "member_1 invalid (not_empty: nothing was said)"),
        ({"valid": ("json",)}, Answer(text="{1"), "member_1 invalid (json: not JSON: '{1')"),
        ({"valid": ("json",)}, Answer(text='```json\n{"a": 1}\n```'), None),
        ({"valid": ("number",)}, Answer(text="it is 7"), None),
        (
            {"valid": ("number",)},
            Answer(text="many"),
            "member_1 invalid (number: no number in 'many')",
        ),
        ({"matches": "^####"}, Answer(text="7"), "member_1 invalid (no match of ^#### in '7')"),
        (
            {"valid": ("finished",)},
            Answer(text="and", finish_reason="length"),
            "member_1 invalid (finished: cut off at 256 tokens)",
        ),
    ],
)
async def test_the_second_is_asked_where_the_first_is_no_use(
    drive: Any, options: Any, said: Any, reason: str | None
) -> None:
    driver = drive(spec(**options), [lambda r: said, lambda r: Answer(text="large")])
    answer = await driver.respond("q")
    if reason is None:
        assert driver.hops == [("member_1", "first")] and answer == said
    else:
        assert driver.hops == [("member_1", "first"), ("member_2", reason)]
        assert answer.text == "large"


async def test_the_last_answer_stands_whatever_it_is_and_the_last_failure_is_the_hybrids(
    drive: Any,
) -> None:
    driver = drive(
        spec(valid=("json",)), [lambda r: Answer(text="no"), lambda r: Answer(text="no")]
    )
    assert (await driver.respond("q")).text == "no"
    driver = drive(spec(), [lambda r: Answer(text=""), lambda r: FAILURE])
    with pytest.raises(CallTransient):
        await driver.respond("q")


async def test_a_late_member_is_left_behind_and_may_fail_unheard() -> None:
    hops: list[tuple[str, str]] = []

    async def ask(role: str, request: Request, *, reason: str) -> Answer:
        hops.append((role, reason))
        if role == "member_1":
            await asyncio.sleep(0.05)
            raise FAILURE
        return Answer(text="large")

    fallback = spec(timeout_seconds=0.01)
    answer = await fallback.respond(request(), ask, None)  # type: ignore[arg-type]
    await asyncio.sleep(0.1)
    assert answer.text == "large"
    assert hops[1] == ("member_2", "member_1 not done after 0.01 s")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer(text='{"age": 4}'), None),
        (Answer(text='{"age": "4"}'), "schema: '4' is not of type 'integer'"),
        (Answer(text="{}"), "schema: 'age' is a required property"),
        (Answer(text="four"), "schema: not JSON: 'four'"),
        (Answer(text=None), "schema: not JSON: ''"),
    ],
)
async def test_schema_of_the_text(answer: Answer, problem: str | None) -> None:
    assert await problem_of(answer, request(output_schema=PERSON), ("schema",)) == problem


@pytest.mark.parametrize(
    ("name", "arguments", "problem"),
    [
        ("add", json.dumps({"age": 1}), None),
        ("add", json.dumps({}), "schema: add: 'age' is a required property"),
        ("add", "age=1", "schema: add: not JSON: 'age=1'"),
        ("sub", "{}", "schema: there is no tool 'sub'"),
    ],
)
async def test_schema_of_tool_calls(name: str, arguments: str, problem: str | None) -> None:
    asked = request(tools=(Tool(name="add", description="", parameters=PERSON),))
    answer = Answer(tool_calls=(ToolCall(name=name, arguments=arguments),))
    assert await problem_of(answer, asked, ("not_empty", "schema")) == problem


async def test_choices() -> None:
    asked = request(choices=("red", "blue"))
    assert await problem_of(Answer(text="It is blue."), asked, ("choice",)) is None
    said = await problem_of(Answer(text="green"), asked, ("choice",))
    assert said == "choice: 'green' names not one of 2 choices"
    assert await problem_of(Answer(text="green"), request(), ("choice",)) is None


PROMPT = '''def double(x):
    """Twice as much.

    >>> double(2)
    4
    >>> double([1])
    [1, 1]
    >>> double(double(1))
    4
    """
'''


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("    return x * 2", None),
        ("```python\ndef double(x):\n    return x + x\n```", None),
        ("    return x ** 2", "unsupported operand"),
        ("    return 4", "wrong: case 2 of 2"),
        ("It doubles.", "no program that parses"),
    ],
)
async def test_examples_of_the_prompt_are_run_in_the_sandbox(
    text: str, problem: str | None
) -> None:
    said = await problem_of(Answer(text=text), request(PROMPT), ("examples",))
    assert (said is None) == (problem is None)
    assert problem is None or problem in (said or "")
    assert await problem_of(Answer(text="def f(): return"), request("Say f."), ("python",)) is None


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 2 items"):
        FallbackSpec(members=("a",))
    with pytest.raises(ValidationError, match="not a regular expression"):
        spec(matches="(")
