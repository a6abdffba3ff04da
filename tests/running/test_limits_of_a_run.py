"""Budgets, allowed errors, and what a run that was stopped leaves behind."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evalsuite
from evalsuite.errors import StoppedEarly, UserError
from evalsuite.records import Answer, Completion, Message, Request
from evalsuite.running.budget import Amount, Budget, worst_case
from evalsuite.systems.price import Price
from tests.running.scripted import OPENED, ScriptedSpec, experiment

# A call of the scripted model: 10 input tokens at $1/M and 5 output tokens at $10/M.
USD_PER_CALL = 60e-6
PRICE = Price(usd_per_million_input_tokens=1.0, usd_per_million_output_tokens=10.0)

DONE = Completion(answer=Answer(text=""), input_tokens=1, output_tokens=1)


@pytest.fixture(autouse=True)
def _forget_opened_models() -> None:
    OPENED.clear()


def request(text: str = "what is 1 + 1?", **settings: object) -> Request:
    return Request(
        task="t", sample_id="1", inputs={}, messages=(Message("user", text),), **settings
    )  # type: ignore[arg-type]


def test_the_worst_case_is_a_token_a_byte_and_all_of_the_output() -> None:
    amount = worst_case(request("abcdefgh", max_output_tokens=100), PRICE)
    assert amount.tokens == 8 + 16 + 100
    assert amount.usd == pytest.approx((24 * 1 + 100 * 10) / 1e6)


@given(
    st.lists(st.tuples(st.integers(1, 100), st.floats(0, 1), st.booleans()), min_size=1),
    st.floats(0.0001, 0.01),
)
def test_whatever_is_in_flight_the_budget_holds(
    calls: list[tuple[int, float, bool]], limit: float
) -> None:
    """A call costs at most what was set aside for it; an unknown cost is taken at its worst."""

    async def spend() -> float:
        budget = Budget(usd=limit)
        billed = 0.0

        async def call(output_tokens: int, share: float, known: bool) -> None:
            nonlocal billed
            asked = request("", max_output_tokens=output_tokens)
            worst = worst_case(asked, PRICE)
            try:
                held = await budget.set_aside(worst)
            except StoppedEarly:
                return
            await asyncio.sleep(0)
            billed += worst.usd * share
            budget.settle(held, lambda: worst, worst.usd * share if known else None, DONE)

        await asyncio.gather(*(call(*item) for item in calls))
        return billed

    assert asyncio.run(spend()) <= limit * (1 + 1e-6)


async def test_a_call_waits_for_what_others_may_give_back() -> None:
    asked = request("", max_output_tokens=100)
    worst = worst_case(asked, PRICE)  # 16 tokens of template at $1/M, 100 at $10/M: $0.001016
    budget = Budget(usd=0.0015)
    held = await budget.set_aside(worst)
    waiting = asyncio.create_task(budget.set_aside(worst))
    await asyncio.sleep(0.01)
    assert not waiting.done(), "twice the worst case would pass the budget"
    budget.settle(held, lambda: worst, 0.0001, DONE)
    assert await waiting == worst
    budget.settle(worst, lambda: worst, 0.001, DONE)
    with pytest.raises(StoppedEarly, match=r"\$0.0011 of max_usd 0.0015 are spent"):
        await budget.set_aside(worst)


async def test_a_failure_that_was_not_billed_takes_nothing() -> None:
    asked = request("", max_output_tokens=100)
    worst = worst_case(asked, PRICE)
    budget = Budget(tokens=worst.tokens)
    for _ in range(3):
        held = await budget.set_aside(worst)
        assert budget.settle(held, lambda: worst, 0.0, None) == Amount()
    held = await budget.set_aside(worst)
    assert budget.settle(held, lambda: worst, None, None) == worst, "it may have been billed"


def test_max_usd_stops_the_run_and_a_higher_one_goes_on(tmp_path: Path) -> None:
    spec = {"m": ScriptedSpec(seconds=0.001)}
    with pytest.raises(
        StoppedEarly, match=r"max_usd 0\.003 are spent.*higher limit goes on"
    ) as info:
        evalsuite.run(experiment(spec, max_usd=0.003), out=tmp_path)
    assert info.value.folder == tmp_path
    partial = evalsuite.load(tmp_path)
    assert not partial.manifest.complete and "max_usd" in (partial.manifest.stopped or "")
    assert 0 < partial.responses.billed_usd.sum() <= 0.003
    assert len(partial.responses) < 40
    assert partial.responses.success.notna().all(), "what was answered is scored"
    first = Counter(OPENED[-1].asked)
    with pytest.raises(StoppedEarly):
        evalsuite.run(experiment(spec, max_usd=0.003), out=tmp_path)
    assert not OPENED[-1].asked, "the budget is of the run, not of a session"
    done = evalsuite.run(experiment(spec, max_usd=1.0), out=tmp_path)
    assert done.manifest.complete and len(done.responses) == 40
    assert set((first + OPENED[-1].asked).values()) == {1}, "nothing was asked twice"
    assert done.responses.billed_usd.sum() == pytest.approx(40 * USD_PER_CALL)


def test_max_tokens_counts_prompts_and_answers(tmp_path: Path) -> None:
    with pytest.raises(StoppedEarly, match="max_tokens 700"):
        evalsuite.run(experiment({"m": ScriptedSpec()}, max_tokens=700), out=tmp_path)
    calls = evalsuite.load(tmp_path).calls
    assert 0 < (calls.input_tokens + calls.output_tokens).sum() <= 700


def test_max_seconds_ends_a_session(tmp_path: Path) -> None:
    with pytest.raises(StoppedEarly, match=r"max_seconds 0\.05 are over"):
        evalsuite.run(
            experiment({"m": ScriptedSpec(seconds=0.02)}, max_seconds=0.05, concurrency=1),
            out=tmp_path,
        )
    assert 0 < len(evalsuite.load(tmp_path).responses) < 40


def test_max_errors_stops_a_run_that_is_broken(tmp_path: Path) -> None:
    failing = ScriptedSpec(fail=frozenset(f"test-{i}" for i in range(40)))
    with pytest.raises(StoppedEarly, match=r"6 of 6 answers failed \(server_error 6\)"):
        evalsuite.run(experiment({"m": failing}, max_errors=5, concurrency=1), out=tmp_path)
    assert evalsuite.load(tmp_path).responses.status.eq("system_error").all()
    done = evalsuite.run(experiment({"m": ScriptedSpec()}, max_errors=5), out=tmp_path)
    assert done.responses.status.eq("ok").all()


def test_a_share_of_errors_is_judged_from_the_twentieth_answer_on(tmp_path: Path) -> None:
    some = ScriptedSpec(fail=frozenset({"test-0", "test-1", "test-2"}))
    with pytest.raises(StoppedEarly, match=r"3 of 20 answers failed .*max_errors 10%"):
        evalsuite.run(experiment({"m": some}, max_errors="10%", concurrency=1), out=tmp_path / "a")
    done = evalsuite.run(experiment({"m": some}, max_errors="20%"), out=tmp_path / "b")
    assert len(done.responses) == 40


def test_without_a_limit_a_run_of_nothing_but_errors_ends(tmp_path: Path) -> None:
    failing = ScriptedSpec(fail=frozenset(f"test-{i}" for i in range(40)))
    done = evalsuite.run(experiment({"m": failing}), out=tmp_path)
    assert done.manifest.complete and done.responses.status.eq("system_error").all()


@pytest.mark.parametrize("value", ["many", -1, "5 %", 2.5])
def test_max_errors_is_a_number_or_a_share(value: object) -> None:
    with pytest.raises(ValueError, match="max_errors"):
        experiment({"m": ScriptedSpec()}, max_errors=value)


def test_max_usd_needs_prices(tmp_path: Path) -> None:
    content = {
        "name": "unpriced",
        "tasks": ["reasoning/arithmetic"],
        "systems": {"m": {"backend": "openai", "model": "x", "base_url": "http://127.0.0.1:9/v1"}},
        "max_usd": 1,
    }
    with pytest.raises(UserError, match="max_usd cannot be kept: system 'm' has no prices"):
        evalsuite.run(content, out=tmp_path)
