"""A real browser for the tests of pages, and what it did and said meanwhile."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Seen:
    """What a page said on its console, and what it asked for."""

    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


def chromium() -> Iterator[Browser]:
    """A headless Chromium of the system; the test is skipped where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium on this machine")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, path: Path, *, width: int = 1280, **context: Any) -> Iterator[Page]:
    """``path`` in a window of ``width``; fails where it complains or asks for anything else."""
    seen = Seen()
    place = browser.new_context(viewport={"width": width, "height": 800}, **context)
    page = place.new_page()
    page.set_default_timeout(5000)
    page.on("console", lambda message: seen.messages.append(message.text))
    page.on("pageerror", lambda error: seen.messages.append(str(error)))
    page.on("request", lambda request: seen.requests.append(request.url))
    page.goto(path.as_uri())
    yield page
    place.close()
    assert seen.messages == []
    assert {url.split("#")[0] for url in seen.requests} == {path.as_uri()}
