from __future__ import annotations

from evalsuite.reporting.markdown import escape, to_markdown
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
    assert "| names | vendor | rate\\_limited | 1 |" in text
    assert "unknown (24 of 24 unpriced)" in text
    assert "| names | large | micro\\_f1 | 0.875 | 12 |" in text
    assert r"200 trees \| depth 4" in text
    assert "hardware: cpu\\_count 2, cpu a \\<fast\\> one" in text


def test_nothing_in_a_name_is_markup() -> None:
    assert escape("a|b\n<i>*x*</i> &amp; `y`") == (r"a\|b \<i\>\*x\*\</i\> &amp;amp; \`y\`")
