"""Figures of judges, from verdicts written by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from evalsuite.analysis.judged import judge_figures, order_flips
from evalsuite.reporting.judges import (
    judge_cells,
    judge_notes,
    judge_sentences,
    mark_cells,
)
from evalsuite.tables import VERDICTS


def verdict(**about: Any) -> dict[str, Any]:
    row = {
        "judge": "j",
        "judge_version": 1,
        "by": "small",
        "role": "judge",
        "criterion": "good",
        "task": "t",
        "sample_id": "1",
        "answer_repeat": 0,
        "repeat": 0,
        "status": "judged",
        "self_judged": False,
        **about,
    }
    row.setdefault("cluster", row["sample_id"])
    row.setdefault("question_key", "/".join(str(row[name]) for name in sorted(row)))
    return row


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(
        [{column: row.get(column) for column in VERDICTS} for row in rows], columns=list(VERDICTS)
    )


def pair(sample: int, order: str, said: str | None, **about: Any) -> dict[str, Any]:
    value = {"a": 1.0, "b": 0.0, "tie": 0.5}.get(said or "")
    return verdict(
        sample_id=str(sample),
        system_a="x",
        system_b="y",
        order=order,
        verdict=said,
        value=value,
        status="judged" if said else "judge_error",
        **about,
    )


def test_means_leave_failures_out_and_count_them() -> None:
    rows = [
        verdict(sample_id=str(i), system="x", value=float(v), verdict=str(v), basis="plain")
        for i, v in enumerate((4, 5, 3))
    ]
    rows.append(verdict(sample_id="3", system="x", status="judge_error", error_kind="refusal"))
    rows.append(verdict(sample_id="4", system="x", status="system_error", error_kind="timeout"))
    (item,) = judge_figures(frame(*rows))
    (mark,) = item.marks
    assert mark.estimate is not None and mark.estimate.value == 4.0 and mark.n == 3
    assert item.errors == {"refusal": 1} and item.n_system_errors == 1 and item.n_judged == 3
    # t(2) at 97.5 % is 4.303, the standard error 1 / sqrt(3)
    assert mark.estimate.high == pytest.approx(4 + 4.303 / 3**0.5, abs=1e-3)


def test_flips_are_counted_over_pairs_judged_in_both_orders() -> None:
    rows = [
        *(pair(1, order, said) for order, said in (("ab", "a"), ("ba", "a"))),
        *(pair(2, order, said) for order, said in (("ab", "a"), ("ba", "b"))),
        *(pair(3, order, said) for order, said in (("ab", "tie"), ("ba", "b"))),
        *(pair(4, order, said) for order, said in (("ab", "a"), ("ba", None))),
    ]
    flips = order_flips(frame(*rows))
    assert flips is not None
    assert (flips.n, flips.n_changed, flips.n_reversed) == (3, 2, 1)
    assert order_flips(frame(rows[0])) is None


def test_pairs_are_rated() -> None:
    """x wins 3 of 4: odds of 3, so 400 * log10(3) = 190.8 points between the two."""
    rows = [pair(i, "ab", said) for i, said in enumerate(("a", "a", "a", "b"))]
    (item,) = judge_figures(frame(*rows))
    points = {mark.system: mark.estimate.value for mark in item.marks if mark.estimate}
    assert points["x"] - points["y"] == pytest.approx(190.85, abs=0.01)
    assert item.ties == 0.0 and item.flips is None


def test_a_shared_question_is_paid_once() -> None:
    rows = [
        verdict(system="x", criterion=name, value=1.0, verdict="1", question_key="q", usd=0.5)
        for name in ("good", "short")
    ]
    rows.append(verdict(system="x", criterion="overall", value=1.0, verdict="1", question_key=None))
    (item,) = judge_figures(frame(*rows))
    assert item.n_questions == 1 and item.usd == 0.5


def test_an_unknown_cost_stays_unknown() -> None:
    rows = [
        verdict(sample_id=str(i), system="x", value=1.0, verdict="1", usd=usd)
        for i, usd in enumerate((0.5, None))
    ]
    (item,) = judge_figures(frame(*rows))
    assert item.usd is None and item.seconds is None
    assert "unknown" in judge_cells(item)[6].main


def test_agreement_is_held_against_always_saying_the_same() -> None:
    """9 of 10 verdicts are right, but 8 of 10 answers are correct: that is not shown to be more."""
    rows = [
        verdict(
            sample_id=str(i),
            system="x",
            value=1.0,
            verdict="correct",
            right="correct" if i < 8 else "incorrect",
            agrees=i < 9,
        )
        for i in range(10)
    ]
    (item,) = judge_figures(frame(*rows))
    assert item.agreement is not None and item.agreement.value == pytest.approx(0.9)
    assert item.commonest == pytest.approx(0.8)
    assert any("weak: not shown to be above the 80.0 %" in note for note in judge_notes(item))


def test_verdicts_on_itself_are_said_wherever_they_are_shown() -> None:
    (item,) = judge_figures(frame(verdict(system="x", value=1.0, verdict="1", self_judged=True)))
    assert item.n_self == 1
    assert "1 on itself" in judge_cells(item)[0].small
    assert "1 on itself" in mark_cells(item, item.marks[0])[-1].small
    assert any("answers of its own model" in line for line in judge_sentences(item))


def test_a_panel_comes_before_its_members() -> None:
    rows = [
        verdict(by=by, role=role, system="x", value=1.0, verdict="1")
        for by, role in (("a", "member"), ("b", "member"), ("vote of a, b", "panel"))
    ]
    assert [item.by for item in judge_figures(frame(*rows))] == ["vote of a, b", "a", "b"]


def test_no_verdicts_are_no_figures() -> None:
    assert judge_figures(frame()) == ()
