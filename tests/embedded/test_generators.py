"""The synthetic families: what they promise about splits, answers and levels."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from functools import cache

import pytest

from evalsuite.embedded.grading import grade
from evalsuite.embedded.items import FAMILIES, SPLITS, Item, Split, items, split_of
from evalsuite.embedded.mixture import WEIGHTS, mixture

COUNT = 2000  # of each family and split: 30 000 items in all
PAIRS = list(itertools.combinations(SPLITS, 2))


@cache
def drawn(family: str, split: Split) -> tuple[Item, ...]:
    return tuple(itertools.islice(items(family, split), COUNT))


def entities(item: Item) -> Iterable[str]:
    """Invented names, story words and characters, and functions that an item mentions."""
    if item.family == "ner":
        return [span["text"] for span in item.target]
    if item.family == "reasoning":
        return [item.metadata["name"]]
    if item.family == "writing":
        target = item.target
        held = [*target["words"], *target["forbidden"]]
        return [target["name"], f"animal {target['character']}", *(f"word {w}" for w in held)]
    if item.family == "code":
        return [item.metadata["function"], item.metadata["program"]]
    return [f"{item.metadata['table']} {sorted(item.metadata['columns'].items())}"]


def every(split: Split, part: Callable[[Item], Iterable[str]]) -> set[str]:
    return {text for f in FAMILIES for item in drawn(f, split) for text in part(item)}


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_no_prompt_template_or_name_is_in_two_splits(one: Split, other: Split) -> None:
    parts: list[Callable[[Item], Iterable[str]]] = [
        lambda item: [item.prompt],
        lambda item: [item.template],
        entities,
    ]
    for part in parts:
        assert not every(one, part) & every(other, part)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("split", SPLITS)
def test_every_reference_answer_passes(family: str, split: Split) -> None:
    sample = drawn(family, split)[: COUNT // 4]
    assert all(grade(sample, [item.answer for item in sample]))


@pytest.mark.parametrize("family", FAMILIES)
def test_another_answer_fails(family: str) -> None:
    sample = drawn(family, "test")[:200]
    shifted = [item.answer for item in sample[1:]] + [sample[0].answer]
    differs = [a != item.answer for item, a in zip(sample, shifted, strict=True)]
    passed = grade(sample, shifted)
    same = sum(a.target == b.target for a, b in itertools.pairwise([*sample, sample[0]]))
    # Two programs may compute the same; in all other families only one target is right.
    allowed = 4 if family == "code" else same
    assert sum(p and d for p, d in zip(passed, differs, strict=True)) <= allowed


@pytest.mark.parametrize("family", FAMILIES)
def test_streams_are_deterministic_and_never_repeat_a_prompt(family: str) -> None:
    again = tuple(itertools.islice(items(family, "test"), 300))
    assert again == drawn(family, "test")[:300]
    assert len({item.prompt for item in drawn(family, "train")}) == COUNT
    other = tuple(itertools.islice(items(family, "test", seed=1), 300))
    assert other != again


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("split", SPLITS)
def test_every_level_is_well_represented(family: str, split: Split) -> None:
    levels = Counter(item.level for item in drawn(family, split))
    assert sorted(levels) == [1, 2, 3, 4]
    assert min(levels.values()) > COUNT * 0.15


@pytest.mark.parametrize("family", FAMILIES)
def test_items_are_plain_data(family: str) -> None:
    for item in drawn(family, "validation")[:300]:
        assert item.family == family
        assert item.template.startswith(f"{family}:")
        assert split_of(item.template) == "validation" or family == "code"
        plain = [item.target, item.metadata]
        assert json.loads(json.dumps(plain)) == plain


def test_no_label_dominates_a_table() -> None:
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    for split in SPLITS:
        for item in drawn("tabular", split):
            labels[item.metadata["table"]][item.target] += 1
            assert item.target in item.metadata["labels"]
    assert len(labels) == 8
    for count in labels.values():
        assert max(count.values()) < 0.8 * count.total()
        assert min(count.values()) > 0.05 * count.total()


def test_spans_point_at_their_text() -> None:
    for item in drawn("ner", "test"):
        text = item.metadata["text"]
        assert item.prompt == f"Entities: {text}"
        starts = [span["start"] for span in item.target]
        assert starts == sorted(starts)
        for span in item.target:
            assert text[span["start"] : span["end"]] == span["text"]
            assert span["label"] in item.metadata["labels"]


def test_code_targets_have_cases_that_differ() -> None:
    for item in drawn("code", "test"):
        cases = item.target["cases"]
        assert len(cases) >= 6
        assert len({json.dumps(case["expected"]) for case in cases}) >= 3
        assert f"def {item.target['entry_point']}(" in item.prompt


def test_a_program_that_does_not_end_fails() -> None:
    item = drawn("code", "test")[0]
    assert grade([item, item], ["    while True: pass", item.answer]) == [False, True]


@pytest.mark.parametrize(
    ("family", "text"),
    [
        ("reasoning", ""),
        ("reasoning", "12 #### "),
        ("ner", ""),
        ("ner", "PER"),
        ("tabular", ""),
        ("writing", ""),
        ("code", ""),
        ("code", "    return undefined"),
        ("code", "not python"),
    ],
)
def test_a_malformed_answer_fails(family: str, text: str) -> None:
    assert grade([drawn(family, "test")[0]], [text]) == [False]


def test_unknown_family_or_split_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="unknown family"):
        items("poetry", "test")
    with pytest.raises(ValueError, match="unknown split"):
        items("code", "dev")  # type: ignore[arg-type]


def test_the_mixture_holds_all_families_in_their_shares() -> None:
    count = Counter(item.family for item in itertools.islice(mixture("train"), 4000))
    assert sum(WEIGHTS.values()) == pytest.approx(1.0)
    for family, share in WEIGHTS.items():
        assert count[family] / 4000 == pytest.approx(share, abs=0.03)


def test_generators_import_nothing_heavy() -> None:
    program = (
        "import sys, itertools; from evalsuite.embedded import names, items as i\n"
        "[next(i.items(f, 'train')) for f in i.FAMILIES]\n"
        "print([m for m in ('torch', 'transformers', 'numpy', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
