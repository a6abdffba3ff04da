"""The sample explorer in a real browser, under the page's own policy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from evalsuite.analysis import numbers
from evalsuite.analysis.summary import Summary, summarise
from evalsuite.reporting import html
from evalsuite.reporting.sections import SECTIONS
from evalsuite.store import COLUMNS, Run
from tests.analysis.frames import Given, Hop, build_run, system, task
from tests.reporting.browsers import chromium, opened
from tests.reporting.conftest import report_of_four

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

MARKUP = (
    "<script>window.owned = 1</script>",
    "</script><script>window.owned = 1</script>",
    "<img src=x onerror=window.owned=1>",
    "\x1b[31mred\x1b]8;;https://example.org\x07 \x00",
    "\u202eevil\u2066 \u0645\u0631\u062d\u0628\u0627",
    "javascript:window.owned=1",
    "<a href='javascript:window.owned=1'>[x](javascript:window.owned=1)</a>",
    "{{7*7}} ${7*7} <!-- <![CDATA[ -->",
    "x" * 1_000_000,
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from chromium()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four systems on two tasks, with a failure, hostile answers and judges' verdicts."""
    reported = report_of_four(tmp_path_factory.mktemp("run"))
    return written(
        judged(reported.run), reported.summary, tmp_path_factory.mktemp("page") / "report.html"
    )


@pytest.fixture(scope="module")
def read(browser: Browser, file: Path) -> Iterator[Page]:
    """The page, open for all tests that leave it as they found it."""
    with opened(browser, file) as page:
        yield page


def written(run: Run, summary: Summary, path: Path) -> Path:
    """A page that has only the samples of ``run``."""
    html.write_html(run, summary, path, [one for one in SECTIONS if one.id == "samples"])
    return path


def judged(run: Run) -> Run:
    """``run`` with three verdicts on sums-1, where the systems say different things."""
    given = {"task": "sums", "sample_id": "sums-1", "judge": "exam", "by": "large", "role": "judge"}
    given |= {"criterion": "correct", "answer_repeat": 0, "repeat": 0, "right": "incorrect"}
    rows = [
        {**given, "system": "small", "status": "judged", "verdict": "correct", "value": 1.0}
        | {"agrees": False, "self_judged": False, "said": "The sum is well done."},
        {**given, "system": "large", "status": "judged", "verdict": "incorrect", "value": 0.0}
        | {"agrees": True, "self_judged": True, "said": "It is wrong."},
        {**given, "system_a": "small", "system_b": "large", "status": "judged", "verdict": "tie"}
        | {"value": 0.5, "agrees": None, "self_judged": False, "order": "ba", "judge": "duel"},
    ]
    verdicts = pd.DataFrame(rows, columns=list(COLUMNS["verdicts"]))
    texts = {"large": "the sum is 12", "cascade": "the sum was 13"}
    responses, calls = run.responses.copy(), run.calls.copy()
    for name, text in texts.items():
        responses.loc[responses["system"] == name, "text"] = text
    calls.loc[calls["role"] == "large", ["text", "retries", "queue_seconds"]] = ["so: 13", 2, 0.5]
    calls["started_at"] += 0.1 * calls["ordinal"]
    return run.with_frames(verdicts=verdicts, responses=responses, calls=calls)


def go(page: Page, hash: str) -> None:
    """Open the address with this ``hash`` anew."""
    page.goto(page.url.split("#")[0] + hash)
    page.reload()
    page.locator("#explorer").wait_for(state="visible")


def choose(page: Page, **choices: str) -> None:
    for name, value in choices.items():
        page.locator(f"#explorer-{name}").select_option(value)


def assert_counted(page: Page, words: str) -> None:
    """Wait until the page says that it shows ``words``."""
    page.locator("#explorer-count").filter(has_text=re.compile(f"^{words}$")).wait_for()


def found(page: Page) -> list[str]:
    """The ids of the samples on the page of the list."""
    return page.locator("#explorer-found tbody a").all_inner_texts()


def sample(page: Page, title: str) -> Locator:
    """The open sample, once it is the one called ``title`` and its answers are there."""
    page.locator("#explorer-title").filter(has_text=re.compile(f"^{title}$")).wait_for()
    page.locator("#explorer-body .answer").first.wait_for()
    return page.locator("#explorer-sample")


