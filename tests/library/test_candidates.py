from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.library.recommendation import Reader, candidates, catalogue_of

CATALOGUE = ["a by b", "e by f", "E by F!", "g by h"]


def reader(name: str = "x", target: str = "c by d") -> Reader:
    return Reader(id=name, liked=("a by b",), disliked=(), target=target, likes=True)


def test_what_the_reader_knows_is_not_offered_nor_the_same_book_twice() -> None:
    offered = candidates(reader(), CATALOGUE, count=3)
    assert len(offered) == 3 and "c by d" in offered and "a by b" not in offered
    assert len({name.casefold().strip("!") for name in offered}) == 3


def test_a_small_catalogue_is_refused() -> None:
    with pytest.raises(ValueError, match="no 3 books"):
        candidates(reader(), CATALOGUE, count=4)


@given(st.text(max_size=8))
def test_the_draw_is_the_readers_own_and_repeatable(name: str) -> None:
    books = [f"book {number} by someone" for number in range(30)]
    drawn = candidates(reader(name), books, count=20)
    assert drawn == candidates(reader(name), list(books), count=20)
    assert drawn.count("c by d") == 1 and len(set(drawn)) == 20


def test_a_catalogue_has_each_book_once() -> None:
    found = [reader(), reader(target="a by b")]
    assert catalogue_of(found) == ["a by b", "c by d"]
    assert [one.new for one in found] == [True, False]
