from __future__ import annotations

from typing import Any

import pytest

from evalsuite.errors import CallTransient, ConfigError
from evalsuite.records import Answer, Request, Sample
from evalsuite.systems.hybrids.adaptive_shots import AdaptiveShotsSpec

FAILURE = CallTransient("no answer within 1 s", kind="timeout")
TRAIN = [
    Sample(id=f"t{word}", inputs={"text": f"spell {word}"}, target=word.upper())
    for word in ("apple pie", "river bank", "apple tree", "stone wall")
]
VALIDATION = [Sample(id=f"v{i}", inputs={"text": str(i)}, target="right") for i in range(10)]


def spec(**options: Any) -> AdaptiveShotsSpec:
    return AdaptiveShotsSpec(member="m", shots=2, **options)


def member(request: Request) -> Answer:
    """Sure of its answers to numbers, in their order; alone unsure of all else."""
    text = request.inputs["text"]
    sure = -int(text) / 10 if text.isdigit() else -2.0
    return Answer(text=f"{len(request.messages)} turns", token_logprobs=(sure,))


async def test_only_what_is_doubtful_is_asked_again_with_examples(drive: Any) -> None:
    asked: list[Request] = []

    def watched(request: Request) -> Answer:
        asked.append(request)
        return member(request)

    driver = drive(spec(threshold=-0.5), [watched], train=TRAIN)
    fitted = await driver.fit()
    assert (await driver.respond("3", fitted)).text == "1 turns"
    assert (await driver.respond("spell apple juice", fitted)).text == "5 turns"
    assert [reason for _, reason in driver.hops] == [
        "no examples",
        "auto -2.000 < -0.500: 2 examples",
    ]
    shown = [turn.content for turn in asked[-1].messages]
    assert {shown[0], shown[2]} == {"spell apple pie", "spell apple tree"}
    assert {shown[1], shown[3]} == {"APPLE PIE", "APPLE TREE"}
    assert shown[4] == "spell apple juice"


@pytest.mark.parametrize(("share", "threshold"), [(0.0, -0.9), (0.3, -0.6), (1.0, float("inf"))])
async def test_the_share_that_is_asked_again_is_picked_on_validation(
    drive: Any, share: float, threshold: float
) -> None:
    driver = drive(spec(share=share), [member], samples=VALIDATION, train=TRAIN)
    fitted = await driver.fit()
    assert fitted.state.threshold == pytest.approx(threshold)
    assert f"{share:.0%} of 10 validation samples" in fitted.note


async def test_a_critic_is_the_gate_where_there_is_one(drive: Any) -> None:
    verdicts = {"1": "yes", "2": "no", "3": "perhaps"}

    def critic(request: Request) -> Answer:
        return Answer(text=verdicts.get(request.inputs["text"], "no"))

    driver = drive(spec(critic="c", share=0.9), [member, critic], samples=VALIDATION, train=TRAIN)
    fitted = await driver.fit()
    assert fitted.state.threshold == 1.0
    reasons = []
    for text in ("1", "2", "3"):
        await driver.respond(text, fitted)
        reasons.append([reason for _, reason in driver.hops][2:])
    assert reasons == [
        [],
        ["P(yes) 0.000 < 1.000: 2 examples"],
        ["no verdict in 'perhaps': 2 examples"],
    ]


async def test_failures(drive: Any) -> None:
    driver = drive(spec(threshold=0.0), [lambda r: FAILURE], train=TRAIN)
    fitted = await driver.fit()
    with pytest.raises(CallTransient):
        await driver.respond("1", fitted)
    assert driver.hops[-1] == ("member", "member failed (timeout): 2 examples")

    def only_plain(request: Request) -> Any:
        return FAILURE if len(request.messages) > 1 else member(request)

    driver = drive(spec(threshold=9.0), [only_plain], train=TRAIN)
    assert (await driver.respond("1", await driver.fit())).text == "1 turns"
    with pytest.raises(ConfigError, match="write `threshold:`"):
        await drive(spec(), [member], train=TRAIN).fit()
    with pytest.raises(ConfigError, match="must be fitted"):
        await driver.respond("1")
