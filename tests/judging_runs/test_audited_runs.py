"""The judges of a judged run on trial, held against what its scores say is right."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import evalsuite
from evalsuite import judges
from evalsuite.analysis.judges.recorded import read_judged
from evalsuite.cli import main
from evalsuite.errors import UserError
from tests.judging_runs.conftest import N, scripted
from tests.judging_runs.priced_judge import PRICED

Sums = Callable[..., dict[str, Any]]


def run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["evalsuite", *arguments])
    monkeypatch.setenv("COLUMNS", "160")
    try:
        main()
    except SystemExit as left:
        return int(left.code or 0)
    return 0


@pytest.fixture
def judged(sums: Sums, tmp_path: Path) -> Path:
    """Two judges say whether each sum is right, one says which of two is better."""
    systems = {"yes": scripted("correct", label="yes"), "even": scripted("even")}
    content = sums(
        [
            {"judge": "correctness/answer", "by": ["yes", "even"]},
            {"judge": "correctness/pair", "by": "longer"},
        ],
        **systems,
        longer=scripted("longer"),
    )
    evalsuite.run(content, out=tmp_path / "run")
    return tmp_path / "run"


def test_judges_of_all_kinds_are_held_against_what_is_right(judged: Path) -> None:
    """``right`` is right on six sums, ``wrong`` on the first of five; one of it failed."""
    found = judges.audit_run(judged)
    kinds = {item.name: item.kind for item in found.judges}
    assert kinds == {
        "correctness-answer by even, correct": "label",
        "correctness-answer by yes, correct": "label",
        "correctness-pair by longer, correct": "pairwise",
    }
    yes = found.judge("correctness-answer by yes", "correct").figure("accuracy").estimate
    assert yes is not None and (yes.n, yes.value) == (
        2 * N - 1,
        pytest.approx((N + 1) / (2 * N - 1)),
    )
    pair = found.judge("correctness-pair by longer", "correct")
    accuracy = pair.figure("accuracy").estimate
    assert accuracy is not None and accuracy.n == N - 2  # one is right on both, one failed
    flips = pair.figure("flips").estimate
    assert flips is not None and (flips.value, flips.n) == (0.0, N - 1)
    # lengths are known, of the run's answers; those of each pair are the same
    assert pair.figure("longer_wins").note == "of verdicts that name a winner of unequal length"
    assert yes.n == found.judge("correctness-answer by yes", "correct").n_verdicts  # none failed


def test_judges_of_one_kind_share_a_leaderboard(judged: Path) -> None:
    boards = {board.kind: board for board in judges.audit_run(judged).boards}
    assert {place.judge for place in boards["label"].places} == {
        "correctness-answer by even",
        "correctness-answer by yes",
    }
    assert boards["label"].n_items == 2 * N - 1
    one = judges.audit_run(judged / "judging" / "correctness-pair")
    assert [item.judge for item in one.judges] == ["correctness-pair by longer"]
    assert one.judges[0].figure("longer_wins").n_without == 2 * (N - 1)


def test_boards_of_one_criterion_are_told_apart_by_what_is_judged(
    judged: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["audit-judge", str(judged), "--out", str(tmp_path / "t")], monkeypatch) == 0
    shown = capsys.readouterr().out
    assert "correct, labels" in shown
    index = (tmp_path / "t" / "index.html").read_text()
    assert "<h2>correct, labels</h2>" in index and "<h2>correct, pairs</h2>" in index


def test_a_run_that_was_not_judged_is_one_line(sums: Sums, tmp_path: Path) -> None:
    evalsuite.run(sums([]), out=tmp_path / "run")
    with pytest.raises(UserError, match="nothing in this run was judged"):
        judges.audit_run(tmp_path / "run")
    with pytest.raises(UserError, match="no run here"):
        judges.audit_run(tmp_path / "absent")


def test_recorded_judges_make_a_cascade_with_a_table_of_cost_and_agreement(
    sums: Sums, tmp_path: Path
) -> None:
    """Verdicts of a cheap judge and of a dear one are replayed; unsure ones go to the second.

    The cheap one is sure (0.9) of even answers and unsure (0.5) of odd ones, and calls all right.
    Its word costs 110 tokens at a dollar a million; of the dear one, which knows, two of each.
    """
    unsure = {"backend": PRICED, "label": "unsure"}
    knows = {"backend": PRICED, "label": "knows", "knows": True, "usd_per_million": 2.0}
    content = sums([], unsure=unsure, knows=knows)
    folder = tmp_path / "run"
    evalsuite.run({**content, "report": ["right", "wrong"]}, out=folder)
    evalsuite.judge(folder, judge="correctness/answer", by=["unsure", "knows"], name="asked")
    source = str(folder / "judging" / "asked")
    tiers = {
        "cheap": {"backend": "replay", "run": source, "system": "unsure"},
        "dear": {"backend": "replay", "run": source, "system": "knows"},
        "both": {"hybrid": "cascade", "tiers": ["cheap", "dear"], "threshold": 0.8},
    }
    done = evalsuite.judge(
        folder, judge="correctness/answer", by=list(tiers), name="replayed", further=tiers
    )
    (board,) = judges.audit_run(folder / "judging" / "replayed").boards
    table = {
        place.judge.removeprefix("replayed by "): (place.quality, place.usd_per_thousand)
        for place in board.places
    }
    n = 2 * N - 1
    n_odd = N - 2  # the wrong answers but the first, which is right, and the last, which failed
    agreement = {name: quality.value for name, (quality, _) in table.items() if quality}
    assert agreement == {
        "cheap": pytest.approx((n - n_odd) / n),
        "dear": 1.0,
        "both": 1.0,
    }
    usd = {name: cost for name, (_, cost) in table.items()}
    assert usd["cheap"] == pytest.approx(0.11) and usd["dear"] == pytest.approx(0.22)
    assert usd["both"] == pytest.approx((n * 0.11 + n_odd * 0.22) / n)
    calls = evalsuite.load(done.path / "judging" / "replayed").calls
    assert calls.recorded.all() and (calls.billed_usd == 0).all()


def test_a_panel_costs_what_its_members_cost(sums: Sums, tmp_path: Path) -> None:
    names = ("a", "b", "c")
    systems = {name: scripted("correct", label=name) for name in names}
    content = sums([], **systems)
    evalsuite.run({**content, "report": ["right", "wrong"]}, out=tmp_path / "run")
    evalsuite.judge(tmp_path / "run", judge="correctness/answer", by=list(names), aggregate="vote")
    (board,) = judges.audit_run(tmp_path / "run").boards
    usd = {place.judge: place.usd_per_thousand for place in board.places}
    assert usd.pop("correctness-answer by vote of a, b, c (panel)") == pytest.approx(0.33)
    assert list(usd.values()) == [pytest.approx(0.11)] * 3


def test_verdicts_of_one_question_share_its_cost(sums: Sums, tmp_path: Path) -> None:
    content = sums([], ranks=scripted("ranking"))
    evalsuite.run({**content, "report": ["right", "wrong"]}, out=tmp_path / "run")
    evalsuite.judge(tmp_path / "run", judge="helpfulness/ranking", by="ranks")
    (item,) = judges.audit_run(tmp_path / "run").judges
    assert item.n_verdicts == 2 * (N - 1)
    cost = item.figure("usd_per_thousand").estimate
    assert cost is not None and cost.value == pytest.approx(0.11)


def test_answers_of_the_judge_s_own_model_are_its_family(sums: Sums, tmp_path: Path) -> None:
    """``mine`` is a member of a hybrid that answered, and judges."""
    content = sums([], mine=scripted("A"), other=scripted("B"))
    content["systems"]["inside"] = {"hybrid": "fallback", "members": ["right", "mine"]}
    evalsuite.run({**content, "report": ["wrong", "inside"]}, out=tmp_path / "run")
    evalsuite.judge(
        tmp_path / "run", judge="helpfulness/pair", by=["mine", "other"], allow_self=True
    )
    frame = read_judged(tmp_path / "run")[0]
    mine = frame[frame.judge == "helpfulness-pair by mine"]
    assert set(mine.family_b) == set(mine.judge_family) and len(set(mine.judge_family)) == 1
    assert not set(mine.family_a) & set(mine.judge_family)
    audited = judges.audit_run(tmp_path / "run").judge("helpfulness-pair by mine", "helpfulness")
    own = audited.figure("own_against_judges")
    assert own.estimate is not None


def test_a_mean_over_criteria_costs_what_they_cost(sums: Sums, tmp_path: Path) -> None:
    """Four criteria in one question: each has a quarter of its cost, the mean over them all."""
    verdict = dict.fromkeys(("soundness", "completeness", "relevance", "fit"), "4")
    content = sums([], marks=scripted("4", verdict=verdict))
    evalsuite.run({**content, "report": ["right"]}, out=tmp_path / "run")
    evalsuite.judge(tmp_path / "run", judge="reasoning/rationale", by="marks")
    usd = {
        item.criterion: item.figure("usd_per_thousand").estimate
        for item in judges.audit_run(tmp_path / "run").judges
    }
    values = {criterion: cost.value for criterion, cost in usd.items() if cost}
    assert values.pop("overall") == pytest.approx(0.11)
    assert values == dict.fromkeys(verdict, pytest.approx(0.11 / 4))
