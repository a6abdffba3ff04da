from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalsuite import api
from evalsuite.errors import CallRejected, CallTransient, ConfigError
from evalsuite.records import Answer, Request, Sample
from evalsuite.systems.hybrids.advisor import AdvisorSpec
from evalsuite.systems.price import ASSUMED_USD_PER_MACHINE_HOUR, Price
from tests.systems.hybrids.conftest import Driver

pytest.importorskip("sklearn")

FAILURE = CallTransient("no answer within 1 s", kind="timeout")
CHOICES = ("real", "fake")
TRAIN = [
    Sample(id=f"t{n}", inputs={"text": f"claim {n}"}, target=CHOICES[n % 2]) for n in range(40)
]


class Stepping(Driver):
    """A driver whose hybrid may do work of its own."""

    async def step(
        self,
        name: str,
        asked: object,
        work: Callable[[], Any],
        *,
        reason: str,
        price: Price | None = None,
    ) -> Any:
        assert price is not None
        self.hops.append((name, reason))
        return work()


def advise(request: Request) -> Answer:
    """Nobody can tell the claims apart but the advisor, by whether their number is even."""
    assert "Do not answer" in request.messages[0].content
    assert request.choices is None
    odd = int(request.inputs["text"].split()[-1]) % 2
    return Answer(text="no source is named" if odd else "several sources are named")


def driven(member: Any = advise, train: list[Sample] = TRAIN, **options: Any) -> Stepping:
    spec = AdvisorSpec(advisor="large", **options)
    return Stepping(spec, [member], train=train, choices=CHOICES)


async def test_the_rationale_decides() -> None:
    driver = driven()
    fitted = await driver.fit()
    assert fitted is not None
    assert (fitted.split, fitted.n_samples) == ("train", 40)
    assert fitted.note == "2 labels learnt from 40 training samples, 40 with a rationale"
    assert fitted.machine_seconds > 0
    for number, label in ((101, "fake"), (102, "real")):
        answer = await driver.respond(f"claim {number}", fitted)
        assert answer.choice == label
        assert answer.probabilities is not None and set(answer.probabilities) == set(CHOICES)
        assert driver.hops == [("advisor", "rationale"), ("classifier", "with rationale")]


async def test_distilled_it_is_asked_in_practice_only() -> None:
    train = [
        Sample(id=f"t{n}", inputs={"text": f"claim {('odd', 'even')[n % 2]} {n}"}, target=label)
        for n in range(40)
        for label in [CHOICES[n % 2]]
    ]
    driver = driven(train=train, distilled=True)
    fitted = await driver.fit()
    assert fitted is not None and fitted.note.endswith(", distilled")
    assert len(driver.hops) == 40
    assert (await driver.respond("claim odd 7", fitted)).choice == "real"
    assert (await driver.respond("claim even 7", fitted)).choice == "fake"
    assert driver.hops == [("classifier", "distilled")]
    assert driver.spec.hops() == {"advisor": (0, 0)}


async def test_an_advisor_that_fails_leaves_an_empty_rationale() -> None:
    driver = driven(lambda r: FAILURE if r.inputs["text"].endswith("7") else advise(r))
    fitted = await driver.fit()
    assert fitted is not None
    assert "36 with a rationale; the advisor failed on some (timeout 4)" in fitted.note
    answer = await driver.respond("claim 107", fitted)
    assert answer.choice in CHOICES
    assert driver.hops[-1] == ("classifier", "advisor failed (timeout)")
    driver.members["advisor"] = lambda request: Answer(text="  ")
    await driver.respond("claim 8", fitted)
    assert driver.hops[-1] == ("classifier", "advisor said nothing")


async def test_what_cannot_be_learnt_is_said_at_once() -> None:
    with pytest.raises(ConfigError, match=r"failed on all 40 training samples \(timeout 40\)"):
        await driven(lambda request: FAILURE).fit()
    with pytest.raises(ConfigError, match="no training samples"):
        await driven(train=[]).fit()
    with pytest.raises(ConfigError, match="no labels to be learnt"):
        await Stepping(AdvisorSpec(advisor="large"), [advise], train=TRAIN).fit()
    with pytest.raises(ConfigError, match="must be fitted"):
        await driven().respond("claim 1")


async def test_one_label_is_all_it_knows() -> None:
    driver = driven(train=TRAIN[::2])
    fitted = await driver.fit()
    assert fitted is not None and fitted.note.startswith("1 label learnt")
    answer = await driver.respond("claim 1", fitted)
    assert answer.probabilities == {"real": 1.0, "fake": 0.0}
    driver.task = Stepping(driver.spec, [advise], choices=("other",)).task
    with pytest.raises(CallRejected, match="ever seen as a label"):
        await driver.respond("claim 1", fitted)
    assert driver.hops[-1][0] == "classifier"  # the hop is kept, whatever came of it


async def test_learning_is_deterministic() -> None:
    first, second = [await driven().fit() for _ in range(2)]
    fewer = await driven(train_samples=20).fit()
    assert first is not None and second is not None and fewer is not None
    assert first.identity == second.identity != fewer.identity
    assert fewer.n_samples == 20


@pytest.mark.parametrize(
    "options",
    [{"train_samples": 0}, {"usd_per_machine_hour": float("nan")}, {"rationale_prompt": "why?"}],
)
def test_configuration_is_checked(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        AdvisorSpec(advisor="large", **options)


def test_end_to_end_on_embedded_models(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    advised = {"hybrid": "advisor", "advisor": "pico", "train_samples": 24}
    small = {"max_rationale_tokens": 4, "usd_per_machine_hour": 3.6}
    systems = {
        "pico": "embedded/pico",
        "advised": {**advised, **small},
        "distilled": {**advised, **small, "distilled": True},
    }
    experiment = {"name": "a", "tasks": ["tabular/rows"], "systems": systems, "limit": 4}
    api.run({**experiment, "report": ["advised", "distilled"]}, out=tmp_path)
    run = api.load(tmp_path)
    answering = run.calls[run.calls.phase == "answer"]
    assert answering.groupby(["system", "role"]).size().to_dict() == {
        ("advised", "advisor"): 4,
        ("advised", "classifier"): 4,
        ("distilled", "classifier"): 4,
    }
    own = answering[answering.role == "classifier"]
    assert list(own.usd) == pytest.approx(list(own.machine_seconds / 1000))  # 3.6 $ / 3600 s
    asked = run.calls[run.calls.phase == "fit"]
    assert len(asked) == 24  # both practise with the same rationales
    fits = run.fits.set_index("system")
    for name in ("advised", "distilled"):
        assert asked.usd.sum() < fits.loc[name, "usd"]
        assert fits.loc[name, "usd"] <= asked.usd.sum() + fits.loc[name, "seconds"] / 1000
    assert AdvisorSpec(advisor="x").machine.usd_per_machine_hour == ASSUMED_USD_PER_MACHINE_HOUR
