from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from evalsuite.errors import CallTransient
from evalsuite.records import Answer, Request
from evalsuite.systems.hybrids.verify import VerifySpec
from evalsuite.systems.hybrids.yes_or_no import read_verdict

FAILURE = CallTransient("no answer within 1 s", kind="timeout")


def spec(**options: Any) -> VerifySpec:
    return VerifySpec(answerer="a", verifier="v", **options)


class Answers:
    """Says one thing after the other, and keeps what it was asked."""

    def __init__(self, *said: str | Answer | CallTransient) -> None:
        self.said = list(said)
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Any:
        self.asked.append(request)
        said = self.said.pop(0)
        return Answer(text=said) if isinstance(said, str) else said


async def test_an_answer_that_is_accepted_stands(drive: Any) -> None:
    answerer, verifier = Answers("7"), Answers("Yes.\nAll fine.")
    driver = drive(spec(rounds=3), [answerer, verifier])
    assert (await driver.respond("3+4?")).text == "7"
    assert driver.hops == [("answerer", "draft"), ("verifier", "check 1")]
    question = verifier.asked[0]
    assert "3+4?" in question.messages[-1].content and "\n7\n" in question.messages[-1].content
    assert question.choices == ("yes", "no")


async def test_after_a_no_the_answerer_hears_why(drive: Any) -> None:
    answerer, verifier = Answers("8", "7"), Answers("No. 3+4 is less.", "yes")
    driver = drive(spec(rounds=2), [answerer, verifier])
    assert (await driver.respond("3+4?")).text == "7"
    assert driver.hops == [
        ("answerer", "draft"),
        ("verifier", "check 1"),
        ("answerer", "rejected (no)"),
        ("verifier", "check 2"),
    ]
    turns = answerer.asked[1].messages
    assert [turn.role for turn in turns] == ["user", "assistant", "user"]
    assert "No. 3+4 is less." in turns[-1].content


async def test_probabilities_are_held_against_the_threshold(drive: Any) -> None:
    unsure = Answer(choice="yes", text="yes", probabilities={"yes": 0.6, "no": 0.4})
    driver = drive(spec(threshold=0.7), [Answers("8", "9"), Answers(unsure)])
    assert (await driver.respond("q")).text == "9"
    assert driver.hops[-1] == ("answerer", "rejected (P(yes) 0.60)")


@pytest.mark.parametrize("said", ["perhaps", "yes and no", "", FAILURE])
async def test_a_verdict_that_is_none(drive: Any, said: Any) -> None:
    driver = drive(spec(), [Answers("8"), Answers(said)])
    assert (await driver.respond("q")).text == "8"
    driver = drive(spec(unverified="retry"), [Answers("8", "9"), Answers(said)])
    assert (await driver.respond("q")).text == "9"
    reason = driver.hops[-1][1]
    assert reason.startswith(("no verdict in", "verifier failed (timeout)"))


async def test_a_retry_that_fails_leaves_the_answer_that_there_is(drive: Any) -> None:
    driver = drive(spec(rounds=2), [Answers("8", FAILURE), Answers("no")])
    assert (await driver.respond("q")).text == "8"
    driver = drive(spec(), [Answers(FAILURE), Answers("yes")])
    with pytest.raises(CallTransient):
        await driver.respond("q")


async def test_rewriting_takes_what_the_verifier_writes(drive: Any) -> None:
    verifier = Answers("8", FAILURE)
    driver = drive(spec(mode="rewrite", rounds=2), [Answers("7 {answer}"), verifier])
    assert (await driver.respond("3+5? {question}")).text == "8"
    assert [reason for _, reason in driver.hops] == ["draft", "rewrite 1 of 2", "rewrite 2 of 2"]
    told = verifier.asked[0].messages[-1].content
    # braces of a question or an answer are not filled in
    assert told.startswith("3+5? {question}\n\n") and "7 {answer}" in told


@pytest.mark.parametrize(
    ("text", "p_yes"),
    [
        ("yes", 1.0),
        ("No, it is not.", 0.0),
        ("<think>yes no yes</think>\nno", 0.0),
        ("Let me see.\nSo: yes", 1.0),
        ("yes or no?\nyes or no?", None),
        ("nothing", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_reading_a_verdict(text: str, p_yes: float | None) -> None:
    assert read_verdict(Answer(text=text)).p_yes == p_yes
    assert read_verdict(Answer(choice="no", text="no")).p_yes == 0.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": float("nan")}, "finite number"),
        ({"threshold": 2}, "less than or equal to 1"),
        ({"check_prompt": "Is it right?"}, "nothing would be filled in"),
        ({"check_prompt": "{question} {reply}"}, r"\{reply\} is no place"),
    ],
)
def test_what_makes_no_sense_is_refused(options: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        spec(**options)
