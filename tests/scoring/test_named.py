from __future__ import annotations

from typing import Any

import pytest

from evalsuite.errors import ConfigError
from evalsuite.records import Answer, Sample
from evalsuite.scoring.named import SCORERS, scorer

RIGHT: dict[str, tuple[Any, str, tuple[str, ...]]] = {
    "exact": ("Paris", "paris", ()),
    "contains": (["Paris", "Lutetia"], "It is Lutetia.", ()),
    "regex": (r"\d{3}", "no 123", ()),
    "token_f1": ("the red fox", "red fox", ()),
    "number": (1000, "$1,000.00", ()),
    "choice": ("b", "B", ("a", "b")),
    "spans": ([{"start": 0, "end": 2, "label": "PER"}], "PER: Bo", ("PER",)),
}


@pytest.mark.parametrize("name", SCORERS)
def test_each_scorer_tells_right_from_wrong(name: str) -> None:
    target, said, choices = RIGHT[name]
    one = scorer(name)
    sample = Sample(id="1", inputs={"text": "Bo left"}, target=target)
    right = {s.name: s.value for s in one.score(sample, Answer(text=said), choices)}
    wrong = {s.name: s.value for s in one.score(sample, Answer(text="?"), choices)}
    assert (right[one.decides], wrong[one.decides]) == (1.0, 0.0)
    assert one.needs_choices == bool(choices)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="'rouge'; there are choice, contains, exact, number"):
        scorer("rouge")
