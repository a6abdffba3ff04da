"""The report in a real browser: what sorts, folds and filters, by mouse and by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from evalsuite.analysis.summary import summarise
from evalsuite.reporting.html import write_html
from tests.analysis.frames import Given, Hop, build_run, system, task
from tests.reporting.browsers import chromium, opened
from tests.reporting.conftest import HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

OWNED = "<img src=x onerror=window.owned=1><script>window.owned=1</script></table>"
LINK = "javascript:window.owned=1"
LONG = "m" * 1_000_000
TURNED = "evil\u202egnp.exe\x1b[2J"
FAMILIES = {"reasoning": 6, "tabular": 5, "fake_news": 3}
N = 6


def right(name: str, task_index: int, sample: int) -> bool:
    """Small is right less often than large, and everybody is better in earlier tasks."""
    strength = {"small": 2, "cascade": 4, "large": 5, "vendor": 5}.get(name, 1)
    return sample < max(0, strength - task_index % 3)


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fourteen tasks in three families and six systems, with names that would do harm."""
    folder = tmp_path_factory.mktemp("page")
    names = [f"{family}/{i}" for family, n in FAMILIES.items() for i in range(n)]
    names[1] = f"reasoning/{OWNED}"
    tasks = [task(name, name.split("/")[0], N) for name in names]
    tasks[2] = msgspec.structs.replace(
        task(names[2], "reasoning", N),
        summary=LONG,
        source=LINK,
        reference=f"{LINK} {HOSTILE}",
    )
    prices = {"small": 1e-5, "large": 2e-3, "cascade": 4e-4, "vendor": None, OWNED: 3e-5}
    rows = [
        Given(
            task=name,
            sample=f"{name}-{i}",
            system=who,
            success=right(who, index, i),
            hops=[Hop(usd=usd, seconds=0.05 * (i + 1))],
            seconds=0.05 * (i + 1) * (9 if who == "large" else 1),
            text=HOSTILE,
        )
        for who, usd in prices.items()
        for index, name in enumerate(names)
        for i in range(N)
    ]
    rows += [
        Given(
            task=names[0],
            sample=f"{names[0]}-{i}",
            system=who,
            success=None,
            error_kind=kind,
            hops=[Hop(usd=None)],
        )
        for who, kind in ((TURNED, HOSTILE), (LONG[:5000], "timeout"))
        for i in range(N)
    ]
    systems = [
        system("small", price={"usd_per_machine_hour": 0.1, "source": LINK}),
        system("large"),
        system("vendor", pattern="openai"),
        system("cascade", "hybrid", {"tier_1": "small", "tier_2": "large"}),
        system(OWNED, config={"said": HOSTILE}),
        system(TURNED),
        system(LONG[:5000]),
    ]
    run = build_run(folder / "run", tasks, systems, rows)
    path = folder / "report.html"
    write_html(run, summarise(run), path)
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from chromium()


def column(page: Page, table: str, index: int) -> list[str]:
    """The words of column ``index`` (1 is the first) of the shown rows, without small print."""
    cells = page.locator(f"#{table} tbody tr:visible > :nth-child({index})")
    return [text.split("\n")[0].strip() for text in cells.all_inner_texts()]


def heading(page: Page, table: str, title: str) -> Locator:
    return page.locator(f"#{table} thead button").filter(has_text=title)


@pytest.mark.parametrize(
    ("width", "scheme", "unfolded"),
    [(1280, "light", True), (1280, "dark", False), (390, "light", False), (390, "dark", True)],
)
def test_axe_finds_nothing(
    browser: Browser, page_file: Path, width: int, scheme: str, unfolded: bool
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    with opened(browser, page_file, width=width, color_scheme=scheme) as page:
        if unfolded:
            page.locator("section:not(#samples) > details").evaluate_all(
                "nodes => nodes.forEach(node => { node.open = true; })"
            )
        found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1600])
def test_only_tables_scroll_sideways(browser: Browser, page_file: Path, width: int) -> None:
    with opened(browser, page_file, width=width) as page:
        page.locator("section > details").evaluate_all(
            "nodes => nodes.forEach(node => { node.open = true; })"
        )
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.locator("svg.wide").first.is_visible() == (width > 640)
        assert page.locator("svg.narrow").first.is_visible() == (width <= 640)


