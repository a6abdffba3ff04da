from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from evalsuite.analysis.summary import summarise
from evalsuite.reporting.html import to_html, write_html
from tests.analysis.frames import Given, build_run, system, task
from tests.reporting.conftest import Reported

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
VOID = {"meta", "br", "input", "link", "img"}


def dumped(page: Path, profile: Path) -> str:
    """The page's document after its scripts have run in a real browser."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        pytest.skip("no Chromium on this machine")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    done = subprocess.run(
        [
            browser,
            *flags,
            f"--user-data-dir={profile}",
            "--virtual-time-budget=2000",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


class Outline(HTMLParser):
    """Checks that elements nest, and collects tags and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def scripted(reported: Reported, tmp_path: Path, script: str) -> str:
    """The page's document after ``script``, without the policy that would forbid it."""
    page = to_html(reported.run, reported.summary)
    unguarded = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    path = tmp_path / "report.html"
    path.write_text(unguarded.replace("</body>", f"<script>{script}</script></body>"))
    return dumped(path, tmp_path / "profile")


def outline(page: str) -> Outline:
    found = Outline()
    found.feed(page)
    assert found.open == []
    return found


def section(page: str, name: str) -> str:
    """The words of one section, without markup."""
    body = page.split(f'<section id="{name}">')[1].split("</section>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def test_the_page_is_well_formed_and_needs_nothing_else(reported: Reported) -> None:
    page = to_html(reported.run, reported.summary)
    found = outline(page)
    assert [tag for tag, _ in found.tags if tag in {"img", "link", "iframe"}] == []
    for tag, attributes in found.tags:
        assert not attributes.keys() & {"src", "style", "onclick", "onerror", "onload"}, tag
        assert (attributes.get("href") or "#").startswith("#")
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {attributes.get("href") for tag, attributes in found.tags if tag == "a"}
    assert {link.removeprefix("#") for link in links if link} <= set(ids)
    assert "default-src 'none'" in page and "unsafe-inline" not in page


def test_the_verdict_comes_first(reported: Reported) -> None:
    page = to_html(reported.run, reported.summary)
    assert page.index('class="headline"') < page.index("<h2>")
    assert "vendor is right most often" in page.split('class="headline">')[1][:80]


def test_an_unknown_cost_is_shown_as_unknown(reported: Reported) -> None:
    page = to_html(reported.run, reported.summary)
    row = section(page, "systems").split("vendor openai")[1][:200]
    assert "unknown 24 of 24 unpriced" in row
    assert "$0" not in row
    assert "cost unknown" in page.split("<desc")[1]


def test_failures_are_shown_by_kind(reported: Reported) -> None:
    page = to_html(reported.run, reported.summary)
    assert re.search(r"names vendor rate_limited 1 12 0 91\.7 %", section(page, "failures"))
    assert "n 11, 1 failed" in section(page, "tasks")


def test_hybrids_say_who_answered_and_why(reported: Reported) -> None:
    words = section(to_html(reported.run, reported.summary), "hybrids")
    assert "confidence … below … × 12" in words
    assert "small → large : 12 answers, 75.0 % right" in words.replace("large:", "large :")


def test_preparation_has_its_own_place(reported: Reported) -> None:
    words = section(to_html(reported.run, reported.summary), "fits")
    assert "forest names 300 train 2.50 s unknown 200 trees | depth 4" in words


def test_hostile_text_is_nowhere_markup(reported: Reported) -> None:
    page = to_html(reported.run, reported.summary)
    assert "onerror=" not in re.sub(r'<script type="application/json".*?</script>', "", page)
    assert page.count("</script>") == 3
    assert "\x1b" not in page and "\u202e" not in page


def test_a_browser_runs_the_page_under_its_own_policy(reported: Reported, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_html(reported.run, reported.summary, path)
    document = dumped(path, tmp_path / "profile")
    assert "24 of 24 samples, page 1 of 2" in document
    assert document.count('<details class="sample">') == 20
    assert '<option value="cascade">' in document


def test_a_browser_shows_hostile_answers_as_text(reported: Reported, tmp_path: Path) -> None:
    # without the policy nothing but the script's own care stands in the way
    opener = "for (const node of document.querySelectorAll('.sample')) node.open = true;"
    document = scripted(reported, tmp_path, opener)
    assert "<title>by-hand: evalsuite report</title>" in document
    assert "<img" not in document
    assert '<pre>&lt;/script&gt;&lt;img src=x onerror="document.title=' in document
    assert "rate_limited: 429 &lt;/script&gt;" in document
    assert "confidence 0.31 below 0.7" in document


@pytest.mark.parametrize(
    ("choices", "n"),
    [
        ({"task": "names"}, 12),
        ({"system": "forest"}, 12),
        ({"outcome": "failed"}, 1),
        ({"system": "vendor", "outcome": "wrong"}, 1),
        ({"search": "RATE_LIMITED"}, 1),
        ({"search": "nowhere to be found"}, 0),
    ],
)
def test_filters_find(reported: Reported, tmp_path: Path, choices: dict[str, str], n: int) -> None:
    steps = [
        f"document.getElementById({name!r}).value = {value!r};" for name, value in choices.items()
    ]
    steps.append("document.getElementById('search').dispatchEvent(new Event('input'));")
    document = scripted(reported, tmp_path, "".join(steps))
    assert (f"{n} of 24 samples" if n else "No sample matches.") in document
    assert document.count('<details class="sample">') == n


def test_a_run_with_nothing_to_show_still_has_a_report(tmp_path: Path) -> None:
    failed = [Given(sample=str(i), success=None, error_kind="refused") for i in range(3)]
    timeless = [
        Given(sample=answer.sample, success=None, error_kind="refused", seconds=None, hops=[])
        for answer in failed
    ]
    run = build_run(tmp_path, [task()], [system("small")], timeless)
    page = to_html(run, summarise(run))
    outline(page)
    assert "No overall winner" in page
    assert "refused 3" in section(page, "failures")
    assert "No answer was timed" in section(page, "latency")
    assert 'id="plane"' not in page
