from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from evalsuite.errors import UserError
from evalsuite.latency_bench.figure import draw_measurements, write_figure
from evalsuite.latency_bench.html import bench_html
from evalsuite.latency_bench.records import RateFound
from tests.latency_bench.test_pages import failed, measured, query

HOSTILE = "</style><script>document.title='owned'</script>\u202e"


class Elements(HTMLParser):
    """What a browser would find."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_a_page_has_the_table_the_caveats_and_the_drawing() -> None:
    one = measured(*(query(index) for index in range(80)), failed(80))
    found = Elements(bench_html([one], {}))
    text = " ".join(" ".join(found.text).split())
    assert "server, Poisson arrivals at 1/s, seed 0; 81 queries after 0 to warm up" in text
    assert "end to end 80 500 ms 500–500 ms" in text
    assert "failed: 1 of 81" in text and "p99 (needs 368)" in text
    assert "large: 1/s, p50 500 ms, p95 500 ms, n 81" in text
    assert found.tags.count("svg") == 1 and found.tags.count("table") == 1


def test_rates_that_were_tried_are_a_table() -> None:
    one = measured(query(0), query(1))
    search = RateFound(
        highest_held=8.0, lowest_not_held=16.0, trials=((8.0, "held"), (16.0, "missed"))
    )
    text = " ".join(" ".join(Elements(bench_html([one], {"large": search})).text).split())
    assert "highest rate shown to hold the limits: 8/s; lowest above it that was not: 16/s" in text
    assert "8 held 16 missed" in text


def test_the_policy_admits_the_one_style_and_nothing_else() -> None:
    page = bench_html([measured(query(0), system=HOSTILE, task=HOSTILE)], {})
    found = Elements(page)
    assert "script" not in found.tags and found.tags.count("style") == 1
    assert not any(name.startswith("on") or name == "style" for name, _ in found.attributes)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in page
    assert "\u202e" not in page and not re.search(r"(src|href)=\"(?!#)", page)


def test_a_failed_query_is_never_answered(tmp_path: Path) -> None:
    scene = draw_measurements([measured(query(0), query(1), failed(2), failed(3))])
    assert scene is not None
    assert scene.description == "large: 1/s, p50 never, p95 never, n 4."
    assert draw_measurements([measured(failed(0))]) is None
    assert write_figure([measured(failed(0))], tmp_path / "x.svg") is False
    assert not (tmp_path / "x.svg").exists()
    with pytest.raises(UserError, match=r"ends in \.svg or \.png"):
        write_figure([measured(query(0))], tmp_path / "x.gif")
