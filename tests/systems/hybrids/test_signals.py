"""Signals of a cascade: what they ask, what they find, and what they say."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from evalsuite.errors import CallTransient, ConfigError
from evalsuite.records import Answer, Request, Sample, ToolCall
from evalsuite.systems.build import parse_system
from evalsuite.systems.hybrids.cascade import CascadeSpec
from evalsuite.systems.hybrids.confidence import confidence

FAILURE = CallTransient("no answer within 1 s", kind="timeout")
SAMPLES = [Sample(id=str(i), inputs={"text": f"q{i}"}, target="right") for i in range(20)]


def cascade(signal: Any, **options: Any) -> CascadeSpec:
    return CascadeSpec.model_validate({"tiers": ("s", "l"), "signal": signal, **options})


def drawn(request: Request) -> Answer:
    """Three of five samples say 7, one 8, one fails."""
    if request.temperature == 0:
        return Answer(text="greedy")
    said = ["it is #### 7", "#### 8", "#### 7", "so #### 7."]
    if request.repeat % 5 == 4:
        raise FAILURE
    return Answer(text=said[request.repeat % 5])


@pytest.mark.parametrize(("threshold", "answer"), [(0.75, "it is #### 7"), (0.76, "l")])
async def test_agreement_of_samples(drive: Any, threshold: float, answer: str) -> None:
    spec = cascade({"kind": "agreement", "samples": 5}, threshold=threshold)
    driver = drive(spec, [drawn, lambda r: Answer(text="l")])
    assert (await driver.respond("q")).text == answer
    samples = [("tier_1", f"first tier; sample {i} of 5") for i in range(1, 6)]
    assert driver.hops[:5] == samples
    assert driver.hops[5:] == ([] if answer != "l" else [("tier_2", "agreement 0.750 < 0.760")])


async def test_agreement_in_which_all_samples_fail_is_a_failed_tier(drive: Any) -> None:
    spec = cascade({"kind": "agreement", "samples": 2}, threshold=0.5)
    driver = drive(spec, [lambda r: FAILURE, lambda r: Answer(text="l")])
    assert (await driver.respond("q")).text == "l"
    assert driver.hops[-1] == ("tier_2", "tier_1 failed (timeout)")


async def test_the_majoritys_answer_is_scored_in_practice(drive: Any) -> None:
    """The greedy answer is wrong; the majority is right on even questions, with 3 of 4 votes."""

    def tier(request: Request) -> Answer:
        if request.temperature == 0:
            return Answer(text="wrong")
        even = int(request.inputs["text"][1:]) % 2 == 0
        agree = request.repeat % 4 != 3 if even else request.repeat % 2 == 0
        return Answer(text="right" if even and agree else f"wrong {agree}")

    spec = cascade({"kind": "agreement", "samples": 4})
    driver = drive(spec, [tier, lambda r: Answer(text="right")], samples=SAMPLES)
    fitted = await driver.fit()
    assert fitted is not None
    assert fitted.state.thresholds == (pytest.approx(0.625),)
    assert "agreement >= 0.625 (50% escalated); 100.0% right" in fitted.note
    assert spec.hops() == {"tier_1": (4, 4), "tier_2": (0, 1)}


@pytest.mark.parametrize(
    ("verdict", "hops"),
    [
        (Answer(probabilities={"yes": 0.9, "no": 0.1}), []),
        (Answer(probabilities={"yes": 0.4, "no": 0.6}), ["P(correct) 0.400 < 0.500"]),
        (Answer(probabilities={"yes": math.nan, "no": math.nan}), ["P(yes) nan"]),
        (Answer(text="yes, it is"), []),
        (Answer(text="perhaps"), ["no verdict in 'perhaps'"]),
        (Answer(text="yes or no"), ["no verdict in 'yes or no'"]),
        (FAILURE, ["verifier failed (timeout)"]),
    ],
)
async def test_a_verifier_says_how_sure_it_is(drive: Any, verdict: Any, hops: list[str]) -> None:
    spec = cascade({"kind": "verifier", "system": "v"}, threshold=0.5)
    asked: list[Request] = []

    def verifier(request: Request) -> Any:
        asked.append(request)
        return verdict

    driver = drive(spec, [lambda r: Answer(text="42"), lambda r: Answer(text="l"), verifier])
    assert (await driver.respond("what is 6 x 7?")).text == ("l" if hops else "42")
    assert driver.hops[:2] == [("tier_1", "first tier"), ("verifier", "is tier_1 right")]
    assert [reason for _, reason in driver.hops[2:]] == hops
    assert asked[0].choices == ("yes", "no")
    assert "what is 6 x 7?" in asked[0].messages[0].content
    assert "Proposed answer:\n42" in asked[0].messages[0].content


async def test_several_verdicts_are_sampled_and_averaged(drive: Any) -> None:
    """Two yes, one no, one that says neither: 2 of 3."""
    said = ["yes", "no", "who knows", "Yes."]
    spec = cascade({"kind": "verifier", "system": "v", "samples": 4}, threshold=0.7)

    def verifier(request: Request) -> Answer:
        assert request.temperature == 0.7 and request.choices is None
        return Answer(text=said[request.repeat % 4])

    driver = drive(spec, [lambda r: Answer(text="42"), lambda r: Answer(text="l"), verifier])
    assert (await driver.respond("q")).text == "l"
    assert driver.hops[-1] == ("tier_2", "P(correct) 0.667 < 0.700")
    assert spec.hops()["verifier"] == (0, 4)


async def test_a_verifiers_threshold_is_picked_by_asking_it_in_practice(drive: Any) -> None:
    spec = cascade({"kind": "verifier", "system": "v"})

    def tier(request: Request) -> Answer:
        return Answer(text="right" if int(request.inputs["text"][1:]) < 12 else "wrong")

    def verifier(request: Request) -> Answer:
        right = "answer:\nright" in request.messages[0].content
        return Answer(probabilities={"yes": 0.8 if right else 0.3, "no": 0.2 if right else 0.7})

    driver = drive(spec, [tier, lambda r: Answer(text="right"), verifier], samples=SAMPLES)
    fitted = await driver.fit()
    assert fitted is not None
    assert fitted.state.thresholds == (pytest.approx(0.55),)
    assert driver.hops.count(("verifier", "practice")) == 20
    assert "verifier >= 0.55 (40% escalated); 100.0% right on 20" in fitted.note
    assert spec.practises() == dict.fromkeys(("tier_1", "tier_2", "verifier"), "validation")


@pytest.mark.parametrize(
    ("members", "value"),
    [(["Seven.", "seven"], None), (["seven", "8"], 0.5), (["8", FAILURE], 0.0)],
)
async def test_members_agree(drive: Any, members: list[Any], value: float | None) -> None:
    spec = cascade({"kind": "members_agree", "members": ["a", "b"]}, threshold=0.6)
    others = [lambda r, m=m: m if m is FAILURE else Answer(text=m) for m in members]
    driver = drive(spec, [lambda r: Answer(text="seven"), lambda r: Answer(text="l"), *others])
    answer = await driver.respond("q")
    assert answer.text == ("seven" if value is None else "l")
    assert ("member_1", "does it agree with tier_1") in driver.hops
    if value is not None:
        assert driver.hops[-1] == ("tier_2", f"members agree {value:.3f} < 0.600")


async def test_members_who_all_fail_have_no_say(drive: Any) -> None:
    spec = cascade({"kind": "members_agree", "members": ["a"]}, threshold=0.0)
    tiers = [lambda r: Answer(text="s"), lambda r: Answer(text="l"), lambda r: FAILURE]
    driver = drive(spec, tiers)
    assert (await driver.respond("q")).text == "l"
    assert driver.hops[-1] == ("tier_2", "members failed (timeout)")


async def test_members_practise_once_for_all_who_ask_them(drive: Any) -> None:
    """The task's own question is no question of the hybrid's own: their outcomes are shared."""
    spec = cascade({"kind": "members_agree", "members": ["a"]})
    driver = drive(
        spec,
        [lambda r: Answer(text="right"), lambda r: Answer(text="right"), lambda r: FAILURE],
        samples=SAMPLES,
    )
    fitted = await driver.fit()
    assert fitted is not None and driver.hops == []
    assert fitted.state.thresholds == (math.inf,), "without a say of theirs nothing can stand"


async def test_validators(drive: Any) -> None:
    spec = cascade({"kind": "valid", "checks": ["number"], "matches": "^[0-9.]+$"})
    assert spec.practises() == {}
    driver = drive(spec, [lambda r: Answer(text=r.messages[0].content), lambda r: Answer(text="l")])
    assert await driver.fit() is None
    assert (await driver.respond("12")).text == "12"
    assert (await driver.respond("twelve")).text == "l"
    assert driver.hops[-1] == ("tier_2", "tier_1 invalid (number: no number in 'twelve')")
    assert (await driver.respond("it is 12")).text == "l"
    assert driver.hops[-1][1].startswith("tier_1 invalid (no match of ^[0-9.]+$")


async def test_a_tool_must_be_called(drive: Any) -> None:
    spec = cascade({"kind": "valid", "checks": ["tool_call"]})
    called = Answer(tool_calls=(ToolCall("f", "{}"),))
    answers = {"do it": called, "say it": Answer(text="I would call f")}
    driver = drive(spec, [lambda r: answers[r.messages[0].content], lambda r: Answer(text="l")])
    assert (await driver.respond("do it")) == called
    await driver.respond("say it")
    reason = "tier_1 invalid (tool_call: no tool is called in 'I would call f')"
    assert driver.hops[-1] == ("tier_2", reason)


def unsure(request: Request) -> Answer:
    """Right up to 11; longer answers and lower log-probabilities where it is wrong."""
    i = int(request.inputs["text"][1:])
    text = "right" if i < 12 else "wrong, and at some length"
    return Answer(text=text, token_logprobs=(-i / 10 - (i % 3),), finish_reason="stop")


@pytest.mark.parametrize("text", [False, True])
async def test_a_learnt_signal(drive: Any, text: bool) -> None:
    """The answer's length tells right from wrong, which the log-probability alone does not."""
    pytest.importorskip("sklearn")
    spec = cascade({"kind": "learnt", "text": text})
    tiers = [unsure, lambda r: Answer(text="right")]
    driver = drive(spec, tiers, samples=SAMPLES)
    fitted, again = await driver.fit(), await driver.fit()
    assert fitted is not None and again is not None
    assert fitted.identity == again.identity and len(fitted.identity) == 2
    assert "learnt >= " in fitted.note and "(40% escalated); 100.0% right" in fitted.note
    assert (await driver.respond("q3", fitted)).text == "right" and len(driver.hops) == 1
    assert (await driver.respond("q17", fitted)).text == "right"
    assert driver.hops[-1][0] == "tier_2" and driver.hops[-1][1].startswith("P(right) 0.")
    plain = drive(cascade("auto"), tiers, samples=SAMPLES)
    picked = await plain.fit()
    assert picked is not None and "(40% escalated)" not in picked.note
    with pytest.raises(ConfigError, match="must be fitted"):
        await driver.respond("q3")


