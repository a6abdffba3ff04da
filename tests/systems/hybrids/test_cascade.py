from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.errors import CallTransient, ConfigError
from evalsuite.records import Answer, Request, Sample
from evalsuite.systems.hybrids.cascade import CascadeSpec
from evalsuite.systems.hybrids.thresholds import pick_threshold

FAILURE = CallTransient("no answer within 1 s", kind="timeout")


def sure(text: str, logprob: float | None) -> Answer:
    return Answer(text=text, token_logprobs=None if logprob is None else (logprob,))


def cascade(**options: Any) -> CascadeSpec:
    return CascadeSpec(tiers=("s", "l"), **options)


@pytest.mark.parametrize(
    ("small", "answer", "hops"),
    [
        (sure("s", -0.1), "s", ["first tier"]),
        (sure("s", -0.3), "s", ["first tier"]),
        (sure("s", -0.31), "l", ["first tier", "mean_logprob -0.310 < -0.300"]),
        (sure("s", None), "l", ["first tier", "no confidence signal"]),
        (FAILURE, "l", ["first tier", "tier_1 failed (timeout)"]),
        (
            Answer(choice="s", text="s", probabilities={"s": 0.6, "l": 0.4}),
            "s",
            ["first tier"],
        ),
    ],
)
async def test_hops_and_their_reasons(drive: Any, small: Any, answer: str, hops: list[str]) -> None:
    driver = drive(cascade(threshold=-0.3), [lambda r: small, lambda r: Answer(text="l")])
    assert (await driver.respond("q")).text == answer
    assert [reason for _, reason in driver.hops] == hops
    assert [role for role, _ in driver.hops] == ["tier_1", "tier_2"][: len(hops)]


async def test_three_tiers_with_a_threshold_each(drive: Any) -> None:
    spec = CascadeSpec(tiers=("a", "b", "c"), threshold=(-0.1, -0.5))
    tiers = [lambda r: sure("a", -0.2), lambda r: sure("b", -0.4), lambda r: sure("c", -9.0)]
    driver = drive(spec, tiers)
    assert (await driver.respond("q")).text == "b"
    assert driver.hops == [("tier_1", "first tier"), ("tier_2", "mean_logprob -0.200 < -0.100")]


async def test_the_last_tiers_failure_is_the_cascades(drive: Any) -> None:
    driver = drive(cascade(threshold=0.0), [lambda r: sure("s", -1.0), lambda r: FAILURE])
    with pytest.raises(CallTransient):
        await driver.respond("q")


# Ten samples, the small tier's confidence falls with the number, and it is right up to sample 5
# and, by luck, on 8. The large tier is right on all but 0.
SAMPLES = [Sample(id=str(i), inputs={"text": str(i)}, target="right") for i in range(10)]


def small(request: Request) -> Answer:
    i = int(request.inputs["text"])
    return sure("right" if i <= 5 or i == 8 else "wrong", -i / 10)


def large(request: Request) -> Answer:
    return Answer(text="wrong" if request.inputs["text"] == "0" else "right")


@pytest.mark.parametrize(
    ("options", "threshold", "escalated", "success"),
    [
        # 9 of 10 is the large tier's rate: reached first by keeping 0 to 8 (0-5 and 8 right, 9 by
        # the large one: 8), 0 to 7 (8), 0 to 6 (9)
        ({}, -0.65, 0.3, 0.9),
        ({"tolerance": 0.1}, -0.85, 0.1, 0.8),
        ({"tolerance": 0.2}, -0.901, 0.0, 0.7),
        # 0 to 5 kept: all ten right
        ({"max_escalation": 0.5}, -0.55, 0.4, 1.0),
        ({"max_escalation": 0.2}, -0.85, 0.1, 0.8),
        ({"max_escalation": 0.0}, -0.901, 0.0, 0.7),
    ],
)
async def test_thresholds_are_picked_on_validation(
    drive: Any, options: dict[str, float], threshold: float, escalated: float, success: float
) -> None:
    driver = drive(cascade(**options), [small, large], samples=SAMPLES)
    fitted = await driver.fit()
    assert fitted is not None
    assert fitted.state.thresholds == (pytest.approx(threshold),)
    assert (fitted.split, fitted.n_samples) == ("validation", 10)
    assert f"({escalated:.0%} escalated)" in fitted.note
    assert f"{success:.1%} right on 10 validation samples, the last tier alone 90.0%" in fitted.note
    asked = [await driver.respond(str(i), fitted) and len(driver.hops) for i in range(10)]
    assert sum(n == 2 for n in asked) == round(10 * escalated)


async def test_without_signal_everything_is_escalated(drive: Any) -> None:
    silent = drive(cascade(), [lambda r: sure("wrong", None), large], samples=SAMPLES)
    fitted = await silent.fit()
    assert fitted is not None
    assert fitted.state.thresholds == (math.inf,)
    assert fitted.identity == ["inf"]
    assert (await silent.respond("3", fitted)).text == "right"


async def test_three_tiers_are_picked_from_the_last_hop_to_the_first(drive: Any) -> None:
    spec = CascadeSpec(tiers=("a", "b", "c"))

    def middle(request: Request) -> Answer:
        i = int(request.inputs["text"])
        return sure("right" if i != 9 else "wrong", -i / 10)

    driver = drive(spec, [small, middle, lambda r: Answer(text="right")], samples=SAMPLES)
    fitted = await driver.fit()
    assert fitted is not None
    # only sample 9 needs the last tier; 6, 7 and 9 (hence 8) need the middle one
    assert fitted.state.thresholds == (pytest.approx(-0.55), pytest.approx(-0.85))


async def test_what_cannot_be_calibrated_says_so(drive: Any) -> None:
    driver = drive(cascade(), [small, large])
    with pytest.raises(ConfigError, match="no validation samples to pick"):
        await driver.fit()
    given_ = drive(cascade(threshold=-1.0), [small, large])
    assert await given_.fit() is None


signals = st.lists(st.none() | st.integers(-30, 0).map(lambda i: i / 10), min_size=1, max_size=25)


@given(signals, st.data())
def test_calibration_keeps_its_promise(values: list[float | None], data: st.DataObject) -> None:
    flags = st.lists(st.booleans(), min_size=len(values), max_size=len(values))
    own, rest = data.draw(flags), data.draw(flags)
    share = data.draw(st.floats(0, 1))
    floor = sum(rest) / len(rest)
    match = pick_threshold(values, own, rest, floor=floor, max_escalation=None)
    assert match.success >= floor
    capped = pick_threshold(values, own, rest, floor=floor, max_escalation=share)
    silent = sum(value is None for value in values) / len(values)
    assert capped.escalated <= max(share, silent) + 1e-9
    for pick in (match, capped):
        kept = [value is not None and value >= pick.threshold for value in values]
        right = [s if k else r for k, s, r in zip(kept, own, rest, strict=True)]
        assert pick.success == pytest.approx(sum(right) / len(right))
        assert pick.escalated == pytest.approx(1 - sum(kept) / len(kept))
