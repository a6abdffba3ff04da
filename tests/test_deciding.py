from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evalsuite import api
from evalsuite.deciding import sentence
from evalsuite.errors import UserError
from evalsuite.records import Sample
from evalsuite.task import Split
from tests.running.scripted import ADDITION, OPENED, ScriptedSpec, experiment


@pytest.fixture(autouse=True)
def _forget_opened_models() -> None:
    OPENED.clear()


def many(split: Split) -> list[Sample]:
    """400 additions; a model with ``limit`` 100 is right in a quarter of them."""
    return [Sample(id=str(i), inputs={"a": i, "b": 1}, target=i + 1) for i in range(400)]


TASK = replace(ADDITION, samples=many, endless=False)


def two(first: ScriptedSpec, second: ScriptedSpec) -> dict[str, ScriptedSpec]:
    return {"a": first, "b": second}


def shuffled(specs: dict[str, ScriptedSpec], **settings: object) -> object:
    """As ``order: random`` makes it; the scripted experiment does not pass through the file."""
    from evalsuite.experiment import _shuffled

    task = replace(TASK, samples=_shuffled(TASK.samples, 7))
    return experiment(specs, task=task, order="random", **settings)


def test_a_large_difference_is_decided_with_a_part_of_the_samples(tmp_path: Path) -> None:
    specs = two(ScriptedSpec(label="a", limit=100), ScriptedSpec(label="b", limit=350))
    decided = api.run_until_decided(shuffled(specs), "a", "b", out=tmp_path)  # type: ignore[arg-type]
    assert decided.decision.verdict == "b_better"
    assert decided.decision.n == 40, "three in five differ: the first look is enough"
    assert len(decided.run.responses) == 80
    assert sentence(decided).startswith("decided after 40 of 400 samples (valid at every look: ")
    assert sentence(decided).endswith("b is better than a")


def test_no_difference_is_decided_with_a_margin_only(tmp_path: Path) -> None:
    specs = two(ScriptedSpec(label="a", limit=390), ScriptedSpec(label="b", limit=390))
    undecided = api.run_until_decided(shuffled(specs), "a", "b", out=tmp_path / "x")  # type: ignore[arg-type]
    assert undecided.decision.verdict == "undecided" and undecided.decision.n == 400
    assert "cannot be told apart" in sentence(undecided)
    asked = sum(sum(model.asked.values()) for model in OPENED)
    assert asked == 800, "a round asks only what earlier ones did not"
    equal = api.run_until_decided(
        shuffled(specs),  # type: ignore[arg-type]
        "a",
        "b",
        margin=0.1,
        out=tmp_path / "y",
    )
    assert equal.decision.verdict == "equivalent" and equal.decision.n < 400
    assert sentence(equal).endswith("a and b are within 10 points of each other")


def test_a_failed_answer_is_no_success(tmp_path: Path) -> None:
    failing = ScriptedSpec(label="a", fail=frozenset(str(i) for i in range(400)))
    decided = api.run_until_decided(
        shuffled(two(failing, ScriptedSpec(label="b"))),  # type: ignore[arg-type]
        "a",
        "b",
        out=tmp_path,
    )
    assert decided.decision.verdict == "b_better"


def test_only_whole_clusters_count(tmp_path: Path) -> None:
    def clustered(split: Split) -> list[Sample]:
        return [replace_cluster(sample, f"c{int(sample.id) // 3}") for sample in many(split)]

    def replace_cluster(sample: Sample, cluster: str) -> Sample:
        return Sample(id=sample.id, inputs=sample.inputs, target=sample.target, cluster=cluster)

    task = replace(TASK, samples=clustered)
    specs = two(ScriptedSpec(label="a", limit=0), ScriptedSpec(label="b"))
    decided = api.run_until_decided(
        experiment(specs, task=task, order="random"), "a", "b", out=tmp_path
    )
    assert decided.decision.n == 39, "of 40 samples, 13 clusters of three are whole"
    assert decided.decision.n_clusters == 13


@pytest.mark.parametrize(
    ("names", "settings", "message"),
    [
        (("a", "c"), {"order": "random"}, "'c' is not a reported system; use of a, b"),
        (("a", "b"), {}, "write `order: random`"),
    ],
)
def test_what_it_needs(
    tmp_path: Path, names: tuple[str, str], settings: dict[str, str], message: str
) -> None:
    specs = two(ScriptedSpec(label="a"), ScriptedSpec(label="b"))
    with pytest.raises(UserError, match=message):
        api.run_until_decided(experiment(specs, task=TASK, **settings), *names, out=tmp_path)


def test_an_endless_task_needs_a_limit(tmp_path: Path) -> None:
    specs = two(ScriptedSpec(label="a"), ScriptedSpec(label="b"))
    endless = experiment(specs, task=replace(TASK, endless=True))
    with pytest.raises(UserError, match="is endless; give the most with --limit"):
        api.run_until_decided(endless, "a", "b", out=tmp_path)