def answer(page: Page, name: str) -> Locator:
    return page.locator(f"#explorer-body .answer[aria-label='{name}']")


# Of 12 samples each, small is right in the first 6 of "sums" and 5 of "names", large in 10 and 11,
# cascade in 9 and 10, vendor in 11 and 12 (but names-0 failed), forest in all of "names".
@pytest.mark.parametrize(
    ("choices", "n"),
    [
        ({"task": "task:names"}, 12),
        ({"task": "family:reasoning"}, 12),
        ({"system": "forest"}, 12),
        ({"outcome": "failed"}, 1),
        ({"error": "rate_limited"}, 1),
        ({"error": "rate_limited", "system": "small"}, 0),
        ({"system": "vendor", "outcome": "wrong"}, 1),
        ({"system": "small", "outcome": "right"}, 11),
        ({"outcome": "disagree"}, 12),  # sums-6 to sums-10, names-5 to names-11
        ({"outcome": "all-right"}, 10),  # sums-0 to sums-5, names-1 to names-4
        ({"outcome": "none-right"}, 1),
        ({"outcome": "escalated"}, 12),
        ({"outcome": "unreadable"}, 0),
        ({"outcome": "unscored"}, 0),
        ({"system": "small", "against": "large", "outcome": "only-against"}, 10),
        ({"system": "small", "against": "large", "outcome": "only-system"}, 0),
        ({"system": "cascade", "against": "vendor", "outcome": "disagree"}, 4),
        ({"judge": "exam"}, 1),
        ({"judge": "exam", "verdict": "disagrees"}, 1),
        ({"judge": "exam", "verdict": "failed"}, 0),
        ({"judge": "exam", "verdict": "label:correct", "system": "large"}, 0),
        ({"judge": "exam", "verdict": "self", "system": "large"}, 1),
        ({"judge": "duel", "verdict": "label:tie", "system": "small"}, 1),
    ],
)
def test_filters_find(read: Page, choices: dict[str, str], n: int) -> None:
    assert_counted(read, "24 of 24 samples")
    choose(read, **choices)
    assert_counted(read, f"{n} of 24 samples" if n else "No sample matches.")
    assert len(found(read)) == n
    read.get_by_role("button", name="Clear filters").click()
    assert_counted(read, "24 of 24 samples")


def test_the_address_says_the_view_and_brings_it_back(browser: Browser, file: Path) -> None:
    choices = {"system": "small", "against": "large", "outcome": "only-against", "sort": "id"}
    with opened(browser, file) as page:
        choose(page, **choices, task="family:tabular")
        assert_counted(page, "6 of 24 samples")
        assert page.url.split("#")[1] == (
            "samples?family=tabular&system=small&against=large&outcome=only-against&sort=id"
        )
        page.reload()
        assert_counted(page, "6 of 24 samples")
        shown = {name: page.locator(f"#explorer-{name}").input_value() for name in choices}
        assert shown == choices
        assert page.locator("#explorer-task").input_value() == "family:tabular"