async def test_a_learnt_signal_with_a_stated_threshold_and_signals_that_ask(drive: Any) -> None:
    pytest.importorskip("sklearn")
    spec = cascade(
        {
            "kind": "learnt",
            "signals": ["mean_logprob", {"kind": "verifier", "system": "v"}, "choice_margin"],
        },
        threshold=0.5,
    )

    def verifier(request: Request) -> Answer:
        return Answer(text="yes" if "answer:\nright" in request.messages[0].content else "no")

    driver = drive(spec, [unsure, lambda r: Answer(text="right"), verifier], samples=SAMPLES)
    fitted = await driver.fit()
    assert fitted is not None
    assert fitted.note.startswith("tier_1 learnt >= 0.5 (40% escalated); 100.0% right on 20")
    assert (await driver.respond("q1", fitted)).text == "right"
    assert [role for role, _ in driver.hops] == ["tier_1", "verifier"]


async def test_a_learnt_signal_of_samples_takes_the_majoritys_answer(drive: Any) -> None:
    pytest.importorskip("sklearn")
    spec = cascade({"kind": "learnt", "signals": [{"kind": "agreement", "samples": 3}]})

    def tier(request: Request) -> Answer:
        i = int(request.inputs["text"][1:])
        return Answer(text="right" if i < 12 or request.repeat % 3 == 0 else f"w{request.repeat}")

    driver = drive(spec, [tier, lambda r: Answer(text="right")], samples=SAMPLES)
    fitted = await driver.fit()
    assert fitted is not None and fitted.n_samples == 20
    assert (await driver.respond("q1", fitted)).text == "right"
    assert [role for role, _ in driver.hops][:3] == ["tier_1"] * 3


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"signal": "sureness"}, "signal: Input tag 'sureness'"),
        ({"signal": {"kind": "verifier"}}, "is missing"),
        ({"signal": {"kind": "verifier", "system": "l", "prompt": "well?"}}, "nothing would be"),
        ({"signal": {"kind": "valid", "matches": "("}}, "not a regular expression"),
        ({"signal": {"kind": "valid"}, "tolerance": 0.1}, "leaves nothing for `tolerance`"),
        ({"signal": {"kind": "learnt", "signals": ["auto", "auto"]}}, "has auto twice"),
        ({"threshold": math.nan}, "not NaN"),
        ({"threshold": [0.1, math.nan]}, "not NaN"),
        ({"threshold": [0.1, 0.2]}, "one value for each tier but the last"),
        ({"threshold": 0.5, "min_success": 0.9}, "leaves nothing for `min_success`"),
        ({"tolerance": 0.1, "max_usd": 1}, "give one of `tolerance`, `max_usd`"),
        ({"signal": "agreement", "max_usd": 1}, "needs a signal that asks nothing"),
        ({"max_usd": math.nan}, "max_usd"),
        ({"signal": {"kind": "agreement", "temperature": math.inf}}, "temperature"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=r"^system 'c': ") as refused:
        parse_system("c", {"hybrid": "cascade", "tiers": ["s", "l"], **config})
    assert message in str(refused.value) and "\n" not in str(refused.value)