def test_names_and_words_stay_text(browser: Browser, page_file: Path) -> None:
    with opened(browser, page_file) as page:
        assert page.evaluate("window.owned") is None
        assert page.locator("img, iframe, object, embed").count() == 0
        hrefs = page.locator("a").evaluate_all("nodes => nodes.map(n => n.getAttribute('href'))")
        assert all(href.startswith("#") for href in hrefs)
        words = page.locator("#systems-table").inner_text()
        assert OWNED in words and r"evil\u202egnp.exe\x1b[2J" in words
        assert "m" * 120 + "… (5,000 characters)" in words
        assert "m" * 121 not in words
        about = page.locator("#conditions").inner_text()
        assert "… (1,000,000 characters)" in about and "m" * 4001 not in about
        name = page.locator("#systems-table th[scope=row]").filter(has_text="m" * 120)
        box = name.bounding_box()
    assert box is not None and box["width"] < 420


def test_the_policy_is_not_the_only_guard(browser: Browser, page_file: Path) -> None:
    with opened(browser, page_file, bypass_csp=True) as page:
        page.locator("#explorer-found tbody a").first.click()
        expect(page.locator("dialog")).to_be_visible()
        assert page.locator("dialog").get_by_text("onerror=").count() > 0
        assert page.evaluate("window.owned") is None
        assert page.title() == "by-hand: evalsuite report"
        assert page.locator("img").count() == 0


def test_a_click_sorts_and_another_turns_it(browser: Browser, page_file: Path) -> None:
    with opened(browser, page_file) as page:
        button = heading(page, "systems-table", "$ / 1k asked")
        head = button.locator("xpath=..")
        assert head.get_attribute("aria-sort") is None
        position = head.evaluate("node => node.cellIndex") + 1
        button.click()
        assert head.get_attribute("aria-sort") == "ascending"
        names = column(page, "systems-table", 1)
        assert names[:4] == ["small", OWNED, "cascade", "large"]
        # who has no cost is last, in the order of the page, whichever way
        assert names[4] == "vendor" and names[5].startswith("evil")
        assert column(page, "systems-table", position)[:4] == [
            "$0.0100",
            "$0.0300",
            "$0.400",
            "$2.00",
        ]
        button.click()
        assert head.get_attribute("aria-sort") == "descending"
        turned = column(page, "systems-table", 1)
        assert turned[:4] == ["large", "cascade", OWNED, "small"]
        assert turned[4:] == names[4:]


def test_the_keyboard_sorts_too(browser: Browser, page_file: Path) -> None:
    with opened(browser, page_file) as page:
        heading(page, "systems-table", "system").focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        sorted_by = page.locator("#systems-table th[aria-sort]")
        assert sorted_by.inner_text() == "right"
        assert sorted_by.get_attribute("aria-sort") == "descending"
        rates = [float(text.split()[0]) for text in column(page, "systems-table", 2)[:5]]
        assert rates == sorted(rates, reverse=True) and len(set(rates)) > 2
        page.keyboard.press("Space")
        assert sorted_by.get_attribute("aria-sort") == "ascending"


def test_families_fold_and_sorting_keeps_them_together(browser: Browser, page_file: Path) -> None:
    with opened(browser, page_file) as page:
        assert column(page, "tasks-table", 1) == list(FAMILIES)
        fold = page.get_by_role("button", name="tabular", exact=True)
        assert fold.get_attribute("aria-expanded") == "false"
        fold.focus()
        page.keyboard.press("Enter")
        assert fold.get_attribute("aria-expanded") == "true"
        shown = column(page, "tasks-table", 1)
        assert shown == ["reasoning", "tabular", *(f"tabular/{i}" for i in range(5)), "fake_news"]
        heading(page, "tasks-table", "task").click()
        heading(page, "tasks-table", "task").click()
        shown = column(page, "tasks-table", 1)
        assert shown == [
            "tabular",
            *(f"tabular/{i}" for i in (4, 3, 2, 1, 0)),
            "reasoning",
            "fake_news",
        ]
        page.get_by_role("button", name="Open all").click()
        assert len(column(page, "tasks-table", 1)) == 14 + 3
        page.get_by_role("button", name="Fold all").click()
        assert len(column(page, "tasks-table", 1)) == 3


