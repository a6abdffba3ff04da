from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.judging.scales import Scale, scale_of


@pytest.mark.parametrize(
    ("stated", "values"),
    [
        ("1-3", {"1": 1, "2": 2, "3": 3}),
        ("0-1 in steps of 0.5", {"0": 0, "0.5": 0.5, "1": 1}),
        ("-1-1", {"-1": -1, "0": 0, "1": 1}),
        ("yes/no", {"yes": 1, "no": 0}),
        (["bad", "fair", "good"], {"bad": 0, "fair": 0.5, "good": 1}),
        ([False, True], {"no": 0, "yes": 1}),
        ({"A": 1, "tie": 0.5, "B": 0}, {"A": 1, "tie": 0.5, "B": 0}),
    ],
)
def test_a_scale_is_written_in_few_words(stated: object, values: dict[str, float]) -> None:
    assert scale_of(stated).values == values


@pytest.mark.parametrize(
    "stated",
    [
        "good",
        "5-1",
        "1-1",
        "1-4 in steps of 2",
        "1-1000",
        ["yes"],
        ["Yes", "yes"],
        {"a": 1},
        {"": 1, "b": 0},
    ],
)
def test_what_is_no_scale_is_refused(stated: object) -> None:
    with pytest.raises(ValueError, match=r"scale|label|steps"):
        scale_of(stated)


@pytest.mark.parametrize(
    ("said", "label"),
    [("4", "4"), (" 4. ", "4"), ("**4**", "4"), ("4.0", "4"), ("04", "4"), ("four", None)],
)
def test_a_number_may_be_written_in_other_ways(said: str, label: str | None) -> None:
    assert scale_of("1-5").label_of(said) == label


@pytest.mark.parametrize(
    ("said", "out"), [("-1", True), ("6", True), ("3.5", True), ("3", False), ("x", False)]
)
def test_a_number_beside_the_scale_is_known_as_such(said: str, out: bool) -> None:
    assert scale_of("1-5").out_of_range(said) is out
    assert scale_of("yes/no").out_of_range(said) is False


def test_a_judge_is_told_of_the_labels() -> None:
    assert scale_of("1-5").words() == "a whole number from 1 to 5"
    assert scale_of("1-2 in steps of 0.5").words() == "a number such as 1 or 1.5 from 1 to 2"
    assert scale_of(["bad", "fair", "good"]).words() == "bad, fair or good"


@given(st.integers(-20, 20), st.integers(1, 40))
def test_every_label_of_a_range_is_itself(low: int, n: int) -> None:
    scale: Scale = scale_of(f"{low}-{low + n}")
    assert len(scale.labels) == n + 1
    assert all(scale.values[scale.label_of(label) or ""] == float(label) for label in scale.labels)
