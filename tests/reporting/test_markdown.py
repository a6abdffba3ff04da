from __future__ import annotations

from pathlib import Path

from evalsuite.analysis.summary import summarise
from evalsuite.reporting.markdown import escape, to_markdown
from tests.analysis.frames import Given, build_run, system, task
from tests.reporting.conftest import Reported


def test_every_table_has_rows_of_its_own_width(reported: Reported) -> None:
    lines = to_markdown(reported.summary).splitlines()
    tables = [index for index, line in enumerate(lines) if line.startswith("| ---")]
    assert len(tables) >= 5
    for index in tables:
        width = lines[index - 1].count("|")
        rows = index
        while rows < len(lines) and lines[rows].startswith("|"):
            assert lines[rows].replace(r"\|", "").count("|") == width
            rows += 1
        assert rows > index + 1


def test_it_says_what_the_run_says(reported: Reported) -> None:
    text = to_markdown(reported.summary)
    assert "**vendor is right most often" in text
    assert "| vendor | 24 | 1 (4.2 %) | 0 | 0 | 91.7–95.8 % | 0 |" in text
    assert "vendor, of 24: rate\\_limited 1 (4.2 %)" in text
    assert "unknown (24 of 24 unpriced)" in text
    assert "| names | large | micro\\_f1 | 0.875 | 12 |" in text
    assert r"200 trees \| depth 4" in text
    assert "hardware: cpu\\_count 2, cpu a \\<fast\\> one" in text


def test_nothing_in_a_name_is_markup() -> None:
    assert escape("a|b\n<i>*x*</i> &amp; `y`") == (r"a\|b \<i\>\*x\*\</i\> &amp;amp; \`y\`")


def test_many_tasks_are_folded_below_their_families(tmp_path: Path) -> None:
    names = [f"{'ab'[i % 2]}/task-{i}" for i in range(14)]
    rows = [
        Given(task=name, sample=f"{name}-{i}", system=who, success=i < n_right)
        for who, n_right in (("good", 4), ("poor", 1))
        for name in names
        for i in range(4)
    ]
    tasks = [task(name, name[0], 4) for name in names]
    run = build_run(tmp_path, tasks, [system("good"), system("poor")], rows)
    text = to_markdown(summarise(run))
    families, _, folded = text.partition("<details><summary>Every task</summary>")
    assert "| a | 7 | good | 100.0 %" in families and "| a/task-0 |" not in families
    assert folded.count("/task-") >= 14
    assert folded.index("</details>") > folded.index("a/task-12")
