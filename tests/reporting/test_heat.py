from __future__ import annotations

from pathlib import Path

from evalsuite.analysis.summary import summarise
from evalsuite.reporting.heat import heat, leaders
from tests.analysis.frames import Given, build_run, system, task
from tests.reporting.conftest import Reported


def test_every_task_is_in_its_family_and_every_system_in_its_place(reported: Reported) -> None:
    names = [item.entry.name for item in reported.summary.systems]
    reasoning, tabular = heat(reported.summary)
    assert [reasoning.family, tabular.family] == ["reasoning", "tabular"]
    (sums,) = reasoning.rows
    cells = dict(zip(names, sums.cells, strict=True))
    assert cells["forest"] is None
    assert cells["vendor"] is not None and cells["vendor"].best
    # 11 of 12 are right
    assert cells["vendor"].cell.main == "91.7 %" and cells["vendor"].shade == 9
    assert sums.n == 12 and cells["vendor"].note == ""
    (rows,) = tabular.rows
    failed = dict(zip(names, rows.cells, strict=True))["vendor"]
    assert failed is not None and failed.note == "n 11, 1 failed"


def test_a_family_has_a_rate_only_where_all_its_tasks_were_scored(tmp_path: Path) -> None:
    rows = [
        Given(task=name, sample=f"{name}{i}", system=who, success=i < n_right)
        for who, name, n_right in [
            ("both", "f/a", 2),
            ("both", "f/b", 4),
            ("half", "f/a", 4),
        ]
        for i in range(4)
    ]
    tasks = [task("f/a", "f", 4), task("f/b", "f", 4), task("g/c", "g", 4)]
    summary = summarise(build_run(tmp_path, tasks, [system("both"), system("half")], rows))
    names = [item.entry.name for item in summary.systems]
    first, second = heat(summary)
    cells = dict(zip(names, first.cells, strict=True))
    assert cells["both"] is not None and cells["both"].cell.main == "75.0 %"
    assert cells["half"] is not None and cells["half"].cell.value is None
    assert cells["half"].cell.small == "1 of 2 tasks"
    assert second.cells == (None, None)
    f, g = leaders(summary)
    assert (f.system, f.n_tasks, f.n_tied) == ("both", 2, 0)
    assert (g.system, g.rate) == (None, None)
