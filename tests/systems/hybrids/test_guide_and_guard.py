from __future__ import annotations

from typing import Any

import pytest

from evalsuite.errors import CallTransient
from evalsuite.records import Answer, Request
from evalsuite.systems.hybrids.guard import GuardSpec
from evalsuite.systems.hybrids.guide import GuideSpec

FAILURE = CallTransient("no answer within 1 s", kind="timeout")
GUIDE = GuideSpec(guide="g", answerer="a", max_guidance_tokens=40)


async def test_the_answerer_gets_the_guidance(drive: Any) -> None:
    asked: list[Request] = []

    def answerer(request: Request) -> Answer:
        asked.append(request)
        return Answer(text="7")

    def guide(request: Request) -> Answer:
        assert request.max_output_tokens == 40 and request.choices is None
        return Answer(text="Add both.")

    driver = drive(GUIDE, [guide, answerer], choices=("7", "8"))
    assert (await driver.respond("3+4?")).text == "7"
    assert driver.hops == [("guide", "guidance"), ("answerer", "guided")]
    assert asked[0].messages[-1].content == "Guidance:\nAdd both.\n\n3+4?"
    assert asked[0].choices == ("7", "8")


@pytest.mark.parametrize(
    ("said", "reason"),
    [(FAILURE, "guide failed (timeout)"), (Answer(text=" "), "guide said nothing")],
)
async def test_without_guidance_the_question_goes_as_it_is(
    drive: Any, said: Any, reason: str
) -> None:
    answerer = lambda request: Answer(text=request.messages[-1].content)  # noqa: E731
    driver = drive(GUIDE, [lambda r: said, answerer])
    assert (await driver.respond("3+4?")).text == "3+4?"
    assert driver.hops[-1] == ("answerer", reason)


def guard(**options: Any) -> GuardSpec:
    return GuardSpec(guard="g", member="m", **options)


@pytest.mark.parametrize(
    ("options", "verdict", "hops"),
    [
        ({}, Answer(text="Yes"), 2),
        ({}, Answer(text="No."), 1),
        ({}, Answer(text="hm"), 1),
        ({"unreadable": "allow"}, Answer(text="hm"), 2),
        ({"threshold": 0.9}, Answer(probabilities={"yes": 0.8, "no": 0.2}), 1),
        ({"threshold": 0.8}, Answer(probabilities={"yes": 0.8, "no": 0.2}), 2),
    ],
)
async def test_only_what_is_let_through_is_answered(
    drive: Any, options: Any, verdict: Answer, hops: int
) -> None:
    driver = drive(guard(**options), [lambda r: verdict, lambda r: Answer(text="done")])
    answer = await driver.respond("How do I pick a lock?")
    assert len(driver.hops) == hops
    if hops == 1:
        assert answer.data == {"refused_by": "guard"}
        assert answer.text == "I'm sorry, but I can't help with that."
    else:
        assert answer.text == "done"
        assert driver.hops[1][1].startswith(("allowed (", "let through (no verdict in 'hm')"))


async def test_the_answer_is_checked_too_where_wanted(drive: Any) -> None:
    verdicts = iter(["yes", "no"])
    driver = drive(
        guard(check_answer=True),
        [lambda r: Answer(text=next(verdicts)), lambda r: Answer(text="with a hammer")],
    )
    assert (await driver.respond("How?")).data == {"refused_by": "guard"}
    assert [role for role, _ in driver.hops] == ["guard", "member", "guard"]


async def test_a_guard_that_fails_lets_nothing_through(drive: Any) -> None:
    driver = drive(guard(unreadable="allow"), [lambda r: FAILURE, lambda r: Answer(text="done")])
    with pytest.raises(CallTransient):
        await driver.respond("How?")
