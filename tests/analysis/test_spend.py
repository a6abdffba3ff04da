from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as drawn
from hypothesis import strategies as st

from evalsuite.analysis.spend import SystemSpend
from evalsuite.analysis.summary import Summary, summarise
from evalsuite.reporting.spend import (
    fate_parts,
    hop_parts,
    judge_sentences,
    role_cells,
    spend_sentence,
)
from tests.analysis.frames import Given, Hop, build_run, system, task

SMALL, LARGE = system("small"), system("large")
CASCADE = system("cascade", "hybrid", {"first": "small", "then": "large"})
FIRST = Hop(role="first", usd=0.001, input_tokens=10, output_tokens=2, joules=1.0)
THEN = Hop(role="then", member="large", usd=0.01, input_tokens=20, output_tokens=4, joules=5.0)


def summary_of(answers: list[Given], tmp_path: Path) -> Summary:
    return summarise(build_run(tmp_path, [task()], [SMALL, LARGE, CASCADE], answers))


def spend_of(answers: list[Given], tmp_path: Path, name: str = "cascade") -> SystemSpend:
    found = {item.system: item for item in summary_of(answers, tmp_path).spend}
    return found[name]


def test_every_dollar_is_in_one_role_one_hop_and_one_outcome(tmp_path: Path) -> None:
    failed = dataclasses.replace(FIRST, status="error", usd=0.0005, retries=2)
    answers = [
        Given(sample="0", system="cascade", success=True, hops=[FIRST]),
        Given(sample="1", system="cascade", success=False, hops=[FIRST, THEN]),
        Given(sample="2", system="cascade", success=True, hops=[failed, THEN]),
        Given(
            sample="3",
            system="cascade",
            success=None,
            error_kind="timeout",
            hops=[FIRST, dataclasses.replace(THEN, status="error", usd=0.0)],
        ),
    ]
    spend = spend_of(answers, tmp_path)
    assert (spend.n_answers, spend.n_calls, spend.n_failed_calls, spend.n_retries) == (4, 7, 2, 2)
    assert spend.usd == pytest.approx(0.0235)
    # last: 0.001 + 0.01 + 0.01 + 0.001 of the answer whose second call failed
    assert spend.last_usd == pytest.approx(0.022)
    assert spend.earlier_usd == pytest.approx(0.001)
    assert spend.failed_usd == pytest.approx(0.0005)
    assert spend.right_usd == pytest.approx(0.001 + 0.0105)
    assert spend.wrong_usd == pytest.approx(0.011)
    assert spend.unscored_usd == pytest.approx(0.001)
    then, first = spend.roles
    assert (then.role, then.member, then.n_calls, then.n_failed_calls) == ("then", "large", 3, 1)
    assert (first.role, first.n_calls, first.n_retries) == ("first", 4, 2)
    assert then.usd == pytest.approx(0.02) and first.usd == pytest.approx(0.0035)
    assert then.share == pytest.approx(0.02 / 0.0235)
    assert (then.joules, then.input_tokens, then.output_tokens) == (15.0, 60.0, 12.0)
    assert then.machine_seconds is None
    words = spend_sentence(spend)
    assert words.startswith("cascade: $0.0235 for 4 answers; last hop $0.0220 (93.6 %)")
    assert "wrong answers $0.0110 (46.8 %)" in words


def test_an_unknown_part_makes_its_sums_unknown_and_says_what_is_known(tmp_path: Path) -> None:
    unpriced = dataclasses.replace(THEN, usd=None)
    answers = [
        Given(sample="0", system="cascade", hops=[FIRST]),
        Given(sample="1", system="cascade", hops=[FIRST, unpriced]),
    ]
    spend = spend_of(answers, tmp_path)
    assert spend.usd is None and spend.last_usd is None and spend.right_usd is None
    assert spend.earlier_usd == pytest.approx(0.001) and spend.failed_usd == 0.0
    assert (spend.known_usd, spend.n_unpriced) == (pytest.approx(0.002), 1)
    first, then = spend.roles
    assert (first.usd, first.share) == (pytest.approx(0.002), pytest.approx(1.0))
    assert (then.usd, then.known_usd, then.n_unpriced) == (None, 0.0, 1)
    assert hop_parts(spend) == [] and fate_parts(spend) == []
    assert "unknown, because 1 of 3 calls have no price" in spend_sentence(spend)
    cell = role_cells(then)[1]
    assert (cell.main, cell.small, cell.value) == ("unknown", "1 calls without a price", None)


def test_nothing_spent_has_no_shares(tmp_path: Path) -> None:
    spend = spend_of([Given(hops=[Hop(usd=0.0)])], tmp_path, "small")
    assert spend.usd == 0.0 and spend.roles[0].share is None
    assert hop_parts(spend) == []


hops = st.lists(
    st.builds(
        Hop,
        role=st.sampled_from(["first", "then"]),
        member=st.sampled_from(["small", "large"]),
        status=st.sampled_from(["ok", "error"]),
        usd=st.floats(0, 10) | st.none(),
        retries=st.integers(0, 3),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@drawn(st.lists(st.tuples(st.sampled_from([True, False, None]), hops), min_size=1, max_size=5))
def test_parts_add_up(tmp_path: Path, drawn_answers: list[tuple[bool | None, list[Hop]]]) -> None:
    answers = [
        Given(
            sample=str(index),
            system="cascade",
            success=success,
            score_status="scored" if success is not None else "scorer_error",
            hops=calls,
        )
        for index, (success, calls) in enumerate(drawn_answers)
    ]
    summary = summary_of(answers, tmp_path)
    (spend,) = summary.spend
    figures = summary.system("cascade").figures
    assert spend.n_calls == sum(role.n_calls for role in spend.roles) == figures.n_calls
    assert spend.n_failed_calls == figures.n_failed_calls
    assert spend.n_retries == figures.n_retries
    assert (spend.usd is None) == (figures.usd is None)
    if spend.usd is None or figures.usd is None:
        return
    for parts in (
        [figures.usd],
        [role.usd for role in spend.roles],
        [spend.last_usd, spend.earlier_usd, spend.failed_usd],
        [spend.right_usd, spend.wrong_usd, spend.unscored_usd],
    ):
        known = [part for part in parts if part is not None]
        assert len(known) == len(parts)
        assert math.isclose(sum(known), spend.usd, rel_tol=1e-12, abs_tol=1e-15)
    for bars in (hop_parts(spend), fate_parts(spend)):
        assert not bars or math.isclose(bars[-1].start + bars[-1].share, 1.0)


def test_judging_is_told_apart() -> None:
    assert judge_sentences(()) == []