def test_a_signal_is_written_as_it_is_read() -> None:
    for signal in ("mean_logprob", {"kind": "verifier", "system": "l", "samples": 3}):
        spec = cascade(signal, threshold=0.5)
        again = CascadeSpec.model_validate(spec.model_dump(mode="json"))
        assert again == spec
    assert cascade("mean_logprob").model_dump()["signal"] == "mean_logprob"
    with pytest.raises(ValidationError):
        CascadeSpec(tiers=("s",))


@pytest.mark.parametrize(
    ("probabilities", "margin", "entropy"),
    [
        ({"a": 0.5, "b": 0.25, "c": 0.25}, 0.25, -1.5 * math.log(2)),
        ({"a": 1.0, "b": 0.0}, 1.0, 0.0),
        ({"a": 1.0}, 1.0, 0.0),
    ],
)
def test_margin_and_entropy(probabilities: dict[str, float], margin: float, entropy: float) -> None:
    answer = Answer(choice="a", probabilities=probabilities)
    assert confidence(answer, "choice_margin") == pytest.approx(margin)
    assert confidence(answer, "choice_entropy") == pytest.approx(entropy)


def test_a_value_that_is_no_number_was_not_given() -> None:
    assert confidence(Answer(text="x", token_logprobs=(math.nan,)), "mean_logprob") is None
    assert confidence(Answer(text="x", token_logprobs=(-math.inf,)), "min_logprob") == -math.inf
