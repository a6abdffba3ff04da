from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.scoring.answer_text import (
    LONGEST_EXCERPT,
    MOST_ENDS,
    MOST_FENCES,
    excerpt,
    fenced_regions,
    without_reasoning,
)


@pytest.mark.parametrize(
    "thought",
    [
        "<think>\nMaybe `double(xs)` ...\n</think>\n",
        "<thinking>a <b> c</thinking>",
        "[THINK]so[/THINK]",
        "The prompt opened the tag, so only its end is here.\n</think>\n\n",
        "<think>one</think>\n<think>two</think>\n",
        "<THINK>\nshouted\n</THINK>\n",
    ],
)
def test_reasoning_is_not_part_of_the_answer(thought: str) -> None:
    assert without_reasoning(f"{thought}answer").strip() == "answer"


@pytest.mark.parametrize("text", ["<think>no end", "[THINK]\nno end", "\n <thinking>a</think>"])
def test_what_is_never_closed_is_left_out_to_the_end(text: str) -> None:
    assert without_reasoning(text).strip() == ""


@pytest.mark.parametrize("text", ["x = '<think>'", "say </think> aloud", "a\r\nb <think> c"])
def test_tags_within_a_line_are_text(text: str) -> None:
    assert without_reasoning(text) == text.replace("\r\n", "\n")


def test_regions_name_their_language_and_the_last_opening_comes_first() -> None:
    text = "```js\n1\n```\n\n~~~ Rust\n2\n~~~"
    proper = [(r.language, r.text) for r in fenced_regions(text) if r.proper]
    assert proper[0] == ("rust", "2")
    assert ("js", "1") in proper


def test_fences_that_are_indented_far_deeper_are_content() -> None:
    text = "```python\ndef f():\n    '''\n    ```\n    inside\n    ```\n    '''\n```"
    assert next(fenced_regions(text)).text == ""
    assert sum(region.proper for region in fenced_regions(text)) == 2
    assert next(r for r in fenced_regions(text) if r.proper).text.count("inside") == 1


def test_a_fence_may_follow_text_and_end_a_line() -> None:
    (first, *_) = [r for r in fenced_regions("Sure: ```python\nx = 1```\nDone") if r.proper]
    assert (first.language, first.text) == ("python", "x = 1")
    assert list(fenced_regions("use ```x``` and ```y``` here")) == []


@given(st.text(alphabet="`~ \npa", max_size=400))
def test_the_number_of_regions_is_bounded(text: str) -> None:
    assert len(list(fenced_regions(text * 20))) <= MOST_FENCES * (MOST_ENDS + 1)


@pytest.mark.parametrize("blank", [" ", "\t"])
@pytest.mark.parametrize("line", ["{}x", "x{}x", "```{}x`", "{}```", "x{}```py"])
def test_a_line_of_blanks_takes_no_longer_than_any(line: str, blank: str) -> None:
    # 100,000 blanks took minutes where time went with their square.
    text = line.format(blank * 100_000)
    assert all(region.text == "" for region in fenced_regions(text))
    assert without_reasoning(text) == text


def test_an_excerpt_is_the_beginning() -> None:
    assert excerpt(" Paris\n") == "Paris"
    assert excerpt("a" * 1_000_000) == "a" * (LONGEST_EXCERPT - 3) + "..."
