from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.library.entity_matching import read_record
from evalsuite.library.similarity import (
    column_similarity,
    number_difference,
    record_similarity,
    text_similarity,
)


def test_texts_by_hand() -> None:
    alike = text_similarity("Red  Ale", "red ale brown")
    assert alike["words"] == pytest.approx(2 / 3)
    assert alike["characters"] == pytest.approx(2 * 7 / (7 + 13))
    assert alike["beginning"] == 1
    assert text_similarity("", "") == {"words": 1, "characters": 1, "beginning": 1}
    assert text_similarity("", "a")["beginning"] == 0


def test_numbers_by_hand() -> None:
    assert number_difference("8.70 %", "ABV 4.35") == pytest.approx(0.5)
    assert number_difference("0", "0.0") == 0
    assert number_difference("none", "3") is None


def test_records_compare_attribute_by_attribute() -> None:
    features = record_similarity({"name": "a b", "year": "1990"}, {"name": "a b", "year": None})
    assert features["name: words"] == 1 and features["name: number"] is None
    assert {features[f"year: {k}"] for k in ("words", "characters", "beginning", "number")} == {
        None
    }


def test_columns_by_hand() -> None:
    features = column_similarity(
        "url", ["https://a.org/1", "https://a.org/2"], "link", ["https://a.org/1", "plain", "", ""]
    )
    assert features["values"] == pytest.approx(1 / 4)
    assert features["addresses"] == pytest.approx(1 - 1 / 4)
    assert features["empty"] == pytest.approx(1 / 2)
    assert features["lengths"] == pytest.approx((15 + 5) / 4 / 15)


@given(st.text(), st.text())
def test_similarity_is_symmetric_where_it_should_be(left: str, right: str) -> None:
    one, other = text_similarity(left, right), text_similarity(right, left)
    assert all(0 <= value <= 1 for value in one.values())
    assert (one["words"], one["beginning"]) == (other["words"], other["beginning"])
    assert text_similarity(left, left) == {"words": 1, "characters": 1, "beginning": 1}


def test_dittos_form_of_records() -> None:
    assert read_record(
        "COL name VAL ` gallagher \\ 's ' COL phone VAL 212/245 -5336 COL ABV VAL - "
    ) == {
        "name": "gallagher 's",
        "phone": "212/245 -5336",
        "ABV": None,
    }
    assert read_record("COL addr VAL '67 n. raymond ave. ' COL city VAL pasadena ") == {
        "addr": "67 n. raymond ave.",
        "city": "pasadena",
    }
    assert read_record("COL Song VAL I 'm a COL Mine VAL x") == {"Song": "I 'm a", "Mine": "x"}
