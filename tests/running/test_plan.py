from __future__ import annotations

import pytest

from evalsuite import api
from evalsuite.running.plan import Plan, PlannedCalls

# 40 prompts "what is A + 1?" of 16 or 17 bytes; a turn may take 16 tokens more in a template
PRICED = {
    "backend": "openai",
    "model": "gpt-x",
    "base_url": "http://127.0.0.1:9/v1",
    "api_key_env": "EVALSUITE_TEST_NO_SUCH_KEY",
    "usd_per_million_input_tokens": 3.0,
    "usd_per_million_output_tokens": 10.0,
}


def plan(systems: dict[str, object], **more: object) -> Plan:
    return api.plan(
        {"name": "p", "tasks": ["reasoning/arithmetic"], "systems": systems, "limit": 10, **more}
    )


def row(found: Plan, system: str, role: str = "", phase: str = "answer") -> PlannedCalls:
    (one,) = [r for r in found.rows if (r.system, r.role, r.phase) == (system, role, phase)]
    return one


def test_a_priced_endpoint_has_a_range_and_needs_no_key() -> None:
    task = api.get_task("reasoning/arithmetic")
    samples = [s for s, _ in zip(task.samples("test"), range(10), strict=False)]
    size = sum(len(task.messages(s)[0].content.encode()) + 16 for s in samples)
    found = row(plan({"large": PRICED}), "large")
    assert (found.samples, found.calls_at_least, found.calls_at_most) == (10, 10, 10)
    assert (found.input_tokens_at_least, found.input_tokens_at_most) == (size // 5, -(-size // 3))
    assert found.output_tokens_at_most == 10 * task.max_output_tokens
    assert found.usd_at_least == pytest.approx((size // 5 * 3 + 10 * 10) / 1e6)
    assert found.usd_at_most == pytest.approx(
        (-(-size // 3) * 3 + 10 * task.max_output_tokens * 10) / 1e6
    )


def test_repeats_multiply() -> None:
    once, thrice = plan({"large": PRICED}), plan({"large": PRICED}, repeats=3)
    assert thrice.usd_at_most == pytest.approx(3 * (once.usd_at_most or 0), rel=1e-3)
    assert row(thrice, "large").calls_at_most == 30


def test_a_cascade_asks_the_first_tier_always_and_practises_unless_told_the_threshold() -> None:
    systems = {
        "small": {**PRICED, "model": "small"},
        "large": PRICED,
        "given": {"hybrid": "cascade", "tiers": ["small", "large"], "threshold": -0.1},
        "picked": {"hybrid": "cascade", "tiers": ["small", "large"]},
    }
    found = plan(systems, report=["given", "picked"], practice=7)
    first, second = row(found, "given", "tier_1"), row(found, "given", "tier_2")
    assert (first.calls_at_least, first.calls_at_most) == (10, 10)
    assert (second.calls_at_least, second.calls_at_most) == (0, 10)
    assert first.model == "small" and second.model == "gpt-x"
    practised = {r.system: r.calls_at_most for r in found.rows if r.phase == "fit"}
    assert practised == {"small": 7, "large": 7}, "asked once, for the one that picks"


def test_nested_hybrids_multiply_and_an_own_one_is_unknown() -> None:
    systems = {
        "small": PRICED,
        "large": PRICED,
        "cascade": {"hybrid": "cascade", "tiers": ["small", "large"], "threshold": -0.1},
        "vote": {"hybrid": "committee", "members": ["cascade", "large"]},
        "own": {
            "hybrid": "tests.running.scripted:FirstThenSecond",
            "first": "small",
            "second": "large",
        },
    }
    found = plan(systems, report=["vote", "own"])
    assert row(found, "vote", "member_1/tier_1").calls_at_least == 10
    assert row(found, "vote", "member_1/tier_2").calls_at_least == 0
    assert row(found, "vote", "member_2").calls_at_most == 10
    own = row(found, "own", "first")
    assert (own.calls_at_least, own.calls_at_most, own.usd_at_most) == (0, None, None)
    assert own.note == "the hybrid does not say how often it asks"
    assert found.usd_at_most is None, "a sum with an unknown part is unknown"


def test_what_has_no_price_says_what_to_set() -> None:
    unpriced = {name: value for name, value in PRICED.items() if not name.startswith("usd")}
    found = plan({"large": unpriced, "here": "embedded/nano"})
    assert row(found, "large").usd_at_most is None
    assert "usd_per_million_input_tokens" in row(found, "large").note
    assert "machine time" in row(found, "here").note


def test_a_distilling_hybrid_asks_its_teacher_for_as_many_labels_as_it_wants() -> None:
    student = {"hybrid": "distil", "teacher": "teacher", "labels": 30}
    found = plan(
        {"teacher": PRICED, "student": student}, report=["student"], tasks=["tabular/rows"]
    )
    assert row(found, "teacher", phase="fit").calls_at_most == 30
