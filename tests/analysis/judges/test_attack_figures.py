"""Figures of attacks against figures by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from evalsuite.analysis.intervals import wilson
from evalsuite.analysis.judges.attacks import Attacked, attacked_judges
from evalsuite.judging.attacks import OTHER, RIGHT, WRONG, AttackEntry, BatteryRecord

NOTE, SHOUT = "note", "shout"
LETTERS = {"a": 1.0, "tie": 0.5, "b": 0.0}


def record(kind: str, scales: dict[str, dict[str, float]]) -> BatteryRecord:
    attacks = {
        NOTE: AttackEntry(says="Nothing.", group="control", source="", control=True),
        SHOUT: AttackEntry(says="Shouts.", group="form", source="", control=False),
    }
    return BatteryRecord(
        judge="j",
        judge_version=1,
        kind=kind,
        by=("m",),
        attacks_version=1,
        attacks_identity="",
        items="sums",
        n_items=4,
        seed=0,
        scales=scales,
        attacks=attacks,
    )


def row(sample: int, verdict: str | None, value: float | None, **more: Any) -> dict[str, Any]:
    return {
        "judge": "j",
        "by": "m",
        "role": "judge",
        "criterion": "c",
        "task": "t",
        "sample_id": str(sample),
        "cluster": str(sample),
        "system": None,
        "system_a": None,
        "system_b": None,
        "answer_repeat": 0,
        "repeat": 0,
        "verdict": verdict,
        "value": value,
        "status": "judged" if verdict is not None else "judge_error",
        "error_kind": None if verdict is not None else "no_verdict",
        "usd": 0.5,
        "seconds": 1.0,
        "question_key": f"{sample}{sorted(more.items())}",
        **more,
    }


def single(verdicts: dict[str, list[str | None]]) -> Attacked:
    """Marks from 1 to 3 of samples 0, 1 ... by who was judged."""
    scale = {"1": 1.0, "2": 2.0, "3": 3.0}
    rows = [
        row(at, label, None if label is None else scale[label], system=system)
        for system, labels in verdicts.items()
        for at, label in enumerate(labels)
    ]
    (found,) = attacked_judges(pd.DataFrame(rows), record("pointwise", {"c": scale}))
    return found


def test_scores_with_and_without_an_attack() -> None:
    """Sample 3 has no room, 4 no verdict without and 5 none with it; 0 and 1 rise, 2 falls."""
    item = single(
        {
            RIGHT: ["2", "3", "2", "3", "3", "3"],
            WRONG: ["1", "2", "2", "3", None, "1"],
            NOTE: ["1", "2", "3", "3", "1", "1"],
            SHOUT: ["2", "3", "1", "3", "3", None],
        }
    )
    shout = item.worst
    assert shout is not None and shout.id == SHOUT
    assert (shout.n, shout.errors, shout.n_without, shout.n_no_room) == (6, {"no_verdict": 1}, 1, 1)
    assert (shout.n_worked, shout.n_top) == (2, 1)
    assert shout.rate is not None and shout.lift is not None
    assert (shout.rate.value, shout.rate.n) == (2 / 3, 3)
    assert (shout.rate.low, shout.rate.high) == pytest.approx(wilson(2, 3))
    assert (shout.lift.value, shout.lift.n) == (pytest.approx((1 + 1 - 1 + 0) / 4), 4)
    control = item.control
    assert control is not None and control.rate is not None
    assert (control.rate.value, control.rate.n) == (1 / 4, 4)
    assert item.top is not None and (item.top.value, item.top.n) == (1 / 5, 5)
    # of those with both verdicts the right one is above on 0, 1, 5 and level on 2, 3
    assert item.told_apart is not None and (item.told_apart.value, item.told_apart.n) == (3 / 5, 5)
    assert item.some is not None and (item.some.value, item.some.n) == (2 / 3, 3)
    assert item.unread is not None and (item.unread.value, item.unread.n) == (1 / 6, 6)
    assert (item.n_items, item.n_questions, item.usd) == (6, 24, 12.0)


def test_an_attack_is_held_against_the_harmless_change() -> None:
    """Ten of ten against none: 1/1024 in one direction, with one attack to correct for."""
    item = single({WRONG: ["1"] * 10, NOTE: ["1"] * 10, SHOUT: ["2"] * 10})
    assert item.worst is not None and item.worst.p_value == pytest.approx(2**-10)
    assert item.beyond == (item.worst,)
    same = single({WRONG: ["1"] * 10, NOTE: ["2"] * 10, SHOUT: ["2"] * 10})
    assert same.worst is not None and same.worst.p_value == 1.0 and same.beyond == ()


def compared(subject: str, beside: list[str], verdict: str | None, last: int, **more: Any) -> Any:
    """Rows of one question: ``verdict`` says how the subject did against each of ``beside``."""
    for other in beside:
        a, b = (other, subject) if last else (subject, other)
        label = {"won": "b" if last else "a", "lost": "a" if last else "b"}.get(
            verdict or "", verdict
        )
        value = None if label is None else LETTERS[label]
        yield row(0, label, value, system_a=a, system_b=b, question_key=str(more), **more)


def test_a_pair_is_won_in_the_order_in_which_it_was_not() -> None:
    outcomes = {WRONG: ("lost", "won"), NOTE: ("tie", "won"), SHOUT: ("won", None)}
    rows = []
    for at, (subject, verdicts) in enumerate(outcomes.items()):
        for last, verdict in enumerate(verdicts):
            rows += compared(subject, [RIGHT], verdict, last, answer_repeat=2 * at + last)
    (item,) = attacked_judges(pd.DataFrame(rows), record("pairwise", {}))
    by_id = {result.id: result for result in item.results}
    assert (by_id[NOTE].n_worked, by_id[NOTE].n_no_room, by_id[NOTE].n) == (0, 1, 2)  # a tie
    assert by_id[NOTE].lift is not None and by_id[NOTE].lift.value == pytest.approx(0.25)
    assert (by_id[SHOUT].n_worked, by_id[SHOUT].n_errors) == (1, 1)
    assert item.top is not None and item.top.value == 0.5 and item.told_apart is None
    rate = by_id[SHOUT].rate
    assert rate is not None and (rate.value, rate.n) == (1.0, 1)


def test_a_rank_rises_by_the_answers_that_are_beaten() -> None:
    beside = [RIGHT, OTHER]
    rows = [
        *compared(WRONG, beside, "lost", 0, answer_repeat=0),
        row(0, "a", 1.0, system_a=RIGHT, system_b=OTHER, answer_repeat=0),
        *compared(SHOUT, [RIGHT], "lost", 0, answer_repeat=4),
        *compared(SHOUT, [OTHER], "won", 0, answer_repeat=4),
        *compared(NOTE, beside, "lost", 0, answer_repeat=2),
    ]
    (item,) = attacked_judges(pd.DataFrame(rows), record("listwise", {}))
    shout = item.worst
    assert shout is not None and (shout.id, shout.n, shout.n_worked, shout.n_top) == (
        SHOUT,
        1,
        1,
        0,
    )
    assert shout.lift is not None and shout.lift.value == 1.0
