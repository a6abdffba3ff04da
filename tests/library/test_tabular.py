from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.serialisation import ABLATIONS, SERIALISATIONS
from evalsuite.library.tabular import BASELINES, Table, number, tabular_task, words
from evalsuite.records import Answer
from evalsuite.systems.baselines import baseline_systems
from evalsuite.task import Graded, Split

Write = Callable[..., Dataset]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.setenv("EVALSUITE_DATA", str(tmp_path))
    monkeypatch.setenv("EVALSUITE_CACHE", str(tmp_path / "cache"))

    def dataset(**files: str) -> Dataset:
        for name, text in files.items():
            (tmp_path / f"{name}.csv").write_text(text)
        return Dataset(
            name="fruit",
            licence="CC0-1.0",
            source="this test",
            files={
                name: DataFile(path=f"{name}.csv", sha256=hashlib.sha256(text.encode()).hexdigest())
                for name, text in files.items()
            },
        )

    return dataset


def table(data: Dataset) -> Table:
    return Table(
        data=data,
        columns={
            "w": number("weight in g", missing=["-1"], unknown="not weighed"),
            "c": words("colour", {"r": "red", "g": "green"}),
            "k": words("kind", missing=["?"]),
        },
        label="sold",
        classes={"0": "No", "1": "Yes"},
    )


def rows(n: int, first: int = 0) -> str:
    told = [f"{i},{'rg'[i % 2]},{'ab?'[i % 3]},{i % 5},{int(i % 4 == 0)}" for i in range(n)]
    return "\n".join(["w,c,k,secret,sold", *told[first:], ""])


def test_the_task_tells_what_the_table_says(write: Write) -> None:
    data = write(all="w,c,k,secret,sold\n-1,r,?,5,1\n")
    task = tabular_task(
        "t/fruit", table(data), summary="Fruit", question="Sold? Yes or no?", reference="none"
    )
    (sample,) = (s for split in SPLITS for s in task.samples(split))
    assert sample.inputs == {"columns": {"w": None, "c": "red", "k": None}}
    assert sample.target == "Yes" and "secret" not in task.messages(sample)[0].content
    assert task.messages(sample)[0].content == (
        "The weight in g is not weighed. The colour is red. The kind is unknown. Sold? Yes or no?"
    )
    assert set(task.variants) == {*SERIALISATIONS, *ABLATIONS} - {"text"}
    assert task.variants["csv"].prompt(sample) == (
        "weight in g,colour,kind\nnot weighed,red,unknown\n\nSold? Yes or no?"
    )
    assert task.choices is not None and task.choices(sample) == ("No", "Yes")
    assert task.baselines == BASELINES
    assert list(baseline_systems([task], {}, ())) == list(BASELINES)


def test_splits_are_disjoint_in_content(write: Write) -> None:
    data = write(all=rows(300) + rows(40).split("\n", 1)[1])
    found = table(data)
    samples = {split: list(found.samples(split)) for split in SPLITS}
    content = {split: {str(s.inputs) for s in samples[split]} for split in SPLITS}
    assert sum(map(len, samples.values())) == 340
    assert sum(map(len, content.values())) == len(set.union(*content.values())) == 300
    assert 30 <= len(samples["test"]) <= 100 and 10 <= len(samples["validation"]) <= 60
    clusters = Counter(s.cluster for split in SPLITS for s in samples[split] if s.cluster)
    assert set(clusters.values()) == {2} and len(clusters) == 40
    assert samples["test"] == list(found.samples("test"))


def test_an_official_test_split_is_kept_whole_and_unseen(write: Write) -> None:
    data = write(train=rows(100), test=rows(130, first=80))
    found = table(data)
    samples = {split: list(found.samples(split)) for split in SPLITS}
    assert len(samples["test"]) == 50
    assert len(samples["train"]) + len(samples["validation"]) == 80
    tested = {str(s.inputs) for s in samples["test"]}
    assert tested.isdisjoint(str(s.inputs) for s in samples["train"] + samples["validation"])


def test_an_unforeseen_word_is_an_error(write: Write) -> None:
    data = write(all="w,c,k,secret,sold\n1,blue,a,5,1\n")
    with pytest.raises(KeyError, match="blue"):
        list(table(data).samples("train"))


def test_no_probabilities_no_auc(write: Write) -> None:
    task = tabular_task(
        "t/fruit",
        table(write(all=rows(60))),
        summary="Fruit",
        question="Sold? Yes or no?",
        reference="none",
    )
    samples = list(task.samples("train"))
    told = [Graded(sample=s, answer=Answer(text=s.target), scores={}) for s in samples]
    figures = {name: metric(told) for name, metric in task.corpus.items()}
    assert figures["balanced_accuracy"] == figures["mcc"] == 1
    assert figures["auc"] is figures["log_loss"] is figures["brier"] is None
