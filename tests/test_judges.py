"""The public way: a file in, figures and pages out."""

from __future__ import annotations

import doctest
import html
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import evalsuite.judges
from evalsuite.cli import main
from evalsuite.errors import ConfigError
from evalsuite.judges import Audit, attack, audit, audit_battery, read_verdicts, write_report
from tests.analysis.judges.made_up import pairs, scores
from tests.judging_runs.conftest import scripted
from tests.reporting.browsers import chromium, opened
from tests.reporting.test_html import Outline

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def audited() -> Audit:
    frame = pairs(0, items=40, failing=0.2, first=1.0)
    hostile = frame[frame["judge"] == "fair"].assign(judge="<script>alert(1)</script>\x1b[31m/../x")
    return audit(pd.concat([frame, hostile]))


def run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["evalsuite", *arguments])
    try:
        main()
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def test_the_example_of_the_module_is_true() -> None:
    found = doctest.testmod(evalsuite.judges)
    assert (found.attempted > 0, found.failed) == (True, 0)


def test_a_report_is_pages_text_and_a_table(audited: Audit, tmp_path: Path) -> None:
    written = write_report(audited, tmp_path / "trial")
    names = sorted(path.name for path in written)
    assert names == [
        "audit.md",
        "fair.html",
        "figures.csv",
        "index.html",
        "j.html",
        "script-alert-1-script-31m-..-x.html",
    ]
    assert all(path.parent == tmp_path / "trial" for path in written)
    table = pd.read_csv(tmp_path / "trial" / "figures.csv")
    flips = table.query("judge == 'j' and figure == 'flips'").iloc[0]
    estimate = audited.judge("j").figure("flips").estimate
    assert estimate is not None and flips["value"] == pytest.approx(estimate.value)


def test_pages_nest_and_ask_for_nothing(audited: Audit, tmp_path: Path) -> None:
    for path in write_report(audited, tmp_path):
        if path.suffix != ".html":
            continue
        page = path.read_text(encoding="utf-8")
        outline = Outline()
        outline.feed(page)
        assert outline.open == []
        assert not any(tag == "script" for tag, _ in outline.tags)
        for _, attributes in outline.tags:
            assert not any(name.startswith("on") or name == "style" for name in attributes)
            link = attributes.get("href") or ""
            assert link.startswith("#") or (tmp_path / link).exists() or not link
        assert "\x1b" not in page and "default-src 'none'" in page


def test_every_figure_is_on_the_page(audited: Audit, tmp_path: Path) -> None:
    write_report(audited, tmp_path)
    page = (tmp_path / "j.html").read_text(encoding="utf-8")
    text = (tmp_path / "audit.md").read_text(encoding="utf-8")
    item = audited.judge("j")
    assert item.n_failed
    for figure in item.figures:
        assert figure.title in html.unescape(page).replace("\N{NO-BREAK SPACE}", " ")
        assert figure.title in text
    assert f">{item.n_failed}</b> without a verdict" in page


def test_markdown_tables_have_as_many_cells_as_titles(audited: Audit, tmp_path: Path) -> None:
    write_report(audited, tmp_path)
    text = (tmp_path / "audit.md").read_text(encoding="utf-8")
    for block in text.split("\n\n"):
        rows = block.splitlines()
        if rows[0].startswith("| "):
            assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
    assert "<script>" not in text


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from chromium()


@pytest.fixture(scope="module")
def attacked_pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of two judges that were attacked, of whom one gives no verdict."""
    folder = tmp_path_factory.mktemp("attacked")
    battery = attack(
        "helpfulness/pair",
        by=["fixed", "away"],
        further={"fixed": scripted("A"), "away": scripted("away", label="away")},
        limit=2,
        out=folder / "battery",
    )
    write_report(audit_battery(battery), folder / "trial")
    return folder / "trial"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_browser_shows_the_pages_and_axe_finds_nothing(
    browser: Browser,
    audited: Audit,
    attacked_pages: Path,
    tmp_path: Path,
    width: int,
    scheme: str,
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    write_report(audited, tmp_path)
    pages = [tmp_path / "index.html", tmp_path / "j.html", *sorted(attacked_pages.glob("*.html"))]
    assert len(pages) == 5
    for path in pages:
        with opened(
            browser,
            path,
            width=width,
            color_scheme=scheme,
            bypass_csp=True,
        ) as page:
            found = axe.Axe().run(page)
            assert found.violations_count == 0, found.generate_report()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_command_says_what_the_audit_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    frame = pairs(0, items=30, first=1.0)
    path = tmp_path / "verdicts.csv"
    frame.to_csv(path, index=False)
    assert run(["audit-judge", str(path), "--show", "j"], monkeypatch) == 0
    shown = capsys.readouterr().out
    assert "first-shown answer wins" in shown and "Krippendorff's alpha" in shown
    accuracy = audit(read_verdicts(path)).judge("j").figure("accuracy").estimate
    assert accuracy is not None
    assert f"Agrees with the labels on {100 * accuracy.value:.1f} % of 30 items" in shown
    assert shown.count("Agrees with the labels on") == 1  # of the other judge, the leaderboard only


def test_scores_are_shown_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    path = tmp_path / "scores.parquet"
    scores(0, items=12).to_parquet(path)
    assert run(["audit-judge", str(path), "--out", str(tmp_path / "out")], monkeypatch) == 0
    shown = capsys.readouterr().out
    assert "Spearman's rho with the labels" in shown and "F of systems" in shown
    assert (tmp_path / "out" / "index.html").exists()


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("judge,item,verdict\nj,q,A\n", [], "verdict is a, b, tie or empty, not 'A'"),
        ("judge,item\nj,q\n", [], "exactly one of the columns verdict, score, label"),
        ("judge,item,verdict\nj,q,a\n", ["--show", "k"], "no judge k; there are j"),
        ("judge,item,verdict\nj,q,a\n", ["--labels", "absent.csv"], "no such file of verdicts"),
        ("judge,item,verdict\nj,q,a\n", ["--out", "taken"], "is a file; name a folder"),
    ],
)
def test_a_mistake_is_one_line(
    text: str,
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("verdicts.csv").write_text(text)
    Path("taken").write_text("")
    assert run(["audit-judge", "verdicts.csv", *arguments], monkeypatch) == 2
    said = capsys.readouterr().err
    assert said.startswith("evalsuite: ") and message in said
    assert said.count("\n") == 1


def test_a_report_is_not_written_over_a_file(audited: Audit, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(ConfigError, match="is a file"):
        write_report(audited, path)
