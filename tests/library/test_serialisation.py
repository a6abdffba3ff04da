from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.library.serialisation import (
    SERIALISATIONS,
    Cells,
    ValuePermutation,
    permuted_names,
    serialise,
    shown,
)

ROW: Cells = [
    ("age", 40.0),
    ("job | title", "clerk, 2nd class"),
    ("ST <depression>", -0.5),
    ("sex", None),
]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (
            "text",
            "The age is 40. The job | title is clerk, 2nd class. The ST <depression> is -0.5. "
            "The sex is unknown.",
        ),
        (
            "list",
            "- age: 40\n- job | title: clerk, 2nd class\n- ST <depression>: -0.5\n- sex: unknown",
        ),
        (
            "markdown",
            "| age | job \\| title | ST <depression> | sex |\n| --- | --- | --- | --- |\n"
            "| 40 | clerk, 2nd class | -0.5 | unknown |",
        ),
        (
            "json",
            '{"age": 40, "job | title": "clerk, 2nd class", "ST <depression>": -0.5, "sex": null}',
        ),
        (
            "csv",
            'age,job | title,ST <depression>,sex\n40,"clerk, 2nd class",-0.5,unknown',
        ),
        (
            "html",
            "<table>\n<tr><th>age</th><th>job | title</th><th>ST &lt;depression&gt;</th>"
            "<th>sex</th></tr>\n<tr><td>40</td><td>clerk, 2nd class</td><td>-0.5</td>"
            "<td>unknown</td></tr>\n</table>",
        ),
        ("list_values_only", "40\nclerk, 2nd class\n-0.5\nunknown"),
    ],
)
def test_one_row_in_every_form(form: str, text: str) -> None:
    assert serialise(form, ROW) == text


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(ValueError, match="markdown"):
        serialise("yaml", ROW)


def test_large_numbers_are_written_in_full() -> None:
    assert [shown(v) for v in (1097453.0, 1e15, 0.1, -0.0)] == [
        "1097453",
        "1" + "0" * 15,
        "0.1",
        "0",
    ]


class _Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []

    def handle_data(self, data: str) -> None:
        if data.strip("\n"):
            self.cells.append(data)


_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)


@given(st.dictionaries(_WORDS, _WORDS, min_size=1, max_size=5))
def test_no_form_loses_anything(row: dict[str, str]) -> None:
    cells = list(row.items())
    assert json.loads(serialise("json", cells)) == row
    assert list(csv.reader(io.StringIO(serialise("csv", cells)))) == [[*row], [*row.values()]]
    page = _Cells()
    page.feed(serialise("html", cells))
    page.close()
    assert page.cells == [*row, *row.values()]
    for form in SERIALISATIONS:
        text = serialise(form, cells)
        assert text == serialise(form, cells)
        assert form in ("json", "html") or all(
            value.replace("|", "\\|") in text or value.replace('"', '""') in text or value in text
            for value in row.values()
        )


@given(st.lists(_WORDS, min_size=2, max_size=20, unique=True))
def test_permuted_names_are_all_elsewhere(names: list[str]) -> None:
    permuted = permuted_names(names)
    assert sorted(permuted) == sorted(names)
    assert all(now != before for now, before in zip(permuted, names, strict=True))
    assert permuted == permuted_names(names)


@given(st.sets(_WORDS, min_size=2))
def test_permuted_words_are_others_of_the_column(values: set[str]) -> None:
    permutation = ValuePermutation.of(values)
    mapped = {value: permutation.apply(value, "row") for value in values}
    assert set(mapped.values()) == values
    assert all(now != before for before, now in mapped.items())
    assert permutation.apply("never seen" * 9, "row") == "never seen" * 9
    assert permutation.apply(None, "row") is None


def test_permuted_numbers_are_of_another_tenth() -> None:
    values = [float(value) for value in range(100)]
    permutation = ValuePermutation.of(values)
    moved: dict[int, set[int]] = {}
    for value in values:
        now = permutation.apply(value, f"row-{value}")
        assert isinstance(now, float) and now in values
        assert now == permutation.apply(value, f"row-{value}")
        moved.setdefault(int(value) // 10, set()).add(int(now) // 10)
    assert all(len(tenths) == 1 and tenth not in tenths for tenth, tenths in moved.items())
    assert set.union(*moved.values()) == set(range(10))


def test_one_value_stands_for_itself() -> None:
    assert ValuePermutation.of(["a", "a"]).apply("a", "row") == "a"
    assert ValuePermutation.of([1.0]).apply(1.0, "row") == 1.0
