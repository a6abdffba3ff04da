"""Preparation spread over answers, as the reports say it."""

from __future__ import annotations

import io
import math
from pathlib import Path

from rich.console import Console

from evalsuite.analysis.amortisation import Amortised, BreakEven
from evalsuite.analysis.intervals import Estimate
from evalsuite.analysis.summary import Summary, summarise
from evalsuite.reporting.amortisation import (
    HEADING,
    TITLES,
    amortised_cells,
    amortised_sentence,
    break_even_words,
)
from evalsuite.reporting.html import to_html
from evalsuite.reporting.markdown import to_markdown
from evalsuite.reporting.terminal import render_terminal
from evalsuite.store import Run
from tests.analysis.frames import Given, Hop, build_run, system, task


def about(value: float, low: float | None = None, high: float | None = None) -> Estimate:
    return Estimate(value=value, low=low, high=high, n=40, method="by hand")


def against(other: str, side: str, answers: Estimate | None = None) -> BreakEven:
    return BreakEven(other=other, side=side, answers=answers, n=40)  # type: ignore[arg-type]


STUDENT = Amortised(
    system="student",
    fit_usd=5.0,
    n_attempted=40,
    usd_per_success=(
        (40, about(0.15625, 0.1, 0.2)),
        (1_000, about(0.0075)),
        (10_000, about(0.001875)),
        (100_000, about(math.inf)),
        (1_000_000, about(0.00125625)),
    ),
    break_even=(
        against("large", "from", about(633.8, 530.2, 1234.5)),
        against("larger", "from", about(1_234_567, 9.1, math.inf)),
        against("dear", "up to", about(7)),
        against("free", "never", about(math.inf, 4321, math.inf)),
        against("gone", "never", about(math.inf)),
        against("worse", "always"),
        against("who", "unknown"),
    ),
)


def test_break_even_in_words() -> None:
    assert break_even_words(STUDENT) == (
        "Cheaper per success from 634 answers on than large (95 % CI 531–1,240); from 1,240,000 "
        "answers on than larger (95 % CI from 10, never not ruled out); up to 7 answers than dear "
        "(no interval); from the first answer than worse; never than free (from 4,330 not ruled "
        "out), gone; not to be told against who."
    )
    alone = Amortised(system="a", fit_usd=1.0, n_attempted=1, usd_per_success=(), break_even=())
    assert break_even_words(alone) == "No other system to break even with."


def test_cells_and_the_sentence() -> None:
    cells = amortised_cells(STUDENT)
    assert len(cells) == len(TITLES)
    assert [cell.main for cell in cells] == ["$5.00", "$156", "$7.50", "$1.88", "∞", "$1.26"]
    assert cells[1].small == "40 answers; $100–200"
    assert cells[4].small == "no success"
    assert amortised_sentence(STUDENT).startswith(
        "student, prepared for $5.00: per 1,000 right $156 over 40, $1.88 over 10,000, $1.26 over "
        "1,000,000 answers. Cheaper per success from 634"
    )
    unknown = Amortised(
        system="a",
        fit_usd=None,
        n_attempted=40,
        usd_per_success=((40, None), (1_000, None), (10_000, None), (100_000, None), (10**6, None)),
        break_even=(against("b", "unknown"),),
    )
    assert {cell.main for cell in amortised_cells(unknown)} == {"unknown"}
    assert amortised_sentence(unknown) == (
        "a, prepared for unknown: per 1,000 right unknown over 40, unknown over 10,000, unknown "
        "over 1,000,000 answers. Cheaper per success not to be told against b."
    )


def report(path: Path, name: str, fit_usd: float) -> tuple[Run, Summary]:
    answers = [
        Given(sample=str(n), system=who, success=n % 4 > 0, hops=(Hop(usd=usd),))
        for who, usd in ((name, 0.001), ("model", 0.01))
        for n in range(20)
    ]
    fit = {"key": "k", "task": "t", "system": name, "split": "train", "n_samples": 5}
    fit |= {"usd": fit_usd, "seconds": 1.0, "note": "learnt"}
    run = build_run(path, [task(n=20)], [system(name), system("model")], answers, fits=[fit])
    return run, summarise(run)


def printed(summary: Summary) -> str:
    console = Console(file=io.StringIO(), width=120, force_terminal=False)
    render_terminal(summary, console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_every_report_has_the_section(tmp_path: Path) -> None:
    name = "<b>student</b> | [x]"
    run, summary = report(tmp_path, name, 5.0)
    assert f"{HEADING}\n  <b>student</b> | [x], prepared for $5.00" in printed(summary)
    markdown = to_markdown(summary)
    section = markdown.split(f"## {HEADING}\n")[1].split("\n## ")[0]
    assert "| \\<b\\>student\\</b\\> \\| \\[x\\] | $5.00 | $335 (20 answers" in section
    # b = 5 / 0.75 dollars, g = 0.01 / 0.75 - 0.001 / 0.75: 5 / 0.009 answers
    assert "from 556 answers on than model" in section
    html = to_html(run, summary)
    assert 'id="amortisation"' in html and HEADING in html
    assert "from 556 answers on than model" in html
    assert "<b>student</b>" not in html


def test_nothing_is_said_where_nothing_was_paid(tmp_path: Path) -> None:
    run, summary = report(tmp_path, "student", 0.0)
    assert HEADING not in printed(summary) + to_markdown(summary) + to_html(run, summary)
