from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from evalsuite.errors import CallRejected, CallTransient, ConfigError
from evalsuite.records import Answer, Request, Sample
from evalsuite.systems.hybrids.committee import CommitteeSpec, log_odds

FAILURE = CallTransient("no answer within 1 s", kind="timeout")


def said(*texts: str) -> list[Any]:
    return [lambda request, text=text: Answer(text=text) for text in texts]


def committee(n: int, **options: Any) -> CommitteeSpec:
    return CommitteeSpec(members=tuple("abcde"[:n]), **options)


def chose(**probabilities: float) -> Any:
    best = max(probabilities, key=lambda name: probabilities[name])
    return lambda request: Answer(text=best, choice=best, probabilities=probabilities)


async def test_the_majority_wins_and_its_first_member_speaks(drive: Any) -> None:
    driver = drive(committee(4), said("Paris", "lyon", "LYON. ", "Nice"))
    assert (await driver.respond("q")).text == "lyon"
    assert driver.hops == [(f"member_{i}", f"member {i} of 4") for i in (1, 2, 3, 4)]


async def test_texts_vote_for_their_final_answer(drive: Any) -> None:
    texts = ("2+2=5\n#### 5", "Two and two\n#### 4", "It is four. #### 4")
    driver = drive(committee(3), said(*texts))
    assert (await driver.respond("q")).text == texts[1]
    other = drive(committee(3, extract=r"is (\w+)"), said("it is 4", "is 5", "that is 4!"))
    assert (await other.respond("q")).text == "it is 4"


async def test_ties_go_to_the_earlier_member(drive: Any) -> None:
    driver = drive(committee(4), said("x", "y", "y", "x"))
    assert (await driver.respond("q")).text == "x"


async def test_weights(drive: Any) -> None:
    driver = drive(committee(3, weights=(1, 1, 2.5)), said("x", "x", "y"))
    assert (await driver.respond("q")).text == "y"


async def test_soft_votes_are_mean_probabilities(drive: Any) -> None:
    members = [chose(A=0.9, B=0.1), chose(A=0.4, B=0.6), chose(A=0.4, B=0.6)]
    soft = drive(committee(3, vote="soft"), members, choices=["A", "B"])
    answer = await soft.respond("q")
    assert (answer.choice, answer.text) == ("A", "A")
    assert answer.probabilities == pytest.approx({"A": 1.7 / 3, "B": 1.3 / 3})
    hard = drive(committee(3), members, choices=["A", "B"])
    assert (await hard.respond("q")).choice == "B"


async def test_soft_votes_take_a_text_at_its_word(drive: Any) -> None:
    members = [chose(A=0.55, B=0.45), *said("b."), *said("no idea")]
    driver = drive(committee(3, vote="soft"), members, choices=["A", "B"])
    answer = await driver.respond("q")
    assert answer.probabilities == pytest.approx({"A": 0.55 / 2, "B": 1.45 / 2})
    lost = drive(committee(2, vote="soft"), said("no idea", "me neither"), choices=["A", "B"])
    assert (await lost.respond("q")) == Answer(text="no idea")


async def test_failed_members_do_not_vote(drive: Any) -> None:
    members = [lambda r: FAILURE, *said("x", "y"), *said("y")]
    assert (await drive(committee(4), members).respond("q")).text == "y"
    rejected = CallRejected("too long", kind="context_too_long")
    nobody = drive(committee(2), [lambda r: rejected, lambda r: FAILURE])
    with pytest.raises(CallRejected, match="too long"):
        await nobody.respond("q")


async def test_a_sequential_committee_stops_when_decided(drive: Any) -> None:
    driver = drive(committee(5, sequential=True), said("x", "x", "x", "y", "y"))
    assert (await driver.respond("q")).text == "x"
    assert driver.hops == [
        ("member_1", "member 1 of 5"),
        ("member_2", "member 2 of 5; votes 1"),
        ("member_3", "member 3 of 5; votes 2"),
    ]
    members = [lambda r: FAILURE, *said("x", "y", "x")]
    failing = drive(committee(4, sequential=True), members)
    assert (await failing.respond("q")).text == "x"
    assert failing.hops[2] == ("member_3", "member 3 of 4; votes 1; member_1 failed (timeout)")


async def test_members_are_asked_at_the_same_time(drive: Any) -> None:
    barrier = asyncio.Barrier(3)

    class Waiting(drive):  # type: ignore[misc]
        async def __call__(self, role: str, request: Request, *, reason: str) -> Answer:
            async with asyncio.timeout(5):
                await barrier.wait()
            return Answer(text=role)

    assert (await Waiting(committee(3), said("", "", "")).respond("q")).text == "member_1"


