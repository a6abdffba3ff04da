from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from evalsuite.errors import CallTransient
from evalsuite.records import Answer, Request
from evalsuite.systems.hybrids.reflect import ReflectSpec

FAILURE = CallTransient("no answer within 1 s", kind="timeout")
PRINCIPLES = ("Be brief.", "Be true.")


def spec(**options: Any) -> ReflectSpec:
    return ReflectSpec(answerer="a", critic="c", principles=PRINCIPLES, **options)


class Says:
    """Says one thing after the other, or looks at the question; keeps what it was asked."""

    def __init__(self, *said: Any) -> None:
        self.said = list(said)
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Any:
        self.asked.append(request)
        said = self.said.pop(0)
        return Answer(text=said) if isinstance(said, str) else said


async def test_an_answer_that_keeps_to_all_stands(drive: Callable[..., Any]) -> None:
    critic = Says("yes", "yes")
    driver = drive(spec(), [Says("4"), critic])
    answer = await driver.respond("2+2?")
    assert answer.text == "4" and answer.data == {"broken": [[]]}
    assert sorted(driver.hops) == [
        ("answerer", "draft"),
        ("critic", "principle 1"),
        ("critic", "principle 2"),
    ]
    assert critic.asked[0].choices == ("yes", "no")
    assert "Be brief." in critic.asked[0].messages[-1].content


async def test_an_answer_that_breaks_one_is_revised(drive: Callable[..., Any]) -> None:
    answerer = Says("It is 4, as everybody knows.", "4")
    driver = drive(spec(rounds=2), [answerer, Says("No. Long.", "yes", "yes", "yes")])
    answer = await driver.respond("2+2?")
    assert answer.text == "4" and answer.data == {"broken": [[1], []]}
    revised = answerer.asked[1].messages[-1].content
    assert "- Be brief." in revised and "Be true." not in revised
    assert "It is 4, as everybody knows." in revised
    assert ("answerer", "breaks principle 1") in driver.hops
    assert ("critic", "round 2, principle 2") in driver.hops


async def test_the_choices_of_the_question_stay(drive: Callable[..., Any]) -> None:
    chosen = Answer(choice="B", text="B", probabilities={"A": 0.4, "B": 0.6})
    answerer = Says(chosen, chosen)
    driver = drive(spec(), [answerer, Says("no", "no")], choices=("A", "B"))
    answer = await driver.respond("Which?")
    assert answer.choice == "B" and answer.probabilities == {"A": 0.4, "B": 0.6}
    assert answerer.asked[1].choices == ("A", "B")
    assert ("answerer", "breaks principles 1, 2") in driver.hops


async def test_a_sure_yes_is_wanted_where_it_is_known(drive: Callable[..., Any]) -> None:
    unsure = Answer(choice="yes", text="yes", probabilities={"yes": 0.6, "no": 0.4})
    driver = drive(spec(threshold=0.7), [Says("4", "four"), Says(unsure, "yes")])
    assert (await driver.respond("2+2?")).text == "four"


async def test_a_check_that_says_nothing_breaks_nothing(drive: Callable[..., Any]) -> None:
    driver = drive(spec(), [Says("4"), Says(FAILURE, "well")])
    assert (await driver.respond("2+2?")).text == "4"


async def test_a_revision_that_fails_leaves_the_answer(drive: Callable[..., Any]) -> None:
    driver = drive(spec(), [Says("4", FAILURE), Says("no", "no")])
    answer = await driver.respond("2+2?")
    assert answer.text == "4" and answer.data == {"broken": [[1, 2]]}
    with pytest.raises(CallTransient):
        await drive(spec(), [Says(FAILURE), Says()]).respond("2+2?")


def test_the_answerer_is_its_own_critic_by_default() -> None:
    alone = ReflectSpec(answerer="a", principles=PRINCIPLES)
    assert alone.roles() == {"answerer": "a", "critic": "a"}
    assert alone.hops() == {"answerer": (1, 2), "critic": (2, 2)}
