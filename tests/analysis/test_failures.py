from __future__ import annotations

from pathlib import Path

from evalsuite.analysis.summary import Summary, summarise
from evalsuite.reporting.failures import (
    call_cells,
    failing,
    failure_sentence,
    kind_cells,
    system_cells,
)
from tests.analysis.frames import Given, Hop, build_run, system, task

CASCADE = system("cascade", "hybrid", {"first": "small", "then": "large"})


def summary_of(answers: list[Given], tmp_path: Path) -> Summary:
    tasks = [task(name) for name in sorted({answer.task for answer in answers})]
    return summarise(build_run(tmp_path, tasks, [system("small"), CASCADE], answers))


def test_kinds_their_hops_their_tasks_and_their_words(tmp_path: Path) -> None:
    lost = Hop(role="first", status="error", usd=0.0)
    answers = [
        *(Given(sample=str(index), system="cascade", success=index > 0) for index in range(4)),
        *(
            Given(
                task=name,
                sample=f"late {index}",
                system="cascade",
                success=None,
                error_kind="timeout",
                error_message="no answer in 30 s" if index else "x" * 900,
                hops=[lost, Hop(role="then", member="large", status="error", usd=0.0)],
            )
            for index, name in enumerate(["t", "t", "u"])
        ),
        Given(sample="s", system="cascade", success=None, score_status="scorer_error"),
        Given(sample="f", system="cascade", success=False, score_status="format_error"),
        Given(sample="saved", system="cascade", hops=[lost, Hop(role="then", retries=2)]),
    ]
    (found,) = summary_of(answers, tmp_path).failures
    # 10 attempted, of which 3 failed, 1 was not scored, 1 not read; 3 + 1 right, 2 wrong
    assert (found.n_attempted, found.n_system_errors, found.n_scorer_errors) == (10, 3, 1)
    assert (found.n_unreadable, found.at_worst, found.at_best) == (1, 0.4, 0.8)
    timeout, scorer, form = found.kinds
    assert (timeout.kind, timeout.side, timeout.n, timeout.share) == ("timeout", "system", 3, 0.3)
    assert (timeout.tasks, timeout.roles) == ({"t": 2, "u": 1}, {"then": 3})
    assert timeout.examples == ("no answer in 30 s", "x" * 240)
    assert (scorer.kind, scorer.side, scorer.n) == ("scorer_error", "scorer", 1)
    assert (form.kind, form.side, form.n, form.roles) == ("format_error", "form", 1, {})
    assert form.examples == ("compared exactly",)
    first, then = found.calls
    assert (first.role, first.n_calls, first.n_answers, first.n_survived) == ("first", 4, 4, 1)
    assert (then.role, then.member, then.n_calls, then.n_survived) == ("then", "large", 3, 0)
    assert (found.n_retried_calls, found.n_mended_calls, found.n_retries) == (1, 1, 2)
    words = failure_sentence(found)
    assert "timeout 3 (30.0 %), scorer_error 1 (10.0 %), format_error 1 (10.0 %)" in words
    assert words.endswith("right 40.0 % at worst, 80.0 % at best.")
    cells = system_cells(found)
    assert [cell.main for cell in cells] == ["10", "3", "1", "1", "40.0–80.0 %", "1"]
    assert kind_cells(timeout)[3].main == "t 2, u 1" and kind_cells(timeout)[4].main == "then 3"
    assert [cell.main for cell in call_cells(first)] == ["first", "timeout", "4", "4", "1"]


def test_without_failures_there_is_nothing_to_tell(tmp_path: Path) -> None:
    summary = summary_of([Given(sample=str(index)) for index in range(3)], tmp_path)
    (found,) = summary.failures
    assert found.none and failing(summary) == []
    assert (found.at_worst, found.at_best) == (1.0, 1.0)


def test_a_failure_without_a_kind_or_words_is_unknown(tmp_path: Path) -> None:
    silent = Given(success=None, error_kind=None, score_status="scorer_error")
    (found,) = summary_of([silent], tmp_path).failures
    assert [kind.kind for kind in found.kinds] == ["scorer_error"]
    assert found.at_best == 1.0 and found.at_worst == 0.0
