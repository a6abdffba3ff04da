"""Sensitivity to the prompt, and baselines, in the terminal, in Markdown and in HTML."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from evalsuite.analysis.prompt_sensitivity import RankingFlip
from evalsuite.analysis.summary import summarise
from evalsuite.reporting.html import to_html
from evalsuite.reporting.markdown import to_markdown
from evalsuite.reporting.prompts import flip_sentences, sensitivity_cells, tasks_words
from evalsuite.reporting.terminal import render_terminal
from tests.analysis.frames import Given, build_run, system, task
from tests.reporting.conftest import HOSTILE, Reported
from tests.reporting.test_html import Outline

WAYS = {"sums": 18, "sums@terse": 3, "sums@5-shot+similar": 16}


@pytest.fixture
def asked(tmp_path: Path) -> Reported:
    """A model that the prompt matters to, one that it does not, a baseline and a hostile name."""
    rates = {"moody": list(WAYS.values()), "steady": [10, 10, 10], "majority": [4, 4, 4]}
    rows = [
        Given(task=name, sample=f"s{at}", system=who, success=at < n_right)
        for who, numbers in rates.items()
        for name, n_right in zip(WAYS, numbers, strict=True)
        for at in range(20)
    ]
    rows += [
        Given(task=f"evil@{way}", sample=f"s{at}", system=HOSTILE, success=at < n)
        for way, n in (("a|b", 9), ("<b>", 4))
        for at in range(20)
    ]
    rows.append(Given(task="sums", sample="s20", system="moody", success=True))
    tasks = [task(name, "r", 20) for name in (*WAYS, "evil@a|b", "evil@<b>")]
    systems = [
        *(system(name) for name in ("moody", "steady", HOSTILE)),
        system("majority", pattern="classical", config={"baseline_of": list(WAYS)}),
    ]
    run = build_run(tmp_path / "run", tasks, systems, rows)
    return Reported(run=run, summary=summarise(run))


def terminal(asked: Reported, width: int) -> str:
    file = StringIO()
    render_terminal(asked.summary, Console(file=file, width=width, color_system=None))
    return file.getvalue()


def test_the_cells_say_mean_worst_best_spread_and_n(asked: Reported) -> None:
    moody, steady, _ = asked.summary.prompts[0].systems
    mean, worst, best, spread, more, n = sensitivity_cells(moody)
    assert mean.main == "61.7 %" and (worst.main, worst.small) == ("15.0 %", "terse")
    assert (best.main, best.small) == ("90.0 %", "plain")
    assert spread.main == "75.0" and re.fullmatch(r"\d+\.\d–\d+\.\d", spread.small)
    assert (more.main, more.small) == ("yes", "p < 0.001")
    assert (n.main, n.small) == ("20", "1 left out")
    cells = sensitivity_cells(steady)
    assert [cell.small for cell in cells[1:3]] == ["", ""], "no prompt is the worst"
    assert (cells[3].main, cells[3].small) == ("0.0", "same under every prompt")
    assert cells[4].main == "not shown"


@pytest.mark.parametrize("width", [40, 60, 89, 90, 120, 200])
def test_it_fits_any_terminal(asked: Reported, width: int) -> None:
    text = terminal(asked, width)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    part = text[text.index("asked in 3 ways") :]
    for words in ("moody", "15.0 %", "terse", "75.0", "p < 0.001", "same under"):
        assert words in part
    assert "\x1b" not in text and "2 tasks" in text


def test_the_terminal_marks_a_baseline(asked: Reported) -> None:
    lines = terminal(asked, 120).splitlines()
    at = next(i for i, line in enumerate(lines) if line.strip().startswith("majority"))
    assert lines[at + 1].strip().startswith("baseline")


def test_markdown_has_a_table_a_task_with_its_flips(asked: Reported) -> None:
    text = to_markdown(asked.summary)
    part = text[text.index("## Sensitivity to the prompt") : text.index("## Comparisons")]
    assert "**sums**, asked in 3 ways: plain, terse, 5-shot+similar." in part
    assert "| moody | 61.7 %" in part and "90.0 % (plain)" in part
    assert "- moody is ahead of steady under plain, 5-shot+similar; behind under terse" in part
    assert r"a\|b, \<b\>" in part
    assert "classical, baseline" in text
    header = next(line for line in part.splitlines() if line.startswith("| system"))
    rows = [line for line in part.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 * 2 + 4
    assert {row.replace(r"\|", "").count("|") for row in rows} == {header.count("|")}


def test_html_has_the_section_and_nothing_of_a_name_is_markup(asked: Reported) -> None:
    page = to_html(asked.run, asked.summary)
    outline = Outline()
    outline.feed(page)
    ids = [attributes.get("id") for _, attributes in outline.tags]
    assert ids.count("prompts") == 1 and '<a href="#prompts">' in page
    part = page[page.index('<section id="prompts">') : page.index('<section id="comparisons">')]
    assert "Asked in 3 ways: plain, terse, 5-shot+similar." in part
    assert "moody is ahead of steady under plain, 5-shot+similar; behind under terse" in part
    assert "a|b, &lt;b&gt;" in part and "<b>" not in part and "<img" not in part
    assert "baseline</span>" in page
    assert "<b>2</b> tasks, asked in 5 ways" in page


def test_a_run_of_plain_tasks_has_no_such_section(reported: Reported) -> None:
    assert "Sensitivity" not in to_markdown(reported.summary)
    assert 'id="prompts"' not in to_html(reported.run, reported.summary)
    file = StringIO()
    render_terminal(reported.summary, Console(file=file, width=120, color_system=None))
    assert "asked in" not in file.getvalue()


def test_of_many_flips_the_proven_ones_are_shown_and_the_rest_counted() -> None:
    flips = tuple(
        RankingFlip(a=f"a{at}", b="b", a_ahead=("plain",), b_ahead=("terse",), shown=at == 11)
        for at in range(13)
    )
    lines = flip_sentences(flips)
    assert lines[0] == "a11 is ahead of b under plain; behind under terse (shown)."
    assert len(lines) == 11 and lines[-1] == "and 3 other pairs."


def test_tasks_are_counted_once_however_they_are_asked() -> None:
    assert tasks_words(["a/b"]) == "1 task"
    assert tasks_words(["a/b", "c/d"]) == "2 tasks"
    assert tasks_words(["a/b", "a/b@terse", "c/d"]) == "2 tasks, asked in 3 ways"