VOTES = st.lists(st.sampled_from("xyz"), min_size=2, max_size=5)


@given(VOTES, st.randoms())
def test_order_only_matters_for_ties_and_turns_change_nothing(
    votes: list[str], random: Any
) -> None:
    def winner(order: Sequence[str], *, sequential: bool = False) -> str | None:
        spec = committee(len(order), sequential=sequential)
        replies = dict(zip(spec.roles(), order, strict=True))

        async def ask(role: str, request: Request, *, reason: str) -> Answer:
            return Answer(text=replies[role])

        request = Request(task="t", sample_id="1", inputs={}, messages=())
        return asyncio.run(spec.respond(request, ask, None)).text

    counts = sorted((votes.count(name) for name in set(votes)), reverse=True)
    first = winner(votes)
    assert winner(votes, sequential=True) == first
    assert votes.count(first or "") == counts[0]
    if len(counts) == 1 or counts[0] > counts[1]:
        shuffled = list(votes)
        random.shuffle(shuffled)
        assert winner(shuffled) == first


async def test_votes_keep_their_sign(drive: Any) -> None:
    said = ["-5", "5", "5."]
    members = [lambda r, text=text: Answer(text=text) for text in said]
    driver = drive(CommitteeSpec(members=("a", "b", "c")), members)
    assert (await driver.respond("q")).text == "5"


async def test_self_consistency_asks_one_member_for_several_samples(drive: Any) -> None:
    asked: list[tuple[float, int]] = []

    def member(request: Request) -> Answer:
        asked.append((request.temperature, request.repeat))
        return Answer(text="#### 7" if request.repeat % 3 else "#### 8")

    spec = CommitteeSpec(members=("a",), samples=3, temperature=0.7)
    driver = drive(spec, [member] * 3)
    assert (await driver.respond("q")).text == "#### 7"
    assert sorted(asked) == [(0.7, 0), (0.7, 1), (0.7, 2)]
    asked.clear()
    await driver.respond("q", repeat=2)
    assert sorted(repeat for _, repeat in asked) == [6, 7, 8]
    assert dict(spec.roles()) == dict.fromkeys(("member_1", "member_2", "member_3"), "a")


async def test_sequential_self_consistency_stops_when_it_is_decided(drive: Any) -> None:
    spec = CommitteeSpec(members=("a",), samples=5, temperature=1.0, sequential=True)
    driver = drive(spec, [lambda r: Answer(text="7")] * 5)
    await driver.respond("q")
    assert len(driver.hops) == 3


def test_log_odds_by_hand() -> None:
    # (8 + 1) / (10 + 2) = 0.75, odds 3; a coin, and what is worse than one, says nothing.
    assert log_odds(8, 10) == pytest.approx(math.log(3))
    assert log_odds(5, 10) == 0.0
    assert log_odds(1, 10) == 0.0
    assert log_odds(10, 10) == pytest.approx(math.log(11))


async def test_learnt_weights_let_one_good_member_outvote_two_poor_ones(drive: Any) -> None:
    samples = [Sample(id=str(i), inputs={"text": str(i)}, target="right") for i in range(20)]

    def good(request: Request) -> Answer:
        return Answer(text="wrong" if request.inputs["text"] == "0" else "right")

    def poor(request: Request) -> Answer:
        text = request.inputs["text"]
        return Answer(text="right" if text.isdigit() and int(text) < 12 else "wrong")

    spec = CommitteeSpec(members=("g", "p", "q"), weights="log_odds")
    driver = drive(spec, [good, poor, poor], samples=samples)
    fitted = await driver.fit()
    assert fitted.state == pytest.approx([math.log(20 / 2), math.log(13 / 9), math.log(13 / 9)])
    assert "g 95.0% right, weight 2.30" in fitted.note
    assert (await driver.respond("15", fitted)).text == "right"
    with pytest.raises(ConfigError, match="fitted first"):
        await driver.respond("15")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"members": ("a",)}, "needs two `members`"),
        ({"members": ("a",), "samples": 3}, "go together"),
        ({"members": ("a", "b"), "temperature": 1.0}, "go together"),
        ({"members": ("a", "b"), "weights": (1.0, math.nan)}, "above 0"),
        ({"members": ("a", "b"), "weights": (1.0, math.inf)}, "above 0"),
    ],
)
def test_committees_that_make_no_sense(options: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        CommitteeSpec(**options)