@pytest.mark.parametrize(
    ("words", "n"),
    [
        ("RATE_LIMITED", 1),
        ("names-11", 1),
        ("first opinion", 24),
        ("Confidence 0.31", 12),
        ('src=x onerror="document', 24),  # what JSON writes in another way
        ('7 + 5? </script><img src=x onerror="', 1),  # and the prompt, which is JSON, in a third
        ("sum is well done", 1),
        ("compared exactly", 24),
        ("nowhere to be found", 0),
    ],
)
def test_a_search_looks_into_every_text(read: Page, words: str, n: int) -> None:
    read.locator("#explorer-search").fill(words)
    assert_counted(read, f"{n} of 24 samples" if n else "No sample matches.")
    choose(read, task="task:names")  # what was found is kept
    left = {12: 0, 1: int(words in ("RATE_LIMITED", "names-11"))}.get(n, n // 2)
    assert_counted(read, f"{left} of 24 samples" if left else "No sample matches.")
    read.get_by_role("button", name="Clear filters").click()
    assert_counted(read, "24 of 24 samples")


def test_samples_are_sorted(browser: Browser, file: Path) -> None:
    with opened(browser, file) as page:
        choose(page, sort="id")
        assert found(page)[:3] == ["names-0", "names-1", "names-2"]
        choose(page, sort="disagreement")
        assert found(page)[0] == "sums-9"  # large and vendor right, small and cascade wrong
        choose(page, system="small", sort="costly")
        row = page.locator("#explorer-found tbody tr").first
        assert row.locator("td.figure").all_inner_texts() == ["$0.000100", "100 ms"]
        choose(page, system="cascade", sort="costly")
        assert found(page)[:12] == [f"sums-{i}" for i in range(12)]
        choose(page, sort="cheap")
        assert found(page)[:12] == [f"names-{i}" for i in range(12)]
        choose(page, system="vendor", sort="costly")
        assert "cost unknown" in page.locator("#explorer-found tbody tr").first.inner_text()


def test_figures_are_written_as_the_rest_of_the_report_writes_them(
    browser: Browser, file: Path
) -> None:
    usd = [0.0, 3.14e-7, 1e-5, 0.000123, 0.0421, 0.5, 1.0, 99.4, 1234.4]
    seconds = [0.0, 0.00042, 0.0099, 0.42, 4.2, 12.0, 119.0, 720.0]
    with opened(browser, file) as page:
        assert page.evaluate("values => values.map(explorerText.money)", usd) == [
            numbers.money(value) for value in usd
        ]
        assert page.evaluate("values => values.map(explorerText.time)", seconds) == [
            numbers.duration(value) for value in seconds
        ]
        assert page.evaluate("[explorerText.money(NaN), explorerText.time(null)]") == [
            "cost unknown",
            "not timed",
        ]


def test_a_sample_is_told_down_to_its_calls(browser: Browser, file: Path) -> None:
    with opened(browser, file) as page:
        page.locator("#explorer-found tbody tr").nth(1).locator(".gist").click()
        body = " ".join(sample(page, "sums-1").inner_text().split())
        assert "asked question sums-1? expected yes" in body
        assert page.locator("#explorer-place").inner_text() == "sums, 2 of 24 found"
        cascade = answer(page, "cascade")
        assert "✓ right" in cascade.inner_text()
        assert "exact 1 compared exactly" in " ".join(cascade.inner_text().split())
        calls = cascade.locator(".calls > li").all_inner_texts()
        assert len(calls) == 2
        assert re.search(r"large large org/large\s+because: confidence 0.31 below 0.7", calls[1])
        spent = "$0.0200, 100 ms, queue 500 ms, service 80 ms, 10 tokens in, 2 out, 2 retries"
        assert spent in calls[1]
        assert "so: 13" in calls[1]
        own = answer(page, "large")
        assert not own.locator(".calls").is_visible()
        own.get_by_text("its call", exact=True).click()
        assert "10 tokens in, 2 out" in own.locator(".calls > li").inner_text()


def test_judges_words_are_beside_what_they_are_about(browser: Browser, file: Path) -> None:
    with opened(browser, file) as page:
        go(page, "#samples?sample=sums/sums-1")
        sample(page, "sums-1")
        (small,) = answer(page, "small").locator(".verdicts > li").all_inner_texts()
        assert "correct (1)" in small and "what is right: incorrect" in small
        assert "correct: exam by large" in small and "The sum is well done." in small
        (large,) = answer(page, "large").locator(".verdicts > li").all_inner_texts()
        assert "agrees with what is right judged itself" in " ".join(large.split())
        pairs = page.locator("#explorer-body > div").last.inner_text()
        assert "Judged in pairs" in pairs and "a is small, b is large, shown ba" in pairs


def test_a_failure_says_what_failed(browser: Browser, file: Path) -> None:
    with opened(browser, file) as page:
        go(page, "#samples?outcome=failed&sample=names/names-0")
        sample(page, "names-0")
        vendor = answer(page, "vendor").inner_text()
        assert "! failed" in vendor and "rate limited: 429 </script>" in vendor
        assert "cost unknown" in vendor and "wrong" not in vendor


def test_two_systems_are_compared_word_by_word(browser: Browser, file: Path) -> None:
    with opened(browser, file) as page:
        go(page, "#samples?system=large&against=cascade&sample=sums/sums-9")
        shown = sample(page, "sums-9").locator(".answer h4 span:first-child").all_inner_texts()
        assert shown == ["large", "cascade"]
        assert answer(page, "large").locator("mark").count() == 0
        assert answer(page, "cascade").locator("mark").all_inner_texts() == ["was", "13"]
        page.get_by_role("checkbox", name="cascade").uncheck()
        page.get_by_role("checkbox", name="small").check()
        shown = page.locator(".answer h4 span:first-child").all_inner_texts()
        assert shown == ["large", "small"]
        page.get_by_role("button", name="Next", exact=True).last.click()
        sample(page, "sums-10")
        assert page.locator(".answer h4 span:first-child").all_inner_texts() == ["large", "small"]


def test_the_keyboard_goes_everywhere(browser: Browser, file: Path) -> None:
    with opened(browser, file) as page:
        page.locator("#explorer-found a").first.focus()
        for key in ("j", "ArrowDown", "k", "Enter"):
            page.keyboard.press(key)
        sample(page, "sums-1")
        assert page.evaluate("document.activeElement.id") == "explorer-title"
        for key in ("j", "ArrowRight", "k"):
            page.keyboard.press(key)
        sample(page, "sums-2")
        page.keyboard.press("Escape")
        page.locator("#explorer-sample").wait_for(state="hidden")
        assert page.evaluate("document.activeElement.textContent") == "sums-2"
        page.keyboard.press("/")
        page.keyboard.type("names-1")
        assert_counted(page, "3 of 24 samples")  # names-1, names-10, names-11
        page.keyboard.press("j")  # is a letter in a field
        assert_counted(page, "No sample matches.")


def test_back_and_forward_close_and_open(browser: Browser, file: Path) -> None:
    with opened(browser, file) as page:
        choose(page, task="task:names")
        page.locator("#explorer-found a").nth(3).click()
        sample(page, "names-3")
        assert page.url.endswith("#samples?task=names&sample=names/names-3")
        page.go_back()
        page.locator("#explorer-sample").wait_for(state="hidden")
        assert_counted(page, "12 of 24 samples")
        page.go_forward()
        sample(page, "names-3")
        page.get_by_role("button", name="Close").click()
        assert page.url.endswith("#samples?task=names")


def test_links_from_elsewhere_on_the_page_lead_to_a_view(browser: Browser, file: Path) -> None:
    with opened(browser, file) as page:
        page.evaluate("location.hash = '#samples?system=vendor&outcome=wrong'")
        assert_counted(page, "1 of 24 samples")
        assert page.locator("#explorer-system").input_value() == "vendor"
        go(page, "#samples?sample=names/gone")
        assert page.get_by_role("alert").inner_text() == "This report holds no sample names/gone."
        assert not page.locator("#explorer-sample").is_visible()


def test_numbers_in_the_report_lead_to_as_many_samples(browser: Browser, tmp_path: Path) -> None:
    reported = report_of_four(tmp_path / "run")
    html.write_html(reported.run, reported.summary, tmp_path / "report.html")
    with opened(browser, tmp_path / "report.html") as page:
        links = page.locator("#comparisons a[href*=only-]").all()
        assert len(links) >= 8
        for link in [links[0], links[-1], page.locator("#failures a").first]:
            n = link.inner_text()
            link.click()
            assert_counted(page, f"{n} of 24 samples")


@pytest.fixture(scope="module")
def hostile_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Markup as ids, names, questions, answers, reasons, errors and judges' words."""
    rows = [
        Given(
            sample=f"{number} {text[:60]}",
            system=name,
            success=success,
            error_kind=None if success else MARKUP[2],
            error_message=text,
            text=text,
            hops=[Hop(role=text[:80], member=text[:80], reason=text, text=text) for _ in range(2)],
        )
        for number, text in enumerate(MARKUP)
        for name, success in ((MARKUP[0], True), ("other", None))
    ]
    run = build_run(
        tmp_path_factory.mktemp("run"),
        [task(n=len(MARKUP))],
        [system(MARKUP[0]), system("other")],
        rows,
        prompts={f"{number} {text[:60]}": text for number, text in enumerate(MARKUP)},
    )
    samples = run.samples.assign(metadata='{"<b>": "<script>window.owned=1</script>"}')
    shown = run.with_frames(samples=samples)
    return written(shown, summarise(run), tmp_path_factory.mktemp("page") / "report.html")


def test_hostile_words_stay_words(browser: Browser, hostile_file: Path) -> None:
    with opened(browser, hostile_file, width=390) as page:
        n = len(MARKUP)
        assert_counted(page, f"{n} of {n} samples")
        page.locator("#explorer-found a").first.click()
        made = set()
        for number in range(n):
            title = page.locator("#explorer-title").filter(has_text=re.compile(f"^{number} "))
            title.wait_for()
            page.locator("#explorer-body .answer").first.wait_for()
            body = page.locator("#explorer-body")
            tags = "node => [...node.querySelectorAll('*')].map(child => child.tagName)"
            made |= set(body.evaluate(tags))
            assert not set(body.inner_text()) & set("\x00\x1b\x07\u202e\u2066")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            wide = "node => node.scrollWidth <= node.clientWidth"
            assert page.locator("#explorer-sample").evaluate(wide)
            page.keyboard.press("ArrowRight")
        assert not made & {"SCRIPT", "IMG", "A", "B64", "IFRAME", "STYLE", "LINK", "BASE", "FORM"}
        assert "996,000 more characters in the run folder" in body.inner_text()
        assert body.locator("pre").first.inner_text().startswith("xxx")  # and not JSON
        assert page.evaluate("window.owned") is None
        assert page.locator("#explorer-found a").first.get_attribute("href").startswith("#samples?")
        go(page, "#samples?system=<img src=x onerror=window.owned=1>&search=<script>window.owned=1")
        assert page.evaluate("window.owned") is None


def test_what_cannot_be_seen_is_spelled_out(browser: Browser, hostile_file: Path) -> None:
    with opened(browser, hostile_file) as page:
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.locator("#explorer-found a").nth(3).click()
        body = page.locator("#explorer-body .answer pre").first
        assert body.inner_text() == r"\x1b[31mred\x1b]8;;https://example.org\x07 \x00"
        page.keyboard.press("ArrowRight")
        page.locator("#explorer-title").filter(has_text=re.compile("^4 ")).wait_for()
        shown = page.locator("#explorer-body .answer pre").first
        assert shown.inner_text().startswith(r"\u202eevil\u2066")
        assert shown.evaluate("node => getComputedStyle(node).unicodeBidi") in {
            "isolate",
            "plaintext",
        }


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
)
def test_axe_finds_nothing_in_list_or_sample(
    browser: Browser, file: Path, width: int, scheme: Any
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with opened(browser, file, width=width, color_scheme=scheme) as page:
        choose(page, system="small", judge="exam")
        assert_counted(page, "1 of 24 samples")
        in_list = axe.run(page)
        assert in_list.violations_count == 0, in_list.generate_report()
        page.locator("#explorer-found a").first.click()
        sample(page, "sums-1")
        for details in page.locator("#explorer-body summary").all():
            details.click()
        in_sample = axe.run(page)
        assert in_sample.violations_count == 0, in_sample.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_thumb_finds_everything(browser: Browser, file: Path) -> None:
    with opened(browser, file, width=390, has_touch=True) as page:
        kinds = ("select", "input", "button")
        fields = page.locator(", ".join(f"#samples {kind}:visible" for kind in kinds))
        heights = [box["height"] for node in fields.all() if (box := node.bounding_box())]
        assert len(heights) >= 8 and min(heights) >= 40
        page.locator("#explorer-found tbody tr").nth(2).tap()
        sample(page, "sums-2")
        chips = [node.bounding_box() for node in page.locator(".chooser label").all()]
        assert min(box["height"] for box in chips if box) >= 40


def test_a_damaged_file_says_so(browser: Browser, file: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "report.html"
    text = file.read_text(encoding="utf-8")
    head, _, rest = text.partition('id="explorer-header">')
    damaged.write_text(f'{head}id="explorer-header">AAAA{rest[40:]}', encoding="utf-8")
    with opened(browser, damaged) as page:
        alert = page.get_by_role("alert").filter(has_text="cannot be read")
        alert.wait_for()
        assert "The file may be damaged or incomplete." in alert.inner_text()
        assert not page.locator("#explorer").is_visible()


def test_a_browser_without_streams_is_told_so(browser: Browser, file: Path) -> None:
    old = file.with_name("old.html")
    text = file.read_text(encoding="utf-8")
    unguarded = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    script = "<script>delete window.DecompressionStream</script>"
    old.write_text(unguarded.replace("<body", f"{script}<body", 1), encoding="utf-8")
    with opened(browser, old) as page:
        alert = page.get_by_role("alert").filter(has_text="DecompressionStream")
        alert.wait_for()
        assert not page.locator("#explorer").is_visible()
