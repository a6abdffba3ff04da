"""The six sets of TabLLM: splits, classes, serialisations, and classical models on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import evalsuite
from evalsuite.records import Sample
from evalsuite.task import Split, Task

SPLITS: tuple[Split, ...] = ("train", "validation", "test")
FILES = {
    "bank": "bank_6000.csv.gz",
    "blood": "blood.csv",
    "car": "car.csv",
    "creditg": "creditg.csv",
    "heart": "heart.csv",
    "income": "income_test_5000.csv.gz",
}
Load = Callable[[str], Task]
Data = Callable[[str], Path]


@pytest.fixture(params=sorted(FILES))
def task(request: pytest.FixtureRequest, load: Load, data: Data) -> Task:
    data(f"tabular/tabllm_uci/{FILES[request.param]}")
    return load(f"tabular/{request.param}")


SIZES = {  # train, validation, test; classes over all splits, as counted in the files
    "tabular/bank": (4203, 586, 1211, {"No": 5318, "Yes": 682}),
    "tabular/blood": (566, 69, 113, {"No": 570, "Yes": 178}),
    "tabular/car": (
        *(1243, 161, 324),
        {"Unacceptable": 1210, "Acceptable": 384, "Good": 69, "Very good": 65},
    ),
    "tabular/creditg": (682, 97, 221, {"Yes": 700, "No": 300}),
    "tabular/heart": (638, 87, 193, {"Yes": 508, "No": 410}),
    "tabular/income": (854, 91, 5000, None),
}


def test_splits_are_disjoint_and_whole(task: Task) -> None:
    samples: dict[Split, list[Sample]] = {split: list(task.samples(split)) for split in SPLITS}
    *sizes, classes = SIZES[task.name]
    assert [len(samples[split]) for split in SPLITS] == sizes
    every = [sample for split in SPLITS for sample in samples[split]]
    assert len({sample.id for sample in every}) == len(every)
    contents = [{str(s.inputs) for s in samples[split]} for split in SPLITS]
    assert sum(map(len, contents)) == len(set.union(*contents))
    if classes is not None:
        assert Counter(sample.target for sample in every) == classes
    assert task.choices is not None
    assert set(task.choices(every[0])) == {sample.target for sample in every}


def test_a_limit_takes_a_random_part(task: Task) -> None:
    """The files are sorted in part; the first hundred of the split must have all classes."""
    first = [sample.target for sample in list(task.samples("test"))[:100]]
    assert task.choices is not None
    assert set(first) == set(task.choices(next(iter(task.samples("test")))))


def test_every_serialisation_tells_every_value(task: Task) -> None:
    sample = next(iter(task.samples("test")))
    plain = task.messages(sample)[0].content
    question = plain.rsplit(". ", 1)[1]
    values = [v for v in sample.inputs["columns"].values() if isinstance(v, str)]
    for name, variant in task.variants.items():
        prompt = variant.prompt(sample)
        assert isinstance(prompt, str) and question in prompt
        if name not in ("html", "list_permuted_values"):
            assert all(value in prompt for value in values), name
        assert task.shot is not None and task.shot(sample) == sample.target
    permuted = task.variants["list_permuted_values"].prompt(sample)
    assert permuted != task.variants["list"].prompt(sample)


def run(name: str, systems: dict[str, str], folder: Path, **more: object) -> dict[object, float]:
    content = {"name": name, "tasks": [f"tabular/{name}"], "systems": systems, **more}
    done = evalsuite.run(content, out=folder / "run")
    assert (done.responses.status == "ok").all()
    return done.corpus.set_index(["system", "metric"]).value.to_dict()


def test_the_baselines_stand_beside_any_system(data: Data, tmp_path: Path) -> None:
    """Test AUC as first measured here; learning is deterministic."""
    data("tabular/tabllm_uci/heart.csv")
    figures = run("heart", {"nano": "embedded/nano"}, tmp_path)
    assert figures[("majority", "auc")] == 0.5
    assert figures[("logistic_regression", "auc")] == pytest.approx(0.932, abs=0.01)
    assert figures[("gradient_boosting", "auc")] == pytest.approx(0.926, abs=0.01)
    assert 0 <= figures[("nano", "auc")] <= 1
    for system in ("logistic_regression", "gradient_boosting"):
        assert figures[(system, "log_loss")] < figures[("majority", "log_loss")]


@pytest.mark.parametrize(("name", "area"), [("car", 0.992), ("creditg", 0.765), ("blood", 0.695)])
def test_logistic_regression_learns(name: str, area: float, data: Data, tmp_path: Path) -> None:
    data(f"tabular/tabllm_uci/{FILES[name]}")
    linear = {"linear": "classical/logistic_regression"}
    figures = run(name, linear, tmp_path, baselines=False)
    assert figures[("linear", "auc")] == pytest.approx(area, abs=0.01)
