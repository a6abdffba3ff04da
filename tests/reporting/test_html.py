from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from evalsuite.analysis.summary import summarise
from evalsuite.reporting.html import to_html
from tests.analysis.frames import Given, build_run, system, task
from tests.reporting.conftest import Reported

VOID = {"meta", "br", "wbr", "input", "link", "img"}


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
    assert {link.removeprefix("#").split("?")[0] for link in links if link} <= set(ids)
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
    words = section(page, "failures")
    assert re.search(r"vendor 24 1 4\.2 % 0 0 91\.7–95\.8 %", words)
    assert "vendor rate_limited no answer 1 4.2 % names 1" in words
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
    # the section on failures quotes the message: as text
    assert "&lt;img src=x onerror=&#34;document.title=" in page
    assert "<img" not in page and 'onerror="' not in page
    assert page.count("</script>") == page.count("<script") > 2
    assert "\x1b" not in page and "\u202e" not in page


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
    assert "small refused no answer 3 100.0 %" in section(page, "failures")
    assert "No answer was timed" in section(page, "latency")
    assert 'id="plane"' not in page
