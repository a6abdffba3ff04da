from __future__ import annotations

from pathlib import Path

import pytest

from evalsuite.analysis.roles import HybridFigures
from evalsuite.analysis.summary import summarise
from tests.analysis.frames import Given, Hop, build_run, system, task


def first(**more: object) -> Hop:
    return Hop(role="first", member="small", reason="first opinion", **more)  # type: ignore[arg-type]


def then(confidence: float, **more: object) -> Hop:
    reason = f"confidence {confidence} below 0.7"
    return Hop(role="then", member="large", reason=reason, usd=0.01, **more)  # type: ignore[arg-type]


def cascade(*answers: Given, tmp_path: Path) -> HybridFigures:
    run = build_run(
        tmp_path,
        [task()],
        [system("cascade", "hybrid", {"first": "small", "then": "large"})],
        answers,
    )
    hybrid = summarise(run).system("cascade").hybrid
    assert hybrid is not None
    return hybrid


def answer(sample: str, success: bool | None, *hops: Hop) -> Given:
    return Given(system="cascade", sample=sample, success=success, hops=hops)


def test_who_answered_and_why(tmp_path: Path) -> None:
    hybrid = cascade(
        answer("0", True, first()),
        answer("1", True, first()),
        answer("2", False, first()),
        answer("3", True, first(), then(0.31)),
        answer("4", False, first(), then(0.62)),
        tmp_path=tmp_path,
    )
    small, large = hybrid.roles
    assert hybrid.calls_per_response == pytest.approx(7 / 5)
    assert hybrid.escalation is not None and hybrid.escalation.value == pytest.approx(2 / 5)
    assert (small.n_calls, small.n_responses, small.n_last) == (5, 5, 3)
    assert (large.n_calls, large.share_of_responses, large.n_last) == (2, 0.4, 2)
    assert large.share_of_calls == pytest.approx(2 / 7)
    assert large.usd == pytest.approx(0.02)
    assert small.success_when_last is not None and large.success_when_last is not None
    assert small.success_when_last.value == pytest.approx(2 / 3)
    assert large.success_when_last.value == pytest.approx(1 / 2)
    assert large.reasons == {"confidence … below …": 2}
    assert [(path.roles, path.n_responses) for path in hybrid.paths] == [
        (("first",), 3),
        (("first", "then"), 2),
    ]


def test_a_failed_call_does_not_speak(tmp_path: Path) -> None:
    hybrid = cascade(
        answer("0", True, first(status="error"), then(0.1)),
        answer("1", True, first(), then(0.1, status="error")),
        answer("2", None, first(status="error"), then(0.1, status="error")),
        tmp_path=tmp_path,
    )
    small, large = hybrid.roles
    assert (small.n_failed_calls, large.n_failed_calls) == (2, 2)
    assert (small.n_last, large.n_last) == (1, 1)


def test_an_unpriced_role_has_an_unknown_cost(tmp_path: Path) -> None:
    hybrid = cascade(
        answer("0", True, first(usd=None)), answer("1", True, first()), tmp_path=tmp_path
    )
    (small,) = hybrid.roles
    assert small.usd is None and small.n_unpriced == 1
    assert small.input_tokens == 20
