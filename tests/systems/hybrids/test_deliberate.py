from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from evalsuite.errors import CallTransient
from evalsuite.records import Answer, Message, Request
from evalsuite.systems.hybrids.deliberate import DeliberateSpec

FAILURE = CallTransient("no answer within 1 s", kind="timeout")
CHOICES = ("correct", "incorrect")


def spec(n: int = 3, **options: Any) -> DeliberateSpec:
    profiles = [
        {"name": f"p{i}", "system": "small", "says": f"You are number {i}."} for i in range(n)
    ]
    return DeliberateSpec.model_validate({"profiles": profiles, **options})


def chosen(choice: str, p: float = 0.9) -> Answer:
    other = next(each for each in CHOICES if each != choice)
    return Answer(choice=choice, text=choice, probabilities={choice: p, other: 1 - p})


class Says:
    """Says one thing after the other, and keeps what it was asked."""

    def __init__(self, *said: Answer | CallTransient) -> None:
        self.said = list(said)
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Any:
        self.asked.append(request)
        return self.said.pop(0)


async def test_members_that_agree_are_done_after_a_round(drive: Callable[..., Any]) -> None:
    members = [Says(chosen("correct")) for _ in range(3)]
    driver = drive(spec(rounds=3), members, choices=CHOICES)
    answer = await driver.respond("2+2=4?")
    assert answer.choice == "correct"
    assert answer.probabilities == {"correct": pytest.approx(0.9), "incorrect": pytest.approx(0.1)}
    assert sorted(driver.hops) == [(f"p{i}", f"round 1 as p{i}") for i in range(3)]
    assert answer.data == {"rounds": [{f"p{i}": "correct" for i in range(3)}]}


async def test_each_member_is_told_who_it_is_and_what_the_others_said(
    drive: Callable[..., Any],
) -> None:
    first = Says(chosen("correct"), chosen("correct"))
    second = Says(chosen("correct"), chosen("correct"))
    third = Says(chosen("incorrect"), chosen("correct"))
    driver = drive(spec(), [first, second, third], choices=CHOICES)
    answer = await driver.respond("2+2=4?")
    assert answer.choice == "correct"
    assert first.asked[0].messages[0] == Message(role="system", content="You are number 0.")
    again = third.asked[1]
    assert again.choices == CHOICES
    asked = again.messages[-1].content
    assert asked.startswith("2+2=4?") and "You said: incorrect" in asked
    assert "- p0: correct\n- p1: correct" in asked and "p2" not in asked
    assert ("p2", "round 2 as p2; votes 2, 1") in driver.hops
    assert [set(votes.values()) for votes in answer.data["rounds"]] == [set(CHOICES), {"correct"}]


async def test_equals_are_decided_by_how_sure_they_are(drive: Callable[..., Any]) -> None:
    members = [Says(chosen("correct", 0.6)), Says(chosen("incorrect", 0.8))]
    driver = drive(spec(2, rounds=1), members, choices=CHOICES)
    assert (await driver.respond("?")).choice == "incorrect"


async def test_texts_vote_by_their_verdict(drive: Callable[..., Any]) -> None:
    texts = ["Weak.\n[[abc: 2]]", "Good.\n[[abc: 4]]", "Fine.\n[[abc: 4]]"]
    members = [Says(Answer(text=text)) for text in texts]
    answer = await drive(spec(rounds=1), members).respond("How good?")
    assert answer.text == "Good.\n[[abc: 4]]", "the first that holds the verdict of most"
    assert answer.data["rounds"] == [{"p0": "abc: 2", "p1": "abc: 4", "p2": "abc: 4"}]


async def test_members_that_only_choose_may_give_reasons_first(drive: Callable[..., Any]) -> None:
    why = Answer(text="It adds up.")
    members = [Says(why, chosen("correct"), why, chosen("correct")) for _ in range(2)]
    driver = drive(spec(2, reason_tokens=40, stop_when_agreed=False), members, choices=CHOICES)
    assert (await driver.respond("2+2=4?")).choice == "correct"
    free, bound, _, last = members[0].asked
    assert free.choices is None and free.max_output_tokens == 40
    assert "Your reasons: It adds up." in bound.messages[-1].content
    assert "- p1: correct, because: It adds up." in last.messages[-1].content
    assert ("p0", "reasons of p0, round 1") in driver.hops


async def test_who_fails_does_not_vote(drive: Callable[..., Any]) -> None:
    members = [Says(FAILURE, FAILURE), Says(chosen("correct"))]
    answer = await drive(spec(2), members, choices=CHOICES).respond("?")
    assert answer.choice == "correct"
    with pytest.raises(CallTransient):
        await drive(spec(2), [Says(FAILURE), Says(FAILURE)], choices=CHOICES).respond("?")


def test_how_often_members_are_asked_is_known() -> None:
    assert spec().hops() == {f"p{i}": (1, 2) for i in range(3)}
    assert spec(reason_tokens=9, stop_when_agreed=False).hops()["p0"] == (4, 4)
    assert spec().roles() == {f"p{i}": "small" for i in range(3)}


@pytest.mark.parametrize(
    "profiles",
    [
        [{"name": "a", "system": "s", "says": "x"}],
        [{"name": "a", "system": "s", "says": "x"}] * 2,
        [{"name": "A b", "system": "s", "says": "x"}, {"name": "a", "system": "s", "says": "x"}],
    ],
)
def test_profiles_have_names_of_their_own(profiles: list[dict[str, str]]) -> None:
    with pytest.raises(ValidationError):
        DeliberateSpec.model_validate({"profiles": profiles})