def test_filters_keep_a_task_with_its_family(browser: Browser, page_file: Path) -> None:
    with opened(browser, page_file) as page:
        field = page.get_by_label("find a task or a family")
        field.fill("TABULAR/3")
        assert column(page, "tasks-table", 1) == ["tabular", "tabular/3"]
        assert page.locator("[data-filters=tasks-table] output").inner_text() == "1 shown"
        field.fill("fake_n")
        assert len(column(page, "tasks-table", 1)) == 4
        field.fill("no such thing")
        assert column(page, "tasks-table", 1) == []
        field.fill("")
        assert column(page, "tasks-table", 1) == list(FAMILIES)


def test_the_contents_lead_to_their_sections(browser: Browser, page_file: Path) -> None:
    with opened(browser, page_file, width=390) as page:
        contents = page.get_by_role("navigation", name="Contents")
        marked = contents.locator("[aria-current]")
        assert marked.inner_text() == "Verdict"
        contents.get_by_role("link", name="Comparisons").click()
        expect(marked).to_have_text("Comparisons")
        box = page.locator("#comparisons h2").bounding_box()
        bar = contents.bounding_box()
        assert box is not None and bar is not None
        assert bar["y"] == 0 and bar["height"] <= box["y"] < 400
        link = marked.bounding_box()
        assert link is not None and link["x"] >= 0 and link["x"] + link["width"] <= 390


def test_the_first_tab_skips_to_the_verdict(browser: Browser, page_file: Path) -> None:
    with opened(browser, page_file) as page:
        page.keyboard.press("Tab")
        skip = page.locator(":focus")
        assert skip.inner_text() == "Skip to the verdict" and skip.is_visible()
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "top"
        levels = page.locator("h1, h2, h3, h4").evaluate_all("n => n.map(h => +h.tagName[1])")
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(b - a <= 1 for a, b in pairwise(levels))


def test_colours_are_the_systems_or_the_readers(browser: Browser, page_file: Path) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    with opened(browser, page_file, color_scheme="dark") as page:
        assert page.evaluate(background) == "rgb(20, 23, 27)"
        page.get_by_role("button", name="Light").click()
        assert page.evaluate(background) == "rgb(255, 255, 255)"
        page.reload()
        assert page.evaluate(background) == "rgb(255, 255, 255)"
        pressed = page.locator(".themes [aria-pressed=true]")
        assert pressed.inner_text() == "Light"
        page.get_by_role("button", name="Auto").click()
        assert page.evaluate(background) == "rgb(20, 23, 27)"


def test_marks_of_the_plane_speak_to_pointer_and_keyboard(
    browser: Browser, page_file: Path
) -> None:
    with opened(browser, page_file) as page:
        points = page.locator("svg.wide .point")
        assert points.count() == 5
        assert page.locator("svg.wide .point[tabindex='0']").count() == 1
        page.locator("svg.wide .point[tabindex='0']").focus()
        tip = page.locator(".tip")
        first = tip.inner_text()
        assert first.startswith("small: ") and "per thousand samples" in first
        page.keyboard.press("ArrowRight")
        assert tip.inner_text() != first
        assert page.locator(":focus").get_attribute("aria-label") == tip.inner_text()
        page.keyboard.press("Escape")
        assert tip.is_hidden()


def test_without_script_everything_but_the_samples_is_there(
    browser: Browser, page_file: Path
) -> None:
    with opened(browser, page_file, java_script_enabled=False) as page:
        assert len(column(page, "tasks-table", 1)) == 14 + 3
        assert page.locator("thead button").count() == 0
        assert page.locator(".tools:visible, .themes:visible").count() == 0
        assert page.locator(".headline").is_visible()


def test_print_shows_what_is_folded_in_black_on_white(browser: Browser, page_file: Path) -> None:
    with opened(browser, page_file, color_scheme="dark") as page:
        page.emulate_media(media="print")
        assert page.locator("nav.contents").is_hidden() and page.locator("#samples").is_hidden()
        assert len(column(page, "tasks-table", 1)) == 14 + 3
        scheme = "getComputedStyle(document.documentElement).colorScheme"
        assert page.evaluate(scheme) == "light"
        assert (
            page.evaluate("getComputedStyle(document.querySelector('.scroll')).overflow")
            == "visible"
        )
